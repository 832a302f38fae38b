// SPDX-License-Identifier: GPL-2.0-only
/* Bits that are reported hold: what the key of a wake-up says beyond that is not reported. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "channel.h"

static int tcp_pair(int s[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(a);

	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&a, size) || listen(listener, 1) ||
	    getsockname(listener, (void *)&a, &size) || connect(s[0], (void *)&a, size))
		return -1;
	s[1] = accept(listener, NULL, NULL);
	close(listener);
	return s[1] < 0 ? -1 : 0;
}

static uint32_t poll_bits(int fd, short events, int ms)
{
	struct pollfd p = { fd, events, 0 };

	return poll(&p, 1, ms) < 0 ? ~0U : (uint32_t)p.revents;
}

/* The bits of the next event of the channel, which must be about @fd; 0 if there is none. */
static uint32_t next_bits(struct channel *c, int fd)
{
	struct evchan_event e;

	if (wait_events(c, 0, 0) < 0 || !take(c, &e))
		return 0;
	return (uint32_t)e.id == (uint32_t)fd ? e.events : ~0U;
}

static void watch_both(struct __test_metadata *_metadata, struct channel *edge,
		       struct channel *level, int fd, uint32_t events)
{
	ASSERT_EQ(channel_open(edge, 8, 0), 0);
	ASSERT_EQ(channel_open(level, 8, 0), 0);
	ASSERT_EQ(watch(edge, EVCHAN_ADD, EVCHAN_POLL, fd, events, 0, 1), 0);
	ASSERT_EQ(watch(level, EVCHAN_ADD, EVCHAN_POLL, fd, events, EVCHAN_LEVEL, 1), 0);
}

TEST(ordinary_byte_is_not_urgent)
{
	struct channel edge, level;
	int s[2];

	ASSERT_EQ(tcp_pair(s), 0);
	watch_both(_metadata, &edge, &level, s[1], POLLPRI);
	ASSERT_EQ(write(s[0], "a", 1), 1);
	ASSERT_EQ(poll_bits(s[1], POLLIN, LONG_MS), POLLIN);
	EXPECT_EQ(next_bits(&edge, s[1]), 0);
	EXPECT_EQ(next_bits(&level, s[1]), 0);
	ASSERT_EQ(send(s[0], "u", 1, MSG_OOB), 1);
	ASSERT_EQ(poll_bits(s[1], POLLPRI, LONG_MS), POLLPRI);
	EXPECT_EQ(next_bits(&edge, s[1]), POLLPRI);
	EXPECT_EQ(next_bits(&level, s[1]), POLLPRI);
	channel_close(&edge);
	channel_close(&level);
	close(s[0]);
	close(s[1]);
}

/* With both bits requested, an event has both if both hold, and otherwise the one that holds. */
TEST(urgent_and_ordinary)
{
	struct channel edge, level;
	int s[2];

	ASSERT_EQ(tcp_pair(s), 0);
	watch_both(_metadata, &edge, &level, s[1], POLLIN | POLLPRI);
	ASSERT_EQ(write(s[0], "a", 1), 1);
	ASSERT_EQ(poll_bits(s[1], POLLIN, LONG_MS), POLLIN);
	EXPECT_EQ(next_bits(&edge, s[1]), POLLIN);
	EXPECT_EQ(next_bits(&level, s[1]), POLLIN);
	ASSERT_EQ(send(s[0], "u", 1, MSG_OOB), 1);
	ASSERT_EQ(poll_bits(s[1], POLLPRI, LONG_MS), POLLPRI);
	EXPECT_EQ(next_bits(&edge, s[1]), POLLIN | POLLPRI);
	EXPECT_EQ(next_bits(&level, s[1]), POLLIN | POLLPRI);
	channel_close(&edge);
	channel_close(&level);
	close(s[0]);
	close(s[1]);
}

