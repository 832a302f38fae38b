// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivering events: what it costs on top of the bare call that makes them, from
 * there to the program having the cookie.
 *
 * Each round is checked: every source's cookie came, and came once. The bare run
 * calls and checks in the same way, with cookies that were there before, so that
 * this is no part of the difference. Counters are never read, so that only the
 * edge makes the event; level-triggered ones are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Events in a block at least: twice the default rings, which go round in it. */
#define BLOCK_EVENTS	2048
/* A wake-up that finds somebody cannot cost less. */
#define FLOOR_MIN	15

/* In the bare run: the array has them all already, and is not written. */
static unsigned int collect_nothing(void *q, uint32_t *cookies, unsigned int max)
{
	(void)q;
	(void)cookies;
	return max;
}

static const struct api bare_api = { .name = "-", .collect = collect_nothing };

/*
 * A round makes all ready and collects. Level-triggered, what was reported is read
 * before the next call, and a last look finds nothing, as in a program that goes
 * on to wait.
 */
static void one_round(const struct api *api, void *q, const int *fds, unsigned int n,
		      const struct options *o, uint32_t *cookies, uint32_t *marks,
		      uint32_t round)
{
	unsigned int batch = o->setup.batch ?: n, got = 0, ret;

	raise_all(fds, n);
	do {
		ret = api->collect(q, cookies + got, n - got < batch ? n - got : batch);
		for (unsigned int i = got; o->setup.level && i < got + ret; i++)
			read_all(&fds[cookies[i]], 1);
		got += ret;
	} while (ret && got < n);
	check_once(api->name, cookies, got, n, marks, round);
	if (o->setup.level && api != &bare_api && api->collect(q, cookies, batch))
		fail("%s: an event of a condition that is over", api->name);
}

/* What a round takes of what the meter counts, per event. */
static double rounds(const struct api *api, void *q, const int *fds, unsigned int n,
		     const struct options *o)
{
	unsigned int per_block = (BLOCK_EVENTS + n - 1) / n;
	unsigned int blocks = o->rounds / per_block ?: 1;
	uint32_t *cookies = calloc(n + 1, sizeof(*cookies));
	uint32_t *marks = calloc(n, sizeof(*marks));
	double *taken = calloc(blocks, sizeof(*taken));
	uint32_t round = 0;
	double cost;

	for (unsigned int i = 0; i < n; i++)
		cookies[i] = i;
	for (int warm = 0; warm < 2; warm++)
		one_round(api, q, fds, n, o, cookies, marks, ++round);
	for (unsigned int b = 0; b < blocks; b++) {
		taken[b] = meter();
		for (unsigned int i = 0; i < per_block; i++)
			one_round(api, q, fds, n, o, cookies, marks, ++round);
		taken[b] = (meter() - taken[b]) / per_block / n;
	}
	/* Nothing more may come. */
	if (api != &bare_api && (!api->always_level || o->setup.level) && api->collect(q, cookies, n))
		fail("%s: an event too many", api->name);
	cost = typical(taken, blocks);
	free(cookies);
	free(marks);
	free(taken);
	return cost;
}

static double deliver(const struct api *api, const struct options *o, unsigned int n)
{
	unsigned int idle = o->sources > n ? o->sources - n : 0;
	/* The floor has nothing to take: its callback does nothing. */
	bool floor = is(api->name, "floor");
	int *fds = make_eventfds(n);
	double bare, cost;
	void *q;

	bare = rounds(&bare_api, NULL, fds, n, o);
	q = open_queue(api, o, fds, n);
	if (idle && api->add(q, idle_eventfds(idle), idle, n))
		fail("%s: adding: %s", api->name, strerror(errno));
	/* Counters left from the bare run make everything ready at first. */
	if (!o->setup.level && !api->always_level) {
		uint32_t *cookies = calloc(n + 1, sizeof(*cookies));

		while (api->collect(q, cookies, n))
			;
		free(cookies);
	}
	cost = rounds(floor ? &bare_api : api, q, fds, n, o) - bare;
	if (floor && meter_kind == METER_INSTRUCTIONS && cost < FLOOR_MIN)
		fail("floor: a callback that costs %.1f is none", cost);
	api->close(q);
	free_eventfds(fds, n);
	return cost;
}

/* All sources are made ready, then all events are taken. */
double bench_deliver_batch(const struct api *api, const struct options *o)
{
	return deliver(api, o, o->sources);
}

/* One is made ready and taken, again and again; the other sources are idle. */
double bench_deliver_one(const struct api *api, const struct options *o)
{
	return deliver(api, o, 1);
}

/* As deliver-batch, but level-triggered, and read after each round. */
double bench_level(const struct api *api, const struct options *o)
{
	struct options level = *o;

	level.setup.level = true;
	return deliver(api, &level, o->sources);
}

/*
 * A ring much smaller than what becomes ready. The cost is that of getting every
 * event, which where a registration ends includes making it anew. What is lost
 * and what has ended is counted in a second queue, where nothing is made anew.
 */
double bench_overflow(const struct api *api, const struct options *o)
{
	double cost = deliver(api, o, o->sources), got = 0, alive = 0;
	unsigned int n = o->sources, rounds = o->rounds < 50 ? o->rounds : 50, ret;
	uint32_t *cookies = calloc(n + 1, sizeof(*cookies));
	int *fds = make_eventfds(n);
	struct options left = *o;
	void *q;

	/* Once is enough: set-ups make no difference to this. */
	if (meter_kind != METER_INSTRUCTIONS || *o->setup.variant)
		goto out;
	left.setup.no_rearm = true;
	q = open_queue(api, &left, fds, n);
	for (unsigned int round = 0; round < rounds; round++) {
		raise_all(fds, n);
		while ((ret = api->collect(q, cookies, n)))
			got += ret;
	}
	for (unsigned int i = 0; i < n; i++) {
		raise_one(fds[i]);
		alive += api->collect(q, cookies, n) > 0;
	}
	result("overflow", api->name, "lost", "events", (double)rounds * n - got);
	result("overflow", api->name, "lost_of", "events", (double)rounds * n);
	result("overflow", api->name, "ended", "registrations", n - alive);
	api->close(q);
out:
	free_eventfds(fds, n);
	free(cookies);
	return cost;
}
