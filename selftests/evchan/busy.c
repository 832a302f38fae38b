// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy polling: a waiting thread processes the network card's receive queue itself. The
 * environment variable EVCORE_TFTP has the address of a TFTP server behind a card that can busy
 * poll. QEMU has one for its guests, at 10.0.2.2. Without the variable the test is skipped.
 */
#include <arpa/inet.h>

#include "channel.h"

#define TRIES	50
#define LONGEST_US	1000000

/* Ask for a file that does not exist; the answer is a packet with an error. */
static bool ask(int s)
{
	return send(s, "\0\1none\0octet", 14, 0) == 14;
}

/* Take what is there; false if there was nothing. */
static bool answered(struct channel *c, int s)
{
	struct evchan_event e;
	char answer[1500];
	bool any = false;

	while (take(c, &e))
		any = true;
	while (recv(s, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	return any;
}

/* Packets that busy polling has received, in the whole system. */
static long polled_packets(void)
{
	char names[8192], values[8192];
	FILE *f = fopen("/proc/net/netstat", "r");
	long n = -1;

	while (f && fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		char *np, *vp, *name = strtok_r(names, " \n", &np);
		char *value = strtok_r(values, " \n", &vp);

		for (; name && value; name = strtok_r(NULL, " \n", &np),
				      value = strtok_r(NULL, " \n", &vp))
			if (!strcmp(name, "BusyPollRxPackets"))
				n = atol(value);
	}
	if (f)
		fclose(f);
	return n;
}

static int open_polling(struct channel *c, unsigned int us)
{
	struct evchan_params p = { .entries = 8, .busy_poll_us = us };

	return channel_open_params(c, &p);
}

TEST(busy_poll)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(69) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct channel idle, busy;
	long before;
	int i;

	if (!getenv("EVCORE_TFTP"))
		SKIP(return, "EVCORE_TFTP names no server");
	ASSERT_EQ(inet_pton(AF_INET, getenv("EVCORE_TFTP"), &to.sin_addr), 1);
	ASSERT_EQ(connect(s, (struct sockaddr *)&to, sizeof(to)), 0);
	ASSERT_EQ(open_polling(&idle, 0), 0);
	ASSERT_EQ(open_polling(&busy, LONGEST_US), 0);
	ASSERT_NE(busy.params.features & EVCHAN_FEAT_BUSY_POLL, 0);
	before = polled_packets();
	ASSERT_GE(before, 0);

	/* Busy polling was not requested, so nothing polls. */
	ASSERT_EQ(watch(&idle, EVCHAN_ADD, EVCHAN_POLL, s, POLLIN, 0, 1), 0);
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(ask(s));
		ASSERT_EQ(wait_events(&idle, 1, LONG_MS), 1);
		ASSERT_TRUE(answered(&idle, s));
	}
	EXPECT_EQ(polled_packets(), before);
	EXPECT_EQ(counter(idle.fd, "busy_polls"), -1);
	ASSERT_GE(watch(&idle, EVCHAN_DEL, EVCHAN_POLL, s, 0, 0, 0), 0);

	/* The queue learns from a received packet which card to poll. */
	ASSERT_EQ(watch(&busy, EVCHAN_ADD, EVCHAN_POLL, s, POLLIN, 0, 2), 0);
	ASSERT_TRUE(ask(s));
	ASSERT_EQ(wait_events(&busy, 1, LONG_MS), 1);
	ASSERT_TRUE(answered(&busy, s));

	/*
	 * Busy polling was requested, and the request is sent while a wait polls. Not every
	 * attempt succeeds: the poll may have ended before the answer comes.
	 */
	for (i = 0; i < TRIES && polled_packets() == before; i++) {
		struct waiter w = { .c = &busy, .min = 1 };
		long long polls = counter(busy.fd, "busy_polls");

		ASSERT_EQ(pthread_create(&w.thread, NULL, wait_thread, &w), 0);
		while (counter(busy.fd, "busy_polls") <= polls)
			sched_yield();
		ASSERT_TRUE(ask(s));
		pthread_join(w.thread, NULL);
		ASSERT_EQ(w.ret, 1);
		ASSERT_TRUE(answered(&busy, s));
	}
	EXPECT_GT(polled_packets(), before);
	EXPECT_GT(counter(busy.fd, "busy_polls"), 0);
	channel_close(&idle);
	channel_close(&busy);
	close(s);
}

TEST_HARNESS_MAIN
