// SPDX-License-Identifier: GPL-2.0-only
/*
 * posix_timer: timer_create() with SIGEV_KEVENT or SIGEV_EVCHAN. The timer posts an
 * event in place of its signal. It re-arms itself at once, because there is no signal
 * delivery to wait for. The value is the overrun count: the number of expirations before
 * this one that have no event of their own. timer_getoverrun() returns the value of the
 * last event posted. rate.c limits how often the timer may interrupt.
 *
 * The source can be removed before the timer, for example when the queue is closed. A
 * periodic hrtimer that finds no source when it expires continues as if it had SIGEV_NONE:
 * it no longer interrupts, and timer_gettime() still returns the time that remains.
 *
 * The kernel's own accounting is used: k_itimer.it_overrun counts the skipped expirations,
 * starting at -1, and it_overrun_last is what timer_getoverrun() returns. All functions
 * here are called with k_itimer.it_lock held, unless they say otherwise.
 */
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/posix-timers.h>

#include "sigev.h"

/* Post the overrun count and reset it; false if the source is gone. */
static bool post_overrun(struct k_itimer *timr)
{
	timr->it_overrun_last = max(timr->it_overrun, 0);
	timr->it_overrun = -1;
	return evcore_sigev_post(timr->it_evcore, timr->it_overrun_last);
}

/**
 * evcore_timer_create - create the source for timer_create(), if it asks for one
 * @timr: the new timer, which is not visible yet
 * @event: from the program, may be NULL
 *
 * Context: process context, may sleep. No lock is held.
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
 * evcore_timer_fired - post for a timer that is based on an hrtimer
 * @timr: the timer, which has expired
 * @timer: its hrtimer
 *
 * Context: the timer's interrupt.
 *
 * Return: HRTIMER_RESTART if the timer is periodic and its source still exists.
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
	/* Expirations that are skipped because of the delay belong to the next event. */
	delay = evcore_timer_delay(timr->it_evcore->queue->user, timer, now, timr->it_interval);
	if (delay)
		timr->it_overrun += hrtimer_forward(timer, ktime_add_ns(now, delay),
						    timr->it_interval);
	return HRTIMER_RESTART;
}

/**
 * evcore_timer_expired - post for a timer of another clock, unless it is periodic
 * @timr: the timer, which has expired
 *
 * Return: 1, which tells the caller that no signal was sent, so that it re-arms a periodic
 * timer. evcore_timer_rearmed() is called next for such a timer, and posts.
 */
int evcore_timer_expired(struct k_itimer *timr)
{
	if (!timr->it_interval)
		post_overrun(timr);
	return 1;
}

/**
 * evcore_timer_rearmed - post for a periodic timer that has counted its overruns
 * @timr: any timer; nothing is done if it does not post into a queue
 */
void evcore_timer_rearmed(struct k_itimer *timr)
{
	if (evcore_timer(timr))
		post_overrun(timr);
}

/**
 * evcore_timer_taken - account for a signal that was posted into queues only
 * @timr: the timer, which sends a signal
 *
 * Overruns are otherwise accounted when the signal is dequeued, which will not happen.
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
	.event_names	= EVCORE_NAMES("fired"),
	.attach		= evcore_sigev_attach,
	.detach		= evcore_sigev_detach,
};
