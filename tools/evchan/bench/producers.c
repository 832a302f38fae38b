// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several threads make sources ready all the time, and one thread takes the events in batches and
 * waits if there are none. This is the load on which epoll's list of ready descriptors with and
 * without a lock were compared. Each producer has sources of its own, and makes one ready again
 * only when its event was taken, so each write is one event. The cost includes the write.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define MAX_PRODUCERS	8
#define LOADS		4	/* 1, 2, 4 and 8 producers */
#define OWN_SOURCES	64	/* of a producer */
#define BATCH		64

static const struct api *const apis[] = { &api_epoll, &api_evchan, &api_kevent, &api_io_uring };

#define NR_APIS	(sizeof(apis) / sizeof(apis[0]))

struct load {
	unsigned int producers;
	unsigned int each;		/* events of a producer */
	unsigned long twice[NR_APIS];	/* events that no write made, in all runs */
};

/* Whether the event of a source was made and is not taken. It has a cache line of its own. */
struct pending {
	_Alignas(64) uint32_t set;
};

struct shared {
	const struct load *load;
	int *fds;
	struct pending *pending;
	pthread_barrier_t start;
};

struct producer {
	struct shared *s;
	unsigned int number;
	pthread_t thread;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	struct shared *s = p->s;

	pthread_barrier_wait(&s->start);
	for (unsigned int i = 0; i < s->load->each; i++) {
		unsigned int source = p->number * OWN_SOURCES + i % OWN_SOURCES;
		uint32_t *pending = &s->pending[source].set;

		while (__atomic_load_n(pending, __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(pending, 1, __ATOMIC_RELEASE);
		raise_one(s->fds[source]);
	}
	return NULL;
}

/* Account for @n events. Return: how many of them were made by a write. */
static unsigned int took(struct shared *s, const struct api *api, const uint32_t *cookies,
			 unsigned int n, unsigned long *twice)
{
	unsigned int right = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (cookies[i] >= s->load->producers * OWN_SOURCES)
			fail("%s: cookie %u", api->name, cookies[i]);
		if (__atomic_exchange_n(&s->pending[cookies[i]].set, 0, __ATOMIC_ACQ_REL))
			right++;
		else
			++*twice;
	}
	return right;
}

static double rate(const struct api *api, void *arg)
{
	struct load *load = arg;
	unsigned int n = load->producers * OWN_SOURCES, total = load->producers * load->each;
	struct options o = { .setup = { .variant = "", .batch = BATCH } };
	struct producer producers[MAX_PRODUCERS];
	struct shared s = { .load = load };
	unsigned int which = 0, taken = 0, ret;
	uint32_t cookies[BATCH];
	double start;
	void *q;

	while (apis[which] != api)
		which++;
	s.fds = make_eventfds(n);
	s.pending = aligned_alloc(sizeof(*s.pending), n * sizeof(*s.pending));
	for (unsigned int i = 0; i < n; i++)
		s.pending[i].set = 0;
	q = open_queue(api, &o, s.fds, n);
	/* Use every source once before the measurement, to warm up. */
	verify_sources(api, q, s.fds, n);
	pthread_barrier_init(&s.start, NULL, load->producers + 1);
	for (unsigned int i = 0; i < load->producers; i++) {
		producers[i] = (struct producer){ .s = &s, .number = i };
		if (pthread_create(&producers[i].thread, NULL, produce, &producers[i]))
			fail("cannot create a thread");
	}
	pthread_barrier_wait(&s.start);
	start = seconds();
	while (taken < total) {
		ret = api->wait(q, cookies, BATCH);
		taken += took(&s, api, cookies, ret, &load->twice[which]);
	}
	start = seconds() - start;
	for (unsigned int i = 0; i < load->producers; i++)
		pthread_join(producers[i].thread, NULL);
	while ((ret = api->collect(q, cookies, BATCH)))
		took(&s, api, cookies, ret, &load->twice[which]);
	pthread_barrier_destroy(&s.start);
	api->close(q);
	free_eventfds(s.fds, n);
	free(s.pending);
	return total / start;
}

/* The thread that takes is the one that creates the queue, so io_uring can do that too. */
static bool takes_part(const struct api *api, void *arg)
{
	(void)api;
	(void)arg;
	return true;
}

void bench_producers(unsigned int scale, unsigned int turns)
{
	struct paired_load runs[LOADS];
	struct load loads[LOADS];
	unsigned int n = 0;

	for (unsigned int producers = 1; producers <= MAX_PRODUCERS; producers *= 2, n++) {
		loads[n] = (struct load){
			.producers = producers, .each = 120000 / scale / producers,
		};
		runs[n] = (struct paired_load){
			.headline = producers == MAX_PRODUCERS, .arg = loads + n,
		};
		snprintf(runs[n].name, sizeof(runs[n].name), "@producers=%u", producers);
	}
	run_paired("producers", runs, n, turns, rate, takes_part);
	for (unsigned int l = 0; l < n; l++) {
		for (unsigned int i = 0; i < NR_APIS; i++) {
			char metric[96];

			snprintf(metric, sizeof(metric), "twice%.63s", runs[l].name);
			result("producers", apis[i]->name, metric, "events", loads[l].twice[i]);
		}
	}
}
