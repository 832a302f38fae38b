// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues that watch queues. They form a graph, which has one edge for each pair of queues. A
 * new edge is refused if it would close a loop or make a chain of more than EVCORE_MAX_NESTS
 * edges. To find out, the graph is walked both ways from the new edge.
 *
 * One mutex, the innermost of the sleeping locks, protects the graph for the whole system. So
 * that no task holds it for long, an edge is found by a hash of its two queues, and a new edge
 * is refused if a walk would follow more than EVCORE_NEST_VISITS edges.
 *
 * The check sees queues only, not epoll sets between them. That is enough: a queue wakes the
 * tasks that poll it from irq_work, and it polls no epoll set in its own ->poll(), so neither
 * waking nor polling recurses through a chain that has an epoll set in it.
 *
 * Floor 1, see Makefile: calls no other file of the core; called by fd.c.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "internal.h"

/* Most edges that one walk follows; each takes about 20 ns. */
#define EVCORE_NEST_VISITS	1000

struct evcore_nest {
	struct evcore_queue	*outer;
	struct evcore_queue	*inner;
	unsigned int		nr;		/* number of sources of outer that watch inner */
	struct list_head	in_outer;	/* in outer->nest_inner */
	struct list_head	in_inner;	/* in inner->nest_outer */
	struct hlist_node	node;		/* in evcore_nests */
};

static DEFINE_MUTEX(evcore_nest_mutex);
static DEFINE_HASHTABLE(evcore_nests, 10);

/*
 * A walk through the graph, along the edges (->down) or against them. If the ->nest_walk of a
 * queue is the number of the walk, the queue was visited and its ->nest_depth is valid.
 */
struct nest_walk {
	u64			nr;
	unsigned int		visits;
	bool			down;
	struct evcore_queue	*forbidden;
};

static u64 evcore_nest_walks;

/*
 * The length of the longest chain from @q on, in edges; -ELOOP if it is too long, if it reaches
 * ->forbidden, or if the walk has followed too many edges.
 */
static int nest_depth(struct nest_walk *walk, struct evcore_queue *q, int level)
{
	struct list_head *at, *edges = walk->down ? &q->nest_inner : &q->nest_outer;
	struct evcore_queue *next;
	int depth, deepest = 0;

	if (q == walk->forbidden || level > EVCORE_MAX_NESTS)
		return -ELOOP;
	if (++walk->visits > EVCORE_NEST_VISITS)
		return -ELOOP;
	if (q->nest_walk == walk->nr)
		return q->nest_depth;
	list_for_each(at, edges) {
		next = walk->down ? list_entry(at, struct evcore_nest, in_outer)->inner :
				    list_entry(at, struct evcore_nest, in_inner)->outer;
		depth = nest_depth(walk, next, level + 1);
		if (depth < 0)
			return depth;
		deepest = max(deepest, depth + 1);
	}
	q->nest_walk = walk->nr;
	q->nest_depth = deepest;
	return deepest;
}

static unsigned long nest_key(const struct evcore_queue *outer, const struct evcore_queue *inner)
{
	return (unsigned long)outer + 3 * (unsigned long)inner;
}

static struct evcore_nest *find_nest(const struct evcore_queue *outer,
				     const struct evcore_queue *inner)
{
	struct evcore_nest *n;

	lockdep_assert_held(&evcore_nest_mutex);
	hash_for_each_possible(evcore_nests, n, node, nest_key(outer, inner))
		if (n->outer == outer && n->inner == inner)
			return n;
	return NULL;
}

static int check_nest(struct evcore_queue *outer, struct evcore_queue *inner)
{
	struct nest_walk below = { .nr = ++evcore_nest_walks, .down = true, .forbidden = outer };
	struct nest_walk above = { .nr = ++evcore_nest_walks };
	int down = nest_depth(&below, inner, 0);
	int up = nest_depth(&above, outer, 0);

	/* The edges above and below, and the new one. */
	return down < 0 || up < 0 || up + down + 1 > EVCORE_MAX_NESTS ? -ELOOP : 0;
}

/**
 * evcore_nest_add - add an edge to the graph if a queue is about to watch another queue
 * @outer: the queue
 * @file: the file that it is about to watch, of a queue or not
 *
 * Return: 0; -ELOOP for a loop, a chain of more than EVCORE_MAX_NESTS edges, or more than
 * EVCORE_NEST_VISITS edges above or below the new one; -EINVAL for a queue that would
 * watch itself; -ENOMEM.
 */
int evcore_nest_add(struct evcore_queue *outer, struct file *file)
{
	struct evcore_queue *inner = evcore_file_queue(file);
	struct evcore_nest *n, *new;
	int ret = 0;

	if (!inner)
		return 0;
	if (inner == outer)
		return -EINVAL;
	new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	mutex_lock(&evcore_nest_mutex);
	n = find_nest(outer, inner);
	if (!n) {
		ret = check_nest(outer, inner);
		if (!ret) {
			n = new;
			new = NULL;
			*n = (struct evcore_nest) { .outer = outer, .inner = inner };
			list_add(&n->in_outer, &outer->nest_inner);
			list_add(&n->in_inner, &inner->nest_outer);
			hash_add(evcore_nests, &n->node, nest_key(outer, inner));
		}
	}
	if (n)
		n->nr++;
	mutex_unlock(&evcore_nest_mutex);
	kfree(new);
	return ret;
}

/**
 * evcore_nest_del - undo one evcore_nest_add()
 * @outer: the queue
 * @file: the file
 */
void evcore_nest_del(struct evcore_queue *outer, struct file *file)
{
	struct evcore_queue *inner = evcore_file_queue(file);
	struct evcore_nest *n;

	if (!inner)
		return;
	mutex_lock(&evcore_nest_mutex);
	n = find_nest(outer, inner);
	if (WARN_ON_ONCE(!n) || --n->nr) {
		n = NULL;
	} else {
		list_del(&n->in_outer);
		list_del(&n->in_inner);
		hash_del(&n->node);
	}
	mutex_unlock(&evcore_nest_mutex);
	kfree(n);
}
