// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slow half of posting: under queue->lock, for every kind of source and
 * every ring. A face whose ring has a lock-free path calls it when that path
 * does not apply.
 */

#include <trace/events/evcore.h>

#include "internal.h"

/**
 * evcore_deliver - into the ring or, if there is no room or others wait, overflow
 * @s: the source; queue->lock held
 * @r: the event
 * @h: the memory that @r brings along and that is consumed, or NULL: it waits in
 *     the source
 */
void evcore_deliver(struct evcore_source *s, const struct evcore_record *r,
		    struct evcore_record_node *h)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (list_empty(&q->overflow) && q->face->put(q, s, r)) {
		trace_evcore_post(q, s->type, s->id, r->events);
		evcore_delivered(s, r);
		if (h)
			evcore_record_free(h);
		return;
	}
	/*
	 * From here on no lock-free post gets a slot, so nobody overtakes; then
	 * try again, for the ring may have been emptied in the meantime.
	 */
	if (h)
		evcore_record_add(h);
	else
		evcore_overflow_add(s, r);
	evcore_drain(q, EVCORE_DRAIN_POST);
}

/*
 * A level-triggered source with a record in the ring is due for a look once that
 * is consumed. It is off the list when a look has brought it here.
 */
static void watch_level(struct evcore_source *s)
{
	if (s->flags & EVCORE_LEVEL && s->armed && s->where == EVCORE_IDLE)
		evcore_recheck_add(s);
}

/* True if there is a record that was not there before; queue->lock held. */
bool evcore_post_locked(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (s->muted || !s->armed)
		return false;
	if (s->flags & EVCORE_ONESHOT)
		evcore_disarm(s);
	if (s->where == EVCORE_ON_OVERFLOW) {
		evcore_overflow_merge(s, r);
		return evcore_drain(q, EVCORE_DRAIN_POST);
	}
	if (s->last_record && !(s->flags & EVCORE_COUNTS)) {
		if (q->face->merge && q->face->merge(q, s, r->events)) {
			atomic64_inc(&q->merged);
			watch_level(s);
			return false;
		}
		/* The look after its consumption will find what happened now. */
		if (!q->face->merge && s->flags & EVCORE_LEVEL &&
		    !q->face->taken(q, s)) {
			watch_level(s);
			return false;
		}
	}
	evcore_deliver(s, r, NULL);
	return true;
}

/**
 * evcore_wake_posted - something of a source was posted, wake whom it concerns
 * @s: the source; queue->lock held
 *
 * The ring may have a consumer that takes without the lock: the barrier pairs
 * with set_current_state() in evcore_wait() and the one in the queue's ->poll().
 */
void evcore_wake_posted(struct evcore_source *s)
{
	smp_mb();	/* publish before the look at the waiters, see above */
	if (s->queue->sleepers)
		evcore_wake_locked(s->queue, s->flags & EVCORE_WAKE_ALL);
}

/**
 * evcore_post_slow - post an event under queue->lock
 * @s: the source
 * @events: bits, not 0
 * @value: type specific
 * @extra: type specific
 *
 * Context: as evcore_post().
 */
void evcore_post_slow(struct evcore_source *s, u32 events, u64 value, u64 extra)
{
	struct evcore_record r = {
		.events = events, .value = value, .extra = { extra },
	};
	struct evcore_queue *q = s->queue;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	/* Bits of before a modify must not use up the oneshot it has armed. */
	if (evcore_ops_of(s)->by_fd)
		r.events &= s->events | EVCORE_ALWAYS | EVCORE_CLOSED;
	if (r.events && evcore_post_locked(s, &r))
		evcore_wake_posted(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_post_level - post an event of a level-triggered source that watches a file
 * @s: the source, EVCORE_POLL
 * @events: bits, not 0
 *
 * What evcore_post_slow() comes to where it has no other mode, its last record was
 * consumed and nobody waits in overflow.
 *
 * Context: as evcore_post(), interrupts off.
 *
 * Return: false if that is not so, and nothing was done.
 */
bool evcore_post_level(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;
	bool done;

	raw_spin_lock(&q->lock);
	/* A modify may have given it other events and another mode since it was woken. */
	events &= s->events | EVCORE_ALWAYS;
	done = events && !q->nr_overflow && !s->muted && s->armed &&
	       (s->flags & EVCORE_SLOW) == EVCORE_LEVEL &&
	       q->face->taken(q, s) && q->face->put_bits(q, s, events);
	if (likely(done)) {
		trace_evcore_post(q, s->type, s->id, events);
		if (s->where == EVCORE_IDLE)
			evcore_recheck_add(s);
		evcore_wake_posted(s);
	}
	raw_spin_unlock(&q->lock);
	return done;
}

/**
 * evcore_try_post - post an event, and say whether the source takes any
 * @s: the source, of a type without a descriptor
 * @events: bits, not 0
 * @value: type specific
 *
 * Context: as evcore_post().
 *
 * Return: false if it was not posted, for the source is not armed or going.
 */
bool evcore_try_post(struct evcore_source *s, u32 events, u64 value)
{
	struct evcore_record r = { .events = events, .value = value };
	struct evcore_queue *q = s->queue;
	unsigned long flags;
	bool armed;

	raw_spin_lock_irqsave(&q->lock, flags);
	armed = s->armed && !s->muted;
	if (armed && evcore_post_locked(s, &r))
		evcore_wake_posted(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return armed;
}

/**
 * evcore_need_recheck - a wake-up that does not say what happened
 * @s: the source
 *
 * The condition may not be looked at here; a waiter does it in process context.
 *
 * Context: as evcore_post().
 */
void evcore_need_recheck(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (!s->muted && s->armed && !s->recheck) {
		evcore_recheck_set(s);
		evcore_wake_posted(s);
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
}
