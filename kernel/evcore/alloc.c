// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the core, and when it is freed: sources, with a slab cache for each type and
 * batches for calls that register many; records that are allocated one by one; and the
 * last reference to a queue.
 */
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"

static struct kmem_cache *caches[EVCORE_NR_TYPES] __ro_after_init;

/**
 * evcore_cache - where sources of a type are allocated
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
 * evcore_alloc_slow - memory for a source that no batch has at hand
 * @ops: its type
 * @batch: of the call under way, or NULL; it is filled up if it is empty
 *
 * Context: process context, may sleep.
 *
 * Return: the memory, or NULL.
 */
struct evcore_source *evcore_alloc_slow(const struct evcore_source_ops *ops,
					struct evcore_batch *batch)
{
	if (batch && !batch->nr && batch->left > 1) {
		batch->ops = ops;
		batch->nr = kmem_cache_alloc_bulk(evcore_cache(ops), GFP_KERNEL_ACCOUNT,
						  min(batch->left, EVCORE_BATCH_MAX),
						  batch->at);
		if (batch->nr)
			return batch->at[--batch->nr];
	}
	return kmem_cache_alloc(evcore_cache(ops), GFP_KERNEL_ACCOUNT);
}

/**
 * evcore_batch_end - give back what a call has not used
 * @batch: its batch
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
 * evcore_record_alloc - memory for one event to come
 * @user: who is charged for it until evcore_record_free(), the queue's; the caller has a
 *        reference as long, or one to the queue
 * @gfp: GFP_KERNEL, or what the context allows; charged to the memory cgroup
 *
 * Return: the record, to be filled in and given to evcore_post_record() or
 * evcore_record_free(); ERR_PTR(-EAGAIN) over the user's limit of records, -ENOMEM.
 */
struct evcore_record_node *evcore_record_alloc(struct user_struct *user, gfp_t gfp)
{
	struct evcore_record_node *h;
	int ret = evcore_charge_record(user);

	if (ret)
		return ERR_PTR(ret);
	h = kzalloc(sizeof(*h), gfp | __GFP_ACCOUNT);
	if (!h) {
		evcore_uncharge_record(user);
		return ERR_PTR(-ENOMEM);
	}
	h->user = user;
	INIT_LIST_HEAD(&h->at.link);
	INIT_LIST_HEAD(&h->in_source);
	h->at.where = EVCORE_RECORD_NODE;
	return h;
}

/**
 * evcore_record_free - free a record that was not posted, or has been delivered
 * @h: the record
 *
 * Context: any but NMI. There still is a reference to the user, or to the queue.
 */
void evcore_record_free(struct evcore_record_node *h)
{
	evcore_uncharge_record(h->user);
	/* The allocator itself may not be called inside a raw spin lock. */
	kfree_rcu(h, rcu);
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
 * The last reference leaves the memory to a work item.
 *
 * Context: any but NMI.
 */
void evcore_queue_put(struct evcore_queue *q)
{
	kref_put(&q->kref, last_put);
}

/**
 * evcore_queue_put_sleepable - drop a reference to a queue where that may sleep
 * @q: the queue
 *
 * The last reference frees the memory and ends its charges before this returns: a
 * program that makes and closes queues in a loop does not run ahead of them.
 *
 * Context: process context, may sleep. queue->mutex is not held.
 */
void evcore_queue_put_sleepable(struct evcore_queue *q)
{
	might_sleep();
	kref_put(&q->kref, last_put_sleepable);
}

/* Nothing points to the source any more but the caller. */
void evcore_free_source(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	evcore_uncharge_source(q->user);
	kmem_cache_free(evcore_cache(evcore_ops_of(s)), s);
	evcore_queue_put(q);
}
