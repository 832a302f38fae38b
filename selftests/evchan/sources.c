// SPDX-License-Identifier: GPL-2.0-only
/* What each type of source says. */
#include <netinet/in.h>

#include "channel.h"

TEST_F(channel, user_posts)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 7, .data = 3 };
	struct channel *c = &self->c;
	uint64_t sum = 0, posts = 0;
	struct evchan_event e;

	ASSERT_EQ(change(c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (uint64_t i = 1; i <= 20; i++) {	/* more than there are slots */
		ch.args[0] = i;
		ASSERT_EQ(change(c, &ch), 0);
	}
	do {
		while (take(c, &e)) {
			EXPECT_EQ(e.id, 7);
			EXPECT_EQ(e.data, 3);
			sum += e.value;
			posts += e.extra[0];
		}
	} while (wait_events(c, 0, 0) > 0);
	EXPECT_EQ(sum, 210);
	EXPECT_EQ(posts, 20);
	ch.id = 8;
	EXPECT_EQ(change(c, &ch), -ENOENT);
}

TEST_F(channel, timer_counts_every_period)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 2000000, 2000000 },
	};
	struct timespec a, b;
	struct evchan_event e;
	uint64_t n = 0, elapsed;

	clock_gettime(CLOCK_MONOTONIC, &a);
	ASSERT_EQ(change(&self->c, &ch), 0);
	while (n < 50) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e))
			n += e.value;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	elapsed = (b.tv_sec - a.tv_sec) * 1000000000ULL + b.tv_nsec - a.tv_nsec;
	EXPECT_LE(n, elapsed / 2000000);
	ch.op = EVCHAN_DEL;
	EXPECT_GE(change(&self->c, &ch), 0);
}

/* The period is shorter than the timer may fire: it counts all the same. */
TEST_F(channel, timer_short_period)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 1000, 1000 },
	};
	struct evchan_event e;
	uint64_t n = 0, events = 0;

	ASSERT_EQ(change(&self->c, &ch), 0);
	while (n < 20000) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e)) {
			n += e.value;
			events++;
		}
	}
	EXPECT_LE(events, n / 40);
}

TEST_F(channel, timer_absolute_and_once)
{
	struct __kernel_timespec at = at_ms(CLOCK_REALTIME, 20);
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_REALTIME, at.tv_sec * 1000000000ULL + at.tv_nsec, 0,
			  EVCHAN_TIMER_ABSTIME },
	};
	struct evchan_event e;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 1);
	EXPECT_EQ(wait_events(&self->c, 1, 30), 0);
}

TEST_F(channel, socket_bits)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct channel *c = &self->c;
	socklen_t len = sizeof(at);
	struct evchan_event e;
	int conn;

	ASSERT_EQ(bind(server, (void *)&at, sizeof(at)), 0);
	ASSERT_EQ(listen(server, 5), 0);
	ASSERT_EQ(getsockname(server, (void *)&at, &len), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, server, EVCHAN_ACCEPT, 0, 1), 0);
	ASSERT_EQ(connect(client, (void *)&at, sizeof(at)), 0);
	ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 1);
	EXPECT_EQ(e.events, EVCHAN_ACCEPT);
	EXPECT_EQ(e.value, 1);
	conn = accept(server, NULL, NULL);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, conn, EVCHAN_RECV, 0, 2), 0);
	ASSERT_EQ(send(client, "hello", 5, 0), 5);
	ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	EXPECT_EQ(e.events, EVCHAN_RECV);
	EXPECT_EQ(e.value, 5);
	close(client);		/* FIN: woken without being told why */
	ASSERT_GE(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_SOCKET, conn, EVCHAN_SEND, 0, 3), 0);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_SEND);
	close(conn);
	close(server);
}

TEST_HARNESS_MAIN
