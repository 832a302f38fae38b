// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a modification is seen: at once, by everything that can see it, whatever the program
 * has done before. evrun keeps modifications for the next call where nothing can.
 */
#include <spawn.h>
#include <sys/ioctl.h>

#include "set.h"

/* Modify the socket self->s[0], which has no data, such that it is ready. */
#define MODIFY_READY() ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 2), 0)

#define ADD_UNREADY() ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 1), 0)

TEST_F(set, modified_then_waited)
{
	ADD_UNREADY();
	MODIFY_READY();
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 2);
	EXPECT_EQ(self->ev.events, EPOLLOUT);
	/* The last of several counts. */
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN | EPOLLOUT, 3), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 4), 0);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 4);
	/* An event that was there before has the new data, or is not delivered. */
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN | EPOLLET, 5), 0);
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 5);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], 0, 6), 0);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
}

TEST_F(set, modified_then_polled)
{
	struct pollfd p = { .fd = self->ep, .events = POLLIN };
	struct timeval now = { 0, 0 };
	fd_set in;
	int copy;

	ADD_UNREADY();
	for (int how = 0; how < 4; how++) {
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 1), 0);
		EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
		MODIFY_READY();
		switch (how) {
		case 0:
			EXPECT_EQ(poll(&p, 1, 0), 1);
			break;
		case 1:
			EXPECT_EQ(syscall(SYS_ppoll, &p, 1L, &(struct timespec){ 0 }, NULL, 8L), 1);
			break;
		case 2:
			FD_ZERO(&in);
			FD_SET(self->ep, &in);
			EXPECT_EQ(select(self->ep + 1, &in, NULL, NULL, &now), 1);
			break;
		default:
			copy = dup(self->ep);
			p.fd = copy;
			EXPECT_EQ(poll(&p, 1, 0), 1);
			close(copy);
		}
	}
}

/* select() alone, in a set that nothing else has polled. */
TEST_F(set, modified_then_selected)
{
	struct timeval now = { 0, 0 };
	fd_set in;

	ADD_UNREADY();
	MODIFY_READY();
	FD_ZERO(&in);
	FD_SET(self->ep, &in);
	EXPECT_EQ(select(self->ep + 1, &in, NULL, NULL, &now), 1);
}

struct sleeper {
	int ep;
	pid_t tid;
	int got;
	struct epoll_event ev;
};

static void *sleep_in_set(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	s->got = one(s->ep, &s->ev, LONG_MS);
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p = { .fd = s->ep, .events = POLLIN };

	__atomic_store_n(&s->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	s->got = poll(&p, 1, LONG_MS);
	return NULL;
}

/* A modification wakes the thread that waits for the set in @sleep. */
static void modify_while_asleep(struct __test_metadata *_metadata, FIXTURE_DATA(set) *self,
				struct sleeper *s, void *(*sleep)(void *))
{
	pthread_t t;

	s->ep = self->ep;
	ADD_UNREADY();
	ASSERT_EQ(pthread_create(&t, NULL, sleep, s), 0);
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	ASSERT_EQ(asleep(s->tid), 0);
	MODIFY_READY();
	pthread_join(t, NULL);
	EXPECT_EQ(s->got, 1);
}

TEST_F(set, modified_while_another_sleeps)
{
	struct sleeper s = { 0 };

	modify_while_asleep(_metadata, self, &s, sleep_in_set);
	EXPECT_EQ(s.ev.data.u64, 2);
}

TEST_F(set, modified_while_another_polls)
{
	struct sleeper s = { 0 };

	modify_while_asleep(_metadata, self, &s, sleep_in_poll);
}

TEST_F(set, modified_in_an_inner_set)
{
	int outer = epoll_create1(EPOLL_CLOEXEC);

	ADD_UNREADY();
	ASSERT_EQ(add(outer, EPOLL_CTL_ADD, self->ep, EPOLLIN, 3), 0);
	EXPECT_EQ(one(outer, &self->ev, 0), 0);
	MODIFY_READY();
	EXPECT_EQ(one(outer, &self->ev, 0), 1);
	close(outer);
}

/* The modification was made before the set was added to another one. */
TEST_F(set, modified_then_added)
{
	int outer = epoll_create1(EPOLL_CLOEXEC);

	ADD_UNREADY();
	MODIFY_READY();
	ASSERT_EQ(add(outer, EPOLL_CTL_ADD, self->ep, EPOLLIN, 3), 0);
	EXPECT_EQ(one(outer, &self->ev, 0), 1);
	close(outer);
}

TEST_F(set, modified_then_removed)
{
	ADD_UNREADY();
	MODIFY_READY();
	ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->s[0], 0, 0), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 3), -ENOENT);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	ADD_UNREADY();
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
}

