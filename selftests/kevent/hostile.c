// SPDX-License-Identifier: GPL-2.0-only
/* kevent: a program writes anything into its ring; the kernel neither crashes nor trusts it. */
#include "queue.h"

static int stop;

static void *scribble(void *arg)
{
	struct queue *q = arg;
	uint32_t n = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		q->ring->ring_kidx = n * 2654435761u;
		q->ring->ring_over = n * 40503u;
		for (unsigned int i = 0; i < q->num; i++)
			memset(&q->ring->event[i], n, sizeof(struct ukevent));
		n++;
	}
	return NULL;
}

/* Another thread writes into the ring while the kernel posts, waits and commits. */
TEST_F(queue, hostile_ring)
{
	struct ukevent uk, out[4];
	pthread_t t;
	int got = 0;
	int fds[20];

	if (!self->q.ring)
		return;
	for (int i = 0; i < 20; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		uk = request(KEVENT_POLL, fds[i], POLLIN, i & 1 ? 0 : KEVENT_REQ_ET, i);
		ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	}
	ASSERT_EQ(pthread_create(&t, NULL, scribble, &self->q), 0);
	for (int round = 0; round < 3000; round++) {
		uint32_t over = self->q.ring->ring_over, idx = self->q.ring->ring_kidx;
		int n;

		raise_eventfd(fds[round % 20]);
		n = queue_wait(&self->q, 8, round % 8, 0);
		ASSERT_TRUE(n >= 0 && n <= 8);
		n = commit(&self->q, idx, over);
		ASSERT_TRUE(n == -EINVAL || n == -EOVERFLOW || (n >= 0 && n <= 8));
		n = get_events(&self->q, 0, 4, 0, out);
		ASSERT_TRUE(n >= 0 && n <= 4);
		got += n;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	EXPECT_GT(got, 1000);	/* the contents are garbage, but there are events */
	/* Left alone, the ring is valid again once the overwritten entries have been taken. */
	while (get_events(&self->q, 0, 4, 0, out) > 0)
		for (int i = 0; i < 20; i++)
			read_eventfd(fds[i]);
	raise_eventfd(fds[6]);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].user[0], 6);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
