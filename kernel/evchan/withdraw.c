// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel takes records back that the program has not taken yet: when a source is deleted, or
 * gets another cookie. A record is withdrawn by the word that hands it over, see ring.c, so
 * either the program gets the record, or the kernel does.
 */
#include <linux/sched.h>

#include "ring.h"

/*
 * Is a single consumer copying a record of the source? It has one claimed record at most, whose
 * slot is not free yet. The program can change every word that is read here, and be answered
 * wrongly about its own events.
 */
static bool is_copying(const struct evchan_queue *c, const struct evcore_source *s)
{
	u64 claimed = READ_ONCE(*c->claimed);
	struct evchan_event *slot = slot_of(c, claimed - 1);

	return c->single && READ_ONCE(c->header->head) < claimed &&
	       READ_ONCE(slot->type) == s->type &&
	       (evcore_ops_of(s)->single || READ_ONCE(slot->id) == s->id);
}

/*
 * The kernel consumes the event itself. If a consumer is copying it, the consumer's
 * compare-and-swap fails, and it finds the slot consumed.
 *
 * A single consumer does not swap. If it has not claimed the record after the compare-and-swap,
 * which is a full barrier, it will find the record withdrawn. If it has, it may have loaded
 * the state word before or after. It may also be copying an earlier record of the source.
 */
enum evcore_cancelled evchan_cancel(struct evcore_queue *q, struct evcore_source *s)
{
	u64 last = READ_ONCE(s->last_record);
	struct evchan_queue *c = to_evchan(q);
	struct evchan_event *slot = slot_of(c, last);
	u64 state = READ_ONCE(slot->state);
	int tries;

	if (is_claimed(c, last))
		return EVCORE_TAKEN;
	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != lap_of(c, last) || !(u32)state)
			return EVCORE_TAKEN;
		if (try_cmpxchg(&slot->state, &state, state_of(lap_of(c, last), 0)))
			return is_claimed(c, last) || is_copying(c, s) ?
				EVCORE_PERHAPS_TAKEN : EVCORE_CANCELLED;
	}
	return EVCORE_TAKEN;
}

/* Consume the slot at @pos if it has an unconsumed record of @s with the cookie @data. */
static void withdraw_at(struct evchan_queue *c, u64 pos, const struct evcore_source *s, u64 data)
{
	struct evchan_event *slot = slot_of(c, pos);
	/* The words read below were filled in before: pairs with publish(). */
	u64 state = smp_load_acquire(&slot->state);
	int tries;

	if (READ_ONCE(slot->type) != s->type)
		return;
	/* The queue has one source of the type, and its events have ids of their own. */
	if (!evcore_ops_of(s)->single &&
	    (READ_ONCE(slot->id) != s->id || READ_ONCE(slot->data) != data))
		return;
	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != lap_of(c, pos) || !(u32)state)
			return;
		if (try_cmpxchg(&slot->state, &state, state_of(lap_of(c, pos), 0)))
			return;
	}
}

/*
 * Which source a record belongs to is read from the slot, and the program can change that.
 * All it can achieve is that another of its own events is withdrawn.
 */
bool evchan_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data)
{
	struct evchan_queue *c = to_evchan(q);
	u64 pos, tail;

	raw_spin_lock_irq(&q->lock);
	evchan_ready(q, 1);	/* moves c->seen past consumed slots */
	pos = c->seen;
	tail = tail_of(c);
	raw_spin_unlock_irq(&q->lock);
	while (pos != tail) {
		withdraw_at(c, pos++, s, data);
		if (!(pos % EVCHAN_SCAN_MAX))
			cond_resched();
	}
	/* evchan_cancel() has told what became of the last record. */
	return is_copying(c, s);
}
