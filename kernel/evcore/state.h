/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The states of a source: which list of its queue it is on, and whether it is armed. Only
 * state.c and this header change source->where, ->armed, ->recheck and queue->nr_recheck,
 * besides the two fast paths of overflow in face.h.
 *
 * All of these functions are called with queue->lock held.
 */
#ifndef _EVCORE_STATE_H
#define _EVCORE_STATE_H

#include "evcore.h"

void evcore_unlink(struct evcore_source *s);
void evcore_delivered(struct evcore_source *s, const struct evcore_record *r);
void evcore_recheck_add(struct evcore_source *s);
void evcore_recheck_set(struct evcore_source *s);
void evcore_recheck_clear(struct evcore_source *s);
void evcore_overflow_add(struct evcore_source *s, const struct evcore_record *r);
void evcore_overflow_merge(struct evcore_source *s, const struct evcore_record *r);
void evcore_overflow_remove(struct evcore_queue *q, struct evcore_source *s);
void evcore_record_add(struct evcore_record_node *node);
void evcore_record_unlink(struct evcore_record_node *node);

/* The source posts its next event, whether it is oneshot or not. */
static inline void evcore_arm(struct evcore_source *s)
{
	s->armed = true;
}

/* The source posts no event until it is armed again: a oneshot source that has fired. */
static inline void evcore_disarm(struct evcore_source *s)
{
	s->armed = false;
}

/* Put a source that is on no list on queue->reap, for evcore_reap() to remove it. */
static inline void evcore_reap_add(struct evcore_source *s)
{
	s->where = EVCORE_ON_REAP;
	list_add_tail(&s->link, &s->queue->reap);
	s->queue->todo |= EVCORE_TODO_REAP;
}

/* Take a source off queue->recheck because its record was consumed: it is polled now. */
static inline void evcore_recheck_remove(struct evcore_source *s)
{
	list_del_init(&s->link);
	s->where = EVCORE_IDLE;
}

/* Are there conditions that have to be polled, whatever is in the ring? queue->lock held. */
static inline bool evcore_must_recheck(const struct evcore_queue *q)
{
	return q->nr_recheck || q->todo & EVCORE_TODO_TESTED;
}

#endif /* _EVCORE_STATE_H */
