// SPDX-License-Identifier: GPL-2.0-only
/*
 * futex: a wake-up of an address, delivered as an event. The source waits in the
 * futex hash as a sleeping thread would, with a wake handler of its own in place
 * of a task, and is woken, counted and requeued as one.
 *
 * Once woken it is in no hash any more, so there is nothing but oneshot: arming it
 * again, which is a modify, compares the value again. A value that is not the one
 * expected is an event at once.
 *
 * A waiter belongs to an address space. It goes with it, at exec and exit, see
 * evcore_exit_mm(); until then the structure is pinned, for a private futex is
 * known by that pointer, which must not become another's.
 *
 * Locks: bucket->lock below is innermost and taken in process context only. The
 * wake handler runs under the lock of a futex hash bucket.
 */
#include <linux/evcore_mm.h>
#include <linux/hash.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../futex/futex.h"
#include "sources.h"

#define FUTEX_MM_BITS	7

/* The waiters of an address space; there while it has any. */
struct futex_mm {
	struct hlist_node	node;		/* in its bucket */
	struct mm_struct	*mm;		/* pinned by each waiter */
	struct list_head	waiters;
};

static struct futex_mm_bucket {
	spinlock_t		lock;		/* the list, and those of its entries */
	struct hlist_head	mms;
} futex_mms[1 << FUTEX_MM_BITS] = {
	[0 ... (1 << FUTEX_MM_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(futex_mms.lock),
	},
};

struct futex_source {
	struct evcore_valued	valued;
	struct futex_q		q;
	struct mm_struct	*mm;		/* pinned; NULL: waits no more */
	struct list_head	node;		/* in its futex_mm */
	u32 __user		*addr;
	u32			value;		/* expected at addr */
	u32			mask;
	u32			flags;		/* FLAGS_* of kernel/futex */
	u32			happened;	/* EVCORE_WOKEN ..., since it was armed */
	bool			queued;		/* was put into the futex hash */
};

static struct futex_source *to_futex(struct evcore_source *s)
{
	return container_of(s, struct futex_source, valued.source);
}

static struct futex_mm_bucket *mm_bucket(const struct mm_struct *mm)
{
	return &futex_mms[hash_ptr(mm, FUTEX_MM_BITS)];
}

static struct futex_mm *find_mm(const struct futex_mm_bucket *bucket,
				const struct mm_struct *mm)
{
	struct futex_mm *fm;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(fm, &bucket->mms, node)
		if (fm->mm == mm)
			return fm;
	return NULL;
}

/* The source waits on behalf of the caller's address space. */
static int join_waiters(struct futex_source *fs)
{
	struct mm_struct *mm = current->mm;
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct futex_mm *fm, *new = NULL;

	for (;;) {
		spin_lock(&bucket->lock);
		fm = find_mm(bucket, mm);
		if (!fm && new) {
			fm = new;
			new = NULL;
			hlist_add_head(&fm->node, &bucket->mms);
		}
		if (fm)
			list_add_tail(&fs->node, &fm->waiters);
		spin_unlock(&bucket->lock);
		if (fm)
			break;
		new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		new->mm = mm;
		INIT_LIST_HEAD(&new->waiters);
	}
	kfree(new);
	mmgrab(mm);
	fs->mm = mm;
	return 0;
}

static void leave_waiters(struct futex_source *fs)
{
	struct futex_mm_bucket *bucket = mm_bucket(fs->mm);
	struct futex_mm *fm;

	spin_lock(&bucket->lock);
	fm = find_mm(bucket, fs->mm);
	list_del(&fs->node);
	if (list_empty(&fm->waiters))
		hlist_del(&fm->node);
	else
		fm = NULL;
	spin_unlock(&bucket->lock);
	kfree(fm);
	mmdrop(fs->mm);
	fs->mm = NULL;
}

/* Called by whoever wakes, with the lock of the hash bucket held. */
static void futex_woken(struct wake_q_head *wake_q, struct futex_q *q)
{
	struct futex_source *fs = container_of(q, struct futex_source, q);

	WRITE_ONCE(fs->happened, EVCORE_WOKEN);
	evcore_post(&fs->valued.source, EVCORE_WOKEN, 0, 0);
	/*
	 * The last access: it tells futex_unqueue(), which then does not wait for
	 * the lock, that the source may be freed.
	 */
	__futex_wake_mark(q);
}

/* Check and keep the arguments: address, value, mask, FUTEX2_* flags. */
static int futex_args(struct futex_source *fs, const struct evcore_request *req)
{
	unsigned int flags;

	if (req->args[3] & ~(u64)FUTEX2_VALID_MASK)
		return -EINVAL;
	flags = futex2_to_flags(req->args[3]);
	if (!futex_flags_valid(flags) || !futex_validate_input(flags, req->args[1]) ||
	    !futex_validate_input(flags, req->args[2]) || !req->args[2])
		return -EINVAL;
	if (req->args[0] != (unsigned long)req->args[0] ||
	    !IS_ALIGNED(req->args[0], futex_size(flags)))
		return -EINVAL;
	fs->addr = u64_to_user_ptr(req->args[0]);
	fs->value = req->args[1];
	fs->mask = req->args[2];
	fs->flags = flags;
	return 0;
}

/* Wait no more; what was posted stays posted. */
static void futex_stop(struct futex_source *fs)
{
	if (fs->queued)
		futex_unqueue(&fs->q);
	fs->queued = false;
	if (fs->mm)
		leave_waiters(fs);
}

/* Compare and wait. 0 with ->happened set if the value is not the expected one. */
static int futex_start(struct futex_source *fs)
{
	struct futex_hash_bucket *hb;
	int ret = join_waiters(fs);

	if (ret)
		return ret;
	fs->q = futex_q_init;
	fs->q.bitset = fs->mask;
	fs->q.wake = futex_woken;
	fs->happened = 0;
	ret = futex_wait_setup(fs->addr, fs->value, fs->flags, &fs->q, &hb);
	if (!ret) {
		fs->queued = true;
		__acquire(&hb->lock);	/* by futex_wait_setup() */
		futex_queue(&fs->q, hb, NULL);
		return 0;
	}
	futex_stop(fs);
	if (ret != -EWOULDBLOCK)
		return ret;
	fs->happened = EVCORE_CHANGED;
	return 0;
}

static int futex_attach(struct evcore_source *s, struct evcore_request *req,
			u32 *ready)
{
	struct futex_source *fs = to_futex(s);
	int ret = futex_args(fs, req);

	if (ret)
		return ret;
	ret = futex_start(fs);
	/* A wake-up that has come already was posted. */
	*ready = READ_ONCE(fs->happened) & EVCORE_CHANGED;
	return ret;
}

static void futex_detach(struct evcore_source *s)
{
	futex_stop(to_futex(s));
}

static int futex_modify(struct evcore_source *s, struct evcore_request *req)
{
	struct futex_source new;
	u32 value;
	int ret = futex_args(&new, req);

	if (ret)
		return ret;
	if (get_user(value, new.addr))
		return -EFAULT;
	futex_stop(to_futex(s));
	return 0;
}

static void futex_modified(struct evcore_source *s, struct evcore_request *req)
{
	struct futex_source *fs = to_futex(s);

	futex_args(fs, req);
	/* Whatever went wrong since it was checked: it has to be looked at. */
	if (futex_start(fs))
		fs->happened = EVCORE_CHANGED;
}

static u32 futex_check(struct evcore_source *s)
{
	return READ_ONCE(to_futex(s)->happened);
}

static void futex_describe(struct evcore_source *s, struct seq_file *m)
{
	const struct futex_source *fs = to_futex(s);

	seq_printf(m, " address:%lx value:%x mask:%x", (unsigned long)fs->addr,
		   fs->value, fs->mask);
}

/* The queue of an address space's first waiter, referenced; NULL: none. */
static struct evcore_queue *first_queue(struct mm_struct *mm)
{
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct evcore_queue *q = NULL;
	struct futex_mm *fm;

	spin_lock(&bucket->lock);
	fm = find_mm(bucket, mm);
	if (fm) {
		q = list_first_entry(&fm->waiters, struct futex_source, node)->valued.source.queue;
		kref_get(&q->kref);	/* the source holds one */
	}
	spin_unlock(&bucket->lock);
	return q;
}

/* The first waiter of @mm if it is @q's, whose mutex keeps it. */
static struct futex_source *first_waiter(struct evcore_queue *q, struct mm_struct *mm)
{
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct futex_source *fs = NULL;
	struct futex_mm *fm;

	lockdep_assert_held(&q->mutex);
	spin_lock(&bucket->lock);
	fm = find_mm(bucket, mm);
	if (fm) {
		fs = list_first_entry(&fm->waiters, struct futex_source, node);
		if (fs->valued.source.queue != q)
			fs = NULL;
	}
	spin_unlock(&bucket->lock);
	return fs;
}

/**
 * evcore_exit_mm - remove the waiters of an address space
 * @mm: going, nobody uses it any more
 *
 * Those that were woken already are left, with their event, to whoever has the
 * queue: they wait no more.
 *
 * Context: process context, may sleep. Takes the mutex of each queue concerned.
 */
void evcore_exit_mm(struct mm_struct *mm)
{
	struct futex_source *fs;
	struct evcore_queue *q;

	/* Those that could have added one are gone, and this is later than they. */
	if (hlist_empty(&mm_bucket(mm)->mms))
		return;
	while ((q = first_queue(mm))) {
		mutex_lock(&q->mutex);
		while ((fs = first_waiter(q, mm))) {
			if (READ_ONCE(fs->happened))
				futex_stop(fs);
			else
				evcore_del(&fs->valued.source);
		}
		mutex_unlock(&q->mutex);
		evcore_queue_put_sleepable(q);
	}
}

const struct evcore_source_ops evcore_futex_ops = {
	.name		= "evcore_futex",
	.type		= EVCORE_FUTEX,
	.size		= sizeof(struct futex_source),
	.required	= EVCORE_ONESHOT,
	.all_events	= EVCORE_WOKEN | EVCORE_CHANGED,
	.default_events	= EVCORE_WOKEN | EVCORE_CHANGED,
	.nr_args	= 4,
	.attach		= futex_attach,
	.detach		= futex_detach,
	.modify		= futex_modify,
	.modified	= futex_modified,
	.check		= futex_check,
	.describe	= futex_describe,
};
