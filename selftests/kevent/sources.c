// SPDX-License-Identifier: GPL-2.0-only
/* kevent's requests for signals and processes, and its queue in a struct sigevent. */
#include "processes.h"
#include "queue.h"
#include "signals.h"
#include "sigevents.h"

static struct ukevent signal_request(int sig, bool only, uint32_t req_flags, uint32_t user)
{
	struct ukevent uk = request(KEVENT_SIGNAL, 0, KEVENT_SIGNAL_DELIVERY, req_flags, user);

	uk.id.raw_u64 = (unsigned int)sig | (only ? KEVENT_SIGNAL_NOMASK : 0);
	return uk;
}

static uint64_t value_of(const struct ukevent *uk)
{
	return uk->ret_data[0] | (uint64_t)uk->ret_data[1] << 32;
}

/* Without NOMASK a signal is queued and delivered, with NOMASK it is only queued. */
TEST_F(queue, signal_nomask)
{
	struct ukevent uk, out[4];

	on_signal(SIGUSR1, count_signal);
	uk = signal_request(SIGUSR1, false, 0, 5);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].type, KEVENT_SIGNAL);
	EXPECT_EQ(out[0].event, KEVENT_SIGNAL_DELIVERY);
	EXPECT_EQ(out[0].id.raw[0], SIGUSR1);
	EXPECT_EQ(out[0].user[0], 5);
	/* With and without NOMASK it is the same request. */
	uk = signal_request(SIGUSR1, true, 0, 6);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -EEXIST);
	uk = signal_request(SIGUSR1, false, 0, 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &uk, 1), 0);
	uk = signal_request(SIGUSR1, true, 0, 6);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].id.raw[0], SIGUSR1);
	EXPECT_EQ(out[0].user[0], 6);
	uk = signal_request(SIGKILL, false, 0, 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -EINVAL);
}

/* Each realtime signal is queued, in order, with its payload. */
TEST_F(queue, signal_realtime_in_order)
{
	struct ukevent uk = signal_request(SIGRTMIN, true, KEVENT_REQ_ET, 1), out[5];
	int n = 0, ret;

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	for (int i = 0; i < 60; i++)
		ASSERT_EQ(send_value(SIGRTMIN, i), 0);
	while ((ret = get_events(&self->q, 0, 5, 0, out)) > 0)
		for (int i = 0; i < ret; i++)
			EXPECT_EQ((int)value_of(&out[i]), n++);
	EXPECT_EQ(n, 60);
}

/* A fetch into a bad buffer leaves the signals in place and in order. */
TEST_F(queue, signal_bad_buffer)
{
	struct ukevent uk = signal_request(SIGRTMIN, true, KEVENT_REQ_ET, 1), out[5];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(send_value(SIGRTMIN, i), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, 0, (void *)8), -EFAULT);
	ASSERT_EQ(get_events(&self->q, 3, 5, LONG_MS, out), 3);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ((int)value_of(&out[i]), i);
}

/* A oneshot request ends with its signal: the next signal is delivered as usual. */
TEST_F(queue, signal_oneshot)
{
	struct ukevent uk = signal_request(SIGUSR1, true, KEVENT_REQ_ONESHOT, 1), out[4];

	on_signal(SIGUSR1, count_signal);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(handled, 1);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	EXPECT_EQ(counter(self->q.fd, "sources"), 0);
}

/* A child does not inherit the registrations, although it has the queue. */
TEST_F(queue, signal_not_inherited)
{
	struct ukevent uk = signal_request(SIGUSR1, true, 0, 1), out[4];
	struct child c;
	int status;

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	if (!start_child(&c)) {
		kill(getpid(), SIGUSR1);
		_exit(0);
	}
	ASSERT_EQ(waitpid(c.pid, &status, 0), c.pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	end_child(&c);
}

TEST_F(queue, process_exit_status)
{
	struct ukevent uk, out[4];
	struct child c;

	if (!start_child(&c)) {
		await_word(&c);
		_exit(4);
	}
	uk = request(KEVENT_PROCESS, c.pidfd, KEVENT_PROCESS_EXITED, 0, 8);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	ASSERT_EQ(tell(&c), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].type, KEVENT_PROCESS);
	EXPECT_EQ(out[0].event, KEVENT_PROCESS_EXITED);
	EXPECT_EQ((int)out[0].id.raw[0], c.pidfd);
	EXPECT_EQ(out[0].ret_data[0], 4 << 8);
	EXPECT_EQ(out[0].user[0], 8);
	/* The process has exited already: the addition hands the event back at once, ... */
	uk = request(KEVENT_PROCESS, open_pidfd(c.pid), KEVENT_PROCESS_EXITED,
		     KEVENT_REQ_ONESHOT, 9);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(uk.event, KEVENT_PROCESS_EXITED);
	EXPECT_EQ(uk.ret_data[0], 4 << 8);
	/* ... or with ALWAYS_QUEUE queues it; either has the status. */
	uk = request(KEVENT_PROCESS, open_pidfd(c.pid), KEVENT_PROCESS_EXITED,
		     KEVENT_REQ_ALWAYS_QUEUE, 9);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].ret_data[0], 4 << 8);
	end_child(&c);
	/* After the child was reaped its status is unknown. */
	if (!start_child(&c))
		_exit(4);
	ASSERT_EQ(waitpid(c.pid, NULL, 0), c.pid);
	uk = request(KEVENT_PROCESS, c.pidfd, KEVENT_PROCESS_EXITED, KEVENT_REQ_ALWAYS_QUEUE, 8);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].event, KEVENT_PROCESS_EXITED | KEVENT_PROCESS_HIDDEN);
	EXPECT_EQ(out[0].ret_data[0], 0);
	end_child(&c);
}

