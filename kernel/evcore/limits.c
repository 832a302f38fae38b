// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of the event core: which tasks may create queues, how many sources a user may have,
 * how many records that are not in a ring, and how much ring memory (RLIMIT_MEMLOCK).
 *
 * The user who created the queue is charged for everything, even if another user adds to the
 * queue later. So passing a descriptor on cannot move a charge.
 *
 * Floor 1, see Makefile: calls no other file of the core; called by alloc.c, source.c, fdinfo.c
 * and the faces.
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
/* Which tasks may create queues. 0: all; 1: those with CAP_SYS_ADMIN; 2: none. */
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
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	{}
#endif
};

/* Increment a count; false if it would exceed @limit. @limit is at most LONG_MAX. */
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
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	{}
#endif
};

/**
 * evcore_may_create - may the caller create a queue?
 *
 * /proc/sys/kernel/evcore_disabled has no effect on queues that exist already.
 *
 * Return: 0 or -EPERM.
 */
int evcore_may_create(void)
{
	int disabled = READ_ONCE(evcore_disabled);

	return !disabled || (disabled == 1 && capable(CAP_SYS_ADMIN)) ? 0 : -EPERM;
}

/**
 * evcore_charge_source - charge a user for a source
 * @user: the user
 *
 * Return: 0, or -ENOSPC if that would exceed /proc/sys/fs/evcore/max_user_sources.
 */
int evcore_charge_source(struct user_struct *user)
{
	return charge(&user->evcore_sources, READ_ONCE(max_user_sources)) ? 0 : -ENOSPC;
}

/**
 * evcore_uncharge_source - undo evcore_charge_source()
 * @user: the user
 */
void evcore_uncharge_source(struct user_struct *user)
{
	atomic_long_dec(&user->evcore_sources);
}

/**
 * evcore_charge_record - charge a user for a record that is not in a ring
 * @user: the user
 *
 * Such a record is allocated for an event to come, or holds an event that found no free slot.
 *
 * Context: any.
 *
 * Return: 0, or -EAGAIN if that would exceed /proc/sys/fs/evcore/max_user_records.
 */
int evcore_charge_record(struct user_struct *user)
{
	return charge(&user->evcore_records, READ_ONCE(max_user_records)) ? 0 : -EAGAIN;
}

/**
 * evcore_uncharge_record - undo evcore_charge_record()
 * @user: the user
 *
 * Context: any.
 */
void evcore_uncharge_record(struct user_struct *user)
{
	atomic_long_dec(&user->evcore_records);
}

/**
 * evcore_record_limit - how many records that are not in a ring a user may have
 */
unsigned long evcore_record_limit(void)
{
	return READ_ONCE(max_user_records);
}

/**
 * evcore_charge_ring - charge the user of a queue for ring memory
 * @q: the queue; the charge ends when it is freed
 * @bytes: size of the ring
 *
 * Return: 0, or -ENOMEM if that would exceed RLIMIT_MEMLOCK and the caller does not have
 * CAP_IPC_LOCK.
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
	/* A user may take 4 % of the memory for each of the two, as with epoll. */
	unsigned long bytes = (totalram_pages() / 25) << PAGE_SHIFT;

	max_user_sources = bytes / sizeof(struct evcore_fd_source);
	max_user_records = bytes / roundup_pow_of_two(sizeof(struct evcore_record_node));
	register_sysctl_init("fs/evcore", evcore_sysctls);
	register_sysctl_init("kernel", kernel_sysctls);
	return 0;
}
fs_initcall(evcore_limits_init);
