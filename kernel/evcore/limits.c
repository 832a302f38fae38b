// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of the event core: who may create queues, sources per user, records per user
 * that are not in a ring, and ring memory against RLIMIT_MEMLOCK. All are charged to the
 * user who created the queue, whoever adds to it later, so that a passed descriptor
 * cannot move a charge.
 */
#include <linux/capability.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/sysctl.h>

#include "internal.h"

static unsigned long max_user_sources __read_mostly;
static unsigned long max_user_records __read_mostly;
/* 0: all may create queues, 1: with CAP_SYS_ADMIN, 2: nobody. */
static int evcore_disabled __read_mostly;

static struct ctl_table evcore_sysctls[] = {
	{
		.procname	= "max_user_sources",
		.data		= &max_user_sources,
		.maxlen		= sizeof(max_user_sources),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
		.extra1		= SYSCTL_LONG_ZERO,
		.extra2		= SYSCTL_LONG_MAX,
	},
	{
		.procname	= "max_user_records",
		.data		= &max_user_records,
		.maxlen		= sizeof(max_user_records),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
		.extra1		= SYSCTL_LONG_ZERO,
		.extra2		= SYSCTL_LONG_MAX,
	},
};

/* Count one more, of no more than @limit, which is at most LONG_MAX. */
static bool charge(atomic_long_t *count, unsigned long limit)
{
	if (atomic_long_inc_return(count) <= (long)limit)
		return true;
	atomic_long_dec(count);
	return false;
}

static struct ctl_table kernel_sysctls[] = {
	{
		.procname	= "evcore_disabled",
		.data		= &evcore_disabled,
		.maxlen		= sizeof(evcore_disabled),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_TWO,
	},
};

/**
 * evcore_may_create - may the caller create a queue?
 *
 * Queues that exist go on working, whatever /proc/sys/kernel/evcore_disabled says later.
 *
 * Return: 0 or -EPERM.
 */
int evcore_may_create(void)
{
	int disabled = READ_ONCE(evcore_disabled);

	return !disabled || (disabled == 1 && capable(CAP_SYS_ADMIN)) ? 0 : -EPERM;
}

/**
 * evcore_charge_source - account for one more source
 * @user: who pays
 *
 * Return: 0, or -ENOSPC over /proc/sys/fs/evcore/max_user_sources.
 */
int evcore_charge_source(struct user_struct *user)
{
	return charge(&user->evcore_sources, READ_ONCE(max_user_sources)) ? 0 : -ENOSPC;
}

/**
 * evcore_uncharge_source - undo evcore_charge_source()
 * @user: who paid
 */
void evcore_uncharge_source(struct user_struct *user)
{
	atomic_long_dec(&user->evcore_sources);
}

/**
 * evcore_charge_record - account for one more record outside the rings
 * @user: who pays
 *
 * Such a record is the memory of an event to come, or of one that found no slot.
 *
 * Context: any.
 *
 * Return: 0, or -EAGAIN over /proc/sys/fs/evcore/max_user_records.
 */
int evcore_charge_record(struct user_struct *user)
{
	return charge(&user->evcore_records, READ_ONCE(max_user_records)) ? 0 : -EAGAIN;
}

/**
 * evcore_uncharge_record - undo evcore_charge_record()
 * @user: who paid
 *
 * Context: any.
 */
void evcore_uncharge_record(struct user_struct *user)
{
	atomic_long_dec(&user->evcore_records);
}

/**
 * evcore_record_limit - how many records a user can have outside the rings
 */
unsigned long evcore_record_limit(void)
{
	return READ_ONCE(max_user_records);
}

/**
 * evcore_charge_ring - account for a queue's ring memory
 * @q: the queue; the charge goes when it is freed
 * @bytes: size of the ring
 *
 * Return: 0, or -ENOMEM over RLIMIT_MEMLOCK without CAP_IPC_LOCK.
 */
int evcore_charge_ring(struct evcore_queue *q, unsigned long bytes)
{
	unsigned long pages = PAGE_ALIGN(bytes) >> PAGE_SHIFT;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long now = atomic_long_add_return(pages, &q->user->locked_vm);

	if (now > limit && !capable(CAP_IPC_LOCK)) {
		atomic_long_sub(pages, &q->user->locked_vm);
		return -ENOMEM;
	}
	q->ring_pages += pages;
	return 0;
}

static int __init evcore_limits_init(void)
{
	/* As epoll does: up to 4 % of memory per user, for each of the two. */
	unsigned long bytes = (totalram_pages() / 25) << PAGE_SHIFT;

	max_user_sources = bytes / sizeof(struct evcore_fd_source);
	max_user_records = bytes / roundup_pow_of_two(sizeof(struct evcore_record_node));
	register_sysctl_init("fs/evcore", evcore_sysctls);
	register_sysctl_init("kernel", kernel_sysctls);
	return 0;
}
fs_initcall(evcore_limits_init);
