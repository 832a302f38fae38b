// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditions that must be looked at in process context: level-triggered ones
 * whose last record was consumed, and sources that were woken without being
 * told why. A wait does both. And the last look at an event that was taken.
 */
#include <linux/evcore.h>
#include <linux/sched.h>

#include "internal.h"

/**
 * evcore_recheck_add - have the next wait look at a source
 * @s: source on no list; queue->lock held
 */
void evcore_recheck_add(struct evcore_source *s)
{
	lockdep_assert_held(&s->queue->lock);
	list_add_tail(&s->link, &s->queue->recheck);
	s->queue->look = true;
	s->where = EVCORE_ON_RECHECK;
	if (s->check)
		s->queue->nr_check++;
	evcore_update_call(s->queue);
}

/*
 * The next sources of the part being worked on whose condition is due, off their
 * list; how many. Those that are not due go back. In one bounded lock hold, and
 * again as long as it finds none.
 */
static unsigned int next_due(struct evcore_queue *q, struct evcore_source **due)
{
	struct evcore_source *s;
	unsigned int n = 0, seen;

	do {
		raw_spin_lock_irq(&q->lock);
		for (seen = 0; seen < EVCORE_DRAIN_MAX && !list_empty(&q->checking); seen++) {
			s = list_first_entry(&q->checking, struct evcore_source, link);
			if (s->check) {
				evcore_unlink(s);
			} else if (q->face->taken(q, s)) {
				list_del_init(&s->link);
				s->where = EVCORE_IDLE;
			} else {
				list_move_tail(&s->link, &q->recheck);
				q->look = true;
				continue;
			}
			due[n++] = s;
		}
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (!n && seen == EVCORE_DRAIN_MAX);
	return n;
}

/* From other lists it comes by itself, when it is level-triggered; queue->lock held. */
static void recheck_due(struct evcore_source *s)
{
	if (s->where == EVCORE_IDLE && s->flags & EVCORE_LEVEL && s->armed && !s->gone)
		evcore_recheck_add(s);
}

/**
 * evcore_still_due - leave a source of queue->due to a later wait
 * @s: the source, taken off that list; queue->mutex held
 *
 * Whoever takes its record and then waits has to find it on one of the two lists, unless
 * it is looked at after that: so with the lock held it is seen again whether the record
 * was taken.
 *
 * Return: false if it was, and is not on a list.
 */
bool evcore_still_due(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	bool still;

	raw_spin_lock_irq(&q->lock);
	still = !q->face->taken(q, s);
	if (still)
		recheck_due(s);
	raw_spin_unlock_irq(&q->lock);
	return still;
}

/* As long as it is not 0, a wait waits for queue->mutex, and then looks. */
static void hold_waits(struct evcore_queue *q)
{
	raw_spin_lock_irq(&q->lock);
	q->nr_check++;
	raw_spin_unlock_irq(&q->lock);
}

static void let_waits_go(struct evcore_queue *q)
{
	raw_spin_lock_irq(&q->lock);
	q->look = true;
	q->nr_check--;
	evcore_update_call(q);
	raw_spin_unlock_irq(&q->lock);
}

/* What is on queue->due goes to queue->recheck; waits are held. */
static void move_due(struct evcore_queue *q)
{
	struct llist_node *node = llist_reverse_order(llist_del_all(&q->due));
	struct evcore_source *s;

	while (node) {
		s = llist_entry(node, struct evcore_source, due);
		node = node->next;
		WRITE_ONCE(s->due.next, &s->due);
		/* As in evcore_look_at_due(), before who looks at the slot. */
		smp_mb();
		raw_spin_lock_irq(&q->lock);
		recheck_due(s);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	}
}

/**
 * evcore_flush_due - have nothing on queue->due of those that were there
 * @q: queue, its mutex held
 */
void evcore_flush_due(struct evcore_queue *q)
{
	/* For a moment they are on neither list. */
	hold_waits(q);
	move_due(q);
	let_waits_go(q);
}

/**
 * evcore_post_found - post what a look has found
 * @s: the source, its queue's mutex held
 * @ready: bits that hold
 *
 * Context: process context.
 */
void evcore_post_found(struct evcore_source *s, u32 ready)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	if (ops->by_fd)
		evcore_fd_found(s, ready);
	else
		evcore_post(s, ready, ops->value ? ops->value(s, ready) : 0, 0);
}

