// SPDX-License-Identifier: GPL-2.0-only
/* Signals as sources: what is bounded, and timers whose signals are ignored. */
#include "signal-channel.h"
#include "sigevents.h"

static const struct itimerval ms2 = { { 0, 2000 }, { 0, 2000 } };
static const struct itimerval never;

/* The signal is posted and otherwise ignored, in either form: the timer goes on. */
TEST_F(channel, signal_ignored_itimer)
{
	on_signal(SIGALRM, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		uint64_t id = SIGALRM | (i ? ONLY : 0);

		ASSERT_EQ(watch_signal(&self->c, id), 0);
		ASSERT_EQ(setitimer(ITIMER_REAL, &ms2, NULL), 0);
		for (int n = 0; n < 5; n++) {
			struct evchan_event e;

			ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
			ASSERT_EQ(take(&self->c, &e), 1);
			EXPECT_EQ((int)e.id, SIGALRM);
		}
		ASSERT_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
		ASSERT_GE(signal_change(&self->c, EVCHAN_DEL, id, 0), 0);
	}
}

/* The signal is blocked, was pending before, and is not dequeued: the timer continues. */
TEST_F(channel, signal_blocked_itimer)
{
	int n = 0;

	mask_signal(SIG_BLOCK, SIGALRM);
	kill(getpid(), SIGALRM);
	ASSERT_EQ(watch_signal(&self->c, SIGALRM | ONLY), 0);
	ASSERT_EQ(setitimer(ITIMER_REAL, &ms2, NULL), 0);
	while (n < 5) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		n += take_signals(&self->c, SIGALRM);
	}
	ASSERT_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
}

TEST_F(channel, signal_ignored_posix_timer)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	timer_t timer;
	int n = 0;

	on_signal(SIGUSR2, SIG_IGN);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR2 | ONLY), 0);
	ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	ASSERT_EQ(set_timer(timer, 20000000, 20000000), 0);
	while (n < 5) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		n += take_signals(&self->c, SIGUSR2);
	}
	/* Each expiration was reported, so there is no overrun to carry over. */
	EXPECT_LE(timer_getoverrun(timer), 1);
	timer_delete(timer);
}

/* The same, and the timer has expired before the process registers the signal. */
TEST_F(channel, signal_ignored_before_registering)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	timer_t timer, burn;
	clock_t end;

	on_signal(SIGUSR2, SIG_IGN);
	ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	ASSERT_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &burn), 0);
	ASSERT_EQ(set_timer(timer, 1000000, 1000000), 0);
	ASSERT_EQ(set_timer(burn, 1000000, 1000000), 0);
	/* Until both have expired. */
	for (end = clock() + CLOCKS_PER_SEC / 20; clock() < end;)
		;
	for (int i = 0; i < 2; i++) {
		int n = 0;

		ASSERT_EQ(watch_signal(&self->c, SIGUSR2 | (i ? ONLY : 0)), 0);
		for (end = clock() + 10 * CLOCKS_PER_SEC; n < 5 && clock() < end;)
			n += take_signals(&self->c, SIGUSR2);
		EXPECT_EQ(n, 5);
		/* The CPU timer is alone with the second registration. */
		timer_delete(timer);
		ASSERT_GE(signal_change(&self->c, EVCHAN_DEL, SIGUSR2 | (i ? ONLY : 0), 0), 0);
	}
	timer_delete(burn);
}

static void *eat_alarms(void *arg)
{
	struct timespec none = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	while (!__atomic_load_n((int *)arg, __ATOMIC_ACQUIRE))
		if (sigtimedwait(&set, NULL, &none) < 0)
			sched_yield();
	return NULL;
}

/*
 * Two paths re-arm the timer: its interrupt, and the thread that dequeues its signal. The
 * kernel warns if both do. The timer must not stop either.
 */
