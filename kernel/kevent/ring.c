// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kevent ring has one ordered index instead of a state word in each slot. So placing an
 * entry takes queue->lock, and bits cannot be merged into an entry, because the program may be
 * copying it: a source that is ready again takes a new entry, as in 2006.
 *
 * The program can write every byte of the ring. The kernel reads entries back only to copy
 * them to the program, to skip those that were withdrawn, and to find those to withdraw. A
 * program that changes them harms nobody but itself.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <trace/events/evcore.h>

#include "queue.h"
#include "types.h"

/**
 * kevent_encode - encode an event as the program sees it
 * @s: its source
 * @r: the event
 * @uk: result, all 40 bytes
 *
 * Context: any.
 */
void kevent_encode(const struct evcore_source *s, const struct evcore_record *r,
		   struct ukevent *uk)
{
	const struct kevent_type *t = &kevent_types[s->type];

	memset(uk, 0, sizeof(*uk));
	uk->type = s->type;
	if (evcore_ops_of(s)->by_fd)
		uk->id.raw[0] = (u32)s->id;
	else
		uk->id.raw_u64 = s->id;
	uk->event = r->events;
	uk->req_flags = READ_ONCE(s->flags) >> KEVENT_FLAGS_SHIFT;
	if (r->made_ready)
		uk->req_flags |= KEVENT_REQ_READY;
	uk->ret_flags = KEVENT_RET_DONE;
	memcpy(uk->user, &s->data, sizeof(uk->user));
	if (r->own_id) {
		memcpy(uk->user, &r->extra[0], sizeof(uk->user));
		uk->id.raw_u64 = r->extra[1];
	}
	if (t->encode)
		t->encode(r, uk);
	else
		kevent_set_ret_data(uk, t, r->events, r->value);
}

/* Is there a free entry? A queue without a ring has none; queue->lock is held. */
static bool has_room(const struct kevent_queue *k)
{
	return k->tail - k->committed != k->num;
}

/* Hand over the entry at the kernel's index, which is filled in; queue->lock is held. */
static void publish(struct kevent_queue *k, struct evcore_source *s)
{
	u32 next = k->kidx + 1;

	k->kidx = next == k->num ? 0 : next;
	WRITE_ONCE(s->last_record, k->tail + 1);
	/* Pairs with the acquire load in kevent_ring_take(). */
	smp_store_release(&k->tail, k->tail + 1);
	/* Pairs with the acquire load of the program that reads the index. */
	smp_store_release(&k->ring->ring_kidx, k->kidx);
}

static bool kevent_put(struct evcore_queue *q, struct evcore_source *s,
		       const struct evcore_record *r)
{
	struct kevent_queue *k = to_kevent(q);
	struct ukevent uk;

	if (!has_room(k))
		return false;
	kevent_encode(s, r, &uk);
	memcpy(&k->ring->event[k->kidx], &uk, sizeof(uk));
	publish(k, s);
	return true;
}

/* Place an entry for a KEVENT_POLL request; there is a free one, and queue->lock is held. */
static __always_inline void put_bits(struct kevent_queue *k, struct evcore_source *s, u32 events)
{
	kevent_fill_poll_entry(&k->ring->event[k->kidx], s, events);
	publish(k, s);
}

static __always_inline bool put_if_room(struct evcore_queue *q, struct evcore_source *s,
					u32 events)
{
	struct kevent_queue *k = to_kevent(q);

	if (!has_room(k))
		return false;
	put_bits(k, s, events);
	return true;
}

static bool kevent_put_bits(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	return put_if_room(q, s, events);
}

/* An entry does not say whether its event overflowed, so draining uses the ordinary put. */
static unsigned int kevent_drain(struct evcore_queue *q, unsigned int most)
{
	return evcore_drain_fast(q, most, put_if_room);
}

