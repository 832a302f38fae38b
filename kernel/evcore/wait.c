// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for events, and waking waiters: one for each event whose minimum is met, by
 * preference one that went to sleep on the posting processor; none while no minimum
 * is met.
 *
 * Those that wait for one event are in a list, the oldest first, and have precedence.
 * The others are in a tree, the smallest minimum first, so that a post finds out with
 * one comparison whether any of them is to be woken, however many there are.
 *
 * A waiter leaves the list or the tree when it is woken, so the next event wakes the
 * next. Every exit from the wait passes the wake-up on if there is more than those
 * already woken will take.
 *
 * A post that is to wake all wakes EVCORE_WAKE_MAX. Those it leaves are woken by those it
 * has woken, in process context and as many at a time: queue->wake_through is the number
 * of the youngest waiter that is still to be woken in this way.
 */
#include <linux/evcore.h>
#include <linux/hrtimer.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/time.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <trace/events/evcore.h>

#include "internal.h"

/* Waiters among which one on the posting processor is searched for. */
#define EVCORE_CPU_SEARCH	16
/* Waiters that one lock hold wakes. */
#define EVCORE_WAKE_MAX		32

struct evcore_waiter {
	union {				/* while not woken: */
		struct list_head link;	/* in queue->waiters, with a minimum up to 1 */
		struct rb_node	node;	/* in queue->min_waiters, with a larger one */
	};
	struct task_struct	*task;
	u64			nr;	/* counted up by each that waits */
	unsigned int		min;
	int			cpu;
	bool			woken;
	bool			forced;	/* return even with nothing there */
};

/**
 * evcore_ready - events there, in the ring and in overflow
 * @q: the queue; its lock held
 * @limit: as many are asked for
 *
 * Return: at least @limit only if so many can be taken; an upper bound in any case.
 */
unsigned int evcore_ready(struct evcore_queue *q, unsigned int limit)
{
	unsigned int n = q->face->ready(q, limit);

	lockdep_assert_held(&q->lock);
	return n > UINT_MAX - q->nr_overflow ? UINT_MAX : n + q->nr_overflow;
}

/* All of them counted: up to what is an upper bound. */
static unsigned int ready_exactly(struct evcore_queue *q)
{
	return q->face->ready(q, q->face->ready(q, UINT_MAX)) + q->nr_overflow;
}

static bool waiter_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct evcore_waiter, node)->min <
	       rb_entry(b, struct evcore_waiter, node)->min;
}

static void enqueue(struct evcore_queue *q, struct evcore_waiter *w)
{
	w->nr = ++q->waiter_nr;
	if (likely(w->min <= 1))
		list_add_tail(&w->link, &q->waiters);
	else
		rb_add_cached(&w->node, &q->min_waiters, waiter_less);
	WRITE_ONCE(q->sleepers, q->sleepers + 1);
}

static void dequeue(struct evcore_queue *q, struct evcore_waiter *w)
{
	if (likely(w->min <= 1))
		list_del(&w->link);
	else
		rb_erase_cached(&w->node, &q->min_waiters);
	WRITE_ONCE(q->sleepers, q->sleepers - 1);
}

static bool anybody_waits(const struct evcore_queue *q)
{
	return !list_empty(&q->waiters) || !RB_EMPTY_ROOT(&q->min_waiters.rb_root);
}

static void wake_one(struct evcore_queue *q, struct evcore_waiter *w)
{
	struct task_struct *task = w->task;

	dequeue(q, w);
	q->nr_woken++;
	q->wakes++;
	trace_evcore_wake(q, task);
	/* Last: the waiter checks it under the lock, its memory is its stack. */
	w->woken = true;
	wake_up_process(task);
}

/*
 * Those who poll are woken once, until everything that was in the ring then is
 * consumed: the queue was empty in between. Without a ring, each time.
 *
 * Whoever takes stops at a record that is reserved and not yet published; if there
 * is one, its own post has to wake again.
 */
static void wake_pollers(struct evcore_queue *q)
{
	u64 posted = q->face->posted(q);
	unsigned int there = q->face->ready(q, UINT_MAX);

	if (posted - there < q->poll_mark)
		return;
	if (q->face->ready(q, there) == there)
		q->poll_mark = posted;
	irq_work_queue(&q->poll_work);
}

/*
 * The waiter with the smallest minimum above 1, if that is met; or NULL. *@ready: how many
 * events are there, 0: not counted yet.
 */
static struct evcore_waiter *met_waiter(struct evcore_queue *q, unsigned int *ready)
{
	struct rb_node *first = rb_first_cached(&q->min_waiters);
	struct evcore_waiter *w;

	if (!first)
		return NULL;
	w = rb_entry(first, struct evcore_waiter, node);
	/* With something to recheck, it is the waiter that finds out how much there is. */
	if (q->nr_check)
		return w;
	if (!*ready)
		*ready = ready_exactly(q);
	return *ready >= w->min ? w : NULL;
}

