// SPDX-License-Identifier: GPL-2.0-only
/* What a set reports about what it watches, when, and how often; errors; timeouts. */
#include "set.h"

TEST_F(set, errors)
{
	int ep = self->ep, fd = self->fd, file = open("/proc/self/exe", O_RDONLY);
	struct epoll_event *none = NULL;

	EXPECT_EQ(epoll_create(0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(epoll_create1(0x7), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(add(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1), 0);
	EXPECT_EQ(add(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1), -EEXIST);
	EXPECT_EQ(add(ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 1), -ENOENT);
	EXPECT_EQ(add(ep, EPOLL_CTL_DEL, self->s[0], EPOLLIN, 1), -ENOENT);
	EXPECT_EQ(add(ep, EPOLL_CTL_ADD, 999, EPOLLIN, 1), -EBADF);
	EXPECT_EQ(add(999, EPOLL_CTL_ADD, fd, EPOLLIN, 1), -EBADF);
	EXPECT_EQ(add(fd, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 1), -EINVAL);
	EXPECT_EQ(add(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1), -EINVAL);
	EXPECT_EQ(add(ep, EPOLL_CTL_ADD, file, EPOLLIN, 1), -EPERM);
	EXPECT_EQ(add(ep, 77, fd, EPOLLIN, 1), -EINVAL);
	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd, none), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fd, none), 0);
	for (volatile int max = 0; max >= -1; max--) {
		EXPECT_EQ(epoll_wait(ep, &self->ev, max, 0), -1);
		EXPECT_EQ(errno, EINVAL);
	}
	EXPECT_EQ(one(fd, &self->ev, 0), -EINVAL);
	EXPECT_EQ(one(file, &self->ev, 0), -EINVAL);
	EXPECT_EQ(one(999, &self->ev, 0), -EBADF);
	close(file);
}

/* A call that succeeds leaves errno as it is. */
TEST_F(set, errno_kept)
{
	errno = ENOTTY;
	EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	EXPECT_EQ(errno, ENOTTY);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN | EPOLLET, 1), 0);
	EXPECT_EQ(errno, ENOTTY);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
	EXPECT_EQ(errno, ENOTTY);
}

/* Bits that have no meaning are ignored, with others and alone. */
TEST_F(set, unknown_bits)
{
	const uint32_t known = 0x37ff | EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (bit & known)
			continue;
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | bit, 1), 0);
		raise_it(self->fd);
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(self->ev.events, EPOLLIN);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, bit, 1), 0);
		EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
		lower(self->fd);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
	}
}

TEST_F(set, level_until_consumed)
{
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 0x1122334455667788), 0);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	raise_it(self->fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(self->ev.events, EPOLLIN);
		EXPECT_EQ(self->ev.data.u64, 0x1122334455667788);
	}
	lower(self->fd);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	raise_it(self->fd);
	EXPECT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
}

TEST_F(set, edge_once)
{
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN | EPOLLET, 1), 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(write(self->s[1], "x", 1), 1);
		ASSERT_EQ(write(self->s[1], "x", 1), 1);
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	}
}

TEST_F(set, ready_at_add_and_mod)
{
	raise_it(self->fd);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | EPOLLET, 1), 0);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN | EPOLLET, 2), 0);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 2);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
}

TEST_F(set, oneshot_until_modified)
{
	uint32_t how = EPOLLIN | EPOLLONESHOT;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], how, 1), 0);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(write(self->s[1], "x", 1), 1);
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
		ASSERT_EQ(write(self->s[1], "x", 1), 1);
		EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
		EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], how, 1), -EEXIST);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], how, 2), 0);
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(self->ev.data.u64, 2);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], how, 2), 0);
		ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		EXPECT_EQ(read(self->s[0], (char[8]){ 0 }, 8), 2);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], how, 1), 0);
		EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	}
	/* A disarmed registration does not report a hang-up either. */
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	close(self->s[1]);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->s[0], 0, 0), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], how, 1), -ENOENT);
	self->s[1] = dup(self->s[0]);
}

/* Data that was read before the wait is not reported, in any mode. */
TEST_F(set, nothing_stale)
{
	const uint32_t modes[] = { 0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT };

	for (unsigned int i = 0; i < 4; i++) {
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | modes[i], 1), 0);
		for (int j = 0; j < 3; j++) {
			raise_it(self->fd);
			lower(self->fd);
			EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
		}
		/* The check does not use up the registration. */
		raise_it(self->fd);
		EXPECT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		lower(self->fd);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
	}
}

/* Every bit that holds is reported, not only the one of the wake-up. */
TEST_F(set, every_bit)
{
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN | EPOLLOUT | EPOLLET, 1), 0);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.events, EPOLLOUT);
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLIN | EPOLLOUT);
}

