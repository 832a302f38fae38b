/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event channel's ring, kernel side; see ring.c.
 */
#ifndef _EVCHAN_RING_H
#define _EVCHAN_RING_H

#include <uapi/linux/evchan.h>

#include "../evcore/face.h"

/**
 * struct evchan_queue - an event channel
 * @queue: the core's part; what posting reads is at its start
 * @tail: next position, and EVCHAN_TAIL_OVERFLOW; never seen by user space
 * @slots: the slots, shared with user space
 * @mask: entries - 1
 * @order: log2 of entries
 * @header: start of the shared mapping
 * @seen: position before which all is consumed, queue->lock
 * @published: position before which all is published, if it is not before @seen; queue->lock
 * @map_length: bytes of the mapping
 * @awaited: with the overflow bit set the tail stands still but for draining: the slot
 *           that the first in overflow waits for, queue->lock
 * @awaited_free: what is in that slot once it is free
 */
struct evchan_queue {
	struct evcore_queue		queue;
	atomic64_t			tail ____cacheline_aligned_in_smp;
	struct evchan_event		*slots;
	u32				mask;
	u32				order;
	struct evchan_ring_header	*header;
	u64				seen;
	u64				published;
	unsigned long			map_length;
	struct evchan_event		*awaited;
	u64				awaited_free;
};

/* In the tail word: the overflow list is not empty, or about to be. */
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
