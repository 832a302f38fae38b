/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _EVCORE_DEFERRED_H
#define _EVCORE_DEFERRED_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/types.h>

/**
 * struct evcore_deferred - events that a work item posts, see deferred.c
 * @inbox: the events, the newest first
 * @pending: the number of events that were added and are not known to be posted
 * @taken: how many of them the work item has taken off @inbox
 */
struct evcore_deferred {
	struct llist_head	inbox;
	atomic_t		pending;
	int			taken;
};

static inline void evcore_deferred_init(struct evcore_deferred *deferred)
{
	init_llist_head(&deferred->inbox);
	atomic_set(&deferred->pending, 0);
	deferred->taken = 0;
}

bool evcore_may_post_now(const struct evcore_deferred *deferred, u64 *now);
void evcore_posted_now(u64 now);
bool evcore_defer_post(struct evcore_deferred *deferred, struct llist_node *node);
struct llist_node *evcore_deferred_take(struct evcore_deferred *deferred);

#endif /* _EVCORE_DEFERRED_H */
