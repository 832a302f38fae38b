// SPDX-License-Identifier: GPL-2.0-only
/*
 * What POSIX timers and message queues have in common as sources: they are not
 * registered through a face but by the call that is given a struct sigevent,
 * whose sigev_notify names the face, and whose union, where SIGEV_THREAD_ID has
 * its thread, the queue's descriptor.
 *
 * Such an object and its source end independently: the object when the program
 * deletes it, the source when the queue is closed or the program removes it. A
 * small structure stands between them, that each of the two holds a reference to.
 * The object posts under that structure's lock; whoever detaches the source takes
 * the lock to cut the tie.
 */
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "sigev.h"

static struct sigev_source *to_sigev(struct evcore_source *s)
{
	return container_of(s, struct sigev_source, valued.source);
}

/**
 * evcore_sigev_put - drop a reference
 * @n: the tie
 *
 * Context: any but NMI.
 */
void evcore_sigev_put(struct evcore_sigev *n)
{
	if (refcount_dec_and_test(&n->refs))
		kfree(n);
}

/* A 32-bit program's cookie is an int or a pointer of as many bits. */
static u64 cookie(const struct sigevent *event)
{
	if (in_compat_syscall())
		return (u32)event->sigev_value.sival_int;
	return (unsigned long)event->sigev_value.sival_ptr;
}

/* Ids that objects of several processes have may be equal: a generation tells. */
static int add_source(struct evcore_sigev *n, const struct sigevent *event, u32 type,
		      u32 id)
{
	struct evcore_queue *q = n->queue;
	struct evcore_request req = {
		.type = type,
		.events = evcore_ops(type)->all_events,
		.data = cookie(event),
		.sigev = n,
	};
	struct evcore_source *s;
	int ret;

	mutex_lock(&q->mutex);
	evcore_reap(q);
	q->next_id++;
	req.id = (u64)q->next_id << 32 | id;
	ret = evcore_add(q, &req, &s);
	mutex_unlock(&q->mutex);
	return ret;
}

/**
 * evcore_sigev_create - register what a struct sigevent asks for
 * @event: from the program, SIGEV_KEVENT or SIGEV_EVCHAN
 * @type: of the source
 * @id: the object's, the low half of the source's
 *
 * Context: process context, may sleep.
 *
 * Return: what evcore_sigev_post() takes and evcore_sigev_free() or
 * evcore_sigev_drop() undoes; or an ERR_PTR() of -EBADF, -EINVAL for a descriptor
 * that is no queue of that face, -ENOMEM, -ENOSPC.
 */
struct evcore_sigev *evcore_sigev_create(const struct sigevent *event, u32 type, u32 id)
{
	struct fd f = fdget(event->sigev_notify_thread_id);
	struct evcore_sigev *n = NULL;
	struct evcore_queue *q;
	int ret = -EBADF;

	if (!fd_file(f))
		return ERR_PTR(ret);
	ret = -EINVAL;
	q = evcore_file_queue(fd_file(f));
	if (!q || q->face->sigev != event->sigev_notify)
		goto out;
	ret = -ENOMEM;
	n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	if (!n)
		goto out;
	refcount_set(&n->refs, 1);
	raw_spin_lock_init(&n->lock);
	n->queue = q;
	ret = add_source(n, event, type, id);
	if (ret)
		kfree(n);
	else
		kref_get(&q->kref);
out:
	fdput(f);
	return ret ? ERR_PTR(ret) : n;
}

/**
 * evcore_sigev_post - the object has something to say
 * @n: its tie
 * @value: of the event
 *
 * Context: as evcore_post().
 */
void evcore_sigev_post(struct evcore_sigev *n, u64 value)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (n->source)
		evcore_post(n->source, READ_ONCE(n->source->events), value, 0);
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/**
 * evcore_sigev_free - the object is going: remove its source
 * @n: its tie, gone afterwards; may be NULL
 *
 * An event that was not taken yet is withdrawn.
 *
 * Context: process context, takes queue->mutex.
 */
void evcore_sigev_free(struct evcore_sigev *n)
{
	struct evcore_queue *q;

	if (!n)
		return;
	q = n->queue;
	mutex_lock(&q->mutex);
	if (n->source)
		evcore_del(n->source);
	mutex_unlock(&q->mutex);
	evcore_queue_put_sleepable(q);
	evcore_sigev_put(n);
}

/**
 * evcore_sigev_drop - the object lets go of its source where nobody may sleep
 * @n: its tie, gone afterwards
 *
 * Nothing is posted any more. The source itself goes with the next call.
 *
 * Context: any but NMI.
 */
void evcore_sigev_drop(struct evcore_sigev *n)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (n->source)
		evcore_retire(n->source);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	evcore_queue_put(n->queue);
	evcore_sigev_put(n);
}

/**
 * evcore_sigev_attach - ->attach() of these types
 * @s: the source
 * @req: the request; only evcore_sigev_create() makes one that has a tie
 * @ready: untouched
 *
 * Return: 0, or -EINVAL for a request that came through a face.
 */
int evcore_sigev_attach(struct evcore_source *s, struct evcore_request *req, u32 *ready)
{
	struct evcore_sigev *n = req->sigev;

	if (!n)
		return -EINVAL;
	refcount_inc(&n->refs);
	to_sigev(s)->sigev = n;
	n->source = s;
	return 0;
}

/**
 * evcore_sigev_detach - ->detach() of these types
 * @s: the source
 *
 * The object goes on; what it has to say goes nowhere.
 */
void evcore_sigev_detach(struct evcore_source *s)
{
	struct evcore_sigev *n = to_sigev(s)->sigev;

	raw_spin_lock_irq(&n->lock);
	n->source = NULL;
	raw_spin_unlock_irq(&n->lock);
	evcore_sigev_put(n);
}
