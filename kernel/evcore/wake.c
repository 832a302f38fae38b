// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waking waiters. Each event wakes one waiter whose minimum is met, preferably one that went
 * to sleep on the posting processor. If no minimum is met it wakes none. But if counting the
 * events would take long, it wakes a waiter, which then counts them: see met_waiter().
 *
 * Waiters for one event are in a list, the oldest first, and have precedence. The others
 * are in a tree, the smallest minimum first, so that a post finds out with one comparison
 * whether to wake any of them, however many there are.
 *
 * A waiter leaves the list or the tree when it is woken, so the next event wakes the next
 * one. A task that returns from a wait wakes another waiter if there are more events than the
 * tasks that are already woken will take.
 *
 * A post that must wake all waiters wakes up to EVCORE_WAKE_MAX of them. Each of these wakes
 * as many again, in process context. queue->wake_through is the number of the youngest waiter
 * that is still to be woken in this way.
 *
 * Floor 4, see Makefile: calls trace.c; called by overflow.c, post.c, records.c, wait.c, queue.c
 * and the faces.
 */
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <trace/events/evcore.h>

#include "internal.h"
#include "wake.h"

/* Most waiters that are examined to find one on the posting processor. */
#define EVCORE_CPU_SEARCH	16
/*
 * Most records that a post counts to find out whether a minimum is met: many posts may follow
 * each other with interrupts disabled. Where there may be more, the waiter is woken to count.
 */
#define EVCORE_COUNT_MAX	64
/* Most waiters that are woken in one lock hold. */
#define EVCORE_WAKE_MAX		32

/* In evcore_poll_work(), how many queues' pollers are being woken, one because of the other. */
static DEFINE_PER_CPU(unsigned int, waking_depth);

static void wake_one(struct evcore_queue *q, struct evcore_waiter *w)
{
	struct task_struct *task = w->task;

	evcore_waiter_del(q, w);
	q->nr_woken++;
	q->wakes++;
	trace_evcore_wake(q, task);
	/* Last: @w is on the waiter's stack, and the waiter reads this with the lock held. */
	w->woken = true;
	wake_up_process(task);
}

/**
 * evcore_poll_work - wake the tasks and files that poll a queue's file
 * @work: poll_work of the queue
 *
 * Context: irq_work.
 */
void evcore_poll_work(struct irq_work *work)
{
	struct evcore_queue *q = container_of(work, struct evcore_queue, poll_work);

	this_cpu_write(waking_depth, READ_ONCE(q->poll_depth) + 1);
	wake_up_poll(&q->poll_wait, EPOLLIN | EPOLLRDNORM);
	this_cpu_write(waking_depth, 0);
}

/**
 * evcore_poll_later - wake the pollers of a queue at the end of a long chain
 * @work: poll_later of the queue
 *
 * Context: process context.
 */
void evcore_poll_later(struct work_struct *work)
{
	struct evcore_queue *q = container_of(work, struct evcore_queue, poll_later);

	WRITE_ONCE(q->poll_depth, 0);
	irq_work_queue(&q->poll_work);
}

/**
 * evcore_wake_pollers - wake the tasks and files that poll a queue's file
 * @q: the queue; its lock must be held
 *
 * An edge-triggered poller is woken for each event, as it would be by an epoll set, but not
 * before it has polled the queue again. If it takes events and never polls, it is woken again
 * once every record that was in the ring at the last wake-up is consumed. Later records may
 * still be there, but it may have found the ring empty before they were posted. If there is no
 * ring, it is woken each time.
 *
 * A consumer stops at a record that is reserved but not published yet. If there is such a
 * record, its own post has to wake the pollers again, so ->poll_mark is not set.
 *
 * A queue may watch an epoll set that watches the queue. Then a woken set posts an event to the
 * queue, which wakes the set, and so on, as long as other tasks poll the queue. In interrupt
 * context that would stop everything else on this processor. So after as many rounds as a chain
 * of queues may have edges, the next one is left to a work item.
 */
