// SPDX-License-Identifier: GPL-2.0-only
/* A program writes anything into its ring: the kernel neither crashes nor hangs. */
#include "channel.h"

/* Garbage in the ring: the kernel neither crashes nor hangs, and other channels work. */
TEST(hostile_ring)
{
	int fds[64], seed = 1;
	struct evchan_event e;
	struct channel c, good;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(channel_open(&good, 8, 0), 0);
	for (int i = 0; i < 64; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN,
				i & 1 ? EVCHAN_LEVEL : 0, i), 0);
	}
	ASSERT_EQ(watch(&good, EVCHAN_ADD, EVCHAN_POLL, fds[0], POLLIN, 0, 7), 0);
	for (int round = 0; round < 200; round++) {
		unsigned char *p = (unsigned char *)c.header;

		for (size_t i = 0; i < 128; i++)
			p[rand_r((unsigned int *)&seed) % c.params.map_length] =
				rand_r((unsigned int *)&seed);
		c.header->head = ((uint64_t)rand_r((unsigned int *)&seed) << 33) + round;
		raise_eventfd(fds[round % 64]);
		wait_events(&c, 0, 0);
		wait_events(&c, 1, 0);
	}
	ASSERT_EQ(take(&good, &e), 1);
	EXPECT_EQ(e.data, 7);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	channel_close(&c);
	channel_close(&good);
}

static int stop;

/* Invert the state words of all slots, as fast as possible. */
static void *flip(void *arg)
{
	struct channel *c = arg;
	uint64_t n = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (unsigned int i = 0; i < c->params.entries; i++) {
			uint64_t lap = (n >> 3) + (n & 1);

			__atomic_store_n(&c->events[i].state, lap << 32 | (n & 3),
					 __ATOMIC_RELAXED);
		}
		__atomic_store_n(&c->header->head, n * 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED);
		n++;
	}
	return NULL;
}

/* The words change on another processor while the kernel posts, merges and drains. */
TEST(hostile_thread)
{
	struct evchan_change timer = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 100000, 100000 },
	};
	struct channel c, good;
	struct evchan_event e;
	int fds[32], n = 0;
	pthread_t t;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(channel_open(&good, 8, 0), 0);
	ASSERT_EQ(change(&c, &timer), 0);
	ASSERT_EQ(change(&good, &timer), 0);
	ASSERT_EQ(pthread_create(&t, NULL, flip, &c), 0);
	for (int i = 0; i < 32; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN,
				i & 1 ? EVCHAN_LEVEL : 0, i), 0);
	}
	for (int round = 0; round < 3000; round++) {
		raise_eventfd(fds[round % 32]);
		wait_events(&c, round & 1, 0);
	}
	/* Another channel's ring is not affected. */
	while (n < 20) {
		ASSERT_GE(wait_events(&good, 1, LONG_MS), 1);
		while (take(&good, &e))
			n += e.value;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	for (int i = 0; i < 32; i++)
		close(fds[i]);
	channel_close(&c);
	channel_close(&good);
}

TEST_HARNESS_MAIN