TEST(full_pipe_is_not_writable)
{
	struct channel edge, level;
	static char page[4096];
	int p[2];

	ASSERT_EQ(pipe2(p, O_NONBLOCK), 0);
	fcntl(p[1], F_SETPIPE_SZ, 8192);
	while (write(p[1], page, sizeof(page)) > 0)
		;
	watch_both(_metadata, &edge, &level, p[1], POLLOUT);
	ASSERT_EQ(read(p[0], page, 1), 1);
	ASSERT_EQ(poll_bits(p[1], POLLOUT, 0), 0);
	EXPECT_EQ(next_bits(&edge, p[1]), 0);
	EXPECT_EQ(next_bits(&level, p[1]), 0);
	ASSERT_EQ(read(p[0], page, sizeof(page)), sizeof(page));
	ASSERT_EQ(poll_bits(p[1], POLLOUT, 0), POLLOUT);
	EXPECT_EQ(next_bits(&edge, p[1]), POLLOUT);
	EXPECT_EQ(next_bits(&level, p[1]), POLLOUT);
	channel_close(&edge);
	channel_close(&level);
	close(p[0]);
	close(p[1]);
}

TEST(eventfd_of_0_is_not_readable)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct channel edge, level;
	uint64_t zero = 0;

	watch_both(_metadata, &edge, &level, fd, POLLIN);
	ASSERT_EQ(write(fd, &zero, sizeof(zero)), 8);
	EXPECT_EQ(next_bits(&edge, fd), 0);
	EXPECT_EQ(next_bits(&level, fd), 0);
	raise_eventfd(fd);
	EXPECT_EQ(next_bits(&edge, fd), POLLIN);
	EXPECT_EQ(next_bits(&level, fd), POLLIN);
	channel_close(&edge);
	channel_close(&level);
	close(fd);
}

/* After a reset the first event has all bits that hold, not only the error. */
TEST(reset_reports_all_at_once)
{
	const uint32_t all = POLLIN | POLLOUT | POLLRDHUP;
	struct linger now = { .l_onoff = 1 };
	struct channel edge, level;
	struct evchan_event e;
	int s[2];

	ASSERT_EQ(tcp_pair(s), 0);
	watch_both(_metadata, &edge, &level, s[1], all);
	EXPECT_EQ(next_bits(&edge, s[1]), POLLOUT);
	EXPECT_EQ(next_bits(&level, s[1]), POLLOUT);
	ASSERT_EQ(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(s[0]);
	ASSERT_NE(poll_bits(s[1], POLLRDHUP, LONG_MS), 0);
	/* An event that is in the ring already, before any call, has all the bits too. */
	EXPECT_EQ(take(&edge, &e) ? e.events : next_bits(&edge, s[1]), poll_bits(s[1], all, 0));
	EXPECT_EQ(take(&level, &e) ? e.events : next_bits(&level, s[1]),
		  poll_bits(s[1], all, 0));
	channel_close(&edge);
	channel_close(&level);
	close(s[1]);
}

/* Modify to bits for which the wake-up's key is not enough, and back. */
TEST(modify_changes_what_is_believed)
{
	struct channel c;
	int s[2];

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(tcp_pair(s), 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(watch(&c, i ? EVCHAN_MOD : EVCHAN_ADD, EVCHAN_POLL, s[1], POLLPRI, 0, 1),
			  0);
		ASSERT_EQ(write(s[0], "a", 1), 1);
		ASSERT_EQ(poll_bits(s[1], POLLIN, LONG_MS), POLLIN);
		EXPECT_EQ(next_bits(&c, s[1]), 0);
		ASSERT_EQ(watch(&c, EVCHAN_MOD, EVCHAN_POLL, s[1], POLLIN, 0, 1), 0);
		EXPECT_EQ(next_bits(&c, s[1]), POLLIN);
	}
	channel_close(&c);
	close(s[0]);
	close(s[1]);
}

TEST_HARNESS_MAIN
