// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal path C: when the last reference to a watched file is dropped, the sources that
 * watch it are removed. __fput() calls this right after eventpoll_release().
 *
 * Floor 10, see Makefile: calls lookup.c, alloc.c, state.c, post.c, fd.c and recheck.c; called by
 * the rest of the kernel.
 */
#include <linux/evcore/file.h>

#include "internal.h"

/*
 * Post the "closed" event of a source if that was asked for. Return: true if an event of the
 * source still waits in overflow, so that the source must outlive its file. Otherwise the
 * source is muted. Called with queue->mutex held.
 */
static bool outlives_file(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	bool closed = s->flags & EVCORE_REPORT_CLOSE && !s->muted && !q->dead;
	unsigned long flags;
	bool pending;

	if (closed) {
		raw_spin_lock_irqsave(&q->lock, flags);
		evcore_arm(s);	/* a disarmed oneshot reports it too */
		raw_spin_unlock_irqrestore(&q->lock, flags);
		evcore_post_slow(s, EVCORE_CLOSED, 0, 0);
	}
	raw_spin_lock_irqsave(&q->lock, flags);
	pending = s->where == EVCORE_ON_OVERFLOW && !s->muted && !q->dead;
	/* An event whose condition is polled before delivery cannot hold any more. */
	if (s->flags & EVCORE_LAST_CHECK && !closed && !s->made_ready)
		pending = false;
	if (pending) {
		WRITE_ONCE(s->flags, s->flags | EVCORE_AUTOREMOVE);
	} else {
		s->muted = true;
		evcore_unlink(s);
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return pending;
}

/**
 * evcore_release_file - drop the sources that watch a file
 * @file: file without references
 *
 * No other task links a source to @file or unlinks one any more, because it would have to pin
 * the file first, which fails.
 *
 * Context: process context, may sleep. Takes queue->mutex of each queue that watches @file.
 */
void evcore_release_file(struct file *file)
{
	struct evcore_fd_source *fs;
	struct evcore_source *s;
	struct evcore_queue *q;

	for (;;) {
		spin_lock(&file->f_lock);
		if (hlist_empty(&file->f_evcore)) {
			spin_unlock(&file->f_lock);
			return;
		}
		fs = hlist_entry(file->f_evcore.first, struct evcore_fd_source,
				 file_node);
		s = &fs->source;
		q = s->queue;
		kref_get(&q->kref);
		spin_unlock(&file->f_lock);

		mutex_lock(&q->mutex);
		evcore_unhash(s);
		evcore_fd_unhook(fs);
		s->attached = false;
		evcore_recheck_unlist(s);
		if (!outlives_file(s))
			evcore_free_source(s);
		mutex_unlock(&q->mutex);
		evcore_queue_put_sleepable(q);
	}
}
