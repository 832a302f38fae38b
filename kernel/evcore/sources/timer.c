// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer: an hrtimer that posts from its interrupt. The value counts the periods
 * that have passed since the last event, so that none is lost whatever the load.
 *
 * A period below TIMER_STEP_NS does not fire more often than that; the periods
 * in between are counted.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "sources.h"

/* As for POSIX timers: an interrupt every so often at the most. */
#define TIMER_STEP_NS	(50 * NSEC_PER_USEC)

struct timer_source {
	struct evcore_valued	valued;
	struct hrtimer		timer;
	ktime_t			first;		/* first expiry */
	u64			interval;	/* ns, 0: once */
	u64			counted;	/* expirations posted */
};

static struct timer_source *to_timer(struct evcore_source *s)
{
	return container_of(s, struct timer_source, valued.source);
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct timer_source *ts = container_of(timer, struct timer_source, timer);
	ktime_t now = hrtimer_cb_get_time(timer);
	u64 total = 1, next;

	if (ts->interval)
		total += div64_u64(max_t(s64, ktime_sub(now, ts->first), 0),
				   ts->interval);
	/* A clock that was set back has nothing new to count. */
	if (total > ts->counted)
		evcore_post(&ts->valued.source, EVCORE_FIRED, total - ts->counted,
			    ktime_to_ns(now));
	ts->counted = max(ts->counted, total);
	if (!ts->interval || READ_ONCE(ts->valued.source.flags) & EVCORE_ONESHOT)
		return HRTIMER_NORESTART;

	next = ts->counted;
	if (ts->interval < TIMER_STEP_NS)
		next += div64_u64(TIMER_STEP_NS, ts->interval);
	/* Saturates: wrapped around it would be due at once, again and again. */
	hrtimer_set_expires(timer, ktime_add_safe(ts->first, next * ts->interval));
	return HRTIMER_RESTART;
}

/* Check the arguments and start; the timer is not running. */
static int timer_start(struct timer_source *ts, const struct evcore_request *req,
		       bool check_only)
{
	bool absolute = req->args[3] & EVCORE_TIMER_ABS;
	clockid_t clock = req->args[0];
	u64 delay = req->args[1] ?: req->args[2];

	if (req->args[3] & ~EVCORE_TIMER_ABS || !delay ||
	    req->args[1] > KTIME_MAX || req->args[2] > KTIME_MAX)
		return -EINVAL;
	if (req->args[0] != CLOCK_REALTIME && req->args[0] != CLOCK_MONOTONIC &&
	    req->args[0] != CLOCK_BOOTTIME)
		return -EINVAL;
	if (absolute && !req->args[1])
		return -EINVAL;
	if (check_only)
		return 0;
	/* A delay does not change when the clock is set. */
	if (!absolute && clock == CLOCK_REALTIME)
		clock = CLOCK_MONOTONIC;
	hrtimer_init(&ts->timer, clock, HRTIMER_MODE_ABS);
	ts->timer.function = timer_fired;
	ts->interval = req->args[2];
	ts->counted = 0;
	ts->first = absolute ? ns_to_ktime(delay) :
		    ktime_add_safe(hrtimer_cb_get_time(&ts->timer), ns_to_ktime(delay));
	hrtimer_start(&ts->timer, ts->first, HRTIMER_MODE_ABS);
	return 0;
}

static int timer_attach(struct evcore_source *s, struct evcore_request *req,
			u32 *ready)
{
	return timer_start(to_timer(s), req, false);
}

static void timer_detach(struct evcore_source *s)
{
	hrtimer_cancel(&to_timer(s)->timer);
}

static int timer_modify(struct evcore_source *s, struct evcore_request *req)
{
	int ret = timer_start(to_timer(s), req, true);

	if (ret)
		return ret;
	hrtimer_cancel(&to_timer(s)->timer);
	return 0;
}

static void timer_modified(struct evcore_source *s, struct evcore_request *req)
{
	timer_start(to_timer(s), req, false);
}

static void timer_describe(struct evcore_source *s, struct seq_file *m)
{
	seq_printf(m, " interval:%llu fired:%llu", to_timer(s)->interval,
		   to_timer(s)->counted);
}

const struct evcore_source_ops evcore_timer_ops = {
	.name		= "evcore_timer",
	.type		= EVCORE_TIMER,
	.size		= sizeof(struct timer_source),
	.fixed		= EVCORE_COUNTS,
	.all_events	= EVCORE_FIRED,
	.nr_args	= 4,
	.attach		= timer_attach,
	.detach		= timer_detach,
	.modify		= timer_modify,
	.modified	= timer_modified,
	.describe	= timer_describe,
};
