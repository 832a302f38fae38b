// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lists of a queue that a source or a record can be on, and the moves from one list to
 * another. All functions are called with queue->lock held.
 *
 * Floor 3, see Makefile: calls trace.c; called by overflow.c, post.c, records.c, recheck.c,
 * source.c, file.c, queue_file.c, the source types and the faces.
 */
#include <linux/overflow.h>
#include <linux/user_namespace.h>
#include <trace/events/evcore.h>

#include "internal.h"

/*
 * Tell the face whether there is something that a program can get only by a call: events in
 * overflow, or sources that must be polled.
 */
void evcore_update_need_call(struct evcore_queue *q)
{
	bool on = q->nr_overflow || q->nr_recheck;

	lockdep_assert_held(&q->lock);
	/* Sources that are being polled now are not counted: keep it set until recheck_end(). */
	if (q->rechecking)
		on |= q->need_call;
	if (on == q->need_call)
		return;
	q->need_call = on;
	q->face->set_need_call(q, on);
}

static void overflow_count_dec(struct evcore_queue *q)
{
	if (!--q->nr_overflow)
		q->face->set_lockless(q, true);
}

/* The part of a source that stores a value; NULL for sources that watch a file. */
static struct evcore_valued *valued(struct evcore_source *s)
{
	if (evcore_ops_of(s)->by_fd)
		return NULL;
	return container_of(s, struct evcore_valued, source);
}

/**
 * evcore_recheck_set - have the next wait poll a source again, consumed or not
 * @s: source that is not marked for this yet
 *
 * A source in overflow is polled when its event is delivered.
 */
void evcore_recheck_set(struct evcore_source *s)
{
	lockdep_assert_held(&s->queue->lock);
	s->recheck = true;
	if (s->where == EVCORE_ON_RECHECK) {
		s->queue->nr_recheck++;
		evcore_update_need_call(s->queue);
	} else if (s->where == EVCORE_IDLE) {
		evcore_recheck_add(s);
	}
}

/**
 * evcore_recheck_clear - undo evcore_recheck_set(), on whatever list the source is
 * @s: the source
 */
void evcore_recheck_clear(struct evcore_source *s)
{
	if (s->recheck && s->where == EVCORE_ON_RECHECK)
		s->queue->nr_recheck--;
	s->recheck = false;
}

/**
 * evcore_unlink - take a source off the list it is on
 * @s: the source; its pending events are dropped
 */
void evcore_unlink(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	evcore_recheck_clear(s);
	if (s->where == EVCORE_IDLE) {
		evcore_update_need_call(q);
		return;
	}
	list_del_init(&s->link);
	if (s->where == EVCORE_ON_OVERFLOW) {
		s->pending = 0;
		s->made_ready = false;
		overflow_count_dec(q);
	}
	s->where = EVCORE_IDLE;
	evcore_update_need_call(q);
}

/**
 * evcore_recheck_add - have a wait poll a source again once its record is consumed
 * @s: source that is on no list
 *
 * With @s->recheck the next wait polls it, whether its record is consumed or not.
 */
void evcore_recheck_add(struct evcore_source *s)
{
	lockdep_assert_held(&s->queue->lock);
	list_add_tail(&s->link, &s->queue->recheck);
	s->queue->todo |= EVCORE_TODO_RECHECK;
	s->where = EVCORE_ON_RECHECK;
	if (s->recheck)
		s->queue->nr_recheck++;
	evcore_update_need_call(s->queue);
}

/**
 * evcore_overflow_add - put a source on the overflow list
 * @s: source that is not in overflow
 * @r: its event, which is stored in the source
 */
void evcore_overflow_add(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_valued *v = valued(s);
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (!q->nr_overflow++)
		q->face->set_lockless(q, false);
	/* It leaves the recheck list, and is polled again when this event is delivered. */
	if (s->where == EVCORE_ON_RECHECK) {
		if (s->recheck)
			q->nr_recheck--;
		__list_del_entry(&s->link);
	}
	list_add_tail(&s->link, &q->overflow);
	s->where = EVCORE_ON_OVERFLOW;
	s->pending = r->events;
	s->made_ready = r->made_ready;
	if (v) {
		v->value = r->value;
		v->extra = r->extra[0];
	}
	q->overflowed++;
	evcore_update_need_call(q);
	trace_evcore_overflow(q, s->type, s->id, r->events);
}

