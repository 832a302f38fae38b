// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source types as the kevent interface shows them: a row for each type whose requests or
 * events need more than a copy of id, bits and value. ctl.c translates requests with it, and
 * ring.c encodes events. A type without a row needs no code in this directory.
 */
#include <linux/inotify.h>
#include <linux/math64.h>
#include <uapi/linux/futex.h>

#include "types.h"

/* The numbers of types and bits that are the same here and in the core. */
static_assert(KEVENT_SOCKET == EVCORE_SOCKET && KEVENT_TIMER == EVCORE_TIMER &&
	      KEVENT_POLL == EVCORE_POLL && KEVENT_PIPE == EVCORE_PIPE &&
	      KEVENT_UNOTIFY == EVCORE_USER && KEVENT_SIGNAL == EVCORE_SIGNAL &&
	      KEVENT_MQUEUE == EVCORE_MQUEUE && KEVENT_PROCESS == EVCORE_PROCESS);
static_assert(KEVENT_POSIX_TIMER == EVCORE_POSIX_TIMER);
static_assert(KEVENT_SOCKET_RECV == EVCORE_RECV && KEVENT_SOCKET_SEND == EVCORE_SEND &&
	      KEVENT_SOCKET_ACCEPT == EVCORE_ACCEPT);
static_assert(KEVENT_SIGNAL_DELIVERY == EVCORE_SIGNALED);
static_assert(KEVENT_SIGNAL_OVERRUN == EVCORE_SIGNAL_OVERRUN);
static_assert(KEVENT_SIGNAL_NOMASK == EVCORE_SIGNAL_NOMASK);
static_assert(KEVENT_POSIX_TIMER_FIRED == EVCORE_FIRED);
static_assert(KEVENT_MQUEUE_MESSAGE == EVCORE_MESSAGE);
static_assert(KEVENT_PROCESS_EXITED == EVCORE_EXITED);
static_assert(KEVENT_PROCESS_HIDDEN == EVCORE_EXIT_HIDDEN);
static_assert(KEVENT_INODE == EVCORE_INODE && KEVENT_INODE_UNMOUNT == IN_UNMOUNT &&
	      KEVENT_INODE_OVERRUN == IN_Q_OVERFLOW && KEVENT_INODE_GONE == IN_IGNORED);
static_assert(KEVENT_AIO == EVCORE_AIO && KEVENT_AIO_BIO == EVCORE_DONE);
static_assert(KEVENT_FUTEX == EVCORE_FUTEX && KEVENT_FUTEX_WOKEN == EVCORE_WOKEN &&
	      KEVENT_FUTEX_CHANGED == EVCORE_CHANGED);

/* inode: the core's bits are inotify's, and this interface has two for many of them. */
#define CORE_CREATE	(IN_CREATE | IN_MOVED_TO)
#define CORE_REMOVE	(IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF)
#define INODE_UNASKED	(KEVENT_INODE_UNMOUNT | KEVENT_INODE_OVERRUN | KEVENT_INODE_GONE)

static int inode_translate(const struct ukevent *uk, struct evcore_request *req)
{
	req->events = 0;
	if (uk->event & KEVENT_INODE_CREATE)
		req->events |= CORE_CREATE;
	if (uk->event & KEVENT_INODE_REMOVE)
		req->events |= CORE_REMOVE;
	return 0;
}

static void inode_encode(const struct evcore_record *r, struct ukevent *uk)
{
	uk->event = r->events & INODE_UNASKED;
	if (r->events & CORE_CREATE)
		uk->event |= KEVENT_INODE_CREATE;
	if (r->events & CORE_REMOVE)
		uk->event |= KEVENT_INODE_REMOVE;
	/* The number of lost events, or the hash of the name, folded to 32 bits. */
	uk->ret_data[0] = r->events & IN_Q_OVERFLOW ? min_t(u64, r->value, U32_MAX) :
						      r->value ^ r->value >> 32;
	uk->ret_data[1] = r->extra[0];
}

/* timer: the id is the period. */
static int timer_translate(const struct ukevent *uk, struct evcore_request *req)
{
	u64 period = (u64)uk->id.raw[0] * NSEC_PER_SEC + uk->id.raw[1];

	if (uk->id.raw[1] >= NSEC_PER_SEC || !period)
		return -EINVAL;
	req->args[0] = CLOCK_MONOTONIC;
	req->args[1] = period;
	req->args[2] = uk->req_flags & KEVENT_REQ_ONESHOT ? 0 : period;
	return 0;
}

static void timer_make_ready(struct evcore_record *r)
{
	r->extra[0] = ktime_get_ns() + evcore_time_offset(CLOCK_MONOTONIC);
}

/* Timers: extra[0] is the time of the expiry, in nanoseconds. */
static void timer_encode(const struct evcore_record *r, struct ukevent *uk)
{
	uk->ret_data[0] = div_u64(r->extra[0], NSEC_PER_MSEC);
	uk->ret_data[1] = min_t(u64, r->value, U32_MAX);
}

/* AIO: the result has no more than 31 bits and a sign. */
static void aio_encode(const struct evcore_record *r, struct ukevent *uk)
{
	uk->ret_data[0] = r->value;
}

/* User events: extra[0] is how many were posted, and the value is not used. */
static void unotify_make_ready(struct evcore_record *r)
{
	r->extra[0] = 1;
}

static void unotify_encode(const struct evcore_record *r, struct ukevent *uk)
{
	uk->ret_data[0] = min_t(u64, r->extra[0], U32_MAX);
}

/* futex: the id is the address. ret_data, which is an output otherwise, has two arguments. */
static int futex_translate(const struct ukevent *uk, struct evcore_request *req)
{
	req->args[0] = uk->id.raw_u64;
	req->args[1] = uk->ret_data[0];
	req->args[2] = FUTEX_BITSET_MATCH_ANY;
	req->args[3] = uk->ret_data[1];
	return 0;
}

const struct kevent_type kevent_types[EVCORE_NR_TYPES] = {
	[EVCORE_INODE] = {
		.events		= KEVENT_INODE_CREATE | KEVENT_INODE_REMOVE,
		.unasked_events	= INODE_UNASKED,
		.translate	= inode_translate,
		.encode		= inode_encode,
	},
	[EVCORE_TIMER] = {
		.translate	= timer_translate,
		.make_ready	= timer_make_ready,
		.encode		= timer_encode,
	},
	[EVCORE_POLL] = {
		.returns_events	= true,
	},
	[EVCORE_AIO] = {
		.encode		= aio_encode,
	},
	[EVCORE_SIGNAL] = {
		.unasked_events	= KEVENT_SIGNAL_OVERRUN,
	},
	[EVCORE_USER] = {
		.default_events	= 1,
		.make_ready	= unotify_make_ready,
		.encode		= unotify_encode,
	},
	[EVCORE_PROCESS] = {
		.unasked_events	= KEVENT_PROCESS_HIDDEN,
	},
	[EVCORE_FUTEX] = {
		.translate	= futex_translate,
	},
};
