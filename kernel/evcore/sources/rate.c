// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits how often the periodic timers of one user interrupt, and how many timers post in one
 * interrupt.
 *
 * How often: timers post even if the program never takes the events, so without this limit
 * a user with many timers could use all the time of a processor.
 *
 * user_struct->evcore_timers is a point in time. Each expiration moves it STEP_NS
 * ahead, starting at the current time if it lies in the past. While it is at most
 * BURST_NS ahead of the current time, timers keep their periods. Beyond that, the next
 * expiration of the timer is delayed until it would be at most BURST_NS ahead. Each timer
 * gets a different delay, which spreads the timers in time, and all timers of a user
 * together expire at most once in STEP_NS. The periods that pass during a delay are
 * counted like those of any timer that is late.
 *
 * How many: the timer interrupt calls all timers that have expired, with interrupts disabled.
 * Time is divided into slots, and on each processor SLOT_TIMERS timers may post in a slot.
 * A further timer is postponed to a later slot, at most MAX_SLOTS ahead. While timers wait for
 * later slots, those that expire meanwhile are postponed behind them, so the order is roughly
 * kept. Postponing costs less than posting: no more than the expiry of a timerfd.
 */
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/sched/user.h>

#include "sources.h"

/* Limit for all timers of a user together: 50,000 expirations in a second. */
#define STEP_NS		(20 * NSEC_PER_USEC)
/* 64 expirations may come at once. */
#define BURST_NS	(64 * STEP_NS)
/* Shortest time between two expirations of one timer. */
#define STEP_ONE_NS	(50 * NSEC_PER_USEC)

#define SLOT_SHIFT	16	/* slots of 65.5 us */
#define SLOT_TIMERS	32

#define MAX_SLOTS	1500	/* 98 ms */

/*
 * The timers of a processor. Each slot has SLOT_TIMERS places, so place p is in slot
 * p / SLOT_TIMERS. Slot 0 begins at time 0.
 */
struct timer_slots {
	u64		slot;		/* of the last timer that posted */
	unsigned int	posted;		/* timers that have posted in that slot */
	u64		next_place;	/* for the next timer that is postponed */
};

static DEFINE_PER_CPU(struct timer_slots, timer_slots);

/**
 * evcore_timer_postpone - how long to postpone a timer that has expired
 * @timer: the timer
 * @now: the current time on its clock
 * @postponed: it expires now because it was postponed to this time
 *
 * Context: the timer's interrupt.
 *
 * Return: nanoseconds from @now; 0 if the timer may post.
 */
u64 evcore_timer_postpone(const struct hrtimer *timer, ktime_t now, bool postponed)
{
	bool monotonic = timer->base->clockid == CLOCK_MONOTONIC;
	u64 ns = ktime_to_ns(monotonic ? now : ktime_get());
	u64 slot = ns >> SLOT_SHIFT;
	struct timer_slots *slots = this_cpu_ptr(&timer_slots);
	u64 place = slots->next_place;

	if (slots->slot != slot) {
		slots->slot = slot;
		slots->posted = 0;
	}
	if (slots->posted < SLOT_TIMERS && (postponed || place / SLOT_TIMERS <= slot)) {
		slots->posted++;
		return 0;
	}
	/* One user's timers must not delay those of others for long. */
	place = clamp(place, (slot + 1) * SLOT_TIMERS, (slot + MAX_SLOTS) * SLOT_TIMERS);
	slots->next_place = place + 1;
	return (place / SLOT_TIMERS << SLOT_SHIFT) - ns;
}

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
