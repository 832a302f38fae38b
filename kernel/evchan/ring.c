// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of the event channel. Many processors post into it without a lock, and user
 * space frees its slots without a system call.
 *
 * Positions are free-running 64-bit counters. Position p of the program lies in slot
 * p & mask; lap(p) = (u32)(p >> order) + 1. The positions of the kernel, which are tail,
 * seen, published, consumed, free and source->last_record, are larger by the number of
 * slots, so that their lap is p >> order. The slot's state word is lap << 32 | events
 * and is the only thing that hands the slot over:
 *
 *   free for p	{lap(p) - 1, 0}		a fresh ring is all zero
 *   published	{lap(p), events != 0}	stored with release by the kernel
 *   consumed	{lap(p), 0}		= free for the position a lap later
 *
 * Reserve: make sure that the slot is free, then move the tail by compare-and-swap. Only
 * one producer moves it past p, so only one fills the slot. The slot is free if the
 * program's head is beyond position p - entries; only if it is not, the slot is read.
 * Publish: exchange the state word, which releases what was filled in and is a full
 * barrier before sleepers is read. Take (user space): acquire load, copy,
 * compare-and-swap {lap, events} to {lap, 0}, later store the head with release. The
 * acquire pairs with publish, and the success of the compare-and-swap, or the store of
 * the head, orders the copy before the next lap's reserve. Merge: compare-and-swap
 * {lap(p), e} to {lap(p), e | bits}. When it succeeds, the consumer's compare-and-swap
 * either fails, and the consumer reads the slot again, or comes later and reads the
 * merged word. In both cases the consumer sees what happened before the merge.
 *
 * With EVCHAN_SINGLE_CONSUMER the program does not write slots, so that the line of a slot
 * moves to the consumer and back, and is not upgraded in between. A record is taken when the
 * program has stored a position behind it in header->claimed, and its slot is free when the
 * program has stored one in header->head. Take: acquire load, store claimed, full barrier, load
 * the state word again, copy, store the head with release. So a slot keeps its events until
 * it is filled again. {lap(p), 0} is a withdrawn record, which the program skips; it
 * does not make the slot free. Merge and withdraw change the word by compare-and-swap and then
 * look whether the record is claimed: see merge() and evchan_cancel().
 *
 * Interrupts are disabled from reserve to publish, so that a program that polls the
 * ring is never delayed by more than a few stores of another processor.
 *
 * The mapping is user memory and may hold anything. No word of it decides where the kernel
 * writes, because the tail is in kernel memory. A slot with a wrong state makes the ring look
 * full, and a wrong head makes the kernel overwrite records that were not consumed. Both harm
 * nobody but the owner of the ring.
 */
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <trace/events/evcore.h>

#include "ring.h"

/* A post fetches the line of the slot so many positions later. */
#define EVCHAN_PREFETCH		2

/* For at most so many posts the program's head is not read again. */
#define EVCHAN_HEAD_INTERVAL	256

/*
 * Read the program's head. An old one only makes posting read slots. A wrong one makes the
 * kernel overwrite records of the same ring that were not consumed, or not merge into them.
 */
static void read_head(struct evchan_queue *c, u64 tail)
{
	/* Pairs with the release of ec_end(): the records before it were copied. */
	u64 head = smp_load_acquire(&c->header->head) + c->mask + 1;

	if (tail - head > c->mask + 1ULL)
		return;
	/* The copying comes before what is posted next: pairs with last_consumed(). */
	smp_store_release(&c->consumed, head);
	/* The copying comes before filling the slots again: pairs with known_free(). */
	smp_store_release(&c->free, min(head + c->mask + 1, tail + EVCHAN_HEAD_INTERVAL));
}

/*
 * Is the slot at the tail known to be free? Then it need not be read, which would cost the
 * transfer of a cache line that its consumer has written. A tail with the overflow bit is
 * beyond every position.
 */
static __always_inline bool known_free(const struct evchan_queue *c, u64 tail)
{
	return tail < smp_load_acquire(&c->free);	/* pairs with read_head() */
}

