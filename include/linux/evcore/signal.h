/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals as events: what sending a signal, exec and exit call. Without
 * CONFIG_EVCORE all of it is nothing.
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
void evcore_signal_exec(struct task_struct *tsk);
void evcore_signal_exit(struct task_struct *tsk);
void evcore_itimer_expired(struct signal_struct *sig);

/**
 * evcore_signal - a signal is sent: into queues in place of the usual way?
 * @deliver: it would be delivered: prepare_signal() has had its effects
 * @sig: the signal
 * @info: what comes with it, SEND_SIG_NOINFO or SEND_SIG_PRIV
 * @t: the task that it is sent to, or one of the process
 * @ret: set to -EAGAIN where it cannot be queued, and to @taken where it was
 * @taken: the caller's word for that
 *
 * Context: any but NMI, siglock of @t held.
 *
 * Return: true to go on and deliver it.
 */
static inline bool evcore_signal(bool deliver, int sig, const struct kernel_siginfo *info,
				 struct task_struct *t, int *ret, int taken)
{
	if (likely(!t->signal->evcore))
		return deliver;
	return evcore_signal_slow(deliver, sig, info, t, ret, taken);
}

/**
 * evcore_signal_also - a signal was sent, or ignored: into queues as well
 * @sig: the signal
 * @info: as for evcore_signal()
 * @t: the task
 * @ret: what the sender will be told; after an error it was not sent
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

/* Macros, so that the callers' code is to the byte what it would be without. */
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
