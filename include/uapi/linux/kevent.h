/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The kevent interface: structures and values of the 2006 proposal
 * (generation 3, takes 20 to 31), kept number for number.
 */
#ifndef _UAPI_LINUX_KEVENT_H
#define _UAPI_LINUX_KEVENT_H

#include <linux/types.h>

/* Event source types, ukevent.type. The event channel uses the same numbers. */
#define KEVENT_SOCKET		0
#define KEVENT_INODE		1
#define KEVENT_TIMER		2
#define KEVENT_POLL		3
#define KEVENT_NAIO		4
#define KEVENT_AIO		5
#define KEVENT_PIPE		6
#define KEVENT_SIGNAL		7
#define KEVENT_POSIX_TIMER	8
#define KEVENT_UNOTIFY		9
#define KEVENT_MQUEUE		16
#define KEVENT_PROCESS		17
#define KEVENT_FUTEX		18

/* Request flags, ukevent.req_flags. */
#define KEVENT_REQ_ONESHOT	0x1	/* removed once delivered */
#define KEVENT_REQ_WAKEUP_ALL	0x2	/* wake every waiter, not one */
#define KEVENT_REQ_ET		0x4	/* edge-triggered */
#define KEVENT_REQ_LAST_CHECK	0x8	/* deliver only what still holds on delivery */
#define KEVENT_REQ_ALWAYS_QUEUE	0x10	/* queue the event even if ready at ADD */
#define KEVENT_REQ_READY	0x20	/* ADD: make it ready; in events: the program did */
#define KEVENT_REQ_KEEP		0x40	/* with ONESHOT: disarm, do not remove; not in 2006 */
#define KEVENT_REQ_EXCLUSIVE	0x80	/* POLL: wake one of the queues that wait; not in 2006 */

/* Return flags, ukevent.ret_flags. */
/* ret_data[1] is a negative errno. In a ring, with -ECANCELED: withdrawn, this is no event. */
#define KEVENT_RET_BROKEN	0x1
#define KEVENT_RET_DONE		0x2	/* the request was processed */
#define KEVENT_RET_COPY_FAILED	0x4	/* never set, because a failed copy loses nothing */

/* Events of each type, ukevent.event. */
#define KEVENT_TIMER_FIRED	0x1
#define KEVENT_SOCKET_RECV	0x1
#define KEVENT_SOCKET_ACCEPT	0x2
#define KEVENT_SOCKET_SEND	0x4
#define KEVENT_INODE_CREATE	0x1
#define KEVENT_INODE_REMOVE	0x2
/* These three are reported whether asked for or not. */
#define KEVENT_INODE_UNMOUNT	0x2000	/* the file system was unmounted */
#define KEVENT_INODE_OVERRUN	0x4000	/* ret_data[0] events were lost */
#define KEVENT_INODE_GONE	0x8000	/* the request is removed */
#define KEVENT_POLL_POLLIN	0x0001
#define KEVENT_POLL_POLLPRI	0x0002
#define KEVENT_POLL_POLLOUT	0x0004
#define KEVENT_POLL_POLLERR	0x0008
#define KEVENT_POLL_POLLHUP	0x0010
#define KEVENT_POLL_POLLNVAL	0x0020
#define KEVENT_POLL_POLLRDNORM	0x0040
#define KEVENT_POLL_POLLRDBAND	0x0080
#define KEVENT_POLL_POLLWRNORM	0x0100
#define KEVENT_POLL_POLLWRBAND	0x0200
#define KEVENT_POLL_POLLMSG	0x0400
#define KEVENT_POLL_POLLREMOVE	0x1000
#define KEVENT_POLL_POLLRDHUP	0x2000
#define KEVENT_AIO_BIO		0x1
#define KEVENT_SIGNAL_DELIVERY	0x1
#define KEVENT_SIGNAL_OVERRUN	0x2	/* ret_data signals were sent that no event describes */
#define KEVENT_POSIX_TIMER_FIRED 0x1
#define KEVENT_MQUEUE_MESSAGE	0x1
#define KEVENT_PROCESS_EXITED	0x1
#define KEVENT_PROCESS_HIDDEN	0x2	/* the caller may not see the status */
#define KEVENT_FUTEX_WOKEN	0x1
#define KEVENT_FUTEX_CHANGED	0x2
#define KEVENT_MASK_ALL		0xffffffff
#define KEVENT_MASK_EMPTY	0x0

/* In kevent_id.raw_u64 of a signal: it goes to queues only and is not delivered. */
#define KEVENT_SIGNAL_NOMASK	0x8000000000000000ULL

/* sigevent.sigev_notify; the queue's descriptor is the first word of its union. */
#ifndef SIGEV_KEVENT
#define SIGEV_KEVENT		8
#endif

/* Commands of kevent_ctl(). */
#define KEVENT_CTL_ADD		0
#define KEVENT_CTL_REMOVE	1
#define KEVENT_CTL_MODIFY	2
#define KEVENT_CTL_READY	3

/* Flags of kevent_wait(). */
#define KEVENT_FLAGS_ABSTIME	1	/* the timeout is absolute, CLOCK_REALTIME */

/* Flags of kevent_init(). */
#define KEVENT_INIT_NONBLOCK	0x0800		/* as O_NONBLOCK */
#define KEVENT_INIT_CLOEXEC	0x80000		/* as O_CLOEXEC */

/*
 * The name of a request within its type:
 *
 * - Descriptors and inodes: raw[0] is the descriptor. For inodes raw[1] is any number, which
 *   tells requests for the same inode apart.
 * - Timers: raw[0] is the seconds and raw[1] the nanoseconds of the period. In an event
 *   ret_data[0] is the time of expiry, in milliseconds of CLOCK_MONOTONIC modulo 2^32, and
 *   ret_data[1] is the number of expirations since the previous event.
 * - Futexes: raw_u64 is the address. In the request ret_data[0] is the value that is expected
 *   there, and ret_data[1] has FUTEX2_* flags.
 */
struct kevent_id {
	union {
		__u32		raw[2];
		__aligned_u64	raw_u64;
	};
};

/**
 * struct ukevent - a request, and the event that answers it
 * @id: what is watched
 * @type: KEVENT_SOCKET ...
 * @event: the bits asked for; in an event the bits that happened
 * @req_flags: KEVENT_REQ_*
 * @ret_flags: KEVENT_RET_*
 * @ret_data: details of the event, which depend on the type; with KEVENT_RET_BROKEN, [1] is
 *            a negative errno
 * @user: the caller's cookie, returned unchanged
 * @ptr: the cookie as a pointer
 */
struct ukevent {
	struct kevent_id	id;
	__u32			type;
	__u32			event;
	__u32			req_flags;
	__u32			ret_flags;
	__u32			ret_data[2];
	union {
		__u32		user[2];
		void		*ptr;
	};
};

/**
 * struct kevent_ring - ring shared by the kernel and the program
 * @ring_kidx: index of the entry for the next event, 0 to num - 1; written by the kernel
 * @ring_over: how often the consumer's index has wrapped
 * @event: the entries
 */
struct kevent_ring {
	__u32			ring_kidx;
	__u32			ring_over;
	struct ukevent		event[];
};

#endif /* _UAPI_LINUX_KEVENT_H */
