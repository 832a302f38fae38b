// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivering events: what it costs on top of the bare call that makes them, from
 * there to the program having the cookie.
 *
 * Each round is checked: every source's cookie came, and came once. The checking
 * is done in the bare run too, so it is no part of the difference.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static void raise_all(const int *fds, unsigned int n)
{
	const uint64_t one = 1;

	for (unsigned int i = 0; i < n; i++)
		if (write(fds[i], &one, sizeof(one)) != sizeof(one))
			fail("write to an eventfd: %s", strerror(errno));
}

static void read_all(const int *fds, unsigned int n)
{
	uint64_t value;

	for (unsigned int i = 0; i < n; i++)
		if (read(fds[i], &value, sizeof(value)) != sizeof(value))
			fail("read from an eventfd: %s", strerror(errno));
}

/* Every cookie once: marks each with the round's number. */
static void check(const struct api *api, const uint32_t *cookies, unsigned int got,
		  unsigned int n, uint32_t *marks, uint32_t round)
{
	if (got != n)
		fail("%s: %u of %u events", api ? api->name : "-", got, n);
	for (unsigned int i = 0; i < got; i++) {
		if (cookies[i] >= n || marks[cookies[i]] == round)
			fail("%s: cookie %u is wrong or came twice", api->name, cookies[i]);
		marks[cookies[i]] = round;
	}
}

static unsigned int collect_all(const struct api *api, void *q, uint32_t *cookies,
				unsigned int n, unsigned int batch)
{
	unsigned int got = 0, ret;

	do {
		unsigned int most = n - got < batch ? n - got : batch;

		ret = api->collect(q, cookies + got, most);
		got += ret;
	} while (ret && got < n);
	return got;
}

/* Rounds of making all ready and collecting; instructions per event. */
static double rounds(const struct api *api, void *q, const int *fds, unsigned int n,
		     const struct options *o, unsigned int count)
{
	uint32_t *cookies = calloc(n + 1, sizeof(*cookies));
	uint32_t *marks = calloc(n, sizeof(*marks));
	unsigned int batch = o->setup.batch ?: n;
	double start = 0;

	for (unsigned int i = 0; i < n; i++)
		cookies[i] = i;
	/* Two to warm up. */
	for (unsigned int round = 1; round <= count + 2; round++) {
		unsigned int got = n;

		if (round == 3)
			start = now();
		raise_all(fds, n);
		if (api)
			got = collect_all(api, q, cookies, n, batch);
		check(api, cookies, got, n, marks, round);
		if (o->setup.level)
			read_all(fds, n);
	}
	start = now() - start;
	/* Nothing more may come. */
	if (api && (!api->always_level || o->setup.level) && api->collect(q, cookies, n))
		fail("%s: an event too many", api->name);
	free(cookies);
	free(marks);
	return start / count / n;
}

static double deliver(const struct api *api, const struct options *o, unsigned int n,
		      unsigned int count)
{
	int *idle = make_eventfds(o->sources > n ? o->sources - n : 0);
	int *fds = make_eventfds(n);
	double bare, cost;
	void *q;

	/* The floor has nothing to take: its callback does nothing. */
	bool floor = is(api->name, "floor");

	bare = rounds(NULL, NULL, fds, n, o, count);
	q = api->open(&o->setup);
	if (!q)
		fail("%s: %s", api->name, strerror(errno));
	if (api->add(q, fds, n, 0))
		fail("%s: adding: %s", api->name, strerror(errno));
	if (o->sources > n && api->add(q, idle, o->sources - n, n))
		fail("%s: adding: %s", api->name, strerror(errno));
	/* Counters left from the bare run make everything ready at first. */
	if (!o->setup.level && !api->always_level) {
		uint32_t *cookies = calloc(n + 1, sizeof(*cookies));

		while (api->collect(q, cookies, n))
			;
		free(cookies);
	}
	cost = rounds(floor ? NULL : api, q, fds, n, o, count) - bare;
	api->close(q);
	free_eventfds(fds, n);
	free_eventfds(idle, o->sources > n ? o->sources - n : 0);
	return cost;
}

/* All sources are made ready, then all events are taken. */
double bench_deliver_batch(const struct api *api, const struct options *o)
{
	return deliver(api, o, o->sources, o->rounds);
}

/* One is made ready and taken, again and again; the other sources are idle. */
double bench_deliver_one(const struct api *api, const struct options *o)
{
	return deliver(api, o, 1, o->rounds);
}

/* As deliver-batch, but level-triggered, and read after each round. */
double bench_level(const struct api *api, const struct options *o)
{
	struct options level = *o;

	level.setup.level = true;
	return deliver(api, &level, o->sources, o->rounds);
}
