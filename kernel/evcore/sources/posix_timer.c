// SPDX-License-Identifier: GPL-2.0-only
/*
 * posix_timer: timer_create() with SIGEV_KEVENT or SIGEV_EVCHAN. Where the timer
 * would send its signal it posts, and goes on by itself: there is no delivery that
 * it would wait for. The value is the overrun count: expirations that have come
 * and had no event of their own. timer_getoverrun() says that of the last event
 * posted. rate.c says how often it may interrupt.
 *
 * Once its registration is gone, with the queue perhaps, there is nobody to tell. A
 * timer that finds that out when it expires goes on as one with SIGEV_NONE: it does
 * not interrupt any more, and timer_gettime() still says when it would expire next.
 *
 * The kernel's own accounting is used: k_itimer.it_overrun counts from -1 what
 * was passed over, it_overrun_last is what timer_getoverrun() returns. Everything
 * here runs with k_itimer.it_lock held, unless it says otherwise.
 */
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/posix-timers.h>

#include "sigev.h"

/* Post what has expired, and begin to count anew; false if there is nobody to be told. */
static bool post_overrun(struct k_itimer *timr)
{
	timr->it_overrun_last = max(timr->it_overrun, 0);
	timr->it_overrun = -1;
	return evcore_sigev_post(timr->it_evcore, timr->it_overrun_last);
}

/**
 * evcore_timer_create - timer_create(): register where that is asked for
 * @timr: the new timer, not visible yet; no lock held
 * @event: from the program, may be NULL
 *
 * Return: 0, or an errno as evcore_sigev_create().
 */
int evcore_timer_create(struct k_itimer *timr, const struct sigevent *event)
{
	struct evcore_sigev *n;

	if (!event || !evcore_sigev(event->sigev_notify))
		return 0;
	n = evcore_sigev_create(event, EVCORE_POSIX_TIMER, timr->it_id);
	if (IS_ERR(n))
		return PTR_ERR(n);
	timr->it_evcore = n;
	return 0;
}

/**
 * evcore_timer_fired - a timer that is an hrtimer has expired
 * @timr: the timer
 * @timer: its hrtimer
 *
 * Context: its interrupt.
 *
 * Return: whether it goes on.
 */
enum hrtimer_restart evcore_timer_fired(struct k_itimer *timr, struct hrtimer *timer)
{
	ktime_t now = hrtimer_cb_get_time(timer);
	u64 delay;

	if (!timr->it_interval) {
		timr->it_active = 0;
		post_overrun(timr);
		return HRTIMER_NORESTART;
	}
	timr->it_overrun += hrtimer_forward(timer, now, timr->it_interval);
	if (!post_overrun(timr)) {
		timr->it_sigev_notify = SIGEV_NONE;
		timr->it_active = 0;
		return HRTIMER_NORESTART;
	}
	/* What is passed over from here on is counted with the next. */
	delay = evcore_timer_delay(timr->it_evcore->queue->user, timer, now, timr->it_interval);
	if (delay)
		timr->it_overrun += hrtimer_forward(timer, ktime_add_ns(now, delay),
						    timr->it_interval);
	return HRTIMER_RESTART;
}

/**
 * evcore_timer_expired - a timer of another kind has expired
 * @timr: the timer
 *
 * Return: 1, "not sent, re-arm yourself"; evcore_timer_rearmed() follows where
 * there is an interval.
 */
int evcore_timer_expired(struct k_itimer *timr)
{
	if (!timr->it_interval)
		post_overrun(timr);
	return 1;
}

/**
 * evcore_timer_rearmed - the timer has counted what passed, and goes on
 * @timr: the timer, of any kind and use
 */
void evcore_timer_rearmed(struct k_itimer *timr)
{
	if (evcore_timer(timr))
		post_overrun(timr);
}

/**
 * evcore_timer_taken - the timer's signal went into queues only
 * @timr: the timer, with a real signal
 *
 * Nobody will dequeue it, which is when overruns are accounted otherwise.
 */
void evcore_timer_taken(struct k_itimer *timr)
{
	timr->it_overrun_last = max(timr->it_overrun, 0);
	timr->it_overrun = -1;
}

const struct evcore_source_ops evcore_posix_timer_ops = {
	.name		= "evcore_posix_timer",
	.type		= EVCORE_POSIX_TIMER,
	.size		= sizeof(struct sigev_source),
	.fixed		= EVCORE_COUNTS | EVCORE_OVERRUNS,
	.all_events	= EVCORE_FIRED,
	.attach		= evcore_sigev_attach,
	.detach		= evcore_sigev_detach,
};