/*
 * A file has become ready that a KEVENT_POLL request without a mode of EVCORE_SLOW watches.
 * This is the part of evcore_post_slow() that such a request needs. A waiter enqueues itself
 * and reads the ring with queue->lock held, so no barrier is needed before sleepers is read.
 *
 * Called with the lock of the wait queue head held and interrupts disabled.
 */
static int kevent_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	struct kevent_queue *k = to_kevent(s->queue);
	u32 events = evcore_fast_events(s, key);
	struct evcore_queue *q = &k->queue;

	if (unlikely(!events))
		return evcore_fd_wake(wait, mode, sync, key);
	lockdep_assert_irqs_disabled();
	raw_spin_lock(&q->lock);
	if (unlikely(!has_room(k))) {
		if (!trace_evcore_overflow_enabled() && evcore_overflow_fast(s, events))
			goto wake;
		goto slow;
	}
	if (unlikely(q->nr_overflow || s->muted))
		goto slow;
	put_bits(k, s, events);
	trace_evcore_post(q, s->type, s->id, events);
wake:
	if (unlikely(q->sleepers))
		evcore_wake_locked(q, false);
	raw_spin_unlock(&q->lock);
	return 1;
slow:
	raw_spin_unlock(&q->lock);
	evcore_post_slow(s, events, 0, 0);
	return 1;
}

static bool kevent_taken(struct evcore_queue *q, struct evcore_source *s)
{
	struct kevent_queue *k = to_kevent(q);

	return !k->ring || READ_ONCE(s->last_record) <= k->committed;
}

/* The entry of event number @pos, which is not committed; queue->lock is held. */
static struct ukevent *entry_of(struct kevent_queue *k, u64 pos)
{
	u32 idx = k->uidx + (u32)(pos - k->committed);

	return &k->ring->event[idx >= k->num ? idx - k->num : idx];
}

static bool is_entry_of(const struct ukevent *uk, const struct evcore_source *s, u64 data)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	if (READ_ONCE(uk->type) != s->type || READ_ONCE(uk->ret_flags) & KEVENT_RET_BROKEN)
		return false;
	/* The queue has one source of the type, and its events have ids of their own. */
	if (ops->single)
		return true;
	return READ_ONCE(uk->id.raw_u64) == (ops->by_fd ? (u32)s->id : s->id) &&
	       !memcmp(uk->user, &data, sizeof(uk->user));
}

/*
 * Mark an entry as withdrawn. It keeps its place, so a program that reads the ring itself
 * must test ret_flags. Id and cookie stay, because the program may be reading the entry now.
 * Called with queue->lock held.
 */
static void withdraw_entry(struct kevent_queue *k, struct ukevent *uk)
{
	WRITE_ONCE(uk->ret_flags, KEVENT_RET_DONE | KEVENT_RET_BROKEN);
	WRITE_ONCE(uk->event, 0);
	WRITE_ONCE(uk->ret_data[0], 0);
	WRITE_ONCE(uk->ret_data[1], -ECANCELED);
	/*
	 * After the entry: pairs with the acquire load in kevent_ring_take(). A copy that has
	 * the old entry was begun with the old count, so its commit fails.
	 */
	smp_store_release(&k->withdrawn, k->withdrawn + 1);
}

/*
 * Which request an entry belongs to is read from the entry, and the program can change that.
 * All it can achieve is that another of its own events is withdrawn.
 */