static noinline bool is_free(struct evchan_queue *c, u64 pos)
{
	read_head(c, pos);
	/*
	 * Only the head frees the slots of a single consumer, also that of a withdrawn record.
	 * Otherwise filling the slot is ordered after reading it free by a control dependency.
	 */
	return known_free(c, pos) ||
	       (!c->single &&
		READ_ONCE(slot_of(c, pos)->state) == state_of(lap_of(c, pos) - 1, 0));
}

/* The kinds of callers that reserve a slot. */
enum reserver {
	POST_FAST, /* as POST, but makes one attempt, and does not read the slot */
	POST,	/* without queue->lock; fails if the overflow bit is set */
	PUT,	/* with queue->lock held */
	DRAIN,	/* with queue->lock held and the overflow bit set: no other task moves the tail */
};

enum reserved {
	RESERVED,
	FULL,	/* the slot is not free, or the overflow bit is set */
	AGAIN,	/* POST_FAST only: POST may succeed */
};

/* Move the tail, which is @tail, past the next position. Return: false if it has changed. */
static __always_inline bool advance(struct evchan_queue *c, u64 *tail, enum reserver caller)
{
	if (caller != DRAIN)
		return likely(atomic64_try_cmpxchg(&c->tail, (s64 *)tail, *tail + 1));
	atomic64_set(&c->tail, *tail + 1);
	return true;
}

/* Reserve the next position. Sets @pos, and its slot and state word without events. */
static __always_inline enum reserved reserve(struct evchan_queue *c, u64 *pos,
					     struct evchan_event **slot, u64 *state,
					     enum reserver caller)
{
	u64 tail = atomic64_read(&c->tail), now;

	for (;;) {
		/* With queue->lock held, the overflow bit does not matter. */
		*pos = caller <= POST ? tail : tail & ~EVCHAN_TAIL_OVERFLOW;
		if (unlikely(!known_free(c, *pos))) {
			if (caller <= POST && (s64)tail < 0)
				return FULL;
			if (caller == POST_FAST)
				return AGAIN;
			if (!is_free(c, *pos)) {
				/* If another producer took the position, the ring is not full. */
				now = atomic64_read(&c->tail);
				if (now == tail)
					return FULL;
				tail = now;
				continue;
			}
		}
		if (likely(advance(c, &tail, caller)))
			break;
		if (caller == POST_FAST)
			return AGAIN;
	}
	*slot = slot_of(c, *pos);
	*state = state_of(lap_of(c, *pos), 0);
	/*
	 * The compare-and-swap and the exchange of a post wait for its stores, so fetching the
	 * line of a slot that another processor has written does not overlap with other posts.
	 * Fetch a later one now. Behind the last slot there is none, which does no harm.
	 */
	if (caller <= POST)
		prefetchw(*slot + EVCHAN_PREFETCH);
	return RESERVED;
}

/* Fill a reserved slot in, except for the state word. Called with interrupts disabled. */
static __always_inline void fill(struct evcore_source *s, struct evchan_event *slot,
				 u32 type, const struct evcore_record *r)
{
	/* Read all first: for the compiler the slot could be the same memory as @r or @s. */
	u64 cookie = r->own_id ? r->extra[0] : READ_ONCE(s->data);
	u64 id = r->own_id ? r->extra[1] : s->id;
	u64 extra0 = r->own_id ? 0 : r->extra[0];
	u64 extra1 = r->own_id ? 0 : r->extra[1];
	u32 flags = r->overflowed ? EVCHAN_EVENT_OVERFLOWED : 0;
	u64 value = r->value;

	slot->type = type;
	slot->flags = flags;
	slot->cpu = raw_smp_processor_id();
	slot->data = cookie;
	slot->id = id;
	slot->value = value;
	slot->timestamp = 0;
	slot->extra[0] = extra0;
	slot->extra[1] = extra1;
}

/*
 * Hand a slot over to user space. The exchange is fully ordered. It releases what was filled
 * in, and pairs with the acquire load of the consumer. It also comes before sleepers is read,
 * and pairs with the barriers in evcore_wait() and poll_ready().
 */