/* A waiter for one event, by preference on this processor; or one whose minimum is met. */
static noinline void wake_best_waiter(struct evcore_queue *q)
{
	struct evcore_waiter *w, *found = NULL;
	int cpu = raw_smp_processor_id();
	unsigned int seen = 0, ready = 0;

	list_for_each_entry(w, &q->waiters, link) {
		if (!found || w->cpu == cpu)
			found = w;
		if (found->cpu == cpu || ++seen == EVCORE_CPU_SEARCH)
			break;
	}
	if (!found)
		found = met_waiter(q, &ready);
	if (found)
		wake_one(q, found);
}

/* Wake some of those up to queue->wake_through, and of the others those whose minimum is met. */
static noinline void wake_some(struct evcore_queue *q)
{
	struct evcore_waiter *w;
	unsigned int n, ready = 0;

	for (n = 0; n < EVCORE_WAKE_MAX; n++) {
		w = list_first_entry_or_null(&q->waiters, struct evcore_waiter, link);
		if (!w || w->nr > q->wake_through)
			w = met_waiter(q, &ready);
		if (!w) {
			q->wake_through = 0;
			break;
		}
		wake_one(q, w);
	}
}

/**
 * evcore_wake_locked - something was posted, wake whom it concerns
 * @q: the queue; its lock held
 * @all: every waiter whose minimum is met
 *
 * Those who poll the queue's file are woken from irq_work, outside every lock:
 * an epoll set or another queue may be behind them, and in turn have this queue
 * behind it.
 */
void evcore_wake_locked(struct evcore_queue *q, bool all)
{
	struct evcore_waiter *first;

	lockdep_assert_held(&q->lock);
	/* waitqueue_active(): see queue_poll(), which sets EVCORE_POLLED after enqueueing. */
	if (waitqueue_active(&q->poll_wait))
		wake_pollers(q);
	else
		WRITE_ONCE(q->sleepers, q->sleepers & ~EVCORE_POLLED);
	if (unlikely(all)) {
		q->wake_through = q->waiter_nr;
		wake_some(q);
		return;
	}
	first = list_first_entry_or_null(&q->waiters, struct evcore_waiter, link);
	/* The common case: it is what the search would find. */
	if (likely(first && first->cpu == raw_smp_processor_id()))
		wake_one(q, first);
	else
		wake_best_waiter(q);
}

/**
 * evcore_wake_slow - somebody sleeps, and a record was published
 * @q: the queue
 *
 * Context: any but NMI. Comes after a full barrier and a look at ->sleepers.
 */
void evcore_wake_slow(struct evcore_queue *q)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	evcore_wake_locked(q, false);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_wake_other - wake a waiter although nothing was posted
 * @q: the queue
 * @force: it returns even if there is nothing
 *
 * Hand-over: the caller leaves to another thread what it cannot serve, and the
 * look at conditions too.
 *
 * Return: how many events are there.
 */
int evcore_wake_other(struct evcore_queue *q, bool force)
{
	struct evcore_waiter *w;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&q->lock, flags);
	w = list_first_entry_or_null(&q->waiters, struct evcore_waiter, link);
	if (!w)
		w = rb_entry_safe(rb_first_cached(&q->min_waiters), struct evcore_waiter, node);
	if (w) {
		w->forced = force;
		wake_one(q, w);
	} else {
		/* One that is about to sleep has polled conditions before this call. */
		q->handed_over = true;
		q->look = true;
	}
	ret = min_t(unsigned int, evcore_ready(q, UINT_MAX), INT_MAX);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ret;
}

/**
 * evcore_time_offset - how much later it is in the caller's time namespace
 * @clock: of which clock
 *
 * Return: nanoseconds, to be added to the kernel's time.
 */
s64 evcore_time_offset(clockid_t clock)
{
	struct timespec64 offset = { 0 };

	if (clock == CLOCK_MONOTONIC)
		timens_add_monotonic(&offset);
	else if (clock == CLOCK_BOOTTIME)
		timens_add_boottime(&offset);
	return timespec64_to_ns(&offset);
}

/* evcore_get_timeout() with a time to read. */
int evcore_read_timeout(struct evcore_timeout *to,
			const struct __kernel_timespec __user *uts, bool absolute)
{
	struct timespec64 ts;

	if (get_timespec64(&ts, uts))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	to->expires = timespec64_to_ktime(ts);
	if (absolute)
		to->expires = timens_ktime_to_host(to->clock, to->expires);
	else
		to->expires = ktime_add_safe(ktime_get(), to->expires);
	return 0;
}

/* Sleep until woken; true once the time is up. State set by the caller. */
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

