/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. The code uses the functions of the newest one, and here other
 * kernels get them.
 */
#ifndef _EVCORE_COMPAT_H
#define _EVCORE_COMPAT_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/pid.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#if __has_include(<linux/pidfs.h>)
#include <linux/pidfs.h>	/* pidfd_pid() */
#endif
#if __has_include(<linux/hrtimer_bases.h>)
#include <linux/hrtimer_bases.h>	/* struct hrtimer_clock_base */
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq	system_unbound_wq
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *timer),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef fd_file
#define fd_file(f)	((f).file)
#endif
#ifndef EMPTY_FD
#define EMPTY_FD	(struct fd) { }
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline void init_llist_node(struct llist_node *node)
{
	node->next = node;
}

static inline bool llist_on_list(const struct llist_node *node)
{
	return node->next != node;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
/* A reference to a file, unless its last one was dropped. */
static inline struct file *get_file_active(struct file **f)
{
	struct file *file;

	rcu_read_lock();
	file = READ_ONCE(*f);
	if (file && !get_file_rcu(file))
		file = NULL;
	rcu_read_unlock();
	return file;
}
#endif

/* POSIX timers, for posix_timer.c. */
struct k_itimer;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
/* A timer is re-armed when its signal is dequeued, even if the signal is ignored. */
#define evcore_timer_valid(timr)	posixtimer_valid(timr)
#define evcore_timer_set_armed(timr, armed)	\
	((timr)->it_status = (armed) ? POSIX_TIMER_ARMED : POSIX_TIMER_DISARMED)
#define evcore_timer_keep_armed(timr)	evcore_timer_set_armed(timr, true)
void evcore_timers_continue(int sig);
#else
/*
 * The function that is called when a timer expires re-arms it if no signal was queued. A timer
 * does not contain its signal.
 */
#define evcore_timer_set_armed(timr, armed)	((timr)->it_active = (armed))

static inline bool evcore_timer_valid(struct k_itimer *timr)
{
	return true;
}

/* Left to the caller. */
static inline void evcore_timer_keep_armed(struct k_itimer *timr)
{
}

static inline void evcore_timers_continue(int sig)
{
}
#endif

/* Start an alarm timer at its ->node.expires; false if that has passed and is checked. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define evcore_alarm_start(alarm)	alarm_start_timer(alarm, (alarm)->node.expires, false)
#else
#define evcore_alarm_start(alarm)	({ alarm_start(alarm, (alarm)->node.expires); true; })
#endif

/* Futexes, for futex.c. */
#ifdef _FUTEX_H

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
/* There are no futex2 calls, and all futexes have 32 bits. */
#define FUTEX2_SIZE_U32		0x02
#define FUTEX2_PRIVATE		FUTEX_PRIVATE_FLAG
#define FUTEX2_VALID_MASK	(FUTEX2_SIZE_U32 | FUTEX2_PRIVATE)
#define EVCORE_FUTEX_U32	0x1000	/* not a flag of kernel/futex */

static inline unsigned int futex2_to_flags(unsigned int flags)
{
	return (flags & FUTEX2_PRIVATE ? 0 : FLAGS_SHARED) |
	       (flags & FUTEX2_SIZE_U32 ? EVCORE_FUTEX_U32 : 0);
}

static inline bool futex_flags_valid(unsigned int flags)
{
	return flags & EVCORE_FUTEX_U32;
}

static inline bool futex_validate_input(unsigned int flags, u64 value)
{
	return value <= U32_MAX;
}

static inline unsigned int futex_size(unsigned int flags)
{
	return sizeof(u32);
}

/* The end of a wake handler, after which the waiter may be freed. */
static inline void __futex_wake_mark(struct futex_q *q)
{
	__futex_unqueue(q);
	/* Pairs with reading lock_ptr in futex_unqueue(). */
	smp_store_release(&q->lock_ptr, NULL);
}

#define futex_queue(q, hb, task)	futex_queue(q, hb)
#else
#define EVCORE_FUTEX_U32	0
#endif

/* Prepare the address space for waiters that do not block their tasks. */
static inline int evcore_futex_hash(unsigned int flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	/*
	 * An address space can have its own hash of private futexes. It does not take over
	 * waiters from the global one, so it must exist before the first waiter is queued.
	 */
	if (!(flags & FLAGS_SHARED))
		return futex_hash_allocate_default();
#endif
	return 0;
}

/* Compare the value, and queue a waiter that has no task. */
static inline int evcore_futex_queue(u32 __user *addr, u32 value, unsigned int flags,
				     struct futex_q *q)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	return futex_wait_setup(addr, value, flags, q, NULL, NULL);
#else
	struct futex_hash_bucket *hb;
	int ret = futex_wait_setup(addr, value, flags & ~EVCORE_FUTEX_U32, q, &hb);

	if (ret)
		return ret;
	__acquire(&hb->lock);	/* in futex_wait_setup() */
	futex_queue(q, hb, NULL);
	return 0;
#endif
}

static inline int evcore_futex_wake(u32 __user *addr, unsigned int flags, int nr, u32 mask)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	return futex_wake(addr, flags, NULL, nr, mask);
#else
	return futex_wake(addr, flags & ~EVCORE_FUTEX_U32, nr, mask);
#endif
}

#endif /* _FUTEX_H */
#endif /* _EVCORE_COMPAT_H */
