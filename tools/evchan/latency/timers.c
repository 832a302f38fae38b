// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers of one user that expire at one moment: the hardware's interrupt runs all of
 * them. The peer is as many timerfds in an epoll set. A timerfd with a period is started
 * again by whoever reads it, and nobody does here, so after the first expiry it is quiet.
 */
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define NS	1000000000ULL
/* Long enough to start all timers; all of them are started before it is measured. */
#define AHEAD	(2 * NS)
#define LEAD_NS	10000000ULL

static enum side side;
static uint64_t moment;
static int queue;
static unsigned int min;

static void sleep_in_queue(unsigned int i)
{
	(void)i;
	queue_wait(side, queue, min);
}

static struct itimerspec spec(uint64_t interval)
{
	return (struct itimerspec){
		.it_value = { (time_t)(moment / NS), (long)(moment % NS) },
		.it_interval = { 0, (long)interval },
	};
}

static void add_timerfd(int epoll, uint64_t interval)
{
	int fd = (int)MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct itimerspec its = spec(interval);

	MUST(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	add_epoll(epoll, fd);
}

static void start_timers(enum side s, unsigned int n, bool periodic)
{
	side = s;
	moment = now_ns() + AHEAD;
	for (unsigned int i = 0; i < n; i++) {
		/* In kevent the period is the name, so each has another. */
		uint64_t interval = !periodic ? 0 : s == KEVENT ? i + 1 : 1;

		if (s == PEER)
			add_timerfd(queue, interval);
		else
			add_timer(s, queue, i, moment, interval);
	}
	if (now_ns() + LEAD_NS > moment)
		fail("%u timers take longer to start than %llu s", n, AHEAD / NS);
}

static void prepare_once(enum side s, unsigned int n)
{
	queue = s == PEER ? new_epoll() : queue_open(s, 65536);
	start_timers(s, n, false);
}

static void prepare_periodic(enum side s, unsigned int n)
{
	queue = s == PEER ? new_epoll() : queue_open(s, 65536);
	start_timers(s, n, true);
}

static void prepare_backlog(enum side s, unsigned int n)
{
	side = s;
	if (s == PEER) {
		queue = new_epoll();
	} else {
		queue = queue_with_backlog(s, BACKLOG_SLOTS, BACKLOG);
		min = backlog_min(s, BACKLOG_SLOTS, BACKLOG);
		crowd_start(1, sleep_in_queue);
	}
	start_timers(s, n, false);
}

/* Each expiry goes into the overflow list. */
static void prepare_full(enum side s, unsigned int n)
{
	if (s == PEER) {
		queue = new_epoll();
	} else {
		queue = queue_open(s, 2);
		queue_fill(s, queue, 2);
	}
	start_timers(s, n, false);
}

static void prepare_posix(enum side s, unsigned int n)
{
	struct itimerspec its;

	queue = s == PEER ? new_epoll() : queue_open(s, 65536);
	moment = now_ns() + AHEAD;
	its = spec(1);
	for (unsigned int i = 0; i < n; i++) {
		if (s == PEER)
			add_timerfd(queue, 1);
		else
			MUST(syscall(SYS_timer_settime, add_posix_timer(s, queue),
				     TFD_TIMER_ABSTIME, &its, NULL));
	}
}

/* From just before the moment until the timers have had some more periods. */
static void act(enum side s, unsigned int n)
{
	struct timespec until;

	(void)s;
	(void)n;
	moment += 2 * LEAD_NS;
	until = (struct timespec){ (time_t)(moment / NS), (long)(moment % NS) };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

const struct test timer_tests[] = {
	{ "timers-once", "timers expire at one moment", "timerfds in an epoll set",
	  { 10000, 10000, 10000 }, prepare_once, act },
	{ "timers-full", "the same, in a queue whose ring is full", "timerfds in an epoll set",
	  { 10000, 10000, 10000 }, prepare_full, act },
	{ "timers-backlog", "the same, in a queue with a backlog and a waiter for more",
	  "timerfds in an epoll set", { 1000, 1000, 1000 }, prepare_backlog, act },
	{ "timers-1ns", "timers of 1 ns expire first at one moment, and then go on",
	  "timerfds in an epoll set, their first expiry", { 1000, 1000, 1000 },
	  prepare_periodic, act },
	{ "timers-1ns-many", "more of them",
	  "timerfds in an epoll set, their first expiry", { 10000, 10000, 10000 },
	  prepare_periodic, act },
	{ "posix-timers", "POSIX timers of 1 ns expire first at one moment",
	  "timerfds in an epoll set, their first expiry", { 5000, 5000, 5000 },
	  prepare_posix, act },
	{ 0 }
};
