// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for events: the work that a wait does for its queue, and sleeping until there are
 * enough events.
 *
 * Floor 10, see Makefile: calls trace.c, mark.c, wake.c, overflow.c, busy.c, recheck.c and
 * source.c; called by the faces.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <trace/events/evcore.h>

#include "internal.h"
#include "wake.h"

/* Sleep until woken; true if the timeout has expired. The caller has set the task's state. */
static bool sleep_until(const struct evcore_timeout *to)
{
	ktime_t expires = to->expires;

	if (expires == KTIME_MAX) {
		schedule();
		return false;
	}
	return !schedule_hrtimeout_range_clock(&expires, current->timer_slack_ns,
					       HRTIMER_MODE_ABS, to->clock);
}

/* The expiry on CLOCK_MONOTONIC. Only an estimate if it is on a clock that may be set. */
static ktime_t expires_monotonic(const struct evcore_timeout *to)
{
	if (to->expires == KTIME_MAX || to->clock == CLOCK_MONOTONIC)
		return to->expires;
	return ktime_sub(to->expires, ktime_mono_to_any(0, TK_OFFS_REAL));
}

static bool expired(const struct evcore_timeout *to)
{
	if (to->expires == KTIME_MAX)
		return false;
	return to->expires <= (to->clock == CLOCK_REALTIME ? ktime_get_real() :
							     ktime_get());
}

static noinline void do_service(struct evcore_queue *q)
	__must_hold(&q->lock)
{
	bool todo = q->todo || !llist_empty(&q->recheck_level);

	/* Without a ring there is nothing to drain into. */
	if (!todo && !q->nr_slots)
		return;
	/* If another hand-over follows, the next round handles it. */
	q->todo &= ~EVCORE_TODO_HAND_OVER;
	raw_spin_unlock_irq(&q->lock);
	if (todo) {
		mutex_lock(&q->mutex);
		evcore_reap(q);
		evcore_recheck(q);
		mutex_unlock(&q->mutex);
		evcore_put_removed_marks(q);
	}
	evcore_drain_all(q);
	raw_spin_lock_irq(&q->lock);
	if (list_empty(&q->reap))
		q->todo &= ~EVCORE_TODO_REAP;
}

/**
 * evcore_service - do the work of a queue that is left to process context
 * @q: the queue; its lock must be held, and is released and taken again if there is any work
 *
 * Removes the sources that have ended, polls the conditions that are to be polled again, and
 * drains overflow as far as there are free slots.
 *
 * Context: process context, may sleep.
 */
void evcore_service(struct evcore_queue *q)
	__must_hold(&q->lock)
{
	lockdep_assert_held(&q->lock);
	if (unlikely(q->nr_overflow | q->todo || !llist_empty(&q->recheck_level)))
		do_service(q);
}

/* Poll the network device before the task sleeps; queue->lock is dropped meanwhile. */
static void busy_poll(struct evcore_queue *q, unsigned int min, const struct evcore_timeout *to)
	__must_hold(&q->lock)
{
	raw_spin_unlock_irq(&q->lock);
	evcore_busy_poll(q, min, expires_monotonic(to));
	raw_spin_lock_irq(&q->lock);
}

static void resched_unlocked(struct evcore_queue *q)
	__must_hold(&q->lock)
{
	raw_spin_unlock_irq(&q->lock);
	cond_resched();
	raw_spin_lock_irq(&q->lock);
}

/*
 * No event is there. Return: true if a level-triggered condition may hold nevertheless, because
 * other tasks have taken the event that it posted: then the caller tries again. *@posted is how
 * many events had been posted at the last try; at first U64_MAX. If nothing was posted since, no
 * other task can have taken an event. Then the program has moved the head of its ring past events
 * that are still marked unconsumed, and trying again would find the same.
 */
static noinline bool level_may_hold(struct evcore_queue *q, u64 *posted)
{
	u64 now;

	if (!(q->todo & EVCORE_TODO_RECHECK) && llist_empty(&q->recheck_level))
		return false;
	now = q->face->nr_posted(q) + q->overflowed;
	if (now == *posted)
		return false;
	*posted = now;
	return !signal_pending(current);
}