void evcore_wake_pollers(struct evcore_queue *q)
{
	unsigned int in_ring, depth;
	u64 posted;

	lockdep_assert_held(&q->lock);
	/* No barrier needed: after enqueueing, poll_ready() sets EVCORE_POLLED under the lock. */
	if (!waitqueue_active(&q->poll_wait)) {
		WRITE_ONCE(q->sleepers, q->sleepers & ~(EVCORE_POLLED | EVCORE_POLLED_AGAIN));
		return;
	}
	posted = q->face->nr_posted(q);
	in_ring = q->face->ready(q, UINT_MAX);
	if (!(q->sleepers & EVCORE_POLLED_AGAIN) && posted - in_ring < q->poll_mark)
		return;
	WRITE_ONCE(q->sleepers, q->sleepers & ~EVCORE_POLLED_AGAIN);
	if (q->face->all_published(q))
		q->poll_mark = posted;
	depth = this_cpu_read(waking_depth);
	if (depth > EVCORE_MAX_NESTS) {
		queue_work(system_dfl_wq, &q->poll_later);
		return;
	}
	WRITE_ONCE(q->poll_depth, depth);
	irq_work_queue(&q->poll_work);
}

/**
 * evcore_wake_pollers_slow - evcore_wake_pollers() for a caller without the lock
 * @q: the queue; its lock must not be held
 *
 * Context: any but NMI.
 */
void evcore_wake_pollers_slow(struct evcore_queue *q)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	evcore_wake_pollers(q);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/*
 * Find a waiter for more than one event that is to be woken. (Those for one event are in another
 * list.) It is the one with the smallest minimum, if as many events are there. It is also
 * returned if the post cannot tell: because conditions must be polled, which may sleep, or
 * because more than EVCORE_COUNT_MAX slots would have to be counted. Then the waiter itself
 * counts, and goes back to sleep if there are too few.
 *
 * *@ready keeps the number of events from one call to the next; 0: not counted yet.
 */
static struct evcore_waiter *met_waiter(struct evcore_queue *q, unsigned int *ready)
{
	struct rb_node *first = rb_first_cached(&q->min_waiters);
	struct evcore_waiter *w;
	unsigned int most;

	if (!first)
		return NULL;
	w = rb_entry(first, struct evcore_waiter, node);
	if (evcore_must_recheck(q))
		return w;
	if (!*ready) {
		most = q->face->ready(q, UINT_MAX);
		if ((u64)most + q->nr_overflow < w->min)
			return NULL;
		if (most > EVCORE_COUNT_MAX)
			return w;
		/*
		 * Without a limit ->ready() only subtracts two positions. Consumed slots in
		 * between are left out if it has to count up to a limit.
		 */
		*ready = q->face->ready(q, most) + q->nr_overflow;
	}
	return *ready >= w->min ? w : NULL;
}

/*
 * Wake a waiter for one event, preferably one that went to sleep on this processor. If there is
 * none, wake a waiter whose minimum is met.
 */
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

/*
 * Wake up to EVCORE_WAKE_MAX waiters: those for one event up to number queue->wake_through, then
 * those whose minimum is met. Called with queue->lock held.
 */
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
 * evcore_wake_locked - wake waiters after an event was posted
 * @q: the queue; its lock must be held
 * @all: wake every waiter whose minimum is met, not only one
 *
 * Tasks that poll the queue's file are woken from irq_work, with no lock held: an epoll set or
 * another queue may watch the file, and this queue may in turn watch that.
 */
void evcore_wake_locked(struct evcore_queue *q, bool all)
{
	struct evcore_waiter *first;

	lockdep_assert_held(&q->lock);
	if (unlikely(q->sleepers & EVCORE_POLLED))
		evcore_wake_pollers(q);
	if (unlikely(all)) {
		q->wake_through = q->waiter_nr;
		evcore_wake_some(q);
		return;
	}
	first = list_first_entry_or_null(&q->waiters, struct evcore_waiter, link);
	/* The common case: the search would find the same waiter. */
	if (likely(first && first->cpu == raw_smp_processor_id()))
		wake_one(q, first);
	else
		wake_best_waiter(q);
}

/**
 * evcore_wake_slow - wake a waiter for events that the caller leaves to others
 * @q: the queue; its lock must not be held
 *
 * Context: any but NMI.
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
 * @force: the waiter returns even if there are no events
 *
 * This is the hand-over: the caller leaves events that it cannot handle to another thread,
 * which also polls the conditions that are to be polled again.
 *
 * Return: the number of events.
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
		/*
		 * A task that is about to sleep has polled the conditions before this call. The
		 * flag makes it do another round.
		 */
		q->todo |= EVCORE_TODO_HAND_OVER;
	}
	ret = min_t(unsigned int, evcore_ready(q, UINT_MAX), INT_MAX);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ret;
}
