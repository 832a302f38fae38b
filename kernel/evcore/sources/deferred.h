/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _EVCORE_DEFERRED_H
#define _EVCORE_DEFERRED_H

#include <linux/llist.h>
#include <linux/types.h>

/**
 * struct evcore_deferred - events that a work item posts, see deferred.c
 * @inbox: the events, the newest first
 * @busy: there are events in @inbox, or events that the work item has not posted yet
 */
struct evcore_deferred {
	struct llist_head	inbox;
	bool			busy;
};

bool evcore_may_post_now(const struct evcore_deferred *deferred, u64 *now);
void evcore_posted_now(u64 now);
bool evcore_defer_post(struct evcore_deferred *deferred, struct llist_node *node);
struct llist_node *evcore_deferred_take(struct evcore_deferred *deferred);

#endif /* _EVCORE_DEFERRED_H */
