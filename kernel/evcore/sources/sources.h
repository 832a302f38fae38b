/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of source types, and what the files of the types share. */
#ifndef _EVCORE_SOURCES_H
#define _EVCORE_SOURCES_H

#include <linux/ktime.h>
#include <linux/time_namespace.h>

#include "../internal.h"

struct hrtimer;
struct user_struct;

/* rate.c */
u64 evcore_timer_delay(struct user_struct *user, const struct hrtimer *timer, ktime_t now,
		       u64 interval);

/* For each type: number, name of its struct evcore_source_ops, whether this kernel has it. */
#define EVCORE_SOURCES(row)						\
	row(EVCORE_SOCKET, evcore_socket_ops, true)			\
	row(EVCORE_INODE, evcore_inode_ops, true)			\
	row(EVCORE_TIMER, evcore_timer_ops, true)			\
	row(EVCORE_POLL, evcore_poll_ops, true)				\
	row(EVCORE_AIO, evcore_aio_ops, IS_ENABLED(CONFIG_AIO))		\
	row(EVCORE_PIPE, evcore_pipe_ops, true)				\
	row(EVCORE_SIGNAL, evcore_signal_ops, true)			\
	row(EVCORE_POSIX_TIMER, evcore_posix_timer_ops, true)		\
	row(EVCORE_USER, evcore_user_ops, true)				\
	row(EVCORE_MQUEUE, evcore_mqueue_ops, true)			\
	row(EVCORE_PROCESS, evcore_process_ops, true)			\
	row(EVCORE_FUTEX, evcore_futex_ops, true)

#define EVCORE_DECLARE(type, ops, ...) extern const struct evcore_source_ops ops;
EVCORE_SOURCES(EVCORE_DECLARE)
#undef EVCORE_DECLARE

#endif /* _EVCORE_SOURCES_H */