/* The same moment on CLOCK_MONOTONIC, roughly: another clock may be set. */
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

/* Conditions to be looked at, or sources to be removed; queue->lock held. */
static bool look_due(const struct evcore_queue *q)
{
	/* Under the lock, where who takes the lists for something else has counted first. */
	return q->nr_check || q->look || !llist_empty(&q->due);
}

static noinline void serve(struct evcore_queue *q)
	__must_hold(&q->lock)
{
	bool look = look_due(q);

	q->handed_over = false;
	raw_spin_unlock_irq(&q->lock);
	if (look) {
		mutex_lock(&q->mutex);
		evcore_reap(q);
		evcore_recheck(q);
		mutex_unlock(&q->mutex);
	}
	evcore_drain_all(q);
	raw_spin_lock_irq(&q->lock);
	/* A hand-over that came meanwhile is for the next round. */
	q->look = !list_empty(&q->recheck) || !list_empty(&q->reap) || q->handed_over;
}

/**
 * evcore_service - what is done for a queue in process context
 * @q: the queue, its lock held; dropped and taken again if there is anything to do
 *
 * Removes what its delivery has ended, looks at conditions that are due, drains
 * overflow as far as there are slots.
 *
 * Context: process context, may sleep.
 */
void evcore_service(struct evcore_queue *q)
	__must_hold(&q->lock)
{
	lockdep_assert_held(&q->lock);
	if (unlikely(q->nr_check | q->nr_overflow | q->look || !llist_empty(&q->due)))
		serve(q);
}

/* Wake a waiter, there is one, for what this one does not take; queue->lock held. */
static void pass_on(struct evcore_queue *q, unsigned int taken)
{
	if (evcore_ready(q, taken + q->nr_woken + 1) > taken + q->nr_woken)
		evcore_wake_locked(q, false);
}

/**
 * evcore_wait - wait for events
 * @q: the queue
 * @min: return when so many are there; 0: do not wait
 * @to: when to give up; an expiry in the past does not wait either
 *
 * Having an event beats everything: a signal or the end of time returns what
 * is there, if anything is.
 *
 * Context: process context, sleeps.
 *
 * Return: how many events are there, fewer than @min on timeout or signal, or
 * -EINTR if a signal came and there is none.
 */
int evcore_wait(struct evcore_queue *q, unsigned int min,
		const struct evcore_timeout *to)
{
	struct evcore_waiter w = { .task = current, .min = min };
	bool late = !min || expired(to);
	bool busy = q->busy_us;
	bool last, look;
	unsigned int n;
	int ret;

	raw_spin_lock_irq(&q->lock);
	for (;;) {
		evcore_service(q);

		last = late || w.forced || signal_pending(current);
		/* Who comes to sleep found the ring empty: looks once, when enqueued. */
		if (last || w.woken || busy) {
			n = evcore_ready(q, max(min, 1U));
			if (last || n >= min)
				break;
		}
		/* Woken for what it cannot use, or another took: others might. */
		if (w.woken && anybody_waits(q))
			pass_on(q, 0);
		w.woken = false;
		if (busy) {
			raw_spin_unlock_irq(&q->lock);
			evcore_busy_poll(q, min, expires_monotonic(to));
			busy = false;
			raw_spin_lock_irq(&q->lock);
			continue;
		}
		w.cpu = raw_smp_processor_id();
		enqueue(q, &w);
		/*
		 * Enqueued before the look; a full barrier that pairs
		 * with the one between a post and its look at ->sleepers.
		 */
		set_current_state(TASK_INTERRUPTIBLE);
		n = evcore_ready(q, min);
		look = q->nr_check || !llist_empty(&q->due) || q->handed_over;
		if (look || n >= min) {
			__set_current_state(TASK_RUNNING);
			dequeue(q, &w);
			if (!look)
				break;
			raw_spin_unlock_irq(&q->lock);
			cond_resched();
			raw_spin_lock_irq(&q->lock);
			continue;
		}
		raw_spin_unlock_irq(&q->lock);

		late = sleep_until(to);

		raw_spin_lock_irq(&q->lock);
		__set_current_state(TASK_RUNNING);
		if (w.woken)
			q->nr_woken--;
		else
			dequeue(q, &w);
		if (unlikely(q->wake_through))
			wake_some(q);
	}
	/*
	 * queue->lock is held, but a consumer takes without it: what was seen
	 * counts, or an event taken in between would look like a signal.
	 * One who has a signal to handle may never come back to take anything.
	 */
	if (min && anybody_waits(q))
		pass_on(q, n >= min && !signal_pending(current) ? min : 0);
	ret = min_t(unsigned int, n, INT_MAX);
	if (!ret && min && !late && !w.forced)
		ret = -EINTR;
	raw_spin_unlock_irq(&q->lock);
	trace_evcore_wait(q, min, ret);
	return ret;
}
