// SPDX-License-Identifier: GPL-2.0-only
/*
 * futex: a wake-up of an address, delivered as an event. The source has a waiter in the
 * futex hash, like a sleeping thread, but with its own wake handler in place of a task. The
 * futex code wakes, counts and requeues it like any other waiter.
 *
 * A waiter that was woken is no longer in the hash, so all sources are oneshot. A modify
 * arms the source again, and compares the value again. If the value is not the expected one,
 * that is an event at once.
 *
 * A wake-up that one waiter got is not given to another, so it must not be lost: removing
 * a source that was woken reports that to the caller; modifying a source whose event was
 * not taken posts the event again; a waiter that no source adopts passes its wake-up on.
 *
 * PREPARING
 *
 * Comparing the value reads user memory, which may wait for user space without end. So the
 * waiter is allocated and put into the hash before queue->mutex is taken. The source adopts
 * it with queue->mutex held. ->state tells the wake handler whether that has happened:
 *
 *   UNADOPTED -> ADOPTED	the waiter has a source; the handler posts
 *   UNADOPTED -> WOKEN		the source finds this when it tries to adopt the waiter
 *   ADOPTED -> WOKEN		the event was posted or will be: see DEFERRED POSTING
 *
 * DEFERRED POSTING
 *
 * The wake handler is called for each waiter of an address in turn, with the lock of a futex
 * hash bucket held. A thread is only put on a list there, and woken afterwards. Posting
 * takes longer, so if there are many wake-ups at once, the handler posts the first ones and
 * leaves the rest to a work item. Each address space has its own list of these, so that one
 * does not delay the others. While the list is not empty, all further wake-ups are added to
 * it, which keeps them in order.
 *
 * ADDRESS SPACES
 *
 * A waiter belongs to an address space and is removed with it, at exec and exit: see
 * evcore_exit_mm(). Until then it pins the mm_struct. A private futex is identified by the
 * pointer to it, so this memory must not be reused for another address space.
 *
 * LOCKS
 *
 * All are taken in process context only. futex_mm_bucket.lock is innermost. futex_mm.lock is
 * inside the lock of a futex hash bucket, and posting runs with it held.
 */
#include <linux/evcore/mm.h>
#include <linux/hash.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "../../futex/futex.h"
#include "deferred.h"
#include "sources.h"

#define FUTEX_MM_BITS	7

/**
 * struct futex_mm - the waiters of an address space
 * @node: in its bucket while @waiters is not empty
 * @mm: the address space, pinned by each waiter
 * @waiters: all waiters (bucket->lock)
 * @refs: one reference of each waiter, and one of @work while it is queued
 * @lock: see the head of this file
 * @deferred: waiters whose wake-up is left to @work
 * @unposted: those that @work has taken from @deferred, and not posted yet (@lock)
 * @work: posts the wake-ups
 */
struct futex_mm {
	struct hlist_node	node;
	struct mm_struct	*mm;
	struct list_head	waiters;
	refcount_t		refs;
	spinlock_t		lock;	/* see above */
	struct evcore_deferred	deferred;
	struct list_head	unposted;
	struct work_struct	work;
};

