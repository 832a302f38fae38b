// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens when the ring is full: the source itself waits in a list, with
 * its events merged in it, so overflow needs no memory and is bounded by the
 * number of sources, and of events that brought their own (held.c). Everything
 * here runs under queue->lock.
 *
 * While the list is not empty every new event goes behind it; a face with a
 * lock-free path is told so by ->block(), before the first source is linked.
 */
#include <linux/evcore.h>
#include <linux/evcore_face.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
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

static void waits_no_more(struct evcore_queue *q)
{
	if (!--q->nr_overflow)
		q->face->block(q, false);
}

/* The part of a source that keeps a value; NULL where events have none to keep. */
static struct evcore_valued *valued(struct evcore_source *s)
{
	if (evcore_ops_of(s)->by_fd)
		return NULL;
	return container_of(s, struct evcore_valued, source);
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
		waits_no_more(q);
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
	struct evcore_valued *v = valued(s);
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
	s->marked = r->marked;
	if (v) {
		v->value = r->value;
		v->extra = r->extra[0];
	}
	q->overflowed++;
	evcore_update_call(q);
	trace_evcore_overflow(q, s->type, s->id, r->events);
}

/**
 * evcore_held_add - let an event with a record of its own wait for a slot
 * @h: the record
 */
void evcore_held_add(struct evcore_held *h)
{
	struct evcore_source *s = h->source;
	struct evcore_holder *holder = container_of(s, struct evcore_holder, valued.source);
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (!q->nr_overflow++)
		q->face->block(q, true);
	list_add_tail(&h->at.link, &q->overflow);
	list_add_tail(&h->of_holder, &holder->held);
	WRITE_ONCE(holder->nr_held, holder->nr_held + 1);
	if (holder->ucounts)
		inc_rlimit_ucounts(holder->ucounts, UCOUNT_RLIMIT_SIGPENDING, 1);
	WRITE_ONCE(q->nr_held, q->nr_held + 1);
	q->overflowed++;
	evcore_update_call(q);
	trace_evcore_overflow(q, s->type, s->id, h->record.events);
}

/**
 * evcore_held_unlink - take a record out of overflow
 * @h: the record, the caller's afterwards
 */
void evcore_held_unlink(struct evcore_held *h)
{
	struct evcore_holder *holder = container_of(h->source, struct evcore_holder,
						    valued.source);
	struct evcore_queue *q = h->source->queue;

	lockdep_assert_held(&q->lock);
	list_del_init(&h->at.link);
	list_del_init(&h->of_holder);
	WRITE_ONCE(holder->nr_held, holder->nr_held - 1);
	if (holder->ucounts)
		dec_rlimit_ucounts(holder->ucounts, UCOUNT_RLIMIT_SIGPENDING, 1);
	WRITE_ONCE(q->nr_held, q->nr_held - 1);
	waits_no_more(q);
}

/* Counts of user space may be any number: at the end of the range they stay. */
static u64 sum_of(u64 a, u64 b)
{
	u64 sum;

	return check_add_overflow(a, b, &sum) ? U64_MAX : sum;
}

/**
 * evcore_overflow_merge - a further event of a source that waits
 * @s: source in overflow
 * @r: the event: bits are or-ed, counts added up to U64_MAX, anything else is the
 *     newest; of events that count overruns, one is an overrun itself
 */
void evcore_overflow_merge(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_valued *v = valued(s);

	lockdep_assert_held(&s->queue->lock);
	s->pending |= r->events;
	s->marked |= r->marked;
	if (v) {
		v->value = s->flags & EVCORE_COUNTS ? sum_of(v->value, r->value) : r->value;
		if (s->flags & EVCORE_OVERRUNS)
			v->value = sum_of(v->value, 1);
		v->extra = s->flags & EVCORE_SUM_EXTRA ? sum_of(v->extra, r->extra[0]) :
							 r->extra[0];
	}
	atomic64_inc(&s->queue->merged);
}

/**
 * evcore_delivered - a record of the source went to the program
 * @s: source that is on no list, or on the recheck list
 * @r: the record
 */
void evcore_delivered(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (s->flags & EVCORE_AUTOREMOVE || r->last) {
		evcore_unlink(s);
		s->gone = true;
		evcore_reap_add(s);
	} else if (s->where == EVCORE_IDLE &&
		   (s->check || (s->flags & EVCORE_LEVEL && s->armed))) {
		evcore_recheck_add(s);
	}
}

/* What a source has pending, as a record. */
static __always_inline void pending_record(struct evcore_source *s, struct evcore_record *r)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct evcore_valued *v;

	r->events = s->pending;
	r->overflowed = true;
	r->marked = s->marked;
	r->last = false;
	r->named = false;
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

/* A source's own event goes: off the list. */
static void waits_no_longer(struct evcore_queue *q, struct evcore_source *s)
{
	list_del_init(&s->link);
	s->pending = 0;
	s->marked = false;
	/* After these: pairs with the acquire in evcore_change_bits(). */
	smp_store_release(&s->where, EVCORE_IDLE);
	waits_no_more(q);
}

