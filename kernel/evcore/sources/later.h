/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _EVCORE_LATER_H
#define _EVCORE_LATER_H

#include <linux/llist.h>
#include <linux/types.h>

/**
 * struct evcore_later - events that a work item posts, see later.c
 * @inbox: the events, the newest first
 * @busy: there are events in @inbox, or events that the work item has not posted yet
 */
struct evcore_later {
	struct llist_head	inbox;
	bool			busy;
};

bool evcore_may_post_now(const struct evcore_later *later, u64 *now);
void evcore_posted_now(u64 now);
bool evcore_post_later(struct evcore_later *later, struct llist_node *node);
struct llist_node *evcore_later_take(struct evcore_later *later);

#endif /* _EVCORE_LATER_H */
