/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A short way to wake a wait queue head that has one waiter, which is what most of
 * them have. The walk over a list of waiters keeps its state in six registers, and to
 * save and restore them takes longer than the call of the waiter itself.
 */
#ifndef _LINUX_EVCORE_WAKE_H
#define _LINUX_EVCORE_WAKE_H

#include <linux/lockdep.h>
#include <linux/wait.h>

/* Of what is to be compiled for each caller's constants. */
#ifdef CONFIG_EVCORE
#define evcore_wake_inline	__always_inline
#else
#define evcore_wake_inline
#endif

typedef int (*evcore_wake_func_t)(struct wait_queue_head *head, unsigned int mode,
				  int nr_exclusive, int wake_flags, void *key);

/**
 * evcore_wake_up - wake the waiters of a head, in short if there is one
 * @walk: does it for any number of them
 * @head: the head; its lock held
 * @mode: for the waiter's function, as are @wake_flags and @key
 * @nr_exclusive: how many of those that are exclusive to wake
 * @wake_flags: see @mode
 * @key: see @mode
 *
 * Who does not use the return value is left with a jump to the waiter's function.
 *
 * Return: what @walk returns, @nr_exclusive without those that were woken.
 */
static __always_inline int evcore_wake_up(evcore_wake_func_t walk,
					  struct wait_queue_head *head, unsigned int mode,
					  int nr_exclusive, int wake_flags, void *key)
{
	struct list_head *first = head->head.next;
	struct wait_queue_entry *entry = list_entry(first, struct wait_queue_entry, entry);
	unsigned int flags;
	int ret;

	if (!IS_ENABLED(CONFIG_EVCORE) || unlikely(first != head->head.prev) ||
	    unlikely(first == &head->head))
		return walk(head, mode, nr_exclusive, wake_flags, key);

	lockdep_assert_held(&head->lock);
	/* Before the call, which may end the entry's life. */
	flags = entry->flags;
	ret = entry->func(entry, mode, wake_flags, key);
	return nr_exclusive - (ret > 0 && flags & WQ_FLAG_EXCLUSIVE);
}

#endif /* _LINUX_EVCORE_WAKE_H */
