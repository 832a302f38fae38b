// SPDX-License-Identifier: GPL-2.0-only
/*
 * A round. Its contents are drawn from the seed. Producers make events, consumers take
 * them, and the controller disturbs them. Then the round waits until no more events come,
 * and judge.c checks the log.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "torture.h"

#define PRODUCERS	2
/* Much longer than a pending event needs in a slow guest. */
#define REST_NS		20000000000ULL

struct producer {
	pthread_t thread;
	unsigned int number;
	uint64_t seed;
};

/* Every source has one producer. */
static void *produce(void *arg)
{
	struct producer *p = arg;

	while (!world->stop_producing) {
		struct source *s = &world->sources[pick(&p->seed, world->nr_sources)];
		uint32_t burst = 1 + pick(&p->seed, 12);

		if (s->index % PRODUCERS != p->number)
			continue;
		while (burst-- && !world->stop_producing && !s->kind->produce(s))
			__atomic_store_n(&s->sent, s->sent + 1, __ATOMIC_RELEASE);
		if (one_in(&p->seed, 4))
			usleep(pick(&p->seed, 800));
	}
	return NULL;
}

static bool suits(const struct kind *k, const char *only)
{
	return (world->face == EVCHAN || !k->evchan_only) &&
	       (!only || !strcmp(only, k->name));
}

static int set_up(uint64_t *seed, const char *only)
{
	unsigned int wanted = 3 + pick(seed, 8), tries = 0;
	static const unsigned int sizes[] = { 2, 4, 8 };

	world->face = (enum face)pick(seed, FACES);
	world->by_commit = world->face >= KEVENT_RING && one_in(seed, 2);
	if (queue_open(world->face == EVCHAN ? sizes[pick(seed, 3)] : 2 + pick(seed, 7))) {
		complain(NULL, "cannot create a queue: %s", strerror(errno));
		return -1;
	}
	world->nr_consumers = 1 + pick(seed, 4);
	world->in_order = world->ec || world->by_commit || world->nr_consumers == 1;
	while (world->nr_sources < wanted && tries++ < 1000) {
		const struct kind *k = kinds[pick(seed, nr_kinds)];
		struct source *s = &world->sources[world->nr_sources];

		/* A process has only four such signals, one for each of the first sources. */
		if (k->class == MERGED && world->nr_sources >= 4)
			continue;
		if (!suits(k, only))
			continue;
		if (source_begin(s, world->nr_sources, k, seed)) {
			complain(s, "cannot set up the source: %s", strerror(errno));
			return -1;
		}
		world->nr_sources++;
		if (k->class == ONCE)
			s->there = true;
		else if (source_add(s))
			return -1;
	}
	return 0;
}

static void describe(char *text, size_t length)
{
	size_t at = 0;

	for (unsigned int i = 0; i < world->nr_sources; i++) {
		struct source *s = &world->sources[i];
		int n = snprintf(text + at, length - at, " %s/%s:%llu", s->kind->name,
				 s->mode == EDGE ? "edge" : s->mode == LEVEL ? "level" : "oneshot",
				 (unsigned long long)s->sent);

		if (n < 0 || at + (size_t)n >= length)
			break;
		at += (size_t)n;
	}
}

/* Returns 0, or 1 if a fault was found and printed. */
int run_round(uint64_t seed, unsigned int round, const char *only, double seconds,
	      bool leave_out_deleted)
{
	struct producer producers[PRODUCERS];
	uint64_t own = mix(seed, round), until, since;
	struct consumer last = { .seed = own };
	pthread_mutexattr_t attr;
	char text[1024] = "";
	sigset_t all;

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (world == MAP_FAILED)
		return 1;
	world->seed = seed;
	world->round = round;
	world->epoch = 1;
	world->leave_out_deleted = leave_out_deleted;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&world->ring_lock, &attr);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&all);
	if (set_up(&own, only))
		return 1;
	for (unsigned int i = 0; i < world->nr_consumers; i++)
		start_consumer(&world->consumers[i], mix(own, i + 10),
			       !world->by_commit && one_in(&own, 2));
	for (unsigned int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .number = i, .seed = mix(own, i + 100) };
		pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
	}
	until = now_ns() + (uint64_t)(seconds * 1e9);
	while (now_ns() < until && !world->stop_producing && world->failures < 10)
		disturb(&own);
	world->stop_producing = true;
	for (unsigned int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	since = now_ns();
	while (!quiet(since) && now_ns() < since + REST_NS)
		usleep(20000);
	/* Streams have no marked end: wait until no more events come. */
	for (uint64_t n = 0, before = 1; n != before && now_ns() < since + 2 * REST_NS;) {
		before = world->nr_log;
		for (unsigned int i = 0; i < world->nr_sources; i++) {
			struct source *s = &world->sources[i];

			/* The timer expired often enough: delete it, so that its events stop. */
			if (s->kind->class != CLOCK || !s->there || !quiet(since))
				continue;
			lock_source(s);
			if (s->there)
				source_del(s);
			pthread_mutex_unlock(&s->lock);
		}
		usleep(100000);
		n = world->nr_log;
	}
	stop_consumers(true);
	take_all(&last);
	judge(since);
	for (unsigned int i = 0; i < world->nr_sources; i++)
		if (world->sources[i].kind->class != ONCE && world->sources[i].there)
			source_del(&world->sources[i]);
	take_all(&last);
	describe(text, sizeof(text));
	if (world->failures)
		complain(NULL, "sources of the round, with the numbers sent:%s", text);
	queue_close();
	for (unsigned int i = 0; i < world->nr_sources; i++)
		source_end(&world->sources[i]);
	return world->failures > 0;
}
