// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits how often the periodic timers of one user interrupt. Timers post even if the
 * program never takes the events, so without this limit a user with many timers could
 * use all the time of a processor.
 *
 * user_struct->evcore_timers is a point in time. Each expiration moves it STEP_NS
 * ahead, starting at the current time if it lies in the past. While it is at most
 * BURST_NS ahead of the current time, timers keep their periods. Beyond that, the next
 * expiration of the timer is delayed until it would be at most BURST_NS ahead. Each timer
 * gets a different delay, which spreads the timers in time, and all timers of a user
 * together expire at most once in STEP_NS. The periods that pass during a delay are
 * counted like those of any timer that is late.
 */
#include <linux/hrtimer.h>
#include <linux/sched/user.h>

#include "sources.h"

/* Limit for all timers of a user together: 50,000 expirations in a second. */
#define STEP_NS		(20 * NSEC_PER_USEC)
/* 64 expirations may come at once. */
#define BURST_NS	(64 * STEP_NS)
/* Shortest time between two expirations of one timer. */
#define STEP_ONE_NS	(50 * NSEC_PER_USEC)

/* Account for an expiration at @now. Return: how long the next one is to be delayed, in ns. */
static u64 charge(struct user_struct *user, s64 now)
{
	s64 old = atomic64_read(&user->evcore_timers), new;

	do {
		new = max(old, now) + STEP_NS;
	} while (!atomic64_try_cmpxchg(&user->evcore_timers, &old, new));
	return max(new - now - (s64)BURST_NS, 0);
}

/**
 * evcore_timer_delay - how long to delay the next expiration of a periodic timer
 * @user: the user who is charged for the timer
 * @timer: the timer, which has expired
 * @now: the current time on the clock of the timer
 * @interval: its period in nanoseconds
 *
 * Context: the timer's interrupt.
 *
 * Return: nanoseconds from @now that must pass first; 0 if the timer keeps its period.
 */
u64 evcore_timer_delay(struct user_struct *user, const struct hrtimer *timer, ktime_t now,
		       u64 interval)
{
	bool monotonic = timer->base->clockid == CLOCK_MONOTONIC;
	u64 delay = charge(user, ktime_to_ns(monotonic ? now : ktime_get()));

	return interval < STEP_ONE_NS ? max_t(u64, delay, STEP_ONE_NS) : delay;
}
