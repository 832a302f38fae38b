/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core has compiled into a face: the short ways of an event, or a modify, that is
 * no more than bits of a watched file. All else, and what these come to in full, is in
 * evcore.h.
 */
#ifndef _EVCORE_FACE_H
#define _EVCORE_FACE_H

#include "evcore.h"
#include <linux/evcore/file.h>
#include <linux/fdtable.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

/* A wait queue head that a watched file registered; wait.private: the source. */
struct evcore_wait_hook {
	wait_queue_entry_t	wait;
	wait_queue_head_t	*head;	/* NULL once the head is going (POLLFREE) */
	struct evcore_wait_hook	*next;
};

/**
 * struct evcore_fd_source - a source that watches a file
 * @source: the core's part
 * @file: watched, no reference held; NULL once the file is going (queue->mutex,
 *        and queue->lock to set it to NULL)
 * @file_node: in file->f_evcore, file->f_lock
 * @hook: the first wait queue head, which is mostly the only one; further ones
 *        hang on it
 */
struct evcore_fd_source {
	struct evcore_source	source;
	struct file		*file;
	struct hlist_node	file_node;
	struct evcore_wait_hook	hook;
};

/* sources/poll.c */
bool evcore_modify_shared(struct evcore_source *s, u32 fd, u32 events, u64 data);

/* sources/fd.c */
void evcore_fd_recheck(struct evcore_source *s);
void evcore_fd_found(struct evcore_source *s, u32 bits);

/*
 * The caller's table of descriptors, if nobody but the caller can close any: then a file
 * found there needs no reference, as fdget() has it. Otherwise NULL.
 */
static __always_inline struct files_struct *evcore_own_files(void)
{
	struct files_struct *files = current->files;

	/* Acquire: as in fdget(), which see. */
	return atomic_read_acquire(&files->count) == 1 ? files : NULL;
}

/* Descriptor numbers in one of the small arrays of evcore_queue.fds. */
#define EVCORE_FDS_EACH	64

/*
 * The array that a descriptor number is in, or NULL. The number comes from user space: a
 * processor that guesses what the comparison will say does not read beyond the table.
 */
static __always_inline struct evcore_source **evcore_fd_array(const struct evcore_queue *q, u64 fd)
{
	u64 i = fd / EVCORE_FDS_EACH;

	return i < q->nr_fds ? q->fds[array_index_nospec((unsigned long)i, q->nr_fds)] : NULL;
}

/* The first source of a descriptor number, or NULL. */
static __always_inline struct evcore_source *evcore_fd_first(const struct evcore_queue *q, u64 fd)
{
	struct evcore_source **each = evcore_fd_array(q, fd);

	return each ? each[fd % EVCORE_FDS_EACH] : NULL;
}

/*
 * Is a call that goes on for long to look up from its work: somebody else is to run, or a
 * signal is pending? Then evcore_pause(). One test of one word.
 */
static __always_inline bool evcore_interrupted(void)
{
	return read_thread_flags() & (_TIF_NEED_RESCHED | _TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL);
}

/* In a key: what else holds, only ->poll() can tell; or the wait queue head is going. */
#define EVCORE_KEYS_VAGUE	(EVCORE_ALWAYS | EVCORE_POLLFREE)

/**
 * evcore_fast_events - what a wake-up of a poll source is to post
 * @s: the source, wait->private, of which every bit of a key is believed
 * @key: of the wake-up
 *
 * Return: the bits, or 0 if it is not as simple: nothing of interest, no key, or
 * one that tells little. Then evcore_fd_wake() handles it.
 */
static __always_inline u32 evcore_fast_events(const struct evcore_source *s, void *key)
{
	u32 bits = (u32)(unsigned long)key;

	return unlikely(bits & EVCORE_KEYS_VAGUE) ? 0 : bits & READ_ONCE(s->events);
}

/* A wake-up with a key that tells all, none of whose bits is of interest. */
static __always_inline bool evcore_key_is_other(void *key)
{
	return key && !((unsigned long)key & EVCORE_KEYS_VAGUE);
}

/**
 * evcore_recheck_level_add - have the next wait look at a level-triggered source
 * @s: the source, whose record was published: a full barrier comes before this
 *
 * Context: the wake-up of its first wait queue head, whose lock is held: nobody else
 * puts it on the list. What follows comes after a full barrier, if it was put there.
 */
