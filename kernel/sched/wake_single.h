/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fast path for wait queue heads with a single waiter, which is what most heads have.
 * The walk over a list of waiters keeps its state in six registers, and saving and
 * restoring them takes longer than calling the waiter.
 */
#ifndef _KERNEL_SCHED_WAKE_SINGLE_H
#define _KERNEL_SCHED_WAKE_SINGLE_H

#include <linux/lockdep.h>
#include <linux/wait.h>

/* For functions that are to be compiled with each caller's constants. */
#ifdef CONFIG_WAKE_SINGLE_WAITER
#define wake_single_inline	__always_inline
#else
#define wake_single_inline
#endif

#ifdef WQ_FLAG_BOOKMARK
/* A long walk is interrupted, and an entry that is no waiter marks the place. */
#define WAKE_BOOKMARK_PARAM	, wait_queue_entry_t *bookmark
#define WAKE_BOOKMARK		, bookmark
#else
#define WAKE_BOOKMARK_PARAM
#define WAKE_BOOKMARK
#endif

typedef int (*wake_walk_t)(struct wait_queue_head *head, unsigned int mode,
			   int nr_exclusive, int wake_flags, void *key WAKE_BOOKMARK_PARAM);

/*
 * wake_single_or_walk - wake the waiters of a wait queue head
 * @walk: wakes any number of waiters
 * @head: the head; its lock is held
 * @mode: for the waiter's function, as are @wake_flags and @key
 * @nr_exclusive: how many exclusive waiters to wake
 * @wake_flags: see @mode
 * @key: see @mode
 *
 * Calls a single waiter's function directly, and @walk for any other number of waiters.
 * A caller that ignores the return value ends with a jump to the waiter's function.
 *
 * Return: what @walk returns: @nr_exclusive less the exclusive waiters that were woken.
 */
static __always_inline int wake_single_or_walk(wake_walk_t walk, struct wait_queue_head *head,
					       unsigned int mode, int nr_exclusive,
					       int wake_flags, void *key WAKE_BOOKMARK_PARAM)
{
	struct list_head *first = head->head.next;
	struct wait_queue_entry *entry = list_entry(first, struct wait_queue_entry, entry);
	unsigned int flags;
	int ret;

	if (!IS_ENABLED(CONFIG_WAKE_SINGLE_WAITER) || unlikely(first != head->head.prev) ||
	    unlikely(first == &head->head))
		return walk(head, mode, nr_exclusive, wake_flags, key WAKE_BOOKMARK);
#ifdef WQ_FLAG_BOOKMARK
	if (entry->flags & WQ_FLAG_BOOKMARK)
		return walk(head, mode, nr_exclusive, wake_flags, key WAKE_BOOKMARK);
#endif

	lockdep_assert_held(&head->lock);
	/* Read before the call, which may free the entry. */
	flags = entry->flags;
	ret = entry->func(entry, mode, wake_flags, key);
	return nr_exclusive - (ret > 0 && flags & WQ_FLAG_EXCLUSIVE);
}

#endif /* _KERNEL_SCHED_WAKE_SINGLE_H */
