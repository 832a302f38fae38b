/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core has compiled into a face: the short ways of an event that is no more
 * than bits of a watched file. All else, and what these come to in full, is in evcore.h.
 */
#ifndef _LINUX_EVCORE_FACE_H
#define _LINUX_EVCORE_FACE_H

#include <linux/evcore.h>

/**
 * evcore_quick_events - what a wake-up of a poll source is to post
 * @s: the source, wait->private
 * @key: of the wake-up
 *
 * Return: the bits, or 0 if it is not as simple: nothing of interest, no key, or
 * POLLFREE. Then evcore_fd_wake() does it.
 */
static __always_inline u32 evcore_quick_events(const struct evcore_source *s, void *key)
{
	u32 wanted = READ_ONCE(s->events) | EVCORE_ALWAYS | EVCORE_POLLFREE;
	u32 bits = (u32)(unsigned long)key & wanted;

	/* One comparison for both ends: 0 wraps around. */
	return likely(bits - 1 < EVCORE_POLLFREE - 1) ? bits : 0;
}

/**
 * evcore_wait_behind - the ring is full and others wait: so does this source
 * @s: source of a type that watches a file, without a mode of EVCORE_SLOW;
 *     queue->lock held, and the ring has no free slot
 * @events: bits, not 0
 *
 * What evcore_post_slow() comes to in this case.
 *
 * Return: false if it is another case.
 */
static __always_inline bool evcore_wait_behind(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	if (unlikely(!q->nr_overflow || s->where != EVCORE_IDLE || s->gone))
		return false;
	list_add_tail(&s->link, &q->overflow);
	s->where = EVCORE_ON_OVERFLOW;
	s->pending = events;
	q->nr_overflow++;
	q->overflowed++;
	return true;
}

/* In overflow, and no more than bits of a watched file that need no care once delivered. */
static __always_inline bool evcore_is_plain(const struct evcore_node *node)
{
	const struct evcore_source *s = container_of(node, struct evcore_source, at);

	return node->where != EVCORE_HELD && s->type == EVCORE_POLL &&
	       !(s->flags & EVCORE_SLOW) && !(s->check | s->marked);
}

/**
 * evcore_drain_plain - move events from overflow into the ring, the simple ones
 * @q: the queue; its lock held
 * @most: at most so many
 * @put: places them, as a record that says that they overflowed where records do
 *
 * The loop of a face's ->drain(), compiled with its @put. Stops at what is more than
 * bits of a watched file, or needs care once it is delivered.
 *
 * Return: how many were moved.
 */
static __always_inline unsigned int evcore_drain_plain(struct evcore_queue *q, unsigned int most,
						       evcore_put_bits_t put)
{
	struct evcore_source *s;
	struct evcore_node *node;
	unsigned int n;

	lockdep_assert_held(&q->lock);
	for (n = 0; n < most; n++) {
		node = list_first_entry(&q->overflow, struct evcore_node, link);
		if (&node->link == &q->overflow)
			break;
		if (!evcore_is_plain(node))
			break;
		s = container_of(node, struct evcore_source, at);
		/* Unlinked only after its slot is there. */
		if (!put(q, s, s->pending))
			break;
		list_del_init(&s->link);
		s->pending = 0;
		/* Last: pairs with the acquire in change_bits(). */
		smp_store_release(&s->where, EVCORE_IDLE);
	}
	q->nr_overflow -= n;
	if (n && !q->nr_overflow)
		q->face->block(q, false);
	return n;
}

#endif /* _LINUX_EVCORE_FACE_H */