static __always_inline void evcore_recheck_level_add(struct evcore_source *s)
{
	struct llist_head *list = &s->queue->recheck_level;
	struct llist_node *first;

	/* On it already: whoever takes it off sees the record, see evcore_recheck_level(). */
	if (READ_ONCE(s->recheck_node.next) != &s->recheck_node)
		return;
	/* llist_add(), which is a call: here there is to be none. */
	first = READ_ONCE(list->first);
	do {
		WRITE_ONCE(s->recheck_node.next, first);
	} while (!try_cmpxchg(&list->first, &first, &s->recheck_node));
}

/* Of a source that waits there for a look: what holds by now is posted. */
static __always_inline void evcore_recheck_one(struct evcore_source *s, struct files_struct *own)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;
	u32 bits;

	/* What is on a list comes by itself; and it may be of another mode by now. */
	if (unlikely(READ_ONCE(s->where) != EVCORE_IDLE || !(s->flags & EVCORE_LEVEL)))
		return;
	/* Mostly it is the program's own descriptor that keeps the file from going. */
	if (unlikely(!own || files_lookup_fd_raw(own, (u32)s->id) != file)) {
		evcore_fd_recheck(s);
		return;
	}
	bits = (__force u32)vfs_poll(file, NULL) & (s->events | EVCORE_ALWAYS);
	if (unlikely(bits))
		evcore_fd_found(s, bits);
}

/**
 * evcore_recheck_level - look at the sources of evcore_recheck_level_add() that were consumed
 * @q: the queue, its mutex held
 * @taken: ->taken() of the face
 *
 * The body of a face's ->recheck_level(), compiled with its @taken. Those whose record was
 * not consumed are left to a later wait.
 */
static __always_inline void evcore_recheck_level(struct evcore_queue *q, evcore_taken_t taken)
{
	struct llist_node *node = llist_reverse_order(llist_del_all(&q->recheck_level));
	struct evcore_source *batch[EVCORE_DRAIN_MAX] __uninitialized;
	struct files_struct *own = evcore_own_files();
	unsigned int n, i;

	lockdep_assert_held(&q->mutex);
	while (node) {
		n = 0;
		do {
			batch[n] = llist_entry(node, struct evcore_source, recheck_node);
			node = node->next;
			WRITE_ONCE(batch[n]->recheck_node.next, &batch[n]->recheck_node);
		} while (++n < EVCORE_DRAIN_MAX && node);
		/*
		 * Off the list before the look at the slots: pairs with the barrier between
		 * a record and evcore_recheck_level_add(). One of the two sees the other.
		 */
		smp_mb();
		for (i = 0; i < n; i++) {
			if (likely(taken(q, batch[i]) || !evcore_recheck_unconsumed(batch[i])))
				evcore_recheck_one(batch[i], own);
		}
		cond_resched();
	}
}

/**
 * evcore_overflow_fast - the ring is full and others wait: so does this source
 * @s: source of a type that watches a file, without a mode of EVCORE_SLOW;
 *     queue->lock held, and the ring has no free slot
 * @events: bits, not 0
 *
 * What evcore_post_slow() comes to in this case.
 *
 * Return: false if it is another case.
 */
static __always_inline bool evcore_overflow_fast(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	if (unlikely(!q->nr_overflow || s->where != EVCORE_IDLE || s->muted))
		return false;
	list_add_tail(&s->link, &q->overflow);
	s->where = EVCORE_ON_OVERFLOW;
	s->pending = events;
	q->nr_overflow++;
	q->overflowed++;
	return true;
}

/* In overflow, and no more than bits of a watched file that need no care once delivered. */
static __always_inline bool evcore_is_fast(const struct evcore_node *node)
{
	const struct evcore_source *s = container_of(node, struct evcore_source, at);

	return node->where != EVCORE_RECORD_NODE && s->type == EVCORE_POLL &&
	       !(s->flags & EVCORE_SLOW) && !(s->recheck | s->marked);
}

/**
 * evcore_drain_fast - move events from overflow into the ring, the simple ones
 * @q: the queue; its lock held
 * @most: at most so many
 * @put: places them, as a record that says that they overflowed where records do
 *
 * The loop of a face's ->drain(), compiled with its @put. Stops at what is more than
 * bits of a watched file, or needs care once it is delivered.
 *
 * Return: how many were moved.
 */