static __always_inline void publish(struct evcore_source *s, u64 pos,
				    struct evchan_event *slot, u64 state, u32 events)
{
	/* Before publishing, because another post may merge into the record right after. */
	WRITE_ONCE(s->last_record, pos);
	(void)xchg(&slot->state, state | events);
}

/* Does the slot say that the record at @last is consumed? */
static __always_inline bool taken(const struct evchan_queue *c, u64 last)
{
	struct evchan_event *slot = slot_of(c, last);

	/* Read events first: most records are consumed, and that is 0 then. */
	return likely(!READ_ONCE(slot->events)) || READ_ONCE(slot->lap) != lap_of(c, last);
}

static __always_inline bool evchan_taken(struct evcore_queue *q, struct evcore_source *s)
{
	u64 last = READ_ONCE(s->last_record);

	return taken(to_evchan(q), last) || is_claimed(to_evchan(q), last);
}

/*
 * Is the last record of a source consumed? Its slot is read only if that is not known. If there
 * is a single consumer, false says nothing: then ask is_claimed() too, as merge() does.
 */
static __always_inline bool last_consumed(const struct evchan_queue *c, u64 last)
{
	/* Pairs with read_head(). */
	return last < smp_load_acquire(&c->consumed) || taken(c, last);
}

/*
 * Add bits to the last record of a source, if it is not consumed yet.
 *
 * A single consumer may claim the record meanwhile. If it is not claimed after the
 * compare-and-swap, which is a full barrier, the consumer loads the state word after it has
 * claimed the record, and sees the bits. If it is, that cannot be told: then the caller posts
 * the bits once more, in a record of their own.
 */
static bool merge(struct evchan_queue *c, u64 last, u32 events)
{
	struct evchan_event *slot = slot_of(c, last);
	u64 state = READ_ONCE(slot->state);
	int tries;

	if (is_claimed(c, last)) {
		/* So that the next posts need not ask. */
		read_head(c, tail_of(c));
		return false;
	}
	/* User space can change the word again and again, so the loop is bounded. */
	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != lap_of(c, last) || !(u32)state)
			return false;
		if (try_cmpxchg(&slot->state, &state, state | events))
			return !is_claimed(c, last);
	}
	return false;
}

static noinline bool merge_counted(struct evchan_queue *c, u64 last, u32 events)
{
	if (!merge(c, last, events))
		return false;
	atomic64_inc(&c->queue.merged);
	/* The compare-and-swap is the full barrier that pairs with the one in poll_ready(). */
	if (unlikely(READ_ONCE(c->queue.sleepers) & EVCORE_POLLED_AGAIN))
		evcore_wake_pollers_slow(&c->queue);
	return true;
}

/*
 * Place a record without queue->lock. Called with interrupts disabled.
 */
static __always_inline enum reserved post_record(struct evchan_queue *c, struct evcore_source *s,
						 u32 type, const struct evcore_record *r,
						 enum reserver caller)
{
	struct evchan_event *slot;
	enum reserved ret;
	u64 pos, state;

	ret = reserve(c, &pos, &slot, &state, caller);
	if (likely(ret == RESERVED)) {
		fill(s, slot, type, r);
		publish(s, pos, slot, state, r->events);
	}
	return ret;
}

/* Is after_post() needed? sleepers is read after the barrier in publish(). */
static __always_inline bool needs_after_post(const struct evchan_queue *c)
{
	return trace_evcore_post_enabled() || READ_ONCE(c->queue.sleepers);
}

static int after_post(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	trace_evcore_post(q, s->type, s->id, events);
	if (READ_ONCE(q->sleepers)) {
		/* Interrupts are disabled. */
		raw_spin_lock(&q->lock);
		evcore_wake_locked(q, false);
		raw_spin_unlock(&q->lock);
	}
	return 1;
}

/*
 * after_post() for a level-triggered source. A consumer may have taken the record before the
 * source was on queue->recheck_level, and then have gone to sleep for several events.
 */
