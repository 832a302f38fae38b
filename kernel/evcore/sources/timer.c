// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer: an hrtimer that posts from its interrupt. The value is the number of periods
 * that have passed since the last event, so none is lost, whatever the load.
 *
 * rate.c limits how often a timer may fire; the periods in between are counted. A timer
 * that expired at the same time as too many others fires later from then on, by less
 * than a period, so that they do not expire together again.
 *
 * Times are in the time namespace of the process that set the timer.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "sources.h"

struct timer_source {
	struct evcore_valued	valued;
	struct hrtimer		timer;
	ktime_t			first;		/* first expiry */
	u64			interval;	/* ns; 0: fires once */
	u64			late;		/* ns, delay by rate.c; less than the interval */
	s64			offset;		/* of the time namespace */
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
	u64 total = 1, next, delay;

	if (ts->interval)
		total += div64_u64(max_t(s64, ktime_sub(now, ts->first), 0),
				   ts->interval);
	/* After the clock was set back there may be no new expiration to count. */
	if (total > ts->counted)
		evcore_post(&ts->valued.source, EVCORE_FIRED, total - ts->counted,
			    ktime_to_ns(now) + ts->offset);
	ts->counted = max(ts->counted, total);
	if (!ts->interval || READ_ONCE(ts->valued.source.flags) & EVCORE_ONESHOT)
		return HRTIMER_NORESTART;

	delay = evcore_timer_delay(ts->valued.source.queue->user, timer, now, ts->interval);
	next = ts->counted;
	if (delay >= ts->interval)
		next += div64_u64(delay, ts->interval);
	else if (delay)
		ts->late = delay;
	/* The sum saturates. If it wrapped around, the timer would expire at once, repeatedly. */
	hrtimer_set_expires(timer, ktime_add_safe(ktime_add_safe(ts->first, next * ts->interval),
						  ns_to_ktime(ts->late)));
	return HRTIMER_RESTART;
}

/* Check the arguments and, unless @check_only, start the timer, which must not be running. */
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
	/* Setting the clock must not change a relative timeout. */
	if (!absolute && clock == CLOCK_REALTIME)
		clock = CLOCK_MONOTONIC;
	hrtimer_setup(&ts->timer, timer_fired, clock, HRTIMER_MODE_ABS);
	ts->interval = req->args[2];
	ts->late = 0;
	ts->counted = 0;
	ts->offset = evcore_time_offset(clock);
	ts->first = absolute ? timens_ktime_to_host(clock, ns_to_ktime(delay)) :
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
	.event_names	= EVCORE_NAMES("fired"),
	.nr_args	= 4,
	.attach		= timer_attach,
	.detach		= timer_detach,
	.modify		= timer_modify,
	.modified	= timer_modified,
	.describe	= timer_describe,
};
