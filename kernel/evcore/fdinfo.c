// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo/FD of a queue: its counters, then one line for each source,
 * with names for people and programs such as evstat(1).
 *
 * Floor 10, see Makefile: calls limits.c and lookup.c; called by queue_file.c.
 */
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "internal.h"

/* The names of flags, from bit 0 on. What only the core needs to know is left out. */
static const char *const mode_names[] = {
	"level", "oneshot", "wake_all", "report_close", "timestamp", "", "", "", "last_check",
	"exclusive", NULL
};

#define SHOWN_MODES	(EVCORE_LEVEL | EVCORE_ONESHOT | EVCORE_WAKE_ALL | EVCORE_REPORT_CLOSE | \
			 EVCORE_TIMESTAMP | EVCORE_LAST_CHECK | EVCORE_EXCLUSIVE)

/* Print the names of bits, after @sep and with commas between them, or a number for the rest. */
static void show_bits(struct seq_file *m, const char *sep, u32 bits, const char *const *names)
{
	unsigned int i;

	for (i = 0; names && names[i]; i++) {
		if (!(bits & BIT(i)) || !*names[i])
			continue;
		seq_printf(m, "%s%s", sep, names[i]);
		bits &= ~BIT(i);
		sep = ",";
	}
	if (bits)
		seq_printf(m, "%s0x%x", sep, bits);
}

static bool show_source(struct evcore_source *s, void *arg)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct seq_file *m = arg;
	u32 modes = s->flags & SHOWN_MODES;

	/* The id of a futex may be an address, which only its own process may see. */
	seq_printf(m, "source: type:%s id:%llx events:", ops->name + strlen("evcore_"),
		   !ops->may_see || ops->may_see(s) ? s->id : 0);
	show_bits(m, "", s->events, ops->event_names);
	seq_puts(m, " flags:");
	if (modes & (EVCORE_LEVEL | EVCORE_ONESHOT)) {
		show_bits(m, "", modes, mode_names);
	} else {
		seq_puts(m, "edge");
		show_bits(m, ",", modes, mode_names);
	}
	if (ops->describe)
		ops->describe(s, m);
	seq_putc(m, '\n');
	return !seq_has_overflowed(m);
}

/* The counters of a queue at one moment. */
struct counts {
	unsigned int	used;
	unsigned int	waiting;
	unsigned int	waiters;
	u64		posted;
	u64		overflowed;
	u64		drained;
	u64		wakes;
};

static void read_counts(struct evcore_queue *q, struct counts *c)
{
	raw_spin_lock_irq(&q->lock);
	/* A limit of 0: from the oldest record on that was not consumed. */
	c->used = q->face->ready(q, 0);
	c->waiting = q->nr_overflow;
	c->waiters = q->sleepers & ~(EVCORE_POLLED | EVCORE_POLLED_AGAIN);
	c->posted = q->face->nr_posted(q);
	c->overflowed = q->overflowed;
	c->drained = q->drained;
	c->wakes = q->wakes;
	raw_spin_unlock_irq(&q->lock);
	if (!q->nr_slots) {
		/* The core keeps all events in the overflow list, where nothing else can go. */
		c->posted = c->overflowed;
		c->overflowed = 0;
		c->drained = 0;
	}
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
	struct counts c;

	mutex_lock(&q->mutex);
	read_counts(q, &c);
	seq_printf(m, "face:\t%s\n", q->face->name);
	if (q->nr_slots)
		seq_printf(m, "ring:\t%u of %u\n", c.used, q->nr_slots);
	else
		seq_puts(m, "ring:\tnone\n");
	seq_printf(m, "waiting:\t%u\n", c.waiting);
	seq_printf(m, "waiters:\t%u\n", c.waiters);
	seq_printf(m, "posted:\t%llu\n", c.posted);
	seq_printf(m, "merged:\t%lld\n", atomic64_read(&q->merged));
	seq_printf(m, "overflowed:\t%llu\n", c.overflowed);
	seq_printf(m, "drained:\t%llu\n", c.drained);
	seq_printf(m, "wakes:\t%llu\n", c.wakes);
	if (q->busy_us)
		/* data_race(): it changes without a lock; a value of a moment ago will do. */
		seq_printf(m, "busy_polls:\t%llu\n", data_race(q->busy_polls));
	seq_printf(m, "sources:\t%u\n", q->nr_sources);
	seq_printf(m, "records:\t%u\n", READ_ONCE(q->nr_records));
	seq_printf(m, "user_records:\t%ld of %lu\n",
		   atomic_long_read(&q->user->evcore_records), evcore_record_limit());
	evcore_each(q, show_source, m);
	mutex_unlock(&q->mutex);
}