static noinline int after_level_post(struct evcore_source *s, u32 events)
{
	if (evchan_taken(s->queue, s))
		evcore_need_recheck(s);
	return after_post(s, events);
}

/*
 * Remember which slot the next drained event will take, and its state word once it is free.
 * While the overflow bit is set only draining moves the tail. queue->lock is held. The slot of a
 * single consumer does not say that it is free: then awaited always looks so, which leaves every
 * event to evcore_post_slow().
 */
static void await_slot(struct evchan_queue *c)
{
	u64 pos = tail_of(c);

	if (c->single) {
		c->awaited = (struct evchan_event *)&c->awaited_free;
		return;
	}
	c->awaited = slot_of(c, pos);
	c->awaited_free = state_of(lap_of(c, pos) - 1, 0);
}

/* Is there a free slot for the first event in overflow, or is that not known? */
static bool has_slot(const struct evchan_queue *c)
{
	return READ_ONCE(c->awaited->state) == c->awaited_free;
}

static void evchan_set_lockless(struct evcore_queue *q, bool on)
{
	struct evchan_queue *c = to_evchan(q);

	/* Fully ordered: the compare-and-swap of a reserve that is under way fails. */
	if (on) {
		atomic64_fetch_andnot(EVCHAN_TAIL_OVERFLOW, &c->tail);
		return;
	}
	atomic64_fetch_or(EVCHAN_TAIL_OVERFLOW, &c->tail);
	await_slot(c);
}

static void evchan_set_need_call(struct evcore_queue *q, bool on)
{
	WRITE_ONCE(to_evchan(q)->header->flags, on ? EVCHAN_RING_CALL : 0);
}

/*
 * The first event is to wait in overflow; false if its source cannot, or if a slot is free. After
 * true the caller adds it. Called with queue->lock held.
 */
static noinline bool begin_overflow(struct evcore_source *s)
{
	struct evchan_queue *c = to_evchan(s->queue);

	if (s->where != EVCORE_IDLE || s->muted)
		return false;
	evchan_set_lockless(&c->queue, false);
	if (unlikely(has_slot(c))) {
		evchan_set_lockless(&c->queue, true);
		return false;
	}
	c->queue.need_call = true;
	evchan_set_need_call(&c->queue, true);
	return true;
}

/*
 * The part of evchan_wake() for a full ring, or while other events wait in overflow. Called
 * with interrupts disabled.
 */
static noinline int wake_overflow(struct evcore_source *s, u32 events)
{
	/* s->queue is read again after each call, which is cheaper than saving a register. */
	raw_spin_lock(&s->queue->lock);
	if (unlikely(trace_evcore_overflow_enabled() ||
		     (likely(s->queue->nr_overflow) ? has_slot(to_evchan(s->queue)) :
						      !begin_overflow(s)) ||
		     !evcore_overflow_fast(s, events))) {
		raw_spin_unlock(&s->queue->lock);
		evcore_post_slow(s, events, 0, 0);
		return 1;
	}
	/* No barrier is needed: waiters count themselves and then the events under the lock. */
	if (unlikely(s->queue->sleepers))
		evcore_wake_locked(s->queue, false);
	raw_spin_unlock(&s->queue->lock);
	return 1;
}

/*
 * The part of evchan_wake() for a source without an unconsumed record, if reserving a slot
 * without a loop and without reading the ring has failed or was not tried. Now reserving fails
 * only if the ring is full, or if other events wait in overflow. Called with interrupts disabled.
 */
static noinline int wake_slow(struct evcore_source *s, u32 events)
{
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = events };

	if (unlikely(post_record(c, s, EVCHAN_POLL, &r, POST) != RESERVED))
		return wake_overflow(s, events);
	return after_post(s, events);
}

/* The part of evchan_wake() for a source whose last record is not consumed. */
static noinline int wake_merge(struct evcore_source *s, u32 events)
{
	if (merge_counted(to_evchan(s->queue), READ_ONCE(s->last_record), events))
		return 1;
	return wake_slow(s, events);	/* the record was taken meanwhile */
}

