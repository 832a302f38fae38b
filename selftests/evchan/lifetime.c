// SPDX-License-Identifier: GPL-2.0-only
/* Channels that watch channels, and channels whose descriptor is passed on. */
#include <sys/epoll.h>
#include <sys/un.h>

#include "channel.h"

/*
 * As with epoll, a loop is refused, and a chain of more than four edges; a channel in a
 * channel works.
 */
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
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(watch(&chain[i], EVCHAN_ADD, EVCHAN_POLL, chain[i + 1].fd,
				POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(&chain[4], EVCHAN_ADD, EVCHAN_POLL, chain[5].fd, POLLIN, 0, 0), -ELOOP);
	EXPECT_EQ(watch(&chain[5], EVCHAN_ADD, EVCHAN_POLL, chain[0].fd, POLLIN, 0, 0), -ELOOP);
	/* Many parallel edges do not change the answer. */
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(watch(&chain[1], EVCHAN_ADD, EVCHAN_POLL, dup(chain[2].fd), POLLIN, 0, 0),
			  0);
	EXPECT_EQ(watch(&chain[5], EVCHAN_ADD, EVCHAN_POLL, chain[0].fd, POLLIN, 0, 0), -ELOOP);
	EXPECT_EQ(watch(&chain[5], EVCHAN_ADD, EVCHAN_POLL, chain[1].fd, POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(&chain[3], EVCHAN_ADD, EVCHAN_POLL, chain[5].fd, POLLIN, 0, 0), -ELOOP);
	for (int i = 0; i < 6; i++)
		channel_close(&chain[i]);
}

/* Channel in epoll in channel: both loop checks allow it, and it must not recurse. */
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

/* Send descriptor @fd over socket @s, with @data. */
static int send_fd(int s, int fd, const void *data, size_t size)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(s, &msg, 0) == (ssize_t)size ? 0 : -1;
}

static int receive_fd(int s, void *data, size_t size)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	int fd;

	if (recvmsg(s, &msg, 0) != (ssize_t)size || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/* A channel is passed to another process: that one posts, this one takes. */
TEST_F(channel, descriptor_passed)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct evchan_event e;
	int s[2], status;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	if (!fork()) {
		struct channel other = { 0 };

		close(self->c.fd);
		other.fd = receive_fd(s[1], &other.params, sizeof(other.params));
		ch.op = EVCHAN_POST;
		ch.args[0] = 99;
		_exit(other.fd < 0 ? 1 : change(&other, &ch) ? 2 : 0);
	}
	ASSERT_EQ(send_fd(s[0], self->c.fd, &self->c.params, sizeof(self->c.params)), 0);
	wait(&status);
	EXPECT_EQ(status, 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 99);
	close(s[0]);
	close(s[1]);
}

/*
 * The process that created a channel and registered sources exits. Others that have the
 * channel's descriptor use it as before, and a source is removed when its file is closed.
 */
TEST(creator_exits)
{
	struct channel c = { 0 };
	struct evchan_event e;
	int s[2], p[2], fd;
	pid_t pid;

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ASSERT_EQ(pipe(p), 0);
	pid = fork();
	if (!pid) {
		int own = eventfd(0, EFD_NONBLOCK);
		struct channel mine;

		if (channel_open(&mine, 8, 0) ||
		    watch(&mine, EVCHAN_ADD, EVCHAN_POLL, own, POLLIN, EVCHAN_REPORT_CLOSE, 1) ||
		    watch(&mine, EVCHAN_ADD, EVCHAN_PIPE, p[0], EVCHAN_RECV, 0, 2) ||
		    raise_eventfd(own) ||
		    send_fd(s[1], mine.fd, &mine.params, sizeof(mine.params)))
			_exit(1);
		_exit(0);
	}
	c.fd = receive_fd(s[0], &c.params, sizeof(c.params));
	ASSERT_GE(c.fd, 0);
	ASSERT_EQ(waitpid(pid, &fd, 0), pid);
	ASSERT_EQ(fd, 0);
	ASSERT_EQ(channel_map(&c), 0);
	/* A file of its own is closed: the record reports readable, from before, and closed. */
	ASSERT_EQ(take(&c, &e), 1);
	EXPECT_EQ(e.data, 1);
	EXPECT_EQ(e.events, POLLIN | EVCHAN_CLOSED);
	EXPECT_EQ(counter(c.fd, "sources"), 1);
	/* The pipe is still open here. */
	ASSERT_EQ(write(p[1], "x", 1), 1);
	ASSERT_EQ(take(&c, &e), 1);
	EXPECT_EQ(e.data, 2);
	fd = eventfd(1, EFD_NONBLOCK);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 3), 0);
	ASSERT_EQ(take(&c, &e), 1);
	EXPECT_EQ(e.data, 3);
	channel_close(&c);
}

