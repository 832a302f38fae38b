// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a call of many entries does between two of them: let other tasks run, end for a
 * signal, and wait for user memory without queue->mutex.
 */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "internal.h"

/**
 * evcore_pause - let others run between two entries of a call
 * @q: its queue, taken with evcore_lock_user(); released and taken again if anybody is to run
 * @done: entries carried out so far
 *
 * A signal that ends the process ends the call at once, and any other does after
 * EVCORE_MIN_ENTRIES entries: fewer are never cut short by one.
 *
 * Context: process context, sleeps.
 *
 * Return: whether a signal ends the call here.
 */
bool evcore_pause(struct evcore_queue *q, unsigned int done)
{
	if (need_resched()) {
		evcore_unlock_user(q);
		cond_resched();
		evcore_lock_user(q);
	}
	return fatal_signal_pending(current) ||
	       (done >= EVCORE_MIN_ENTRIES && signal_pending(current));
}

/**
 * evcore_fault_in - wait for user memory that an access under queue->mutex did not find
 * @q: the queue, taken with evcore_lock_user(); released meanwhile, and held again after
 * @at: the memory
 * @size: how much of it
 * @write: it is to be written
 *
 * Context: process context, sleeps for as long as the memory takes.
 *
 * Return: whether to try again; false if it is not there, or the task is being killed.
 */
bool evcore_fault_in(struct evcore_queue *q, void __user *at, size_t size, bool write)
{
	bool there;

	evcore_unlock_user(q);
	there = !(write ? fault_in_safe_writeable(at, size) : fault_in_readable(at, size)) &&
		!fatal_signal_pending(current);
	cond_resched();
	evcore_lock_user(q);
	return there;
}
