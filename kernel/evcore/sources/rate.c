// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits how much of a processor's time the timers of one user can take. Timers post even if
 * the program never takes the events, and all that expire at one moment do so in one
 * interrupt.
 *
 * Each limit is a struct user_struct member that holds a point in time. An expiration moves it
 * one step ahead, starting at the current time if it lies in the past. While it is at most
 * 64 steps ahead of the current time, timers expire when they should. Beyond that, a timer is
 * delayed until the point would be at most 64 steps ahead. Each timer gets a different delay,
 * which spreads the timers in time, and all timers of a user together expire at most once in
 * a step. A delay is the longer the later a timer expires, so their order stays.
 *
 * ->evcore_expirations is about all expirations: evcore_timer_wait() delays an expiration
 * that has come. ->evcore_timers is about periodic timers: evcore_timer_delay() delays the
 * next expiration. The periods that pass during a delay are counted like those of any timer
 * that is late.
 */
#include <linux/hrtimer.h>
#include <linux/sched/user.h>

#include "sources.h"

/* So many expirations of timers of a user may come at once. */
#define BURST			64
/* The step for all expirations: 64 in 100 us. */
#define EXPIRATION_STEP_NS	(100 * NSEC_PER_USEC / BURST)
/* The step for those of periodic timers: 50,000 in a second. */
#define PERIODIC_STEP_NS	(20 * NSEC_PER_USEC)
/* Shortest time between two expirations of one timer. */
#define STEP_ONE_NS		(50 * NSEC_PER_USEC)

/* Account for an expiration at @now. Return: how long it or the next one must wait, in ns. */
static u64 charge(atomic64_t *point, s64 now, s64 step)
{
	s64 old = atomic64_read(point), new;

	do {
		new = max(old, now) + step;
	} while (!atomic64_try_cmpxchg(point, &old, new));
	return max(new - now - BURST * step, 0);
}

/* The time of CLOCK_MONOTONIC when it is @now on the clock of @timer. */
static s64 monotonic(const struct hrtimer *timer, ktime_t now)
{
	return ktime_to_ns(ktime_sub(now, READ_ONCE(timer->base->offset)));
}

/**
 * evcore_timer_wait - how long a timer that has expired must wait
 * @user: the user who is charged for the timer
 * @timer: the timer
 * @now: the current time on the clock of the timer
 *
 * If the result is not 0, the caller lets the timer expire again after that time, and posts
 * then without another call.
 *
 * Context: the timer's interrupt.
 *
 * Return: nanoseconds from @now; 0 if the caller may post at once.
 */
u64 evcore_timer_wait(struct user_struct *user, const struct hrtimer *timer, ktime_t now)
{
	return charge(&user->evcore_expirations, monotonic(timer, now), EXPIRATION_STEP_NS);
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
	u64 delay = charge(&user->evcore_timers, monotonic(timer, now), PERIODIC_STEP_NS);

	return interval < STEP_ONE_NS ? max_t(u64, delay, STEP_ONE_NS) : delay;
}
