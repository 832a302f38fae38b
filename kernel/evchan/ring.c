// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event channel's ring: posting without a lock, by many processors, into
 * slots that user space frees by itself.
 *
 * Positions are free-running 64-bit counters. Position p lies in slot
 * p & mask; lap(p) = (u32)(p >> order) + 1. The slot's state word is
 * lap << 32 | events and is the only thing that hands the slot over:
 *
 *   free for p	{lap(p) - 1, 0}		a fresh ring is all zero
 *   published	{lap(p), events != 0}	stored with release by the kernel
 *   consumed	{lap(p), 0}		= free for the position a lap later
 *
 * Reserve: see the slot free, then move the tail by compare-and-swap. Only one
 * producer moves it over p, so only one fills the slot. Publish: exchange the
 * word, which releases what was filled in and is a full barrier before the look
 * at the sleepers. Take (user space): acquire load, copy, compare-and-swap
 * {lap, events} to {lap, 0}; the acquire pairs with publish, and its success
 * orders the copy before the next lap's reserve. Merge: compare-and-swap
 * {lap(p), e} to {lap(p), e | bits}; when it succeeds the consumer's fails and
 * looks again, or comes later and reads from it, so it sees what happened
 * before the merge.
 *
 * Reserve to publish runs with interrupts off, so that a program that polls the
 * ring is held up by no more than another processor's few stores.
 *
 * Every slot is user memory and may hold anything. No word of it decides where
 * the kernel writes: the tail is the kernel's own. A slot with a wrong state is
 * taken for a full ring, and harms nobody but the ring's owner.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <trace/events/evcore.h>

#include "ring.h"

/* Slots looked at in one count. */
#define EVCHAN_SCAN_MAX	1024

static u32 lap_of(const struct evchan_queue *c, u64 pos)
{
	return (u32)(pos >> c->order) + 1;
}

static struct evchan_event *slot_of(const struct evchan_queue *c, u64 pos)
{
	return &c->slots[pos & c->mask];
}

static u64 state_of(u32 lap, u32 events)
{
	return (u64)lap << 32 | events;
}

static u64 tail_of(const struct evchan_queue *c)
{
	return (u64)atomic64_read(&c->tail) & ~EVCHAN_TAIL_OVERFLOW;
}

/*
 * A source remembers its last record as lap << 32 | offset of the slot, so that
 * the slot is found and its lap compared without a shift. 0 would be slot 0 in a
 * lap that comes after 2^32 others: at worst a record is not merged into.
 */
static __always_inline struct evchan_event *remembered(const struct evchan_queue *c,
						       u64 posted)
{
	return (void *)c->slots + (u32)posted;
}

/* Who reserves. */
enum reserver {
	POST,	/* any processor, not with the overflow bit set */
	PUT,	/* under queue->lock */
	DRAIN,	/* the same with the overflow bit set: the tail is its own */
};

/*
 * Reserve the next position: its slot, how many bytes that is into the slots, and
 * its lap, as the upper half of a state word. False if the slot is not free.
 */
static __always_inline bool reserve(struct evchan_queue *c, struct evchan_event **slot,
				    u32 *offset, u64 *lap, enum reserver who)
{
	u64 tail = atomic64_read(&c->tail), now, free;

	/* The overflow bit is in neither half of what is made of the tail. */
	BUILD_BUG_ON(63 - ilog2(EVCHAN_MAX_ENTRIES) < 32);
	for (;;) {
		if (who == POST && unlikely((s64)tail < 0))
			return false;
		*offset = ((u32)tail & c->mask) * sizeof(**slot);
		*slot = remembered(c, *offset);
		free = state_of(tail >> c->order, 0);	/* of the lap before */
		*lap = free + state_of(1, 0);
		if (unlikely(READ_ONCE((*slot)->state) != free)) {
			/* Somebody else took the position: that is no full ring. */
			now = atomic64_read(&c->tail);
			if (now == tail)
				return false;
			tail = now;
			continue;
		}
		/* That it is free orders what is filled in: a control dependency. */
		if (who == DRAIN) {
			atomic64_set(&c->tail, tail + 1);
			return true;
		}
		if (likely(atomic64_try_cmpxchg(&c->tail, (s64 *)&tail, tail + 1)))
			return true;
	}
}