/**
 * evcore_recheck - look at every condition that is due
 * @q: queue, its mutex held
 *
 * A source that still holds is posted again and, if level-triggered, is due
 * again once that record is consumed: by a later call, not by this one.
 */
void evcore_recheck(struct evcore_queue *q)
{
	struct evcore_source *due[EVCORE_DRAIN_MAX] __uninitialized;
	const struct evcore_source_ops *ops;
	struct evcore_source *s;
	unsigned int n, i;
	u32 ready;

	lockdep_assert_held(&q->mutex);
	raw_spin_lock_irq(&q->lock);
	list_splice_tail_init(&q->recheck, &q->checking);
	raw_spin_unlock_irq(&q->lock);
	if (!llist_empty(&q->due))
		q->face->look_at_due(q);
	while ((n = next_due(q, due))) {
		for (i = 0; i < n; i++) {
			s = due[i];
			ops = evcore_ops_of(s);
			ready = ops->check ? ops->check(s) : 0;
			if (ready)
				evcore_post_found(s, ready);
			cond_resched();
		}
	}
}

/* What next_due() took off the list goes back, to be looked at by a wait. */
static void keep_due(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	raw_spin_lock_irq(&q->lock);
	/* Posted in between, it needs no look. */
	if (s->where == EVCORE_IDLE && !s->gone && s->armed) {
		/* One that is not level-triggered was here to be checked. */
		s->check = !(s->flags & EVCORE_LEVEL);
		evcore_recheck_add(s);
	}
	raw_spin_unlock_irq(&q->lock);
}

/* The answer of a poll() that may not poll an epoll set is yes: call, and find out. */
static bool may_hold(struct evcore_source *s)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	if (!ops->check)
		return false;
	return (ops->by_fd && evcore_fd_polls_others(s)) || ops->check(s);
}

/**
 * evcore_peek - does a condition hold that the next wait would poll again?
 * @q: queue, its mutex held
 *
 * As evcore_recheck(), but nothing is posted: a record might be out of date by
 * the time it is taken, while the next recheck never is. A wait that comes by
 * meanwhile would find nothing to recheck and sleep; ->nr_check makes it wait for
 * the mutex, and recheck then.
 *
 * This runs in ->poll() of the queue, in the context of whatever polls that, an epoll
 * set perhaps. So it polls no epoll set: the two kinds could follow each other in a chain
 * of any length, or in a circle. Queues that watch queues are a chain of at most
 * EVCORE_MAX_NESTS. A condition that only an epoll set could tell is taken to hold.
 */
bool evcore_peek(struct evcore_queue *q)
{
	struct evcore_source *due[EVCORE_DRAIN_MAX] __uninitialized;
	bool holds = false;
	unsigned int n, i;

	lockdep_assert_held(&q->mutex);
	hold_waits(q);
	move_due(q);
	raw_spin_lock_irq(&q->lock);
	list_splice_tail_init(&q->recheck, &q->checking);
	raw_spin_unlock_irq(&q->lock);
	while (!holds && (n = next_due(q, due))) {
		for (i = 0; i < n; i++) {
			holds = holds || may_hold(due[i]);
			/* It, and those behind it, are for the next wait. */
			if (holds)
				keep_due(due[i]);
		}
		cond_resched();
	}
	raw_spin_lock_irq(&q->lock);
	list_splice_init(&q->checking, &q->recheck);
	raw_spin_unlock_irq(&q->lock);
	let_waits_go(q);
	return holds;
}

/**
 * evcore_last_check - does the condition of an event that was taken still hold?
 * @s: source of a type with a condition, its queue's mutex held
 *
 * If it does not, nothing was delivered: a oneshot source is armed again.
 *
 * Context: process context, may sleep.
 *
 * Return: the bits that hold now.
 */
u32 evcore_last_check(struct evcore_source *s)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	u32 ready = ops->check(s);
	bool disarmed;

	lockdep_assert_held(&s->queue->mutex);
	if (ready)
		return ready;
	raw_spin_lock_irq(&s->queue->lock);
	disarmed = !s->armed;
	s->armed = true;
	raw_spin_unlock_irq(&s->queue->lock);
	if (!disarmed)
		return 0;
	/* What happened while it was disarmed was not posted. */
	ready = ops->check(s);
	if (ready)
		evcore_post_found(s, ready);
	return 0;
}
