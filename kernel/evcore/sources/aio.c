// SPDX-License-Identifier: GPL-2.0-only
/*
 * aio: completions of native AIO, io_submit() with IOCB_FLAG_EVCORE. They bypass the
 * AIO ring, so they cannot fill it, and a program that reads only its queue can keep
 * submitting.
 *
 * A queue has one source of this type, which the first submission creates. The record
 * of an event is allocated and charged when the operation is submitted. It carries the
 * operation's own cookie and address.
 *
 * Operations outlive the source if the queue is closed first. They therefore point to a
 * separate struct evcore_aio. It holds a reference to the queue's user, who is charged
 * for their records. An operation posts with its lock held; detaching the source takes
 * the lock to clear ->source, after which nothing is posted.
 *
 * If many operations complete at once, a work item posts most of them, see deferred.c.
 */
#include <linux/aio_abi.h>
#include <linux/evcore/aio.h>
#include <linux/file.h>
#include <linux/refcount.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "deferred.h"
#include "sources.h"

/**
 * struct evcore_aio - what the operations of a queue point to
 * @refs: one reference of the source and one of each operation
 * @lock: protects @source; posting runs with it held, so it is outside queue->lock
 * @source: the source that posts the completions, NULL once it is detached
 * @user: the queue's user, referenced
 * @deferred: records that are left to @work
 * @work: posts them; it has a reference while it is queued
 */
struct evcore_aio {
	refcount_t		refs;
	raw_spinlock_t		lock;	/* see above */
	struct evcore_source	*source;
	struct user_struct	*user;
	struct evcore_deferred	deferred;
	struct work_struct	work;
};

struct aio_source {
	struct evcore_record_source	rs;
	struct evcore_aio	*aio;
};

static struct aio_source *to_aio(struct evcore_source *s)
{
	return container_of(s, struct aio_source, rs.valued.source);
}

static void put_aio(struct evcore_aio *aio)
{
	if (!refcount_dec_and_test(&aio->refs))
		return;
	free_uid(aio->user);
	kfree(aio);
}

static void post_record(struct evcore_aio *aio, struct evcore_record_node *node)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&aio->lock, flags);
	if (aio->source)
		evcore_post_record(aio->source, node);
	else
		evcore_record_free(node);
	raw_spin_unlock_irqrestore(&aio->lock, flags);
}

static void post_deferred(struct work_struct *work)
{
	struct evcore_aio *aio = container_of(work, struct evcore_aio, work);
	struct evcore_record_node *node, *next;
	struct llist_node *first;

	while ((first = evcore_deferred_take(&aio->deferred))) {
		llist_for_each_entry_safe(node, next, first, deferred) {
			post_record(aio, node);
			cond_resched();
		}
	}
	put_aio(aio);
}

static int aio_attach(struct evcore_source *s, struct evcore_request *req, u32 *ready)
{
	struct evcore_aio *aio = kmalloc(sizeof(*aio), GFP_KERNEL_ACCOUNT);

	if (!aio)
		return -ENOMEM;
	refcount_set(&aio->refs, 1);
	raw_spin_lock_init(&aio->lock);
	evcore_deferred_init(&aio->deferred);
	INIT_WORK(&aio->work, post_deferred);
	aio->source = s;
	aio->user = get_uid(s->queue->user);
	to_aio(s)->aio = aio;
	return 0;
}

static void aio_detach(struct evcore_source *s)
{
	struct evcore_aio *aio = to_aio(s)->aio;

	raw_spin_lock_irq(&aio->lock);
	aio->source = NULL;
	raw_spin_unlock_irq(&aio->lock);
	put_aio(aio);
}

/* Find or create the queue's source. Return: its struct evcore_aio, referenced. */
static struct evcore_aio *queue_aio(struct evcore_queue *q)
{
	struct evcore_request req = {
		.type = EVCORE_AIO, .events = EVCORE_DONE, .by_hook = true,
	};
	struct evcore_source *s;
	struct evcore_aio *aio;
	int ret = 0;

	mutex_lock(&q->mutex);
	s = evcore_lookup_id(q, &evcore_aio_ops, 0);
	if (!s)
		ret = evcore_add(q, &req, &s);
	if (ret) {
		aio = ERR_PTR(ret);
	} else {
		aio = to_aio(s)->aio;
		refcount_inc(&aio->refs);
	}
	mutex_unlock(&q->mutex);
	return aio;
}

/**
 * evcore_aio_prepare - let an operation that is being submitted complete into a queue
 * @op: initialised by evcore_aio_init(); evcore_aio_drop() undoes this call
 * @iocb: the request, with IOCB_FLAG_EVCORE
 *
 * Context: process context, may sleep.
 *
 * Return: 0; -EINVAL for a descriptor that is not a queue, or with IOCB_FLAG_RESFD;
 * -EBADF; -EAGAIN over the user's limit of records; -ENOMEM; -ENOSPC over the user's limit
 * of sources.
 */
int evcore_aio_prepare(struct evcore_aio_op *op, const struct iocb *iocb)
{
	struct evcore_queue *q;
	struct evcore_record_node *node;
	struct evcore_aio *aio;
	struct fd f;
	int ret = 0;

	if (iocb->aio_flags & IOCB_FLAG_RESFD)
		return -EINVAL;
	f = fdget(iocb->aio_resfd);
	if (!fd_file(f))
		return -EBADF;
	q = evcore_file_queue(fd_file(f));
	if (!q) {
		ret = -EINVAL;
		goto out;
	}
	node = evcore_record_alloc(q->user, GFP_KERNEL);
	if (IS_ERR(node)) {
		ret = PTR_ERR(node);
		goto out;
	}
	aio = queue_aio(q);
	if (IS_ERR(aio)) {
		ret = PTR_ERR(aio);
		evcore_record_free(node);
		goto out;
	}
	op->record = node;
	op->to = aio;
out:
	fdput(f);
	return ret;
}

/**
 * evcore_aio_post - post the completion of an operation
 * @op: an operation that completes into a queue
 * @res: its result
 *
 * Context: as evcore_post().
 */
void evcore_aio_post(struct evcore_aio_op *op, const struct io_event *res)
{
	struct evcore_record_node *node = op->record;
	struct evcore_aio *aio = op->to;
	u64 now;

	op->record = NULL;
	node->record.events = EVCORE_DONE;
	node->record.own_id = true;
	node->record.value = res->res;
	node->record.extra[0] = res->data;
	node->record.extra[1] = res->obj;
	if (evcore_may_post_now(&aio->deferred, &now)) {
		post_record(aio, node);
		evcore_posted_now(now);
	} else if (evcore_defer_post(&aio->deferred, &node->deferred)) {
		refcount_inc(&aio->refs);
		if (!queue_work(system_dfl_wq, &aio->work))
			put_aio(aio);
	}
}

/**
 * evcore_aio_release - free what an operation holds for its completion
 * @op: an operation that completes into a queue
 *
 * Context: any but NMI, outside raw spin locks.
 */
void evcore_aio_release(struct evcore_aio_op *op)
{
	if (op->record)
		evcore_record_free(op->record);
	put_aio(op->to);
}

const struct evcore_source_ops evcore_aio_ops = {
	.name		= "evcore_aio",
	.type		= EVCORE_AIO,
	.size		= sizeof(struct aio_source),
	.fixed		= EVCORE_COUNTS,
	.all_events	= EVCORE_DONE,
	.event_names	= EVCORE_NAMES("done"),
	.has_records	= true,
	.by_hook	= true,
	.single		= true,
	.attach		= aio_attach,
	.detach		= aio_detach,
};
