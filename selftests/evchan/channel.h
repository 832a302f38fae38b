/* SPDX-License-Identifier: GPL-2.0-only */
/* What most tests of the event channel start with: a channel of 8 slots, and an eventfd. */
#ifndef SELFTESTS_CHANNEL_H
#define SELFTESTS_CHANNEL_H

#include "events.h"
#include "harness.h"

FIXTURE(channel)
{
	struct channel c;
	int fd;
};

FIXTURE_SETUP(channel)
{
	ASSERT_EQ(channel_open(&self->c, 8, 0), 0);
	self->fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(channel)
{
	channel_close(&self->c);
	close(self->fd);
}

struct waiter {
	pthread_t thread;
	struct channel *c;
	unsigned int min;
	pid_t tid;
	int ret;
};

static inline void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = wait_events(w->c, w->min, LONG_MS);
	return NULL;
}

/* Start a thread that waits for @min events; returns once it sleeps. */
static inline int start_waiter(struct waiter *w, struct channel *c, unsigned int min)
{
	*w = (struct waiter){ .c = c, .min = min };
	if (pthread_create(&w->thread, NULL, wait_thread, w))
		return -1;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_asleep(w->tid, NR_EVCHAN_WAIT);
}

/* Post an event of eventfd @fd so that the wait returns; returns what the wait returned. */
static inline int end_waiter(struct waiter *w, int fd)
{
	int ret = watch(w->c, EVCHAN_SET, EVCHAN_POLL, fd, POLLIN, 0, 0);

	if (ret || raise_eventfd(fd) || pthread_join(w->thread, NULL))
		return -1;
	return w->ret;
}

#endif
