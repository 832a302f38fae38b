// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waking waiters: one for each event whose minimum is met, by preference one that went to
 * sleep on the posting processor; none while no minimum is met.
 *
 * Waiters for one event are in a list, the oldest first, and have precedence. The others
 * are in a tree, the smallest minimum first, so that a post finds out with one comparison
 * whether to wake any of them, however many there are.
 *
 * A waiter leaves the list or the tree when it is woken, so the next event wakes the next
 * one. Every exit from a wait passes the wake-up on if there is more than the tasks that
 * are already woken will take.
 *
 * A post that is to wake all waiters wakes EVCORE_WAKE_MAX of them. Each of these wakes as
 * many again, in process context: queue->wake_through is the number of the youngest waiter
 * that is still to be woken in this way.
 */
#include <linux/sched.h>
#include <trace/events/evcore.h>

#include "internal.h"
#include "wake.h"

/* Waiters among which one on the posting processor is searched for. */
#define EVCORE_CPU_SEARCH	16
/* Waiters that one lock hold wakes. */
#define EVCORE_WAKE_MAX		32

/* All of them counted: up to what is an upper bound. */
static unsigned int ready_exactly(struct evcore_queue *q)
{
	return q->face->ready(q, q->face->ready(q, UINT_MAX)) + q->nr_overflow;
}

static void wake_one(struct evcore_queue *q, struct evcore_waiter *w)
{
	struct task_struct *task = w->task;

	evcore_waiter_del(q, w);
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
	u64 posted = q->face->nr_posted(q);
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
	if (evcore_must_recheck(q))
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
void evcore_wake_some(struct evcore_queue *q)
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
		evcore_wake_some(q);
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
		q->todo |= EVCORE_TODO_HAND_OVER;
	}
	ret = min_t(unsigned int, evcore_ready(q, UINT_MAX), INT_MAX);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ret;
}
