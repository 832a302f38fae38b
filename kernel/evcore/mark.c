// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting the marks of inode sources, which may wait for a file system.
 *
 * Floor 1, see Makefile: calls no other file of the core; called by call.c, wait.c, queue_file.c,
 * the source types and the faces.
 */
#include <linux/fsnotify_backend.h>
#include <linux/llist.h>
#include <linux/sched.h>

#include "internal.h"

/**
 * evcore_mark_put - drop a reference to a mark
 * @m: the mark
 *
 * This may put the last reference to an inode, and then waits for the file system.
 *
 * Context: process context, no lock of the event core may be held.
 */
void evcore_mark_put(struct evcore_mark *m)
{
	evcore_may_wait();
	fsnotify_put_mark(&m->mark);
}

/**
 * evcore_marks_put_removed - put the marks that were removed with queue->mutex held
 * @q: the queue
 *
 * Context: as evcore_mark_put().
 */
void evcore_marks_put_removed(struct evcore_queue *q)
{
	struct llist_node *list = llist_del_all(&q->removed_marks);
	struct evcore_mark *m, *next;

	llist_for_each_entry_safe(m, next, list, removed) {
		evcore_mark_put(m);
		cond_resched();
	}
}
