// SPDX-License-Identifier: GPL-2.0-only
/*
 * What epoll promises, one test each. Run by itself it is a test of the kernel's
 * epoll, and so of these tests; run by evrun, of the interface that takes its
 * place. Nothing here knows which it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

/* Longer than anything takes in a slow guest. */
#define LONG_MS	10000
/* Long enough to see that nothing comes. */
#define SHORT_MS 30

static int add(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, op, fd, &ev) ? -errno : 0;
}

/* One event, or the count; negative errno. */
static int one(int ep, struct epoll_event *ev, int ms)
{
	int n = epoll_wait(ep, ev, 1, ms);

	return n < 0 ? -errno : n;
}

static void raise_it(int fd)
{
	uint64_t v = 1;

	if (write(fd, &v, sizeof(v)) != sizeof(v))
		abort();
}

static void lower(int fd)
{
	uint64_t v;

	if (read(fd, &v, sizeof(v)) != sizeof(v))
		abort();
}

static long ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000 + (now.tv_nsec - t->tv_nsec) / 1000000;
}

/* Until the thread sleeps in some system call; -1 if it never does. */
static int asleep(pid_t tid)
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
	/* Disarmed, it says nothing of a hang-up either. */
	ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	close(self->s[1]);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->s[0], 0, 0), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->s[0], how, 1), -ENOENT);
	self->s[1] = dup(self->s[0]);
}

/* What was consumed before the wait is not reported, in any mode. */
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
		/* And that uses up nothing. */
		raise_it(self->fd);
		EXPECT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
		lower(self->fd);
		ASSERT_EQ(add(self->ep, EPOLL_CTL_DEL, self->fd, 0, 0), 0);
	}
}

/* Every bit that holds, not only the one that woke. */
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
		/* One event for both. */
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
		/* The number belongs to another file now. */
		other = eventfd(1, 0);
		ASSERT_EQ(other, fd);
		EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, other, EPOLLIN, 1), -ENOENT);
		EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, other, EPOLLIN, 2), 0);
		ASSERT_EQ(one(self->ep, &self->ev, 0), 1);
		EXPECT_EQ(self->ev.data.u64, 2);
		close(other);
	}
}

/* A registration is one of the open file: a duplicate keeps it. */
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

/* A TCP connection: the other side's half closes, then both. */
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
	/* Nobody listens there any more. */
	close(l);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(c, (void *)&in, len))
		EXPECT_TRUE(errno == EINPROGRESS || errno == ECONNREFUSED);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, c, EPOLLOUT, 3), 0);
	ASSERT_EQ(one(self->ep, &self->ev, LONG_MS), 1);
	EXPECT_EQ(self->ev.events, EPOLLOUT | EPOLLERR | EPOLLHUP);
	close(c);
}

/* With room for one each condition has its turn. */
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

/* More than fit into a ring or a call. */
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

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

TEST_F(set, signal_mask)
{
	struct timespec to = { 0, 20000000 };
	sigset_t blocked, open_mask;

	signals = 0;
	signal(SIGUSR1, on_signal);
	sigemptyset(&open_mask);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	raise(SIGUSR1);
	EXPECT_EQ(one(self->ep, &self->ev, SHORT_MS), 0);
	EXPECT_EQ(signals, 0);
	/* Without waiting it stays pending, and an event goes first. */
	EXPECT_EQ(epoll_pwait(self->ep, &self->ev, 1, 0, &open_mask), 0);
	EXPECT_EQ(signals, 0);
	raise_it(self->fd);
	EXPECT_EQ(epoll_pwait(self->ep, &self->ev, 1, LONG_MS, &open_mask), 1);
	EXPECT_EQ(signals, 0);
	lower(self->fd);
	EXPECT_EQ(epoll_pwait(self->ep, &self->ev, 1, LONG_MS, &open_mask), -1);
	EXPECT_EQ(errno, EINTR);
	EXPECT_EQ(signals, 1);
	raise(SIGUSR1);
	EXPECT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, &open_mask), -1);
	EXPECT_EQ(errno, EINTR);
	EXPECT_EQ(signals, 2);
	/* And the other way round: blocked for the time of the wait. */
	ASSERT_EQ(pthread_sigmask(SIG_UNBLOCK, &blocked, NULL), 0);
	ASSERT_EQ(epoll_pwait2(self->ep, &self->ev, 1, &to, &blocked), 0);
	EXPECT_EQ(signals, 2);
	ASSERT_EQ(syscall(SYS_epoll_pwait, self->ep, &self->ev, 1, 0, &blocked, 3), -1);
	EXPECT_EQ(errno, EINVAL);
}

