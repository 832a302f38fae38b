/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fast paths that are inlined into a face, for poll sources that have only event bits:
 * posting, overflow, rechecking and modifying. The general paths are in evcore.h.
 */
#ifndef _EVCORE_FACE_H
#define _EVCORE_FACE_H

#include <linux/evcore/file.h>
#include <linux/fdtable.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

#include "evcore.h"
#include "state.h"

/* An entry in one wait queue head of a watched file; wait.private is the source. */
struct evcore_wait_hook {
	wait_queue_entry_t	wait;
	wait_queue_head_t	*head;	/* NULL once the head announced its end (POLLFREE) */
	struct evcore_wait_hook	*next;
};

/**
 * struct evcore_fd_source - a source that watches a file
 * @source: the core's part
 * @file: the watched file, without a reference; NULL once the file is released
 *        (queue->mutex, and queue->lock as well to set it to NULL)
 * @file_node: in file->f_evcore (file->f_lock)
 * @hook: the entry in the first wait queue head, which is usually the only one; further
 *        entries are linked to it
 */
struct evcore_fd_source {
	struct evcore_source	source;
	struct file		*file;
	struct hlist_node	file_node;
	struct evcore_wait_hook	hook;
};

/* sources/poll.c */
bool evcore_modify_shared(struct evcore_source *s, u32 fd, u32 events, u64 data);

/* fd.c */
u32 evcore_fd_check(struct evcore_source *s);
void evcore_fd_found(struct evcore_source *s, u32 bits);

/*
 * The calling task's table of descriptors if no other task shares it, or NULL. A file found
 * in an unshared table needs no reference: only this task could close the descriptor. fdget()
 * does the same.
 */
static __always_inline struct files_struct *evcore_own_files(void)
{
	struct files_struct *files = current->files;

	/* Acquire: see fdget(). */
	return atomic_read_acquire(&files->count) == 1 ? files : NULL;
}

/* Descriptor numbers in one of the small arrays of evcore_queue.fds. */
#define EVCORE_FDS_PER_ARRAY	64

/*
 * The array that a descriptor number is in, or NULL. The number comes from user space, so
 * array_index_nospec() keeps a speculating processor from reading beyond the table.
 */
static __always_inline struct evcore_source **evcore_fd_array(const struct evcore_queue *q, u64 fd)
{
	u64 i = fd / EVCORE_FDS_PER_ARRAY;

	return i < q->nr_fds ? q->fds[array_index_nospec((unsigned long)i, q->nr_fds)] : NULL;
}

/* The first source of a descriptor number, or NULL. */
static __always_inline struct evcore_source *evcore_fd_first(const struct evcore_queue *q, u64 fd)
{
	struct evcore_source **array = evcore_fd_array(q, fd);

	return array ? array[fd % EVCORE_FDS_PER_ARRAY] : NULL;
}

/*
 * Should a call of many entries stop for a moment, because another task is to run or a signal
 * is pending? Then the caller calls evcore_pause(). This is one test of one word.
 */
static __always_inline bool evcore_interrupted(void)
{
	return read_thread_flags() & (_TIF_NEED_RESCHED | _TIF_SIGPENDING);
}

/* With one of these in a key, only ->poll() can tell what holds, or the head is freed. */
#define EVCORE_KEYS_VAGUE	(EVCORE_ALWAYS | EVCORE_POLLFREE)

/**
 * evcore_fast_events - the bits that a wake-up of a poll source posts
 * @s: the source, wait->private; every bit of its file's keys is believed
 * @key: the key of the wake-up
 *
 * Return: the bits, or 0 for a wake-up that evcore_fd_wake() must handle: without a key, or
 * with a vague one, or with no bit that the source asks for.
 */
static __always_inline u32 evcore_fast_events(const struct evcore_source *s, void *key)
{
	u32 bits = (u32)(unsigned long)key;

	return unlikely(bits & EVCORE_KEYS_VAGUE) ? 0 : bits & READ_ONCE(s->events);
}

/* For a key without a bit that the source asks for: is it exact, so that it can be ignored? */
static __always_inline bool evcore_key_is_other(void *key)
{
	return key && !((unsigned long)key & EVCORE_KEYS_VAGUE);
}

/**
 * evcore_recheck_level_add - have the next wait poll a level-triggered source again
 * @s: the source; its record was published, with a full barrier
 *
 * If it adds the source, a full barrier orders this before what follows.
 *
 * Context: a wake-up by the source's only wait queue head. The lock of the head is held, so
 * no other task adds the source.
 */
