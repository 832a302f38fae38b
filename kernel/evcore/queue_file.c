// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that stands for a queue: release, poll, mapping the ring, fdinfo.
 *
 * Floor 12, see Makefile: calls lookup.c, mark.c, alloc.c, state.c, recheck.c, source.c and
 * fdinfo.c; called by the faces.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/*
 * Remove the sources whose file was released while an event of theirs waited in overflow. No
 * others are left in overflow, because evcore_del() has taken them off.
 */
static void reap_orphans(struct evcore_queue *q)
{
	struct evcore_source *s;
	unsigned int n;

	while (!list_empty(&q->overflow)) {
		raw_spin_lock_irq(&q->lock);
		for (n = 0; n < EVCORE_DRAIN_MAX && !list_empty(&q->overflow); n++) {
			/* Every node is a source: records were dropped with their sources. */
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
 * Removal path B. A source whose file is being released at the same time stays until that
 * release removes it, which then finds the queue dead.
 */
static int queue_release(struct inode *inode, struct file *file)
{
	struct evcore_queue *q = file->private_data;

	mutex_lock(&q->mutex);
	q->dead = true;
	evcore_lookup_free(q, release_one);
	reap_orphans(q);
	mutex_unlock(&q->mutex);
	evcore_put_removed_marks(q);
	evcore_queue_put_sleepable(q);
	return 0;
}

/* Are there events? Sets *@recheck if conditions would have to be polled to find out. */
static bool poll_ready(struct evcore_queue *q, bool *recheck)
{
	u32 polled = EVCORE_POLLED | EVCORE_POLLED_AGAIN;
	unsigned long flags;
	bool own, ready;

	raw_spin_lock_irqsave(&q->lock, flags);
	/*
	 * A task that polls conditions again may get here, through an epoll set that has this
	 * queue in it. If what it finds there woke that set again, there would be no end to it.
	 */
	own = q->rechecking == current;
	WRITE_ONCE(q->sleepers, q->sleepers | (own ? EVCORE_POLLED : polled));
	/*
	 * Enqueue before reading the ring. Pairs with the full barrier of a post between
	 * publishing the record and reading ->sleepers.
	 */
	smp_mb();
	ready = evcore_ready(q, 1);
	/* What this task polls itself is not a reason to say that the queue is readable. */
	*recheck = !list_empty(&q->recheck) || !llist_empty(&q->recheck_level) ||
		   (q->rechecking && !own);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ready;
}

/*
 * If there are no events, but there are conditions to be polled again, this polls them as far
 * as that cannot lead back to this queue, see evcore_recheck_test().
 *
 * This must not wait for queue->mutex, because the mutexes of queues and epoll sets that watch
 * this queue may be held. If another task holds queue->mutex, the queue is reported readable.
 * That promises only that evcore_wait() with a minimum of 0 finds out whether it is.
 */
static __poll_t queue_poll(struct file *file, poll_table *wait)
{
	struct evcore_queue *q = file->private_data;
	bool readable, recheck;

	poll_wait(file, &q->poll_wait, wait);
	readable = poll_ready(q, &recheck);
	if (!readable && recheck) {
		readable = !mutex_trylock(&q->mutex);
		if (!readable) {
			readable = evcore_recheck_test(q);
			mutex_unlock(&q->mutex);
		}
	}
	return readable ? EPOLLIN | EPOLLRDNORM : 0;
}

/*
 * The program accesses a page of the ring that it has given up with MADV_DONTNEED. It gets the
 * same page again, because the kernel still writes to it.
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
 * evcore_map_ring - map a ring into the address space of the program
 * @vma: the mapping, of the queue's file, to which it holds a reference
 * @ring: vmalloc memory with VM_USERMAP, which lives as long as the queue
 * @length: size of the ring in bytes
 *
 * Return: 0; -EINVAL for a mapping that is not shared, or not of the whole ring; -ENOMEM.
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
 * evcore_queue_file - create the file that stands for a queue
 * @q: the queue; on success the file takes over the caller's reference
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
