/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What epoll promises is tested by the files here, one test for each promise. Run without
 * evrun, they test the kernel's epoll, and thereby these tests themselves; run by evrun,
 * they test the interface that replaces epoll. Nothing here depends on which it is.
 *
 * Every test starts with a set, an eventfd and two connected sockets.
 */
#ifndef EVRUN_TESTS_SET_H
#define EVRUN_TESTS_SET_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

/* Longer than anything takes in a slow guest, in ms. */
#define LONG_MS	10000
/* Long enough to see that no event comes, in ms. */
#define SHORT_MS 30

static inline int add(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, op, fd, &ev) ? -errno : 0;
}

/* Wait for one event; returns the count, or a negative errno. */
static inline int one(int ep, struct epoll_event *ev, int ms)
{
	int n = epoll_wait(ep, ev, 1, ms);

	return n < 0 ? -errno : n;
}

static inline void raise_it(int fd)
{
	uint64_t v = 1;

	if (write(fd, &v, sizeof(v)) != sizeof(v))
		abort();
}

static inline void lower(int fd)
{
	uint64_t v;

	if (read(fd, &v, sizeof(v)) != sizeof(v))
		abort();
}

static inline long ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000 + (now.tv_nsec - t->tv_nsec) / 1000000;
}

/* Wait until the thread sleeps in some system call; -1 if it never does. */
static inline int asleep(pid_t tid)
{
	char path[64], line[256];
	const struct timespec pause = { 0, 1000000 };
	int in_a_row = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	for (int i = 0; i < LONG_MS; i++) {
		FILE *f = fopen(path, "r");
		char *p = NULL;

		if (f && fgets(line, sizeof(line), f))
			p = strrchr(line, ')');
		if (f)
			fclose(f);
		in_a_row = p && p[2] == 'S' ? in_a_row + 1 : 0;
		if (in_a_row == 10)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

FIXTURE(set)
{
	int ep;
	int fd;			/* an eventfd */
	int s[2];		/* connected */
	struct epoll_event ev;
};

FIXTURE_SETUP(set)
{
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	self->fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->ep, 0);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, self->s), 0);
}

FIXTURE_TEARDOWN(set)
{
	close(self->ep);
	close(self->fd);
	close(self->s[0]);
	close(self->s[1]);
}

#endif
