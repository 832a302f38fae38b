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
 *
 * A timer whose signal is posted by signal.c needs something too: the kernel re-arms a periodic
 * timer when its signal is dequeued, which does not happen if queues only have it.
 */
#include <linux/err.h>
#include <linux/evcore/signal.h>
#include <linux/hrtimer.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>

#include "../../time/posix-timers.h"
#include "sigev.h"

/* Post the overrun count and reset it; false if the source is gone. */
static bool post_overrun(struct k_itimer *timr)
{
	timr->it_overrun_last = max(timr->it_overrun, 0);
	timr->it_overrun = -1;
	return evcore_sigev_post(timr->it_evcore, timr->it_overrun_last);
}

/* The source of a periodic timer was removed. As with SIGEV_NONE, only its time goes on. */
static void stop(struct k_itimer *timr)
{
	timr->it_sigev_notify = SIGEV_NONE;
	evcore_timer_set_armed(timr, false);
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

	if (!evcore_timer_valid(timr))
		return HRTIMER_NORESTART;
	if (!timr->it_interval) {
		evcore_timer_set_armed(timr, false);
		post_overrun(timr);
		return HRTIMER_NORESTART;
	}
	timr->it_overrun += hrtimer_forward(timer, now, timr->it_interval);
	if (!post_overrun(timr)) {
		stop(timr);
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
 * timer. evcore_timer_rearmed() is called next for such a timer, and posts. 0 if the timer is
 * periodic and its source was removed: the caller does not re-arm it.
 */
int evcore_timer_expired(struct k_itimer *timr)
{
	if (!timr->it_interval) {
		post_overrun(timr);
		return 1;
	}
	if (!evcore_sigev_attached(timr->it_evcore)) {
		stop(timr);
		return 0;
	}
	evcore_timer_keep_armed(timr);
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

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)

/* The time up to which the expirations of a periodic timer are skipped: at most one in a tick. */
static ktime_t skip_until(const struct k_itimer *timr, ktime_t now)
{
	return timr->it_interval < TICK_NSEC ? ktime_add_ns(now, TICK_NSEC) : now;
}

/**
 * evcore_timer_signal - post the signal of a timer that has expired
 * @timr: the timer
 * @deliver: result of prepare_signal()
 * @t: the task that the signal is sent to, or a task of the process
 *
 * A periodic timer whose signal was posted, and will not be dequeued, is marked as armed, so
 * that evcore_timer_again() tells the caller to re-arm it.
 *
 * Context: siglock of @t held.
 *
 * Return: true if the signal must neither be delivered nor be treated as ignored.
 */
bool evcore_timer_signal(struct k_itimer *timr, bool deliver, struct task_struct *t)
{
	if (likely(!t->signal->evcore) || !evcore_signal_instead(deliver, &timr->sigq.info, t))
		return false;
	evcore_timer_taken(timr);
	/* If an earlier signal is still queued, it is stale. */
	timr->it_signal_seq++;
	if (timr->it_interval)
		evcore_timer_set_armed(timr, true);
	return true;
}

/**
 * evcore_timer_restart - re-arm a timer that is based on an hrtimer, if evcore_timer_again()
 * @timr: the timer, which has expired
 * @timer: its hrtimer
 *
 * Context: the timer's interrupt.
 *
 * Return: what the function of the hrtimer is to return.
 */
enum hrtimer_restart evcore_timer_restart(struct k_itimer *timr, struct hrtimer *timer)
{
	if (!evcore_timer_again(timr))
		return HRTIMER_NORESTART;
	timr->it_overrun += hrtimer_forward(timer, skip_until(timr, hrtimer_cb_get_time(timer)),
					    timr->it_interval);
	return HRTIMER_RESTART;
}

/**
 * evcore_alarm_rearm - re-arm an alarm timer; and post, if it posts into a queue
 * @timr: the timer, which has expired
 * @alarm: its alarm
 *
 * The clock is read again for each try, because it may be set to any other time meanwhile.
 */
void evcore_alarm_rearm(struct k_itimer *timr, struct alarm *alarm)
{
	ktime_t now;

	do {
		now = hrtimer_cb_get_time(&alarm->timer);
		timr->it_overrun += alarm_forward(alarm, skip_until(timr, now), timr->it_interval);
	} while (!evcore_alarm_start(alarm));
	evcore_timer_rearmed(timr);
}

/* Re-arm a periodic timer that waits for nothing; and post, if it posts into a queue. */
static void rearm(struct k_itimer *timr)
{
	struct hrtimer *timer = &timr->it.real.timer;

	/* If an earlier signal is queued by now, it is stale. */
	timr->it_signal_seq++;
	evcore_timer_set_armed(timr, true);
	if (timr->it_clock < 0) {	/* the CPU time of a task */
		timr->kclock->timer_rearm(timr);
	} else if (timr->it_clock == CLOCK_REALTIME_ALARM ||
		   timr->it_clock == CLOCK_BOOTTIME_ALARM) {
		evcore_alarm_rearm(timr, &timr->it.alarm.alarmtimer);
	} else {
		timr->it_overrun += hrtimer_forward(timer,
						    skip_until(timr, hrtimer_cb_get_time(timer)),
						    timr->it_interval);
		hrtimer_start_expires(timer, HRTIMER_MODE_ABS);
		evcore_timer_rearmed(timr);
	}
}

/**
 * evcore_timer_expired_at_once - a timer was set or re-armed to a time that has passed
 * @timr: the timer, which is not queued
 *
 * Such a timer expires without an interrupt. Nobody re-arms it then if it posts into
 * a queue, or if its signal is posted into queues only.
 */
void evcore_timer_expired_at_once(struct k_itimer *timr)
{
	posix_timer_queue_signal(timr);
	if (evcore_timer_again(timr))
		rearm(timr);
}

/*
 * Take the timers of the process that stand still because of @sig off their list. One walk is
 * done, because there may be as many timers as RLIMIT_SIGPENDING allows. They are still in a list
 * that is protected by siglock, from which timer_delete() removes them as from the other one.
 */
static void take_ignored(int sig, struct hlist_head *taken)
{
	struct signal_struct *signal = current->signal;
	struct hlist_node *next;
	struct k_itimer *timr;

	spin_lock_irq(&current->sighand->siglock);
	hlist_for_each_entry_safe(timr, next, &signal->ignored_posix_timers, ignored_list) {
		if (timr->sigq.info.si_signo != sig)
			continue;
		hlist_del_init(&timr->ignored_list);
		hlist_add_head(&timr->ignored_list, taken);
	}
	spin_unlock_irq(&current->sighand->siglock);
}

/* The next one of these timers, whose reference the caller gets; NULL if there is none. */
static struct k_itimer *next_ignored(struct hlist_head *taken)
{
	struct k_itimer *timr;

	spin_lock_irq(&current->sighand->siglock);
	timr = hlist_entry_safe(taken->first, struct k_itimer, ignored_list);
	if (timr)
		hlist_del_init(&timr->ignored_list);
	spin_unlock_irq(&current->sighand->siglock);
	return timr;
}

/**
 * evcore_timers_continue - re-arm the timers that stand still because their signal is ignored
 * @sig: a signal that the current process has registered just now
 *
 * Until the signal is no longer ignored, or the program sets the timer again, nothing else
 * would. With the registration the timer does not stop any more: see evcore_timer_signal().
 *
 * Context: process context.
 */
void evcore_timers_continue(int sig)
{
	HLIST_HEAD(taken);
	struct k_itimer *timr;

	take_ignored(sig, &taken);
	while ((timr = next_ignored(&taken))) {
		spin_lock_irq(&timr->it_lock);
		if (posixtimer_valid(timr) && timr->it_status == POSIX_TIMER_REQUEUE_PENDING)
			rearm(timr);
		spin_unlock_irq(&timr->it_lock);
		posixtimer_putref(timr);
		cond_resched();
	}
}

#endif /* since 6.13 */

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