static struct futex_mm_bucket {
	spinlock_t		lock;		/* @mms, and ->waiters of its entries */
	struct hlist_head	mms;
} futex_mms[1 << FUTEX_MM_BITS] = {
	[0 ... (1 << FUTEX_MM_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(futex_mms.lock),
	},
};

enum waiter_state { UNADOPTED, ADOPTED, WOKEN, CHANGED };

/**
 * struct futex_waiter - an entry of the futex hash
 * @q: the part that the futex code knows
 * @state: see the head of this file; CHANGED: the value was not the expected one, and the
 *         waiter was never in the hash
 * @source: the source that has adopted it
 * @fm: its address space, NULL until it has joined one
 * @node: in fm->waiters
 * @deferred: in fm->deferred
 * @unposted: in fm->unposted
 * @user: the user who is charged for it
 * @addr: the address at which it waits
 * @value: the value expected there
 * @mask: the mask that a wake-up must match
 * @flags: FLAGS_* of kernel/futex
 * @queued: it was put into the hash, so futex_unqueue() must be called
 */
struct futex_waiter {
	struct futex_q		q;
	enum waiter_state	state;
	struct futex_source	*source;
	struct futex_mm		*fm;
	struct list_head	node;
	struct llist_node	deferred;
	struct list_head	unposted;
	struct user_struct	*user;
	u32 __user		*addr;
	u32			value;
	u32			mask;
	u32			flags;
	bool			queued;
};

/**
 * struct futex_source - a registration
 * @valued: the core's part
 * @waiter: the waiter that it has adopted; NULL after detaching, and after a modify that
 *          reported an earlier wake-up again (queue->mutex)
 * @woken: it has had a wake-up that is to be reported again; after detaching, any
 *         wake-up (queue->mutex)
 */
struct futex_source {
	struct evcore_valued	valued;
	struct futex_waiter	*waiter;
	bool			woken;
};

static struct futex_source *to_futex(struct evcore_source *s)
{
	return container_of(s, struct futex_source, valued.source);
}

static struct futex_mm_bucket *mm_bucket(const struct mm_struct *mm)
{
	return &futex_mms[hash_ptr(mm, FUTEX_MM_BITS)];
}

static void put_futex_mm(struct futex_mm *fm)
{
	if (refcount_dec_and_test(&fm->refs))
		kfree(fm);
}

/* --- posting --- */

static void post_woken(struct futex_waiter *w)
{
	evcore_post(&w->source->valued.source, EVCORE_WOKEN, 0, 0);
}

/* Move the waiters from fm->deferred to fm->unposted; false if there are none. */
static bool take_deferred(struct futex_mm *fm)
{
	struct llist_node *node = evcore_deferred_take(&fm->deferred);
	struct futex_waiter *w, *next;

	lockdep_assert_held(&fm->lock);
	llist_for_each_entry_safe(w, next, node, deferred)
		list_add_tail(&w->unposted, &fm->unposted);
	return node;
}

static void post_deferred(struct work_struct *work)
{
	struct futex_mm *fm = container_of(work, struct futex_mm, work);
	struct futex_waiter *w;

	do {
		spin_lock(&fm->lock);
		w = list_first_entry_or_null(&fm->unposted, struct futex_waiter, unposted);
		if (!w && take_deferred(fm))
			w = list_first_entry(&fm->unposted, struct futex_waiter, unposted);
		if (w) {
			list_del_init(&w->unposted);
			post_woken(w);
		}
		spin_unlock(&fm->lock);
		cond_resched();
	} while (w);
	put_futex_mm(fm);
}

static void defer_post(struct futex_waiter *w)
{
	struct futex_mm *fm = w->fm;

	if (!evcore_defer_post(&fm->deferred, &w->deferred))
		return;
	refcount_inc(&fm->refs);
	if (!queue_work(system_dfl_wq, &fm->work))
		put_futex_mm(fm);
}

/* The wake handler. The lock of the hash bucket is held. */
static void futex_woken(struct wake_q_head *wake_q, struct futex_q *q)
{
	struct futex_waiter *w = container_of(q, struct futex_waiter, q);
	u64 now;

	/* A full barrier: pairs with the one in adopt(). */
	if (xchg(&w->state, WOKEN) == ADOPTED) {
		if (evcore_may_post_now(&w->fm->deferred, &now)) {
			post_woken(w);
			evcore_posted_now(now);
		} else {
			defer_post(w);
		}
	}
	/*
	 * This must be the last access: from now on futex_unqueue() returns without taking
	 * the lock, after which the waiter may be freed.
	 */
	__futex_wake_mark(q);
}

/* --- waiters --- */

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

static struct futex_mm *alloc_mm(struct mm_struct *mm)
{
	struct futex_mm *fm = kmalloc(sizeof(*fm), GFP_KERNEL_ACCOUNT);

	if (!fm)
		return NULL;
	fm->mm = mm;
	INIT_LIST_HEAD(&fm->waiters);
	refcount_set(&fm->refs, 1);
	spin_lock_init(&fm->lock);
	evcore_deferred_init(&fm->deferred);
	INIT_LIST_HEAD(&fm->unposted);
	INIT_WORK(&fm->work, post_deferred);
	return fm;
}

/* Add a waiter to those of the caller's address space. */
static int join_waiters(struct futex_waiter *w)
{
	struct mm_struct *mm = current->mm;
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct futex_mm *fm, *new = NULL;

	for (;;) {
		spin_lock(&bucket->lock);
		fm = find_mm(bucket, mm);
		if (fm) {
			refcount_inc(&fm->refs);
		} else if (new) {
			fm = new;
			new = NULL;
			hlist_add_head(&fm->node, &bucket->mms);
		}
		if (fm)
			list_add_tail(&w->node, &fm->waiters);
		spin_unlock(&bucket->lock);
		if (fm)
			break;
		new = alloc_mm(mm);
		if (!new)
			return -ENOMEM;
	}
	kfree(new);
	mmgrab(mm);
	w->fm = fm;
	return 0;
}

/* Take a waiter out of the hash and out of its address space. Events that it posted stay. */
static void stop_waiter(struct futex_waiter *w)
{
	struct futex_mm *fm = w->fm;
	struct futex_mm_bucket *bucket;

	if (w->queued)
		futex_unqueue(&w->q);
	w->queued = false;
	if (list_empty(&w->node))
		return;
	bucket = mm_bucket(fm->mm);
	spin_lock(&bucket->lock);
	list_del_init(&w->node);
	if (list_empty(&fm->waiters))
		hlist_del(&fm->node);
	spin_unlock(&bucket->lock);
	mmdrop(fm->mm);
}

/* Cancel the posting of a stopped waiter's wake-up; true if it was still to be posted. */
static bool cancel_deferred(struct futex_waiter *w)
{
	struct futex_mm *fm = w->fm;
	bool unposted;

	spin_lock(&fm->lock);
	if (list_empty(&w->unposted) && !llist_empty(&fm->deferred.inbox))
		take_deferred(fm);
	unposted = !list_empty(&w->unposted);
	list_del_init(&w->unposted);
	spin_unlock(&fm->lock);
	return unposted;
}

static void free_waiter(struct futex_waiter *w)
{
	if (w->fm)
		put_futex_mm(w->fm);
	atomic_long_dec(&w->user->evcore_futexes);
	free_uid(w->user);
	kfree(w);
}

/* A user can have as many waiters as RLIMIT_NPROC allows threads that could wait. */
static struct futex_waiter *alloc_waiter(void)
{
	struct user_struct *user = current_user();
	struct futex_waiter *w;

	if (atomic_long_inc_return(&user->evcore_futexes) > rlimit(RLIMIT_NPROC)) {
		atomic_long_dec(&user->evcore_futexes);
		return ERR_PTR(-ENOSPC);
	}
	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w) {
		atomic_long_dec(&user->evcore_futexes);
		return ERR_PTR(-ENOMEM);
	}
	w->user = get_uid(user);
	INIT_LIST_HEAD(&w->node);
	INIT_LIST_HEAD(&w->unposted);
	return w;
}