/* Add two counts. User space may have posted any number, so the sum stops at U64_MAX. */
static u64 sum_of(u64 a, u64 b)
{
	u64 sum;

	return check_add_overflow(a, b, &sum) ? U64_MAX : sum;
}

/**
 * evcore_overflow_merge - merge an event into the pending event of a source
 * @s: source in overflow
 * @r: the event. Its bits are or-ed, and its counts are added, up to U64_MAX; any other value
 *     replaces the pending one. With EVCORE_OVERRUNS the merge itself adds one overrun.
 */
void evcore_overflow_merge(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_valued *v = valued(s);

	lockdep_assert_held(&s->queue->lock);
	s->pending |= r->events;
	s->made_ready |= r->made_ready;
	if (v) {
		v->value = s->flags & EVCORE_COUNTS ? sum_of(v->value, r->value) : r->value;
		if (s->flags & EVCORE_OVERRUNS)
			v->value = sum_of(v->value, 1);
		v->extra = s->flags & EVCORE_SUM_EXTRA ? sum_of(v->extra, r->extra[0]) :
							 r->extra[0];
	}
	atomic64_inc(&s->queue->merged);
}

/* Take a source off the overflow list: its pending event was placed in the ring, or is taken. */
void evcore_overflow_remove(struct evcore_queue *q, struct evcore_source *s)
{
	list_del_init(&s->link);
	s->pending = 0;
	s->made_ready = false;
	/* Last: pairs with the acquire in evcore_change_bits(). */
	smp_store_release(&s->where, EVCORE_IDLE);
	overflow_count_dec(q);
}

/**
 * evcore_record_add - put a record on the overflow list
 * @node: the record
 */
void evcore_record_add(struct evcore_record_node *node)
{
	struct evcore_source *s = node->source;
	struct evcore_record_source *rs = evcore_to_record_source(s);
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (!q->nr_overflow++)
		q->face->set_lockless(q, false);
	list_add_tail(&node->at.link, &q->overflow);
	list_add_tail(&node->in_source, &rs->records);
	WRITE_ONCE(rs->nr_records, rs->nr_records + 1);
	if (rs->ucounts)
		inc_rlimit_ucounts(rs->ucounts, UCOUNT_RLIMIT_SIGPENDING, 1);
	WRITE_ONCE(q->nr_records, q->nr_records + 1);
	q->overflowed++;
	evcore_update_need_call(q);
	trace_evcore_overflow(q, s->type, s->id, node->record.events);
}

/**
 * evcore_record_unlink - take a record off the overflow list
 * @node: the record, which the caller owns afterwards
 */
void evcore_record_unlink(struct evcore_record_node *node)
{
	struct evcore_record_source *rs = evcore_to_record_source(node->source);
	struct evcore_queue *q = node->source->queue;

	lockdep_assert_held(&q->lock);
	list_del_init(&node->at.link);
	list_del_init(&node->in_source);
	WRITE_ONCE(rs->nr_records, rs->nr_records - 1);
	if (rs->ucounts)
		dec_rlimit_ucounts(rs->ucounts, UCOUNT_RLIMIT_SIGPENDING, 1);
	WRITE_ONCE(q->nr_records, q->nr_records - 1);
	overflow_count_dec(q);
}

/**
 * evcore_delivered - move a source to its next list after a record of it was delivered
 * @s: source that is on no list, or on the recheck list
 * @r: the record
 */
void evcore_delivered(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_queue *q = s->queue;

	lockdep_assert_held(&q->lock);
	if (s->flags & EVCORE_AUTOREMOVE || r->last) {
		evcore_unlink(s);
		s->muted = true;
		evcore_reap_add(s);
	} else if (s->where == EVCORE_IDLE &&
		   (s->recheck || (s->flags & EVCORE_LEVEL && s->armed))) {
		evcore_recheck_add(s);
	}
}
