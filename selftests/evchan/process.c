// SPDX-License-Identifier: GPL-2.0-only
/* Processes as sources: when they exit, with which status, and who may know it. */
#include "channel.h"
#include "processes.h"

static int watch_process(struct channel *c, int op, int pidfd, uint64_t data)
{
	return watch(c, op, EVCHAN_PROCESS, pidfd, EVCHAN_EXITED, 0, data);
}

/* The exit status is that of wait(2), and is reported once. */
TEST_F(channel, process_exit_status)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c)) {
		await_word(&c);
		_exit(3);
	}
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 17), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	ASSERT_EQ(tell(&c), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.type, EVCHAN_PROCESS);
	EXPECT_EQ(e.events, EVCHAN_EXITED);
	EXPECT_EQ(e.data, 17);
	EXPECT_EQ((int)e.id, c.pidfd);
	EXPECT_EQ(e.value, 3 << 8);
	/* Reaping the process posts nothing. */
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	end_child(&c);
}

TEST_F(channel, process_killed)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c))
		await_word(&c);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	kill(c.pid, SIGKILL);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, SIGKILL);
	end_child(&c);
}

/* The process has exited before: that is posted at once, and again after a modify. */
TEST_F(channel, process_exited_before)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c))
		_exit(9);
	ASSERT_EQ(await_state(c.pid, 'Z'), 0);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_EXITED);
	EXPECT_EQ(e.value, 9 << 8);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_MOD, c.pidfd, 0), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 9 << 8);
	/* The source keeps the status that it has seen. */
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_MOD, c.pidfd, 0), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 9 << 8);
	end_child(&c);
}

/* The process was reaped before: it is reported as exited, with an unknown status. */
TEST_F(channel, process_waited_for_before)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c))
		_exit(9);
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_EXITED | EVCHAN_EXIT_HIDDEN);
	EXPECT_EQ(e.value, 0);
	end_child(&c);
}

static void *last_thread(void *arg)
{
	struct child *c = arg;

	await_word(c);
	syscall(SYS_exit_group, 5);
	return NULL;
}

/* In a child: the main thread exits, and another thread stays. */
static void leave_to(void *(*thread)(void *arg), struct child *c)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread, c))
		_exit(253);
	syscall(SYS_exit, 1);
}

/* The exit of the thread group leader is not the exit of the process, nor is its status. */
TEST_F(channel, process_leader_exits_first)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c))
		leave_to(last_thread, &c);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	ASSERT_EQ(await_state(c.pid, 'Z'), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	/* Checking again by a modify gives the same result. */
	ASSERT_EQ(watch_process(&self->c, EVCHAN_MOD, c.pidfd, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	ASSERT_EQ(tell(&c), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_EXITED);
	EXPECT_EQ(e.value, 5 << 8);
	end_child(&c);
}

static void *exec_thread(void *arg)
{
	await_word(arg);
	execl("/bin/sh", "sh", "-c", "exit 7", NULL);
	return NULL;
}

/* The same, and then the other thread executes a program and becomes the leader. */
TEST_F(channel, process_thread_execs)
{
	struct evchan_event e;
	struct child c;

	if (!start_child(&c))
		leave_to(exec_thread, &c);
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	ASSERT_EQ(await_state(c.pid, 'Z'), 0);
	ASSERT_EQ(tell(&c), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_EXITED);
	EXPECT_EQ(e.value, 7 << 8);
	end_child(&c);
}

/* What a process other than the parent, of user @uid, learns of the child's exit. */
static int observe(struct channel *c, const struct child *target, uid_t uid)
{
	struct evchan_event e;

	if (uid && (setgid(uid) || setuid(uid)))
		return 100;
	if (watch_process(c, EVCHAN_ADD, target->pidfd, 0))
		return 101;
	tell(target);
	if (wait_events(c, 1, LONG_MS) != 1 || !take(c, &e))
		return 102;
	if (e.events == EVCHAN_EXITED)
		return e.value >> 8;
	return e.events == (EVCHAN_EXITED | EVCHAN_EXIT_HIDDEN) && !e.value ? 0 : 103;
}

/* The status is shown to those that may trace the process, and hidden from all others. */
TEST_F(channel, process_status_hidden)
{
	static const struct { uid_t uid; int learns; } rows[] = { { 0, 11 }, { 1000, 0 } };

	for (int i = 0; i < 2; i++) {
		struct child target, observer;
		int status;

		if (!start_child(&target)) {
			await_word(&target);
			_exit(11);
		}
		if (!start_child(&observer))
			_exit(observe(&self->c, &target, rows[i].uid));
		ASSERT_EQ(waitpid(observer.pid, &status, 0), observer.pid);
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(WEXITSTATUS(status), rows[i].learns);
		end_child(&target);
		end_child(&observer);
	}
}

TEST_F(channel, process_refused)
{
	EXPECT_EQ(watch_process(&self->c, EVCHAN_ADD, self->fd, 0), -EINVAL);
	EXPECT_EQ(watch_process(&self->c, EVCHAN_ADD, 1000, 0), -EBADF);
	EXPECT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_PROCESS, open_pidfd(getpid()),
			EVCHAN_EXITED, EVCHAN_LEVEL, 0), -EINVAL);
	EXPECT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_PROCESS, open_pidfd(getpid()),
			EVCHAN_EXIT_HIDDEN, 0, 0), -EINVAL);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
}

/* The pidfd is closed before the process exits. */
TEST_F(channel, process_pidfd_closed)
{
	struct child c;

	if (!start_child(&c)) {
		await_word(&c);
		_exit(0);
	}
	ASSERT_EQ(watch_process(&self->c, EVCHAN_ADD, c.pidfd, 0), 0);
	close(c.pidfd);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	ASSERT_EQ(tell(&c), 0);
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	c.pidfd = -1;
	end_child(&c);
}

TEST_HARNESS_MAIN
