// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event costs between processors: cache lines that move from one to another, misses
 * of the first level, and locked operations. A plugin of the emulator counts them, see
 * lines/plugin.c. This program only marks the intervals that it counts, and prints which
 * interval is what: see interval().
 *
 * The threads, each on a processor of its own, take turns in a fixed order, so that the
 * result does not depend on how fast each of them is. The same turns are also taken without
 * an interface, so the handovers cancel out in the difference.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "lines/mark.h"

/* Events that a producer makes in a round. */
#define PART		64
/*
 * Events of a lap. In a full run twice the default ring size, so that occasional work is in
 * every lap.
 */
#define LAP_EVENTS	2048
#define SHORT_LAP	256
#define LAPS		5
/* pingpong has shorter laps, so it has more of them. */
#define PINGPONG_LAPS	2
#define SLEEP_PAUSES	10
#define MAX_THREADS	3
/* The first processor is left to the threads of the kernel. */
#define FIRST_CPU	1

/*
 * A load. In a round the producers take turns of @burst events until each has made 64. Then
 * the consumers take turns until all events are taken: one turn for a single consumer, turns
 * of @burst events for several.
 */
struct load {
	const char *name;
	unsigned int producers, consumers, burst, sources;
	bool local;	/* the only consumer is also the only producer */
	bool tcp;	/* sources are connections, and are read */
};

static const struct load loads[] = {
	{ "1to1", 1, 1, 64, 256 },
	{ "2to1", 2, 1, 64, 256 },
	{ "2to1-each", 2, 1, 1, 256 },
	{ "1to2", 1, 2, 32, 256 },
	{ "1to2-each", 1, 2, 1, 256 },
	{ "tcp", 1, 1, 64, 256, .tcp = true },
	{ "local@sources=1000", 1, 1, 64, 1000, .local = true },
	{ "local@sources=100000", 1, 1, 64, 100000, .local = true },
	{ 0 }
};

static const struct api *const apis[] = {
	&api_evchan, &api_kevent, &api_epoll, &api_io_uring, NULL
};

static unsigned int last;	/* number of the last interval */

/* The threads of a run. Consumers have the lowest numbers. */
struct team {
	const struct load *load;
	const struct api *api;
	void *q;		/* NULL: bare rounds */
	int *fds;		/* the sources */
	int *ends;		/* what makes them ready when it is written to */
	unsigned int rounds, lap;	/* number of rounds, and in a lap */
	unsigned int turn __attribute__((aligned(128)));	/* whose turn it is */
};

/* Each on lines of its own. */
struct worker {
	struct team *team;
	unsigned int number;
	pthread_t thread;
	unsigned int to_post, to_take;	/* the next source; the latter without an interface */
	uint32_t *taken;		/* events that it took, per source */
} __attribute__((aligned(128)));

static void post(struct worker *w, unsigned int n)
{
	const struct team *t = w->team;
	unsigned int part = t->load->sources / t->load->producers;
	const int *mine = t->ends;

	if (!t->load->local)
		mine += part * (w->number - t->load->consumers);
	for (unsigned int i = 0; i < n; i++) {
		raise_one(mine[w->to_post]);
		w->to_post = w->to_post + 1 == part ? 0 : w->to_post + 1;
	}
}

/* Sources in turn, for the bare rounds. */
static unsigned int take_nothing(struct worker *w, uint32_t *cookies, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		cookies[i] = w->to_take;
		w->to_take = w->to_take + 1 == w->team->load->sources ? 0 : w->to_take + 1;
	}
	return n;
}

static void take(struct worker *w, unsigned int n)
{
	const struct team *t = w->team;
	uint32_t cookies[2 * PART];
	unsigned int got = 0, dry = 0, ret;

	while (got < n) {
		ret = t->q ? t->api->collect(t->q, cookies + got, n - got) :
			     take_nothing(w, cookies, n);
		got += ret;
		/* io_uring interrupts this thread to deliver events, which may come late. */
		dry = ret ? 0 : dry + 1;
		if (dry > 1000000)
			fail("%s: %u events came, %u expected", t->api->name, got, n);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (cookies[i] >= t->load->sources)
			fail("%s: cookie %u", t->api->name, cookies[i]);
		w->taken[cookies[i]]++;
		if (t->load->tcp)
			read_all(&t->fds[cookies[i]], 1);
	}
}

