// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several processors post into one queue at once. The cost includes the call that makes a
 * source ready.
 *
 * Batched: each thread makes its own sources ready; when all have done so, the first thread
 * takes the events. One at a time: each thread makes one source ready and takes one event,
 * its own or that of another thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define SOURCES		1000
#define MAX_CPUS	8
#define LOADS		8	/* 1, 2, 4 and 8 processors, batched and one at a time */
/* Sources of a thread that works one at a time; more than can have events pending. */
#define OWN_SOURCES	64

struct load {
	unsigned int cpus;
	bool batched;
	unsigned int rounds;
};

struct shared {
	const struct api *api;
	const struct load *load;
	void *q;
	int *fds;
	unsigned int n;
	unsigned int arrived;	/* arrivals at the barrier so far */
	uint32_t *taken;	/* events taken, per source */
};

struct worker {
	struct shared *s;
	unsigned int number;
	pthread_t thread;
};

/* Wait for all threads. Each has a processor of its own, so it need not sleep. */
static void barrier(struct shared *s)
{
	unsigned int cpus = s->load->cpus;
	unsigned int mine = __atomic_add_fetch(&s->arrived, 1, __ATOMIC_ACQ_REL);
	unsigned int all = (mine + cpus - 1) / cpus * cpus;

	while ((int)(__atomic_load_n(&s->arrived, __ATOMIC_ACQUIRE) - all) < 0)
		__builtin_ia32_pause();
}

static void batched(struct shared *s, unsigned int number)
{
	unsigned int part = s->n / s->load->cpus;
	uint32_t *cookies = calloc(s->n + 1, sizeof(*cookies));
	uint32_t *marks = calloc(s->n, sizeof(*marks));

	for (unsigned int round = 1; round <= s->load->rounds; round++) {
		raise_all(s->fds + number * part, part);
		barrier(s);
		if (!number) {
			unsigned int got = 0, ret, dry = 0;

			/* Another processor may not have finished its wake-up yet. */
			while (got < s->n && dry < 1000000) {
				ret = s->api->collect(s->q, cookies + got, s->n + 1 - got);
				got += ret;
				dry = ret ? 0 : dry + 1;
			}
			check_once(s->api->name, cookies, got, s->n, marks, round);
		}
		barrier(s);
	}
	free(cookies);
	free(marks);
}

static void one_at_a_time(struct shared *s, unsigned int number)
{
	const int *mine = s->fds + number * OWN_SOURCES;
	uint32_t cookie;

	for (unsigned int i = 0; i < s->load->rounds * SOURCES / s->load->cpus; i++) {
		raise_one(mine[i % OWN_SOURCES]);
		while (!s->api->collect(s->q, &cookie, 1))
			__builtin_ia32_pause();
		if (cookie >= s->n)
			fail("%s: cookie %u", s->api->name, cookie);
		__atomic_fetch_add(&s->taken[cookie], 1, __ATOMIC_RELAXED);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pin_to_cpu(w->number);
	barrier(w->s);
	if (w->s->load->batched)
		batched(w->s, w->number);
	else
		one_at_a_time(w->s, w->number);
	return NULL;
}

static double rate(const struct api *api, void *arg)
{
	const struct load *load = arg;
	struct worker workers[MAX_CPUS];
	struct shared s = {
		.api = api, .load = load,
		.n = load->batched ? SOURCES / load->cpus * load->cpus :
				     OWN_SOURCES * load->cpus,
	};
	struct options o = {
		.setup = { .variant = "", .threads = load->cpus > 1 && !load->batched },
	};
	unsigned int each = load->rounds * SOURCES / load->cpus / OWN_SOURCES;
	double start;

	s.fds = make_eventfds(s.n);
	s.taken = calloc(s.n, sizeof(*s.taken));
	s.q = open_queue(api, &o, s.fds, s.n);
	/* Use every source once before the measurement, to warm up. */
	verify_sources(api, s.q, s.fds, s.n);
	for (unsigned int i = 0; i < load->cpus; i++)
		workers[i] = (struct worker){ .s = &s, .number = i };
	start = seconds();
	for (unsigned int i = 1; i < load->cpus; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail("cannot create a thread");
	work(&workers[0]);
	for (unsigned int i = 1; i < load->cpus; i++)
		pthread_join(workers[i].thread, NULL);
	start = seconds() - start;
	for (unsigned int i = 0; !load->batched && i < s.n; i++) {
		unsigned int k = i % OWN_SOURCES;
		unsigned int wanted = each + (k < load->rounds * SOURCES / load->cpus % OWN_SOURCES);

		if (s.taken[i] != wanted)
			fail("%s: source %u had %u events, not %u", api->name, i, s.taken[i], wanted);
	}
	api->close(s.q);
	free_eventfds(s.fds, s.n);
	free(s.taken);
	if (load->batched)
		return load->rounds * s.n / start;
	return load->rounds * SOURCES / load->cpus * load->cpus / start;
}

/* Several threads cannot read an io_uring completion ring. */
static bool takes_part(const struct api *api, void *arg)
{
	const struct load *load = arg;

	return !api->one_thread || load->cpus == 1 || load->batched;
}

/* With more threads than processors the result would be that of the scheduler. */
void bench_smp(unsigned int scale, unsigned int turns)
{
	unsigned int most = sysconf(_SC_NPROCESSORS_ONLN), n = 0;
	struct paired_load runs[LOADS];
	struct load loads[LOADS];

	if (most > MAX_CPUS)
		most = MAX_CPUS;
	for (unsigned int cpus = 1; cpus <= most; cpus *= 2) {
		for (int batched = 1; batched >= 0; batched--, n++) {
			loads[n] = (struct load){
				.cpus = cpus, .batched = batched, .rounds = 40 / scale ?: 1,
			};
			runs[n] = (struct paired_load){
				.headline = batched && cpus * 2 > most, .arg = loads + n,
			};
			snprintf(runs[n].name, sizeof(runs[n].name), ":%s@cpus=%u",
				 batched ? "batched" : "one", cpus);
		}
	}
	run_paired("smp", runs, n, turns, rate, takes_part);
}
