// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: signals sent to the process that registered, or to one of its threads,
 * posted from where they are sent, blocked, ignored or not. Either in addition to
 * what happens to them otherwise, or, with EVCORE_SIGNAL_NOMASK in the id, in
 * place of it: then no handler runs, nobody who waits in sigwait() or reads a
 * signalfd sees it, a tracer is not told, a default action, be it to die or to
 * stop, is not taken.
 *
 * What the kernel does on sending happens all the same: SIGCONT continues. SIGKILL
 * and SIGSTOP cannot be registered. A fault that the kernel reports to the thread
 * that caused it is never only posted, for the thread could not go on.
 *
 * Realtime signals come one by one, in order, each with its payload. Of a standard
 * signal that is pending already, unconsumed in the queue, another is not told
 * apart, as with a pending signal. A realtime signal that waits outside the ring is
 * counted with the pending signals of the user who registered. For want of memory, or
 * over RLIMIT_SIGPENDING, one that is sent with a payload fails with EAGAIN as it does
 * otherwise; of others only their number is posted.
 *
 * BOUNDS
 *
 * Whoever sends a signal posts it to every queue that the process has registered it
 * in, with siglock held and interrupts off, in the timer's interrupt, and at a child's
 * exit under tasklist_lock. So there are at most MAX_QUEUES of them for each signal,
 * and each signal has a list of its own.
 *
 * LIFETIME
 *
 * What a process has registered hangs on signal_struct->evcore, set once under
 * siglock and kept until the last thread exits. It has a lock of its own, inside
 * siglock: sources are removed by whoever closes the queue, from another process
 * perhaps, whose way to this process's siglock would lead through a leader that
 * exec may just be replacing. exec and exit remove all sources; who holds the queue
 * then finds what is in its ring, and no more. fork inherits none.
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

/* Queues of a process that one signal goes into: see BOUNDS. */
#define MAX_QUEUES	32

/**
 * struct evcore_signals - what one process has registered
 * @refs: of signal_struct and of each source
 * @lock: inside siglock
 * @alarm_taken: the SIGALRM of ITIMER_REAL went into queues only; siglock
 * @nr: registrations of each signal, @lock; read without it
 * @sources: those of each signal, @lock
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
	bool			only;		/* in place of the usual way */
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

/* Has the process registered the signal? A look without the lock. */
static bool has_sources(const struct evcore_signals *es, int sig)
{
	return READ_ONCE(es->nr[sig - 1]);
}

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

/* The sender's ids, as the receiver sees them. */
static void set_sender(struct evcore_record *r, struct task_struct *t)
{
	guard(rcu)();
	set_pid_uid(r, task_tgid_nr_ns(current, task_active_pid_ns(t)),
		    from_kuid_munged(task_cred_xxx(t, user_ns), current_uid()));
}

/*
 * value: what the signal carries; extra[0]: si_code and si_errno; extra[1]: two
 * words more, mostly si_pid and si_uid.
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

/* Reported to the thread that made it, which cannot go on: as siginfo has them. */
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

/* Whether the sender is one who is told that a signal could not be queued. */
static bool may_fail(int sig, const struct kernel_siginfo *info)
{
	return sig >= SIGRTMIN && info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV &&
	       info->si_code != SI_USER && info->si_code != SI_TIMER;
}

/*
 * Does the user have as many signals pending as the process may? With room in the ring
 * nothing waits; a look without the queue's lock is as good as any, and lets at most
 * one more wait for each queue.
 */
static bool over_limit(const struct signal_source *ss, struct task_struct *t)
{
	unsigned long limit = task_rlimit(t, RLIMIT_SIGPENDING);

	if (!ss->rs.ucounts || !READ_ONCE(ss->rs.valued.source.queue->nr_overflow))
		return false;
	return !limit || is_rlimit_overlimit(ss->rs.ucounts, UCOUNT_RLIMIT_SIGPENDING,
					     limit - 1);
}

/* 1: posted, 0: the source is not armed, -EAGAIN: nothing was done. */
static int post_signal(struct signal_source *ss, const struct kernel_siginfo *info,
		       struct task_struct *t, bool fail)
{
	struct evcore_source *s = source_of(ss);
	struct evcore_record_node *h = NULL;

	if (!over_limit(ss, t))
		h = evcore_queue_record_alloc(s->queue, GFP_ATOMIC | __GFP_NOWARN);
	if (h) {
		h->record.events = EVCORE_SIGNALED;
		fill_record(&h->record, ss->sig, info, t);
		return evcore_post_record(s, h);
	}
	if (fail)
		return -EAGAIN;
	/* That it came is told, what came with it is not. */
	if (ss->sig >= SIGRTMIN)
		return evcore_try_post(s, EVCORE_SIGNALED | EVCORE_SIGNAL_OVERRUN, 1);
	return evcore_try_post(s, EVCORE_SIGNALED, 0);
}

/*
 * Post to those that take it in place of the usual way. True if one did; -EAGAIN if
 * none did, and the sender can be told so.
 */
static int post_only(struct evcore_signals *es, int sig, const struct kernel_siginfo *info,
		     struct task_struct *t, bool fail)
{
	struct signal_source *ss;
	int ret, posted = 0;