/* Fill a reserved slot, all but what hands it over. Interrupts are off. */
static __always_inline void fill(struct evcore_source *s, struct evchan_event *slot,
				 u32 type, const struct evcore_record *r)
{
	/* Read first: to the compiler the slot's words could be the record's. */
	u64 cookie = r->named ? r->extra[0] : READ_ONCE(s->data);
	u64 id = r->named ? r->extra[1] : s->id;
	u64 extra0 = r->named ? 0 : r->extra[0];
	u64 extra1 = r->named ? 0 : r->extra[1];
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
 * Hand a slot over. Fully ordered: it releases what was filled in to whoever
 * takes the event, whose acquire load it pairs with, and it comes before the
 * look at the sleepers: pairs with the barriers of evcore_wait() and poll_ready().
 */
static __always_inline void publish(struct evcore_source *s, struct evchan_event *slot,
				    u32 offset, u64 lap, u32 events)
{
	/* Before publishing: a merge may follow at once. */
	WRITE_ONCE(s->last_record, lap | offset);
	(void)xchg(&slot->state, lap | events);
}

/* Add bits to the source's own record, if it is still unconsumed. */
static bool merge(struct evchan_queue *c, u64 posted, u32 events)
{
	struct evchan_event *slot = remembered(c, posted);
	u64 state = READ_ONCE(slot->state);
	int tries;

	/* User space can write the word: no loop without an end. */
	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != posted >> 32 || !(u32)state)
			return false;
		if (try_cmpxchg(&slot->state, &state, state | events))
			return true;
	}
	return false;
}

static noinline bool merge_counted(struct evchan_queue *c, u64 posted, u32 events)
{
	if (!merge(c, posted, events))
		return false;
	atomic64_inc(&c->queue.merged);
	return true;
}

/* Place a record without queue->lock; false if there is no slot. Interrupts are off. */
static __always_inline bool post_quick(struct evchan_queue *c, struct evcore_source *s,
				       u32 type, const struct evcore_record *r)
{
	struct evchan_event *slot;
	u32 offset;
	u64 lap;

	if (unlikely(!reserve(c, &slot, &offset, &lap, POST)))
		return false;
	fill(s, slot, type, r);
	publish(s, slot, offset, lap, r->events);
	return true;
}

/* After post_quick(), whose last step is the barrier that this look needs. */
static __always_inline bool anything_after(const struct evchan_queue *c)
{
	return trace_evcore_post_enabled() || READ_ONCE(c->queue.sleepers);
}

static int after_post(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	trace_evcore_post(q, s->type, s->id, events);
	if (READ_ONCE(q->sleepers)) {
		/* Interrupts are off. */
		raw_spin_lock(&q->lock);
		evcore_wake_locked(q, false);
		raw_spin_unlock(&q->lock);
	}
	return 1;
}

static bool evchan_taken(struct evcore_queue *q, struct evcore_source *s);

/*
 * after_post() for a level-triggered source. A consumer may have taken the record before the
 * source was on queue->recheck_level, and then have gone to sleep for several events.
 */
static int after_level_post(struct evcore_source *s, u32 events)
{
	if (evchan_taken(s->queue, s))
		evcore_need_recheck(s);
	return after_post(s, events);
}

/* The overflow bit is set, and the tail where it stays; queue->lock held. */
static void await_slot(struct evchan_queue *c)
{
	u64 pos = tail_of(c);

	c->awaited = slot_of(c, pos);
	c->awaited_free = state_of(lap_of(c, pos) - 1, 0);
}

/* Could the first in overflow have its slot? */
static bool has_slot(const struct evchan_queue *c)
{
	return READ_ONCE(c->awaited->state) == c->awaited_free;
}

/*
 * evchan_wake() where others wait in overflow. Interrupts are off. The barrier is
 * that of publish(): linked before the look at the sleepers.
 */
