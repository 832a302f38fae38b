// SPDX-License-Identifier: GPL-2.0-only
/* Signals as sources: what is posted into the channel, and what else happens. */
#include <sys/ptrace.h>

#include "channel.h"
#include "processes.h"
#include "signal-channel.h"

static void *volatile nowhere = (void *)8;

/* Into the channel and to the handler; the event says who sent it. */
TEST_F(channel, signal_both_ways)
{
	struct evchan_event e;

	on_signal(SIGUSR1, count_signal);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.type, EVCHAN_SIGNAL);
	EXPECT_EQ(e.events, EVCHAN_SIGNALED);
	EXPECT_EQ(e.id, SIGUSR1);
	EXPECT_EQ(e.data, SIGUSR1);
	EXPECT_EQ((int)e.extra[0], SI_USER);
	EXPECT_EQ((pid_t)e.extra[1], getpid());
	EXPECT_EQ((uid_t)(e.extra[1] >> 32), getuid());
	EXPECT_EQ(take(&self->c, &e), 0);
}

/* Into the channel instead of killing: nothing becomes pending, and no handler is called. */
TEST_F(channel, signal_only)
{
	struct evchan_event e;

	ASSERT_EQ(watch_signal(&self->c, SIGUSR1 | ONLY), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(is_pending(SIGUSR1), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.id, SIGUSR1 | ONLY);
	EXPECT_EQ((pid_t)e.extra[1], getpid());
	on_signal(SIGUSR1, count_signal);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 0);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	/* After the removal the signal is delivered as usual. */
	ASSERT_EQ(signal_change(&self->c, EVCHAN_DEL, SIGUSR1 | ONLY, 0), 1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 0);
}

/* Realtime signals, many more than slots: each is posted with its payload, in order. */
TEST_F(channel, signal_realtime_in_order)
{
	struct evchan_event e;
	int n = 0;

	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN | ONLY), 0);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(send_value(SIGRTMIN, i), 0);
	while (wait_events(&self->c, 0, 0) > 0)
		while (take(&self->c, &e)) {
			EXPECT_EQ((int)e.value, n);
			EXPECT_EQ((int)e.extra[0], SI_QUEUE);
			EXPECT_EQ((pid_t)e.extra[1], getpid());
			n++;
		}
	EXPECT_EQ(n, 100);
}

/* The same in the form that also makes each signal pending. */
TEST_F(channel, signal_realtime_both_ways)
{
	struct timespec none = { 0 };
	struct evchan_event e;
	siginfo_t info;
	sigset_t set;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN), 0);
	for (int i = 0; i < 40; i++)
		ASSERT_EQ(send_value(SIGRTMIN, i), 0);
	while (wait_events(&self->c, 0, 0) > 0)
		while (take(&self->c, &e))
			EXPECT_EQ((int)e.value, n++);
	EXPECT_EQ(n, 40);
	for (n = 0; sigtimedwait(&set, &info, &none) == SIGRTMIN; n++)
		EXPECT_EQ(info.si_int, n);
	EXPECT_EQ(n, 40);
}

/* Two realtime signals and other sources keep their order of occurrence. */
TEST_F(channel, signal_order_among_sources)
{
	struct evchan_change user = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct evchan_event e;
	int n = 0;

	ASSERT_EQ(change(&self->c, &user), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN | ONLY), 0);
	ASSERT_EQ(watch_signal(&self->c, (SIGRTMIN + 1) | ONLY), 0);
	user.op = EVCHAN_POST;
	for (int i = 0; i < 60; i++) {
		if (i == 30) {
			user.args[0] = i;
			ASSERT_EQ(change(&self->c, &user), 0);
		} else {
			ASSERT_EQ(send_value(SIGRTMIN + i % 2, i), 0);
		}
	}
	while (wait_events(&self->c, 0, 0) > 0)
		while (take(&self->c, &e)) {
			EXPECT_EQ((int)e.value, n);
			if (n != 30)
				EXPECT_EQ((int)e.id, SIGRTMIN + n % 2);
			n++;
		}
	EXPECT_EQ(n, 60);
}

