// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overflow: where events wait while the ring is full. The source itself is put on a list, and
 * its further events are merged into it. So overflow needs no memory, and the list is bounded
 * by the number of sources plus the number of events that have a record of their own
 * (records.c).
 *
 * While the list is not empty, every new event goes to its end. A face that posts without
 * queue->lock is told so by ->set_lockless() before the first source is put on the list.
 *
 * evcore_drain_more() and evcore_take() take queue->lock; all other functions are called with
 * it held.
 *
 * Floor 5, see Makefile: calls trace.c, alloc.c, state.c and wake.c; called by post.c, wait.c and
 * the faces.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <trace/events/evcore.h>

#include "internal.h"

/* Make a record of the events that are pending in a source. */
static __always_inline void pending_record(struct evcore_source *s, struct evcore_record *r)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct evcore_valued *v;

	r->events = s->pending;
	r->overflowed = true;
	r->made_ready = s->made_ready;
	r->last = false;
	r->own_id = false;
	r->extra[1] = 0;
	if (likely(ops->by_fd)) {
		r->value = ops->value ? ops->value(s, s->pending) : 0;
		r->extra[0] = 0;
	} else {
		v = container_of(s, struct evcore_valued, source);
		r->value = v->value;
		r->extra[0] = v->extra;
	}
}

static noinline bool drain_source(struct evcore_queue *q, struct evcore_source *s)
{
	struct evcore_record r __uninitialized;

	pending_record(s, &r);
	if (!q->face->put(q, s, &r))
		return false;
	trace_evcore_drain(q, s->type, s->id, r.events);
	s->drained = true;
	evcore_overflow_remove(q, s);
	if (s->recheck || s->flags & (EVCORE_AUTOREMOVE | EVCORE_LEVEL))
		evcore_delivered(s, &r);
	return true;
}

static noinline bool drain_record(struct evcore_queue *q, struct evcore_record_node *node)
{
	struct evcore_source *s = node->source;
	struct evcore_record r = node->record;
	/* The source has ended already but is not reaped yet: drop its record. */
	bool dead = s->muted;

	r.overflowed = true;
	if (!dead && !q->face->put(q, s, &r))
		return false;
	trace_evcore_drain(q, s->type, s->id, r.events);
	evcore_record_unlink(node);
	evcore_record_free(node);
	if (!dead && (r.last || s->recheck || s->flags & (EVCORE_AUTOREMOVE | EVCORE_LEVEL)))
		evcore_delivered(s, &r);
	return true;
}

/**
 * evcore_drain - move events from overflow into the ring, in order
 * @q: the queue; its lock must be held
 * @most: the largest number of events to move
 *
 * Return: how many were moved. 0 without a ring: events wait in overflow until they are taken.
 */
unsigned int evcore_drain(struct evcore_queue *q, unsigned int most)
{
	struct evcore_source *s;
	struct evcore_node *node;
	unsigned int n = 0;

	lockdep_assert_held(&q->lock);
	if (!q->nr_slots)
		return 0;
	for (;;) {
		/* If the tracepoint is enabled, events are moved and traced one by one below. */
		if (!trace_evcore_drain_enabled())
			n += q->face->drain(q, most - n);
		if (n == most || list_empty(&q->overflow))
			break;
		node = list_first_entry(&q->overflow, struct evcore_node, link);
		/* ->drain() has left an event that it could have moved: the ring is full. */
		if (!trace_evcore_drain_enabled() && evcore_is_bits(node, 0))
			break;
		s = container_of(node, struct evcore_source, at);
		if (!(node->where == EVCORE_RECORD_NODE ?
		      drain_record(q, container_of(node, struct evcore_record_node, at)) :
		      drain_source(q, s)))
			break;
		n++;
	}
	q->drained += n;
	if (n)
		evcore_update_need_call(q);
	return n;
}

