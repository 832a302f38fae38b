// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating and freeing: sources, which have a slab cache for each type and are allocated in
 * batches by calls that register many; records, which are allocated one by one; and queues,
 * which are freed when their last reference is dropped.
 *
 * Floor 2, see Makefile: calls limits.c; called by overflow.c, post.c, records.c, source.c,
 * file.c, queue_file.c, the source types and the faces.
 */
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"

static struct kmem_cache *caches[EVCORE_NR_TYPES] __ro_after_init;

/**
 * evcore_cache - the slab cache of a source type
 * @ops: the type
 */
struct kmem_cache *evcore_cache(const struct evcore_source_ops *ops)
{
	return caches[ops->type];
}

static int __init evcore_caches_init(void)
{
	const struct evcore_source_ops *ops;
	int type;

	for (type = 0; type < EVCORE_NR_TYPES; type++) {
		ops = evcore_types[type];
		if (ops)
			caches[type] = kmem_cache_create(ops->name, ops->size, 0,
							 SLAB_PANIC | SLAB_ACCOUNT,
							 NULL);
	}
	return 0;
}
fs_initcall(evcore_caches_init);

/**
 * evcore_alloc_slow - allocate a source that the batch of the call does not have
 * @ops: its type
 * @batch: the batch, or NULL; it is filled if it is empty and the call needs more sources
 *
 * Context: process context, may sleep.
 *
 * Return: uninitialised memory, or NULL.
 */
struct evcore_source *evcore_alloc_slow(const struct evcore_source_ops *ops,
					struct evcore_batch *batch)
{
	if (batch && !batch->nr && batch->left > 1) {
		unsigned int nr = min(batch->left, EVCORE_BATCH_MAX);

		/* It allocates all or nothing. The result need not be the number. */
		if (kmem_cache_alloc_bulk(evcore_cache(ops), GFP_KERNEL_ACCOUNT, nr, batch->at)) {
			batch->ops = ops;
			batch->nr = nr;
			return batch->at[--batch->nr];
		}
	}
	return kmem_cache_alloc(evcore_cache(ops), GFP_KERNEL_ACCOUNT);
}

/**
 * evcore_batch_end - free the memory that a call has not used
 * @batch: the batch of the call
 *
 * Context: process context.
 */
void evcore_batch_end(struct evcore_batch *batch)
{
	if (batch->nr)
		kmem_cache_free_bulk(evcore_cache(batch->ops), batch->nr, batch->at);
	batch->nr = 0;
}

/**
 * evcore_record_alloc - allocate a record for an event to come
 * @user: user of the queue, who is charged until evcore_record_free(). The record holds no
 *        reference: the caller must hold one to the user, or to the queue, for that time.
 * @gfp: GFP_KERNEL, or what the context allows; the memory cgroup is charged as well
 *
 * Return: the record, to be filled in and passed to evcore_post_record(), evcore_post_last()
 * or evcore_record_free(); ERR_PTR(-EAGAIN) if the user has reached the limit of records;
 * ERR_PTR(-ENOMEM).
 */
struct evcore_record_node *evcore_record_alloc(struct user_struct *user, gfp_t gfp)
{
	struct evcore_record_node *node;
	int ret = evcore_charge_record(user);

	if (ret)
		return ERR_PTR(ret);
	node = kzalloc(sizeof(*node), gfp | __GFP_ACCOUNT);
	if (!node) {
		evcore_uncharge_record(user);
		return ERR_PTR(-ENOMEM);
	}
	node->user = user;
	INIT_LIST_HEAD(&node->at.link);
	INIT_LIST_HEAD(&node->in_source);
	node->at.where = EVCORE_RECORD_NODE;
	return node;
}

/**
 * evcore_record_free - free a record that was not posted, or was delivered or dropped
 * @node: the record
 *
 * Context: any but NMI. A reference to the user, or to the queue, must be held.
 */
void evcore_record_free(struct evcore_record_node *node)
{
	evcore_uncharge_record(node->user);
	/* kfree() must not be called with a raw spin lock held, as queue->lock may be here. */
	kfree_rcu(node, rcu);
}

static void last_put(struct kref *kref)
{
	schedule_work(&container_of(kref, struct evcore_queue, kref)->free_work);
}

static void last_put_sleepable(struct kref *kref)
{
	struct work_struct *work = &container_of(kref, struct evcore_queue, kref)->free_work;

	work->func(work);
}

/**
 * evcore_queue_put - drop a reference to a queue, in any context
 * @q: the queue
 *
 * If this is the last reference, a work item frees the queue.
 *
 * Context: any but NMI.
 */
void evcore_queue_put(struct evcore_queue *q)
{
	kref_put(&q->kref, last_put);
}

/**
 * evcore_queue_put_sleepable - drop a reference to a queue in a context that may sleep
 * @q: the queue
 *
 * If this is the last reference, the queue is freed and its charges end before this returns.
 * So a program that creates and closes queues in a loop does not run ahead of the freeing.
 *
 * Context: process context, may sleep. queue->mutex must not be held.
 */
void evcore_queue_put_sleepable(struct evcore_queue *q)
{
	might_sleep();
	kref_put(&q->kref, last_put_sleepable);
}

/* Free a source that only the caller has a pointer to, and drop its reference to the queue. */
void evcore_free_source(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	evcore_uncharge_source(q->user);
	kmem_cache_free(evcore_cache(evcore_ops_of(s)), s);
	evcore_queue_put(q);
}
