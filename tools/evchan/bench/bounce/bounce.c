// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event costs in real time between two processors, without a guest. One thread posts
 * into a ring on one processor, by the kernel's own code, and another one takes the events on
 * another, by the code of the libraries. Bare cache lines do the same beside it.
 *
 * usage: bounce [--turns N] [--events N] [--cpus A,B] [--api API] [--once]
 *               [--patience SECONDS] [--single]
 *
 * Each figure is printed on one line: bench, api, metric, unit, value. A turn runs every load
 * with every ring once, for --events events, so a ring and the bare lines that it is compared
 * with are a moment apart. A run in which another task had one of the processors is repeated, or
 * counts as it is with --once. --api measures only that ring, and the bare lines. An event that
 * does not come in --patience seconds is lost. --single creates the event channel with
 * EVCHAN_SINGLE_CONSUMER. Exits with 4 if there are not two processors.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bounce.h"
#include "core.h"
#include "counter.h"

#define ENTRIES		1024	/* the default of both interfaces */
#define SOURCES		256
#define PART		64	/* events that are posted before they are taken */
/* Most events of a stream that are under way: with more, those of a source would be merged. */
#define WINDOW		SOURCES
#define MOST_TRIES	2000
/* Reads of a word before another task may have the processor: some 10 us. */
#define SPINS		(1U << 14)
#define NO_PROCESSOR	4	/* exit status */

static struct {
	const struct load *load;
	const struct ring *ring;
	unsigned int events;
	bool parts;		/* measure posting and taking one by one */
	uint32_t turn APART;	/* whose turn it is: even, the producer's */
	uint32_t taken APART;	/* events of streams that were taken */
	uint32_t started APART;	/* runs that the producer has started */
	uint32_t accepted APART;	/* runs that the consumer has begun, and that it has ended */
	uint32_t ended;
} shared;

/* One of the two threads. */
struct side {
	unsigned int cpu;
	uint32_t turn;		/* the last turn that it has seen or made */
	uint32_t streamed;	/* events of streams */
	uint64_t ns;		/* in its part of the work */
	long switches;		/* how often another task had its processor in this run */
	uint32_t next[NR_RINGS];	/* consumer: the cookie that the next event must have */
} APART;

static struct side producer, consumer;
static bool measured[NR_RINGS];
static bool once;	/* do not repeat runs */
static unsigned int patience = 30;	/* after so many seconds an event is lost */

/* What the two threads do for @n events. */
struct load {
	const char *name;
	void (*produce)(unsigned int n);
	void (*consume)(unsigned int n);
};

