// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slow path of posting, with queue->lock held. It handles every kind of source and every
 * ring. A face that can post without the lock falls back to it.
 *
 * Floor 6, see Makefile: calls trace.c, alloc.c, state.c, wake.c and overflow.c; called by
 * records.c, fd.c, source.c, file.c, the source types and the faces.
 */

#include <trace/events/evcore.h>

#include "internal.h"
#include "wake.h"

/**
 * evcore_deliver - place an event in the ring, or in overflow
 * @s: the source; queue->lock must be held
 * @r: the event
 * @node: the node that holds @r, which the core owns afterwards; NULL: the event has none, and
 *        would wait in the source itself
 *
 * The event goes to overflow if the ring has no free slot or if other events wait already.
 */
void evcore_deliver(struct evcore_source *s, const struct evcore_record *r,
		    struct evcore_record_node *node)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (list_empty(&q->overflow) && q->face->put(q, s, r)) {
		trace_evcore_post(q, s->type, s->id, r->events);
		evcore_delivered(s, r);
		if (node)
			evcore_record_free(node);
		return;
	}
	/*
	 * Once the event is in overflow, no post without queue->lock gets a slot, so none can
	 * overtake it. Then drain, because slots may have become free since ->put() failed.
	 */
	if (node)
		evcore_record_add(node);
	else
		evcore_overflow_add(s, r);
	evcore_drain(q, EVCORE_DRAIN_POST);
}

/*
 * A level-triggered source with a record in the ring must be polled again once the record is
 * consumed, so it must be on queue->recheck. It is on no list if a recheck has just found and
 * posted this event.
 */
static void recheck_add_level(struct evcore_source *s)
{
	if (s->flags & EVCORE_LEVEL && s->armed && s->where == EVCORE_IDLE)
		evcore_recheck_add(s);
}

/*
 * Post an event. Return: true if there is a new record, so that waiters must be woken; false if
 * the event was merged or not posted. Called with queue->lock held.
 */
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
		evcore_wake_repollers(q);
		return evcore_drain(q, EVCORE_DRAIN_POST);
	}
	if (s->last_record && !(s->flags & EVCORE_COUNTS)) {
		if (q->face->merge && q->face->merge(q, s, r->events)) {
			atomic64_inc(&q->merged);
			recheck_add_level(s);
			evcore_wake_repollers(q);
			return false;
		}
		/* When the record is consumed, the recheck will find this event too. */
		if (!q->face->merge && s->flags & EVCORE_LEVEL &&
		    !q->face->taken(q, s)) {
			recheck_add_level(s);
			evcore_wake_repollers(q);
			return false;
		}
	}
	evcore_deliver(s, r, NULL);
	return true;
}

/**
 * evcore_wake_posted - wake waiters after a source was posted
 * @s: the source; queue->lock must be held
 *
 * The ring may have a consumer that takes records without queue->lock. The barrier pairs with
 * set_current_state() in evcore_wait() and with smp_mb() in poll_ready().
 */
void evcore_wake_posted(struct evcore_source *s)
{
	smp_mb();	/* publish before reading ->sleepers, see above */
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
	/*
	 * The bits may be older than a modify that has removed them. They must not use up the
	 * oneshot source that it has armed.
	 */
	if (evcore_ops_of(s)->by_fd)
		r.events &= s->events | EVCORE_ALWAYS | EVCORE_CLOSED;
	if (r.events && evcore_post_locked(s, &r))
		evcore_wake_posted(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/* Place an event of a level-triggered source in the ring, if its last record was consumed. */
static __always_inline bool put_level(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	if (q->nr_overflow || !q->face->taken(q, s) || !q->face->put_bits(q, s, events))
		return false;
	trace_evcore_post(q, s->type, s->id, events);
	if (s->where == EVCORE_IDLE)
		evcore_recheck_add(s);
	return true;
}

/*
 * The same for a queue without a ring, whose events all wait in overflow. The source leaves the
 * recheck list: it is polled again when this event was taken.
 */
static __always_inline bool queue_level(struct evcore_source *s, u32 events)
{
	if (s->where == EVCORE_ON_RECHECK && !s->recheck)
		evcore_recheck_remove(s);
	if (!evcore_overflow_fast(s, events))
		return false;
	trace_evcore_overflow(s->queue, s->type, s->id, events);
	return true;
}

/**
 * evcore_post_level - post an event of a level-triggered source that watches a file
 * @s: the source, EVCORE_POLL
 * @events: bits, not 0
 *
 * This is a fast path of evcore_post_slow() for a source that has no other mode and no event
 * that is not consumed yet, while overflow is empty if there is a ring.
 *
 * Context: as evcore_post(), with interrupts disabled.
 *
 * Return: true if the event was posted; false if it is another case and nothing was done.
 */
bool evcore_post_level(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;
	bool done;

	raw_spin_lock(&q->lock);
	/* A modify may have changed the events and the mode since the wake-up. */
	events &= s->events | EVCORE_ALWAYS;
	done = events && !s->muted && s->armed && (s->flags & EVCORE_SLOW) == EVCORE_LEVEL &&
	       (q->nr_slots ? put_level(s, events) : queue_level(s, events));
	if (likely(done))
		evcore_wake_posted(s);
	raw_spin_unlock(&q->lock);
	return done;
}

/**
 * evcore_try_post - post an event if the source is armed
 * @s: the source, of a type without a descriptor
 * @events: bits, not 0
 * @value: type specific
 *
 * Context: as evcore_post().
 *
 * Return: true if it was posted; false if the source is not armed, or is muted.
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
 * evcore_need_recheck - handle a wake-up that does not say what happened
 * @s: the source
 *
 * The condition must not be polled in this context. A waiter is woken to poll it in process
 * context.
 *
 * Context: as evcore_post().
 */
void evcore_need_recheck(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (!s->muted && s->armed) {
		if (!s->recheck) {
			evcore_recheck_set(s);
			evcore_wake_posted(s);
		} else {
			evcore_wake_repollers(q);
		}
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
}