/* A standard signal merges with an untaken one, both in the ring and in overflow. */
TEST_F(channel, signal_standard_merges)
{
	struct evchan_change user = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct evchan_event e;

	ASSERT_EQ(watch_signal(&self->c, SIGUSR1 | ONLY), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			send_value(SIGUSR1, 10 * round + i);
		ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
		ASSERT_EQ(take(&self->c, &e), 1);
		EXPECT_EQ((int)e.value, 10 * round);	/* the value is that of the first */
		EXPECT_EQ(take(&self->c, &e), 0);
	}
	ASSERT_EQ(change(&self->c, &user), 0);
	user.op = EVCHAN_POST;
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(change(&self->c, &user), 0);
	for (int i = 0; i < 5; i++)
		send_value(SIGUSR1, 100 + i);
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(take(&self->c, &e), 1);
		EXPECT_EQ(e.type, EVCHAN_USER);
	}
	EXPECT_EQ(wait_events(&self->c, 0, 0), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ((int)e.value, 100);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 0);
}

/* A blocked or ignored signal is posted; a blocked one stays pending too. */
TEST_F(channel, signal_blocked_or_ignored)
{
	ASSERT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR2 | ONLY), 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGUSR2);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	EXPECT_EQ(is_pending(SIGUSR1), 1);
	EXPECT_EQ(is_pending(SIGUSR2), 0);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	/* A further signal is posted though one is pending already. */
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);

	on_signal(SIGUSR1, SIG_IGN);
	on_signal(SIGUSR2, SIG_IGN);
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	mask_signal(SIG_UNBLOCK, SIGUSR2);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	kill(getpid(), SIGUSR2);
	EXPECT_EQ(take_signals(&self->c, SIGUSR2), 1);
	/* A signal that is ignored by default. */
	ASSERT_EQ(watch_signal(&self->c, SIGURG), 0);
	kill(getpid(), SIGURG);
	EXPECT_EQ(take_signals(&self->c, SIGURG), 1);
}

/*
 * A fatal signal, posted and delivered: the process dies, and another that has the channel
 * gets the event.
 */
TEST_F(channel, signal_default_fatal)
{
	struct child c;
	int status;

	if (!start_child(&c)) {
		if (!watch_signal(&self->c, SIGTERM))
			kill(getpid(), SIGTERM);
		_exit(1);
	}
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	EXPECT_EQ(take_signals(&self->c, SIGTERM), 1);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	end_child(&c);
}

TEST_F(channel, signal_refused)
{
	static const uint64_t ids[] = { 0, SIGKILL, SIGSTOP, 65, 1ULL << 32 | SIGUSR1 };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		EXPECT_EQ(watch_signal(&self->c, ids[i]), -EINVAL);
		EXPECT_EQ(watch_signal(&self->c, ids[i] | ONLY), -EINVAL);
	}
	EXPECT_EQ(signal_change(&self->c, EVCHAN_ADD, SIGUSR1, EVCHAN_LEVEL), -EINVAL);
	/* A channel has a signal in one of the two forms only. */
	EXPECT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	EXPECT_EQ(watch_signal(&self->c, SIGUSR1), -EEXIST);
	EXPECT_EQ(watch_signal(&self->c, SIGUSR1 | ONLY), -EEXIST);
	EXPECT_EQ(counter(self->c.fd, "sources"), 1);
}

/*
 * A fault's signal is delivered even with NOMASK, because the thread cannot go on; the same
 * signal sent by kill() is not.
 */
TEST_F(channel, signal_fault_not_swallowed)
{
	struct rlimit no_core = { 0 };
	struct child c;
	int status;

	if (!start_child(&c)) {
		setrlimit(RLIMIT_CORE, &no_core);
		if (watch_signal(&self->c, SIGSEGV | ONLY) || kill(getpid(), SIGSEGV))
			_exit(1);
		*(volatile int *)nowhere = 0;
		_exit(2);
	}
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	EXPECT_EQ(take_signals(&self->c, SIGSEGV), 1);
	end_child(&c);
}