/*
 * A watched file has become ready: the fast path of posting. Called with the lock of the wait
 * queue head held and interrupts disabled. The functions above are out of line, so that this
 * one needs no stack frame.
 */
static int evchan_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = evcore_fast_events(s, key) };

	if (unlikely(!r.events))
		return evcore_fd_wake(wait, mode, sync, key);
	lockdep_assert_irqs_disabled();
	if (unlikely(!last_consumed(c, READ_ONCE(s->last_record))))
		return wake_merge(s, r.events);
	switch (post_record(c, s, EVCHAN_POLL, &r, POST_FAST)) {
	case FULL:
		return wake_overflow(s, r.events);
	case AGAIN:
		return wake_slow(s, r.events);
	case RESERVED:
		break;
	}
	if (unlikely(needs_after_post(c)))
		return after_post(s, r.events);
	return 1;
}

/*
 * The part of evchan_wake_level() for a slot that could not be reserved at once, a source whose
 * last record is not consumed, a full ring, or while other events wait in overflow.
 */
static noinline int wake_level_slow(struct evcore_source *s, u32 events)
{
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = events };
	u64 last = READ_ONCE(s->last_record);

	if (!(last_consumed(c, last) || is_claimed(c, last)) ||
	    post_record(c, s, EVCHAN_POLL, &r, POST) != RESERVED) {
		evcore_post_slow(s, events, 0, 0);
		return 1;
	}
	evcore_recheck_level_add(s);
	return unlikely(needs_after_post(c)) ? after_level_post(s, events) : 1;
}

/*
 * The same for a level-triggered source. The next wait has to recheck it, so it is added to
 * queue->recheck_level, which takes no lock either. Many wake-ups are for the other direction
 * than the source asks for; these end early.
 */
static int evchan_wake_level(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = evcore_fast_events(s, key) };

	if (!r.events) {
		if (likely(evcore_key_is_other(key)))
			return 1;
		return evcore_fd_wake(wait, mode, sync, key);
	}
	lockdep_assert_irqs_disabled();
	if (unlikely(!last_consumed(c, READ_ONCE(s->last_record)) ||
		     post_record(c, s, EVCHAN_POLL, &r, POST_FAST) != RESERVED))
		return wake_level_slow(s, r.events);
	evcore_recheck_level_add(s);
	if (unlikely(needs_after_post(c)))
		return after_level_post(s, r.events);
	return 1;
}

static void evchan_post(struct evcore_source *s, u32 events, u64 value, u64 extra)
{
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = {
		.events = events, .value = value, .extra = { extra },
	};
	u32 mode = READ_ONCE(s->flags);
	unsigned long flags;
	bool done;
	u64 last;

	if (unlikely(mode & EVCORE_SLOW))
		goto slow;
	last = READ_ONCE(s->last_record);
	if (!(mode & EVCORE_COUNTS) && !last_consumed(c, last) && merge_counted(c, last, events))
		return;
	local_irq_save(flags);
	done = post_record(c, s, s->type, &r, POST) == RESERVED;
	if (done)
		after_post(s, events);
	local_irq_restore(flags);
	if (likely(done))
		return;
slow:
	evcore_post_slow(s, events, value, extra);
}

static noinline bool put_stamped(struct evcore_source *s, u64 pos, struct evchan_event *slot,
				 u64 state, u32 events)
{
	slot->timestamp = ktime_get_mono_fast_ns() + s->queue->time_offset;
	publish(s, pos, slot, state, events);
	return true;
}

static bool evchan_put(struct evcore_queue *q, struct evcore_source *s,
		       const struct evcore_record *r)
{
	struct evchan_queue *c = to_evchan(q);
	struct evchan_event *slot;
	u64 pos, state;

	/* queue->lock is held, and interrupts are disabled. */
	if (unlikely(reserve(c, &pos, &slot, &state, PUT) != RESERVED))
		return false;
	await_slot(c);
	fill(s, slot, s->type, r);
	if (unlikely(s->flags & EVCORE_TIMESTAMP))
		return put_stamped(s, pos, slot, state, r->events);
	publish(s, pos, slot, state, r->events);
	return true;
}

