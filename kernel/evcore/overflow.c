// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens when the ring is full: the source itself waits in a list, with
 * its events merged in it, so overflow needs no memory and is bounded by the
 * number of sources. Everything here runs under queue->lock.
 *
 * While the list is not empty every new event goes behind it; a face with a
 * lock-free path is told so by ->block(), before the first source is linked.
 */
#include <linux/evcore.h>
#include <linux/sched.h>
#include <trace/events/evcore.h>

#include "internal.h"

/* Keep the header's flag true: something waits that only a call can fetch. */
void evcore_update_call(struct evcore_queue *q)
{
	bool on = q->nr_overflow || q->nr_check;

	lockdep_assert_held(&q->lock);
	if (on == q->calling)
		return;
	q->calling = on;
	q->face->call(q, on);
}

/* Forget that the source must be looked at. */
static void clear_check(struct evcore_source *s)
{
	if (s->check && s->where == EVCORE_ON_RECHECK)
		s->queue->nr_check--;
	s->check = false;
}

/**
 * evcore_unlink - take a source off the list it is on
 * @s: the source; its pending events are forgotten
 */
void evcore_unlink(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	clear_check(s);
	if (s->where == EVCORE_IDLE) {
		evcore_update_call(q);
		return;
	}
	list_del_init(&s->link);
	if (s->where == EVCORE_ON_OVERFLOW) {
		s->pending = 0;
		s->marked = false;
		if (!--q->nr_overflow)
			q->face->block(q, false);
	}
	s->where = EVCORE_IDLE;
	evcore_update_call(q);
}

/**
 * evcore_overflow_add - let a source wait for a slot
 * @s: source that is not in overflow
 * @r: its event
 */
void evcore_overflow_add(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (!q->nr_overflow++)
		q->face->block(q, true);
	/* From the recheck list: what it is due for waits until this is delivered. */
	if (s->check && s->where == EVCORE_ON_RECHECK)
		q->nr_check--;
	list_move_tail(&s->link, &q->overflow);
	s->where = EVCORE_ON_OVERFLOW;
	s->pending = r->events;
	s->value = r->value;
	s->extra = r->extra;
	s->marked = r->marked;
	q->overflowed++;
	evcore_update_call(q);
	trace_overflow(q, s->ops->type, s->id, r->events);
}

/**
 * evcore_overflow_merge - a further event of a source that waits
 * @s: source in overflow
 * @r: the event: bits are or-ed, counts added, anything else is the newest
 */
void evcore_overflow_merge(struct evcore_source *s, const struct evcore_record *r)
{
	lockdep_assert_held(&s->queue->lock);
	s->pending |= r->events;
	s->marked |= r->marked;
	s->value = r->value + (s->flags & EVCORE_COUNTS ? s->value : 0);
	s->extra = r->extra + (s->flags & EVCORE_SUM_EXTRA ? s->extra : 0);
	atomic64_inc(&s->queue->merged);
}

/**
 * evcore_delivered - a record of the source went to the program
 * @s: source that is on no list, or on the recheck list
 */
void evcore_delivered(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (s->flags & EVCORE_AUTOREMOVE) {
		evcore_unlink(s);
		s->gone = true;
		s->where = EVCORE_ON_REAP;
		list_add_tail(&s->link, &q->reap);
	} else if (s->where == EVCORE_IDLE &&
		   (s->check || (s->flags & EVCORE_LEVEL && s->armed))) {
		evcore_recheck_add(s);
	}
}

/* Its pending event is on its way: off the list, and the event into @r. */
static void overflow_pop(struct evcore_source *s, struct evcore_record *r)
{
	struct evcore_queue *q = s->queue;

	list_del_init(&s->link);
	s->where = EVCORE_IDLE;
	s->pending = 0;
	s->marked = false;
	q->drained++;
	trace_drain(q, s->ops->type, s->id, r->events);
	if (!--q->nr_overflow)
		q->face->block(q, false);
}

static void pending_record(struct evcore_source *s, struct evcore_record *r)
{
	r->events = s->pending;
	r->value = s->value;
	r->extra = s->extra;
	r->marked = s->marked;
	r->overflowed = true;
}

/**
 * evcore_drain - move events from overflow into the ring, in order
 * @q: the queue
 * @most: at most so many
 *
 * A source is unlinked only after its slot is there.
 *
 * Return: how many were moved.
 */
unsigned int evcore_drain(struct evcore_queue *q, unsigned int most)
{
	struct evcore_source *s;
	struct evcore_record r;
	unsigned int n = 0;

	lockdep_assert_held(&q->lock);
	while (n < most && !list_empty(&q->overflow)) {
		s = list_first_entry(&q->overflow, struct evcore_source, link);
		pending_record(s, &r);
		if (!q->face->put(q, s, &r))
			break;
		overflow_pop(s, &r);
		evcore_delivered(s);
		n++;
	}
	if (n)
		evcore_update_call(q);
	return n;
}

/**
 * evcore_drain_all - drain overflow as far as there are slots
 * @q: the queue
 *
 * Context: process context, may sleep between two bounded lock holds.
 */
void evcore_drain_all(struct evcore_queue *q)
{
	unsigned int n;

	while (!list_empty(&q->overflow)) {
		raw_spin_lock_irq(&q->lock);
		n = evcore_drain(q, EVCORE_DRAIN_MAX);
		raw_spin_unlock_irq(&q->lock);
		if (n < EVCORE_DRAIN_MAX)
			break;
		cond_resched();
	}
}

/**
 * evcore_take - hand the oldest event of a queue without a ring to the program
 * @q: the queue, its mutex held
 * @emit: gives the event to user space, may sleep and fault; 0, 1 to drop the
 *        event and go on, or a negative errno
 * @arg: for @emit
 *
 * When @emit fails the event is first in line again; what happened to the
 * source in between is merged in it.
 *
 * Return: 1 if an event was handed over, 0 if there is none, or @emit's errno.
 */
int evcore_take(struct evcore_queue *q, evcore_emit_t emit, void *arg)
{
	struct evcore_source *s;
	struct evcore_record r;
	int ret;

	lockdep_assert_held(&q->mutex);
	for (;;) {
		raw_spin_lock_irq(&q->lock);
		s = list_first_entry_or_null(&q->overflow, struct evcore_source, link);
		if (!s) {
			raw_spin_unlock_irq(&q->lock);
			return 0;
		}
		pending_record(s, &r);
		r.overflowed = false;
		overflow_pop(s, &r);
		evcore_update_call(q);
		raw_spin_unlock_irq(&q->lock);

		ret = emit(s, &r, arg);

		raw_spin_lock_irq(&q->lock);
		if (ret < 0) {
			if (s->where == EVCORE_ON_OVERFLOW)
				evcore_overflow_merge(s, &r);
			else
				evcore_overflow_add(s, &r);
			list_move(&s->link, &q->overflow);
		} else if (ret > 0) {
			/*
			 * Nothing was delivered, and what happened while a
			 * oneshot was disarmed was not posted: look again.
			 */
			s->armed = true;
			if (!s->gone && s->where == EVCORE_IDLE) {
				s->check = true;
				evcore_recheck_add(s);
			}
		} else if (s->where == EVCORE_IDLE) {
			evcore_delivered(s);
		}
		raw_spin_unlock_irq(&q->lock);
		if (ret < 0)
			return ret;
		if (!ret)
			return 1;
	}
}
