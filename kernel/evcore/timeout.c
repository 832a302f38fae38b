// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times that a program gives: how long to wait, and in which time namespace.
 *
 * Floor 2, see Makefile: calls no other file of the core; called by queue.c, the source types and
 * the faces.
 */
#include <linux/time.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>

#include "internal.h"

/**
 * evcore_time_offset - the offset of a clock in the caller's time namespace
 * @clock: the clock
 *
 * Return: nanoseconds, to be added to the kernel's time.
 */
s64 evcore_time_offset(clockid_t clock)
{
	struct timespec64 offset = { 0 };

	if (clock == CLOCK_MONOTONIC)
		timens_add_monotonic(&offset);
	else if (clock == CLOCK_BOOTTIME)
		timens_add_boottime(&offset);
	return timespec64_to_ns(&offset);
}

/* evcore_get_timeout() for a timespec that is not NULL. */
int evcore_read_timeout(struct evcore_timeout *to,
			const struct __kernel_timespec __user *uts, bool absolute)
{
	struct timespec64 ts;

	if (get_timespec64(&ts, uts))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	to->expires = timespec64_to_ktime(ts);
	if (absolute)
		to->expires = timens_ktime_to_host(to->clock, to->expires);
	else
		to->expires = ktime_add_safe(ktime_get(), to->expires);
	return 0;
}
