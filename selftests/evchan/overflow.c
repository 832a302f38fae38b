// SPDX-License-Identifier: GPL-2.0-only
/* A full ring loses nothing and reorders nothing. */
#include "channel.h"

/* Open a channel of 8 slots that watches @n eventfds, with cookies from 0. */
static int open_with_eventfds(struct channel *c, int *fds, int n)
{
	if (channel_open(c, 8, 0))
		return -1;
	for (int i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (watch(c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, 0, i))
			return -1;
	}
	return 0;
}

TEST(overflow_in_order)
{
	struct evchan_event e;
	int fds[200], next = 0;
	struct channel c;

	ASSERT_EQ(open_with_eventfds(&c, fds, 200), 0);
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 200; i++)
			raise_eventfd(fds[i]);
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, EVCHAN_RING_CALL);
	EXPECT_EQ(counter(c.fd, "overflowed"), 192);
	do {
		while (take(&c, &e)) {
			EXPECT_EQ(e.data, next);
			EXPECT_EQ(e.flags & EVCHAN_EVENT_OVERFLOWED, next >= 8);
			EXPECT_EQ(read_eventfd(fds[e.data]), 3);
			next++;
		}
	} while (wait_events(&c, 0, 0) > 0);
	EXPECT_EQ(next, 200);
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, 0);
	EXPECT_EQ(counter(c.fd, "drained"), 192);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	channel_close(&c);
}

/* A post into a ring with room goes behind the sources in overflow. */
TEST(overflow_not_overtaken)
{
	struct evchan_event e;
	struct channel c;
	int fds[12];

	ASSERT_EQ(open_with_eventfds(&c, fds, 12), 0);
	for (int i = 0; i < 11; i++)
		raise_eventfd(fds[i]);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(take(&c, &e), 1);
	raise_eventfd(fds[11]);		/* this post also drains */
	for (int i = 8; i < 12; i++) {
		ASSERT_EQ(take(&c, &e), 1);
		EXPECT_EQ(e.data, i);
	}
	channel_close(&c);
}

/* A source that was drained waits in overflow again, behind others that still wait there. */
TEST(overflow_again)
{
	struct evchan_event e;
	struct channel c;
	int fds[16];

	ASSERT_EQ(open_with_eventfds(&c, fds, 16), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 16; i++)
			raise_eventfd(fds[i]);
		for (int i = 0; i < 3; i++) {
			ASSERT_EQ(take(&c, &e), 1);
			EXPECT_EQ(e.data, i);
		}
		/* The sources 8 to 10 are drained, 11 to 15 wait. */
		ASSERT_GE(wait_events(&c, 0, 0), 8);
		for (int i = 3; i < 9; i++) {
			ASSERT_EQ(take(&c, &e), 1);
			EXPECT_EQ(e.data, i);
		}
		raise_eventfd(fds[8]);
		for (int i = 9; i < 17; i++) {
			if (!take(&c, &e)) {
				ASSERT_GE(wait_events(&c, 0, 0), 1);
				ASSERT_EQ(take(&c, &e), 1);
			}
			EXPECT_EQ(e.data, i < 16 ? i : 8);
		}
		EXPECT_EQ(take(&c, &e), 0);
		EXPECT_EQ(wait_events(&c, 0, 0), 0);
		EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, 0);
	}
	for (int i = 0; i < 16; i++)
		close(fds[i]);
	channel_close(&c);
}

/* Each post into a ring with room also drains some of overflow, without a system call. */
TEST(post_drains)
{
	struct evchan_event e;
	int fds[40], next = 0;
	struct channel c;

	ASSERT_EQ(open_with_eventfds(&c, fds, 40), 0);
	for (int i = 0; i < 40; i++) {
		raise_eventfd(fds[i]);
		if (i < 36)
			continue;
		ASSERT_EQ(take(&c, &e), 1);
		EXPECT_EQ(e.data, next++);
		while (take(&c, &e))
			EXPECT_EQ(e.data, next++);
	}
	/* As many events as slots, and at least one more with each of the last three posts. */
	EXPECT_GE(next, 8 + 3);
	EXPECT_GE(counter(c.fd, "drained"), 3);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	channel_close(&c);
}

TEST(overflow_source_closed_or_deleted)
{
	struct evchan_event e;
	struct channel c;
	int fds[12], n = 0;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	for (int i = 0; i < 12; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN,
				i == 10 ? EVCHAN_REPORT_CLOSE : 0, i), 0);
		raise_eventfd(fds[i]);
	}
	close(fds[9]);		/* its event is in overflow and must still arrive */
	close(fds[10]);		/* likewise, and it must report the close */
	EXPECT_EQ(watch(&c, EVCHAN_DEL, EVCHAN_POLL, fds[8], 0, 0, 0), 0);
	EXPECT_EQ(counter(c.fd, "sources"), 9);
	do {
		while (take(&c, &e)) {
			EXPECT_NE(e.data, 8);
			if (e.data == 10)
				EXPECT_TRUE(e.events & EVCHAN_CLOSED);
			n++;
		}
	} while (wait_events(&c, 0, 0) > 0);
	EXPECT_EQ(n, 11);
	channel_close(&c);
}

/* A program may post any value: the sum saturates, and the event reports that. */
TEST(overflow_sum_saturates)
{
	struct evchan_change add = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 5 };
	struct evchan_change post = { .op = EVCHAN_POST, .type = EVCHAN_USER, .id = 5 };
	struct evchan_event e;
	struct channel c;

	ASSERT_EQ(channel_open(&c, 2, 0), 0);
	ASSERT_EQ(change(&c, &add), 0);
	post.args[0] = UINT64_MAX - 1;
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(change(&c, &post), 0);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(take(&c, &e), 1);
		EXPECT_EQ(e.value, UINT64_MAX - 1);
	}
	ASSERT_EQ(wait_events(&c, 0, 0), 1);
	ASSERT_EQ(take(&c, &e), 1);
	EXPECT_EQ(e.value, UINT64_MAX);
	EXPECT_EQ(e.extra[0], 3);
	channel_close(&c);
}

TEST_HARNESS_MAIN
