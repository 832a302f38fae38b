// SPDX-License-Identifier: GPL-2.0-only
/*
 * process: the process of a pidfd has exited. The value is its status as wait(2)
 * reports it, sampled once when the whole process has exited: nothing is reported while
 * the leader has exited and other threads still run.
 *
 * The status is shown only if, at the time of registration, the caller could learn it in
 * another way: as the parent of the process, or as a task that may trace it. Otherwise,
 * and if the status is gone because the process was reaped before, EVCORE_EXIT_HIDDEN is
 * posted together with EVCORE_EXITED.
 */
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>

#include "sources.h"

struct process_source {
	struct evcore_fd_source	fs;
	struct pid		*pid;		/* of the pidfd, which keeps it */
	bool			visible;	/* the status may be shown */
	bool			sampled;	/* @status is valid */
	u32			status;
};

static struct process_source *to_process(struct evcore_source *s)
{
	return container_of(s, struct process_source, fs.source);
}

static bool may_see_status(struct pid *pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_PID);
	if (!task)
		return false;
	if (same_thread_group(rcu_dereference(task->real_parent), current))
		return true;
	return ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS | PTRACE_MODE_NOAUDIT);
}

/*
 * Returns false if the exit is not complete. A wake-up and a recheck may be here at the
 * same time; both store the same status.
 */
static bool sample_status(struct process_source *ps)
{
	struct task_struct *task;
	struct signal_struct *sig;

	if (smp_load_acquire(&ps->sampled))	/* pairs with the release below */
		return true;
	guard(rcu)();
	task = pid_task(ps->pid, PIDTYPE_PID);
	if (!task)
		return true;	/* reaped, and the status is gone */
	if (!task->exit_state || delay_group_leader(task))
		return false;
	sig = task->signal;
	WRITE_ONCE(ps->status, thread_group_leader(task) && sig->flags & SIGNAL_GROUP_EXIT ?
			       sig->group_exit_code : task->exit_code);
	/* Publishes the status. Pairs with the acquire above and in shown(). */
	smp_store_release(&ps->sampled, true);
	return true;
}

static bool shown(struct process_source *ps)
{
	/* Pairs with the release in sample_status(). */
	return ps->visible && smp_load_acquire(&ps->sampled);
}

/*
 * Wait queue callback. Any number of queues may watch the process, so this does no more than
 * sample the status, which may be gone later, and leave posting to the next wait.
 */
static int process_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;

	if (unlikely(key_to_poll(key) & POLLFREE))
		return evcore_fd_wake(wait, mode, sync, key);
	if (sample_status(to_process(s)))
		evcore_need_recheck(s);
	return 1;
}

static u32 process_from_poll(struct evcore_source *s, __poll_t poll)
{
	struct process_source *ps = to_process(s);

	if (!(poll & EPOLLIN) || !sample_status(ps))
		return 0;
	return EVCORE_EXITED | (shown(ps) ? 0 : EVCORE_EXIT_HIDDEN);
}

static u64 process_value(struct evcore_source *s, u32 events)
{
	struct process_source *ps = to_process(s);

	return shown(ps) ? READ_ONCE(ps->status) : 0;
}

static int process_attach(struct evcore_source *s, struct evcore_request *req,
			  u32 *ready)
{
	struct process_source *ps = to_process(s);

	ps->pid = pidfd_pid(ps->fs.file);
	if (IS_ERR(ps->pid))
		return -EINVAL;
	ps->visible = may_see_status(ps->pid);
	/* No program asks for this bit, so set it here, or it would be masked out. */
	s->events |= EVCORE_EXIT_HIDDEN;
	return evcore_fd_attach(s, req, ready);
}

static int process_modify(struct evcore_source *s, struct evcore_request *req)
{
	req->events |= EVCORE_EXIT_HIDDEN;
	return 0;
}

const struct evcore_source_ops evcore_process_ops = {
	.name		= "evcore_process",
	.type		= EVCORE_PROCESS,
	.size		= sizeof(struct process_source),
	.modes		= EVCORE_REPORT_CLOSE,
	.fixed		= EVCORE_ONESHOT,
	.all_events	= EVCORE_EXITED,
	.event_names	= EVCORE_NAMES("exited", "exit_hidden"),
	.by_fd		= true,
	.attach		= process_attach,
	.detach		= evcore_fd_detach,
	.modify		= process_modify,
	.wake		= process_wake,
	.from_poll	= process_from_poll,
	.check		= evcore_fd_check,
	.value		= process_value,
};
