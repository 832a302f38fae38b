// SPDX-License-Identifier: GPL-2.0-only
/* Sets in sets, duplicates of a set, and sets in other processes. */
#include "set.h"

TEST_F(set, nested)
{
	struct epoll_event ev;
	int outer = epoll_create1(0);

	ASSERT_EQ(add(outer, EPOLL_CTL_ADD, self->ep, EPOLLIN, 7), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	EXPECT_EQ(one(outer, &ev, 0), 0);
	raise_it(self->fd);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(one(outer, &ev, LONG_MS), 1);
		EXPECT_EQ(ev.data.u64, 7);
		ASSERT_EQ(one(self->ep, &ev, 0), 1);
		EXPECT_EQ(ev.data.u64, 1);
	}
	lower(self->fd);
	EXPECT_EQ(one(outer, &ev, SHORT_MS), 0);
	raise_it(self->fd);
	EXPECT_EQ(one(outer, &ev, LONG_MS), 1);
	close(outer);
}

/* An edge-triggered outer set is told of each event in the inner set, consumed or not. */
TEST_F(set, nested_edge)
{
	int outer = epoll_create1(0);
	struct epoll_event ev;

	ASSERT_EQ(add(outer, EPOLL_CTL_ADD, self->ep, EPOLLIN | EPOLLET, 7), 0);
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t mode = i ? EPOLLET : 0;

		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | mode, 1), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN | mode, 2), 0);
		for (int j = 0; j < 3; j++) {
			raise_it(self->fd);
			ASSERT_EQ(one(outer, &ev, LONG_MS), 1);
			EXPECT_EQ(one(outer, &ev, SHORT_MS), 0);
			ASSERT_EQ(write(self->s[1], "x", 1), 1);
			ASSERT_EQ(one(outer, &ev, LONG_MS), 1);
			EXPECT_EQ(ev.data.u64, 7);
			EXPECT_EQ(one(outer, &ev, SHORT_MS), 0);
		}
		/* The inner set still has both. */
		ASSERT_EQ(one(self->ep, &ev, 0), 1);
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		EXPECT_EQ(ev.data.u64 + self->ev.data.u64, 3);
		lower(self->fd);
		EXPECT_EQ(read(self->s[0], (char[8]){ 0 }, 8), 3);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->s[0], 0, 0), 0);
	}
	close(outer);
}

/* An ordinary user gets as many sets as descriptors, within a locked memory of 8 MiB. */
TEST_F(set, as_many_as_descriptors)
{
	const struct rlimit files = { 1024, 1024 }, locked = { 8 << 20, 8 << 20 };
	int status, n = 0;
	pid_t pid = fork();

	if (!pid) {
		if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_MEMLOCK, &locked) ||
		    setresgid(54321, 54321, 54321) || setresuid(54321, 54321, 54321))
			_exit(100);
		while (epoll_create1(0) >= 0)
			n++;
		_exit(errno != EMFILE ? 101 : n < 1000 ? 102 : 0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(set, loops_and_depth)
{
	int chain[6];

	for (int i = 0; i < 6; i++)
		chain[i] = epoll_create1(0);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(add(chain[i], EPOLL_CTL_ADD, chain[i + 1], EPOLLIN, 0), 0);
	EXPECT_EQ(add(chain[4], EPOLL_CTL_ADD, chain[5], EPOLLIN, 0), -ELOOP);
	EXPECT_EQ(add(chain[5], EPOLL_CTL_ADD, chain[0], EPOLLIN, 0), -ELOOP);
	EXPECT_EQ(add(chain[3], EPOLL_CTL_ADD, chain[1], EPOLLIN, 0), -ELOOP);
	for (int i = 0; i < 6; i++)
		close(chain[i]);
}

TEST_F(set, polled_and_selected)
{
	struct pollfd pfd = { .fd = self->ep, .events = POLLIN };
	struct timeval tv = { 0, 0 };
	fd_set set;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	raise_it(self->fd);
	EXPECT_EQ(poll(&pfd, 1, LONG_MS), 1);
	FD_ZERO(&set);
	FD_SET(self->ep, &set);
	EXPECT_EQ(select(self->ep + 1, &set, NULL, NULL, &tv), 1);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	lower(self->fd);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
}

TEST_F(set, of_a_duplicate_descriptor)
{
	int copy = dup(self->ep), third = epoll_create1(0);

	ASSERT_EQ(add(copy, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), -EEXIST);
	raise_it(self->fd);
	EXPECT_EQ(one(copy, &self->ev, LONG_MS), 1);
	EXPECT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	close(self->ep);
	EXPECT_EQ(one(self->ep, &self->ev, 0), -EBADF);
	EXPECT_EQ(one(copy, &self->ev, LONG_MS), 1);
	/* Replace another set by a duplicate, which closes that set. */
	ASSERT_EQ(add(third, EPOLL_CTL_ADD, self->s[0], EPOLLOUT, 2), 0);
	ASSERT_EQ(one(third, &self->ev, 0), 1);
	ASSERT_EQ(dup2(copy, third), third);
	ASSERT_EQ(one(third, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 1);
	self->ep = fcntl(third, F_DUPFD_CLOEXEC, 100);
	ASSERT_EQ(close_range(third, third, 0), 0);
	close(copy);
	ASSERT_GE(self->ep, 100);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 1);
	/* A new set gets the number, and has no registrations. */
	third = epoll_create1(0);
	EXPECT_EQ(one(third, &self->ev, 0), 0);
	close(third);
}

/* Parent and child have the same set. */
TEST_F(set, forked)
{
	int status;
	pid_t pid;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	raise_it(self->fd);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	pid = fork();
	if (!pid) {
		if (one(self->ep, &self->ev, LONG_MS) != 1 || self->ev.data.u64 != 1)
			_exit(1);
		lower(self->fd);
		if (add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 2))
			_exit(2);
		/* Closing the set in the child does not close it in the parent. */
		close(self->ep);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.data.u64, 2);
}

