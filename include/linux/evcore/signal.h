/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals as events: the functions that are called when a signal is sent, when ITIMER_REAL
 * expires, and at exec and exit. Without CONFIG_EVCORE they do nothing.
 */
#ifndef _LINUX_EVCORE_SIGNAL_H
#define _LINUX_EVCORE_SIGNAL_H

#include <linux/evcore/sigev.h>
#include <linux/sched/signal.h>

#ifdef CONFIG_EVCORE

bool evcore_signal_slow(bool deliver, int sig, const struct kernel_siginfo *info,
			struct task_struct *t, int *ret, int taken);
void evcore_signal_also_slow(int sig, const struct kernel_siginfo *info,
			     struct task_struct *t);
bool evcore_signal_instead(bool deliver, const struct kernel_siginfo *info,
			   struct task_struct *t);
void evcore_signal_exec(struct task_struct *tsk);
void evcore_signal_exit(struct task_struct *tsk);
void evcore_itimer_expired(struct signal_struct *sig);

/**
 * evcore_signal - post a signal into the queues that take it in place of delivery
 * @deliver: result of prepare_signal(), whose side effects have happened: false if the
 *           signal is to be dropped
 * @sig: the signal
 * @info: its siginfo, SEND_SIG_NOINFO or SEND_SIG_PRIV
 * @t: the task that it is sent to, or a task of the process
 * @ret: set to -EAGAIN if the signal cannot be queued, and to @taken if it was posted and
 *       must not be delivered
 * @taken: a value that the caller chooses
 *
 * Context: any but NMI, siglock of @t held.
 *
 * Return: true if the caller must go on and deliver the signal.
 */
static inline bool evcore_signal(bool deliver, int sig, const struct kernel_siginfo *info,
				 struct task_struct *t, int *ret, int taken)
{
	if (likely(!t->signal->evcore))
		return deliver;
	return evcore_signal_slow(deliver, sig, info, t, ret, taken);
}

/**
 * evcore_signal_also - post a signal that was sent or ignored into the other queues
 * @sig: the signal
 * @info: as for evcore_signal()
 * @t: the task
 * @ret: result of sending; nothing is posted after an error
 *
 * Context: any but NMI, siglock of @t held.
 */
static inline void evcore_signal_also(int sig, const struct kernel_siginfo *info,
				      struct task_struct *t, int ret)
{
	if (unlikely(t->signal->evcore) && ret >= 0)
		evcore_signal_also_slow(sig, info, t);
}

#else

/* Macros, so that the callers are compiled to the same bytes as without these calls. */
#define evcore_signal(deliver, ...)	(deliver)
#define evcore_signal_also(...)		((void)0)

static inline void evcore_signal_exec(struct task_struct *tsk)
{
}

static inline void evcore_signal_exit(struct task_struct *tsk)
{
}

static inline void evcore_itimer_expired(struct signal_struct *sig)
{
}

#endif /* CONFIG_EVCORE */
#endif /* _LINUX_EVCORE_SIGNAL_H */
