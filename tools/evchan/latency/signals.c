// SPDX-License-Identifier: GPL-2.0-only
/*
 * A signal goes into every queue that has registered it, with siglock held and
 * interrupts off, from whoever sends it: a process, or the interrupt of a timer.
 *
 * The peer is a signalfd that as many epoll sets watch.
 */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "latency.h"

#define MAX_QUEUES	32	/* of a process for one signal */
#define WAITERS		40	/* of a queue; more than one lock hold wakes */
#define WAIT_US		20000

static enum side side;
static int queues[MAX_QUEUES];
static unsigned int min;

static int signal_epoll(int sig)
{
	int epoll = new_epoll();
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	add_epoll(epoll, (int)MUST(signalfd(-1, &set, SFD_NONBLOCK)));
	return epoll;
}

static void wait_for_one(unsigned int i)
{
	struct epoll_event event;

	if (side == PEER)
		MUST(epoll_wait(queues[i], &event, 1, -1));
	else
		queue_wait(side, queues[i], min);
}

static void prepare_for(enum side s, unsigned int n, int sig, unsigned int slots)
{
	side = s;
	for (unsigned int i = 0; i < n; i++) {
		if (side == PEER) {
			queues[i] = signal_epoll(sig);
			continue;
		}
		queues[i] = queue_open(side, slots);
		add_signal(side, queues[i], sig, false);
	}
}

static void send_signal(int sig)
{
	MUST(sigqueue(getpid(), sig, (union sigval){ .sival_int = 1 }));
}

static void prepare_realtime(enum side s, unsigned int n)
{
	prepare_for(s, n, SIGRTMIN, 64);
	min = 1;
	crowd_start(n, wait_for_one);
}

static void act_realtime(enum side s, unsigned int n)
{
	(void)s;
	send_signal(SIGRTMIN);
	crowd_await(n);
}

static void prepare_alarm(enum side s, unsigned int n)
{
	prepare_for(s, n, SIGALRM, 64);
	min = 1;
	crowd_start(n, wait_for_one);
}

static void act_alarm(enum side s, unsigned int n)
{
	struct itimerval soon = { .it_value = { 0, WAIT_US / 2 } };

	(void)s;
	MUST(setitimer(ITIMER_REAL, &soon, NULL));
	crowd_await(n);
}

static void prepare_full(enum side s, unsigned int n)
{
	prepare_for(s, n, SIGRTMIN, 2);
	for (unsigned int i = 0; i < n && s != PEER; i++)
		queue_fill(s, queues[i], 2);
}

static void act_full(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	send_signal(SIGRTMIN);
	usleep(WAIT_US);
}

static void prepare_backlog(enum side s, unsigned int n)
{
	side = s;
	for (unsigned int i = 0; i < n; i++) {
		if (side == PEER) {
			queues[i] = signal_epoll(SIGRTMIN);
			continue;
		}
		queues[i] = queue_with_backlog(side, SMALL_SLOTS, SMALL_BACKLOG);
		add_signal(side, queues[i], SIGRTMIN, false);
	}
	min = backlog_min(s, SMALL_SLOTS, SMALL_BACKLOG);
	crowd_start(n, wait_for_one);
}

static void wait_with_others(unsigned int i)
{
	struct pollfd pollfd = { .fd = queues[i % MAX_QUEUES], .events = POLLIN };

	if (side == PEER)
		MUST(poll(&pollfd, 1, -1));
	else
		queue_wait(side, pollfd.fd, min);
}

static void prepare_wake_all(enum side s, unsigned int n)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	side = s;
	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		if (side == PEER) {
			queues[i] = (int)MUST(signalfd(-1, &set, SFD_NONBLOCK));
			continue;
		}
		queues[i] = queue_open(side, 64);
		add_signal(side, queues[i], SIGRTMIN, true);
	}
	min = 1;
	crowd_start(n, wait_with_others);
}

const struct test signal_tests[] = {
	{ "signal", "sigqueue() of a signal that queues with a waiter each have",
	  "epoll sets with a waiter each watch a signalfd",
	  { MAX_QUEUES, MAX_QUEUES, MAX_QUEUES }, prepare_realtime, act_realtime },
	{ "signal-alarm", "the same, sent by the interrupt of ITIMER_REAL",
	  "epoll sets with a waiter each watch a signalfd",
	  { MAX_QUEUES, MAX_QUEUES, MAX_QUEUES }, prepare_alarm, act_alarm },
	{ "signal-wake-all", "sigqueue() to 32 queues, all of whose waiters it wakes",
	  "all of them poll() signalfds",
	  { MAX_QUEUES * WAITERS, MAX_QUEUES * WAITERS, MAX_QUEUES * WAITERS },
	  prepare_wake_all, act_full },
	{ "signal-full", "the same to queues whose rings are full",
	  "epoll sets watch a signalfd",
	  { MAX_QUEUES, MAX_QUEUES, MAX_QUEUES }, prepare_full, act_full },
	{ "signal-backlog", "the same to queues with a backlog and a waiter for more",
	  "epoll sets with a waiter each watch a signalfd",
	  { MAX_QUEUES, MAX_QUEUES, MAX_QUEUES }, prepare_backlog, act_full },
	{ 0 }
};