	lockdep_assert_held(&es->lock);
	list_for_each_entry(ss, sources_of(es, sig), node) {
		if (!ss->only)
			continue;
		/* Once a queue has it, nobody is to send it again. */
		ret = post_signal(ss, info, t, fail && !posted);
		if (ret < 0)
			return ret;
		posted |= ret;
	}
	return posted;
}

/**
 * evcore_signal_slow - evcore_signal() where the process has registered something
 * @deliver: it would be delivered
 * @sig: the signal
 * @info: what comes with it, SEND_SIG_NOINFO or SEND_SIG_PRIV
 * @t: the task that it is sent to, or one of the process
 * @ret: set to -EAGAIN where it cannot be queued, and to @taken where it was
 * @taken: the caller's word for that
 *
 * Context: as evcore_signal().
 *
 * Return: true to go on and deliver it.
 */
bool evcore_signal_slow(bool deliver, int sig, const struct kernel_siginfo *info,
			struct task_struct *t, int *ret, int taken)
{
	struct evcore_signals *es = t->signal->evcore;
	int posted = 0;

	/* On its way out: what is dropped now comes to nobody. */
	if (!deliver && t->signal->flags & SIGNAL_GROUP_EXIT)
		return false;
	if (has_sources(es, sig)) {
		spin_lock(&es->lock);
		posted = post_only(es, sig, info, t, deliver && may_fail(sig, info));
		spin_unlock(&es->lock);
	}
	/* As the timer sends it; should others, the timer is re-armed once too often. */
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
 * evcore_signal_also_slow - the same for evcore_signal_also()
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
		if (!ss->only)
			post_signal(ss, info, t, false);
	spin_unlock(&es->lock);
}

/*
 * Lock the process's siglock. Its leader may be on its way out, and exec may just have
 * put another thread into its place: then there is a new one to be found.
 */
static struct task_struct *lock_process(struct pid *leader, unsigned long *flags)
{
	struct task_struct *t;

	for (;;) {
		t = pid_task(leader, PIDTYPE_TGID);
		if (!t)
			return NULL;
		if (lock_task_sighand(t, flags)) {
			__release(&t->sighand->siglock);	/* held, by the caller */
			return t;
		}
	}
}

/* SIGALRM came into queues, and there is none that could be dequeued; siglock held. */
static bool must_rearm(struct signal_struct *sig)
{
	struct evcore_signals *es = sig->evcore;

	if (!es || !sig->it_real_incr || hrtimer_is_queued(&sig->real_timer))
		return false;
	return es->alarm_taken || (has_sources(es, SIGALRM) &&
				   !sigismember(&sig->shared_pending.signal, SIGALRM));
}

/**
 * evcore_itimer_expired - ITIMER_REAL has expired and SIGALRM was sent
 * @sig: whose timer
 *
 * A periodic one is re-armed when its signal is dequeued. Where that went into
 * queues only, or was ignored as well as posted, it must be done here: under siglock,
 * as there, so that nobody else does it meanwhile, and by starting the timer, for the
 * hrtimer code would put it into its queue after siglock is released.
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
	__acquire(&t->sighand->siglock);	/* by lock_process() */
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

/* A task's own does not go while it runs. */
static spinlock_t *own_siglock(void)
{
	return &rcu_dereference_protected(current->sighand, true)->siglock;
}

/* This process's, which it gets with its first registration. */
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

/* What an event of the signal does to others, whatever the request says. */
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
	if (is_registered(es, ss->sig, source_of(ss)->queue)) {	/* in the other form */
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

/* Realtime signals that wait count as pending ones; of the others one waits at most. */
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
	ss->only = s->id & EVCORE_SIGNAL_NOMASK;
	ss->signals = es;
	s->flags |= merging(sig);

	ret = charge_to_user(ss);
	if (ret)
		return ret;
	ret = add_source(es, ss);
	if (ret)
		uncharge_user(ss);
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
	/* They are charged to whom is let go of here. */
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

	seq_printf(m, " signal:%d%s waiting:%u", ss->sig, ss->only ? " only" : "",
		   READ_ONCE(ss->rs.nr_records));
}

/* The first of a queue; queue->mutex keeps it, where @q is given. */
static struct signal_source *first_of(struct evcore_signals *es, struct evcore_queue *q)
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
		ss = first_of(es, NULL);
		if (ss) {
			q = source_of(ss)->queue;
			kref_get(&q->kref);
		}
		spin_unlock_irq(&es->lock);
		if (!ss)
			return;
		mutex_lock(&q->mutex);
		spin_lock_irq(&es->lock);
		ss = first_of(es, q);
		spin_unlock_irq(&es->lock);
		/* Not evcore_del(): what lies in the ring has happened, and stays. */
		if (ss)
			evcore_retire(source_of(ss));
		evcore_reap(q);
		mutex_unlock(&q->mutex);
		evcore_queue_put_sleepable(q);
	}
}

/**
 * evcore_signal_exec - a process becomes another program
 * @tsk: its only thread, current
 *
 * Context: process context, may sleep.
 */
void evcore_signal_exec(struct task_struct *tsk)
{
	if (tsk->signal->evcore)
		remove_all(tsk->signal->evcore);
}

/**
 * evcore_signal_exit - the last thread of a process exits
 * @tsk: current; ITIMER_REAL is cancelled
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
	.has_records		= true,
	.attach		= signal_attach,
	.detach		= signal_detach,
	.modify		= signal_modify,
	.describe	= signal_describe,
};
