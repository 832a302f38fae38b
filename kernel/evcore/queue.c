// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a queue: made by a face, released with its file, freed when the last
 * reference goes, which may be in interrupt context.
 */
#include <linux/anon_inodes.h>
#include <linux/evcore.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "internal.h"

static void evcore_queue_free(struct work_struct *work)
{
	struct evcore_queue *q = container_of(work, struct evcore_queue, free_work);

	irq_work_sync(&q->poll_work);
	if (!q->dead)	/* never got a file */
		evcore_lookup_free(q, NULL);
	atomic_long_sub(q->ring_pages, &q->user->locked_vm);
	free_uid(q->user);
	q->face->free(q);
}

static void last_put(struct kref *kref)
{
	schedule_work(&container_of(kref, struct evcore_queue, kref)->free_work);
}

static void last_put_sleepable(struct kref *kref)
{
	evcore_queue_free(&container_of(kref, struct evcore_queue, kref)->free_work);
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

static void evcore_poll_work(struct irq_work *work)
{
	struct evcore_queue *q = container_of(work, struct evcore_queue, poll_work);

	wake_up_poll(&q->poll_wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * evcore_queue_init - set up the core's part of a queue
 * @q: zeroed, embedded in the face's structure
 * @face: the face
 *
 * After success the structure is freed by @face->free, when the reference that
 * the caller now holds and those of the sources have gone.
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
	init_waitqueue_head(&q->poll_wait);
	raw_spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->overflow);
	INIT_LIST_HEAD(&q->recheck);
	INIT_LIST_HEAD(&q->checking);
	INIT_LIST_HEAD(&q->reap);
	init_llist_head(&q->due);
	mutex_init(&q->mutex);
	kref_init(&q->kref);
	q->user = get_uid(current_user());
	init_irq_work(&q->poll_work, evcore_poll_work);
	INIT_WORK(&q->free_work, evcore_queue_free);
	INIT_LIST_HEAD(&q->nest_inner);
	INIT_LIST_HEAD(&q->nest_outer);
	return 0;
}

/*
 * Sources whose file went before their last event came out of overflow: nobody
 * else is left there, for evcore_del() took every other off.
 */
static void reap_orphans(struct evcore_queue *q)
{
	struct evcore_source *s;
	unsigned int n;

	while (!list_empty(&q->overflow)) {
		raw_spin_lock_irq(&q->lock);
		for (n = 0; n < EVCORE_DRAIN_MAX && !list_empty(&q->overflow); n++) {
			/* No held record: those went with their source. */
			s = list_first_entry(&q->overflow, struct evcore_source, link);
			evcore_unlink(s);
			evcore_reap_add(s);
		}
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	}
	evcore_reap(q);
}

static void release_one(struct evcore_source *s)
{
	evcore_del(s);
}

/*
 * Removal path B. Sources whose file is being released at the same moment stay
 * until that release has removed them; they find the queue dead.
 */
static int queue_release(struct inode *inode, struct file *file)
{
	struct evcore_queue *q = file->private_data;

	mutex_lock(&q->mutex);
	q->dead = true;
	evcore_lookup_free(q, release_one);
	reap_orphans(q);
	mutex_unlock(&q->mutex);
	evcore_queue_put_sleepable(q);
	return 0;
}

/* Are there events; *@look: are there conditions that only a look can tell? */
static bool poll_ready(struct evcore_queue *q, bool *look)
{
	unsigned long flags;
	bool ready;

	raw_spin_lock_irqsave(&q->lock, flags);
	WRITE_ONCE(q->sleepers, q->sleepers | EVCORE_POLLED);
	/* Pairs with the barrier of a post: enqueued before the look at the ring. */
	smp_mb();
	ready = evcore_ready(q, 1);
	/* On no list while somebody else looks, but counted. */
	*look = !list_empty(&q->recheck) || !list_empty(&q->checking) || q->nr_check ||
		!llist_empty(&q->due);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ready;
}

/*
 * Where only level-triggered conditions could make it readable they are looked
 * at, as a wait would. Never waits for the mutex: queues may be
 * behind each other through epoll, unseen by the checks against loops, and this
 * runs under the mutexes of those in front. With the mutex taken by somebody the
 * answer is yes, and promises no more than that a wait is worth while.
 */
static __poll_t queue_poll(struct file *file, poll_table *wait)
{
	struct evcore_queue *q = file->private_data;
	bool readable, look;

	poll_wait(file, &q->poll_wait, wait);
	readable = poll_ready(q, &look);
	if (!readable && look) {
		readable = !mutex_trylock(&q->mutex);
		if (!readable) {
			readable = evcore_peek(q);
			mutex_unlock(&q->mutex);
		}
	}
	return readable ? EPOLLIN | EPOLLRDNORM : 0;
}

/*
 * A page of the ring that the program has given up, with MADV_DONTNEED, is wanted
 * again: it is the same one, which the kernel has gone on writing to.
 */
static vm_fault_t ring_fault(struct vm_fault *vmf)
{
	void *ring = vmf->vma->vm_private_data;
	struct page *page = vmalloc_to_page(ring + (vmf->pgoff << PAGE_SHIFT));

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct ring_vm_ops = {
	.fault	= ring_fault,
};

/**
 * evcore_map_ring - let the program map a ring
 * @vma: where, of the queue's file, which it holds
 * @ring: memory of vmalloc_user() and its like, which lives as long as the queue
 * @length: of it
 *
 * Return: 0, -EINVAL for anything but the whole of it, shared; -ENOMEM.
 */
int evcore_map_ring(struct vm_area_struct *vma, void *ring, unsigned long length)
{
	int ret;

	if (!length || !(vma->vm_flags & VM_SHARED) || vma->vm_pgoff ||
	    vma->vm_end - vma->vm_start != length)
		return -EINVAL;
	ret = remap_vmalloc_range(vma, ring, 0);
	if (ret)
		return ret;
	vma->vm_private_data = ring;
	vma->vm_ops = &ring_vm_ops;
	return 0;
}

static int queue_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct evcore_queue *q = file->private_data;

	return q->face->mmap(q, vma);
}

static void queue_show_fdinfo(struct seq_file *m, struct file *file)
{
	evcore_show_fdinfo(file->private_data, m);
}

const struct file_operations evcore_queue_fops = {
	.owner		= THIS_MODULE,
	.release	= queue_release,
	.poll		= queue_poll,
	.mmap		= queue_mmap,
	.show_fdinfo	= queue_show_fdinfo,
	.llseek		= noop_llseek,
};

/**
 * evcore_queue_file - make the file that stands for a queue
 * @q: the queue; on success its first reference belongs to the file
 * @flags: O_NONBLOCK, O_CLOEXEC
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *evcore_queue_file(struct evcore_queue *q, unsigned int flags)
{
	char name[16];

	snprintf(name, sizeof(name), "[%s]", q->face->name);
	return anon_inode_getfile(name, &evcore_queue_fops, q, O_RDWR | flags);
}
