/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event channel and the kernel's side of its ring: ring.c has the protocol and posts, count.c
 * counts what is in the ring, and withdraw.c takes it back.
 */
#ifndef _EVCHAN_RING_H
#define _EVCHAN_RING_H

#include <uapi/linux/evchan.h>

#include "../evcore/face.h"

/**
 * struct evchan_queue - an event channel
 * @queue: the core's part; the fields that posting reads are at its start
 * @tail: the next position, and EVCHAN_TAIL_OVERFLOW; not visible to user space. At first the
 *        number of slots, as of the other positions
 * @slots: the slots, shared with user space
 * @mask: number of slots - 1
 * @order: log2 of the number of slots
 * @consumed: all records before this position are consumed: the program's head, plus the
 *            number of slots, when posting last read it
 * @free: the slots for positions before this one can be filled in without reading them
 * @header: start of the shared mapping
 * @seen: all slots before this position were consumed (queue->lock)
 * @published: all slots before this position were published, unless it is before @seen
 *             (queue->lock)
 * @map_length: length of the mapping in bytes
 * @single: EVCHAN_SINGLE_CONSUMER: the program frees slots by its head alone
 * @claimed: the word of the program that says how far it has taken records: header->claimed if
 *           @single, otherwise header->head, which may be less
 * @awaited: the slot that the first event in overflow waits for; with the overflow bit set
 *           only draining moves the tail (queue->lock). If @single, @awaited_free itself
 * @awaited_free: the state word of that slot once it is free (queue->lock)
 */
struct evchan_queue {
	struct evcore_queue		queue;
	atomic64_t			tail ____cacheline_aligned_in_smp;
	struct evchan_event		*slots;
	u32				mask;
	u32				order;
	u64				consumed;
	u64				free;
	struct evchan_ring_header	*header;
	u64				seen;
	u64				published;
	unsigned long			map_length;
	bool				single;
	const u64			*claimed;
	struct evchan_event		*awaited;
	u64				awaited_free;
};

/* In the tail word: the overflow list is not empty, or is about to be filled. */
#define EVCHAN_TAIL_OVERFLOW	BIT_ULL(63)

/* The most slots that are read before interrupts are enabled, or the task reschedules. */
#define EVCHAN_SCAN_MAX	1024

#define EVCHAN_MIN_ENTRIES	2
#define EVCHAN_DEFAULT_ENTRIES	1024
#define EVCHAN_MAX_ENTRIES	65536

static inline struct evchan_queue *to_evchan(struct evcore_queue *q)
{
	return container_of(q, struct evchan_queue, queue);
}

/* The counters of the kernel begin with the number of slots, so that this is the lap. */
static inline u32 lap_of(const struct evchan_queue *c, u64 pos)
{
	return (u32)(pos >> c->order);
}

static inline struct evchan_event *slot_of(const struct evchan_queue *c, u64 pos)
{
	return &c->slots[pos & c->mask];
}

static inline u64 state_of(u32 lap, u32 events)
{
	return (u64)lap << 32 | events;
}

static inline u64 tail_of(const struct evchan_queue *c)
{
	return (u64)atomic64_read(&c->tail) & ~EVCHAN_TAIL_OVERFLOW;
}

/*
 * Of a channel with a single consumer: is the record at @pos taken, or about to be? Only the
 * owner of the ring is harmed by a wrong answer.
 */
static inline bool is_claimed(const struct evchan_queue *c, u64 pos)
{
	return c->single && pos < READ_ONCE(*c->claimed) + c->mask + 1;
}

int evchan_ring_init(struct evchan_queue *c, u32 entries, bool single);

/* count.c */
unsigned int evchan_ready(struct evcore_queue *q, unsigned int limit);
bool evchan_all_published(struct evcore_queue *q);
u64 evchan_nr_posted(struct evcore_queue *q);

/* withdraw.c */
enum evcore_cancelled evchan_cancel(struct evcore_queue *q, struct evcore_source *s);
bool evchan_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data);

extern const struct evcore_face evchan_face;

#endif /* _EVCHAN_RING_H */
