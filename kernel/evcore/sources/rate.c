// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often the periodic timers of one user interrupt. They post whether or not
 * anybody takes the events, so nothing but this keeps a user with many of them from
 * all the time that a processor has.
 *
 * Each expiration moves a moment on, user_struct->evcore_timers, by STEP_NS, which is
 * never less than now. As long as it is not more than BURST_NS ahead, timers keep
 * their periods. Beyond that a timer is told to wait until it is no more than that
 * ahead: each is told another moment, so they are spread in time as well, and all
 * timers of a user together do not expire more often than every STEP_NS.
 * The periods that pass in between are counted as those always are that come late.
 */
#include <linux/hrtimer.h>
#include <linux/sched/user.h>

#include "sources.h"

/* All timers of a user together: 50,000 expirations in a second. */
#define STEP_NS		(20 * NSEC_PER_USEC)
/* So many more at once. */
#define BURST_NS	(64 * STEP_NS)
/* One timer by itself. */
#define STEP_ONE_NS	(50 * NSEC_PER_USEC)

/* One more expiration at @now; return: by how much there are too many. */
static u64 charge(struct user_struct *user, s64 now)
{
	s64 old = atomic64_read(&user->evcore_timers), new;

	do {
		new = max(old, now) + STEP_NS;
	} while (!atomic64_try_cmpxchg(&user->evcore_timers, &old, new));
	return max(new - now - (s64)BURST_NS, 0);
}

/**
 * evcore_timer_delay - a periodic timer has expired: when may it do so again?
 * @user: whose timer
 * @timer: the timer
 * @now: on its clock
 * @interval: its period
 *
 * Context: the timer's interrupt.
 *
 * Return: not before so many nanoseconds have passed; 0: when its period is over.
 */
u64 evcore_timer_delay(struct user_struct *user, const struct hrtimer *timer, ktime_t now,
		       u64 interval)
{
	bool monotonic = timer->base->clockid == CLOCK_MONOTONIC;
	u64 delay = charge(user, ktime_to_ns(monotonic ? now : ktime_get()));

	return interval < STEP_ONE_NS ? max_t(u64, delay, STEP_ONE_NS) : delay;
}
