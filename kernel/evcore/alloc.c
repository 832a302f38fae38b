// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of many entries: memory for sources, which a call that registers many takes for
 * several at once, giving back at its end what was not needed; and letting others run.
 */
#include <linux/evcore.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * evcore_alloc_slow - memory for a source that no batch has at hand
 * @ops: its type
 * @batch: of the call under way, or NULL; it is filled up if it is empty
 *
 * Context: process context, may sleep.
 *
 * Return: the memory, or NULL.
 */
struct evcore_source *evcore_alloc_slow(const struct evcore_source_ops *ops,
					struct evcore_batch *batch)
{
	if (batch && !batch->nr && batch->left > 1) {
		batch->ops = ops;
		batch->nr = kmem_cache_alloc_bulk(evcore_cache(ops), GFP_KERNEL_ACCOUNT,
						  min(batch->left, EVCORE_BATCH_MAX),
						  batch->at);
		if (batch->nr)
			return batch->at[--batch->nr];
	}
	return kmem_cache_alloc(evcore_cache(ops), GFP_KERNEL_ACCOUNT);
}

/**
 * evcore_batch_end - give back what a call has not used
 * @batch: its batch
 *
 * Context: process context.
 */
void evcore_batch_end(struct evcore_batch *batch)
{
	if (batch->nr)
		kmem_cache_free_bulk(evcore_cache(batch->ops), batch->nr, batch->at);
	batch->nr = 0;
}

/**
 * evcore_pause - let others run between two entries of a call
 * @q: its queue, taken with evcore_lock_user(); released and taken again if anybody is to run
 * @done: entries carried out so far
 *
 * A signal that ends the process ends the call at once, and any other does after
 * EVCORE_WHOLE entries: fewer are never cut short by one.
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
	return fatal_signal_pending(current) || (done >= EVCORE_WHOLE && signal_pending(current));
}
