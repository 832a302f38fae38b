// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: signals sent to the process that registered, or to one of its threads. They
 * are posted where they are sent, even if they are blocked or ignored. By default this
 * is in addition to what happens otherwise. With EVCORE_SIGNAL_NOMASK in the id it is in
 * place of that: no handler runs, sigwait() and signalfd do not see the signal, a tracer
 * is not told, and a default action such as termination or a stop is not taken.
 *
 * The side effects of sending happen in any case: SIGCONT continues a stopped process.
 * SIGKILL and SIGSTOP cannot be registered. A fault that the kernel reports to the thread
 * that caused it is always delivered too, because the thread cannot go on.
 *
 * Realtime signals are posted one by one, in order, each with its payload. A standard
 * signal merges into an earlier one that was not consumed, as it does into one that is
 * pending. A realtime signal that waits outside the ring counts as a pending signal of the
 * user who registered. When there is no memory for a record, or RLIMIT_SIGPENDING is
 * reached, a realtime signal is only counted and reported with EVCORE_SIGNAL_OVERRUN, and a
 * standard signal is posted without its siginfo; but where a realtime signal with a payload
 * would be posted in place of delivery, sending it fails with EAGAIN, as it does without a
 * queue.
 *
 * BOUNDS
 *
 * The sender of a signal posts it to every queue in which the process has registered it.
 * It does so with siglock held and interrupts off; a timer does it in its interrupt, and
 * the exit of a child with tasklist_lock held. So a signal can be registered in at most
 * MAX_QUEUES queues, and each signal has its own list.
 *
 * LIFETIME
 *
 * The registrations of a process are in signal_struct->evcore, which is set once under
 * siglock and kept until the last thread exits. They have their own lock, which is inside
 * siglock, because closing the queue removes sources, possibly from another process. That
 * process would have to find siglock through the thread group leader, which exec may be
 * replacing. exec and exit remove all sources. The queue then still has the events that
 * are in its ring, but no others. fork inherits no registration.
 */
#include <linux/cred.h>
#include <linux/evcore/signal.h>
#include <linux/hrtimer.h>
#include <linux/nospec.h>
#include <linux/pid_namespace.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "sources.h"

/* Most queues in which a process can register one signal: see BOUNDS. */
#define MAX_QUEUES	32

/**
 * struct evcore_signals - the registrations of one process
 * @refs: one reference of signal_struct and one of each source
 * @lock: protects @nr and @sources; inside siglock
 * @alarm_taken: the last SIGALRM of ITIMER_REAL was posted in place of delivery (siglock)
 * @nr: number of registrations of each signal; read without @lock
 * @sources: registrations of each signal
 */
struct evcore_signals {
	refcount_t		refs;
	spinlock_t		lock;	/* see above */
	bool			alarm_taken;
	u8			nr[_NSIG];
	struct list_head	sources[_NSIG];
};

struct signal_source {
	struct evcore_record_source	rs;
	struct evcore_signals	*signals;
	struct list_head	node;		/* in signals->sources */
	int			sig;
	bool			nomask;		/* posted in place of delivery */
};

static struct signal_source *to_signal(struct evcore_source *s)
{
	return container_of(s, struct signal_source, rs.valued.source);
}

static struct evcore_source *source_of(struct signal_source *ss)
{
	return &ss->rs.valued.source;
}

/* The registrations of a signal. */
static struct list_head *sources_of(struct evcore_signals *es, int sig)
{
	return &es->sources[sig - 1];
}

/* Has the process registered the signal? Needs no lock. */
static bool has_sources(const struct evcore_signals *es, int sig)
{
	return READ_ONCE(es->nr[sig - 1]);
}

/* Drop a reference to the registrations of a process, and free them with the last one. */
static void put_signals(struct evcore_signals *es)
{
	if (refcount_dec_and_test(&es->refs))
		kfree(es);
}

/* --- posting --- */

static void set_pid_uid(struct evcore_record *r, u32 pid, u32 uid)
{
	r->extra[1] = pid | (u64)uid << 32;
}

/* The sender's ids in the namespaces of the receiver. */
static void set_sender(struct evcore_record *r, struct task_struct *t)
{
	guard(rcu)();
	set_pid_uid(r, task_tgid_nr_ns(current, task_active_pid_ns(t)),
		    from_kuid_munged(task_cred_xxx(t, user_ns), current_uid()));
}

