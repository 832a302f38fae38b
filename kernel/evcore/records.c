// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that have a record of their own. They are for source types whose events each carry a
 * payload that must not be lost by merging, such as a queued signal or a completed request. A
 * record is allocated when the operation is submitted, or when the event happens. If the ring
 * has no free slot, the record itself is put on the overflow list, in order with all other
 * events.
 *
 * Floor 7, see Makefile: calls alloc.c, state.c, wake.c and post.c; called by source.c and the
 * source types.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <trace/events/evcore.h>

#include "internal.h"
#include "wake.h"

/*
 * With EVCORE_MERGE_RECORDS an event says no more than an earlier one. If an earlier one is not
 * consumed yet, in overflow or in the ring, merge the event into that and return true.
 */
static bool merge_record(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_record_source *rs = evcore_to_record_source(s);
	struct evcore_queue *q = s->queue;
	struct evcore_record_node *first;

	if (!(s->flags & EVCORE_MERGE_RECORDS))
		return false;
	first = list_first_entry_or_null(&rs->records, struct evcore_record_node, in_source);
	if (first)
		first->record.events |= r->events;
	else if (!s->last_record || !q->face->merge || !q->face->merge(q, s, r->events))
		return false;
	atomic64_inc(&q->merged);
	evcore_wake_repollers(q);
	return true;
}

/**
 * evcore_post_record_locked - evcore_post_record() for a caller that holds queue->lock
 * @s: its source
 * @node: the record, filled in; the core owns it afterwards
 *
 * Return: true if it was posted; false if the source is not armed, or is muted.
 */
bool evcore_post_record_locked(struct evcore_source *s, struct evcore_record_node *node)
{
	lockdep_assert_held(&s->queue->lock);
	node->source = s;
	if (s->muted || !(s->armed || node->record.last)) {
		evcore_record_free(node);
		return false;
	}
	if (s->flags & EVCORE_ONESHOT || node->record.last)
		evcore_disarm(s);
	if (merge_record(s, &node->record)) {
		evcore_record_free(node);
		return true;
	}
	evcore_deliver(s, &node->record, node);
	evcore_wake_posted(s);
	return true;
}

/**
 * evcore_post_record - post an event that has a record of its own
 * @s: its source, of a type that has records
 * @node: the record, filled in; the core owns it afterwards
 *
 * Context: as evcore_post().
 *
 * Return: true if it was posted; false if the source is not armed, or is muted.
 */
bool evcore_post_record(struct evcore_source *s, struct evcore_record_node *node)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;
	bool armed;

	raw_spin_lock_irqsave(&q->lock, flags);
	armed = evcore_post_record_locked(s, node);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return armed;
}

/**
 * evcore_post_last - post the event that ends a source
 * @s: its source, of a type that has records; nothing is posted for it afterwards
 * @node: the record, filled in; the core owns it afterwards
 *
 * A disarmed oneshot source posts it too. The delivery of the event removes the source.
 *
 * Context: as evcore_post().
 */
void evcore_post_last(struct evcore_source *s, struct evcore_record_node *node)
{
	node->record.last = true;
	evcore_post_record(s, node);
}

/**
 * evcore_records_free - drop records of a source that wait in overflow
 * @s: source of any type, being removed; queue->lock must be held
 * @most: the largest number of records to drop
 *
 * Return: how many were dropped.
 */
unsigned int evcore_records_free(struct evcore_source *s, unsigned int most)
{
	struct evcore_record_source *rs;
	struct evcore_record_node *node;
	unsigned int n;

	lockdep_assert_held(&s->queue->lock);
	if (!evcore_ops_of(s)->has_records)
		return 0;
	rs = evcore_to_record_source(s);
	for (n = 0; n < most && !list_empty(&rs->records); n++) {
		node = list_first_entry(&rs->records, struct evcore_record_node, in_source);
		evcore_record_unlink(node);
		evcore_record_free(node);
	}
	if (n)
		evcore_update_need_call(s->queue);
	return n;
}

/**
 * evcore_records_purge - drop all records of a source that wait in overflow
 * @s: source of any type, being removed
 *
 * Context: process context, may sleep between two bounded lock holds.
 */
void evcore_records_purge(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned int n;

	if (!evcore_ops_of(s)->has_records)
		return;
	do {
		raw_spin_lock_irq(&q->lock);
		n = evcore_records_free(s, EVCORE_DRAIN_MAX);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (n == EVCORE_DRAIN_MAX);
}
