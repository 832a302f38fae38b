// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many records are in the ring. Waits and wake-ups count them; posting and taking do not.
 * Between two counts the kernel remembers how far the program had consumed its records, so a
 * count reads only a few slots.
 */
#include "ring.h"

/* Count the records from c->seen on that can be taken; see evchan_ready(). */
static noinline unsigned int count_published(const struct evchan_queue *c, u64 tail,
					     unsigned int limit, unsigned int scan)
{
	unsigned int n = 0;
	u64 pos, state;

	for (pos = c->seen; pos != tail && n < limit; pos++) {
		if (++scan > EVCHAN_SCAN_MAX)
			break;
		state = READ_ONCE(slot_of(c, pos)->state);
		n += state >> 32 == lap_of(c, pos) && (u32)state;
	}
	return n + (tail - pos);
}

/*
 * The head that the program writes may be anything. It is used if it lies between c->seen and
 * the tail. At most EVCHAN_SCAN_MAX slots are read, because interrupts are
 * disabled; slots beyond that count as events. If the program keeps its head up to date, only
 * few slots are read.
 */
unsigned int evchan_ready(struct evcore_queue *q, unsigned int limit)
{
	struct evchan_queue *c = to_evchan(q);
	u64 tail = tail_of(c);
	u64 head = READ_ONCE(*c->claimed) + c->mask + 1;
	u64 seen = c->seen, state = 0, consumed = 0;
	unsigned int scan;

	lockdep_assert_held(&q->lock);
	if (head - seen <= tail - seen)
		seen = head;
	for (scan = 0; scan < EVCHAN_SCAN_MAX && seen != tail; scan++) {
		consumed = state_of(lap_of(c, seen), 0);
		state = READ_ONCE(slot_of(c, seen)->state);
		if (state != consumed)
			break;
		seen++;
	}
	/* There is at most one ring of records, whatever user space wrote into the slots. */
	if (unlikely(tail - seen > c->mask + 1ULL))
		seen = tail - c->mask - 1;
	else if (limit == 1 && (state ^ consumed) <= U32_MAX)
		limit = 0;	/* the next record is published, or there is none */
	c->seen = seen;
	if (tail - seen < limit || !limit)
		return tail - seen;
	return count_published(c, tail, limit, scan);
}

/*
 * Is each record that was reserved published as well? A published slot keeps its lap until the
 * next lap, so each call begins to read slots where the last one stopped. A program that writes
 * into its slots can only make this false.
 */
bool evchan_all_published(struct evcore_queue *q)
{
	struct evchan_queue *c = to_evchan(q);
	u64 tail = tail_of(c);
	unsigned int scan = 0;
	u64 pos = c->published;

	lockdep_assert_held(&q->lock);
	if (pos - c->seen > tail - c->seen)
		pos = c->seen;
	while (pos != tail && READ_ONCE(slot_of(c, pos)->state) >> 32 == lap_of(c, pos) &&
	       ++scan < EVCHAN_SCAN_MAX)
		pos++;
	c->published = pos;
	return pos == tail;
}

u64 evchan_nr_posted(struct evcore_queue *q)
{
	return tail_of(to_evchan(q)) - to_evchan(q)->mask - 1;
}
