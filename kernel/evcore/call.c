// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a call with many entries does between two entries: it lets other tasks run, ends if there
 * is a signal, and waits for user memory without queue->mutex.
 *
 * Floor 2, see Makefile: calls mark.c; called by the faces.
 */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "internal.h"

/**
 * evcore_pause - let other tasks run between two entries of a call
 * @q: the queue, locked with evcore_lock_user(); it is unlocked and locked again if another
 *     task should run
 * @done: number of entries that were carried out
 *
 * A signal that kills the process ends the call at once. Any other signal ends it only after
 * EVCORE_MIN_ENTRIES entries, so a call with fewer entries is never cut short by one. Task
 * work, which io_uring gives a thread, does not end the call: no signal handler would run.
 *
 * Context: process context, may sleep.
 *
 * Return: whether the call must end here because of a signal.
 */
bool evcore_pause(struct evcore_queue *q, unsigned int done)
{
	if (need_resched()) {
		evcore_unlock_user(q);
		cond_resched();
		evcore_lock_user(q);
	}
	return fatal_signal_pending(current) ||
	       (done >= EVCORE_MIN_ENTRIES && task_sigpending(current));
}

/**
 * evcore_fault_in - bring in user memory that was not present when it was accessed
 * @q: the queue, locked with evcore_lock_user(); it is unlocked meanwhile and locked again
 * @at: address of the memory
 * @size: its size in bytes
 * @write: the access was a write
 *
 * Context: process context. Sleeps until the memory is present, however long that takes.
 *
 * Return: true if the access should be tried again; false if there is no such memory, or if
 * the task is being killed.
 */
bool evcore_fault_in(struct evcore_queue *q, void __user *at, size_t size, bool write)
{
	bool present;

	evcore_unlock_user(q);
	present = !(write ? fault_in_safe_writeable(at, size) : fault_in_readable(at, size)) &&
		  !fatal_signal_pending(current);
	cond_resched();
	evcore_lock_user(q);
	return present;
}