static __always_inline unsigned int evcore_drain_fast(struct evcore_queue *q, unsigned int most,
						       evcore_put_bits_t put)
{
	struct evcore_source *s;
	struct evcore_node *node;
	unsigned int n;

	lockdep_assert_held(&q->lock);
	for (n = 0; n < most; n++) {
		node = list_first_entry(&q->overflow, struct evcore_node, link);
		if (&node->link == &q->overflow)
			break;
		if (!evcore_is_fast(node))
			break;
		s = container_of(node, struct evcore_source, at);
		/* Unlinked only after its slot is there. */
		if (!put(q, s, s->pending))
			break;
		list_del_init(&s->link);
		s->pending = 0;
		/* Last: pairs with the acquire in evcore_change_bits(). */
		smp_store_release(&s->where, EVCORE_IDLE);
	}
	q->nr_overflow -= n;
	if (n && !q->nr_overflow)
		q->face->set_lockless(q, true);
	return n;
}

/*
 * Take over new events and cookie; false if something of the source is under way.
 *
 * With the lock of its only wait queue head held and queue->mutex, nobody posts of it.
 * Then it is in nobody's hands if it is on no list and its record was taken, so that
 * queue->lock is not needed. What a wake-up has done before is seen by the look that
 * follows, a later one finds the new events: as in evcore_fd_modified().
 */
static __always_inline bool evcore_change_bits(struct evcore_source *s, u32 events, u64 data)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_head_t *head;
	bool done = false;

	local_irq_disable();
	/* As in unhook_one(): with interrupts off, this is an RCU reader. */
	head = smp_load_acquire(&fs->hook.head);
	if (likely(head)) {
		spin_lock(&head->lock);
		/* Pairs with the release where a drain takes a source off overflow. */
		if (likely(smp_load_acquire(&s->where) == EVCORE_IDLE && !s->recheck) &&
		    (!s->last_record || s->queue->face->taken(s->queue, s))) {
			WRITE_ONCE(s->events, events);
			WRITE_ONCE(s->data, data);
			WRITE_ONCE(s->last_record, 0);
			done = true;
		}
		spin_unlock(&head->lock);
	}
	local_irq_enable();
	return done;
}

/* @file: what the caller's descriptor stands for, which is kept from going. */
static __always_inline bool evcore_modify_own(struct evcore_source *s, struct file *file,
						   u32 events, u64 data)
{
	u32 ready;

	/* Who is found by a lookup has a file. */
	if (file != container_of(s, struct evcore_fd_source, source)->file ||
	    !evcore_change_bits(s, events, data))
		return false;
	/* It can be polled, or it would not be watched: vfs_poll() would ask once more. */
	ready = (__force u32)file->f_op->poll(file, NULL) & (s->events | EVCORE_ALWAYS);
	if (ready)
		evcore_fd_found(s, ready);
	return true;
}

/**
 * evcore_modify_fast - change the events and the cookie of a poll source
 * @q: queue, its mutex held
 * @own: evcore_own_files()
 * @fd: number of the descriptor that it watches; more bits than one has are none
 * @flags: its flags, which do not change
 * @mask: those of them that the face has looked at
 * @events: the new events
 * @data: the new cookie
 *
 * What evcore_find() and evcore_modify() come to where there is no more to it: an
 * EVCORE_POLL source that has no mode of EVCORE_SLOW, of which there is no event that was
 * not taken, and whose file has one wait queue head and keys that are believed. Servers
 * do this all the time.
 *
 * Context: process context.
 *
 * Return: whether it was that; if not, nothing was changed.
 */
static __always_inline bool evcore_modify_fast(struct evcore_queue *q, struct files_struct *own,
					       u64 fd, u32 flags, u32 mask, u32 events,
					       u64 data)
{
	struct evcore_source *s = evcore_fd_first(q, fd);

	lockdep_assert_held(&q->mutex);
	if (!s || !events || s->type != EVCORE_POLL || (s->flags ^ flags) & mask ||
	    s->flags & (EVCORE_SLOW | EVCORE_KEYS_PART) ||
	    container_of(s, struct evcore_fd_source, source)->hook.next)
		return false;
	/* Other bits need another wake-up function, except that an eventfd's keys are exact. */
	if (events & ~EVCORE_KEYS_FULL &&
	    (events >= EVCORE_POLLFREE ||
	     !evcore_is_eventfd(container_of(s, struct evcore_fd_source, source)->file)))
		return false;
	/* There, the head's lock may sleep. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	if (unlikely(!own))
		return evcore_modify_shared(s, fd, events, data);
	return evcore_modify_own(s, files_lookup_fd_raw(own, fd), events, data);
}

#endif /* _EVCORE_FACE_H */