/* After fork() both processes have the same channel: each event goes to one of them. */
TEST(fork_shares_the_queue)
{
	enum { N = 400 };
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	unsigned char *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct evchan_event e;
	struct channel c;
	int status, fd;
	pid_t pid;

	ASSERT_EQ(channel_open(&c, 512, 0), 0);
	ASSERT_EQ(change(&c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (int i = 0; i < N; i++) {
		ch.args[0] = i;
		ASSERT_EQ(change(&c, &ch), 0);
	}
	pid = fork();
	if (!pid) {
		/* This file is open in the child only. */
		fd = eventfd(1, EFD_NONBLOCK);
		if (watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 7))
			_exit(1);
		while (take(&c, &e))
			__atomic_add_fetch(&seen[e.type == EVCHAN_USER ? e.value : N], 1,
					   __ATOMIC_RELAXED);
		_exit(0);
	}
	while (take(&c, &e))
		__atomic_add_fetch(&seen[e.type == EVCHAN_USER ? e.value : N], 1,
				   __ATOMIC_RELAXED);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	while (take(&c, &e))
		seen[e.type == EVCHAN_USER ? e.value : N]++;
	for (int i = 0; i <= N; i++)
		ASSERT_EQ(seen[i], 1);
	EXPECT_EQ(counter(c.fd, "sources"), 1);	/* the child's source was removed with its file */
	channel_close(&c);
}

/* Execute a program in a child: returns what the link /proc/self/fd/@fd points to there. */
static int seen_after_exec(int fd, char *text, size_t size)
{
	char path[64];
	int p[2], n;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (pipe(p))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		execlp("readlink", "readlink", path, NULL);
		_exit(127);
	}
	close(p[1]);
	n = read(p[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(p[0]);
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

TEST(exec_keeps_or_closes)
{
	struct channel kept, closed;
	struct evchan_event e;
	char text[128];
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(channel_open(&kept, 8, 0), 0);
	ASSERT_EQ(channel_open(&closed, 8, EVCHAN_CLOEXEC), 0);
	ASSERT_EQ(watch(&kept, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(seen_after_exec(kept.fd, text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "[evchan]"), NULL);
	ASSERT_EQ(seen_after_exec(closed.fd, text, sizeof(text)), 0);
	EXPECT_EQ(strstr(text, "[evchan]"), NULL);
	/* Neither exec affected the registrations of this process. */
	raise_eventfd(fd);
	EXPECT_EQ(take(&kept, &e), 1);
	channel_close(&kept);
	channel_close(&closed);
	close(fd);
}

TEST_F(channel, duplicate_descriptor)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	int copy = dup(c->fd);

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	close(c->fd);
	c->fd = copy;
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), -EEXIST);
	raise_eventfd(self->fd);
	EXPECT_EQ(wait_events(c, 1, LONG_MS), 1);
	EXPECT_EQ(take(c, &e), 1);
}

/* A duplicate of a watched descriptor is a source of its own, as with epoll. */
TEST_F(channel, watched_duplicate)
{
	struct channel *c = &self->c;
	int copy = dup(self->fd);
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, copy, POLLIN, 0, 2), 0);
	raise_eventfd(copy);
	ASSERT_EQ(take(c, &e), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(counter(c->fd, "sources"), 2);
	EXPECT_GE(watch(c, EVCHAN_DEL, EVCHAN_POLL, copy, 0, 0, 0), 0);
	close(copy);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 1);
}

/* The ring stays mapped when the descriptor is closed. */
TEST(mapping_outlives_descriptor)
{
	int fd = eventfd(1, EFD_NONBLOCK);
	struct evchan_event e;
	struct channel c;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 5), 0);
	close(c.fd);
	raise_eventfd(fd);		/* the source is gone, so nothing is posted */
	ASSERT_EQ(take(&c, &e), 1);
	EXPECT_EQ(e.data, 5);
	EXPECT_EQ(take(&c, &e), 0);
	munmap(c.header, c.params.map_length);
	close(fd);
}

/* madvise() on the mapping: the program and the kernel still share the same pages. */
TEST_F(channel, mapping_dropped)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 7), 0);
	for (int i = 0; i < 20; i++) {
		raise_eventfd(self->fd);
		ASSERT_EQ(madvise(c->header, c->params.map_length, MADV_DONTNEED), 0);
		EXPECT_EQ(c->header->entries, 8);
		ASSERT_EQ(take(c, &e), 1);
		EXPECT_EQ(e.data, 7);
		ASSERT_EQ(madvise(c->header, c->params.map_length, MADV_DONTNEED), 0);
		EXPECT_EQ(take(c, &e), 0);
		EXPECT_EQ(wait_events(c, 0, 0), 0);
	}
	/* The mapping cannot grow beyond the ring. */
	EXPECT_EQ(mremap(c->header, c->params.map_length, c->params.map_length + 4096,
			 MREMAP_MAYMOVE), MAP_FAILED);
	EXPECT_EQ(errno, EFAULT);
}

/* The descriptor is closed while a thread waits: the wait keeps the channel and ends as usual. */
TEST(closed_while_waiting)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct channel c;
	struct waiter w;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(start_waiter(&w, &c, 1), 0);
	channel_close(&c);
	raise_eventfd(fd);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.ret, 1);
	raise_eventfd(fd);
	close(fd);
}

/* The channel is closed with sources in every state: in the ring, in overflow, to be rechecked. */
TEST(closed_with_everything_pending)
{
	struct evchan_change timer = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER,
		.args = { CLOCK_MONOTONIC, 100000, 100000 },
	};
	int fds[40][2];

	for (int round = 0; round < 20; round++) {
		struct channel c;

		ASSERT_EQ(channel_open(&c, 8, 0), 0);
		for (timer.id = 0; timer.id < 20; timer.id++)
			ASSERT_EQ(change(&c, &timer), 0);
		for (int i = 0; i < 40; i++) {
			ASSERT_EQ(pipe(fds[i]), 0);
			ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_PIPE, fds[i][0], EVCHAN_RECV,
					i % 3 == 1 ? EVCHAN_LEVEL : i % 3 == 2 ?
					EVCHAN_ONESHOT | EVCHAN_REPORT_CLOSE : 0, i), 0);
			ASSERT_EQ(write(fds[i][1], "x", 1), 1);
			if (i % 4 == 0)
				close(fds[i][1]);
			if (i % 5 == 0)
				close(fds[i][0]);
		}
		channel_close(&c);
		for (int i = 0; i < 40; i++) {
			if (i % 4)
				close(fds[i][1]);
			if (i % 5)
				close(fds[i][0]);
		}
	}
}

TEST_HARNESS_MAIN
