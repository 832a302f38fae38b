// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a queue that watches much, or that many watch. The peer is epoll sets in
 * place of the queues.
 */
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "latency.h"

#define NS	1000000000ULL
#define WAIT_US	50000

static int file, queue;
static int *timers;

static void watch(enum side s, int q, int fd)
{
	if (s == PEER)
		add_epoll(q, fd);
	else
		add_poll(s, q, fd);
}

static int small_queue(enum side s)
{
	return s == PEER ? new_epoll() : queue_open(s, s == EVCHAN ? 2 : 0);
}

static void prepare_close_watched(enum side s, unsigned int n)
{
	file = small_queue(s);
	for (unsigned int i = 0; i < n; i++)
		watch(s, small_queue(s), file);
}

static void act_close_watched(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	MUST(close(file));
	usleep(WAIT_US);
}

/* Half of them ready, in the ring or behind it. */
static void prepare_close(enum side s, unsigned int n)
{
	queue = small_queue(s);
	for (unsigned int i = 0; i < n; i++) {
		int fd = new_eventfd();

		watch(s, queue, fd);
		if (i % 2)
			write_eventfd(fd);
	}
}

static void act_close(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	MUST(close(queue));
	usleep(WAIT_US);
}

static void prepare_close_timers(enum side s, unsigned int n)
{
	struct itimerspec its = { .it_value = { 3600, 0 } };
	uint64_t when = now_ns() + 3600 * NS;

	queue = small_queue(s);
	timers = calloc(n, sizeof(*timers));
	for (unsigned int i = 0; i < n; i++) {
		if (s != PEER) {
			add_timer(s, queue, i, when, 0);
			continue;
		}
		timers[i] = (int)MUST(timerfd_create(CLOCK_MONOTONIC, 0));
		MUST(timerfd_settime(timers[i], 0, &its, NULL));
		add_epoll(queue, timers[i]);
	}
}

static void act_close_timers(enum side s, unsigned int n)
{
	MUST(close(queue));
	for (unsigned int i = 0; s == PEER && i < n; i++)
		MUST(close(timers[i]));
	usleep(WAIT_US);
}

static void prepare_close_futexes(enum side s, unsigned int n)
{
	uint32_t *words = calloc(n, sizeof(*words));

	queue = small_queue(s);
	for (unsigned int i = 0; i < n; i++)
		add_futex(s, queue, i, &words[i]);
}

/* All events are of one source, and have to be found in the ring. */
static void prepare_delete(enum side s, unsigned int n)
{
	queue = queue_open(s, n);
	add_user(s, queue, 1, false);
	for (unsigned int i = 0; i < n; i++)
		post_user(s, queue, 1);
}

static void act_delete(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	delete_user(queue, 1);
}

const struct test close_tests[] = {
	{ "close-watched", "close of a queue that queues watch", "of an epoll set that sets watch",
	  { 20000, 20000, 20000 }, prepare_close_watched, act_close_watched },
	{ "close-queue", "close of a queue that watches eventfds, half of them ready",
	  "of an epoll set that does", { 20000, 20000, 20000 }, prepare_close, act_close },
	{ "close-timers", "close of a queue with timers", "of an epoll set and its timerfds",
	  { 10000, 10000, 10000 }, prepare_close_timers, act_close_timers },
	{ "close-futexes", "close of a queue that waits for futexes", "none",
	  { 5000, 5000, 0 }, prepare_close_futexes, act_close },
	{ "delete", "removal of a source with a ring full of events", "none",
	  { 65536, 0, 0 }, prepare_delete, act_delete },
	{ 0 }
};
