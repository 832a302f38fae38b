// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kevent ring: an ordered index instead of a word per slot, so the kernel's
 * side is a matter of queue->lock, and bits cannot be merged into an entry that
 * the program may be copying: a source that is ready again takes a new entry,
 * as in 2006. What the program wrote into the ring is never read back, except
 * to hand it to the program itself.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <trace/events/evcore.h>

#include "queue.h"
#include "types.h"

/**
 * kevent_encode - an event as the program sees it
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
	if (r->marked)
		uk->req_flags |= KEVENT_REQ_READY;
	uk->ret_flags = KEVENT_RET_DONE;
	memcpy(uk->user, &s->data, sizeof(uk->user));
	if (r->named) {
		memcpy(uk->user, &r->extra[0], sizeof(uk->user));
		uk->id.raw_u64 = r->extra[1];
	}
	if (t->encode)
		t->encode(r, uk);
	else
		kevent_set_ret_data(uk, t, r->events, r->value);
}

/* Room for one more? There is none in a queue without a ring. */
static bool has_room(const struct kevent_queue *k)
{
	return k->tail - k->committed != k->num;
}

/* The entry at the kernel's index is filled in: hand it over. */
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

/* An entry for a KEVENT_POLL request without a mode; there is room. */
static __always_inline void put_bits(struct kevent_queue *k, struct evcore_source *s, u32 events)
{
	k->ring->event[k->kidx] = (struct ukevent) {
		.id.raw = { s->id },
		.type = KEVENT_POLL,
		.event = events,
		.req_flags = READ_ONCE(s->flags) >> KEVENT_FLAGS_SHIFT,
		.ret_flags = KEVENT_RET_DONE,
		.ret_data = { events },
		.ptr = (void *)(unsigned long)READ_ONCE(s->data),
	};
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

static bool kevent_put_poll(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	return put_if_room(q, s, events);
}

/* A record does not say that it overflowed. */
static unsigned int kevent_drain(struct evcore_queue *q, unsigned int most)
{
	return evcore_drain_fast(q, most, put_if_room);
}

/*
 * A file watched by a KEVENT_POLL request without a mode has become ready: what
 * evcore_post_slow() would do, without what such a request does not need. A waiter
 * enqueues and looks at the ring under the same lock, so no barrier is needed.
 * Interrupts are off, for the head of a wait queue is locked that way.
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

/* The entry of the event with number @pos, from 0 on; not committed, queue->lock held. */
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
	/* Events of a single source have names and cookies of their own. */
	if (ops->single)
		return true;
	return READ_ONCE(uk->id.raw_u64) == (ops->by_fd ? (u32)s->id : s->id) &&
	       !memcmp(uk->user, &data, sizeof(uk->user));
}

/*
 * An entry that is no event any more, but keeps its place, which is how a program that reads
 * the ring itself tells it. Its id and cookie stay: the program may just be at it.
 */
static void blank_entry(struct kevent_queue *k, struct ukevent *uk)
{
	WRITE_ONCE(k->withdrawn, k->withdrawn + 1);
	/* Before the entry changes: pairs with the acquire load in kevent_ring_take(). */
	smp_wmb();
	WRITE_ONCE(uk->ret_flags, KEVENT_RET_DONE | KEVENT_RET_BROKEN);
	WRITE_ONCE(uk->event, 0);
	WRITE_ONCE(uk->ret_data[0], 0);
	WRITE_ONCE(uk->ret_data[1], -ECANCELED);
}

/*
 * What tells an entry's request is in the entry, where the program can change it. That
 * can withdraw another of the program's own events, and nothing else.
 */
static void kevent_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data)
{
	struct kevent_queue *k = to_kevent(q);
	u64 pos = 0, end = READ_ONCE(k->tail);
	unsigned int n;

	if (!k->ring)
		return;
	do {
		raw_spin_lock_irq(&q->lock);
		pos = max(pos, k->committed);
		for (n = 0; n < EVCORE_DRAIN_MAX && pos < end; n++, pos++)
			if (is_entry_of(entry_of(k, pos), s, data))
				blank_entry(k, entry_of(k, pos));
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	} while (pos < end);
}

static unsigned int kevent_ready(struct evcore_queue *q, unsigned int limit)
{
	struct kevent_queue *k = to_kevent(q);

	return k->tail - k->committed;
}

static u64 kevent_posted(struct evcore_queue *q)
{
	return READ_ONCE(to_kevent(q)->tail);
}

/* All posting is under queue->lock. */
/* Records are placed with queue->lock held, so none is there that is not published. */
static bool kevent_all_published(struct evcore_queue *q)
{
	return true;
}

static void kevent_set_lockless(struct evcore_queue *q, bool on)
{
}

/* The ring of 2006 has no word for it: kevent_wait() and commit fetch. */
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
	.put_bits = kevent_put_poll,
	.drain	= kevent_drain,
	.taken	= kevent_taken,
	.withdraw = kevent_withdraw,
	.ready	= kevent_ready,
	.nr_posted = kevent_posted,
	.all_published = kevent_all_published,
	.set_lockless = kevent_set_lockless,
	.set_need_call = kevent_set_need_call,
	.mmap	= kevent_mmap,
	.free	= kevent_free,
};