/*
 * value: the payload of the signal; extra[0]: si_code and si_errno; extra[1]: two more
 * words, for most signals si_pid and si_uid.
 */
static void fill_record(struct evcore_record *r, int sig,
			const struct kernel_siginfo *info, struct task_struct *t)
{
	if (info == SEND_SIG_NOINFO) {
		set_sender(r, t);
		return;		/* SI_USER is 0 */
	}
	if (info == SEND_SIG_PRIV) {
		r->extra[0] = (u32)SI_KERNEL;
		return;
	}
	r->extra[0] = (u32)info->si_code | (u64)(u32)info->si_errno << 32;
	switch (siginfo_layout(sig, info->si_code)) {
	case SIL_KILL:
		set_pid_uid(r, info->si_pid, info->si_uid);
		break;
	case SIL_RT:
		set_pid_uid(r, info->si_pid, info->si_uid);
		r->value = (unsigned long)info->si_value.sival_ptr;
		break;
	case SIL_CHLD:
		set_pid_uid(r, info->si_pid, info->si_uid);
		r->value = (u32)info->si_status;
		break;
	case SIL_TIMER:
		set_pid_uid(r, info->si_tid, info->si_overrun);
		r->value = (unsigned long)info->si_value.sival_ptr;
		break;
	case SIL_POLL:
		set_pid_uid(r, info->si_fd, 0);
		r->value = info->si_band;
		break;
	case SIL_SYS:
		set_pid_uid(r, info->si_syscall, info->si_arch);
		r->value = (unsigned long)info->si_call_addr;
		break;
	default:
		r->value = (unsigned long)info->si_addr;
	}
}

/* Is it a fault that is reported to the thread that caused it, which cannot go on? */
static bool is_fault(int sig, const struct kernel_siginfo *info)
{
	switch (sig) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGTRAP:
	case SIGFPE:
	case SIGSYS:
		return info == SEND_SIG_PRIV ||
		       (info != SEND_SIG_NOINFO && info->si_code > 0);
	}
	return false;
}

/* Does the sender get an error if the signal cannot be queued? */
static bool may_fail(int sig, const struct kernel_siginfo *info)
{
	return sig >= SIGRTMIN && info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV &&
	       info->si_code != SI_USER && info->si_code != SI_TIMER;
}

/*
 * Does the user have as many pending signals as RLIMIT_SIGPENDING of the process allows?
 * While there is room in the ring no signal waits. Reading nr_overflow without queue->lock
 * lets at most one more signal wait in each queue.
 */
static bool over_limit(const struct signal_source *ss, struct task_struct *t)
{
	unsigned long limit = task_rlimit(t, RLIMIT_SIGPENDING);

	if (!ss->rs.ucounts || !READ_ONCE(ss->rs.valued.source.queue->nr_overflow))
		return false;
	return !limit || is_rlimit_overlimit(ss->rs.ucounts, UCOUNT_RLIMIT_SIGPENDING,
					     limit - 1);
}

/* Return: 1 if it was posted, 0 if the source is not armed, -EAGAIN if nothing was done. */
static int post_signal(struct signal_source *ss, const struct kernel_siginfo *info,
		       struct task_struct *t, bool fail)
{
	struct evcore_source *s = source_of(ss);
	struct evcore_record_node *node = NULL;

	if (!over_limit(ss, t))
		node = evcore_queue_record_alloc(s->queue, GFP_ATOMIC | __GFP_NOWARN);
	if (node) {
		node->record.events = EVCORE_SIGNALED;
		fill_record(&node->record, ss->sig, info, t);
		return evcore_post_record(s, node);
	}
	if (fail)
		return -EAGAIN;
	/* Report that a signal came, without its siginfo. */
	if (ss->sig >= SIGRTMIN)
		return evcore_try_post(s, EVCORE_SIGNALED | EVCORE_SIGNAL_OVERRUN, 1);
	return evcore_try_post(s, EVCORE_SIGNALED, 0);
}

/*
 * Post to the sources that take the signal in place of delivery. Return: 1 if one was
 * armed, otherwise 0; -EAGAIN if none has it and the sender can be told so.
 */
static int post_nomask(struct evcore_signals *es, int sig, const struct kernel_siginfo *info,
		       struct task_struct *t, bool fail)
{
	struct signal_source *ss;
	int ret, posted = 0;

