/* SPDX-License-Identifier: GPL-2.0-only */
/* The source types, one row each; table.c and the types include it. */
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

/* Number, and the name of its struct evcore_source_ops. */
#define EVCORE_SOURCES(row)			\
	row(EVCORE_SOCKET, evcore_socket_ops)	\
	row(EVCORE_INODE, evcore_inode_ops)	\
	row(EVCORE_TIMER, evcore_timer_ops)	\
	row(EVCORE_POLL, evcore_poll_ops)	\
	row(EVCORE_AIO, evcore_aio_ops)		\
	row(EVCORE_PIPE, evcore_pipe_ops)	\
	row(EVCORE_SIGNAL, evcore_signal_ops)	\
	row(EVCORE_POSIX_TIMER, evcore_posix_timer_ops) \
	row(EVCORE_USER, evcore_user_ops)	\
	row(EVCORE_MQUEUE, evcore_mqueue_ops)	\
	row(EVCORE_PROCESS, evcore_process_ops)	\
	row(EVCORE_FUTEX, evcore_futex_ops)

#define EVCORE_DECLARE(type, ops) extern const struct evcore_source_ops ops;
EVCORE_SOURCES(EVCORE_DECLARE)
#undef EVCORE_DECLARE

#endif /* _EVCORE_SOURCES_H */