/* A turn of a round: which thread has it, and what it does. */
struct turn {
	unsigned int who, n;
	bool posts;
};

/* Fill in the turns of a round. Return: their number. */
static unsigned int plan(const struct load *l, struct turn *turns)
{
	unsigned int all = PART * l->producers, n = 0;
	unsigned int most = l->consumers > 1 ? l->burst : all;

	for (unsigned int done = 0; done < all; done += l->burst, n++)
		turns[n] = (struct turn){
			.who = l->local ? 0 : l->consumers + n % l->producers,
			.n = l->burst, .posts = true,
		};
	for (unsigned int i = 0; i < all / most; i++, n++)
		turns[n] = (struct turn){ .who = i % l->consumers, .n = most };
	return n;
}

/* Take this thread's turns of all rounds. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct team *t = w->team;
	struct turn turns[4 * PART];
	unsigned int n = plan(t->load, turns), turn = 0;

	pin_to_cpu(FIRST_CPU + w->number);
	for (unsigned int round = 1; round <= t->rounds; round++) {
		for (unsigned int i = 0; i < n; i++, turn++) {
			if (turns[i].who != w->number)
				continue;
			while (__atomic_load_n(&t->turn, __ATOMIC_ACQUIRE) != turn)
				MARK(MARK_PAUSE);
			if (turns[i].posts)
				post(w, turns[i].n);
			else
				take(w, turns[i].n);
			if (i == n - 1 && round % t->lap == 0)
				MARK(MARK_LAP);
			__atomic_store_n(&t->turn, turn + 1, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

/* Each source must have been taken as often as it was made ready. */
static void check_taken(const struct team *t, const struct worker *workers)
{
	unsigned int part = t->load->sources / t->load->producers;

	for (unsigned int i = 0; i < t->load->sources; i++) {
		unsigned int made = t->rounds * PART / part +
				    (i % part < t->rounds * PART % part), got = 0;

		for (unsigned int k = 0; k < t->load->consumers; k++)
			got += workers[k].taken[i];
		if (got != made)
			fail("%s: source %u had %u events, not %u", t->api->name, i, got, made);
	}
}