static bool kevent_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data)
{
	struct kevent_queue *k = to_kevent(q);
	u64 pos = 0, end = READ_ONCE(k->tail);
	/* One more than the position of the last record. */
	u64 last = READ_ONCE(s->last_record);
	bool taken = false;
	unsigned int n;

	if (!k->ring)
		return false;
	do {
		raw_spin_lock_irq(&q->lock);
		/* Was the last record committed before this got there? */
		taken |= pos < last && last <= k->committed;
		pos = max(pos, k->committed);
		for (n = 0; n < EVCORE_DRAIN_MAX && pos < end; n++, pos++)
			if (is_entry_of(entry_of(k, pos), s, data))
				withdraw_entry(k, entry_of(k, pos));
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (pos < end);
	return taken;
}

static unsigned int kevent_ready(struct evcore_queue *q, unsigned int limit)
{
	struct kevent_queue *k = to_kevent(q);

	return k->tail - k->committed;
}

static u64 kevent_nr_posted(struct evcore_queue *q)
{
	return READ_ONCE(to_kevent(q)->tail);
}

/* Records are placed with queue->lock held, so every record in the ring is published. */
static bool kevent_all_published(struct evcore_queue *q)
{
	return true;
}

/* Every post takes queue->lock, so there is nothing to switch. */
static void kevent_set_lockless(struct evcore_queue *q, bool on)
{
}

/* The ring of 2006 has no flag for it. kevent_wait() and kevent_commit() drain overflow. */
static void kevent_set_need_call(struct evcore_queue *q, bool on)
{
}

static int kevent_mmap(struct evcore_queue *q, struct vm_area_struct *vma)
{
	struct kevent_queue *k = to_kevent(q);

	return evcore_map_ring(vma, k->ring, k->map_length);
}

static void kevent_free(struct evcore_queue *q)
{
	struct kevent_queue *k = to_kevent(q);

	if (k->pages) {
		vunmap((void *)((unsigned long)k->ring & PAGE_MASK));
		unpin_user_pages_dirty_lock(k->pages, k->nr_pages, true);
		kvfree(k->pages);
	} else {
		vfree(k->ring);
	}
	kfree(k);
}

const struct evcore_face kevent_face = {
	.name	= "kevent",
	.sigev	= SIGEV_KEVENT,
	.post	= evcore_post_slow,
	.wake	= kevent_wake,
	.put	= kevent_put,
	.put_bits = kevent_put_bits,
	.drain	= kevent_drain,
	.taken	= kevent_taken,
	.withdraw = kevent_withdraw,
	.ready	= kevent_ready,
	.nr_posted = kevent_nr_posted,
	.all_published = kevent_all_published,
	.set_lockless = kevent_set_lockless,
	.set_need_call = kevent_set_need_call,
	.mmap	= kevent_mmap,
	.free	= kevent_free,
};

/**
 * kevent_ring_alloc - allocate a ring in kernel memory, for the program to map
 * @k: the queue; kevent_free() undoes this
 * @num: number of entries
 *
 * Return: 0, or -ENOMEM, also over RLIMIT_MEMLOCK.
 */
int kevent_ring_alloc(struct kevent_queue *k, u32 num)
{
	unsigned long length = PAGE_ALIGN(struct_size(k->ring, event, num));
	int ret = evcore_charge_ring(&k->queue, length);

	if (ret)
		return ret;
	k->ring = __vmalloc_node_range(length, SHMLBA, VMALLOC_START, VMALLOC_END,
				       GFP_KERNEL_ACCOUNT | __GFP_ZERO, PAGE_KERNEL,
				       VM_USERMAP, NUMA_NO_NODE,
				       __builtin_return_address(0));
	if (!k->ring)
		return -ENOMEM;
	k->map_length = length;
	k->num = num;
	k->queue.nr_slots = num;
	return 0;
}

/*
 * Only private anonymous memory will do. A file, a memfd or a shared anonymous mapping can be
 * truncated by others, and then the program sees another page than the one that is pinned.
 */
static bool pages_suitable(struct page **pages, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!folio_test_anon(page_folio(pages[i])))
			return false;
	return true;
}

/**
 * kevent_ring_pin - use a ring in the caller's memory
 * @k: the queue; kevent_free() undoes this
 * @ring: its address, aligned to 8 bytes
 * @num: number of entries
 *
 * The pages are pinned and mapped in the kernel, so that they can be written in
 * interrupt context. After fork() only the parent sees new events. A program that
 * unmaps the pages, or drops them with MADV_DONTNEED, no longer sees the pages that
 * the kernel goes on writing to.
 *
 * Return: 0; -EFAULT for memory that is not mapped or not writable; -EINVAL for
 * an unaligned ring or one in shared memory; -ENOMEM, also over RLIMIT_MEMLOCK.
 */
