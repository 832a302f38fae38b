// SPDX-License-Identifier: GPL-2.0-only
/*
 * A post that wakes many threads or passes over many, and a futex that many sources wait
 * for. The peer of the first and the last is FUTEX_WAKE of as many threads.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "latency.h"

#define MANY		2000
#define FUTEXES		5000
#define WAIT_US		50000

static enum side side;
static int queue, event;
static unsigned int min;
static uint32_t word;

static void sleep_in_queue(unsigned int i)
{
	(void)i;
	queue_wait(side, queue, min);
}

static void sleep_in_futex(unsigned int i)
{
	(void)i;
	MUST(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL));
}

static void sleep_in_epoll(unsigned int i)
{
	struct epoll_event e;

	(void)i;
	MUST(epoll_wait(queue, &e, 1, -1));
}

static void wake_futex(void)
{
	MUST(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX));
}

static void prepare_wake_all(enum side s, unsigned int n)
{
	side = s;
	if (side == PEER) {
		crowd_start(n, sleep_in_futex);
		return;
	}
	queue = queue_open(side, 1024);
	add_user(side, queue, 1, true);
	min = 1;
	crowd_start(n, sleep_in_queue);
}

static void act_wake_all(enum side s, unsigned int n)
{
	if (s == PEER)
		wake_futex();
	else
		post_user(s, queue, 1);
	/* kevent_get_events() hands the event to one of them; the others sleep again. */
	if (s == KEVENT)
		usleep(WAIT_US);
	else
		crowd_await(n);
}

static void prepare_for_more(enum side s, unsigned int n)
{
	side = s;
	if (side == PEER) {
		queue = new_epoll();
		event = new_eventfd();
		add_epoll(queue, event);
		crowd_start(n, sleep_in_epoll);
		return;
	}
	queue = queue_with_backlog(side, BACKLOG_SLOTS, BACKLOG);
	add_user(side, queue, 1, true);
	min = backlog_min(s, BACKLOG_SLOTS, BACKLOG);
	crowd_start(n, sleep_in_queue);
}

static void act_for_more(enum side s, unsigned int n)
{
	(void)n;
	if (s == PEER)
		write_eventfd(event);
	else
		post_user(s, queue, 1);
	usleep(WAIT_US);
}

/* A kevent queue has one source for an address, so there are as many queues. */
static void prepare_futex(enum side s, unsigned int n)
{
	if (s == PEER) {
		crowd_start(n, sleep_in_futex);
		return;
	}
	if (s == EVCHAN)
		queue = queue_open(s, 65536);
	for (unsigned int i = 0; i < n; i++)
		add_futex(s, s == EVCHAN ? queue : queue_open(s, 0), i, &word);
}

static void act_futex(enum side s, unsigned int n)
{
	wake_futex();
	if (s == PEER)
		crowd_await(n);
	else
		usleep(WAIT_US);
}

static void prepare_futex_backlog(enum side s, unsigned int n)
{
	if (s == PEER) {
		crowd_start(n, sleep_in_futex);
		return;
	}
	side = s;
	queue = queue_with_backlog(side, BACKLOG_SLOTS, BACKLOG);
	min = backlog_min(s, BACKLOG_SLOTS, BACKLOG);
	crowd_start(1, sleep_in_queue);
	for (unsigned int i = 0; i < n; i++)
		add_futex(side, queue, i, &word);
}

const struct test waiter_tests[] = {
	{ "wake-all", "a post that wakes all waiters of a queue", "FUTEX_WAKE of all threads",
	  { MANY, MANY, MANY }, prepare_wake_all, act_wake_all },
	{ "wake-none", "a post to a queue with a backlog, all wait for more",
	  "an event for an epoll set in which all wait",
	  { MANY, MANY, MANY }, prepare_for_more, act_for_more },
	{ "futex", "FUTEX_WAKE of all sources that watch an address", "FUTEX_WAKE of all threads",
	  { FUTEXES, FUTEXES, FUTEXES }, prepare_futex, act_futex },
	{ "futex-backlog", "the same, in a queue with a backlog and a waiter for more",
	  "FUTEX_WAKE of all threads",
	  { 1000, 0, 1000 }, prepare_futex_backlog, act_futex },
	{ 0 }
};
