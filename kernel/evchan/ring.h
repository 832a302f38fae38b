/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event channel and the kernel's side of its ring; see ring.c.
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
 * @awaited: the slot that the first event in overflow waits for; with the overflow bit set
 *           only draining moves the tail (queue->lock)
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
	struct evchan_event		*awaited;
	u64				awaited_free;
};

/* In the tail word: the overflow list is not empty, or is about to be filled. */
#define EVCHAN_TAIL_OVERFLOW	BIT_ULL(63)

#define EVCHAN_MIN_ENTRIES	2
#define EVCHAN_DEFAULT_ENTRIES	1024
#define EVCHAN_MAX_ENTRIES	65536

static inline struct evchan_queue *to_evchan(struct evcore_queue *q)
{
	return container_of(q, struct evchan_queue, queue);
}

int evchan_ring_init(struct evchan_queue *c, u32 entries);

extern const struct evcore_face evchan_face;

#endif /* _EVCHAN_RING_H */
