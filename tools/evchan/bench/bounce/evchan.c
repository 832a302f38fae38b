// SPDX-License-Identifier: GPL-2.0-only
/* The event channel's ring, compiled from the kernel's files, and what creates a channel. */
#include <evchan/ring.c>
#include <evchan/count.c>
#include <evchan/withdraw.c>
#include "core.h"

int create_evchan(struct evchan_params *params)
{
	struct evchan_queue *c = aligned_alloc(SMP_CACHE_BYTES, sizeof(*c));

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->queue.face = &evchan_face;
	if (evchan_ring_init(c, params->entries,
			     params->flags & EVCHAN_SINGLE_CONSUMER))
		return -ENOMEM;
	params->map_length = c->map_length;
	params->events_offset = PAGE_SIZE;
	params->event_size = sizeof(struct evchan_event);
	return core_add_queue(&c->queue);
}
