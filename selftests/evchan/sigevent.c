// SPDX-License-Identifier: GPL-2.0-only
/* The calls that take a struct sigevent, posting into a channel: timer_create(), mq_notify(). */
#include <evchan.h>

#include "channel.h"
#include "processes.h"
#include "sigevents.h"

static int channel_timer(struct channel *c, clockid_t clock, unsigned long cookie,
			 timer_t *timer)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, c->fd, cookie);

	return create_timer(clock, &ev, timer);
}

/* The timer expires once: the event has the cookie, the timer's id, and no overruns. */
TEST_F(channel, posix_timer_once)
{
	struct evchan_event e;
	timer_t timer, other;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 0, &other), 0);
	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 0xfedcba98, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1000000, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.type, EVCHAN_POSIX_TIMER);
	EXPECT_EQ(e.events, EVCHAN_FIRED);
	EXPECT_EQ(e.data, 0xfedcba98);
	EXPECT_EQ((int)e.id, timer_number(timer));
	EXPECT_EQ(e.value, 0);
	EXPECT_EQ(timer_getoverrun(timer), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	/* It expires again when it is set again. */
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	timer_delete(timer);
	timer_delete(other);
}

/* Every clock that a program can have a timer on, oneshot and periodic. */
TEST_F(channel, posix_timer_clocks)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI,
		CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM,
	};
	struct evchan_event e;
	timer_t timer;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		int n = 0;

		ASSERT_EQ(channel_timer(&self->c, clocks[i], i, &timer), 0);
		ASSERT_EQ(set_timer(timer, 2000000, 0), 0);
		/* Spin, so that the CPU-time clocks advance. */
		while (!take(&self->c, &e))
			;
		EXPECT_EQ(e.data, i);
		EXPECT_EQ(e.value, 0);
		ASSERT_EQ(set_timer(timer, 2000000, 2000000), 0);
		while (n < 5) {
			wait_events(&self->c, 0, 0);
			n += take(&self->c, &e);
		}
		EXPECT_EQ(e.data, i);
		ASSERT_EQ(timer_delete(timer), 0);
		while (wait_events(&self->c, 0, 0) > 0)
			while (take(&self->c, &e))
				;
	}
}

/* Events that were posted, or merged into an untaken one. */
static long long occurred(struct channel *c)
{
	return counter(c->fd, "posted") + counter(c->fd, "merged");
}

/*
 * The counts of the events add up to the expirations, although the ring has room for few
 * events: not to more, and not to less than had expired when the timer fired last.
 */
static void check_counts(struct __test_metadata *_metadata, struct channel *c, clockid_t clock,
			 long long interval)
{
	long long step = interval < 50000 ? 50000 : interval;
	long long start, started, due, last, told = 0, merged = counter(c->fd, "merged");
	struct evchan_event e;
	int records = 0;
	timer_t timer;

	ASSERT_EQ(channel_timer(c, clock, 0, &timer), 0);
	start = now_ns(clock);
	ASSERT_EQ(set_timer(timer, interval, interval), 0);
	started = now_ns(clock);
	/* Wait until the ring is full and further expirations merge. */
	while (counter(c->fd, "merged") < merged + 20)
		;
	due = (now_ns(clock) - started) / interval;
	/*
	 * An interrupt may be late; of two more expirations the second surely began after @due
	 * was read.
	 */
	last = occurred(c);
	while (occurred(c) < last + 2)
		;
	ASSERT_EQ(set_timer(timer, 0, 0), 0);
	while (wait_events(c, 0, 0) > 0)
		while (take(c, &e)) {
			told += 1 + e.value;
			records++;
		}
	EXPECT_GE(told, due);
	EXPECT_LE(told, (now_ns(clock) - start) / interval);
	EXPECT_LE(records, 1 + (now_ns(clock) - start) / step);
	ASSERT_EQ(timer_delete(timer), 0);
}

TEST_F(channel, posix_timer_counts_overruns)
{
	check_counts(_metadata, &self->c, CLOCK_MONOTONIC, 1000000);
	check_counts(_metadata, &self->c, CLOCK_REALTIME, 700001);
}

TEST_F(channel, posix_timer_short_interval)
{
	check_counts(_metadata, &self->c, CLOCK_MONOTONIC, 1000);
}

