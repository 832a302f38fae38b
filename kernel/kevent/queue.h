/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kevent queue, and what the files of the kevent face share.
 */
#ifndef _KEVENT_QUEUE_H
#define _KEVENT_QUEUE_H

#include <linux/file.h>
#include <uapi/linux/kevent.h>

#include "../evcore/face.h"

/**
 * struct kevent_queue - a kevent queue
 * @queue: the core's part
 * @ring: the ring as it is mapped in the kernel, or NULL for a queue without one; the
 *        program can write every byte of it
 * @num: number of entries of the ring
 * @tail: number of events ever placed in the ring (queue->lock)
 * @committed: number of events ever committed (queue->lock)
 * @withdrawn: number of entries ever withdrawn (queue->lock)
 * @kidx: index of the entry for the next event (queue->lock); copied to the ring
 * @uidx: index of the first uncommitted entry (queue->lock)
 * @over: how often @uidx has wrapped (queue->lock); copied to the ring
 * @map_length: length in bytes of a ring that the kernel allocated; 0 for the caller's memory
 * @pages: the caller's pages, pinned
 * @nr_pages: number of those pages
 *
 * kevent_ring_take() reads @tail, @committed, @withdrawn and @uidx without queue->lock.
 */
struct kevent_queue {
	struct evcore_queue	queue;
	struct kevent_ring	*ring;
	u32			num;
	u64			tail;
	u64			committed;
	u64			withdrawn;
	u32			kidx;
	u32			uidx;
	u32			over;
	unsigned long		map_length;
	struct page		**pages;
	int			nr_pages;
};

#define KEVENT_MAX_RING		65536
#define KEVENT_MAX_CHANGES	65536

/* The upper half of source->flags has ukevent.req_flags, for the events. */
#define KEVENT_FLAGS_SHIFT	16
#define KEVENT_REQ_ALL		(KEVENT_REQ_ONESHOT | KEVENT_REQ_WAKEUP_ALL | \
				 KEVENT_REQ_ET | KEVENT_REQ_LAST_CHECK | \
				 KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_READY | \
				 KEVENT_REQ_KEEP | KEVENT_REQ_EXCLUSIVE)

extern const struct evcore_face kevent_face;

static inline struct kevent_queue *to_kevent(struct evcore_queue *q)
{
	return container_of(q, struct kevent_queue, queue);
}

/* Fill in the entry for an event of a KEVENT_POLL request. */
static __always_inline void kevent_fill_poll_entry(struct ukevent *uk,
						   const struct evcore_source *s, u32 events)
{
	*uk = (struct ukevent) {
		.id.raw = { s->id },
		.type = KEVENT_POLL,
		.event = events,
		.req_flags = READ_ONCE(s->flags) >> KEVENT_FLAGS_SHIFT,
		.ret_flags = KEVENT_RET_DONE,
		.ret_data = { events },
		.ptr = (void *)(unsigned long)READ_ONCE(s->data),
	};
}

/* ring.c */
void kevent_encode(const struct evcore_source *s, const struct evcore_record *r,
		   struct ukevent *uk);
int kevent_ring_alloc(struct kevent_queue *k, u32 num);
int kevent_ring_pin(struct kevent_queue *k, struct kevent_ring __user *ring, u32 num);
int kevent_ring_commit(struct kevent_queue *k, u32 new_uidx, u32 over);
int kevent_ring_take(struct kevent_queue *k, struct ukevent __user *buf, u32 max);

/* kevent.c */
struct kevent_queue *kevent_fd_queue(struct fd f);

#endif /* _KEVENT_QUEUE_H */