TEST_F(set, modify_replaces)
{
	raise_it(self->fd);
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t mode = i ? EPOLLET : 0;

		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | mode, 1), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN | EPOLLOUT | mode, 2), 0);
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		EXPECT_EQ(self->ev.data.u64, 2);
		EXPECT_EQ(self->ev.events, EPOLLIN | EPOLLOUT);
		/* One event for both registrations, or one per wait if level-triggered. */
		EXPECT_EQ(one(self->ep, &self->ev, 0), i ? 0 : 1);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLPRI | mode, 3), 0);
		EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN | mode, 4), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
		EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	}
}

TEST_F(set, closed_file_is_gone)
{
	const uint32_t modes[] = { 0, EPOLLET, EPOLLONESHOT };

	for (unsigned int i = 0; i < 3; i++) {
		int fd = eventfd(1, 0), other;

		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN | modes[i], 1), 0);
		if (i != 2)
			EXPECT_EQ(one(self->ep, &self->ev, 0), 1);
		raise_it(fd);
		close(fd);
		EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
		/* The number now belongs to another file. */
		other = eventfd(1, 0);
		ASSERT_EQ(other, fd);
		EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, other, EPOLLIN, 1), -ENOENT);
		EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, other, EPOLLIN, 2), 0);
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		EXPECT_EQ(self->ev.data.u64, 2);
		close(other);
	}
}

/* The registration belongs to the open file: a duplicate of the descriptor keeps it. */
TEST_F(set, duplicate_keeps_it)
{
	int fd = eventfd(0, 0), copy = dup(fd);

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN, 5), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, copy, EPOLLIN, 6), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, copy, 0, 0), 0);
	close(fd);
	raise_it(copy);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.data.u64, 5);
	ASSERT_EQ(dup2(self->s[0], fd), fd);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.data.u64, 5);
	close(fd);
	close(copy);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
}

TEST_F(set, errors_are_always_reported)
{
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], 0, 1), 0);
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	close(self->s[1]);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLHUP);
	self->s[1] = dup(self->s[0]);
}

/* A TCP connection: the peer shuts down its sending half, then closes. */
TEST_F(set, rdhup)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), a;

	ASSERT_EQ(bind(l, (void *)&in, len), 0);
	ASSERT_EQ(listen(l, 5), 0);
	ASSERT_EQ(getsockname(l, (void *)&in, &len), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, l, EPOLLIN, 1), 0);
	ASSERT_EQ(connect(c, (void *)&in, len), 0);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	a = accept(l, NULL, NULL);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, a, EPOLLIN | EPOLLRDHUP | EPOLLET, 2), 0);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	shutdown(c, SHUT_WR);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLIN | EPOLLRDHUP);
	shutdown(a, SHUT_WR);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	close(a);
	close(c);
	/* Nothing listens there any more. */
	close(l);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(c, (void *)&in, len))
		EXPECT_TRUE(errno == EINPROGRESS || errno == ECONNREFUSED);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, c, EPOLLOUT, 3), 0);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLOUT | EPOLLERR | EPOLLHUP);
	close(c);
}

/* With room for one event per call each condition has its turn. */
TEST_F(set, level_takes_turns)
{
	unsigned int seen = 0;
	int fd[8];

	for (int i = 0; i < 8; i++) {
		fd[i] = eventfd(1, 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, fd[i], EPOLLIN, i), 0);
	}
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		seen |= 1U << self->ev.data.u32;
	}
	EXPECT_EQ(seen, 0xff);
	for (int i = 0; i < 8; i++)
		close(fd[i]);
}

/* More events than fit into a ring or a call. */
TEST_F(set, many)
{
	enum { N = 900 };
	static unsigned char seen[N];
	struct epoll_event ev[N];
	int fd[N], n, got = 0;

	for (int i = 0; i < N; i++) {
		fd[i] = eventfd(1, 0);
		ASSERT_GE(fd[i], 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, fd[i], EPOLLIN | EPOLLET, i), 0);
	}
	while ((n = epoll_wait(self->ep, ev, N, 0)) > 0) {
		for (int i = 0; i < n; i++)
			seen[ev[i].data.u32]++;
		got += n;
	}
	EXPECT_EQ(got, N);
	for (int i = 0; i < N; i++) {
		EXPECT_EQ(seen[i], 1);
		close(fd[i]);
	}
}

TEST_F(set, timeouts)
{
	struct timespec start, to = { 0, 300000 };

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(one(self->ep, &self->ev, 40), 0);
	EXPECT_GE(ms_since(&start), 39);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, NULL), 0);
	EXPECT_LT(ms_since(&start), LONG_MS);
	to = (struct timespec){ 0, 25500000 };
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, NULL), 0);
	EXPECT_GE(ms_since(&start), 25);
	to.tv_nsec = 1000000000;
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, NULL), -1);
	EXPECT_EQ(errno, EINVAL);
	raise_it(self->fd);
	to = (struct timespec){ 0, 0 };
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, NULL), 1);
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, NULL, NULL), 1);
	to = (struct timespec){ 100, 500 };
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, NULL), 1);
}

TEST_HARNESS_MAIN