/* Check and keep the arguments: address, value, mask, FUTEX2_* flags. */
static int futex_args(struct futex_waiter *w, const struct evcore_request *req)
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
	w->addr = u64_to_user_ptr(req->args[0]);
	w->value = req->args[1];
	w->mask = req->args[2];
	w->flags = flags;
	return 0;
}

/* Compare the value and wait. Return: 0 with CHANGED if the value is not the expected one. */
static int start_waiter(struct futex_waiter *w)
{
	int ret = evcore_futex_hash(w->flags) ?: join_waiters(w);

	if (ret)
		return ret;
	w->q = futex_q_init;
	w->q.bitset = w->mask;
	w->q.wake = futex_woken;
	ret = evcore_futex_queue(w->addr, w->value, w->flags, &w->q);
	if (!ret) {
		w->queued = true;
		return 0;
	}
	stop_waiter(w);
	if (ret != -EWOULDBLOCK)
		return ret;
	w->state = CHANGED;
	return 0;
}

/* Runs without queue->mutex because it accesses user memory. */
static int futex_prepare(struct evcore_queue *q, struct evcore_request *req)
{
	struct futex_waiter *w = alloc_waiter();
	int ret;

	if (IS_ERR(w))
		return PTR_ERR(w);
	ret = futex_args(w, req) ?: start_waiter(w);
	if (ret)
		free_waiter(w);
	else
		req->prepared = w;
	return ret;
}