static void *signal_thread(void *arg)
{
	return (void *)(long)tgkill(getpid(), gettid(), *(int *)arg);
}

/* A signal sent to a thread is posted like one sent to the process. */
TEST_F(channel, signal_to_a_thread)
{
	int sig = SIGUSR1, rt = SIGRTMIN + 2;
	pthread_t t;

	ASSERT_EQ(watch_signal(&self->c, SIGUSR1 | ONLY), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN + 2), 0);
	on_signal(rt, count_signal);
	ASSERT_EQ(pthread_create(&t, NULL, signal_thread, &sig), 0);
	pthread_join(t, NULL);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	ASSERT_EQ(pthread_create(&t, NULL, signal_thread, &rt), 0);
	pthread_join(t, NULL);
	EXPECT_EQ(take_signals(&self->c, rt), 1);
	EXPECT_EQ(handled, 1);
	ASSERT_EQ(pthread_sigqueue(pthread_self(), rt, (union sigval){ 0 }), 0);
	EXPECT_EQ(take_signals(&self->c, rt), 1);
}

/* sigwait() and a signalfd get a signal that is also delivered, and none with NOMASK. */
TEST_F(channel, signal_competitors)
{
	struct timespec none = { 0 };
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR2 | ONLY), 0);

	kill(getpid(), SIGUSR1);
	EXPECT_EQ(sigtimedwait(&set, NULL, &none), SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(read(fd, &info, sizeof(info)), (ssize_t)sizeof(info));
	EXPECT_EQ(info.ssi_signo, SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);

	kill(getpid(), SIGUSR2);
	EXPECT_EQ(sigtimedwait(&set, NULL, &none), -1);
	EXPECT_EQ(read(fd, &info, sizeof(info)), -1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR2), 1);
	close(fd);
}

/* A stop signal does not stop the process if it is posted only. */
TEST_F(channel, signal_group_stop)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGTSTP | ONLY) ||
		    watch_signal(&self->c, SIGCONT | ONLY) ||
		    watch_signal(&self->c, SIGTTIN))
			_exit(1);
		for (;;)
			await_word(&c);
	}
	while (counter(self->c.fd, "sources") != 3)
		sched_yield();
	kill(c.pid, SIGTSTP);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ((int)e.id, SIGTSTP);
	EXPECT_EQ(await_state(c.pid, 'S'), 0);
	EXPECT_EQ(waitpid(c.pid, NULL, WNOHANG | WUNTRACED), 0);
	/* In the other form it stops, and SIGCONT continues the process in any case. */
	kill(c.pid, SIGTTIN);
	EXPECT_EQ(await_state(c.pid, 'T'), 0);
	EXPECT_EQ(take_signals(&self->c, SIGTTIN), 1);
	kill(c.pid, SIGCONT);
	EXPECT_EQ(await_state(c.pid, 'S'), 0);
	EXPECT_EQ(take_signals(&self->c, SIGCONT), 1);
	kill(c.pid, SIGKILL);
	end_child(&c);
}

/* The tracer sees the signals that are delivered. */
TEST_F(channel, signal_traced)
{
	struct child c;
	int status;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGUSR1) || watch_signal(&self->c, SIGUSR2 | ONLY))
			_exit(1);
		for (;;)
			await_word(&c);
	}
	while (counter(self->c.fd, "sources") != 2)
		sched_yield();
	ASSERT_EQ(ptrace(PTRACE_SEIZE, c.pid, 0, 0), 0);
	kill(c.pid, SIGUSR2);
	EXPECT_EQ(take_signals(&self->c, SIGUSR2), 1);
	EXPECT_EQ(waitpid(c.pid, &status, WNOHANG), 0);
	kill(c.pid, SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGUSR1);
	kill(c.pid, SIGKILL);
	end_child(&c);
}