	lockdep_assert_held(&es->lock);
	list_for_each_entry(ss, sources_of(es, sig), node) {
		if (!ss->nomask)
			continue;
		/* Once a queue has the signal, the sender must not be told to send it again. */
		ret = post_signal(ss, info, t, fail && !posted);
		if (ret < 0)
			return ret;
		posted |= ret;
	}
	return posted;
}

/**
 * evcore_signal_slow - evcore_signal() for a process that has registered signals
 * @deliver: as for evcore_signal(), like all others
 * @sig: the signal
 * @info: its siginfo, SEND_SIG_NOINFO or SEND_SIG_PRIV
 * @t: the task that it is sent to, or a task of the process
 * @ret: result of sending
 * @taken: value of @ret for a signal that was posted and must not be delivered
 *
 * Context: as evcore_signal().
 *
 * Return: true if the caller must go on and deliver the signal.
 */
bool evcore_signal_slow(bool deliver, int sig, const struct kernel_siginfo *info,
			struct task_struct *t, int *ret, int taken)
{
	struct evcore_signals *es = t->signal->evcore;
	int posted = 0;

	/* The process is exiting and the signal is dropped, so it is not posted here either. */
	if (!deliver && t->signal->flags & SIGNAL_GROUP_EXIT)
		return false;
	if (has_sources(es, sig)) {
		spin_lock(&es->lock);
		posted = post_nomask(es, sig, info, t, deliver && may_fail(sig, info));
		spin_unlock(&es->lock);
	}
	/*
	 * ITIMER_REAL sends SIGALRM in this way. If something else does, the timer is re-armed
	 * once too often.
	 */
	if (sig == SIGALRM && info == SEND_SIG_PRIV)
		es->alarm_taken = posted > 0;
	if (posted < 0) {
		*ret = posted;
		return false;
	}
	if (!posted || is_fault(sig, info))
		return deliver;
	*ret = taken;
	return false;
}

/**
 * evcore_signal_also_slow - evcore_signal_also() for a process that has registered signals
 * @sig: the signal
 * @info: as for evcore_signal()
 * @t: the task
 *
 * Context: as evcore_signal_also().
 */
void evcore_signal_also_slow(int sig, const struct kernel_siginfo *info,
			     struct task_struct *t)
{
	struct evcore_signals *es = t->signal->evcore;
	struct signal_source *ss;

	if (!has_sources(es, sig))
		return;
	spin_lock(&es->lock);
	list_for_each_entry(ss, sources_of(es, sig), node)
		if (!ss->nomask)
			post_signal(ss, info, t, false);
	spin_unlock(&es->lock);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)

/**
 * evcore_signal_instead - post the signal of a timer into the queues that take it
 * @deliver: result of prepare_signal()
 * @info: the timer's siginfo
 * @t: the task that it is sent to, or a task of the process, which has registered signals
 *
 * Context: as evcore_signal(). evcore_signal_also() is called next.
 *
 * Return: true if all of the signal is what is posted: a queue has taken it in place of delivery,
 * or it is ignored and the process has registered it.
 */
bool evcore_signal_instead(bool deliver, const struct kernel_siginfo *info,
			   struct task_struct *t)
{
	int sig = info->si_signo, ret = 0;

	if (evcore_signal_slow(deliver, sig, info, t, &ret, EVCORE_SIGQUEUE_TAKEN))
		return false;
	return ret == EVCORE_SIGQUEUE_TAKEN ||
	       (!(t->signal->flags & SIGNAL_GROUP_EXIT) && has_sources(t->signal->evcore, sig));
}

#endif /* since 6.13 */

/*
 * Lock the siglock of a process. It fails for a leader that is exiting. Then exec may have
 * made another thread the leader, so look the leader up again.
 */
static struct task_struct *lock_process(struct pid *leader, unsigned long *flags)
{
	struct task_struct *t;

	for (;;) {
		t = pid_task(leader, PIDTYPE_TGID);
		if (!t)
			return NULL;
		if (lock_task_sighand(t, flags)) {
			__release(&t->sighand->siglock);	/* the caller has it now */
			return t;
		}
	}
}

/* Was SIGALRM posted, with none pending that will be dequeued? siglock must be held. */
static bool must_rearm(struct signal_struct *sig)
{
	struct evcore_signals *es = sig->evcore;

	if (!es || !sig->it_real_incr || hrtimer_is_queued(&sig->real_timer))
		return false;
	return es->alarm_taken || (has_sources(es, SIGALRM) &&
				   !sigismember(&sig->shared_pending.signal, SIGALRM));
}