static noinline bool drain_source(struct evcore_queue *q, struct evcore_source *s)
{
	struct evcore_record r __uninitialized;

	pending_record(s, &r);
	if (!q->face->put(q, s, &r))
		return false;
	trace_evcore_drain(q, s->type, s->id, r.events);
	waits_no_longer(q, s);
	if (s->check || s->flags & (EVCORE_AUTOREMOVE | EVCORE_LEVEL))
		evcore_delivered(s, &r);
	return true;
}

static noinline bool drain_held(struct evcore_queue *q, struct evcore_held *h)
{
	struct evcore_source *s = h->source;
	struct evcore_record r = h->record;
	/* Left by a source that its delivery has removed: dropped. */
	bool dead = s->gone;

	r.overflowed = true;
	if (!dead && !q->face->put(q, s, &r))
		return false;
	trace_evcore_drain(q, s->type, s->id, r.events);
	evcore_held_unlink(h);
	evcore_drop(h);
	if (!dead && (r.last || s->check || s->flags & (EVCORE_AUTOREMOVE | EVCORE_LEVEL)))
		evcore_delivered(s, &r);
	return true;
}

/**
 * evcore_drain - move events from overflow into the ring, in order
 * @q: the queue
 * @most: at most so many
 *
 * Return: how many were moved.
 */
unsigned int evcore_drain(struct evcore_queue *q, unsigned int most)
{
	struct evcore_source *s;
	struct evcore_node *node;
	unsigned int n = 0;

	lockdep_assert_held(&q->lock);
	for (;;) {
		/* Traced, each is moved by itself. */
		if (!trace_evcore_drain_enabled())
			n += q->face->drain(q, most - n);
		if (n == most || list_empty(&q->overflow))
			break;
		node = list_first_entry(&q->overflow, struct evcore_node, link);
		/* Left although it is plain: there is no slot. */
		if (!trace_evcore_drain_enabled() && evcore_is_plain(node))
			break;
		s = container_of(node, struct evcore_source, at);
		if (!(node->where == EVCORE_HELD ?
		      drain_held(q, container_of(node, struct evcore_held, at)) :
		      drain_source(q, s)))
			break;
		n++;
	}
	q->drained += n;
	if (n)
		evcore_update_call(q);
	return n;
}

/* evcore_drain_all() where there is something in overflow. */
void evcore_drain_more(struct evcore_queue *q)
{
	unsigned int n;

	do {
		raw_spin_lock_irq(&q->lock);
		n = evcore_drain(q, EVCORE_DRAIN_MAX);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (n == EVCORE_DRAIN_MAX);
}

/* An event in overflow: the source's own, or one with a record to itself. */
struct pending {
	struct evcore_source	*source;
	struct evcore_held	*held;
	struct evcore_record	record;
};

/* Take the oldest event off the list; false if there is none. */
static bool pop_pending(struct evcore_queue *q, struct pending *p)
{
	struct evcore_node *node;

	if (list_empty(&q->overflow))
		return false;
	node = list_first_entry(&q->overflow, struct evcore_node, link);
	if (node->where == EVCORE_HELD) {
		p->held = container_of(node, struct evcore_held, at);
		p->source = p->held->source;
		p->record = p->held->record;
		evcore_held_unlink(p->held);
	} else {
		p->held = NULL;
		p->source = container_of(node, struct evcore_source, at);
		pending_record(p->source, &p->record);
		waits_no_longer(q, p->source);
	}
	p->record.overflowed = false;
	q->drained++;
	trace_evcore_drain(q, p->source->type, p->source->id, p->record.events);
	return true;
}

/* First in line again, with what has happened in between merged in it. */
static void put_back(struct pending *p)
{
	struct evcore_source *s = p->source;

	if (p->held) {
		evcore_held_add(p->held);
		list_move(&p->held->at.link, &s->queue->overflow);
		return;
	}
	if (s->where == EVCORE_ON_OVERFLOW)
		evcore_overflow_merge(s, &p->record);
	else
		evcore_overflow_add(s, &p->record);
	list_move(&s->link, &s->queue->overflow);
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
	const struct evcore_source_ops *ops;
	struct evcore_source *s;
	struct pending p __uninitialized;
	bool look;
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
		 * A wake-up without a key came while the event waited: what it
		 * meant belongs to this event, and is no other one.
		 */
		ops = evcore_ops_of(s);
		look = !p.held && s->check && s->where == EVCORE_IDLE && s->attached && ops->check;
		if (look)
			clear_check(s);
		evcore_update_call(q);
		raw_spin_unlock_irq(&q->lock);

		if (look)
			p.record.events |= ops->check(s);
		ret = p.held && s->gone ? 1 : emit(s, &p.record, arg);

		raw_spin_lock_irq(&q->lock);
		if (ret < 0) {
			put_back(&p);
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
			evcore_delivered(s, &p.record);
		}
		if (p.held && ret >= 0)
			evcore_drop(p.held);
		raw_spin_unlock_irq(&q->lock);
		if (ret < 0)
			return ret;
		if (!ret)
			return 1;
	}
}
