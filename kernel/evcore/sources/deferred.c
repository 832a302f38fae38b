// SPDX-License-Identifier: GPL-2.0-only
/*
 * Posting from a work item. One call, or one wake-up, may cause any number of events while a
 * lock is held or interrupts are disabled. Then only the first ones are posted there. The others
 * are added to a list, and a work item posts them. Adding to the list costs less than what the
 * kernel does anyway for each event, such as waking one futex waiter.
 *
 * The owner of such a list has one work item. From the first event that is added until the work
 * item has posted the last one, all further events of the owner are added too, which keeps them
 * in order.
 */
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>

#include "deferred.h"

/*
 * At most POST_NOW events are posted at once per processor and POST_NOW_NS. The time spent posting
 * is not part of POST_NOW_NS, so slow posts do not raise the number.
 */
#define POST_NOW	64
#define POST_NOW_NS	(100 * NSEC_PER_USEC)

/* What was posted at once on a processor since a point in time. */
struct recent_posts {
	u64		since;
	s64		spent;	/* nanoseconds */
	unsigned int	nr;
};

static DEFINE_PER_CPU(struct recent_posts, recent_posts);

/**
 * evcore_may_post_now - may an event be posted at once?
 * @deferred: the list of its owner
 * @now: result: the current time, for evcore_posted_now(); only set if this returns true
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
	s64 elapsed;

	/* Pairs with the release in evcore_deferred_take(): what was pending is posted. */
	if (atomic_read_acquire(&deferred->pending))
		return false;
	recent = raw_cpu_ptr(&recent_posts);
	*now = local_clock();
	elapsed = *now - recent->since;
	/* It is wrong after an interrupt that posts inside a post, or by another clock. */
	if (elapsed < 0 || elapsed - min(recent->spent, elapsed) > POST_NOW_NS) {
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
	/* Before adding: while the event is in the list, or being posted, it is counted. */
	atomic_inc(&deferred->pending);
	return llist_add(node, &deferred->inbox);
}

/**
 * evcore_deferred_take - take the events that were left to the work item
 * @deferred: the list
 *
 * Only one task at a time may call this for a list. It must be called again only after
 * everything that earlier calls returned was posted, unless the list is known not to be empty.
 *
 * Return: the events in order; NULL if there are none, and then others may be posted at once.
 */
struct llist_node *evcore_deferred_take(struct evcore_deferred *deferred)
{
	struct llist_node *node, *first = llist_reverse_order(llist_del_all(&deferred->inbox));

	if (!first) {
		/* Pairs with the acquire in evcore_may_post_now(). */
		(void)atomic_sub_return_release(deferred->taken, &deferred->pending);
		deferred->taken = 0;
		return NULL;
	}
	llist_for_each(node, first)
		deferred->taken++;
	return first;
}
