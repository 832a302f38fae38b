// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivering events: the cost from the write() that makes a source ready until the program
 * has the cookie, on top of the bare write().
 *
 * Each round checks that the cookie of every source came exactly once. The bare run does
 * the same calls and checks on an array that has the cookies already, so this work cancels
 * out in the difference. Counters of eventfds are not read, so that only the edge makes an
 * event, except in level-triggered runs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Least number of events in a block: twice the default ring size, so that rings wrap. */
#define BLOCK_EVENTS	2048
/* A wake-up that calls a callback cannot cost fewer instructions. */
#define FLOOR_MIN	15

/* For the bare run: the array has all cookies already. */
static unsigned int collect_nothing(void *q, uint32_t *cookies, unsigned int max)
{
	(void)q;
	(void)cookies;
	return max;
}

static const struct api bare_api = { .name = "-", .collect = collect_nothing };

/*
 * One round makes all sources ready and collects their events. If it is level-triggered,
 * each source that was reported is read before the next call, and a last call must find no
 * event, as in a program that then waits.
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
		fail("%s: an event came whose condition no longer holds", api->name);
}

/* The metered cost of a round, per event. */
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
	/* No further event may come. */
	if (api != &bare_api && (!api->always_level || o->setup.level) && api->collect(q, cookies, n))
		fail("%s: one event more than expected came", api->name);
	cost = typical(taken, blocks);
	free(cookies);
	free(marks);
	free(taken);
	return cost;
}

static double deliver(const struct api *api, const struct options *o, unsigned int n)
{
	unsigned int idle = o->sources > n ? o->sources - n : 0;
	/* The floor's callback posts no event, so there is nothing to take. */
	bool floor = is(api->name, "floor");
	int *fds = make_eventfds(n);
	double bare, cost;
	void *q;

	bare = rounds(&bare_api, NULL, fds, n, o);
	q = open_queue(api, o, fds, n);
	if (idle && api->add(q, idle_eventfds(idle), idle, n))
		fail("%s: cannot register %u sources: %s", api->name, idle, strerror(errno));
	/* The bare run left the counters above 0, so all sources are ready: take their events. */
	if (!o->setup.level && !api->always_level) {
		uint32_t *cookies = calloc(n + 1, sizeof(*cookies));

		while (api->collect(q, cookies, n))
			;
		free(cookies);
	}
	cost = rounds(floor ? &bare_api : api, q, fds, n, o) - bare;
	if (floor && meter_kind == METER_INSTRUCTIONS && cost < FLOOR_MIN)
		fail("floor: the callback was not called, it costs only %.1f instructions", cost);
	api->close(q);
	free_eventfds(fds, n);
	return cost;
}

/* Make all sources ready, then take all events. */
double bench_deliver_batch(const struct api *api, const struct options *o)
{
	return deliver(api, o, o->sources);
}

/* Make one source ready and take its event, many times; the other sources are idle. */
double bench_deliver_one(const struct api *api, const struct options *o)
{
	return deliver(api, o, 1);
}

/* As deliver-batch, but level-triggered, and the sources are read. */
double bench_level(const struct api *api, const struct options *o)
{
	struct options level = *o;

	level.setup.level = true;
	return deliver(api, &level, o->sources);
}

/*
 * Many more sources become ready than the ring has slots. The cost is that of getting every
 * event. If overflow ends a registration, this includes registering again. Lost events and
 * ended registrations are counted on a second queue, which does not register again.
 */
double bench_overflow(const struct api *api, const struct options *o)
{
	double cost = deliver(api, o, o->sources), got = 0, alive = 0;
	unsigned int n = o->sources, rounds = o->rounds < 50 ? o->rounds : 50, ret;
	uint32_t *cookies = calloc(n + 1, sizeof(*cookies));
	int *fds = make_eventfds(n);
	struct options left = *o;
	void *q;

	/* Count once: the result does not depend on the meter or the variant. */
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