int kevent_ring_pin(struct kevent_queue *k, struct kevent_ring __user *ring, u32 num)
{
	unsigned long start = (unsigned long)ring;
	unsigned long length = struct_size(k->ring, event, num);
	unsigned long offset = offset_in_page(start);
	int n = PAGE_ALIGN(offset + length) >> PAGE_SHIFT;
	struct page **pages;
	void *mapped;
	int ret;

	if (!IS_ALIGNED(start, __alignof__(struct kevent_ring)))
		return -EINVAL;
	ret = evcore_charge_ring(&k->queue, offset + length);
	if (ret)
		return ret;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	ret = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, pages);
	if (ret != n) {
		if (ret > 0)
			unpin_user_pages(pages, ret);
		kvfree(pages);
		return ret == -ENOMEM ? ret : -EFAULT;
	}
	ret = -EINVAL;
	if (!pages_suitable(pages, n))
		goto out_unpin;
	ret = -ENOMEM;
	mapped = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	if (!mapped)
		goto out_unpin;
	k->ring = mapped + offset;
	k->pages = pages;
	k->nr_pages = n;
	k->num = num;
	k->queue.nr_slots = num;
	WRITE_ONCE(k->ring->ring_kidx, 0);
	WRITE_ONCE(k->ring->ring_over, 0);
	return 0;

out_unpin:
	unpin_user_pages(pages, n);
	kvfree(pages);
	return ret;
}

/*
 * Consume the first @n uncommitted entries. Events that wait in overflow move into the free
 * slots before queue->lock is released, so no task sees the ring empty while events wait.
 * Called with queue->lock held.
 */
static void advance(struct kevent_queue *k, u32 n)
{
	u32 next = k->uidx + n;

	if (next >= k->num) {
		next -= k->num;
		WRITE_ONCE(k->ring->ring_over, ++k->over);
	}
	WRITE_ONCE(k->uidx, next);
	/* After uidx; pairs with the acquire load of committed in kevent_ring_take(). */
	smp_store_release(&k->committed, k->committed + n);
	if (unlikely(k->queue.nr_overflow))
		evcore_drain(&k->queue, EVCORE_DRAIN_MAX);
}

/**
 * kevent_ring_commit - consume all entries before an index
 * @k: queue with a ring
 * @new_uidx: the index
 * @over: the caller's copy of the wrap counter
 *
 * Return: how many slots were freed; -EOVERFLOW for a stale @over, -EINVAL for
 * an index beyond the entries that are filled in.
 */
int kevent_ring_commit(struct kevent_queue *k, u32 new_uidx, u32 over)
{
	struct evcore_queue *q = &k->queue;
	u32 n;
	int ret;

	if (new_uidx >= k->num)
		return over == READ_ONCE(k->over) ? -EINVAL : -EOVERFLOW;
	new_uidx = array_index_nospec(new_uidx, k->num);
	raw_spin_lock_irq(&q->lock);
	n = new_uidx >= k->uidx ? new_uidx - k->uidx : new_uidx + k->num - k->uidx;
	if (over != k->over) {
		ret = -EOVERFLOW;
	} else if (n > k->tail - k->committed) {
		ret = -EINVAL;
	} else {
		advance(k, n);
		ret = n;
	}
	raw_spin_unlock_irq(&q->lock);
	return ret;
}

/* Read a word of an entry that may be filled in again meanwhile. */
#define racy(word)	data_race(word)	/* see copy_entry() */

/*
 * Copy an entry to user space; false if user memory cannot be written. Word by word, because
 * hardened usercopy takes a lock of the whole system to check an object in vmalloc memory.
 *
 * kevent_put() and put_bits() may fill the entry in again meanwhile. They do that only after
 * another thread has committed it, so the commit of this thread fails, and the copy is
 * overwritten or discarded. So the race is harmless, even if it tears a word.
 */
