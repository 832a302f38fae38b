// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measure the event interfaces, each with every set-up that makes a difference.
 *
 * usage: bench [--scale N] BENCH... ; --scale 100 does a hundredth of the work
 *
 * Prints a line for each figure: bench, api, metric, unit, value. The metric
 * "cost" is the default's for our own interfaces and the best for the others;
 * "cost:VARIANT", "cost@sources=N" and the like are the rest.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const struct api *const apis[] = {
	&api_evchan, &api_kevent, &api_epoll, &api_io_uring, &api_poll, &api_floor, NULL,
};

static unsigned int scale = 1;

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

/* Nanoseconds, which are instructions where the guest's clock counts those. */
double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

void result(const char *bench, const char *api, const char *metric, const char *unit,
	    double value)
{
	printf("%s %s %s %s %.2f\n", bench, api, metric, unit, value);
	fflush(stdout);
}

int *make_eventfds(unsigned int n)
{
	int *fds = calloc(n + 1, sizeof(*fds));

	for (unsigned int i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (fds[i] < 0)
			fail("eventfd %u: %s", i, strerror(errno));
	}
	return fds;
}

void free_eventfds(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
	free(fds);
}

/* What each bench is: the function, its load, and who takes part. */
struct bench {
	const char *name;
	const char *unit;
	double (*run)(const struct api *api, const struct options *o);
	unsigned int sources, rounds, entries;
	const char *without;		/* interfaces it says nothing about */
	const unsigned int *curve;	/* further numbers of sources */
};

static const unsigned int idle_curve[] = { 1000, 10000, 100000, 1000000, 0 };

static const struct bench benches[] = {
	{ "deliver-batch", "instructions/event", bench_deliver_batch, 1000, 20, 0, "", NULL },
	{ "deliver-one", "instructions/event", bench_deliver_one, 1, 20000, 0, "", NULL },
	{ "register", "instructions/source", bench_register, 10000, 1, 0, "floor poll", NULL },
	{ "modify", "instructions/source", bench_modify, 1000, 10, 0, "floor poll", NULL },
	{ "pingpong", "instructions/roundtrip", bench_pingpong, 2, 2000, 0, "floor", NULL },
	{ "overflow", "instructions/event", bench_deliver_batch, 1000, 20, 64,
	  "floor poll epoll", NULL },
	{ "level", "instructions/event", bench_level, 1000, 20, 0, "floor io_uring", NULL },
	{ "memory", "bytes/source", bench_memory, 100000, 1, 0, "floor poll", NULL },
	{ "idle-scale", "instructions/event", bench_deliver_one, 1000, 5000, 0,
	  "floor poll", idle_curve },
	{ 0 }
};

static unsigned int scaled(unsigned int n)
{
	return n / scale ?: 1;
}

static double measure(const struct bench *b, const struct api *api, const char *variant,
		      unsigned int batch, unsigned int sources)
{
	struct options o = {
		.sources = sources, .rounds = scaled(b->rounds),
		.setup = { .variant = variant, .entries = b->entries, .batch = batch },
	};

	return b->run(api, &o);
}

static bool takes_part(const struct bench *b, const struct api *api)
{
	const char *at = strstr(b->without, api->name);

	return !at;
}

/* Every variant, and batch size where that matters; the peers' best is their cost. */
static void run(const struct bench *b, const struct api *api)
{
	static const unsigned int batches[] = { 0, 64, 512, 1 };
	bool ours = is(api->name, "evchan") || is(api->name, "kevent");
	unsigned int sources = b->sources > 100 ? scaled(b->sources) : b->sources;
	double best = 0;
	char metric[64];

	if (b->curve) {
		for (const unsigned int *n = b->curve; *n; n++) {
			double cost = measure(b, api, api->variants[0], 0, scaled(*n));

			snprintf(metric, sizeof(metric), "cost@sources=%u", *n);
			result(b->name, api->name, metric, b->unit, cost);
			if (n == b->curve)
				best = cost;
		}
		result(b->name, api->name, "cost", b->unit, best);
		return;
	}
	for (int v = 0; api->variants[v]; v++) {
		for (int k = 0; k < 4; k++) {
			const char *name = api->variants[v];
			double cost;

			if (k && (!api->batches || b->run != bench_deliver_batch))
				break;
			cost = measure(b, api, name, batches[k], sources);
			if (k)
				snprintf(metric, sizeof(metric), "cost%s%s@batch=%u",
					 *name ? ":" : "", name, batches[k]);
			else
				snprintf(metric, sizeof(metric), "cost:%s",
					 *name ? name : "default");
			result(b->name, api->name, metric, b->unit, cost);
			if ((!v && !k) || (!ours && cost < best))
				best = cost;
		}
	}
	result(b->name, api->name, "cost", b->unit, best);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 20, 1 << 20 };
	bool floor = !access("/sys/kernel/debug/evcore_floor", W_OK);
	int arg = 1;

	if (argc > 2 && is(argv[1], "--scale")) {
		scale = atoi(argv[2]);
		arg = 3;
	}
	if (!scale || arg >= argc) {
		fprintf(stderr, "usage: bench [--scale N] BENCH...\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	for (; arg < argc; arg++) {
		const struct bench *b = benches;

		while (b->name && !is(b->name, argv[arg]))
			b++;
		if (!b->name)
			fail("no bench '%s'", argv[arg]);
		for (int i = 0; apis[i]; i++)
			if (takes_part(b, apis[i]) && (floor || apis[i] != &api_floor))
				run(b, apis[i]);
	}
	return 0;
}
