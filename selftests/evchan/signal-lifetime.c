// SPDX-License-Identifier: GPL-2.0-only
/* How long signals are posted into a channel: fork, exec, exit, and close. */
#include "channel.h"
#include "processes.h"
#include "signal-channel.h"

/* A child does not inherit the registrations. */
TEST_F(channel, signal_not_inherited)
{
	struct child c;
	int status;

	ASSERT_EQ(watch_signal(&self->c, SIGUSR1 | ONLY), 0);
	if (!start_child(&c)) {
		kill(getpid(), SIGUSR1);
		_exit(0);
	}
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 1);
	end_child(&c);
}

/* A signal is posted until the process executes another program. */
TEST_F(channel, signal_removed_at_exec)
{
	char script[32];
	struct child c;
	int status;

	/* A realtime signal, which would not merge. */
	on_signal(SIGRTMIN, SIG_IGN);
	snprintf(script, sizeof(script), "kill -%d $$", SIGRTMIN);
	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGRTMIN) || kill(getpid(), SIGRTMIN))
			_exit(1);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(2);
	}
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(take_signals(&self->c, SIGRTMIN), 1);
	end_child(&c);
}

static void *exec_sleeper(void *arg)
{
	await_word(arg);
	execl("/bin/sh", "sh", "-c", "read word", NULL);
	return NULL;
}

/* The same when a thread other than the leader executes; the channel can be closed then. */
TEST_F(channel, signal_removed_at_exec_of_a_thread)
{
	struct child c;
	pthread_t t;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGUSR1 | ONLY) ||
		    watch_signal(&self->c, SIGUSR2) || dup2(c.told[0], 0))
			_exit(1);
		pthread_create(&t, NULL, exec_sleeper, &c);
		syscall(SYS_exit, 0);
	}
	ASSERT_EQ(await_state(c.pid, 'Z'), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 2);
	kill(c.pid, SIGUSR1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	ASSERT_EQ(tell(&c), 0);
	while (counter(self->c.fd, "sources") > 0)
		sched_yield();
	kill(c.pid, SIGKILL);
	end_child(&c);
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

/*
 * A signal for the thread ID of a leader that has exited, while other threads run: the process
 * has registered it, so it is posted, even by a kernel that refuses to queue it to the thread.
 */
TEST_F(channel, signal_to_an_exited_leader)
{
	struct child c;
	pthread_t t;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGUSR1 | ONLY) || watch_signal(&self->c, SIGUSR2))
			_exit(1);
		pthread_create(&t, NULL, sleep_for_ever, NULL);
		syscall(SYS_exit, 0);
	}
	ASSERT_EQ(await_state(c.pid, 'Z'), 0);
	EXPECT_EQ(syscall(SYS_tgkill, c.pid, c.pid, SIGUSR1), 0);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	EXPECT_EQ(syscall(SYS_tgkill, c.pid, c.pid, SIGUSR2), 0);
	EXPECT_EQ(take_signals(&self->c, SIGUSR2), 1);
	kill(c.pid, SIGKILL);
	end_child(&c);
}

/* The channel outlives the process that registered; what was posted stays. */
TEST_F(channel, signal_owner_exits)
{
	struct evchan_change user = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct evchan_event e;
	struct child c;
	int n = 0;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGRTMIN | ONLY))
			_exit(1);
		for (int i = 0; i < 6; i++)
			send_value(SIGRTMIN, i);
		_exit(0);
	}
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	while (take(&self->c, &e))
		EXPECT_EQ((int)e.value, n++);
	EXPECT_EQ(n, 6);
	ASSERT_EQ(change(&self->c, &user), 0);
	user.op = EVCHAN_POST;
	ASSERT_EQ(change(&self->c, &user), 0);
	EXPECT_EQ(take(&self->c, &e), 1);
	end_child(&c);
}

/* The process exits while its signals wait in overflow. */
TEST_F(channel, signal_owner_exits_in_overflow)
{
	struct child c;

	if (!start_child(&c)) {
		if (watch_signal(&self->c, SIGRTMIN | ONLY))
			_exit(1);
		for (int i = 0; i < 100; i++)
			send_value(SIGRTMIN, i);
		_exit(0);
	}
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	EXPECT_EQ(take_signals(&self->c, SIGRTMIN), 8);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	end_child(&c);
}

/* A closed channel no longer keeps signals from the process. */
TEST_F(channel, signal_channel_closed)
{
	struct channel other;

	on_signal(SIGUSR1, count_signal);
	ASSERT_EQ(channel_open(&other, 8, 0), 0);
	ASSERT_EQ(watch_signal(&other, SIGUSR1 | ONLY), 0);
	ASSERT_EQ(watch_signal(&self->c, SIGUSR1), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 0);
	/* Each channel gets the signal, whichever form the other channel requested. */
	EXPECT_EQ(take_signals(&other, SIGUSR1), 1);
	EXPECT_EQ(take_signals(&self->c, SIGUSR1), 1);
	for (int i = 0; i < 20; i++)
		kill(getpid(), SIGUSR1);
	channel_close(&other);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
}

TEST_HARNESS_MAIN
