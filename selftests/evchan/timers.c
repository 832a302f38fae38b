// SPDX-License-Identifier: GPL-2.0-only
/* Timers: the bound on the expirations of a user's timers, and time namespaces. */
#include <sched.h>

#include "channel.h"
#include "processes.h"
#include "sigevents.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* kernel/evcore/sources/rate.c */
#define PER_SECOND	50000
#define AT_ONCE		64

static int add_timer(struct channel *c, uint64_t id, uint64_t first, uint64_t interval,
		     uint64_t flags)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = id, .data = id,
		.args = { CLOCK_MONOTONIC, first, interval, flags },
	};

	return change(c, &ch);
}

/* Expirations that were posted, merged, or added to overflow. */
static long long expirations(struct channel *c)
{
	return counter(c->fd, "posted") + counter(c->fd, "merged") +
	       counter(c->fd, "overflowed") - counter(c->fd, "drained");
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Measure for a while that the timers expire, but not more often than allowed. */
static void check_rate(struct __test_metadata *_metadata, struct channel *c)
{
	long long from = now_ns(CLOCK_MONOTONIC), n = expirations(c), time;

	sleep_ms(500);
	n = expirations(c) - n;
	time = now_ns(CLOCK_MONOTONIC) - from;
	EXPECT_GT(n, 0);
	EXPECT_LE(n, 2 * (time * PER_SECOND / 1000000000 + AT_ONCE));
}

/* A thousand timers of 1 ns have the same bound as a few. */
TEST_F(channel, timer_many_short_periods)
{
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(add_timer(&self->c, i, 1, 1, 0), 0);
	check_rate(_metadata, &self->c);
}

TEST_F(channel, posix_timer_many_short_intervals)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->c.fd, 0);
	enum { TIMERS = 300 };
	timer_t timer[TIMERS];

	for (int i = 0; i < TIMERS; i++) {
		ASSERT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer[i]), 0);
		ASSERT_EQ(set_timer(timer[i], 1, 1), 0);
	}
	check_rate(_metadata, &self->c);
	for (int i = 0; i < TIMERS; i++)
		timer_delete(timer[i]);
}

/* Timers that the bound delays lose no expiration, and count none twice. */
TEST_F(channel, timer_many_count_every_period)
{
	enum { TIMERS = 200, PERIOD = 1000000, COUNT = 200 };
	uint64_t n[TIMERS] = { 0 }, elapsed;
	struct timespec a, b;
	struct evchan_event e;
	int behind = TIMERS;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < TIMERS; i++)
		ASSERT_EQ(add_timer(&self->c, i, PERIOD, PERIOD, 0), 0);
	while (behind) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e)) {
			ASSERT_LT(e.id, (uint64_t)TIMERS);
			behind -= n[e.id] < COUNT && n[e.id] + e.value >= COUNT;
			n[e.id] += e.value;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	elapsed = (b.tv_sec - a.tv_sec) * 1000000000ULL + b.tv_nsec - a.tv_nsec;
	for (int i = 0; i < TIMERS; i++) {
		EXPECT_GE(n[i], (uint64_t)COUNT);
		EXPECT_LE(n[i], elapsed / PERIOD);
	}
}

/* Returns whether /proc/self/timers shows that @timer notifies by @how. */
static int notifies(timer_t timer, const char *how)
{
	char line[256], id[32], notify[64];
	int ours = 0, ret = 0;
	FILE *f = fopen("/proc/self/timers", "r");

	if (!f)
		return -1;
	snprintf(id, sizeof(id), "ID: %d\n", timer_number(timer));
	snprintf(notify, sizeof(notify), "notify: %s/", how);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "ID:", 3))
			ours = !strcmp(line, id);
		ret |= ours && !strncmp(line, notify, strlen(notify));
	}
	fclose(f);
	return ret;
}

FIXTURE(stopped)
{
	struct channel c;
};

FIXTURE_VARIANT(stopped)
{
	clockid_t clock;
};

FIXTURE_VARIANT_ADD(stopped, hrtimer) { CLOCK_MONOTONIC };
FIXTURE_VARIANT_ADD(stopped, cpu) { CLOCK_PROCESS_CPUTIME_ID };
FIXTURE_VARIANT_ADD(stopped, alarm) { CLOCK_BOOTTIME_ALARM };

FIXTURE_SETUP(stopped)
{
	ASSERT_EQ(channel_open(&self->c, 8, 0), 0);
}

FIXTURE_TEARDOWN(stopped)
{
}

