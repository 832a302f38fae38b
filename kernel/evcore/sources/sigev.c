// SPDX-License-Identifier: GPL-2.0-only
/*
 * What POSIX timers and message queues have in common as sources. They are not registered
 * through a face but by the system call that takes a struct sigevent: sigev_notify names
 * the face, and sigev_notify_thread_id holds the queue's descriptor.
 *
 * The kernel object and its source end independently: the object when the program
 * deletes it, the source when the queue is closed or the program removes the source. A
 * struct evcore_sigev connects the two, and each of them holds a reference to it. The
 * object posts with its lock held; detaching the source takes the lock to clear ->source.
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
 * @n: the connection
 *
 * Context: any but NMI.
 */
void evcore_sigev_put(struct evcore_sigev *n)
{
	if (refcount_dec_and_test(&n->refs))
		kfree(n);
}

/* In a 32-bit program the int and the pointer of sigev_value both have 32 bits. */
static u64 cookie(const struct sigevent *event)
{
	if (in_compat_syscall())
		return (u32)event->sigev_value.sival_int;
	return (unsigned long)event->sigev_value.sival_ptr;
}

/*
 * Objects of different processes may have equal ids, so the upper half of the source's id
 * is a number that the queue assigns.
 */
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
 * evcore_sigev_create - create the source that a struct sigevent asks for
 * @event: from the program, SIGEV_KEVENT or SIGEV_EVCHAN
 * @type: type of the source
 * @id: id of the object, the lower half of the source's id
 *
 * Context: process context, may sleep.
 *
 * Return: the connection, for evcore_sigev_post(), which ends with evcore_sigev_free() or
 * evcore_sigev_drop(); or an ERR_PTR() of -EBADF, -EINVAL for a descriptor that is not a
 * queue of that face, -ENOMEM, -ENOSPC over the user's limit of sources.
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
 * evcore_sigev_post - post an event for a timer or a message queue
 * @n: its connection to the source
 * @value: value of the event
 *
 * Context: as evcore_post().
 *
 * Return: true if a source is attached, even if that source is muted or disarmed and posts
 * nothing; false if it was detached.
 */
bool evcore_sigev_post(struct evcore_sigev *n, u64 value)
{
	unsigned long flags;
	bool attached;

	raw_spin_lock_irqsave(&n->lock, flags);
	attached = n->source;
	if (attached)
		evcore_post(n->source, READ_ONCE(n->source->events), value, 0);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return attached;
}

/**
 * evcore_sigev_attached - does the object still have a source?
 * @n: its connection to the source
 *
 * Context: any but NMI.
 */
bool evcore_sigev_attached(struct evcore_sigev *n)
{
	unsigned long flags;
	bool attached;

	raw_spin_lock_irqsave(&n->lock, flags);
	attached = n->source;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return attached;
}

/**
 * evcore_sigev_free - remove the source of an object that is being deleted
 * @n: its connection, whose reference is dropped; may be NULL
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
 * evcore_sigev_drop - evcore_sigev_free() in a context that may not sleep
 * @n: its connection, whose reference is dropped
 *
 * Nothing more is posted. The next call for the queue removes the source.
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
 * @req: the request; only evcore_sigev_create() sets its ->sigev
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
 * The object stays, and evcore_sigev_post() returns false for it.
 */
void evcore_sigev_detach(struct evcore_source *s)
{
	struct evcore_sigev *n = to_sigev(s)->sigev;

	raw_spin_lock_irq(&n->lock);
	n->source = NULL;
	raw_spin_unlock_irq(&n->lock);
	evcore_sigev_put(n);
}
