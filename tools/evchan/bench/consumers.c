// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pool of threads takes events from one queue and waits if it is empty. A thread makes
 * the source of each event that it took ready again, so the number of pending events is
 * constant. Each event must go to exactly one thread. The cost includes the call that makes
 * the source ready.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define MAX_THREADS	8
#define LOADS		8	/* 1, 2, 4 and 8 threads, batched and one at a time */
#define EVENTS		256	/* pending events */
#define BATCH		64

static const struct api *const apis[] = { &api_epoll, &api_evchan, &api_kevent, &api_io_uring };

#define NR_APIS	(sizeof(apis) / sizeof(apis[0]))

struct load {
	unsigned int threads, batch;
	unsigned int total;		/* events of a run */
	/* By interface: events taken twice in all runs; shares of the threads in the last. */
	unsigned long twice[NR_APIS];
	double shares[NR_APIS][MAX_THREADS];
};

struct shared {
	const struct api *api;
	struct load *load;
	void *q;
	int *fds;			/* the last one makes a thread stop */
	uint32_t *under_way;		/* per source: it was made ready and not taken */
	unsigned int taken, twice, running;
	pthread_barrier_t start;
};

struct worker {
	struct shared *s;
	unsigned int taken;
	pthread_t thread;
	double started, stopped;	/* times; events taken by all threads at the second */
	unsigned int reached;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct shared *s = w->s;
	uint32_t cookies[BATCH];
	bool stop = false;

	pthread_barrier_wait(&s->start);
	w->started = seconds();
	while (!stop) {
		unsigned int n = s->api->wait(s->q, cookies, s->load->batch);
		unsigned int taken = __atomic_add_fetch(&s->taken, n, __ATOMIC_RELAXED);
		/* After the last event of the run, sources are not made ready again. */
		bool more = taken < s->load->total;

		if (!more) {
			w->stopped = seconds();
			w->reached = taken;
		}
		for (unsigned int i = 0; i < n; i++) {
			if (cookies[i] == EVENTS) {
				stop = true;
				continue;
			}
			if (cookies[i] > EVENTS)
				fail("%s: cookie %u", s->api->name, cookies[i]);
			w->taken++;
			if (!__atomic_exchange_n(&s->under_way[cookies[i]], 0, __ATOMIC_ACQ_REL))
				__atomic_fetch_add(&s->twice, 1, __ATOMIC_RELAXED);
			if (!more)
				continue;
			__atomic_store_n(&s->under_way[cookies[i]], 1, __ATOMIC_RELEASE);
			raise_one(s->fds[cookies[i]]);
		}
		stop |= !more;
	}
	__atomic_fetch_sub(&s->running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Events per second, from the first thread's start until the total is reached. */
static double rate_of(const struct worker *workers, unsigned int n)
{
	const struct worker *last = workers;
	double started = workers->started;

	for (unsigned int i = 1; i < n; i++) {
		if (workers[i].started < started)
			started = workers[i].started;
		if (workers[i].reached && (!last->reached || workers[i].reached < last->reached))
			last = workers + i;
	}
	return last->reached / (last->stopped - started);
}

static double rate(const struct api *api, void *arg)
{
	struct load *load = arg;
	struct options o = {
		.setup = { .variant = "", .threads = load->threads > 1, .batch = BATCH },
	};
	struct worker workers[MAX_THREADS];
	struct shared s = { .api = api, .load = load, .running = load->threads };
	uint32_t cookie;
	unsigned int lost = 0, which = 0;

	while (apis[which] != api)
		which++;
	s.fds = make_eventfds(EVENTS + 1);
	s.under_way = calloc(EVENTS + 1, sizeof(*s.under_way));
	s.q = open_queue(api, &o, s.fds, EVENTS + 1);
	for (unsigned int i = 0; i < EVENTS; i++) {
		s.under_way[i] = 1;
		raise_one(s.fds[i]);
	}
	pthread_barrier_init(&s.start, NULL, load->threads);
	for (unsigned int i = 0; i < load->threads; i++) {
		workers[i] = (struct worker){ .s = &s };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail("cannot create a thread");
	}
	/* This thread sleeps, so that it does not disturb the measurement. */
	while (__atomic_load_n(&s.running, __ATOMIC_ACQUIRE) == load->threads)
		usleep(10000);
	while (__atomic_load_n(&s.running, __ATOMIC_ACQUIRE)) {
		raise_one(s.fds[EVENTS]);
		usleep(1000);
	}
	for (unsigned int i = 0; i < load->threads; i++)
		pthread_join(workers[i].thread, NULL);
	/* Events that were not taken are still in the queue; all others are lost. */
	while (api->collect(s.q, &cookie, 1))
		s.under_way[cookie] = 0;
	for (unsigned int i = 0; i < EVENTS; i++)
		lost += s.under_way[i];
	if (lost)
		fail("%s: %u of %u events lost", api->name, lost, EVENTS);
	load->twice[which] += s.twice;
	pthread_barrier_destroy(&s.start);
	for (unsigned int i = 0; i < load->threads; i++)
		load->shares[which][i] = 100.0 * workers[i].taken / s.taken;
	api->close(s.q);
	free_eventfds(s.fds, EVENTS + 1);
	free(s.under_way);
	return rate_of(workers, load->threads);
}

static bool takes_part(const struct api *api, void *arg)
{
	const struct load *load = arg;

	return !api->one_thread || load->threads == 1;
}

static void say(const struct load *load, const char *name, unsigned int which)
{
	char metric[96];

	snprintf(metric, sizeof(metric), "twice%.63s", name);
	result("consumers", apis[which]->name, metric, "events", load->twice[which]);
	for (unsigned int t = 0; t < load->threads; t++) {
		snprintf(metric, sizeof(metric), "share%.63s,thread=%u", name, t);
		result("consumers", apis[which]->name, metric, "percent", load->shares[which][t]);
	}
}

void bench_consumers(unsigned int scale, unsigned int turns)
{
	struct paired_load runs[LOADS];
	struct load loads[LOADS];
	unsigned int n = 0;

	for (unsigned int threads = 1; threads <= MAX_THREADS; threads *= 2) {
		for (int batched = 1; batched >= 0; batched--, n++) {
			loads[n] = (struct load){
				.threads = threads, .batch = batched ? BATCH : 1,
				.total = 120000 / scale,
			};
			runs[n] = (struct paired_load){
				.headline = batched && threads == 2, .arg = loads + n,
			};
			snprintf(runs[n].name, sizeof(runs[n].name), ":%s@threads=%u",
				 batched ? "batched" : "one", threads);
		}
	}
	run_paired("consumers", runs, n, turns, rate, takes_part);
	for (unsigned int l = 0; l < n; l++)
		for (unsigned int i = 0; i < NR_APIS; i++)
			if (takes_part(apis[i], loads + l))
				say(loads + l, runs[l].name, i);
}