void fail(const char *format, ...)
{
	va_list args;

	/* Both threads can fail at the same moment: only the first one prints. */
	flockfile(stderr);
	va_start(args, format);
	fprintf(stderr, "bounce: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	/* Not exit(), which only one thread may call. */
	_exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static long count_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

/* A wait that reads a word, or a ring, again and again. */
struct wait {
	unsigned int spins;
	uint64_t since;		/* when it had read in vain some times */
};

/* Called when that was in vain. Another task may wait for the processor, the other thread too. */
static inline void spin(struct wait *w)
{
	if (++w->spins % SPINS)
		return;
	if (!w->since)
		w->since = now();
	else if (now() - w->since > patience * 1000000000ULL)
		fail("%s, %s: an event did not come in %u s", shared.ring->name, shared.load->name,
		     patience);
	sched_yield();
}

static inline void wait_for(const uint32_t *word, uint32_t value)
{
	struct wait w = { 0 };

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		spin(&w);
}

/* --- the loads --- */

static inline void pass(struct side *me)
{
	__atomic_store_n(&shared.turn, ++me->turn, __ATOMIC_RELEASE);
}

static inline void await(struct side *me)
{
	wait_for(&shared.turn, ++me->turn);
}

static void post(unsigned int n)
{
	uint64_t start = shared.parts ? now() : 0;

	shared.ring->post(n);
	if (shared.parts)
		producer.ns += now() - start;
}

/* Take @n events, which must come in the order of the sources, and each once. */
static void take(unsigned int n)
{
	uint32_t *next = &consumer.next[shared.ring - rings], cookies[PART];
	uint64_t start = shared.parts ? now() : 0;
	struct wait w = { 0 };
	unsigned int got;

	while (n) {
		got = shared.ring->take(cookies, n < PART ? n : PART);
		for (unsigned int i = 0; i < got; i++) {
			if (cookies[i] != *next)
				fail("%s: an event of source %u came, and one of %u is next",
				     shared.ring->name, cookies[i], *next);
			*next = (*next + 1) % SOURCES;
		}
		n -= got;
		if (got)
			w = (struct wait){ 0 };
		else
			spin(&w);
	}
	if (shared.parts)
		consumer.ns += now() - start;
}

/* A bounce: a line is handed over and handed back. */
static void bounce_there(unsigned int n)
{
	while (n--) {
		pass(&producer);
		await(&producer);
	}
}

static void bounce_back(unsigned int n)
{
	while (n--) {
		await(&consumer);
		pass(&consumer);
	}
}

static const struct load bounce = { "bounce", bounce_there, bounce_back };

/* The same, but an event is what is handed over, and the word is handed back. */
static void produce_one(unsigned int n)
{
	while (n--) {
		post(1);
		producer.turn++;
		await(&producer);
	}
}

static void consume_one(unsigned int n)
{
	while (n--) {
		take(1);
		consumer.turn++;
		pass(&consumer);
	}
}

/* A part of the events is posted, then it is taken, without a wait. */
static void produce_part(unsigned int n)
{
	for (; n; n -= PART) {
		post(PART);
		pass(&producer);
		await(&producer);
	}
}

static void consume_part(unsigned int n)
{
	for (; n; n -= PART) {
		await(&consumer);
		take(PART);
		pass(&consumer);
	}
}

/* Posting and taking at the same time. */
static void produce_stream(unsigned int n)
{
	for (; n; n -= PART, producer.streamed += PART) {
		struct wait w = { 0 };

		while (producer.streamed + PART -
		       __atomic_load_n(&shared.taken, __ATOMIC_ACQUIRE) > WINDOW)
			spin(&w);
		post(PART);
	}
	pass(&producer);
	await(&producer);
}

static void consume_stream(unsigned int n)
{
	for (; n; n -= PART) {
		take(PART);
		consumer.streamed += PART;
		__atomic_store_n(&shared.taken, consumer.streamed, __ATOMIC_RELEASE);
	}
	await(&consumer);
	pass(&consumer);
}

enum { ONE, PARTS, STREAM, NR_LOADS };	/* indices of loads[] */

static const struct load loads[NR_LOADS] = {
	[ONE] = { "one", produce_one, consume_one },
	[PARTS] = { "1to1", produce_part, consume_part },
	[STREAM] = { "stream", produce_stream, consume_stream },
};

/* --- running them --- */

static void pin(const struct side *me)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("cannot run on processor %u: %s; choose others with --cpus", me->cpu,
		     strerror(errno));
	core_thread(me->cpu);
}

static void *consume(void *unused)
{
	uint32_t cookie;

	pin(&consumer);
	for (uint32_t run = 1; ; run++) {
		wait_for(&shared.started, run);
		consumer.switches = count_switches();
		consumer.ns = 0;
		__atomic_store_n(&shared.accepted, run, __ATOMIC_RELEASE);
		shared.load->consume(ENTRIES);
		consumer.ns = 0;
		shared.load->consume(shared.events);
		consumer.switches = count_switches() - consumer.switches;
		if (shared.ring->take(&cookie, 1))
			fail("%s, %s: an event came that was not posted", shared.ring->name,
			     shared.load->name);
		__atomic_store_n(&shared.ended, run, __ATOMIC_RELEASE);
	}
	return unused;
}

/* What a run has measured, for an event. */
struct sample {
	double ns, cycles, post, take;
};

/* Return: false if another task had one of the processors meanwhile. */
static bool run(const struct load *load, const struct ring *ring, bool parts, struct sample *s)
{
	unsigned int n = shared.events;
	uint64_t start, cycles;

	shared.load = load;
	shared.ring = ring;
	shared.parts = parts;
	__atomic_store_n(&shared.started, shared.started + 1, __ATOMIC_RELEASE);
	wait_for(&shared.accepted, shared.started);
	producer.switches = count_switches();
	/* A lap to warm up. */
	load->produce(ENTRIES);
	producer.ns = 0;
	cycles = counter_read();
	start = now();
	load->produce(n);
	s->ns = (double)(now() - start) / n;
	s->cycles = (double)(counter_read() - cycles) / n;
	producer.switches = count_switches() - producer.switches;
	wait_for(&shared.ended, shared.started);
	s->post = (double)producer.ns / n;
	s->take = (double)consumer.ns / n;
	return !producer.switches && !consumer.switches;
}

/* Run until no other task disturbs it. */
static struct sample measure(const struct load *load, const struct ring *ring, bool parts)
{
	struct sample s;

	for (unsigned int tries = 0; tries < MOST_TRIES; tries++)
		if (run(load, ring, parts, &s) || once)
			return s;
	fail("other tasks had processor %u or %u in each of %u runs; try again when the machine "
	     "has less to do, or choose others with --cpus", producer.cpu, consumer.cpu, MOST_TRIES);
}

/* --- results --- */

/* The samples of a turn. */
struct samples {
	struct sample bounce, load[NR_LOADS][NR_RINGS], parts[NR_RINGS];
};

static void run_turn(struct samples *s)
{
	s->bounce = measure(&bounce, &rings[BARE], false);
	for (int r = 0; r < NR_RINGS; r++) {
		if (!measured[r])
			continue;
		for (int l = 0; l < NR_LOADS; l++)
			s->load[l][r] = measure(&loads[l], &rings[r], false);
		s->parts[r] = measure(&loads[PARTS], &rings[r], true);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Print the median and the quartiles of @n values, which are sorted. */
static void say(const char *api, const char *metric, const char *load, const char *unit,
		double *values, unsigned int n)
{
	static const char *const parts[] = { "", ".low", ".high" };
	unsigned int at[] = { n / 2, n / 4, n - 1 - n / 4 };

	qsort(values, n, sizeof(*values), compare);
	for (int i = 0; i < 3; i++)
		printf("bounce %s %s%s%s %s %.3f\n", api, metric, parts[i], load, unit,
		       values[at[i]]);
}

static void report_load(const struct samples *s, unsigned int turns, int l, int r, double *values)
{
	const char *api = rings[r].name;
	char load[16] = "";

	/* The headline has no suffix. */
	if (l != PARTS)
		snprintf(load, sizeof(load), ":%s", loads[l].name);
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].load[l][r].ns;
	say(api, "cost", load, "ns/event", values, turns);
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].load[l][r].ns / s[t].load[l][BARE].ns;
	say(api, "ratio", load, "to-bare", values, turns);
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].load[l][r].ns / s[t].bounce.ns;
	say(api, "bounces", load, "bounces/event", values, turns);
	if (!counter_works())
		return;
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].load[l][r].cycles;
	say(api, "cycles", load, "cycles/event", values, turns);
}