struct waiter {
	pthread_t thread;
	int ep, result, err, count;
	pid_t tid;
	struct epoll_event ev;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->result = epoll_wait(w->ep, &w->ev, 1, -1);
	w->err = errno;
	return NULL;
}

/* Start one and see it asleep. */
static int start(struct waiter *w, int ep)
{
	pid_t tid;

	*w = (struct waiter){ .ep = ep, .result = -2 };
	if (pthread_create(&w->thread, NULL, wait_in_thread, w))
		return -1;
	while (!(tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	return asleep(tid);
}

/* Join within the time; -1 if it still runs. */
static int finished(struct waiter *w, long ms)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += ms % 1000 * 1000000;
	at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return pthread_timedjoin_np(w->thread, NULL, &at) ? -1 : 0;
}

TEST_F(set, interrupted_by_a_signal)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct waiter w;

	signals = 0;
	sigaction(SIGUSR1, &sa, NULL);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	ASSERT_EQ(start(&w, self->ep), 0);
	pthread_kill(w.thread, SIGUSR1);
	ASSERT_EQ(finished(&w, LONG_MS), 0);
	EXPECT_EQ(w.result, -1);
	EXPECT_EQ(w.err, EINTR);
	EXPECT_EQ(signals, 1);
}

/* A change by another thread reaches a thread that waits. */
TEST_F(set, changed_while_waiting)
{
	struct waiter w;

	ASSERT_EQ(start(&w, self->ep), 0);
	raise_it(self->fd);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLPRI, 1), 0);
	EXPECT_EQ(finished(&w, SHORT_MS), -1);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN, 2), 0);
	ASSERT_EQ(finished(&w, LONG_MS), 0);
	EXPECT_EQ(w.result, 1);
	EXPECT_EQ(w.ev.data.u64, 2);
}

TEST_F(set, edge_wakes_one_thread)
{
	struct waiter w[3];
	int done = 0;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | EPOLLET, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start(&w[i], self->ep), 0);
	for (int n = 1; n <= 3; n++) {
		raise_it(self->fd);
		for (int t = 0; t < LONG_MS && done < n; t++) {
			for (int i = 0; i < 3; i++) {
				if (!w[i].count && w[i].tid && !finished(&w[i], 1)) {
					w[i].count = 1;
					done++;
				}
			}
		}
		EXPECT_EQ(done, n);
	}
	EXPECT_EQ(one(self->ep, &self->ev, 0), 0);
}

/* A level-triggered condition that stays is seen by every thread. */
TEST_F(set, level_wakes_every_thread)
{
	struct waiter w[3];

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start(&w[i], self->ep), 0);
	raise_it(self->fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(finished(&w[i], LONG_MS), 0);
		EXPECT_EQ(w[i].result, 1);
	}
}

TEST_F(set, cancelled_while_waiting)
{
	struct waiter w, other;
	void *ret;

	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, EPOLLIN | EPOLLET, 1), 0);
	ASSERT_EQ(start(&w, self->ep), 0);
	ASSERT_EQ(start(&other, self->ep), 0);
	ASSERT_EQ(pthread_cancel(w.thread), 0);
	ASSERT_EQ(pthread_join(w.thread, &ret), 0);
	EXPECT_EQ(ret, PTHREAD_CANCELED);
	raise_it(self->fd);
	ASSERT_EQ(finished(&other, LONG_MS), 0);
	EXPECT_EQ(other.result, 1);
}

