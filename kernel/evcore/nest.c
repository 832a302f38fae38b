// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues that watch queues: an edge for each pair, and the refusal of loops and
 * of chains of more than EVCORE_MAX_NESTS edges, looking both ways from the new edge.
 *
 * The graph has one mutex for the whole system, innermost of the sleeping
 * locks. Wake-ups do not recurse through the graph whatever it looks like,
 * epoll included: a queue wakes those who poll it from irq_work only.
 */
#include <linux/evcore.h>
#include <linux/slab.h>

#include "internal.h"

struct evcore_nest {
	struct evcore_queue	*outer;
	struct evcore_queue	*inner;
	struct list_head	in_outer;	/* in outer->nest_inner */
	struct list_head	in_inner;	/* in inner->nest_outer */
};

static DEFINE_MUTEX(evcore_nest_mutex);

/* Number of the walk under way; a queue that it came by is not walked again. */
static u64 evcore_nest_walk;

/* Longest chain below @q, in edges; -ELOOP if @target is in it. */
static int depth_below(struct evcore_queue *q, struct evcore_queue *target, int level)
{
	struct evcore_nest *n;
	int depth = 0;

	if (q == target || level > EVCORE_MAX_NESTS)
		return -ELOOP;
	if (q->nest_walk == evcore_nest_walk)
		return q->nest_depth;
	list_for_each_entry(n, &q->nest_inner, in_outer) {
		int d = depth_below(n->inner, target, level + 1);

		if (d < 0)
			return d;
		depth = max(depth, d + 1);
	}
	q->nest_walk = evcore_nest_walk;
	q->nest_depth = depth;
	return depth;
}

static int depth_above(struct evcore_queue *q, int level)
{
	struct evcore_nest *n;
	int depth = 0;

	if (level > EVCORE_MAX_NESTS)
		return -ELOOP;
	if (q->nest_walk == evcore_nest_walk)
		return q->nest_depth;
	list_for_each_entry(n, &q->nest_outer, in_inner) {
		int d = depth_above(n->outer, level + 1);

		if (d < 0)
			return d;
		depth = max(depth, d + 1);
	}
	q->nest_walk = evcore_nest_walk;
	q->nest_depth = depth;
	return depth;
}

/**
 * evcore_nest_add - a queue is about to watch a file
 * @outer: the queue
 * @file: the file, of a queue or not
 *
 * Return: 0; -ELOOP for a loop or a chain of more than EVCORE_MAX_NESTS edges;
 * -EINVAL for a queue that would watch itself; -ENOMEM.
 */
int evcore_nest_add(struct evcore_queue *outer, struct file *file)
{
	struct evcore_queue *inner = evcore_file_queue(file);
	struct evcore_nest *n;
	int above, below;

	if (!inner)
		return 0;
	if (inner == outer)
		return -EINVAL;
	n = kmalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	if (!n)
		return -ENOMEM;
	n->outer = outer;
	n->inner = inner;
	mutex_lock(&evcore_nest_mutex);
	evcore_nest_walk++;
	below = depth_below(inner, outer, 0);
	evcore_nest_walk++;
	above = depth_above(outer, 0);
	/* Edges above and below, and the new one. */
	if (below < 0 || above < 0 || above + below + 1 > EVCORE_MAX_NESTS) {
		mutex_unlock(&evcore_nest_mutex);
		kfree(n);
		return -ELOOP;
	}
	list_add(&n->in_outer, &outer->nest_inner);
	list_add(&n->in_inner, &inner->nest_outer);
	mutex_unlock(&evcore_nest_mutex);
	return 0;
}

/**
 * evcore_nest_del - undo one evcore_nest_add()
 * @outer: the queue
 * @file: the file
 *
 * Of several edges between the same two queues one is as good as another.
 */
void evcore_nest_del(struct evcore_queue *outer, struct file *file)
{
	struct evcore_queue *inner = evcore_file_queue(file);
	struct evcore_nest *n, *found = NULL;

	if (!inner)
		return;
	mutex_lock(&evcore_nest_mutex);
	list_for_each_entry(n, &inner->nest_outer, in_inner) {
		if (n->outer == outer) {
			found = n;
			break;
		}
	}
	if (found) {
		list_del(&found->in_outer);
		list_del(&found->in_inner);
	}
	mutex_unlock(&evcore_nest_mutex);
	kfree(found);
}