static void report_parts(const struct samples *s, unsigned int turns, int r, double *values)
{
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].parts[r].post;
	say(rings[r].name, "post", "", "ns/event", values, turns);
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].parts[r].take;
	say(rings[r].name, "take", "", "ns/event", values, turns);
}

static void report(const struct samples *s, unsigned int turns)
{
	double *values = calloc(turns, sizeof(*values));

	if (!values)
		fail("no memory for %u values; use fewer turns", turns);
	for (unsigned int t = 0; t < turns; t++)
		values[t] = s[t].bounce.ns;
	say("bare", "bounce", "", "ns/bounce", values, turns);
	for (int r = 0; r < NR_RINGS; r++) {
		if (!measured[r])
			continue;
		for (int l = 0; l < NR_LOADS; l++)
			report_load(s, turns, l, r, values);
		report_parts(s, turns, r, values);
	}
	free(values);
}

/* --- arguments --- */

static unsigned int number(const char *option, const char *text, unsigned int least)
{
	unsigned long value;
	char *end;

	if (!text)
		fail("%s needs a number; see the head of bounce.c", option);
	value = strtoul(text, &end, 10);
	if (*end || end == text || value < least || value > 100000000)
		fail("%s %s: it must be a number from %u on", option, text, least);
	return (unsigned int)value;
}

/* The first two processors that this process may use. */
static void choose_cpus(void)
{
	unsigned int found = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		fail("sched_getaffinity: %s", strerror(errno));
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			(found++ ? &consumer : &producer)->cpu = cpu;
	if (found == 2)
		return;
	fprintf(stderr, "bounce: this needs two processors, and the process may use one; "
		"nothing was measured\n");
	exit(NO_PROCESSOR);
}

static void read_cpus(const char *text)
{
	char none;

	if (!text || sscanf(text, "%u,%u%c", &producer.cpu, &consumer.cpu, &none) != 2 ||
	    producer.cpu == consumer.cpu)
		fail("--cpus needs two different processors, as in --cpus 0,1");
}

/* Measure only the ring @name, or all without one; the bare lines in any case. */
static void choose_rings(const char *name)
{
	unsigned int found = 0;

	for (int r = 0; r < NR_RINGS; r++) {
		measured[r] = !name || r == BARE || !strcmp(rings[r].name, name);
		found += measured[r];
	}
	if (name && found < 2)
		fail("--api %s: choose evchan, kevent or ring16", name);
}

/* Return: the number of turns. */
static unsigned int read_arguments(int argc, char **argv)
{
	unsigned int turns = 25;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--turns"))
			turns = number(argv[i], argv[i + 1], 1), i++;
		else if (!strcmp(argv[i], "--events"))
			shared.events = number(argv[i], argv[i + 1], PART) / PART * PART, i++;
		else if (!strcmp(argv[i], "--cpus"))
			read_cpus(argv[++i]);
		else if (!strcmp(argv[i], "--api"))
			choose_rings(argv[++i]);
		else if (!strcmp(argv[i], "--patience"))
			patience = number(argv[i], argv[i + 1], 1), i++;
		else if (!strcmp(argv[i], "--once"))
			once = true;
		else if (!strcmp(argv[i], "--single"))
			single_consumer = true;
		else
			fail("unknown argument '%s'; see the head of bounce.c", argv[i]);
	}
	return turns;
}

int main(int argc, char **argv)
{
	struct samples *samples;
	unsigned int turns;
	pthread_t thread;

	shared.events = 2048;
	choose_rings(NULL);
	choose_cpus();
	turns = read_arguments(argc, argv);
	pin(&producer);
	counter_open();
	for (int r = 0; r < NR_RINGS; r++)
		if (measured[r])
			rings[r].open(ENTRIES, SOURCES);
	samples = calloc(turns, sizeof(*samples));
	if (!samples || pthread_create(&thread, NULL, consume, NULL))
		fail("no memory, or no thread: %s", strerror(errno));
	for (unsigned int t = 0; t < turns; t++)
		run_turn(&samples[t]);
	report(samples, turns);
	return 0;
}