/* The slow path of evcore_drain_all(): overflow is not empty. */
void evcore_drain_more(struct evcore_queue *q)
{
	unsigned int n;

	do {
		raw_spin_lock_irq(&q->lock);
		n = evcore_drain(q, EVCORE_DRAIN_MAX);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (n == EVCORE_DRAIN_MAX && !fatal_signal_pending(current));
}

/* An event from overflow. @node is NULL if it was pending in the source itself. */
struct pending {
	struct evcore_source	*source;
	struct evcore_record_node	*node;
	struct evcore_record	record;
};

/*
 * Take the oldest event off the overflow list; return false if the list is empty. The caller then
 * owns p->node. Without a ring every event waits in overflow, so the event is not marked as
 * overflowed.
 */
static bool pop_pending(struct evcore_queue *q, struct pending *p)
{
	struct evcore_node *node;

	if (list_empty(&q->overflow))
		return false;
	node = list_first_entry(&q->overflow, struct evcore_node, link);
	if (node->where == EVCORE_RECORD_NODE) {
		p->node = container_of(node, struct evcore_record_node, at);
		p->source = p->node->source;
		p->record = p->node->record;
		evcore_record_unlink(p->node);
	} else {
		p->node = NULL;
		p->source = container_of(node, struct evcore_source, at);
		pending_record(p->source, &p->record);
		evcore_overflow_remove(q, p->source);
	}
	p->record.overflowed = false;
	q->drained++;
	trace_evcore_drain(q, p->source->type, p->source->id, p->record.events);
	return true;
}

/*
 * Put an event back at the head of overflow. If a further event is pending in the source by
 * now, the two are merged. If evcore_retire() has ended the source, the event is dropped. A waiter
 * is woken: it may have found the queue empty, and this task may be slow to try again.
 */
static void put_back(struct pending *p)
{
	struct evcore_source *s = p->source;
	struct evcore_queue *q = s->queue;

	q->drained--;
	if (unlikely(s->where == EVCORE_ON_REAP)) {
		if (p->node)
			evcore_record_free(p->node);
		return;
	}
	if (p->node) {
		evcore_record_add(p->node);
		q->overflowed--;
		list_move(&p->node->at.link, &q->overflow);
	} else if (s->where == EVCORE_ON_OVERFLOW) {
		evcore_overflow_merge(s, &p->record);
		list_move(&s->link, &q->overflow);
	} else {
		evcore_overflow_add(s, &p->record);
		q->overflowed--;
		list_move(&s->link, &q->overflow);
	}
	if (q->sleepers)
		evcore_wake_locked(q, false);
}

/**
 * evcore_taking_level - events of level-triggered sources are being passed to the program
 * @q: the queue; its lock and its mutex must be held
 * @on: true before, false afterwards
 *
 * Meanwhile the sources are on no list. EVCORE_TODO_RECHECK, which is cleared
 * only with queue->mutex held, makes a wait take that mutex. Then it finds them on
 * queue->recheck.
 */
void evcore_taking_level(struct evcore_queue *q, bool on)
{
	q->rechecking = on ? current : NULL;
	if (on)
		q->todo |= EVCORE_TODO_RECHECK;
}

/**
 * evcore_take - pass the oldest event of a queue without a ring to the program
 * @q: the queue; its mutex must be held
 * @emit: passes the event to user space, may sleep. Returns 0, or 1 to drop the event and go
 *        on with the next one, or a negative errno.
 * @arg: argument for @emit
 *
 * If @emit fails, the event is put back at the head of overflow, and what happened to its
 * source meanwhile is merged into it.
 *
 * Return: 1 if an event was passed on, 0 if there is none, or the errno of @emit.
 */
int evcore_take(struct evcore_queue *q, evcore_emit_t emit, void *arg)
{
	const struct evcore_source_ops *ops;
	struct evcore_source *s;
	struct pending p __uninitialized;
	bool recheck, level;
	int ret;

	lockdep_assert_held(&q->mutex);
	for (;;) {
		raw_spin_lock_irq(&q->lock);
		if (!pop_pending(q, &p)) {
			raw_spin_unlock_irq(&q->lock);
			return 0;
		}
		s = p.source;
		/*
		 * A wake-up without a key came while the event waited. Poll the condition
		 * now: what it finds belongs to this event and makes no further one.
		 */
		ops = evcore_ops_of(s);
		recheck = !p.node && s->recheck && s->where == EVCORE_IDLE &&
			  s->attached && ops->check;
		if (recheck)
			evcore_recheck_clear(s);
		level = s->flags & EVCORE_LEVEL;
		if (level)
			evcore_taking_level(q, true);
		evcore_update_need_call(q);
		raw_spin_unlock_irq(&q->lock);

		if (recheck)
			p.record.events |= ops->check(s);
		ret = p.node && s->muted ? 1 : emit(s, &p.record, arg);

		raw_spin_lock_irq(&q->lock);
		if (level)
			evcore_taking_level(q, false);
		if (!ret)
			evcore_set_taken(s);
		if (ret < 0) {
			put_back(&p);
		} else if (ret > 0) {
			/*
			 * Nothing was delivered, and nothing was posted while a oneshot
			 * source was disarmed. So its condition must be polled again.
			 */
			evcore_arm(s);
			if (!s->muted && s->where == EVCORE_IDLE) {
				evcore_recheck_set(s);
				if (q->sleepers)
					evcore_wake_locked(q, false);
			}
		} else if (s->where == EVCORE_IDLE) {
			evcore_delivered(s, &p.record);
		}
		if (level)
			evcore_update_need_call(q);
		if (p.node && ret >= 0)
			evcore_record_free(p.node);
		raw_spin_unlock_irq(&q->lock);
		if (ret < 0)
			return ret;
		if (!ret)
			return 1;
	}
}

/**
 * evcore_take_end - end what evcore_take_bits() has begun
 * @q: the queue
 * @taken: the events
 * @nr: their number
 * @done: how many of them, the first ones, were passed to the program; the others are put back
 *
 * queue->lock was released since. A source that was posted meanwhile is in overflow again, and an
 * event that is put back is merged into that one. This call may be left out if all were passed on
 * and evcore_take_must_end() is false.
 */
void evcore_take_end(struct evcore_queue *q, struct evcore_taken *taken, unsigned int nr,
		     unsigned int done)
{
	struct evcore_source *s;
	struct pending p;
	unsigned int i;

	raw_spin_lock_irq(&q->lock);
	evcore_taking_level(q, false);
	for (i = nr; i > done; i--) {
		p = (struct pending) {
			.source = taken[i - 1].source, .record.events = taken[i - 1].events,
		};
		put_back(&p);
	}
	for (i = 0; i < done; i++) {
		s = taken[i].source;
		if (s->flags & EVCORE_LEVEL && s->where == EVCORE_IDLE && s->armed)
			evcore_recheck_add(s);
	}
	evcore_update_need_call(q);
	raw_spin_unlock_irq(&q->lock);
}
