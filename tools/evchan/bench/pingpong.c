// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads, by default on one processor, wake each other. Both wait through the interface,
 * each on a queue of its own. Counters of eventfds are not read.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define BLOCK	PINGPONG_BLOCK

struct player {
	const struct api *api;
	const struct options *o;
	void *q;
	int own, other;		/* eventfds to wait for and to write to */
	unsigned int rounds, cpu;
	sem_t ready;
};

static void await(struct player *p)
{
	uint32_t cookie = 1;
	unsigned int n;

	while (!(n = p->api->wait(p->q, &cookie, 1)))
		if (errno != EINTR && errno != EAGAIN)
			fail("%s: cannot wait: %s", p->api->name, strerror(errno));
	if (n != 1 || cookie)
		fail("%s: %u events with cookie %u, expected 1 with 0", p->api->name, n, cookie);
}

/* Called in the thread that uses the queue, because some apis require that. */
static void prepare(struct player *p)
{
	pin_to_cpu(p->cpu);
	p->q = open_queue(p->api, p->o, &p->own, 1);
}

static void finish(struct player *p)
{
	uint32_t cookie;

	if (p->api->collect(p->q, &cookie, 1))
		fail("%s: one event more than expected came", p->api->name);
	p->api->close(p->q);
}

static void wake_other(struct player *p)
{
	if (p->o->pause)
		p->o->pause();
	raise_one(p->other);
}

static void *answer(void *arg)
{
	struct player *p = arg;

	prepare(p);
	sem_post(&p->ready);
	for (unsigned int i = 0; i < p->rounds; i++) {
		await(p);
		wake_other(p);
	}
	finish(p);
	return NULL;
}

/*
 * A round trip is two events, two waits and two context switches. It includes the two
 * writes that make the events, because their cost cannot be separated from the wake-ups.
 * The count of system calls does not include them.
 */
double bench_pingpong(const struct api *api, const struct options *o)
{
	unsigned int blocks = o->rounds / BLOCK ?: 1;
	double *taken = calloc(blocks, sizeof(*taken)), cost;
	int *fds = make_eventfds(2);
	struct player players[2];
	pthread_t t;

	for (int i = 0; i < 2; i++) {
		players[i] = (struct player){
			.api = api, .o = o, .own = fds[i], .other = fds[!i],
			.rounds = (blocks + 1) * BLOCK, .cpu = o->cpus[i],
		};
		sem_init(&players[i].ready, 0, 0);
	}
	prepare(&players[0]);
	if (pthread_create(&t, NULL, answer, &players[1]))
		fail("cannot create a thread");
	sem_wait(&players[1].ready);
	for (unsigned int b = 0; b <= blocks; b++) {
		double start = meter();

		for (unsigned int i = 0; i < BLOCK; i++) {
			wake_other(&players[0]);
			await(&players[0]);
		}
		if (b)	/* the first block warms up */
			taken[b - 1] = (meter() - start) / BLOCK;
		if (o->lap)
			o->lap();
	}
	pthread_join(t, NULL);
	finish(&players[0]);
	free_eventfds(fds, 2);
	cost = typical(taken, blocks) - (meter_kind == METER_SYSCALLS ? 2 : 0);
	free(taken);
	return cost;
}