/* Closed, however, while another descriptor keeps the file open; then its number is used again. */
TEST_F(set, modified_then_closed)
{
	int copy = dup(self->s[0]), fd = self->s[0];

	ADD_UNREADY();
	MODIFY_READY();
	close(fd);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, fd, EPOLLIN, 3), -EBADF);
	self->s[0] = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_EQ(self->s[0], fd);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, fd, EPOLLIN, 4), -ENOENT);
	/* As with epoll, the registration stays as long as the file. */
	ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 2);
	close(copy);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN, 5), 0);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
}

TEST_F(set, modified_then_closed_as_a_stream)
{
	FILE *f = fdopen(self->s[0], "r");

	ASSERT_NE(f, NULL);
	ADD_UNREADY();
	MODIFY_READY();
	fclose(f);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 3), -EBADF);
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
	self->s[0] = -1;
}

TEST_F(set, modified_then_replaced)
{
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	ADD_UNREADY();
	ASSERT_EQ(dup2(other, self->s[0]), self->s[0]);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 3), -ENOENT);
	ADD_UNREADY();
	ASSERT_EQ(close_range((unsigned int)self->s[0], (unsigned int)self->s[0], 0), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 3), -EBADF);
	close(other);
}

TEST_F(set, modified_then_forked)
{
	struct pollfd p = { .fd = self->ep, .events = POLLIN };
	int status;
	pid_t pid;

	ADD_UNREADY();
	MODIFY_READY();
	pid = fork();
	if (!pid)
		_exit(poll(&p, 1, 0) != 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	/* A child that polls the set when it is modified. */
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 1), 0);
	pid = fork();
	if (!pid)
		_exit(poll(&p, 1, LONG_MS) != 1);
	ASSERT_EQ(asleep(pid), 0);
	MODIFY_READY();
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

/* A program that inherits the set polls it. The environment has its descriptor. */
static void __attribute__((constructor(65535))) in_another_program(void)
{
	const char *number = getenv("PROMISES_POLL");
	struct pollfd p = { .events = POLLIN };

	if (!number)
		return;
	p.fd = atoi(number);
	_exit(poll(&p, 1, 0) != 1);
}

/* One set has lost close-on-exec, and the other never had it. */
TEST_F(set, modified_then_inherited)
{
	char path[] = "/proc/self/exe", number[32], *argv[] = { path, NULL };
	int ep, status;
	pid_t pid;

	for (int how = 0; how < 2; how++) {
		ep = epoll_create1(how ? 0 : EPOLL_CLOEXEC);
		ASSERT_EQ(ioctl(ep, FIONCLEX), 0);
		ASSERT_EQ(add(ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 1), 0);
		ASSERT_EQ(add(ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 2), 0);
		snprintf(number, sizeof(number), "%d", ep);
		setenv("PROMISES_POLL", number, 1);
		if (how) {
			ASSERT_EQ(posix_spawn(&pid, path, NULL, NULL, argv, environ), 0);
		} else {
			pid = vfork();
			if (!pid) {
				execl(path, path, NULL);
				_exit(9);
			}
		}
		unsetenv("PROMISES_POLL");
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, 0) TH_LOG("how %d", how);
		close(ep);
	}
}

/* The child has descriptors of its own, but the memory of its parent. */
TEST_F(set, modified_then_closed_by_a_vfork)
{
	int status, ep = self->ep;
	pid_t pid;

	ADD_UNREADY();
	for (int how = 0; how < 2; how++) {
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLIN, 1), 0);
		EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
		MODIFY_READY();
		pid = vfork();
		if (!pid) {
			if (how)
				close_range(3, ~0U, 0);
			else
				close(ep);
			_exit(0);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		EXPECT_EQ(self->ev.data.u64, 2);
	}
}

/* More than evrun keeps. */
TEST_F(set, modified_many)
{
	int s[200][2], n = 0, got;
	struct epoll_event ev[200];

	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]), 0);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, s[i][0], EPOLLIN, 0), 0);
	}
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, s[i][0], EPOLLOUT | EPOLLONESHOT, i), 0);
	for (;;) {
		got = epoll_wait(self->ep, ev, 200, 0);
		ASSERT_GE(got, 0);
		if (!got)
			break;
		n += got;
	}
	EXPECT_EQ(n, 200);
	for (int i = 0; i < 200; i++) {
		close(s[i][0]);
		close(s[i][1]);
	}
}

/*
 * This must be the last test. evrun takes a duplicate for a set that another process has made,
 * and keeps no modification after that, in this process and those that it has forked or that
 * have forked it.
 */
TEST_F(set, modified_in_a_duplicate)
{
	struct pollfd p = { .events = POLLIN };

	ADD_UNREADY();
	MODIFY_READY();
	p.fd = dup(self->ep);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	/* By a wait through the duplicate, and after a change through the original. */
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], EPOLLOUT, 7), 0);
	ASSERT_EQ(one(p.fd, &self->ev, 0), 1);
	EXPECT_EQ(self->ev.data.u64, 7);
	close(p.fd);
}

TEST_HARNESS_MAIN