static noinline int wake_behind(struct evcore_source *s, u32 events)
{
	/* The queue is read again after each call: that takes less than keeping it. */
	raw_spin_lock(&s->queue->lock);
	if (unlikely(trace_evcore_overflow_enabled() || has_slot(to_evchan(s->queue)) ||
		     !evcore_overflow_fast(s, events))) {
		raw_spin_unlock(&s->queue->lock);
		evcore_post_slow(s, events, 0, 0);
		return 1;
	}
	smp_mb();	/* see above */
	if (unlikely(s->queue->sleepers))
		evcore_wake_locked(s->queue, false);
	raw_spin_unlock(&s->queue->lock);
	return 1;
}

/* What evchan_wake() does not do itself, which is to need no stack: its event merges. */
static noinline int wake_merge(struct evcore_source *s, u32 events)
{
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = events };

	if (merge_counted(c, READ_ONCE(s->last_record), events))
		return 1;
	/* It was taken meanwhile. */
	if (unlikely(!post_quick(c, s, EVCHAN_POLL, &r)))
		return wake_behind(s, events);
	return after_post(s, events);
}

/*
 * A watched file has become ready: this is what an event costs. Interrupts are
 * off, for the head of a wait queue is locked that way.
 */
static int evchan_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = evcore_fast_events(s, key) };
	u64 posted = READ_ONCE(s->last_record);

	if (unlikely(!r.events))
		return evcore_fd_wake(wait, mode, sync, key);
	lockdep_assert_irqs_disabled();
	/*
	 * Half of the state word says whether there can be anything to merge into; the
	 * other half, whether it is of this source.
	 */
	if (unlikely(READ_ONCE(remembered(c, posted)->events)) &&
	    READ_ONCE(remembered(c, posted)->lap) == posted >> 32)
		return wake_merge(s, r.events);
	if (unlikely(!post_quick(c, s, EVCHAN_POLL, &r)))
		return wake_behind(s, r.events);
	if (unlikely(anything_after(c)))
		return after_post(s, r.events);
	return 1;
}

/* evchan_wake_level() where the ring has its last record, or no room, or others wait. */
static noinline int wake_level_slow(struct evcore_source *s, u32 events)
{
	evcore_post_slow(s, events, 0, 0);
	return 1;
}

/*
 * The same for a level-triggered source: then a wait has to look at it, which it finds
 * out without a lock too. Many wake-ups are of the other direction.
 */
static int evchan_wake_level(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	struct evchan_queue *c = to_evchan(s->queue);
	struct evcore_record r = { .events = evcore_fast_events(s, key) };
	u64 posted = READ_ONCE(s->last_record);

	if (!r.events) {
		if (likely(evcore_key_is_other(key)))
			return 1;
		return evcore_fd_wake(wait, mode, sync, key);
	}
	lockdep_assert_irqs_disabled();
	if (unlikely(READ_ONCE(remembered(c, posted)->events)) &&
	    READ_ONCE(remembered(c, posted)->lap) == posted >> 32)
		return wake_level_slow(s, r.events);
	if (unlikely(!post_quick(c, s, EVCHAN_POLL, &r)))
		return wake_level_slow(s, r.events);
	evcore_recheck_level_add(s);
	if (unlikely(anything_after(c)))
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

	if (unlikely(mode & EVCORE_SLOW))
		goto slow;
	if (!(mode & EVCORE_COUNTS) && merge_counted(c, READ_ONCE(s->last_record), events))
		return;
	local_irq_save(flags);
	done = post_quick(c, s, s->type, &r);
	if (done)
		after_post(s, events);
	local_irq_restore(flags);
	if (likely(done))
		return;
slow:
	evcore_post_slow(s, events, value, extra);
}

static noinline bool put_stamped(struct evcore_source *s, struct evchan_event *slot,
				 u64 memo, u32 events)
{
	slot->timestamp = ktime_get_mono_fast_ns() + s->queue->time_offset;
	publish(s, slot, memo, memo & ~(u64)U32_MAX, events);
	return true;
}

static bool evchan_put(struct evcore_queue *q, struct evcore_source *s,
		       const struct evcore_record *r)
{
	struct evchan_queue *c = to_evchan(q);
	struct evchan_event *slot;
	u32 offset;
	u64 lap;

	/* queue->lock is held, interrupts are off. */
	if (unlikely(!reserve(c, &slot, &offset, &lap, PUT)))
		return false;
	await_slot(c);
	fill(s, slot, s->type, r);
	if (unlikely(s->flags & EVCORE_TIMESTAMP))
		return put_stamped(s, slot, lap | offset, r->events);
	publish(s, slot, offset, lap, r->events);
	return true;
}