/* A condition that stays is reported to a waiter in another process too. */
TEST_F(set, forked_and_waiting)
{
	int status;
	pid_t pid;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	pid = fork();
	if (!pid)
		_exit(one(self->ep, &self->ev, LONG_MS) != 1);
	ASSERT_EQ(asleep(pid), 0);
	raise_it(self->fd);
	EXPECT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

/* A set is closed with its last descriptor, in whatever process. */
TEST_F(set, watches_nothing_once_closed)
{
	int fd = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0), n = 0;
	char path[64], line[256];
	FILE *f;

	ASSERT_EQ(add(ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 1), 0);
	ASSERT_EQ(one(ep, &self->ev, 0), 0);
	/* Closing the set also unmaps its ring. */
	close(ep);
	close(fd);
	snprintf(path, sizeof(path), "/proc/self/maps");
	f = fopen(path, "r");
	ASSERT_NE(f, NULL);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, "evchan]");
	fclose(f);
	/* The fixture's own set may be mapped. */
	EXPECT_LE(n, 1);
}

static int send_fd(int s, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(s, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int s)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	int fd;

	if (recvmsg(s, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

TEST_F(set, passed_over_a_socket)
{
	int fd;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 3), 0);
	ASSERT_EQ(send_fd(self->s[0], self->ep), 0);
	fd = receive_fd(self->s[1]);
	ASSERT_GE(fd, 0);
	close(self->ep);
	self->ep = fd;
	raise_it(self->fd);
	ASSERT_EQ(one(fd, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.data.u64, 3);
}

/* A set without close-on-exec works on after exec(). */
TEST_F(set, across_exec)
{
	int ep = epoll_create1(0), status;
	char number[16];
	pid_t pid;

	ASSERT_EQ(add(ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 9), 0);
	raise_it(self->fd);
	snprintf(number, sizeof(number), "%d", ep);
	setenv("PROMISES_EXEC", number, 1);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "promises", NULL);
		_exit(9);
	}
	unsetenv("PROMISES_EXEC");
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	close(ep);
}

static void __attribute__((constructor(65535))) after_exec(void)
{
	const char *number = getenv("PROMISES_EXEC");
	struct epoll_event ev;

	if (number)
		_exit(one(atoi(number), &ev, LONG_MS) != 1 || ev.data.u64 != 9);
}

TEST_F(set, called_by_number)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 4 };
	int ep = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);

	ASSERT_GE(ep, 0);
	ASSERT_EQ(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, self->fd, &ev), 0);
	raise_it(self->fd);
	ASSERT_EQ(syscall(SYS_epoll_pwait, ep, &ev, 1, -1, NULL, 0), 1);
	EXPECT_EQ(one(ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 4);
	syscall(SYS_close, ep);
}

TEST_HARNESS_MAIN
