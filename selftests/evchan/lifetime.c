// SPDX-License-Identifier: GPL-2.0-only
/* Channels that watch channels, and are passed on. */
#include <sys/epoll.h>
#include <sys/un.h>

#include "channel.h"

/* A loop is refused, a chain over four too; a channel in a channel works. */
TEST_F(channel, nesting)
{
	struct channel chain[6], outer;
	struct evchan_event e;

	ASSERT_EQ(channel_open(&outer, 8, 0), 0);
	ASSERT_EQ(watch(&outer, EVCHAN_ADD, EVCHAN_POLL, self->c.fd, POLLIN, 0, 8), 0);
	EXPECT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, outer.fd, POLLIN, 0, 8), -ELOOP);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 9), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(wait_events(&outer, 1, LONG_MS), 1);
	ASSERT_EQ(take(&outer, &e), 1);
	EXPECT_EQ(e.data, 8);
	channel_close(&outer);
	for (int i = 0; i < 6; i++)
		ASSERT_EQ(channel_open(&chain[i], 8, 0), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(watch(&chain[i], EVCHAN_ADD, EVCHAN_POLL, chain[i + 1].fd,
				POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(&chain[3], EVCHAN_ADD, EVCHAN_POLL, chain[4].fd, POLLIN, 0, 0), -ELOOP);
	EXPECT_EQ(watch(&chain[5], EVCHAN_ADD, EVCHAN_POLL, chain[0].fd, POLLIN, 0, 0), -ELOOP);
	for (int i = 0; i < 6; i++)
		channel_close(&chain[i]);
}

/* Channel in epoll in channel: both loop checks pass, and it must not recurse. */
TEST_F(channel, nesting_through_epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	struct evchan_event e;

	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->c.fd, &ev), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, ep, POLLIN, 0, 1), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 2), 0);
	for (int i = 0; i < 20; i++) {
		raise_eventfd(self->fd);
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e))
			;
	}
	close(ep);
}

/* The channel passed to another process: it posts, this one takes. */
TEST_F(channel, descriptor_passed)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct evchan_event e;
	int s[2], status;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	if (!fork()) {
		struct channel other = { .params = self->c.params };
		char byte;

		close(self->c.fd);
		iov.iov_base = &byte;
		if (recvmsg(s[1], &msg, 0) != 1)
			_exit(1);
		memcpy(&other.fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		ch.op = EVCHAN_POST;
		ch.args[0] = 99;
		_exit(change(&other, &ch) ? 2 : 0);
	}
	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &self->c.fd, sizeof(int));
	ASSERT_EQ(sendmsg(s[0], &msg, 0), 1);
	wait(&status);
	EXPECT_EQ(status, 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 99);
	close(s[0]);
	close(s[1]);
}

TEST_HARNESS_MAIN
