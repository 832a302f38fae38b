// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy polling: a wait runs the network card's receive queue itself. QEMU, at the
 * other end of the guest's card, answers TFTP requests.
 */
#include <arpa/inet.h>

#include "channel.h"

#define TFTP_SERVER	"10.0.2.2"
#define TRIES	50

/* 0, or the number of the step that failed. */
static int round_trip(struct channel *c, int s)
{
	struct evchan_event e;
	char answer[1500];

	/* A file that is not there: the answer is a packet that says so. */
	if (send(s, "\0\1none\0octet", 14, 0) != 14)
		return 1;
	if (wait_events(c, 1, LONG_MS) < 1)
		return 2;
	while (take(c, &e))
		;
	while (recv(s, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	return 0;
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

	inet_pton(AF_INET, TFTP_SERVER, &to.sin_addr);
	ASSERT_EQ(connect(s, (struct sockaddr *)&to, sizeof(to)), 0);
	ASSERT_EQ(open_polling(&idle, 0), 0);
	ASSERT_EQ(open_polling(&busy, 200000), 0);
	ASSERT_NE(busy.params.features & EVCHAN_FEAT_BUSY_POLL, 0);
	before = polled_packets();
	ASSERT_GE(before, 0);

	/* Not asked for: nothing polls. */
	ASSERT_EQ(watch(&idle, EVCHAN_ADD, EVCHAN_POLL, s, POLLIN, 0, 1), 0);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(round_trip(&idle, s), 0);
	EXPECT_EQ(polled_packets(), before);
	EXPECT_EQ(counter(idle.fd, "busy_polls"), -1);
	ASSERT_GE(watch(&idle, EVCHAN_DEL, EVCHAN_POLL, s, 0, 0, 0), 0);

	/* Asked for: sooner or later a wait receives the answer itself. */
	ASSERT_EQ(watch(&busy, EVCHAN_ADD, EVCHAN_POLL, s, POLLIN, 0, 2), 0);
	for (i = 0; i < TRIES && polled_packets() == before; i++)
		ASSERT_EQ(round_trip(&busy, s), 0);
	EXPECT_GT(polled_packets(), before);
	EXPECT_GT(counter(busy.fd, "busy_polls"), 0);
	channel_close(&idle);
	channel_close(&busy);
	close(s);
}

TEST_HARNESS_MAIN
