/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waiters of a queue: wait.c adds them, and wake.c wakes them. All functions are called
 * with queue->lock held.
 */
#ifndef _EVCORE_WAKE_H
#define _EVCORE_WAKE_H

#include <linux/rbtree.h>

#include "internal.h"

struct evcore_waiter {
	union {				/* linked until it is woken: */
		struct list_head link;	/* in queue->waiters, if min <= 1 */
		struct rb_node	node;	/* in queue->min_waiters, if min > 1 */
	};
	struct task_struct	*task;
	u64			nr;	/* its number, from queue->waiter_nr */
	unsigned int		min;
	int			cpu;
	bool			woken;
	bool			forced;	/* return even if there are no events */
};

static inline bool evcore_waiter_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct evcore_waiter, node)->min <
	       rb_entry(b, struct evcore_waiter, node)->min;
}

static inline void evcore_waiter_add(struct evcore_queue *q, struct evcore_waiter *w)
{
	w->nr = ++q->waiter_nr;
	if (likely(w->min <= 1))
		list_add_tail(&w->link, &q->waiters);
	else
		rb_add_cached(&w->node, &q->min_waiters, evcore_waiter_less);
	WRITE_ONCE(q->sleepers, q->sleepers + 1);
}

static inline void evcore_waiter_del(struct evcore_queue *q, struct evcore_waiter *w)
{
	if (likely(w->min <= 1))
		list_del(&w->link);
	else
		rb_erase_cached(&w->node, &q->min_waiters);
	WRITE_ONCE(q->sleepers, q->sleepers - 1);
}

static inline bool evcore_has_waiters(const struct evcore_queue *q)
{
	return !list_empty(&q->waiters) || !RB_EMPTY_ROOT(&q->min_waiters.rb_root);
}

void evcore_wake_some(struct evcore_queue *q);
void evcore_poll_work(struct irq_work *work);
void evcore_poll_later(struct work_struct *work);
void evcore_wake_pollers(struct evcore_queue *q);

/*
 * Wake pollers for an event that makes no new record, because there is an unconsumed one, or
 * because the source is to be polled already. No waiter sleeps then.
 */
static inline void evcore_wake_repollers(struct evcore_queue *q)
{
	if (unlikely(q->sleepers & EVCORE_POLLED_AGAIN))
		evcore_wake_pollers(q);
}

/*
 * Wake another waiter if there are more events than the caller takes, which is @taken, and the
 * tasks that are already woken, one each. There is at least one waiter.
 */
static inline void evcore_pass_on(struct evcore_queue *q, unsigned int taken)
{
	if (evcore_ready(q, taken + q->nr_woken + 1) > taken + q->nr_woken)
		evcore_wake_locked(q, false);
}

#endif /* _EVCORE_WAKE_H */