TEST_F_TIMEOUT(channel, signal_itimer_rearmed_by_two, 60)
{
	struct itimerval us60 = { { 0, 60 }, { 0, 60 } };
	struct evchan_event e;
	int stop = 0, n = 0;
	pthread_t t;

	mask_signal(SIG_BLOCK, SIGALRM);
	ASSERT_EQ(signal_change(&self->c, EVCHAN_ADD, SIGALRM | ONLY, EVCHAN_ONESHOT), 0);
	ASSERT_EQ(pthread_create(&t, NULL, eat_alarms, &stop), 0);
	ASSERT_EQ(setitimer(ITIMER_REAL, &us60, NULL), 0);
	for (int i = 0; i < 4000; i++) {
		kill(getpid(), SIGALRM);
		while (take(&self->c, &e))
			;
		ASSERT_EQ(signal_change(&self->c, EVCHAN_MOD, SIGALRM | ONLY, EVCHAN_ONESHOT), 0);
	}
	/* Now only the timer sends the signal. */
	while (n < 5) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		n += take_signals(&self->c, SIGALRM);
		ASSERT_EQ(signal_change(&self->c, EVCHAN_MOD, SIGALRM | ONLY, EVCHAN_ONESHOT), 0);
	}
	ASSERT_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
}

/* The registrations of one signal are bounded, because each adds to the cost of sending it. */
TEST_F(channel, signal_queues_bounded)
{
	enum { MAX = 32 };
	struct channel other[MAX + 1];
	int ret = 0, n;

	for (n = 0; n <= MAX && !ret; n++) {
		ASSERT_EQ(channel_open(&other[n], 2, 0), 0);
		ret = watch_signal(&other[n], SIGUSR1 | (n & 1 ? 0 : ONLY));
	}
	EXPECT_EQ(ret, -ENOSPC);
	EXPECT_EQ(n, MAX + 1);
	EXPECT_EQ(counter(other[n - 1].fd, "sources"), 0);
	EXPECT_EQ(watch_signal(&other[n - 1], SIGUSR2), 0);
	on_signal(SIGUSR1, count_signal);
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < n - 1; i++)
		EXPECT_EQ(take_signals(&other[i], SIGUSR1), 1);
	EXPECT_EQ(handled, 0);
	/* With one registration less there is room for another. */
	channel_close(&other[0]);
	EXPECT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	while (--n)
		channel_close(&other[n]);
}

/* The untaken signals of a user are counted together, for all queues and sources. */
TEST_F(channel, signal_limit_of_a_user)
{
	struct rlimit old, few;
	struct channel other;
	int sent = 0, more = 0;

	ASSERT_EQ(channel_open(&other, 8, 0), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN | ONLY), 0);
	ASSERT_EQ(watch_signal(&other, (SIGRTMIN + 1) | ONLY), 0);
	ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &old), 0);
	few = old;
	few.rlim_cur = pending_signals() + 6;
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	while (!send_value(SIGRTMIN, sent)) {
		ASSERT_LT(++sent, 30);
	}
	EXPECT_EQ(sent, 8 + 6);
	while (!send_value(SIGRTMIN + 1, more)) {
		ASSERT_LT(++more, 30);
	}
	/* A full ring, and possibly the signal that finds the ring full. */
	EXPECT_LE(more, 8 + 1);
	EXPECT_GE(more, 8);
	/* Signals that wait here also count against the limit of pending signals. */
	mask_signal(SIG_BLOCK, SIGRTMIN + 2);
	EXPECT_EQ(send_value(SIGRTMIN + 2, 0), -EAGAIN);
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &old), 0);
	EXPECT_EQ(take_signals(&self->c, SIGRTMIN), sent);
	EXPECT_EQ(take_signals(&other, SIGRTMIN + 1), more);
	channel_close(&other);
	/* Taken signals are no longer charged to the user. */
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	EXPECT_EQ(send_value(SIGRTMIN + 2, 0), 0);
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &old), 0);
}

TEST_HARNESS_MAIN
