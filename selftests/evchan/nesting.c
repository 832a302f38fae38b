// SPDX-License-Identifier: GPL-2.0-only
/* Channels and epoll sets that watch each other: no recursion, no deadlock, bounded work. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "channel.h"

enum { CHAIN = 300 };

static int epoll_watch(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

/* channel -> epoll set -> channel ...: poll() of the first returns, with a bounded stack. */
TEST(long_chain_with_epoll)
{
	static struct channel c[CHAIN];
	struct rlimit files = { 4096, 4096 };
	struct evchan_event e;
	static int ep[CHAIN];
	struct pollfd p;
	int fd;

	setrlimit(RLIMIT_NOFILE, &files);
	fd = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < CHAIN; i++) {
		ASSERT_EQ(channel_open(&c[i], 2, 0), 0);
		ep[i] = epoll_create1(0);
		ASSERT_GE(ep[i], 0);
		if (i)
			ASSERT_EQ(epoll_watch(ep[i - 1], c[i].fd), 0);
	}
	for (int i = 0; i < CHAIN; i++)
		ASSERT_EQ(watch(&c[i], EVCHAN_ADD, EVCHAN_POLL, ep[i], POLLIN, EVCHAN_LEVEL, i), 0);
	ASSERT_EQ(epoll_watch(ep[CHAIN - 1], fd), 0);
	raise_eventfd(fd);
	/* A level-triggered channel polls its set again when its record was taken. */
	for (int round = 0; round < 3; round++)
		for (int i = CHAIN - 1; i >= 0; i--) {
			ASSERT_GE(wait_events(&c[i], 0, 0), 0);
			while (take(&c[i], &e))
				;
		}
	p = (struct pollfd){ c[0].fd, POLLIN, 0 };
	ASSERT_GE(poll(&p, 1, 0), 0);
	/* The channel is readable, and a wait finds that out. */
	EXPECT_GE(wait_events(&c[0], 0, 0), 1);
	for (int i = 0; i < CHAIN; i++) {
		close(ep[i]);
		channel_close(&c[i]);
	}
	close(fd);
}

/*
 * A channel and an epoll set watch each other: each call returns, and once nothing else is
 * ready, neither keeps the other ready.
 */
TEST(circle_with_epoll)
{
	int ep = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK), status, more = 0;
	struct epoll_event out[4];
	struct evchan_event e;
	struct channel c;
	pid_t pid;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, ep, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(epoll_watch(ep, c.fd), 0);
	ASSERT_EQ(epoll_watch(ep, fd), 0);
	raise_eventfd(fd);
	ASSERT_GE(wait_events(&c, 1, LONG_MS), 1);
	while (take(&c, &e))
		;
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 100; i++) {
			if (epoll_wait(ep, out, 4, 0) < 1 || wait_events(&c, 0, 0) < 0)
				_exit(1);
			take(&c, &e);
		}
		_exit(0);
	}
	for (int i = 0; i < LONG_MS && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(1000);
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), -1);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(read_eventfd(fd), 1);
	for (int i = 0; i < 10; i++) {
		ASSERT_GE(wait_events(&c, 0, 0), 0);
		more += take(&c, &e);
	}
	EXPECT_LE(more, 1);
	EXPECT_EQ(epoll_wait(ep, out, 4, 0), 0);
	close(ep);
	close(fd);
	channel_close(&c);
}

/*
 * Where poll() must not poll the source it reports POLLIN, and evchan_wait() with a minimum
 * of 0 decides.
 */
TEST(epoll_set_in_a_channel)
{
	int ep = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);
	struct evchan_event e;
	struct channel c;
	struct pollfd p;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(epoll_watch(ep, fd), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, ep, POLLIN, EVCHAN_LEVEL, 1), 0);
	p = (struct pollfd){ c.fd, POLLIN, 0 };
	EXPECT_EQ(poll(&p, 1, 0), 0);
	raise_eventfd(fd);
	EXPECT_EQ(poll(&p, 1, LONG_MS), 1);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(wait_events(&c, 1, LONG_MS), 1);
		ASSERT_EQ(take(&c, &e), 1);
		EXPECT_EQ(poll(&p, 1, 0), 1);
	}
	read_eventfd(fd);
	EXPECT_EQ(wait_events(&c, 0, 0), 0);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	close(ep);
	close(fd);
	channel_close(&c);
}

/* 1100 channels watch one channel: each registration and removal takes bounded time. */
TEST(many_watchers_of_a_channel)
{
	enum { MANY = 1100 };
	struct rlimit files = { 4096, 4096 };
	static struct channel c[MANY];
	struct channel inner, hub, outer;

	setrlimit(RLIMIT_NOFILE, &files);
	ASSERT_EQ(channel_open(&inner, 2, 0), 0);
	ASSERT_EQ(channel_open(&hub, 2, 0), 0);
	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(channel_open(&c[i], 2, 0), 0);
		ASSERT_EQ(watch(&c[i], EVCHAN_ADD, EVCHAN_POLL, hub.fd, POLLIN, 0, i), 0);
	}
	/* With so many watchers above, a further edge below exceeds the limit of the loop check. */
	EXPECT_EQ(watch(&hub, EVCHAN_ADD, EVCHAN_POLL, inner.fd, POLLIN, 0, 0), -ELOOP);
	for (int i = 0; i < MANY; i++)
		channel_close(&c[i]);
	EXPECT_EQ(watch(&hub, EVCHAN_ADD, EVCHAN_POLL, inner.fd, POLLIN, 0, 0), 0);
	ASSERT_EQ(channel_open(&outer, 2, 0), 0);
	EXPECT_EQ(watch(&outer, EVCHAN_ADD, EVCHAN_POLL, hub.fd, POLLIN, 0, 0), 0);
	channel_close(&outer);
	channel_close(&hub);
	channel_close(&inner);
}

TEST_HARNESS_MAIN