/* Wait without sleeping, so that the time of the process goes on too. */
static int wait_busily(struct channel *c)
{
	struct timespec start, now;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		n = wait_events(c, 0, 0);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!n && now.tv_sec - start.tv_sec < LONG_MS / 1000);
	return n;
}

/*
 * Does the time of a periodic timer that notifies nobody go on? On an alarm clock it does not in
 * some kernels, such as 6.18: they confuse the time and the interval. -1: it cannot be told.
 */
static int time_goes_on(clockid_t clock)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct itimerspec its;
	timer_t timer = 0;
	int ret = -1;

	if (create_timer(clock, &none, &timer))
		return -1;
	if (!set_timer(timer, 1000000, 1000000)) {
		sleep_ms(5);
		if (!timer_gettime(timer, &its))
			ret = its.it_value.tv_nsec > 0;
	}
	timer_delete(timer);
	return ret;
}

/* Once its channel is closed the timer does not expire any more, and can still be queried. */
TEST_F(stopped, posix_timer_stops_with_its_channel)
{
	struct sigevent ev = queue_event(SIGEV_EVCHAN, self->c.fd, 0);
	struct timespec start, now;
	struct itimerspec its;
	int goes_on = time_goes_on(variant->clock);
	struct evchan_event e;
	timer_t timer = 0;

	ASSERT_GE(goes_on, 0);
	ASSERT_EQ(create_timer(variant->clock, &ev, &timer), 0);
	ASSERT_EQ(set_timer(timer, 1000000, 1000000), 0);
	ASSERT_GE(wait_busily(&self->c), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(notifies(timer, "evchan"), 1);
	channel_close(&self->c);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (notifies(timer, "none") != 1 && now.tv_sec - start.tv_sec < LONG_MS / 1000);
	EXPECT_EQ(notifies(timer, "none"), 1);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(timer_gettime(timer, &its), 0);
		EXPECT_EQ(its.it_interval.tv_nsec, 1000000);
		EXPECT_EQ(its.it_value.tv_sec, 0);
		EXPECT_LE(its.it_value.tv_nsec, 1000000);
		if (goes_on) {
			EXPECT_GT(its.it_value.tv_nsec, 0);
		}
		sleep_ms(2);
	}
	EXPECT_GE(timer_getoverrun(timer), 0);
	ASSERT_EQ(set_timer(timer, 3600000000000, 0), 0);
	ASSERT_EQ(timer_gettime(timer, &its), 0);
	EXPECT_GT(its.it_value.tv_sec, 3000);
	EXPECT_EQ(timer_delete(timer), 0);
}

/* In a time namespace that is 1,000 s ahead: returns 0, or the number of the check that failed. */
static int in_time_namespace(void)
{
	struct __kernel_timespec at;
	struct evchan_event e;
	struct channel c;
	long long now;

	if (channel_open(&c, 8, 0))
		return 1;
	now = now_ns(CLOCK_MONOTONIC);
	if (add_timer(&c, 1, now + 20000000, 0, EVCHAN_TIMER_ABSTIME))
		return 2;
	if (wait_events(&c, 1, LONG_MS) != 1 || !take(&c, &e))
		return 3;
	/* The time of expiry. */
	if ((long long)e.extra[0] < now || (long long)e.extra[0] > now_ns(CLOCK_MONOTONIC))
		return 4;
	/* The time of posting. */
	if (watch(&c, EVCHAN_ADD, EVCHAN_POLL, eventfd(1, 0), POLLIN, EVCHAN_TIMESTAMP, 0) ||
	    !take(&c, &e))
		return 5;
	if ((long long)e.timestamp < now || (long long)e.timestamp > now_ns(CLOCK_MONOTONIC))
		return 6;
	at = at_ms(CLOCK_MONOTONIC, 5);
	if (syscall(NR_EVCHAN_WAIT, c.fd, 1, EVCHAN_WAIT_ABSTIME, &at, NULL, 8))
		return 7;
	now = now_ns(CLOCK_MONOTONIC) - (at.tv_sec * 1000000000LL + at.tv_nsec);
	return now < 0 || now > 100000000000 ? 8 : 0;
}

TEST(times_in_a_time_namespace)
{
	int fd, status;
	pid_t pid;

	if (unshare(CLONE_NEWTIME))
		SKIP(return, "no time namespaces");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	ASSERT_EQ(write(fd, "monotonic 1000 0\nboottime 2000 0\n", 33), 33);
	close(fd);
	pid = fork();
	if (!pid) {
		alarm(60);	/* alarm() is not affected by the time namespace */
		_exit(in_time_namespace());
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

TEST_HARNESS_MAIN
