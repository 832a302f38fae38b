// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that stands for a queue: release, poll, mapping the ring, fdinfo.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

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

/* Are there events? *@recheck: are there conditions that must be polled to tell? */
static bool poll_ready(struct evcore_queue *q, bool *recheck)
{
	unsigned long flags;
	bool ready;

	raw_spin_lock_irqsave(&q->lock, flags);
	WRITE_ONCE(q->sleepers, q->sleepers | EVCORE_POLLED);
	/* Pairs with the barrier of a post: enqueued before the look at the ring. */
	smp_mb();
	ready = evcore_ready(q, 1);
	*recheck = !list_empty(&q->recheck) || !llist_empty(&q->recheck_level) ||
		   q->rechecking;
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return ready;
}

/*
 * Where only conditions that have to be polled again could make it readable, they are,
 * as far as that cannot lead back here, see evcore_recheck_test(). Never waits for the mutex,
 * because this may run under the mutexes of queues and epoll sets that watch this queue.
 * With the mutex taken the answer is yes. That promises no more than that evcore_wait()
 * with a minimum of 0 will find out.
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
