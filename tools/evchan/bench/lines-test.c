// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses whose effect on the caches is known, to test the plugin that the bench "lines"
 * counts with. Each test prints which interval it was, which one had the same handovers
 * without the accesses (0: none), the number of turns of a lap, and what the plugin must
 * have counted for each turn: lines fetched and upgraded, misses of the first level, misses
 * of the private cache that no other processor served, and locked operations.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "lines/mark.h"

#define LINE		64
#define LINES		16	/* so many that handovers, which race, hardly count */
#define LAPS		6
#define FIRST_CPU	1
#define THREADS		3
#define FIRST_LEVEL	(48 << 10)
#define PRIVATE		(1 << 20)

struct test {
	const char *name;
	void (*turn)(unsigned int cpu);	/* what thread @cpu does in its turn */
	unsigned int threads, turns;	/* turns of each thread in a lap */
	double fetched, upgraded, first, outer, locked;	/* wanted, per turn of any thread */
};

struct player {
	const struct test *test;
	unsigned int number;
	bool bare;
	pthread_t thread;
};

static char *memory;
static unsigned int last;	/* number of the last interval */
static unsigned int turn __attribute__((aligned(128)));

static volatile uint64_t *word(size_t at)
{
	return (volatile uint64_t *)(memory + at);
}

/* Write lines that the other processor wrote last. */
static void write_lines(unsigned int cpu)
{
	for (unsigned int i = 0; i < LINES; i++)
		*word(i * LINE) = cpu;
}

/* One line goes back and forth and is read before it is written. */
static void read_and_write(unsigned int cpu)
{
	for (unsigned int i = 0; i < LINES; i++)
		*word(i * LINE) = *word(i * LINE) + cpu;
}

/* Thread 0 writes what the two others read. */
static void write_or_read(unsigned int cpu)
{
	for (unsigned int i = 0; i < LINES; i++)
		if (cpu)
			(void)*word(i * LINE);
		else
			*word(i * LINE) = i;
}

static void add_to(volatile uint64_t *counter)
{
	for (unsigned int i = 0; i < LINES; i++)
		asm volatile("lock incq %0" : "+m" (*counter) : : "cc", "memory");
}

/* Each processor has a counter of its own, on the same line or on lines of their own. */
static void one_line(unsigned int cpu)
{
	add_to(word(cpu * 8));
}

static void two_lines(unsigned int cpu)
{
	add_to(word(cpu * LINE));
}

static void exchange(unsigned int cpu)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < LINES; i++)
		asm volatile("xchgq %0, %1" : "+r" (value), "+m" (*word(cpu * LINE)));
}

/* 32 KiB fit the first level, with space for the stack and the handovers. */
static void walk(size_t size)
{
	for (size_t at = 0; at < size; at += LINE)
		(void)*word(at);
}

static void walk_inside(unsigned int cpu)
{
	(void)cpu;
	walk(FIRST_LEVEL * 2 / 3);
}

static void walk_first(unsigned int cpu)
{
	(void)cpu;
	walk(FIRST_LEVEL * 2);
}

static void walk_all(unsigned int cpu)
{
	(void)cpu;
	walk(PRIVATE * 8);
}

/* Each read touches two lines. */
static void across(unsigned int cpu)
{
	(void)cpu;
	for (size_t at = 0; at < FIRST_LEVEL * 2; at += 2 * LINE)
		(void)*word(at + LINE - 4);
}

/* Only what a handover is: one processor writes a line that the other one reads. */
static void nothing(unsigned int cpu)
{
	(void)cpu;
}

static const struct test tests[] = {
	{ "handover", nothing, 2, 128, .fetched = 1, .upgraded = 1, .first = 1 },
	{ "written", write_lines, 2, 128, .fetched = LINES, .first = LINES },
	{ "read_and_written", read_and_write, 2, 128, .fetched = LINES, .upgraded = LINES,
	  .first = LINES },
	/* Of three turns, one takes the lines, one fetches them, one finds them behind. */
	{ "read_by_two", write_or_read, 3, 128, .fetched = LINES / 3.0, .upgraded = LINES / 3.0,
	  .first = LINES * 2 / 3.0, .outer = LINES / 3.0 },
	{ "one_line", one_line, 2, 128, .fetched = 1, .first = 1, .locked = LINES },
	{ "two_lines", two_lines, 2, 128, .locked = LINES },
	{ "exchange", exchange, 2, 128, .locked = LINES },
	{ "inside", walk_inside, 1, 128 },
	{ "first_level", walk_first, 1, 128, .first = 2 * FIRST_LEVEL / LINE },
	{ "private", walk_all, 1, 8, .first = 8 * PRIVATE / LINE, .outer = 8 * PRIVATE / LINE },
	{ "across", across, 1, 128, .first = 2 * FIRST_LEVEL / LINE },
	{ 0 }
};

static void *play(void *arg)
{
	struct player *p = arg;
	unsigned int threads = p->test->threads, turns = p->test->turns * threads;

	pin_to_cpu(FIRST_CPU + p->number);
	for (unsigned int i = p->number; i < LAPS * turns; i += threads) {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != i)
			MARK(MARK_PAUSE);
		if (!p->bare)
			p->test->turn(p->number);
		if (i % turns == turns - 1)
			MARK(MARK_LAP);
		__atomic_store_n(&turn, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static unsigned int run(const struct test *test, bool bare)
{
	unsigned int number = ++last;
	struct player players[THREADS];

	turn = 0;
	for (unsigned int i = 0; i < test->threads; i++)
		players[i] = (struct player){ .test = test, .number = i, .bare = bare };
	mark_start(number);
	for (unsigned int i = 1; i < test->threads; i++)
		if (pthread_create(&players[i].thread, NULL, play, &players[i]))
			fail("cannot create a thread");
	play(&players[0]);
	for (unsigned int i = 1; i < test->threads; i++)
		pthread_join(players[i].thread, NULL);
	MARK(MARK_STOP);
	return number;
}

void bench_lines_test(unsigned int scale, const char *only, const char *row)
{
	(void)scale;
	(void)only;
	(void)row;
	memory = aligned_alloc(4096, 8 * PRIVATE);
	memset(memory, 1, 8 * PRIVATE);
	for (const struct test *t = tests; t->name; t++) {
		unsigned int bare = t->turn == nothing ? 0 : run(t, true), number = run(t, false);

		printf("test %u %u %s %u %g %g %g %g %g\n", number, bare, t->name,
		       t->turns * t->threads, t->fetched, t->upgraded, t->first, t->outer, t->locked);
		fflush(stdout);
	}
	free(memory);
}