/*
 * The result of a wait that ended with @n events. They are not counted again: a consumer may have
 * taken events without queue->lock since, which would turn success into -EINTR. What the caller
 * will not take is passed on to other waiters: if a signal is pending, that is all events,
 * because the task may never come back to take any.
 */
static int wait_result(struct evcore_queue *q, const struct evcore_waiter *w, unsigned int n,
		       bool late)
	__must_hold(&q->lock)
{
	unsigned int min = w->min;

	if (min && evcore_has_waiters(q))
		evcore_pass_on(q, n >= min && !signal_pending(current) ? min : 0);
	if (!n && min && !late && !w->forced)
		return -EINTR;
	return min_t(unsigned int, n, INT_MAX);
}

/**
 * evcore_wait - wait for events
 * @q: the queue
 * @min: return when there are this many events; 0: do not wait
 * @to: the timeout; if it has expired already, this does not wait
 *
 * Events take precedence: after a signal or a timeout this returns the number of events if
 * there are any. A call that does not wait returns 0 only if no level-triggered condition holds
 * whose wake-up has ended, whatever other tasks take meanwhile, or if a signal is pending.
 *
 * Context: process context, may sleep.
 *
 * Return: the number of events. It is less than @min after a timeout, a signal, or a hand-over
 * that was forced (evcore_wake_other()). -EINTR if a signal is pending and there are no events.
 */
int evcore_wait(struct evcore_queue *q, unsigned int min,
		const struct evcore_timeout *to)
{
	struct evcore_waiter w __uninitialized;	/* the rest is set when it is linked */
	bool late = !min || expired(to);
	bool busy = q->busy_us;
	u64 posted = U64_MAX;
	bool last, recheck, again = false;
	unsigned int n;
	int ret;

	w.task = current;
	w.min = min;
	w.woken = false;
	w.forced = false;
	raw_spin_lock_irq(&q->lock);
	for (;;) {
		evcore_service(q);

		last = late || w.forced || signal_pending(current);
		/*
		 * A caller that has not slept yet has usually just found the ring empty. Skip
		 * the count: the one after enqueueing decides. If that has found enough events
		 * and conditions to poll again, those were polled above, once.
		 */
		if (last || w.woken || busy || again) {
			n = evcore_ready(q, max(min, 1U));
			if (late && !n && level_may_hold(q, &posted)) {
				resched_unlocked(q);
				continue;
			}
			if (last || n >= min)
				break;
		}
		/*
		 * This task was woken for events that are too few for it, or that were taken.
		 * Other waiters may be able to use the rest.
		 */
		if (w.woken && evcore_has_waiters(q))
			evcore_pass_on(q, 0);
		w.woken = false;
		if (busy) {
			busy_poll(q, min, to);
			busy = false;
			continue;
		}
		w.cpu = raw_smp_processor_id();
		evcore_waiter_add(q, &w);
		/*
		 * Enqueue before reading the ring. set_current_state() is a full barrier, which
		 * pairs with the one in a post between publishing the record and reading
		 * ->sleepers.
		 */
		set_current_state(TASK_INTERRUPTIBLE);
		n = evcore_ready(q, min);
		recheck = q->nr_recheck || !llist_empty(&q->recheck_level) ||
			  q->todo & (EVCORE_TODO_TESTED | EVCORE_TODO_HAND_OVER) ||
			  (unlikely(q->todo & EVCORE_TODO_RECHECK) && !n &&
			   level_may_hold(q, &posted));
		if (recheck || n >= min) {
			__set_current_state(TASK_RUNNING);
			evcore_waiter_del(q, &w);
			if (!recheck)
				break;
			again = n >= min;
			late = late || expired(to);
			resched_unlocked(q);
			continue;
		}
		raw_spin_unlock_irq(&q->lock);

		late = sleep_until(to);

		raw_spin_lock_irq(&q->lock);
		__set_current_state(TASK_RUNNING);
		if (w.woken)
			q->nr_woken--;
		else
			evcore_waiter_del(q, &w);
		if (unlikely(q->wake_through))
			evcore_wake_some(q);
	}
	ret = wait_result(q, &w, n, late);
	raw_spin_unlock_irq(&q->lock);
	trace_evcore_wait(q, min, ret);
	return ret;
}