/* No source has adopted the waiter: pass on a wake-up that it has had. */
static void futex_finish(struct evcore_request *req)
{
	struct futex_waiter *w = req->prepared;

	stop_waiter(w);
	if (w->state == WOKEN)
		evcore_futex_wake(w->addr, w->flags, 1, w->mask);
	free_waiter(w);
}

/* --- sources --- */

static u32 bits_of(const struct futex_waiter *w)
{
	switch (READ_ONCE(w->state)) {
	case WOKEN:
		return EVCORE_WOKEN;
	case CHANGED:
		return EVCORE_CHANGED;
	default:
		return 0;
	}
}

/* From here on a wake-up is posted. Return: what happened before. */
static u32 adopt(struct futex_source *fs, struct evcore_request *req)
{
	struct futex_waiter *w = req->prepared;

	req->prepared = NULL;
	fs->waiter = w;
	w->source = fs;
	/* A full barrier: pairs with the one in futex_woken(). */
	return cmpxchg(&w->state, UNADOPTED, ADOPTED) == UNADOPTED ? 0 : bits_of(w);
}

/* Free the waiter. Return: what has happened; @unposted: its event was still to be posted. */
static u32 release_waiter(struct futex_source *fs, bool *unposted)
{
	struct futex_waiter *w = fs->waiter;
	u32 bits;

	*unposted = false;
	if (!w)
		return 0;
	stop_waiter(w);
	*unposted = cancel_deferred(w);
	bits = bits_of(w);
	fs->waiter = NULL;
	free_waiter(w);
	return bits;
}

static int futex_attach(struct evcore_source *s, struct evcore_request *req,
			u32 *ready)
{
	*ready = adopt(to_futex(s), req);
	return 0;
}

static void futex_detach(struct evcore_source *s)
{
	struct futex_source *fs = to_futex(s);
	bool unposted;

	fs->woken |= release_waiter(fs, &unposted) == EVCORE_WOKEN;
}

static bool futex_used(struct evcore_source *s)
{
	return to_futex(s)->woken;
}

/*
 * Withdraw the event of a wake-up; false if it was taken already. If it was perhaps taken, this
 * returns true, so that the wake-up is not lost. Reporting it twice does less harm.
 */
static bool withdraw(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	bool done = true;

	raw_spin_lock_irq(&q->lock);
	if (s->where == EVCORE_ON_OVERFLOW)
		evcore_unlink(s);
	else if (s->last_record && q->face->cancel && q->face->cancel(q, s) != EVCORE_TAKEN)
		s->last_record = 0;
	else
		done = false;
	raw_spin_unlock_irq(&q->lock);
	return done;
}

static int futex_modify(struct evcore_source *s, struct evcore_request *req)
{
	struct futex_source *fs = to_futex(s);
	bool unposted;
	u32 bits;

	bits = release_waiter(fs, &unposted);
	/* If the last modify reported a wake-up again, there is no waiter whose state says so. */
	if (fs->woken)
		bits = EVCORE_WOKEN;
	fs->woken = bits == EVCORE_WOKEN && (unposted || withdraw(s));
	return 0;
}