static __always_inline bool put_bits(struct evchan_queue *c, struct evcore_source *s,
				     u32 events, enum reserver who)
{
	struct evcore_record r = { .events = events, .overflowed = who == DRAIN };
	struct evchan_event *slot;
	u32 offset;
	u64 lap;

	if (unlikely(!reserve(c, &slot, &offset, &lap, who)))
		return false;
	fill(s, slot, EVCHAN_POLL, &r);
	publish(s, slot, offset, lap, events);
	return true;
}

static bool evchan_put_poll(struct evcore_queue *q, struct evcore_source *s, u32 events)
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

static bool evchan_taken(struct evcore_queue *q, struct evcore_source *s)
{
	u64 posted = READ_ONCE(s->last_record);
	struct evchan_event *slot = remembered(to_evchan(q), posted);

	/* Most are, and half of the state word says so. */
	return !READ_ONCE(slot->events) || READ_ONCE(slot->lap) != posted >> 32;
}

static void evchan_look_at_due(struct evcore_queue *q)
{
	evcore_recheck_level(q, evchan_taken);
}

/*
 * The kernel takes the event itself. A consumer that is copying it finds its
 * own compare-and-swap fail, and the slot consumed.
 */
static bool evchan_cancel(struct evcore_queue *q, struct evcore_source *s)
{
	u64 posted = READ_ONCE(s->last_record);
	struct evchan_event *slot = remembered(to_evchan(q), posted);
	u64 state = READ_ONCE(slot->state);
	int tries;

	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != posted >> 32 || !(u32)state)
			return false;
		if (try_cmpxchg(&slot->state, &state, state_of(posted >> 32, 0)))
			return true;
	}
	return false;
}

/* Consume a slot whose record is of a source and has a cookie, if it was not taken. */
static void withdraw_at(struct evchan_queue *c, u64 pos, const struct evcore_source *s, u64 data)
{
	struct evchan_event *slot = slot_of(c, pos);
	/* What follows was filled in: pairs with publish(). */
	u64 state = smp_load_acquire(&slot->state);
	int tries;

	if (READ_ONCE(slot->type) != s->type)
		return;
	/* Events of a single source have names and cookies of their own. */
	if (!evcore_ops_of(s)->single &&
	    (READ_ONCE(slot->id) != s->id || READ_ONCE(slot->data) != data))
		return;
	for (tries = 0; tries < EVCORE_USER_TRIES; tries++) {
		if (state >> 32 != lap_of(c, pos) || !(u32)state)
			return;
		if (try_cmpxchg(&slot->state, &state, state_of(lap_of(c, pos), 0)))
			return;
	}
}

static unsigned int evchan_ready(struct evcore_queue *q, unsigned int limit);

/*
 * What tells a record's source is in the slot, where the program can change it. That can
 * withdraw another of the program's own events, and nothing else.
 */
static void evchan_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data)
{
	struct evchan_queue *c = to_evchan(q);
	u64 pos, tail;

	raw_spin_lock_irq(&q->lock);
	evchan_ready(q, 1);	/* passes what was consumed */
	pos = c->seen;
	tail = tail_of(c);
	raw_spin_unlock_irq(&q->lock);
	while (pos != tail) {
		withdraw_at(c, pos++, s, data);
		if (!(pos % EVCHAN_SCAN_MAX))
			cond_resched();
	}
}

/* Of the records from c->seen on, those that can be taken; see evchan_ready(). */
static noinline unsigned int count_published(const struct evchan_queue *c, u64 tail,
					     unsigned int limit, unsigned int scan)
{
	unsigned int n = 0;
	u64 pos, state;

	for (pos = c->seen; pos != tail && n < limit; pos++) {
		if (++scan > EVCHAN_SCAN_MAX)
			break;
		state = READ_ONCE(slot_of(c, pos)->state);
		n += state >> 32 == lap_of(c, pos) && (u32)state;
	}
	return n + (tail - pos);
}

