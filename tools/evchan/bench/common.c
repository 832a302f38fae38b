// SPDX-License-Identifier: GPL-2.0-only
/* Functions that several benches use: eventfds, and checks that every event came once. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "lines/mark.h"

/* Sources that verify_sources() makes ready at once; so few fit any ring. */
#define VERIFY_PART	32
/* The kernel frees objects of kfree_rcu() after at most five seconds. */
#define SETTLE_SECONDS	12

void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

void result(const char *bench, const char *api, const char *metric, const char *unit,
	    double value)
{
	printf("%s %s %s %s %.3f\n", bench, api, metric, unit, value);
	fflush(stdout);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	if (fd < 0)
		fail("eventfd: %s", strerror(errno));
	return fd;
}

int *make_eventfds(unsigned int n)
{
	int *fds = calloc(n + 1, sizeof(*fds));

	for (unsigned int i = 0; i < n; i++)
		fds[i] = new_eventfd();
	return fds;
}

void free_eventfds(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
	free(fds);
}

/* Eventfds that are never written to. They are kept, because a million takes long to create. */
const int *idle_eventfds(unsigned int n)
{
	static int *fds;
	static unsigned int have;

	if (n > have)
		fds = realloc(fds, n * sizeof(*fds));
	while (have < n)
		fds[have++] = new_eventfd();
	return fds;
}

void raise_one(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		fail("write to an eventfd: %s", strerror(errno));
}

void raise_all(const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		raise_one(fds[i]);
}

void read_all(const int *fds, unsigned int n)
{
	uint64_t value;

	for (unsigned int i = 0; i < n; i++)
		if (read(fds[i], &value, sizeof(value)) != sizeof(value))
			fail("read from an eventfd: %s", strerror(errno));
}

/* Create a queue and register @fds in it, with the cookies 0 to @n - 1. */
void *open_queue(const struct api *api, const struct options *o, const int *fds,
		 unsigned int n)
{
	void *q = api->open(&o->setup);

	if (!q)
		fail("%s: cannot create a queue: %s%s", api->name, strerror(errno),
		     errno == ENOSYS ? "; use tools/evchan/bench/run, whose guest has the kernel" : "");
	if (n && api->add(q, fds, n, 0))
		fail("%s: cannot register %u sources: %s", api->name, n, strerror(errno));
	return q;
}

/* Check that every cookie below @n came once. @marks has the last round of each cookie. */
void check_once(const char *who, const uint32_t *cookies, unsigned int got, unsigned int n,
		uint32_t *marks, uint32_t round)
{
	if (got != n)
		fail("%s: %u events came, %u expected", who, got, n);
	for (unsigned int i = 0; i < got; i++) {
		if (cookies[i] >= n || marks[cookies[i]] == round)
			fail("%s: cookie %u is wrong or came twice", who, cookies[i]);
		marks[cookies[i]] = round;
	}
}

/* Collect up to @n cookies, at most @batch per call. */
unsigned int collect_all(const struct api *api, void *q, uint32_t *cookies, unsigned int n,
			 unsigned int batch)
{
	unsigned int got = 0, ret;

	do {
		unsigned int most = n - got < batch ? n - got : batch;

		ret = api->collect(q, cookies + got, most);
		got += ret;
	} while (ret && got < n);
	return got;
}

/* Check that each source, made ready, reports one event with its cookie. */
void verify_sources(const struct api *api, void *q, const int *fds, unsigned int n)
{
	uint32_t cookies[VERIFY_PART + 1];

	for (unsigned int done = 0; done < n; done += VERIFY_PART) {
		unsigned int part = n - done < VERIFY_PART ? n - done : VERIFY_PART;
		uint32_t marks[VERIFY_PART] = { 0 };
		unsigned int got;

		raise_all(fds + done, part);
		got = collect_all(api, q, cookies, VERIFY_PART + 1, VERIFY_PART + 1);
		for (unsigned int i = 0; i < got; i++)
			cookies[i] -= done;
		check_once(api->name, cookies, got, part, marks, 1);
	}
}

/*
 * Let the kernel finish deferred work, such as freeing objects some seconds later. If the
 * clock counts instructions, sleeping takes no real time.
 */
void settle(void)
{
	if (meter_kind == METER_INSTRUCTIONS)
		sleep(SETTLE_SECONDS);
}

/* The time on real processors, for the parallel benches. */
double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * With one processor, as with --icount, this has no effect. The bench "lines" counts what
 * happens on the processors that were chosen here.
 */
void pin_to_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("cannot run on processor %u: %s", cpu, strerror(errno));
	MARK(MARK_HERE);
}