static __always_inline void evcore_recheck_level_add(struct evcore_source *s)
{
	struct llist_head *list = &s->queue->recheck_level;
	struct llist_node *first;

	/* It is there already. evcore_recheck_level() takes it off and then sees the record. */
	if (READ_ONCE(s->recheck_node.next) != &s->recheck_node)
		return;
	/* Not llist_add(), which is a function call and would need a stack frame. */
	first = READ_ONCE(list->first);
	do {
		WRITE_ONCE(s->recheck_node.next, first);
	} while (!try_cmpxchg(&list->first, &first, &s->recheck_node));
}

/*
 * evcore_fd_check() for an EVCORE_POLL source. Usually the calling task's own descriptor keeps
 * the file open, and no reference is needed. @own is evcore_own_files().
 */
static __always_inline u32 evcore_fd_check_own(struct evcore_source *s, struct files_struct *own)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;

	if (unlikely(!own || !file || files_lookup_fd_raw(own, (u32)s->id) != file))
		return evcore_fd_check(s);
	return (__force u32)vfs_poll(file, NULL) & (s->events | EVCORE_ALWAYS);
}

/* Poll a source that was on queue->recheck_level, and post what holds. */
static __always_inline void evcore_recheck_one(struct evcore_source *s, struct files_struct *own)
{
	u32 bits;

	/* A source on a list is polled from there; and the mode may have changed meanwhile. */
	if (unlikely(READ_ONCE(s->where) != EVCORE_IDLE || !(s->flags & EVCORE_LEVEL)))
		return;
	bits = evcore_fd_check_own(s, own);
	if (unlikely(bits))
		evcore_fd_found(s, bits);
}

/**
 * evcore_recheck_level - poll the sources of queue->recheck_level whose record was consumed
 * @q: the queue, its mutex held
 * @taken: ->taken() of the face
 *
 * The body of a face's ->recheck_level(), compiled with its @taken. A source whose record is
 * not consumed yet is moved to queue->recheck for a later wait, if it is still level-triggered,
 * armed and on no list.
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
		 * The sources are off the list before their slots are read. Pairs with the
		 * barrier between publishing a record and evcore_recheck_level_add(): either
		 * evcore_recheck_level_add() finds the source off the list and adds it again,
		 * or taken() below sees the record.
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
 * evcore_overflow_fast - let a source wait in overflow
 * @s: source of a type that watches a file, without a mode of EVCORE_SLOW; queue->lock is
 *     held, the ring has no free slot, and the face has done what ->set_lockless(false) and
 *     ->set_need_call(true) do
 * @events: bits, not 0
 *
 * The part of evcore_post_slow() for a source that is on no list.
 *
 * Return: false if it is on a list, or muted; nothing was changed.
 */
static __always_inline bool evcore_overflow_fast(struct evcore_source *s, u32 events)
{
	struct evcore_queue *q = s->queue;

	if (unlikely(s->where != EVCORE_IDLE || s->muted))
		return false;
	list_add_tail(&s->link, &q->overflow);
	s->where = EVCORE_ON_OVERFLOW;
	s->pending = events;
	q->nr_overflow++;
	q->overflowed++;
	return true;
}

/*
 * Is an entry of overflow only bits of a watched file, whose source has no other mode than
 * @modes? If @modes is 0, nothing is to be done once the event is delivered.
 */
static __always_inline bool evcore_is_bits(const struct evcore_node *node, u32 modes)
{
	const struct evcore_source *s = container_of(node, struct evcore_source, at);

	return node->where != EVCORE_RECORD_NODE && s->type == EVCORE_POLL &&
	       !(s->flags & EVCORE_SLOW & ~modes) && !(s->recheck | s->made_ready);
}

/**
 * evcore_take_bits - take several events of a queue without a ring
 * @q: the queue; its mutex must be held until evcore_take_end() has returned
 * @taken: the events
 * @most: take at most this many, not more than EVCORE_DRAIN_MAX
 *
 * This is a fast path of evcore_take() for EVCORE_POLL sources that have no other mode than
 * EVCORE_LEVEL, without EVCORE_LAST_CHECK. It stops at the first event of another kind. It
 * traces nothing: call it only if the tracepoint of draining is disabled.
 *
 * Return: the number of events. If it is not 0, the caller passes them to the program in order,
 * calls evcore_set_taken() for each that it has passed on, and then evcore_take_end().
 */