/* Timers whose signal is not dequeued continue. */
TEST_F(channel, signal_of_periodic_timers)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3 };
	struct itimerspec ms2 = { { 0, 2000000 }, { 0, 2000000 } };
	struct itimerval ms3 = { { 0, 3000 }, { 0, 3000 } };
	int rt = 0, alarms = 0, cpu = 0;
	struct evchan_event e;
	timer_t timer, burn;

	ASSERT_EQ(watch_signal(&self->c, SIGALRM | ONLY), 0);
	ASSERT_EQ(watch_signal(&self->c, (SIGRTMIN + 3) | ONLY), 0);
	ASSERT_EQ(watch_signal(&self->c, (SIGRTMIN + 4) | ONLY), 0);
	ev.sigev_value.sival_int = 7;
	ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	ev.sigev_signo = SIGRTMIN + 4;
	ASSERT_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &burn), 0);
	ASSERT_EQ(timer_settime(timer, 0, &ms2, NULL), 0);
	ASSERT_EQ(timer_settime(burn, 0, &ms2, NULL), 0);
	ASSERT_EQ(setitimer(ITIMER_REAL, &ms3, NULL), 0);
	while (rt < 5 || alarms < 5 || cpu < 3) {
		ASSERT_GE(wait_events(&self->c, 0, 0), 0);
		while (take(&self->c, &e)) {
			alarms += (int)e.id == SIGALRM;
			cpu += (int)e.id == SIGRTMIN + 4;
			if ((int)e.id == SIGRTMIN + 3) {
				rt++;
				EXPECT_EQ((int)e.value, 7);
				EXPECT_EQ((int)e.extra[0], SI_TIMER);
			}
		}
	}
	EXPECT_GE(timer_getoverrun(timer), 0);
	/* After the removal the timers' signals are delivered as usual. */
	on_signal(SIGALRM, count_signal);
	on_signal(SIGRTMIN + 3, count_signal);
	on_signal(SIGRTMIN + 4, count_signal);
	for (int sig = SIGRTMIN + 3; sig <= SIGRTMIN + 4; sig++)
		ASSERT_GE(signal_change(&self->c, EVCHAN_DEL, sig | ONLY, 0), 0);
	ASSERT_GE(signal_change(&self->c, EVCHAN_DEL, SIGALRM | ONLY, 0), 0);
	while (handled < 10)
		sched_yield();
	timer_delete(timer);
	timer_delete(burn);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

/* An interval so short that the timer would use the processor fully. */
TEST_F(channel, signal_short_itimer)
{
	struct itimerval us1 = { { 0, 1 }, { 0, 1 } };
	int n = 0;

	ASSERT_EQ(watch_signal(&self->c, SIGALRM | ONLY), 0);
	ASSERT_EQ(setitimer(ITIMER_REAL, &us1, NULL), 0);
	while (n < 20)
		n += take_signals(&self->c, SIGALRM);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

/* A sender beyond the limit gets EAGAIN, and no accepted signal is lost. */
TEST_F(channel, signal_limit)
{
	struct rlimit old, few;
	struct evchan_event e;
	int sent = 0, n = 0;

	ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &old), 0);
	few = old;
	few.rlim_cur = pending_signals() + 4;
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN | ONLY), 0);
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	/* The braces are needed: ASSERT expands to more than one statement. */
	while (!send_value(SIGRTMIN, sent)) {
		ASSERT_LT(++sent, 20);
	}
	EXPECT_EQ(send_value(SIGRTMIN, sent), -EAGAIN);
	EXPECT_EQ(sent, 12);	/* a full ring, and the limit */
	/* kill() cannot fail; its signals are counted as overrun. */
	EXPECT_EQ(kill(getpid(), SIGRTMIN), 0);
	EXPECT_EQ(kill(getpid(), SIGRTMIN), 0);
	while (n < sent) {
		ASSERT_GT(wait_events(&self->c, 0, 0), 0);
		while (n < sent && take(&self->c, &e)) {
			EXPECT_EQ(e.events, EVCHAN_SIGNALED);
			EXPECT_EQ((int)e.value, n++);
		}
	}
	ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_SIGNALED | EVCHAN_SIGNAL_OVERRUN);
	EXPECT_EQ(e.value, 2);
	EXPECT_EQ(send_value(SIGRTMIN, 99), 0);
	EXPECT_EQ(take_signals(&self->c, SIGRTMIN), 1);
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &old), 0);
}

