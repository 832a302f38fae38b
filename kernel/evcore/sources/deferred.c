// SPDX-License-Identifier: GPL-2.0-only
/*
 * Posting from a work item. One call, or one wake-up, may cause any number of events while a
 * lock is held or interrupts are disabled. Then only the first ones are posted there. The others
 * are added to a list, which is cheaper than what the kernel does itself for each of them, and a
 * work item posts them.
 *
 * The owner of such a list has one work item. While the list is in use, all further events of
 * the owner are added to it, which keeps them in order.
 */
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>

#include "deferred.h"

/*
 * At most POST_NOW events per processor are posted at once in POST_NOW_NS, in which the time that
 * posting takes does not count: while a lock is held no more of them are posted, however long a
 * post takes.
 */
#define POST_NOW	64
#define POST_NOW_NS	(100 * NSEC_PER_USEC)

/* What was posted at once on a processor since a point in time. */
struct recent_posts {
	u64		since;
	u64		spent;	/* nanoseconds */
	unsigned int	nr;
};

static DEFINE_PER_CPU(struct recent_posts, recent_posts);

/**
 * evcore_may_post_now - may an event be posted at once?
 * @deferred: the list of its owner
 * @now: result: the current time, for evcore_posted_now()
 *
 * Context: any. If the task can be moved to another processor, what it posts may be accounted
 * for on the wrong one, which does no harm.
 *
 * Return: true: the caller posts and calls evcore_posted_now(); false: it calls
 * evcore_defer_post().
 */
bool evcore_may_post_now(const struct evcore_deferred *deferred, u64 *now)
{
	struct recent_posts *recent;

	if (READ_ONCE(deferred->busy))
		return false;
	recent = raw_cpu_ptr(&recent_posts);
	*now = local_clock();
	if (*now - recent->since - recent->spent > POST_NOW_NS) {
		recent->since = *now;
		recent->spent = 0;
		recent->nr = 0;
	}
	return ++recent->nr <= POST_NOW;
}

/**
 * evcore_posted_now - account for an event that was posted at once
 * @now: the time at which evcore_may_post_now() allowed it
 */
void evcore_posted_now(u64 now)
{
	raw_cpu_add(recent_posts.spent, local_clock() - now);
}

/**
 * evcore_defer_post - leave an event to the work item
 * @deferred: the list of its owner
 * @node: of the event
 *
 * Context: any.
 *
 * Return: true if the caller must queue the work item.
 */
bool evcore_defer_post(struct evcore_deferred *deferred, struct llist_node *node)
{
	bool first = llist_add(node, &deferred->inbox);

	/*
	 * After adding. Pairs with evcore_deferred_take(), which finds the event, or clears ->busy
	 * before this sets it.
	 */
	WRITE_ONCE(deferred->busy, true);
	return first;
}

/**
 * evcore_deferred_take - take the events that were left to the work item
 * @deferred: the list
 *
 * Only one task at a time may call this for a list. If the list is empty, all events that were
 * taken before must have been posted.
 *
 * Return: the events in order; NULL if there are none, and then others may be posted at once.
 */
struct llist_node *evcore_deferred_take(struct evcore_deferred *deferred)
{
	while (llist_empty(&deferred->inbox)) {
		WRITE_ONCE(deferred->busy, false);
		smp_mb();	/* pairs with the full barrier of llist_add() */
		if (llist_empty(&deferred->inbox))
			return NULL;
		WRITE_ONCE(deferred->busy, true);
	}
	return llist_reverse_order(llist_del_all(&deferred->inbox));
}