static __always_inline bool put_bits(struct evchan_queue *c, struct evcore_source *s,
				     u32 events, enum reserver caller)
{
	struct evcore_record r = { .events = events, .overflowed = caller == DRAIN };
	struct evchan_event *slot;
	u64 pos, state;

	if (unlikely(reserve(c, &pos, &slot, &state, caller) != RESERVED))
		return false;
	fill(s, slot, EVCHAN_POLL, &r);
	publish(s, pos, slot, state, events);
	return true;
}

static bool evchan_put_bits(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	return put_bits(to_evchan(q), s, events, PUT);
}

static __always_inline bool put_overflowed(struct evcore_queue *q, struct evcore_source *s,
					   u32 events)
{
	return put_bits(to_evchan(q), s, events, DRAIN);
}

static unsigned int evchan_drain(struct evcore_queue *q, unsigned int most)
{
	unsigned int n = evcore_drain_fast(q, most, put_overflowed);

	await_slot(to_evchan(q));
	return n;
}

static bool evchan_merge(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	return merge(to_evchan(q), READ_ONCE(s->last_record), events);
}

static void evchan_recheck_level(struct evcore_queue *q)
{
	evcore_recheck_level(q, evchan_taken);
}

static int evchan_mmap(struct evcore_queue *q, struct vm_area_struct *vma)
{
	struct evchan_queue *c = to_evchan(q);

	return evcore_map_ring(vma, c->header, c->map_length);
}

static void evchan_free(struct evcore_queue *q)
{
	struct evchan_queue *c = to_evchan(q);

	vfree(c->header);	/* mappings have references to the pages */
	kfree(c);
}

const struct evcore_face evchan_face = {
	.name	= "evchan",
	.sigev	= SIGEV_EVCHAN,
	.post	= evchan_post,
	.wake	= evchan_wake,
	.wake_level = evchan_wake_level,
	.recheck_level = evchan_recheck_level,
	.put	= evchan_put,
	.put_bits = evchan_put_bits,
	.drain	= evchan_drain,
	.merge	= evchan_merge,
	.taken	= evchan_taken,
	.cancel	= evchan_cancel,
	.withdraw = evchan_withdraw,
	.ready	= evchan_ready,
	.all_published = evchan_all_published,
	.set_lockless = evchan_set_lockless,
	.set_need_call = evchan_set_need_call,
	.nr_posted = evchan_nr_posted,
	.mmap	= evchan_mmap,
	.free	= evchan_free,
};

/**
 * evchan_ring_init - allocate the ring of a channel
 * @c: the channel, its queue initialised; evchan_free() undoes this
 * @entries: number of slots, a power of two
 * @single: the program has promised EVCHAN_SINGLE_CONSUMER
 *
 * Return: 0, or -ENOMEM, also over RLIMIT_MEMLOCK.
 */
int evchan_ring_init(struct evchan_queue *c, u32 entries, bool single)
{
	unsigned long length = PAGE_SIZE + PAGE_ALIGN(array_size(entries,
							sizeof(struct evchan_event)));
	int ret = evcore_charge_ring(&c->queue, length);

	if (ret)
		return ret;
	c->header = __vmalloc_node_range(length, SHMLBA, VMALLOC_START, VMALLOC_END,
					 GFP_KERNEL_ACCOUNT | __GFP_ZERO, PAGE_KERNEL,
					 VM_USERMAP, NUMA_NO_NODE,
					 __builtin_return_address(0));
	if (!c->header)
		return -ENOMEM;
	c->header->entries = entries;
	c->header->mode = single ? EVCHAN_SINGLE_CONSUMER : 0;
	c->single = single;
	c->claimed = single ? &c->header->claimed : &c->header->head;
	c->slots = (void *)c->header + PAGE_SIZE;
	c->mask = entries - 1;
	c->order = ilog2(entries);
	c->map_length = length;
	c->queue.nr_slots = entries;
	atomic64_set(&c->tail, entries);
	c->seen = entries;
	c->published = entries;
	read_head(c, entries);
	await_slot(c);
	return 0;
}