/**
 * evcore_itimer_expired - re-arm ITIMER_REAL if no signal will be dequeued
 * @sig: signal_struct of the timer, which has expired and has sent SIGALRM
 *
 * A periodic timer is re-armed when its signal is dequeued. That does not happen if the
 * signal was posted into queues only, or was posted and ignored. Then it must be done here.
 * As on dequeueing, siglock must be held, so that the timer is not re-armed twice. So the
 * timer is started here: after a return value of HRTIMER_RESTART the hrtimer code would
 * enqueue it when siglock is no longer held.
 *
 * Context: the timer's interrupt.
 */
void evcore_itimer_expired(struct signal_struct *sig)
{
	struct hrtimer *timer = &sig->real_timer;
	ktime_t interval, now;
	struct task_struct *t;
	unsigned long flags;
	u64 delay;

	if (!READ_ONCE(sig->evcore))
		return;
	guard(rcu)();
	t = lock_process(sig->pids[PIDTYPE_TGID], &flags);
	if (!t)
		return;
	__acquire(&t->sighand->siglock);	/* in lock_process() */
	if (must_rearm(sig)) {
		now = hrtimer_cb_get_time(timer);
		interval = sig->it_real_incr;
		delay = evcore_timer_delay(__task_cred(t)->user, timer, now, interval);
		hrtimer_forward(timer, ktime_add_ns(now, delay), interval);
		hrtimer_restart(timer);
	}
	unlock_task_sighand(t, &flags);
}

/* --- registering --- */

/* The sighand of a running task stays valid. */
static spinlock_t *own_siglock(void)
{
	return &rcu_dereference_protected(current->sighand, true)->siglock;
}

/* The registrations of the current process; allocated with the first one. NULL: no memory. */
static struct evcore_signals *own_signals(void)
{
	struct signal_struct *sig = current->signal;
	struct evcore_signals *es, *old;
	int i;

	if (sig->evcore)
		return sig->evcore;
	es = kzalloc(sizeof(*es), GFP_KERNEL_ACCOUNT);
	if (!es)
		return NULL;
	refcount_set(&es->refs, 1);
	spin_lock_init(&es->lock);
	for (i = 0; i < _NSIG; i++)
		INIT_LIST_HEAD(&es->sources[i]);

	spin_lock_irq(own_siglock());
	old = sig->evcore;
	if (!old)
		WRITE_ONCE(sig->evcore, es);
	spin_unlock_irq(own_siglock());
	if (!old)
		return es;
	kfree(es);
	return old;
}

/* How events of the signal merge, in addition to the flags of the request. */
static u32 merging(int sig)
{
	return sig >= SIGRTMIN ? EVCORE_COUNTS : EVCORE_MERGE_RECORDS;
}

static bool is_registered(struct evcore_signals *es, int sig, struct evcore_queue *q)
{
	struct signal_source *ss;

	lockdep_assert_held(&es->lock);
	list_for_each_entry(ss, sources_of(es, sig), node)
		if (source_of(ss)->queue == q)
			return true;
	return false;
}

static int add_source(struct evcore_signals *es, struct signal_source *ss)
{
	u8 *nr = &es->nr[ss->sig - 1];
	int ret = 0;

	spin_lock_irq(&es->lock);
	if (is_registered(es, ss->sig, source_of(ss)->queue)) {	/* with the other NOMASK */
		ret = -EEXIST;
	} else if (*nr == MAX_QUEUES) {
		ret = -ENOSPC;
	} else {
		WRITE_ONCE(*nr, *nr + 1);
		refcount_inc(&es->refs);
		list_add_tail(&ss->node, sources_of(es, ss->sig));
	}
	spin_unlock_irq(&es->lock);
	return ret;
}

/* Realtime signals that wait count as pending. Of a standard signal at most one waits. */
static int charge_to_user(struct signal_source *ss)
{
	if (ss->sig < SIGRTMIN)
		return 0;
	ss->rs.ucounts = get_ucounts(current_ucounts());
	return ss->rs.ucounts ? 0 : -ENOMEM;
}

static void uncharge_user(struct signal_source *ss)
{
	if (ss->rs.ucounts)
		put_ucounts(ss->rs.ucounts);
	ss->rs.ucounts = NULL;
}