/**
 * kevent_ring_alloc - a ring in kernel memory, for the program to map
 * @k: the queue; kevent_free() undoes this
 * @num: entries
 *
 * Return: 0, or -ENOMEM, over RLIMIT_MEMLOCK too.
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
	return 0;
}

/*
 * The program's own memory only. What is shared, by a file, a memfd or a mapping that
 * is shared and anonymous, others can cut off: the page that is pinned is then not the
 * one that is seen.
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
 * kevent_ring_pin - a ring in the caller's memory
 * @k: the queue; kevent_free() undoes this
 * @ring: where, aligned to 8 bytes
 * @num: entries
 *
 * The pages are pinned and mapped in the kernel, so that they can be written in
 * interrupt context. After fork() only the parent sees new events. A program that
 * unmaps them, or gives them up with MADV_DONTNEED, does not see what the kernel
 * goes on writing to.
 *
 * Return: 0; -EFAULT for memory that is not there or not writable; -EINVAL for
 * an unaligned ring or one in shared memory; -ENOMEM, over RLIMIT_MEMLOCK too.
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
	WRITE_ONCE(k->ring->ring_kidx, 0);
	WRITE_ONCE(k->ring->ring_over, 0);
	return 0;

out_unpin:
	unpin_user_pages(pages, n);
	kvfree(pages);
	return ret;
}

/*
 * The first @n uncommitted entries are consumed; queue->lock held. What waits for
 * their slots follows in the same hold: nobody sees an empty ring where it does.
 */
static void advance(struct kevent_queue *k, u32 n)
{
	u32 next = k->uidx + n;

	if (next >= k->num) {
		next -= k->num;
		WRITE_ONCE(k->ring->ring_over, ++k->over);
	}
	WRITE_ONCE(k->uidx, next);
	/* After the index: pairs with the acquire load in kevent_ring_take(). */
	smp_store_release(&k->committed, k->committed + n);
	if (unlikely(k->queue.nr_overflow))
		evcore_drain(&k->queue, EVCORE_DRAIN_MAX);
}

/**
 * kevent_ring_commit - everything before an index is consumed
 * @k: queue with a ring
 * @new_uidx: the index
 * @over: the caller's copy of the wrap counter
 *
 * Return: how many slots were freed; -EOVERFLOW for a stale @over, -EINVAL for
 * an index beyond what there is.
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

/* A word of an entry that may be filled in anew meanwhile. */
#define racy(word)	data_race(word)	/* see copy_entry() */

/*
 * Copy an entry to user space; false if that cannot be written. Word by word: what
 * copy_to_user() reads from vmalloc memory is checked under a lock of all its users.
 *
 * It may be filled in anew meanwhile, by kevent_put() and its like: then another thread
 * has committed it since this one looked, this one's commit fails, and what was copied
 * is overwritten or forgotten. So the race is harmless, and not even a torn word counts.
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
 * Copy the events of @n entries from an index on, all but those that were withdrawn. Return:
 * how many entries it came to; *@copied: how many events.
 */
static u32 copy_entries(const struct kevent_queue *k, struct ukevent __user *buf, u32 idx,
			u32 n, u32 *copied)
{
	bool withdrawn = READ_ONCE(k->withdrawn);
	u32 done, events = 0;

	for (done = 0; done < n; done++) {
		/* Of an event the kernel never says so. */
		if (unlikely(withdrawn) &&
		    READ_ONCE(k->ring->event[idx].ret_flags) & KEVENT_RET_BROKEN)
			events--;
		else if (!copy_entry(&k->ring->event[idx], buf + events))
			break;
		events++;
		if (++idx == k->num)
			idx = 0;
	}
	*copied = events;
	return done;
}

/**
 * kevent_ring_take - copy the oldest entries out and commit them
 * @k: queue with a ring
 * @buf: where to
 * @max: at most so many
 *
 * Several may do this at once: entries are copied without a lock, and are the one's
 * who then commits them, all that he saw or none. So of several who wait for a number,
 * one has it. The others copy what follows over theirs.
 *
 * Context: process context, may fault.
 *
 * Return: how many, 0 if there is none, or -EFAULT with all of them still there.
 */
int kevent_ring_take(struct kevent_queue *k, struct ukevent __user *buf, u32 max)
{
	struct evcore_queue *q = &k->queue;
	u64 pos, tail, withdrawn;
	u32 idx, n, copied;

	/* No more than there can be, however old the position is once the tail is read. */
	max = min(max, k->num);
	for (;;) {
		/*
		 * Without the lock, and in this order: the index is that of the position
		 * or a later one, with which committing fails below. Pairs with the
		 * release in advance().
		 */
		/* Pairs with the barrier in blank_entry(). */
		withdrawn = smp_load_acquire(&k->withdrawn);
		/* The rest pairs with the release in advance(), see above. */
		pos = smp_load_acquire(&k->committed);
		idx = READ_ONCE(k->uidx);
		/* What lies before it is filled in: pairs with the release in publish(). */
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
		 * Another thread was faster, by this or by kevent_commit(), and the entries
		 * are its own; or one of them may have been withdrawn while it was copied.
		 */
		raw_spin_unlock_irq(&q->lock);
		cond_resched();
	}
}
