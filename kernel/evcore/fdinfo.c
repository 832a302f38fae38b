// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo/FD of a queue: its counters, then one line for each source.
 *
 * Floor 10, see Makefile: calls limits.c and lookup.c; called by queue_file.c.
 */
#include <linux/sched/user.h>
#include <linux/seq_file.h>

#include "internal.h"

static bool show_source(struct evcore_source *s, void *arg)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct seq_file *m = arg;

	/* The id of a futex may be an address, which only its own process may see. */
	seq_printf(m, "source: type:%d id:%llx events:%x flags:%x", s->type,
		   !ops->may_see || ops->may_see(s) ? s->id : 0, s->events,
		   (u32)(s->flags & ~(EVCORE_UNSURE | EVCORE_KEYS_PART)));
	if (evcore_ops_of(s)->describe)
		evcore_ops_of(s)->describe(s, m);
	seq_putc(m, '\n');
	return !seq_has_overflowed(m);
}

static void show_count(struct seq_file *m, const char *name, const u64 *count)
{
	/* data_race(): it changes with queue->lock held; a value of a moment ago will do. */
	seq_printf(m, "%s:\t%llu\n", name, data_race(*count));
}

/**
 * evcore_show_fdinfo - ->show_fdinfo() of a queue's file
 * @q: the queue
 * @m: the file to write to
 *
 * Context: process context, takes queue->mutex.
 */
void evcore_show_fdinfo(struct evcore_queue *q, struct seq_file *m)
{
	mutex_lock(&q->mutex);
	seq_printf(m, "face:\t%s\n", q->face->name);
	seq_printf(m, "posted:\t%llu\n", q->face->nr_posted(q));
	seq_printf(m, "merged:\t%lld\n", atomic64_read(&q->merged));
	show_count(m, "overflowed", &q->overflowed);
	show_count(m, "drained", &q->drained);
	show_count(m, "wakes", &q->wakes);
	if (q->busy_us)
		show_count(m, "busy_polls", &q->busy_polls);
	seq_printf(m, "sources:\t%u\n", q->nr_sources);
	seq_printf(m, "records:\t%u\n", READ_ONCE(q->nr_records));
	seq_printf(m, "user_records:\t%ld of %lu\n",
		   atomic_long_read(&q->user->evcore_records), evcore_record_limit());
	evcore_each(q, show_source, m);
	mutex_unlock(&q->mutex);
}