static void futex_modified(struct evcore_source *s, struct evcore_request *req)
{
	struct futex_source *fs = to_futex(s);

	/* If the wake-up is reported again, futex_finish() frees the new waiter. */
	if (!fs->woken)
		adopt(fs, req);
}

static u32 futex_check(struct evcore_source *s)
{
	struct futex_source *fs = to_futex(s);

	return fs->waiter ? bits_of(fs->waiter) : fs->woken ? EVCORE_WOKEN : 0;
}

/* The address, value and mask are shown only to tasks of that address space. */
static bool futex_may_see(struct evcore_source *s)
{
	const struct futex_waiter *w = to_futex(s)->waiter;

	return w && !list_empty(&w->node) && w->fm->mm == current->mm;
}

static void futex_describe(struct evcore_source *s, struct seq_file *m)
{
	const struct futex_waiter *w = to_futex(s)->waiter;

	if (futex_may_see(s))
		seq_printf(m, " address:%lx value:%x mask:%x", (unsigned long)w->addr,
			   w->value, w->mask);
}

/* The queue of the first waiter of an address space, referenced; NULL if there is none. */
static struct evcore_queue *first_queue(struct mm_struct *mm)
{
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct evcore_queue *q = NULL;
	struct futex_waiter *w;
	struct futex_mm *fm;

	spin_lock(&bucket->lock);
	fm = find_mm(bucket, mm);
	if (fm) {
		/* No task of it can be preparing a request, so each waiter has a source. */
		w = list_first_entry(&fm->waiters, struct futex_waiter, node);
		q = w->source->valued.source.queue;
		kref_get(&q->kref);	/* valid: the source has a reference too */
	}
	spin_unlock(&bucket->lock);
	return q;
}

/* The first waiter of @mm, or NULL if it is not @q's. queue->mutex keeps it. */
static struct futex_waiter *first_waiter(struct evcore_queue *q, struct mm_struct *mm)
{
	struct futex_mm_bucket *bucket = mm_bucket(mm);
	struct futex_waiter *w = NULL;
	struct futex_mm *fm;

	lockdep_assert_held(&q->mutex);
	spin_lock(&bucket->lock);
	fm = find_mm(bucket, mm);
	if (fm) {
		w = list_first_entry(&fm->waiters, struct futex_waiter, node);
		if (w->source->valued.source.queue != q)
			w = NULL;
	}
	spin_unlock(&bucket->lock);
	return w;
}

/**
 * evcore_exit_mm - remove the waiters of an address space
 * @mm: the address space, which no task uses any more
 *
 * A source whose waiter was woken already stays in the queue, with its event. All others
 * are removed.
 *
 * Context: process context, may sleep. Takes the mutex of each queue concerned.
 */
void evcore_exit_mm(struct mm_struct *mm)
{
	struct futex_waiter *w;
	struct evcore_queue *q;

	/* No task can add a waiter to this mm any more, so an empty bucket is conclusive. */
	if (hlist_empty(&mm_bucket(mm)->mms))
		return;
	while ((q = first_queue(mm))) {
		mutex_lock(&q->mutex);
		while ((w = first_waiter(q, mm))) {
			if (bits_of(w))
				stop_waiter(w);
			else
				evcore_del(&w->source->valued.source);
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
	.event_names	= EVCORE_NAMES("woken", "changed"),
	.default_events	= EVCORE_WOKEN | EVCORE_CHANGED,
	.prepare	= futex_prepare,
	.finish		= futex_finish,
	.nr_args	= 4,
	.attach		= futex_attach,
	.detach		= futex_detach,
	.used		= futex_used,
	.modify		= futex_modify,
	.modified	= futex_modified,
	.check		= futex_check,
	.may_see	= futex_may_see,
	.describe	= futex_describe,
};
