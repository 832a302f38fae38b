// SPDX-License-Identifier: GPL-2.0-only
/* An event is complete at the very moment at which it becomes visible. */
#include <sched.h>
#include <time.h>

#include "channel.h"

/* Does not divide the ring's size, so a slot's old contents are another source's. */
#define NR_SOURCES	3
#define LIMIT_S		12	/* in s; a slow machine does fewer rounds */

struct poster {
	struct channel *c;
	int fd[NR_SOURCES];
	bool locked;		/* post user events, which take the path with the lock */
	unsigned int events, taken;
	bool stop;
};

/* Post the next event once the last was taken: the other thread spins on its slot. */
static void *post_in_turn(void *arg)
{
	struct poster *p = arg;

	for (unsigned int i = 0; i < p->events; i++) {
		struct evchan_change ch = {
			.op = EVCHAN_POST, .type = EVCHAN_USER, .id = i % NR_SOURCES,
		};

		for (int n = 1; __atomic_load_n(&p->taken, __ATOMIC_ACQUIRE) < i; n++) {
			if (__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
				return NULL;
			if (!(n % 20000))
				sched_yield();
		}
		if (!p->locked)
			raise_eventfd(p->fd[i % NR_SOURCES]);
		else if (change(p->c, &ch))
			break;
	}
	return NULL;
}

FIXTURE(payload)
{
	struct channel c;
	struct poster p;
};

FIXTURE_VARIANT(payload)
{
	bool locked;
};

FIXTURE_VARIANT_ADD(payload, wake_up) { .locked = false };
FIXTURE_VARIANT_ADD(payload, with_lock) { .locked = true };

FIXTURE_SETUP(payload)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };

	ASSERT_EQ(channel_open(&self->c, 8, 0), 0);
	self->p.c = &self->c;
	self->p.locked = variant->locked;
	for (int i = 0; i < NR_SOURCES; i++) {
		self->p.fd[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->p.fd[i], POLLIN, 0, i), 0);
		ch.id = ch.data = i;
		ASSERT_EQ(change(&self->c, &ch), 0);
	}
}

FIXTURE_TEARDOWN(payload)
{
	for (int i = 0; i < NR_SOURCES; i++)
		close(self->p.fd[i]);
	channel_close(&self->c);
}

/*
 * An event that is visible is complete: everything else was written before its state. The
 * cookie is read right after the state, because that is the shortest time in which it could
 * still be the cookie of the previous event.
 */
TEST_F(payload, payload_before_state)
{
	struct evchan_event e;
	time_t end = time(NULL) + LIMIT_S;
	pthread_t t;

	self->p.events = 50000;
	ASSERT_EQ(pthread_create(&t, NULL, post_in_turn, &self->p), 0);
	for (unsigned int i = 0; i < self->p.events && time(NULL) < end; i++) {
		struct evchan_event *slot = &self->c.events[i % 8];
		uint64_t state, data;

		for (int n = 1;; n++) {
			state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
			data = __atomic_load_n(&slot->data, __ATOMIC_RELAXED);
			if (state >> 32 == i / 8 + 1 && (uint32_t)state)
				break;
			if (!(n % 20000))
				sched_yield();
		}
		ASSERT_EQ(data, i % NR_SOURCES);
		ASSERT_EQ(take(&self->c, &e), 1);
		ASSERT_EQ(e.data, i % NR_SOURCES);
		__atomic_store_n(&self->p.taken, i + 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&self->p.stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
}

TEST_HARNESS_MAIN
