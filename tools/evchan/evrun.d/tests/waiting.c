// SPDX-License-Identifier: GPL-2.0-only
/* Waits in several threads: signals, changes during a wait, which thread is woken, cancellation. */
#include "set.h"

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
	/* A wait with a timeout of 0 leaves the signal pending, and an event takes precedence. */
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
	/* The opposite: the mask blocks the signal for the time of the wait. */
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

/* Start a waiter; returns once it sleeps. */
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

/* Join the waiter within @ms; -1 if it still runs. */
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

/* A change by another thread takes effect on a thread that waits. */
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

/* A level-triggered condition that stays is reported to every thread. */
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

/* Each event of a oneshot registration goes to one thread, which then re-arms it. */
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

	/* A thread that was woken for nothing finds no data, which is err 2. */
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
	/* Threads wait in two exclusive sets: one is woken. */
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
	/* When nobody waits in the first set any more, the waiter in the other is woken. */
	raise_it(self->fd);
	for (int i = 0; i < 2; i++)
		if (!w[i].count)
			EXPECT_EQ(finished(&w[i], LONG_MS), 0);
	close(ep2);
}

TEST_HARNESS_MAIN