static __always_inline bool copy_entry(const struct ukevent *uk, struct ukevent __user *to)
{
	if (!user_write_access_begin(to, sizeof(*to)))
		return false;
	unsafe_put_user(racy(uk->id.raw_u64), &to->id.raw_u64, fault);
	unsafe_put_user(racy(uk->type), &to->type, fault);
	unsafe_put_user(racy(uk->event), &to->event, fault);
	unsafe_put_user(racy(uk->req_flags), &to->req_flags, fault);
	unsafe_put_user(racy(uk->ret_flags), &to->ret_flags, fault);
	unsafe_put_user(racy(uk->ret_data[0]), &to->ret_data[0], fault);
	unsafe_put_user(racy(uk->ret_data[1]), &to->ret_data[1], fault);
	unsafe_put_user(racy(uk->user[0]), &to->user[0], fault);
	unsafe_put_user(racy(uk->user[1]), &to->user[1], fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

/*
 * Copy the events of @n entries from index @idx on, except those that were withdrawn. Return:
 * how many entries were copied or skipped, fewer than @n if user memory cannot be written;
 * *@copied: how many were copied.
 */
static u32 copy_entries(const struct kevent_queue *k, struct ukevent __user *buf, u32 idx,
			u32 n, u32 *copied)
{
	bool withdrawn = READ_ONCE(k->withdrawn);
	u32 done, events = 0;

	for (done = 0; done < n; done++) {
		/* The kernel sets KEVENT_RET_BROKEN only in entries that it withdraws. */
		if (likely(!withdrawn) ||
		    !(READ_ONCE(k->ring->event[idx].ret_flags) & KEVENT_RET_BROKEN)) {
			if (!copy_entry(&k->ring->event[idx], buf + events))
				break;
			events++;
		}
		if (++idx == k->num)
			idx = 0;
	}
	*copied = events;
	return done;
}

/**
 * kevent_ring_take - copy the oldest entries to user space and commit them
 * @k: queue with a ring
 * @buf: where to copy them
 * @max: the most events to take
 *
 * Several threads may call this at once. Each copies without a lock, and then commits all the
 * entries that it copied, or none. The thread whose commit succeeds owns its entries; the
 * others copy the entries that follow over theirs. So of several threads that wait for a
 * number of events, one gets all of them.
 *
 * Context: process context, may fault.
 *
 * Return: how many events were taken, 0 if there is none; -EFAULT if none could be copied, -EINTR
 * if other threads commit entries all the time and the task is being killed: then all are still
 * in the ring.
 */
int kevent_ring_take(struct kevent_queue *k, struct ukevent __user *buf, u32 max)
{
	struct evcore_queue *q = &k->queue;
	u64 pos, tail, withdrawn;
	u32 idx, n, copied;

	/* The tail may be read long after the position, and be more than a ring ahead of it. */
	max = min(max, k->num);
	for (;;) {
		/* Before the entries are read: pairs with the release in withdraw_entry(). */
		withdrawn = smp_load_acquire(&k->withdrawn);
		/*
		 * Before uidx is read: pairs with the release in advance(). So uidx belongs to
		 * this position or to a later one, and then the commit below fails.
		 */
		pos = smp_load_acquire(&k->committed);
		idx = READ_ONCE(k->uidx);
		/* The entries before tail are filled in: pairs with the release in publish(). */
		tail = smp_load_acquire(&k->tail);
		n = min_t(u64, tail - pos, max);
		if (!n)
			return 0;

		n = copy_entries(k, buf, idx, n, &copied);
		if (!n)
			return -EFAULT;

		raw_spin_lock_irq(&q->lock);
		if (k->committed == pos && k->withdrawn == withdrawn) {
			advance(k, n);
			raw_spin_unlock_irq(&q->lock);
			if (likely(copied))
				return copied;
			continue;
		}
		/*
		 * Another thread has committed entries, here or in kevent_commit(), or one may
		 * have been withdrawn while it was copied: try again.
		 */
		raw_spin_unlock_irq(&q->lock);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
}
