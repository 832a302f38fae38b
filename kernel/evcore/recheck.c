// SPDX-License-Identifier: GPL-2.0-only
/*
 * Polling conditions again, in process context. Two kinds of sources need it: a
 * level-triggered source once its last record was consumed, and a source whose wake-up did
 * not say what happened. The next wait polls both and posts what holds. The file also has
 * evcore_last_check(), which polls the condition of an event that was taken.
 *
 * A source that is to be polled is on queue->recheck. Level-triggered sources that a face
 * posts without queue->lock are on queue->recheck_level first, a list that needs no lock.
 *
 * Floor 8, see Makefile: calls state.c and fd.c; called by source.c, wait.c, file.c, queue_file.c
 * and the faces.
 */
#include <linux/sched.h>

#include "internal.h"

/*
 * Begin to work on the sources that are to be polled again: move those on queue->recheck to
 * @batch. With @test, what holds is not posted, so no wait may sleep before recheck_end(), see
 * EVCORE_TODO_TESTED.
 */
static void recheck_begin(struct evcore_queue *q, bool test, struct list_head *batch)
{
	lockdep_assert_held(&q->mutex);
	raw_spin_lock_irq(&q->lock);
	if (test)
		q->todo |= EVCORE_TODO_TESTED;
	if (!list_empty(&q->recheck) || !llist_empty(&q->recheck_level)) {
		q->rechecking = current;
		/* Sources leave both lists. A wait must not take that to mean that none is left. */
		q->todo |= EVCORE_TODO_RECHECK;
	}
	list_splice_init(&q->recheck, batch);
	raw_spin_unlock_irq(&q->lock);
}

/* Leave the sources that are still in @batch to the next wait. */
static void recheck_end(struct evcore_queue *q, struct list_head *batch)
{
	raw_spin_lock_irq(&q->lock);
	list_splice(batch, &q->recheck);
	q->todo &= ~(EVCORE_TODO_RECHECK | EVCORE_TODO_TESTED);
	if (!list_empty(&q->recheck))
		q->todo |= EVCORE_TODO_RECHECK;
	q->rechecking = NULL;
	evcore_update_need_call(q);
	raw_spin_unlock_irq(&q->lock);
}

/*
 * Take from @batch the next sources whose condition is to be polled, and put those whose
 * record was not consumed yet back on queue->recheck. Each lock hold is bounded; if it finds
 * no source to poll, another one follows. Return: the number of sources in @found.
 */
static unsigned int next_to_recheck(struct evcore_queue *q, struct list_head *batch,
				    struct evcore_source **found)
{
	struct evcore_source *s;
	unsigned int n = 0, seen;