/* Every event of a oneshot registration goes to one thread, which arms it again. */
static void *serve_oneshot(void *arg)
{
	struct waiter *w = arg;
	struct epoll_event ev;

	for (;;) {
		int n = epoll_wait(w->ep, &ev, 1, LONG_MS), fd;
		char c;

		if (n != 1) {
			w->err = 1;
			return NULL;
		}
		fd = ev.data.u64 & 0xffff;
		if (read(fd, &c, 1) != 1) {
			w->err = 2;
			return NULL;
		}
		w->count++;
		if (add(w->ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT, fd)) {
			w->err = 3;
			return NULL;
		}
		if (c == 'q')
			return NULL;
	}
}

TEST_F(set, oneshot_among_threads)
{
	struct waiter w[3] = { 0 };
	int sum = 0;

	/* A read of a socket that has nothing fails, which is err 2. */
	ASSERT_EQ(fcntl(self->s[1], F_SETFL, 0), 0);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN | EPOLLONESHOT, self->s[0]), 0);
	for (int i = 0; i < 3; i++) {
		w[i].ep = self->ep;
		ASSERT_EQ(pthread_create(&w[i].thread, NULL, serve_oneshot, &w[i]), 0);
	}
	for (int i = 0; i < 2000; i++)
		ASSERT_EQ(write(self->s[1], "x", 1), 1);
	ASSERT_EQ(write(self->s[1], "qqq", 3), 3);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(pthread_join(w[i].thread, NULL), 0);
		EXPECT_EQ(w[i].err, 0);
		sum += w[i].count;
	}
	EXPECT_EQ(sum, 2003);
}

TEST_F(set, exclusive)
{
	uint32_t how = EPOLLIN | EPOLLEXCLUSIVE;
	int ep2 = epoll_create1(0), n = 0;
	struct waiter w[2];

	EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, how | EPOLLONESHOT, 1), -EINVAL);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, ep2, how, 1), -EINVAL);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_ADD, 999, how, 1), -EBADF);
	ASSERT_EQ(add(self->ep, EPOLL_CTL_ADD, self->fd, how, 1), 0);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, how, 1), -EINVAL);
	EXPECT_EQ(add(self->ep, EPOLL_CTL_MOD, self->fd, EPOLLIN, 1), -EINVAL);
	ASSERT_EQ(add(ep2, EPOLL_CTL_ADD, self->fd, how, 1), 0);
	/* Two sets, somebody waits on both, one is woken. */
	ASSERT_EQ(start(&w[0], self->ep), 0);
	ASSERT_EQ(start(&w[1], ep2), 0);
	raise_it(self->fd);
	for (int t = 0; t < LONG_MS && !n; t++)
		for (int i = 0; i < 2; i++)
			if (!w[i].count && !finished(&w[i], 1))
				w[i].count = ++n;
	EXPECT_EQ(n, 1);
	for (int i = 0; i < 2; i++)
		if (!w[i].count)
			EXPECT_EQ(finished(&w[i], SHORT_MS), -1);
	/* Once nobody waits there, the other's turn has come. */
	raise_it(self->fd);
	for (int i = 0; i < 2; i++)
		if (!w[i].count)
			EXPECT_EQ(finished(&w[i], LONG_MS), 0);
	close(ep2);
}

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
	/* Over another set, which goes by that. */
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
	/* The number is used by a new set, which has nothing. */
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
		/* Closing it here closes nothing there. */
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

/* A condition that stays reaches those who sleep in another process. */
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

/* The set goes with its last descriptor, in whatever process. */
TEST_F(set, watches_nothing_once_closed)
{
	int fd = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0), n = 0;
	char path[64], line[256];
	FILE *f;

	ASSERT_EQ(add(ep, EPOLL_CTL_ADD, self->s[0], EPOLLIN, 1), 0);
	ASSERT_EQ(one(ep, &self->ev, 0), 0);
	/* What it watches can be closed, and a pipe's reader sees the end. */
	close(ep);
	close(fd);
	snprintf(path, sizeof(path), "/proc/self/maps");
	f = fopen(path, "r");
	ASSERT_NE(f, NULL);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, "evchan]");
	fclose(f);
	/* The fixture's own may be mapped. */
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

/* After exec() a set that was not to be closed works on. */
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
