// SPDX-License-Identifier: GPL-2.0-only
/* The kevent ring, compiled from the kernel's file, and the calls of a program that reads it. */
#include <kevent/ring.c>
#include "core.h"

int create_kevent(unsigned int num)
{
	struct kevent_queue *k = aligned_alloc(SMP_CACHE_BYTES, sizeof(*k));

	if (!k)
		return -ENOMEM;
	memset(k, 0, sizeof(*k));
	k->queue.face = &kevent_face;
	if (kevent_ring_alloc(k, num))
		return -ENOMEM;
	return core_add_queue(&k->queue);
}

int commit_kevent(struct evcore_queue *q, unsigned int new_uidx, unsigned int over)
{
	return kevent_ring_commit(to_kevent(q), new_uidx, over);
}

/* As kevent_wait() with a timeout of 0: the entries from the caller's index on. */
int count_kevent(struct evcore_queue *q, unsigned int num, unsigned int old_uidx)
{
	struct kevent_queue *k = to_kevent(q);
	unsigned int ahead, used;

	raw_spin_lock_irq(&q->lock);
	ahead = old_uidx >= k->uidx ? old_uidx - k->uidx : old_uidx + k->num - k->uidx;
	used = kevent_ready(q, num);
	raw_spin_unlock_irq(&q->lock);
	return min(ahead <= used ? used - ahead : used, num);
}