static int signal_attach(struct evcore_source *s, struct evcore_request *req,
			 u32 *ready)
{
	struct signal_source *ss = to_signal(s);
	u64 sig = s->id & ~EVCORE_SIGNAL_NOMASK;
	struct evcore_signals *es;
	int ret;

	if (!sig || sig > _NSIG || sig == SIGKILL || sig == SIGSTOP)
		return -EINVAL;
	es = own_signals();
	if (!es)
		return -ENOMEM;
	ss->sig = array_index_nospec(sig, _NSIG + 1);
	ss->nomask = s->id & EVCORE_SIGNAL_NOMASK;
	ss->signals = es;
	s->flags |= merging(sig);

	ret = charge_to_user(ss);
	if (ret)
		return ret;
	ret = add_source(es, ss);
	if (ret)
		uncharge_user(ss);
	else
		evcore_timers_continue(sig);
	return ret;
}

static void signal_detach(struct evcore_source *s)
{
	struct signal_source *ss = to_signal(s);
	struct evcore_signals *es = ss->signals;

	spin_lock_irq(&es->lock);
	list_del(&ss->node);
	WRITE_ONCE(es->nr[ss->sig - 1], es->nr[ss->sig - 1] - 1);
	spin_unlock_irq(&es->lock);
	put_signals(es);
	/* Records that still wait are charged to the ucounts that is put below. */
	evcore_records_purge(s);
	uncharge_user(ss);
}

static int signal_modify(struct evcore_source *s, struct evcore_request *req)
{
	req->flags |= merging(to_signal(s)->sig);
	return 0;
}

static void signal_describe(struct evcore_source *s, struct seq_file *m)
{
	struct signal_source *ss = to_signal(s);

	seq_printf(m, " signal:%d%s waiting:%u", ss->sig, ss->nomask ? " only" : "",
		   READ_ONCE(ss->rs.nr_records));
}

/* The first source; with @q, the first of that queue, whose mutex keeps the source. */
static struct signal_source *first_source(struct evcore_signals *es, struct evcore_queue *q)
{
	struct signal_source *ss;
	int sig;

	lockdep_assert_held(&es->lock);
	for (sig = 1; sig <= _NSIG; sig++)
		list_for_each_entry(ss, sources_of(es, sig), node)
			if (!q || source_of(ss)->queue == q)
				return ss;
	return NULL;
}

static void remove_all(struct evcore_signals *es)
{
	struct signal_source *ss;
	struct evcore_queue *q;

	for (;;) {
		spin_lock_irq(&es->lock);
		ss = first_source(es, NULL);
		if (ss) {
			q = source_of(ss)->queue;
			kref_get(&q->kref);
		}
		spin_unlock_irq(&es->lock);
		if (!ss)
			return;
		mutex_lock(&q->mutex);
		spin_lock_irq(&es->lock);
		ss = first_source(es, q);
		spin_unlock_irq(&es->lock);
		/* Not evcore_del(), which would withdraw events that are in the ring. */
		if (ss)
			evcore_retire(source_of(ss));
		evcore_reap(q);
		mutex_unlock(&q->mutex);
		evcore_queue_put_sleepable(q);
	}
}

/**
 * evcore_signal_exec - remove the registrations of a process that executes a program
 * @tsk: its only thread, which is current
 *
 * Context: process context, may sleep.
 */
void evcore_signal_exec(struct task_struct *tsk)
{
	if (tsk->signal->evcore)
		remove_all(tsk->signal->evcore);
}

/**
 * evcore_signal_exit - remove the registrations when the last thread of a process exits
 * @tsk: current, whose ITIMER_REAL has been cancelled
 *
 * Context: process context, may sleep.
 */
void evcore_signal_exit(struct task_struct *tsk)
{
	struct evcore_signals *es = tsk->signal->evcore;

	if (!es)
		return;
	spin_lock_irq(own_siglock());
	tsk->signal->evcore = NULL;
	spin_unlock_irq(own_siglock());
	remove_all(es);
	put_signals(es);
}

const struct evcore_source_ops evcore_signal_ops = {
	.name		= "evcore_signal",
	.type		= EVCORE_SIGNAL,
	.size		= sizeof(struct signal_source),
	.all_events	= EVCORE_SIGNALED,
	.event_names	= EVCORE_NAMES("signaled", "signal_overrun"),
	.has_records	= true,
	.attach		= signal_attach,
	.detach		= signal_detach,
	.modify		= signal_modify,
	.describe	= signal_describe,
};