/* CPU-time timers are checked at the tick: all expirations since are counted. */
TEST_F(channel, posix_timer_cpu_counts_overruns)
{
	check_counts(_metadata, &self->c, CLOCK_PROCESS_CPUTIME_ID, 100000);
}

/*
 * timer_getoverrun() is that of the last event posted, as with signals it is that of the
 * last one delivered.
 */
TEST_F(channel, posix_timer_getoverrun)
{
	struct itimerspec hourly = { .it_interval = { 3600, 0 } };
	struct evchan_event e;
	timer_t timer;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_REALTIME, 0, &timer), 0);
	EXPECT_EQ(timer_getoverrun(timer), 0);
	/* The first expiry was 99 hours ago. */
	clock_gettime(CLOCK_REALTIME, &hourly.it_value);
	hourly.it_value.tv_sec -= 99 * 3600;
	ASSERT_EQ(timer_settime(timer, TIMER_ABSTIME, &hourly, NULL), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 99);
	EXPECT_EQ(timer_getoverrun(timer), 99);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	EXPECT_EQ(timer_getoverrun(timer), 0);
	timer_delete(timer);
}

/* The timer is deleted while armed, or while its event is untaken: no event remains. */
TEST_F(channel, posix_timer_deleted)
{
	struct evchan_event e;
	timer_t timer;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 0, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(timer_delete(timer), 0);
	EXPECT_EQ(take(&self->c, &e), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 0, &timer), 0);
		ASSERT_EQ(set_timer(timer, 1 + i * 1000, 20000), 0);
		ASSERT_EQ(timer_delete(timer), 0);
	}
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
}

/* The channel is closed first: the timer works on and posts nothing. */
TEST_F(channel, posix_timer_channel_closed)
{
	struct itimerspec its;
	struct channel other;
	timer_t timer;

	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(channel_open(&other, 8, 0), 0);
		ASSERT_EQ(channel_timer(&other, CLOCK_MONOTONIC, 0, &timer), 0);
		ASSERT_EQ(set_timer(timer, 1, 60000), 0);
		if (i & 1)
			ASSERT_GE(wait_events(&other, 1, LONG_MS), 1);
		channel_close(&other);
		ASSERT_EQ(timer_gettime(timer, &its), 0);
		EXPECT_EQ(its.it_interval.tv_nsec, 60000);
		EXPECT_EQ(timer_delete(timer), 0);
	}
}

/* The registration is removed by its id, through the channel. */
TEST_F(channel, posix_timer_removed_by_id)
{
	struct evchan_change ch = { .op = EVCHAN_DEL, .type = EVCHAN_POSIX_TIMER };
	struct evchan_event e;
	timer_t timer;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 5, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	/* A modify can change the cookie. */
	ch.id = e.id;
	ch.op = EVCHAN_MOD;
	ch.data = 6;
	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 6);
	ch = removal(&ch);
	ASSERT_GE(change(&self->c, &ch), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 1, 20), 0);
	EXPECT_EQ(timer_delete(timer), 0);
}

TEST_F(channel, posix_timer_refused)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_POSIX_TIMER, .id = 1 };
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->fd, 0);
	struct queue q;
	timer_t timer;

	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	ev = queue_event(SIGEV_EVCHAN, 1000, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EBADF);
	ev = queue_event(SIGEV_EVCHAN | SIGEV_THREAD_ID, self->c.fd, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	ev = queue_event(SIGEV_EVCHAN | SIGEV_KEVENT, self->c.fd, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	/* The notification type of the other interface. */
	ev = queue_event(SIGEV_KEVENT, self->c.fd, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	ev = queue_event(SIGEV_EVCHAN, q.fd, 0);
	EXPECT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), -EINVAL);
	queue_close(&q);
	/* Only timer_create() can make the registration of a timer. */
	EXPECT_EQ(change(&self->c, &ch), -EINVAL);
	ch.op = EVCHAN_SET;
	EXPECT_EQ(change(&self->c, &ch), -EINVAL);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
}

/* /proc/PID/timers shows how the timer notifies. */
TEST_F(channel, posix_timer_in_proc)
{
	char text[4096];
	timer_t timer;
	int fd, n;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 0, &timer), 0);
	fd = open("/proc/self/timers", O_RDONLY);
	ASSERT_GE(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	ASSERT_GT(n, 0);
	text[n] = 0;
	EXPECT_NE(strstr(text, "notify: evchan/pid."), NULL);
	close(fd);
	timer_delete(timer);
}

