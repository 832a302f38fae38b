/* SPDX-License-Identifier: GPL-2.0-only */
/* What most tests of kevent start with: a queue of each kind, and an eventfd. */
#ifndef SELFTESTS_QUEUE_H
#define SELFTESTS_QUEUE_H

#include "events.h"
#include "harness.h"

/* A queue without a ring, with a ring of the kernel's, and with one in the program's memory. */
FIXTURE(queue)
{
	struct queue q;
	int fd;
	void *memory;
};

FIXTURE_VARIANT(queue)
{
	unsigned int num;
	bool own;
};

FIXTURE_VARIANT_ADD(queue, without_ring) { .num = 0 };
FIXTURE_VARIANT_ADD(queue, with_ring) { .num = 8 };
FIXTURE_VARIANT_ADD(queue, with_own_ring) { .num = 8, .own = true };

FIXTURE_SETUP(queue)
{
	if (variant->own) {
		self->memory = aligned_alloc(4096, 4096);
		ASSERT_EQ(queue_open_own(&self->q, variant->num, self->memory), 0);
	} else {
		ASSERT_EQ(queue_open(&self->q, variant->num, 0), 0);
	}
	self->fd = eventfd(0, EFD_NONBLOCK);
}

FIXTURE_TEARDOWN(queue)
{
	queue_close(&self->q);
	close(self->fd);
	free(self->memory);
}

struct fetcher {
	pthread_t thread;
	struct queue *q;
	struct ukevent *out;	/* room for 4; NULL: fetch into a local buffer */
	pid_t tid;
	int ret;
};

static inline void *fetch_thread(void *arg)
{
	struct fetcher *f = arg;
	struct ukevent own[4];

	__atomic_store_n(&f->tid, gettid(), __ATOMIC_RELEASE);
	f->ret = get_events(f->q, 1, 4, UINT32_MAX, f->out ?: own);
	return NULL;
}

/* Start a thread that fetches one to four events; returns once it sleeps. */
static inline int start_fetcher(struct fetcher *f, struct queue *q)
{
	*f = (struct fetcher){ .q = q };
	if (pthread_create(&f->thread, NULL, fetch_thread, f))
		return -1;
	while (!__atomic_load_n(&f->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_asleep(f->tid, NR_KEVENT_GET_EVENTS);
}

#endif