	do {
		raw_spin_lock_irq(&q->lock);
		for (seen = 0; seen < EVCORE_DRAIN_MAX && !list_empty(batch); seen++) {
			s = list_first_entry(batch, struct evcore_source, link);
			if (s->recheck) {
				evcore_unlink(s);
			} else if (q->face->taken(q, s)) {
				evcore_recheck_remove(s);
			} else {
				list_move_tail(&s->link, &q->recheck);
				q->todo |= EVCORE_TODO_RECHECK;
				continue;
			}
			found[n++] = s;
		}
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (!n && seen == EVCORE_DRAIN_MAX);
	return n;
}

/*
 * Put a level-triggered source that is on no list on queue->recheck. From any other list it
 * gets there by itself. queue->lock is held.
 */
static void recheck_if_level(struct evcore_source *s)
{
	if (s->where == EVCORE_IDLE && s->flags & EVCORE_LEVEL && s->armed && !s->muted)
		evcore_recheck_add(s);
}

/**
 * evcore_recheck_unconsumed - leave a source to a later wait if its record is unconsumed
 * @s: the source, just taken off queue->recheck_level; queue->mutex must be held
 *
 * A consumer may take the record and then wait. It must find the source on one of the two
 * lists, unless the condition is polled after the record was taken. So test again with
 * queue->lock held whether it was.
 *
 * Return: false if the record was consumed: the caller polls the condition.
 */
bool evcore_recheck_unconsumed(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	bool unconsumed;

	raw_spin_lock_irq(&q->lock);
	unconsumed = !q->face->taken(q, s);
	if (unconsumed)
		recheck_if_level(s);
	raw_spin_unlock_irq(&q->lock);
	return unconsumed;
}

/* Move the sources on queue->recheck_level to queue->recheck. Waits are kept from sleeping. */
static void move_level_sources(struct evcore_queue *q)
{
	struct llist_node *node = llist_reverse_order(llist_del_all(&q->recheck_level));
	struct evcore_source *s;

	while (node) {
		s = llist_entry(node, struct evcore_source, recheck_node);
		node = node->next;
		WRITE_ONCE(s->recheck_node.next, &s->recheck_node);
		/* Off the list before its slot is read, as in evcore_recheck_level(). */
		smp_mb();
		raw_spin_lock_irq(&q->lock);
		recheck_if_level(s);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	}
}

/**
 * evcore_recheck_flush - empty queue->recheck_level of the sources that are on it
 * @q: queue; its mutex must be held
 *
 * They move to queue->recheck. For a moment they are on neither list, so waits are kept from
 * sleeping.
 */
void evcore_recheck_flush(struct evcore_queue *q)
{
	LIST_HEAD(batch);

	recheck_begin(q, true, &batch);
	move_level_sources(q);
	recheck_end(q, &batch);
}

/**
 * evcore_post_found - post what polling a condition has found
 * @s: the source; queue->mutex must be held
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

/* The bits of a source that hold now. */
static __always_inline u32 check_now(struct evcore_source *s, struct files_struct *own)
{
	const struct evcore_source_ops *ops;

	if (likely(s->type == EVCORE_POLL))
		return evcore_fd_check_own(s, own);
	ops = evcore_ops_of(s);
	return ops->check ? ops->check(s) : 0;
}

/**
 * evcore_recheck - poll the conditions that are to be polled again, and post what holds
 * @q: queue; its mutex must be held
 *
 * A level-triggered source that is posted here is polled again by a later call, once its new
 * record is consumed.
 */
void evcore_recheck(struct evcore_queue *q)
{
	struct evcore_source *found[EVCORE_DRAIN_MAX] __uninitialized;
	struct files_struct *own = evcore_own_files();
	struct evcore_source *s;
	unsigned int n, i;
	LIST_HEAD(batch);
	u32 ready;

	recheck_begin(q, false, &batch);
	/* If there were no sources then, those that were added since wait for the next round. */
	if (q->rechecking && !llist_empty(&q->recheck_level))
		q->face->recheck_level(q);
	while (!list_empty(&batch)) {
		n = next_to_recheck(q, &batch, found);
		for (i = 0; i < n; i++) {
			s = found[i];
			ready = check_now(s, own);
			if (ready)
				evcore_post_found(s, ready);
			cond_resched();
		}
	}
	recheck_end(q, &batch);
}

/* Put a source that next_to_recheck() has found back on queue->recheck, for the next wait. */
static void leave_to_next_wait(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	raw_spin_lock_irq(&q->lock);
	/* It need not be polled if it was posted meanwhile. */
	if (s->where == EVCORE_IDLE && !s->muted && s->armed)
		evcore_recheck_set(s);
	raw_spin_unlock_irq(&q->lock);
}

/*
 * Could polling the source find anything? An epoll set is not polled but said to be ready: the
 * program has to make a call to find out.
 */
static bool may_be_ready(struct evcore_source *s)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	if (!ops->check)
		return false;
	return (ops->by_fd && evcore_fd_polls_others(s)) || ops->check(s);
}

/**
 * evcore_recheck_test - would evcore_recheck() post anything?
 * @q: queue; its mutex must be held
 *
 * Nothing is posted, because a record might be out of date when it is taken, whereas the next
 * wait polls the conditions itself. While the sources are polled here they are on no list, so
 * a wait would find nothing to recheck and sleep. EVCORE_TODO_TESTED makes it take queue->mutex
 * and recheck afterwards.
 *
 * This runs in ->poll() of the queue, in the context of the task that polls it, which may be
 * polling an epoll set. So it polls no epoll set: epoll sets and queues could alternate in a
 * chain of any length, or in a circle. A chain of queues alone has at most EVCORE_MAX_NESTS
 * edges.
 */
bool evcore_recheck_test(struct evcore_queue *q)
{
	struct evcore_source *found[EVCORE_DRAIN_MAX] __uninitialized;
	bool ready = false;
	unsigned int n, i;
	LIST_HEAD(batch);

	if (!llist_empty(&q->recheck_level))
		evcore_recheck_flush(q);
	recheck_begin(q, true, &batch);
	while (!ready && !list_empty(&batch)) {
		n = next_to_recheck(q, &batch, found);
		for (i = 0; i < n; i++) {
			ready = ready || may_be_ready(found[i]);
			/* Leave this source, and those after it, to the next wait. */
			if (ready)
				leave_to_next_wait(found[i]);
		}
		cond_resched();
	}
	recheck_end(q, &batch);
	return ready;
}

/**
 * evcore_last_check - does the condition of an event that was taken still hold?
 * @s: source of a type with a condition; queue->mutex must be held
 *
 * If it does not hold, nothing was delivered, so a oneshot source is armed again.
 *
 * Context: process context, may sleep.
 *
 * Return: the bits that hold now, or 0.
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
	evcore_arm(s);
	raw_spin_unlock_irq(&s->queue->lock);
	if (!disarmed)
		return 0;
	/* What happened while the source was disarmed was not posted. */
	ready = ops->check(s);
	if (ready)
		evcore_post_found(s, ready);
	return 0;
}