/* Run all rounds in an interval of their own. Return: the number of the interval. */
static unsigned int run(struct team *t)
{
	unsigned int threads = t->load->consumers + (t->load->local ? 0 : t->load->producers);
	size_t size = (t->load->sources * sizeof(uint32_t) + 127) & ~127UL;
	unsigned int number = ++last;
	struct worker workers[MAX_THREADS];

	t->turn = 0;
	for (unsigned int i = 0; i < threads; i++) {
		workers[i] = (struct worker){
			.team = t, .number = i, .taken = aligned_alloc(128, size),
		};
		memset(workers[i].taken, 0, size);
	}
	mark_start(number);
	for (unsigned int i = 1; i < threads; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail("cannot create a thread");
	work(&workers[0]);
	for (unsigned int i = 1; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	MARK(MARK_STOP);
	if (t->q)
		check_taken(t, workers);
	for (unsigned int i = 0; i < threads; i++)
		free(workers[i].taken);
	return number;
}

/*
 * Say what an interval was: the interval with the same work without an interface, or 0; the
 * interface; the load and the variant; the number of events of a lap.
 */
static void interval(unsigned int number, unsigned int bare, const char *api, const char *load,
		     const char *variant, unsigned int events)
{
	printf("interval %u %u %s %s%s%s %u\n", number, bare, api, load, *variant ? ":" : "",
	       variant, events);
	fflush(stdout);
}

/* The sources that earlier rounds made ready are not ready any more. */
static void empty(const int *fds, unsigned int n)
{
	uint64_t value;

	for (unsigned int i = 0; i < n; i++)
		if (read(fds[i], &value, sizeof(value)) < 0 && errno != EAGAIN)
			fail("read from a source: %s", strerror(errno));
}

/* A load that all interfaces do. */
struct job {
	struct team team;
	unsigned int bare;	/* its interval without an interface */
};

static void measure(void *arg, const struct api *api, const char *variant)
{
	struct job *job = arg;
	struct team *t = &job->team;
	const struct load *l = t->load;
	struct options o = { .setup = { .variant = variant, .threads = l->consumers > 1 } };
	uint32_t cookie;

	if ((api->one_thread || is(variant, "single_consumer")) && l->consumers > 1)
		return;
	empty(t->fds, l->sources);
	/* This thread is the consumer, or one of them. */
	t->api = api;
	t->q = open_queue(api, &o, t->fds, l->sources);
	interval(run(t), job->bare, api->name, l->name, variant, t->lap * PART * l->producers);
	if (api->collect(t->q, &cookie, 1))
		fail("%s: one event more than expected came", api->name);
	api->close(t->q);
	t->q = NULL;
}

/* Call @todo for each variant of each interface, or of the one named @only. */
static void for_each_variant(const char *only, void *arg,
			     void (*todo)(void *arg, const struct api *api, const char *variant))
{
	for (int a = 0; apis[a]; a++) {
		if (only && !is(only, apis[a]->name))
			continue;
		for (const char *const *v = apis[a]->variants; *v; v++)
			/* This variant differs from the default only when polls are armed. */
			if (!is(*v, "single_issuer"))
				todo(arg, apis[a], *v);
		/* The other extras do not change which lines move. */
		for (const char *const *v = apis[a]->extras; v && *v; v++)
			if (is(*v, "single_consumer"))
				todo(arg, apis[a], *v);
	}
}

/* Measure a load with all interfaces, which use the same sources. */
static void do_load(const struct load *l, unsigned int laps, unsigned int events,
		    const char *only)
{
	struct job job = { .team = { .load = l, .lap = events / PART / l->producers } };
	struct team *t = &job.team;

	t->rounds = t->lap * (laps + 1);
	if (l->tcp) {
		t->fds = calloc(l->sources, sizeof(*t->fds));
		t->ends = calloc(l->sources, sizeof(*t->ends));
		connect_all(l->sources, t->fds, t->ends);
	} else {
		t->fds = t->ends = make_eventfds(l->sources);
	}
	job.bare = run(t);
	for_each_variant(only, &job, measure);
	if (l->tcp)
		free_eventfds(t->ends, l->sources);
	free_eventfds(t->fds, l->sources);
}

static void lap(void)
{
	MARK(MARK_LAP);
}

/* The other thread goes to sleep, and its processor becomes idle. */
static void let_sleep(void)
{
	for (int i = 0; i < SLEEP_PAUSES; i++)
		MARK(MARK_PAUSE);
}

/* Two threads on two processors wake each other. */
static void pingpong(void *laps, const struct api *api, const char *variant)
{
	struct options o = {
		.rounds = *(unsigned int *)laps * PINGPONG_BLOCK, .setup = { .variant = variant },
		.cpus = { FIRST_CPU, FIRST_CPU + 1 }, .lap = lap, .pause = let_sleep,
	};
	unsigned int number = ++last;

	mark_start(number);
	bench_pingpong(api, &o);
	MARK(MARK_STOP);
	interval(number, 0, api->name, "pingpong", variant, PINGPONG_BLOCK);
}

/* Measure all loads with all interfaces; with @row or @only, that load or that interface. */
void bench_lines(unsigned int scale, const char *only, const char *row)
{
	unsigned int laps = LAPS / scale ?: 1, events = scale > 1 ? SHORT_LAP : LAP_EVENTS;

	for (const struct load *l = loads; l->name; l++)
		if (!row || is(row, l->name))
			do_load(l, laps, events, only);
	laps *= PINGPONG_LAPS;
	if (!row || is(row, "pingpong"))
		for_each_variant(only, &laps, pingpong);
}