/* timer_create() with the queue in its sigevent, and the cookie unchanged. */
TEST_F(queue, posix_timer)
{
	struct sigevent ev = queue_event(SIGEV_KEVENT, self->q.fd, 0x89abcdef);
	struct ukevent out[4], uk;
	long long told = 0, start;
	timer_t timer = 0;
	int n;

	ASSERT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1000000, 0), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].type, KEVENT_POSIX_TIMER);
	EXPECT_EQ(out[0].event, KEVENT_POSIX_TIMER_FIRED);
	EXPECT_EQ((int)out[0].id.raw[0], timer_number(timer));
	EXPECT_EQ(out[0].ptr, (void *)0x89abcdefUL);
	EXPECT_EQ(out[0].ret_data[0], 0);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);

	/* With no room for each expiration the counts add up. */
	start = now_ns(CLOCK_MONOTONIC);
	ASSERT_EQ(set_timer(timer, 500000, 500000), 0);
	while (now_ns(CLOCK_MONOTONIC) - start < 30000000)
		;
	while (told < 55) {
		n = get_events(&self->q, 1, 4, LONG_MS, out);
		ASSERT_GT(n, 0);
		for (int i = 0; i < n; i++)
			told += 1 + out[i].ret_data[0];
		EXPECT_LE(told, (now_ns(CLOCK_MONOTONIC) - start) / 500000);
	}
	ASSERT_EQ(timer_delete(timer), 0);
	EXPECT_EQ(counter(self->q.fd, "sources"), 0);

	/* The channel's notification type is refused, as is a timer request of kevent's own. */
	ev = queue_event(SIGEV_EVCHAN, self->q.fd, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	uk = request(KEVENT_POSIX_TIMER, 1, KEVENT_POSIX_TIMER_FIRED, 0, 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -EINVAL);
}

/* The queue is closed while the timer is armed. */
TEST(posix_timer_queue_closed)
{
	struct queue q;
	struct sigevent ev;
	timer_t timer = NULL;

	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(queue_open(&q, i & 1 ? 8 : 0, 0), 0);
		ev = queue_event(SIGEV_KEVENT, q.fd, 0);
		ASSERT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), 0);
		ASSERT_EQ(set_timer(timer, 1, 60000), 0);
		queue_close(&q);
		ASSERT_EQ(timer_delete(timer), 0);
	}
}

TEST_F(queue, mqueue)
{
	struct sigevent ev = queue_event(SIGEV_KEVENT, self->q.fd, 77);
	mqd_t mq = open_mqueue("/kevent-notify");
	char message[8192];
	struct ukevent out[4];

	ASSERT_GE(mq, 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(notify_queue(mq, &ev), 0);
		ASSERT_EQ(mq_send(mq, "one", 3, 0), 0);
		ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
		EXPECT_EQ(out[0].type, KEVENT_MQUEUE);
		EXPECT_EQ(out[0].event, KEVENT_MQUEUE_MESSAGE);
		EXPECT_EQ(out[0].ptr, (void *)77UL);
		EXPECT_EQ((mqd_t)out[0].ret_data[0], mq);
		ASSERT_EQ(mq_receive(mq, message, sizeof(message), NULL), 3);
		ASSERT_EQ(mq_send(mq, "two", 3, 0), 0);
		ASSERT_EQ(mq_receive(mq, message, sizeof(message), NULL), 3);
		EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	}
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	ASSERT_EQ(notify_queue(mq, NULL), 0);
	ASSERT_EQ(mq_send(mq, "one", 3, 0), 0);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	EXPECT_EQ(counter(self->q.fd, "sources"), 0);
	mq_close(mq);
}

TEST_HARNESS_MAIN
