// SPDX-License-Identifier: GPL-2.0-only
/*
 * The meter counts instructions, nanoseconds or system calls.
 *
 * In a guest whose clock counts instructions, the time-stamp counter is the exact number
 * of instructions. A loop of known length tests whether this is so. System calls are those
 * of this thread and of the threads that it starts, as the tracepoint
 * raw_syscalls:sys_enter reports them, without the meter's own.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

#define TRACEPOINT	"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"
/* Turns of the loop that tests the counter; a turn has two instructions. */
#define TURNS		100000UL

enum meter meter_kind;
static int counter = -1;
static unsigned long reads;

static void start_counting_syscalls(bool children)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .inherit = children,
	};
	FILE *f = fopen(TRACEPOINT, "r");
	unsigned long long id;

	if (!f || fscanf(f, "%llu", &id) != 1)
		fail("no %s: this kernel cannot count system calls", TRACEPOINT);
	fclose(f);
	attr.config = id;
	if (counter >= 0)
		close(counter);
	reads = 0;
	counter = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (counter < 0)
		fail("perf_event_open: %s", strerror(errno));
}

/* Use the smallest of several results: the clock tick and other tasks count as well. */
static void check_instructions(void)
{
	double least = 0;

	for (int i = 0; i < 20; i++) {
		double start = __rdtsc(), counted;
		unsigned long turns = TURNS;

		asm volatile("1: dec %0\n\tjnz 1b" : "+r" (turns) : : "cc");
		counted = __rdtsc() - start;
		if (!i || counted < least)
			least = counted;
	}
	if (least < 2 * TURNS || least > 2.001 * TURNS)
		fail("the clock counted %.0f for %lu instructions; run this in tools/evchan/vm --icount",
		     least, 2 * TURNS);
}

/* Call this before meter(). With @children, count system calls of threads and children too. */
void meter_start(bool children)
{
	if (meter_kind == METER_SYSCALLS)
		start_counting_syscalls(children);
	else if (meter_kind == METER_INSTRUCTIONS)
		check_instructions();
}

double meter(void)
{
	unsigned long long calls;
	struct timespec t;

	switch (meter_kind) {
	case METER_INSTRUCTIONS:
		return __rdtsc();
	case METER_NS:
		clock_gettime(CLOCK_MONOTONIC, &t);
		return t.tv_sec * 1e9 + t.tv_nsec;
	default:
		if (read(counter, &calls, sizeof(calls)) != sizeof(calls))
			fail("cannot read the count of system calls: %s", strerror(errno));
		return calls - ++reads;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The mean of the middle half of @values, which blocks of work took. The other half is
 * discarded, because the clock tick and kernel threads run during some blocks. A block is
 * so long that all occasional work of the interface happens in each. System calls are
 * exact, so none of their values is discarded.
 */
double typical(double *values, unsigned int n)
{
	unsigned int cut = meter_kind == METER_SYSCALLS ? 0 : n / 4;
	double sum = 0;

	qsort(values, n, sizeof(*values), compare);
	for (unsigned int i = cut; i < n - cut; i++)
		sum += values[i];
	return sum / (n - 2 * cut);
}
