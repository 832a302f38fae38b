// SPDX-License-Identifier: GPL-2.0-only
/* The ring says anything: the kernel neither crashes nor hangs. */
#include "channel.h"

/* The ring says anything: the kernel neither crashes nor hangs, others go on. */
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

TEST_HARNESS_MAIN