static __always_inline unsigned int evcore_take_bits(struct evcore_queue *q,
						     struct evcore_taken *taken, unsigned int most)
{
	struct evcore_source *s;
	unsigned int n;
	u32 modes = 0;

	lockdep_assert_held(&q->mutex);
	raw_spin_lock_irq(&q->lock);
	for (n = 0; n < most; n++) {
		s = list_first_entry(&q->overflow, struct evcore_source, link);
		if (&s->link == &q->overflow || !evcore_is_bits(&s->at, EVCORE_LEVEL) ||
		    s->flags & EVCORE_LAST_CHECK)
			break;
		taken[n] = (struct evcore_taken) { .source = s, .events = s->pending };
		modes |= s->flags;
		evcore_overflow_remove(q, s);
	}
	q->drained += n;
	if (modes & EVCORE_LEVEL)
		evcore_taking_level(q, true);
	raw_spin_unlock_irq(&q->lock);
	return n;
}

/**
 * evcore_drain_fast - move simple events from overflow into the ring
 * @q: the queue; its lock is held
 * @most: move at most this many
 * @put: places an event, as a record that says that it overflowed if records do
 *
 * The loop of a face's ->drain(), compiled with its @put. Stops at the first entry for which
 * evcore_is_bits() is false.
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
		if (!evcore_is_bits(node, 0))
			break;
		s = container_of(node, struct evcore_source, at);
		/* Unlink the source only after its record is in the ring. */
		if (!put(q, s, s->pending))
			break;
		/* ->where says that it is on no list: its link is not read until it is on one. */
		__list_del_entry(&s->link);
		s->pending = 0;
		s->drained = true;
		/* Last: pairs with the acquire in evcore_change_bits(). */
		smp_store_release(&s->where, EVCORE_IDLE);
	}
	q->nr_overflow -= n;
	if (n && !q->nr_overflow)
		q->face->set_lockless(q, true);
	return n;
}

/*
 * Take over new events and cookie; false if the source has an event that was not consumed.
 *
 * With queue->mutex and the lock of its only wait queue head held, no task posts an event of
 * the source. If it is on no list and its record was taken, then no other task uses it, and
 * queue->lock is not needed. The caller polls the file afterwards, which finds what happened
 * before; a later wake-up sees the new events. See also evcore_fd_modified().
 */
static __always_inline bool evcore_change_bits(struct evcore_source *s, u32 events, u64 data)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_head_t *head;
	bool done = false;

	local_irq_disable();
	/* As in unhook_one(): disabled interrupts are an RCU read-side critical section. */
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

/*
 * evcore_change_bits() for a source that watches @file, if it does; then poll the file and post
 * what holds. The caller keeps the file open.
 */
static __always_inline bool evcore_modify_own(struct evcore_source *s, struct file *file,
					      u32 events, u64 data)
{
	u32 ready;

	/* A source that a lookup finds has a file. */
	if (file != container_of(s, struct evcore_fd_source, source)->file ||
	    !evcore_change_bits(s, events, data))
		return false;
	/* Not vfs_poll(), which tests for ->poll: a watched file has it. */
	ready = (__force u32)file->f_op->poll(file, NULL) & (s->events | EVCORE_ALWAYS);
	if (ready)
		evcore_fd_found(s, ready);
	return true;
}

/**
 * evcore_modify_fast - change the events and the cookie of a poll source
 * @q: queue, its mutex held
 * @own: evcore_own_files()
 * @fd: number of the descriptor that it watches; a number that is too large finds nothing
 * @flags: its flags, which do not change
 * @mask: the bits of @flags that are to be compared
 * @events: the new events
 * @data: the new cookie
 *
 * The fast path of evcore_find() and evcore_modify(), which busy servers call often: for an
 * EVCORE_POLL source without a mode of EVCORE_SLOW that has no unconsumed event, whose file
 * has one wait queue head and keys that are believed.
 *
 * Context: process context.
 *
 * Return: whether the source was modified. If not, nothing was changed, and the caller takes
 * the general path.
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
	/* On PREEMPT_RT the head's lock may sleep. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	if (unlikely(!own))
		return evcore_modify_shared(s, fd, events, data);
	return evcore_modify_own(s, files_lookup_fd_raw(own, fd), events, data);
}

#endif /* _EVCORE_FACE_H */
