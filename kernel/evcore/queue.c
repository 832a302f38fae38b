// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a queue: a face sets it up, and it is freed when its last reference is dropped.
 *
 * Floor 12, see Makefile: calls lookup.c, timeout.c, wake.c and sources/inode.c; called by the
 * faces.
 */
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"
#include "wake.h"

#ifdef CONFIG_LOCKDEP
struct lockdep_map evcore_wait_map =
	STATIC_LOCKDEP_MAP_INIT("evcore_wait_map", &evcore_wait_map);
#endif

static void evcore_queue_free(struct work_struct *work)
{
	struct evcore_queue *q = container_of(work, struct evcore_queue, free_work);

	/* No source is left to post an event, so neither is queued again. */
	cancel_work_sync(&q->poll_later);
	irq_work_sync(&q->poll_work);
	if (!q->dead)	/* it never had a file */
		evcore_lookup_free(q, NULL);
	evcore_inode_queue_free(q);
	atomic_long_sub(q->ring_pages, &q->user->locked_vm);
	free_uid(q->user);
	q->face->free(q);
}

/**
 * evcore_queue_init - set up the core's part of a queue
 * @q: the queue, zeroed, embedded in a structure of the face
 * @face: the face
 *
 * After success the caller holds a reference. When that one and the references of the sources
 * are dropped, @face->free() frees the structure.
 *
 * Return: 0 or -ENOMEM.
 */
int evcore_queue_init(struct evcore_queue *q, const struct evcore_face *face)
{
	int ret = evcore_lookup_init(q);

	if (ret)
		return ret;
	q->face = face;
	INIT_LIST_HEAD(&q->waiters);
	q->min_waiters = RB_ROOT_CACHED;
	init_waitqueue_head(&q->poll_wait);
	raw_spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->overflow);
	INIT_LIST_HEAD(&q->recheck);
	INIT_LIST_HEAD(&q->reap);
	init_llist_head(&q->recheck_level);
	init_llist_head(&q->removed_marks);
	mutex_init(&q->mutex);
	/* Teach lockdep the order that evcore_may_wait() asserts. */
	lock_map_acquire(&evcore_wait_map);
	might_lock(&q->mutex);
	lock_map_release(&evcore_wait_map);
	kref_init(&q->kref);
	q->user = get_uid(current_user());
	q->time_offset = evcore_time_offset(CLOCK_MONOTONIC);
	init_irq_work(&q->poll_work, evcore_poll_work);
	INIT_WORK(&q->poll_later, evcore_poll_later);
	INIT_WORK(&q->free_work, evcore_queue_free);
	INIT_LIST_HEAD(&q->nest_inner);
	INIT_LIST_HEAD(&q->nest_outer);
	return 0;
}
