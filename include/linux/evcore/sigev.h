/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events in place of the signal that a struct sigevent asks for: the functions that POSIX
 * timers and message queues call. Without CONFIG_EVCORE they do nothing.
 */
#ifndef _LINUX_EVCORE_SIGEV_H
#define _LINUX_EVCORE_SIGEV_H

#include <linux/hrtimer.h>
#include <linux/signal_types.h>

struct alarm;
struct evcore_sigev;
struct k_itimer;
struct mqueue_inode_info;
struct sigevent;
struct task_struct;

/* send_sigqueue() returns this for a signal that was posted into queues only. */
#define EVCORE_SIGQUEUE_TAKEN	2

#ifdef CONFIG_EVCORE

/**
 * evcore_sigev - does this sigev_notify name a queue?
 * @notify: SIGEV_*
 */
static inline bool evcore_sigev(int notify)
{
	return notify == SIGEV_KEVENT || notify == SIGEV_EVCHAN;
}

void evcore_sigev_free(struct evcore_sigev *n);

/* sources/posix_timer.c */
int evcore_timer_create(struct k_itimer *timr, const struct sigevent *event);
enum hrtimer_restart evcore_timer_fired(struct k_itimer *timr, struct hrtimer *timer);
int evcore_timer_expired(struct k_itimer *timr);
void evcore_timer_rearmed(struct k_itimer *timr);
void evcore_timer_taken(struct k_itimer *timr);
bool evcore_timer_signal(struct k_itimer *timr, bool deliver, struct task_struct *t);
enum hrtimer_restart evcore_timer_restart(struct k_itimer *timr, struct hrtimer *timer);
void evcore_alarm_rearm(struct k_itimer *timr, struct alarm *alarm);
void evcore_timer_expired_at_once(struct k_itimer *timr);

/**
 * evcore_timer - does the timer post into a queue?
 * @timr: the timer
 */
#define evcore_timer(timr)	unlikely((timr)->it_evcore)

/**
 * evcore_timer_again - must a timer that has expired be re-armed, without a signal? (since 6.13)
 * @timr: the timer, after posix_timer_queue_signal(), which is waiting for its signal otherwise
 */
#define evcore_timer_again(timr)	\
	unlikely((timr)->it_status == POSIX_TIMER_ARMED && posixtimer_valid(timr))

/**
 * evcore_timer_free - remove the source of a timer that is being freed
 * @timr: the timer
 */
#define evcore_timer_free(timr)	evcore_sigev_free((timr)->it_evcore)

/* sources/mqueue.c */
struct evcore_sigev *evcore_mqueue_create(const struct sigevent *event, int mqdes);
void evcore_mqueue_set(struct evcore_sigev **at, int *notify, struct evcore_sigev **n,
		       const struct sigevent *event);
void evcore_mqueue_fire(struct evcore_sigev **at);
void evcore_mqueue_drop(struct evcore_sigev **at);

/* These are macros because only ipc/mqueue.c defines struct mqueue_inode_info. */
#define evcore_mqueue_init(info)	((void)((info)->notify_evcore = NULL))
#define evcore_mqueue_register(info, n, event)	({				\
	typeof(info) __info = (info);						\
	evcore_mqueue_set(&__info->notify_evcore, &__info->notify.sigev_notify,	\
			  n, event);						\
})
#define evcore_mqueue_notify(info)	evcore_mqueue_fire(&(info)->notify_evcore)
#define evcore_mqueue_removed(info)	evcore_mqueue_drop(&(info)->notify_evcore)

#else

static inline bool evcore_sigev(int notify)
{
	return false;
}

static inline void evcore_sigev_free(struct evcore_sigev *n)
{
}

static inline int evcore_timer_create(struct k_itimer *timr, const struct sigevent *event)
{
	return 0;
}

static inline enum hrtimer_restart evcore_timer_fired(struct k_itimer *timr,
						      struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static inline int evcore_timer_expired(struct k_itimer *timr)
{
	return 0;
}

static inline void evcore_timer_rearmed(struct k_itimer *timr)
{
}

static inline void evcore_timer_taken(struct k_itimer *timr)
{
}

static inline bool evcore_timer_signal(struct k_itimer *timr, bool deliver,
				       struct task_struct *t)
{
	return false;
}

static inline bool evcore_timer_again(struct k_itimer *timr)
{
	return false;
}

static inline enum hrtimer_restart evcore_timer_restart(struct k_itimer *timr,
							struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static inline void evcore_alarm_rearm(struct k_itimer *timr, struct alarm *alarm)
{
}

#define evcore_timer_expired_at_once(timr)	posix_timer_queue_signal(timr)

static inline struct evcore_sigev *evcore_mqueue_create(const struct sigevent *event,
							int mqdes)
{
	return NULL;
}

static inline bool evcore_timer(struct k_itimer *timr)
{
	return false;
}

static inline void evcore_timer_free(struct k_itimer *timr)
{
}

static inline void evcore_mqueue_init(struct mqueue_inode_info *info)
{
}

static inline void evcore_mqueue_register(struct mqueue_inode_info *info,
					  struct evcore_sigev **n,
					  const struct sigevent *event)
{
}

static inline void evcore_mqueue_notify(struct mqueue_inode_info *info)
{
}

static inline void evcore_mqueue_removed(struct mqueue_inode_info *info)
{
}

#endif /* CONFIG_EVCORE */
#endif /* _LINUX_EVCORE_SIGEV_H */