/*
 * The program's head is a hint that may be anything: it is believed where it
 * lies between what was seen consumed and the tail. No more slots are looked at
 * than EVCHAN_SCAN_MAX, for this runs with interrupts off; further ones count
 * as there. A program that keeps its head up to date never comes near that.
 */
static unsigned int evchan_ready(struct evcore_queue *q, unsigned int limit)
{
	struct evchan_queue *c = to_evchan(q);
	u64 tail = tail_of(c);
	u64 head = READ_ONCE(c->header->head);
	u64 seen = c->seen, state = 0, consumed = 0;
	unsigned int scan;

	lockdep_assert_held(&q->lock);
	if (head - seen <= tail - seen)
		seen = head;
	for (scan = 0; scan < EVCHAN_SCAN_MAX && seen != tail; scan++) {
		consumed = state_of(lap_of(c, seen), 0);
		state = READ_ONCE(slot_of(c, seen)->state);
		if (state != consumed)
			break;
		seen++;
	}
	/* At most a ring full, whatever user space wrote into it. */
	if (unlikely(tail - seen > c->mask + 1ULL))
		seen = tail - c->mask - 1;
	else if (limit == 1 && (state ^ consumed) <= U32_MAX)
		limit = 0;	/* the next one is published, or there is none */
	c->seen = seen;
	if (tail - seen < limit || !limit)
		return tail - seen;
	return count_published(c, tail, limit, scan);
}

/*
 * Is there no record that is reserved and not published yet? What was published stays so until
 * it is consumed, so the slots are read on from where the last call stopped. A program that
 * writes into its slots can only make this false.
 */
static bool evchan_all_published(struct evcore_queue *q)
{
	struct evchan_queue *c = to_evchan(q);
	u64 tail = tail_of(c);
	unsigned int scan = 0;
	u64 pos = c->published;

	lockdep_assert_held(&q->lock);
	if (pos - c->seen > tail - c->seen)
		pos = c->seen;
	while (pos != tail && READ_ONCE(slot_of(c, pos)->state) >> 32 == lap_of(c, pos) &&
	       ++scan < EVCHAN_SCAN_MAX)
		pos++;
	c->published = pos;
	return pos == tail;
}

static void evchan_set_lockless(struct evcore_queue *q, bool on)
{
	struct evchan_queue *c = to_evchan(q);

	/* Fully ordered: a reserve that was under way fails its swap. */
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

static u64 evchan_posted(struct evcore_queue *q)
{
	return tail_of(to_evchan(q));
}

static int evchan_mmap(struct evcore_queue *q, struct vm_area_struct *vma)
{
	struct evchan_queue *c = to_evchan(q);

	return evcore_map_ring(vma, c->header, c->map_length);
}

static void evchan_free(struct evcore_queue *q)
{
	struct evchan_queue *c = to_evchan(q);

	vfree(c->header);	/* a mapping holds its pages itself */
	kfree(c);
}

const struct evcore_face evchan_face = {
	.name	= "evchan",
	.sigev	= SIGEV_EVCHAN,
	.post	= evchan_post,
	.wake	= evchan_wake,
	.wake_level = evchan_wake_level,
	.recheck_level = evchan_look_at_due,
	.put	= evchan_put,
	.put_bits = evchan_put_poll,
	.drain	= evchan_drain,
	.merge	= evchan_merge,
	.taken	= evchan_taken,
	.cancel	= evchan_cancel,
	.withdraw = evchan_withdraw,
	.ready	= evchan_ready,
	.all_published = evchan_all_published,
	.set_lockless = evchan_set_lockless,
	.set_need_call = evchan_set_need_call,
	.nr_posted = evchan_posted,
	.mmap	= evchan_mmap,
	.free	= evchan_free,
};

/**
 * evchan_ring_init - allocate a channel's ring
 * @c: the channel, its queue initialised; evchan_free() undoes this
 * @entries: slots, a power of two
 *
 * Return: 0, or -ENOMEM, over RLIMIT_MEMLOCK too.
 */
int evchan_ring_init(struct evchan_queue *c, u32 entries)
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
	c->slots = (void *)c->header + PAGE_SIZE;
	c->mask = entries - 1;
	c->order = ilog2(entries);
	c->map_length = length;
	await_slot(c);
	return 0;
}
