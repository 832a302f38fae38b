// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that bring their own memory: for sources each of whose events has a
 * payload that no other can stand for, such as a queued signal or a completed
 * request. The record is allocated when the operation is submitted, or at the
 * event, and where there is no slot it waits in the overflow list itself, in its
 * place among all others.
 */
#include <linux/evcore.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <trace/events/evcore.h>

#include "internal.h"

/**
 * evcore_try_hold - memory for one event to come
 * @user: who is charged for it until evcore_drop(), the queue's; the caller has a
 *        reference as long, or one to the queue
 * @gfp: GFP_KERNEL, or what the context allows; charged to the memory cgroup
 *
 * Return: the record, to be filled in and given to evcore_post_held() or
 * evcore_drop(); ERR_PTR(-EAGAIN) over the user's limit of records, -ENOMEM.
 */
struct evcore_held *evcore_try_hold(struct user_struct *user, gfp_t gfp)
{
	struct evcore_held *h;
	int ret = evcore_charge_record(user);

	if (ret)
		return ERR_PTR(ret);
	h = kzalloc(sizeof(*h), gfp | __GFP_ACCOUNT);
	if (!h) {
		evcore_uncharge_record(user);
		return ERR_PTR(-ENOMEM);
	}
	h->user = user;
	INIT_LIST_HEAD(&h->at.link);
	INIT_LIST_HEAD(&h->of_holder);
	h->at.where = EVCORE_HELD;
	return h;
}

/**
 * evcore_drop - free a record that was not posted, or has been delivered
 * @h: the record
 *
 * Context: any but NMI. There still is a reference to the user, or to the queue.
 */
void evcore_drop(struct evcore_held *h)
{
	evcore_uncharge_record(h->user);
	/* The allocator itself may not be called inside a raw spin lock. */
	kfree_rcu(h, rcu);
}

/*
 * Another that says no more than one which was not consumed yet, in overflow or in
 * the ring: where the type has it so, that one stands for both.
 */
static bool merge_held(struct evcore_source *s, const struct evcore_record *r)
{
	struct evcore_holder *holder = container_of(s, struct evcore_holder, valued.source);
	struct evcore_queue *q = s->queue;
	struct evcore_held *first;

	if (!(s->flags & EVCORE_MERGE_HELD))
		return false;
	first = list_first_entry_or_null(&holder->held, struct evcore_held, of_holder);
	if (first)
		first->record.events |= r->events;
	else if (!s->posted || !q->face->merge || !q->face->merge(q, s, r->events))
		return false;
	atomic64_inc(&q->merged);
	return true;
}

/**
 * evcore_post_held_locked - the part of evcore_post_held() under queue->lock
 * @s: its source
 * @h: the record, filled in; belongs to the core afterwards
 *
 * Return: false if it was not posted, for the source is not armed or going.
 */
bool evcore_post_held_locked(struct evcore_source *s, struct evcore_held *h)
{
	lockdep_assert_held(&s->queue->lock);
	h->source = s;
	if (s->gone || !(s->armed || h->record.last)) {
		evcore_drop(h);
		return false;
	}
	if (s->flags & EVCORE_ONESHOT || h->record.last)
		s->armed = false;
	if (merge_held(s, &h->record)) {
		evcore_drop(h);
		return true;
	}
	evcore_deliver(s, &h->record, h);
	evcore_wake_posted(s);
	return true;
}

/**
 * evcore_post_held - post an event that has a record of its own
 * @s: its source, of a type that holds records
 * @h: the record, filled in; belongs to the core afterwards
 *
 * Context: as evcore_post().
 *
 * Return: false if it was not posted, for the source is not armed or going.
 */
bool evcore_post_held(struct evcore_source *s, struct evcore_held *h)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;
	bool armed;

	raw_spin_lock_irqsave(&q->lock, flags);
	armed = evcore_post_held_locked(s, h);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return armed;
}

/**
 * evcore_post_last - post the event that ends a source
 * @s: its source, of a type that holds records; nothing is posted after this
 * @h: the record, filled in; belongs to the core afterwards
 *
 * A disarmed oneshot reports it too. The source is removed by the delivery.
 *
 * Context: as evcore_post().
 */
void evcore_post_last(struct evcore_source *s, struct evcore_held *h)
{
	h->record.last = true;
	evcore_post_held(s, h);
}

/**
 * evcore_held_free - forget some records that wait
 * @s: source of any type, being removed; queue->lock held
 * @most: at most so many
 *
 * Return: how many there were.
 */
unsigned int evcore_held_free(struct evcore_source *s, unsigned int most)
{
	struct evcore_holder *holder;
	struct evcore_held *h;
	unsigned int n;

	lockdep_assert_held(&s->queue->lock);
	if (!evcore_ops_of(s)->holds)
		return 0;
	holder = container_of(s, struct evcore_holder, valued.source);
	for (n = 0; n < most && !list_empty(&holder->held); n++) {
		h = list_first_entry(&holder->held, struct evcore_held, of_holder);
		evcore_held_unlink(h);
		evcore_drop(h);
	}
	if (n)
		evcore_update_call(s->queue);
	return n;
}

/**
 * evcore_held_purge - forget every record that waits
 * @s: source of any type, being removed
 *
 * Context: process context, may sleep between two bounded lock holds.
 */
void evcore_held_purge(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned int n;

	if (!evcore_ops_of(s)->holds)
		return;
	do {
		raw_spin_lock_irq(&q->lock);
		n = evcore_held_free(s, EVCORE_DRAIN_MAX);
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (n == EVCORE_DRAIN_MAX);
}