/* Beyond the limit the send fails in the form that also delivers: neither posted nor pending. */
TEST_F(channel, signal_limit_both_ways)
{
	struct rlimit old, few;
	int sent = 0;

	ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &old), 0);
	few = old;
	few.rlim_cur = pending_signals() + 4;
	mask_signal(SIG_BLOCK, SIGRTMIN);
	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN), 0);
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	while (!send_value(SIGRTMIN, sent)) {
		ASSERT_LT(++sent, 20);
	}
	ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &old), 0);
	EXPECT_EQ(take_signals(&self->c, SIGRTMIN), sent);
}

/* One signal is posted; then, disarmed, the next is delivered as usual; then re-armed. */
TEST_F(channel, signal_oneshot)
{
	on_signal(SIGUSR1, count_signal);
	ASSERT_EQ(signal_change(&self->c, EVCHAN_ADD, SIGUSR1 | ONLY, EVCHAN_ONESHOT), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	ASSERT_EQ(signal_change(&self->c, EVCHAN_MOD, SIGUSR1 | ONLY, EVCHAN_ONESHOT), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
}

/* A child's exit: its status and pid. Nothing is posted if the parent ignores SIGCHLD. */
TEST_F(channel, signal_of_a_child)
{
	struct evchan_event e;
	struct child c;

	ASSERT_EQ(watch_signal(&self->c, SIGCHLD | ONLY), 0);
	if (!start_child(&c))
		_exit(21);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 21);
	EXPECT_EQ((int)e.extra[0], CLD_EXITED);
	EXPECT_EQ((pid_t)e.extra[1], c.pid);
	end_child(&c);

	on_signal(SIGCHLD, SIG_IGN);
	if (!start_child(&c))
		_exit(0);
	EXPECT_EQ(waitpid(c.pid, NULL, 0), -1);
	EXPECT_EQ(take_signals(&self->c, SIGCHLD), 0);
	on_signal(SIGCHLD, SIG_DFL);
	end_child(&c);
}

struct sender {
	pthread_t thread;
	int first, stop;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < 2000; i++)
		while (send_value(SIGRTMIN, s->first + i) == -EAGAIN)
			sched_yield();
	return NULL;
}

/* Several senders and one consumer: every signal arrives, in each sender's order. */
TEST_F(channel, signal_many_senders)
{
	struct sender senders[3] = { 0 };
	struct evchan_event e;
	int next[3] = { 0 }, n = 0;

	ASSERT_EQ(watch_signal(&self->c, SIGRTMIN | ONLY), 0);
	for (int i = 0; i < 3; i++) {
		senders[i].first = 10000 * i;
		ASSERT_EQ(pthread_create(&senders[i].thread, NULL, send_thread, &senders[i]), 0);
	}
	while (n < 6000) {
		ASSERT_GT(wait_events(&self->c, 1, LONG_MS), 0);
		while (take(&self->c, &e)) {
			EXPECT_EQ((int)e.value % 10000, next[e.value / 10000]++);
			n++;
		}
	}
	for (int i = 0; i < 3; i++)
		pthread_join(senders[i].thread, NULL);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
}

static void *toggle_thread(void *arg)
{
	struct channel *c = arg;

	for (int i = 0; i < 2000; i++) {
		watch_signal(c, SIGUSR1 | ONLY);
		signal_change(c, EVCHAN_DEL, SIGUSR1 | ONLY, 0);
	}
	return NULL;
}

/* Registered and removed while signals are sent: each goes to the channel or to the handler. */
TEST_F(channel, signal_registered_meanwhile)
{
	struct evchan_event e;
	pthread_t t;

	on_signal(SIGUSR1, count_signal);
	ASSERT_EQ(pthread_create(&t, NULL, toggle_thread, &self->c), 0);
	for (int i = 0; i < 2000; i++) {
		kill(getpid(), SIGUSR1);
		take(&self->c, &e);
	}
	pthread_join(t, NULL);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
}

TEST_HARNESS_MAIN