/* The timer ends when its owner exits or executes; timers of two owners are told apart. */
TEST_F(channel, posix_timer_owner_exits)
{
	struct evchan_event e;
	struct child c;
	timer_t timer;
	uint64_t id = 0;

	ASSERT_EQ(channel_timer(&self->c, CLOCK_MONOTONIC, 1, &timer), 0);
	for (int execs = 0; execs < 2; execs++) {
		if (!start_child(&c)) {
			if (channel_timer(&self->c, CLOCK_MONOTONIC, 2, &timer) ||
			    set_timer(timer, 1000000, 1000000) || dup2(c.told[0], 0))
				_exit(1);
			if (execs) {
				await_word(&c);
				execl("/bin/sh", "sh", "-c", "read word", NULL);
			}
			_exit(0);
		}
		if (execs) {
			while (counter(self->c.fd, "sources") != 2)
				sched_yield();
			tell(&c);
			while (counter(self->c.fd, "sources") != 1)
				sched_yield();
			kill(c.pid, SIGKILL);
		}
		end_child(&c);
		EXPECT_EQ(counter(self->c.fd, "sources"), 1);
		while (wait_events(&self->c, 0, 0) > 0)
			while (take(&self->c, &e))
				id = e.id;
	}
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 1);
	EXPECT_NE(e.id, id);
	timer_delete(timer);
}

/* --- message queues --- */

TEST_F(channel, mqueue_notifies)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->c.fd, 0x1234);
	mqd_t mq = open_mqueue("/evchan-notify");
	struct evchan_event e;
	char message[8192];

	ASSERT_GE(mq, 0);
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	EXPECT_EQ(notify_queue(mq, &ev), -EBUSY);
	EXPECT_EQ(counter(self->c.fd, "sources"), 1);
	ASSERT_EQ(mq_send(mq, "one", 3, 0), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.type, EVCHAN_MQUEUE);
	EXPECT_EQ(e.events, EVCHAN_MESSAGE);
	EXPECT_EQ(e.data, 0x1234);
	EXPECT_EQ((mqd_t)e.value, mq);
	EXPECT_EQ((mqd_t)e.id, mq);
	/* The registration ends with its event. */
	ASSERT_EQ(mq_receive(mq, message, sizeof(message), NULL), 3);
	ASSERT_EQ(mq_send(mq, "two", 3, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	/*
	 * As with signals: not for messages that are there already, only when the queue was
	 * empty.
	 */
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	ASSERT_EQ(mq_send(mq, "three", 5, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	ASSERT_EQ(mq_receive(mq, message, sizeof(message), NULL), 3);
	ASSERT_EQ(mq_receive(mq, message, sizeof(message), NULL), 5);
	ASSERT_EQ(mq_send(mq, "four", 4, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 1);
	mq_close(mq);
	/* The event has been posted. */
	EXPECT_EQ(take(&self->c, &e), 1);
}

/* Registration removed, message queue closed, or channel closed: no event, and nothing leaks. */
TEST_F(channel, mqueue_registration_removed)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->c.fd, 0);
	mqd_t mq = open_mqueue("/evchan-removed");
	struct channel other;

	ASSERT_GE(mq, 0);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(notify_queue(mq, &ev), 0);
		ASSERT_EQ(notify_queue(mq, NULL), 0);
	}
	ASSERT_EQ(mq_send(mq, "one", 3, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	mq_close(mq);

	mq = open_mqueue("/evchan-removed");
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	mq_close(mq);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);

	mq = open_mqueue("/evchan-removed");
	ASSERT_EQ(channel_open(&other, 8, 0), 0);
	ev = queue_event(SIGEV_EVCHAN, other.fd, 0);
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	channel_close(&other);
	EXPECT_EQ(mq_send(mq, "one", 3, 0), 0);
	/* Removed, and the channel is not used again before it is closed. */
	ASSERT_EQ(channel_open(&other, 8, 0), 0);
	ev = queue_event(SIGEV_EVCHAN, other.fd, 0);
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	ASSERT_EQ(notify_queue(mq, NULL), 0);
	channel_close(&other);
	mq_close(mq);
}

/* With the ring full the event waits in overflow, and is the last to arrive. */
TEST_F(channel, mqueue_full_ring)
{
	struct evchan_change user = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->c.fd, 3);
	mqd_t mq = open_mqueue("/evchan-full");
	struct evchan_event e = { 0 };
	int n = 0;

	ASSERT_GE(mq, 0);
	ASSERT_EQ(change(&self->c, &user), 0);
	user.op = EVCHAN_POST;
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(change(&self->c, &user), 0);
	ASSERT_EQ(notify_queue(mq, &ev), 0);
	ASSERT_EQ(mq_send(mq, "one", 3, 0), 0);
	mq_close(mq);
	while (wait_events(&self->c, 0, 0) > 0)
		while (take(&self->c, &e))
			n++;
	EXPECT_EQ(n, 9);
	EXPECT_EQ(e.type, EVCHAN_MQUEUE);
	EXPECT_EQ(e.data, 3);
	wait_events(&self->c, 0, 0);
	EXPECT_EQ(counter(self->c.fd, "sources"), 1);
}

TEST_F(channel, mqueue_refused)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->fd, 0);
	mqd_t mq = open_mqueue("/evchan-refused");

	ASSERT_GE(mq, 0);
	EXPECT_EQ(notify_queue(mq, &ev), -EINVAL);
	ev = queue_event(SIGEV_EVCHAN, 1000, 0);
	EXPECT_EQ(notify_queue(mq, &ev), -EBADF);
	ev = queue_event(SIGEV_KEVENT, self->c.fd, 0);
	EXPECT_EQ(notify_queue(mq, &ev), -EINVAL);
	/* A valid channel, for a descriptor that is not a message queue. */
	ev = queue_event(SIGEV_EVCHAN, self->c.fd, 0);
	EXPECT_EQ(notify_queue(self->fd, &ev), -EBADF);
	EXPECT_EQ(notify_queue(1000, &ev), -EBADF);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
	mq_close(mq);
}

