// SPDX-License-Identifier: GPL-2.0-only
/*
 * latency: the longest section with interrupts off, and the longest with preemption off,
 * in what is worst for either interface, and in what a program does without them. To be
 * run as root in a guest whose clock counts instructions, on the kernel with the tracers
 * irqsoff and preemptoff; run does that, and builds both.
 *
 * A case is set up by an unprivileged process, at the limit that such a one has, see
 * Documentation/security.rst. Then the tracer is turned on, one action is carried out,
 * and the tracer is turned off again. What the action causes afterwards, in work items
 * and in other threads, is waited for and belongs to it.
 *
 * A nanosecond is an instruction here. The figures repeat, and they do not contain what
 * cache misses, atomic instructions and other processors cost.
 *
 * A section of a case may take BOUND_US; or as long as the peer's, if that takes longer.
 * Whatever is above is measured once more and the shorter counts, for a tick of the clock
 * may have come, or the page allocator may have given back many pages at once. If it is
 * still above, its place is printed and the exit status is 1.
 */
#include <errno.h>
#include <evchan.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define BOUND_US	100
#define RETRIES		1
/* By as much do figures differ from run to run. */
#define TOLERANCE_PERCENT 2
#define USER		1000
#define MAX_FILES	200000

enum { IRQS, PREEMPT, TRACERS };
enum verdict { GOOD, ABOVE, FAILED, VERDICTS };

static const char *const tracers[TRACERS] = { "irqsoff", "preemptoff" };
static const char *const sides[SIDES] = { "evchan", "kevent", "peer" };
static const struct test *const tests[] = {
	signal_tests, waiter_tests, timer_tests, watcher_tests, close_tests, record_tests,
	exit_tests,
};

struct figure {
	unsigned long us;
	struct section where;
};

static const char *save_to, *running = "latency";

void fail(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "latency: %s: ", running);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(2);
}

long must(long ret, const char *what)
{
	if (ret < 0)
		fail("%s: %s", what, strerror(errno));
	return ret;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/*
 * As any user, with the limits of any user; but for the number of descriptors, and the
 * memory of rings, of which some systems allow more than the kernel does by default.
 */
static void become_user(void)
{
	struct rlimit files = { MAX_FILES, MAX_FILES };
	struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };

	MUST(setrlimit(RLIMIT_NOFILE, &files));
	MUST(setrlimit(RLIMIT_MEMLOCK, &memory));
	MUST(setgroups(0, NULL));
	MUST(setresgid(USER, USER, USER));
	MUST(setresuid(USER, USER, USER));
}

static void run_side(const struct test *t, enum side side)
{
	sigset_t all;

	become_user();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	t->prepare(side, t->size[side]);
	tracer_on();
	t->act(side, t->size[side]);
	tracer_off();
	_exit(0);
}

/* False if that was not possible; the reason was printed. */
static bool measure(const struct test *t, enum side side, unsigned int tracer, struct figure *f)
{
	char path[512];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s.%s.%s", save_to ? save_to : "", t->name, sides[side],
		 tracers[tracer]);
	tracer_choose(tracers[tracer]);
	pid = (pid_t)MUST(fork());
	if (!pid)
		run_side(t, side);
	MUST(waitpid(pid, &status, 0));
	tracer_off();
	f->us = tracer_longest(&f->where, save_to ? path : NULL);
	if (status)
		fprintf(stderr, "latency: %s: %s ended with status %#x\n", running, sides[side],
			(unsigned int)status);
	return !status;
}

/*
 * What runs with interrupts off cannot be preempted either, so the longer of the peer's
 * two sections is what it takes.
 */
static bool is_above(const struct figure *f, const struct figure peer[TRACERS])
{
	unsigned long us = peer[IRQS].us > peer[PREEMPT].us ? peer[IRQS].us : peer[PREEMPT].us;

	return f->us > BOUND_US && f->us > us + us * TOLERANCE_PERCENT / 100;
}

/* Once more where it is too long; the shorter counts. */
static bool measure_again(const struct test *t, enum side side, unsigned int tracer,
			  const struct figure peer[TRACERS], struct figure *f)
{
	struct figure again;

	for (int i = 0; i < RETRIES && is_above(f, peer); i++) {
		if (!measure(t, side, tracer, &again))
			return false;
		if (again.us < f->us)
			*f = again;
	}
	return true;
}

static void print_place(enum side side, unsigned int tracer, const struct section *where)
{
	printf("    above: %s, %s: %s to %s: %s\n", sides[side], tracers[tracer], where->from,
	       where->to, where->stack);
}

static enum verdict measure_case(const struct test *t)
{
	struct figure figures[SIDES][TRACERS] = { 0 };
	enum verdict verdict = GOOD;
	unsigned int side, i;

	running = t->name;
	/* The peer first, for the others are compared to it. */
	for (side = SIDES; side--;)
		for (i = 0; t->size[side] && i < TRACERS; i++)
			if (!measure(t, side, i, &figures[side][i]) ||
			    !measure_again(t, side, i, figures[PEER], &figures[side][i]))
				return FAILED;
	printf("%-20s %6u", t->name, t->size[EVCHAN]);
	for (side = 0; side < SIDES; side++)
		for (i = 0; i < TRACERS; i++)
			if (t->size[side])
				printf(" %8lu", figures[side][i].us);
			else
				printf(" %8s", "-");
	putchar('\n');
	for (side = 0; side < PEER; side++)
		for (i = 0; i < TRACERS; i++)
			if (is_above(&figures[side][i], figures[PEER])) {
				verdict = ABOVE;
				print_place(side, i, &figures[side][i].where);
			}
	fflush(stdout);
	return verdict;
}

static void list_cases(void)
{
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		for (const struct test *t = tests[i]; t->name; t++)
			printf("%-20s %s\n%-20s peer: %s\n", t->name, t->what, "", t->peer);
}

static bool is_wanted(const struct test *t, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(t->name, names[i]))
			return true;
	return !n;
}

static void usage(void)
{
	puts("usage: latency [--list] [--save DIR] [CASE...]\n"
	     "  --list       say what the cases are\n"
	     "  --save DIR   keep there the trace of every measurement\n"
	     "Exit status: 0, 1 if a section is too long, 2 if something failed.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", 0, NULL, 'l' }, { "save", 1, NULL, 's' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned int done = 0, count[VERDICTS] = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l': list_cases(); return 0;
		case 's': save_to = optarg; break;
		case 'h': usage(); return 0;
		default: return 2;
		}
	}
	if (evchan_create(NULL, 0) < 0 && errno == ENOSYS) {
		ec_perror("latency");
		return 2;
	}
	tracer_begin();
	printf("%-20s %6s %17s %17s %17s\n%-20s %6s", "longest, us", "", "evchan", "kevent", "peer",
	       "case", "size");
	for (unsigned int i = 0; i < SIDES; i++)
		printf(" %8s %8s", "irqs", "preempt");
	putchar('\n');
	fflush(stdout);
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		for (const struct test *t = tests[i]; t->name; t++) {
			if (!is_wanted(t, argv + optind, argc - optind))
				continue;
			done++;
			count[measure_case(t)]++;
		}
	if (done < (unsigned int)(argc - optind))
		fail("there is no such case; see --list");
	printf("%u cases, %u above %u us and above the peer, %u failed\n", done, count[ABOVE],
	       BOUND_US, count[FAILED]);
	return count[FAILED] ? 2 : count[ABOVE] != 0;
}