/* --- the library's helpers for sources without a descriptor, or with a special one --- */

TEST(library_helpers)
{
	ec_t ec = ec_create_sized(0, 8);
	mqd_t mq = open_mqueue("/evchan-helpers");
	event_data_t d;
	struct child c;
	timer_t timer;

	ASSERT_NE(ec, NULL);
	ASSERT_GE(mq, 0);
	ASSERT_EQ(ec_watch_signal(ec, SIGUSR1 | EVCHAN_SIGNAL_NOMASK, 0, 1), 0);
	kill(getpid(), SIGUSR1);
	ASSERT_EQ(ec_wait_event(ec, &d), 0);
	EXPECT_EQ(d.data, 1);
	EXPECT_EQ(ec_signal_code(&d), SI_USER);
	EXPECT_EQ(ec_signal_pid(&d), getpid());
	EXPECT_EQ(ec_signal_uid(&d), getuid());
	EXPECT_GE(ec_remove(ec, EVCHAN_SIGNAL, SIGUSR1 | EVCHAN_SIGNAL_NOMASK), 0);
	EXPECT_EQ(ec_watch_signal(ec, SIGKILL, 0, 1), -1);
	EXPECT_EQ(errno, EINVAL);

	if (!start_child(&c))
		_exit(2);
	ASSERT_EQ(ec_watch_process(ec, c.pidfd, 2), 0);
	ASSERT_EQ(ec_wait_event(ec, &d), 0);
	EXPECT_EQ(d.data, 2);
	EXPECT_TRUE(WIFEXITED(d.value) && WEXITSTATUS(d.value) == 2);
	end_child(&c);

	ASSERT_EQ(ec_timer_create(ec, CLOCK_MONOTONIC, 3, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1, 0), 0);
	ASSERT_EQ(ec_wait_event(ec, &d), 0);
	EXPECT_EQ(d.data, 3);
	EXPECT_EQ(timer_delete(timer), 0);

	ASSERT_EQ(ec_mq_notify(ec, mq, 4), 0);
	ASSERT_EQ(mq_send(mq, "", 0, 0), 0);
	ASSERT_EQ(ec_wait_event(ec, &d), 0);
	EXPECT_EQ(d.data, 4);
	mq_close(mq);
	EXPECT_EQ(ec_destroy(ec), 0);
}

TEST_HARNESS_MAIN
