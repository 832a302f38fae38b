/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The event channel: the kernel posts 64-byte events into a ring that the
 * program maps, and the program takes them with one compare-and-swap each.
 */
#ifndef _UAPI_LINUX_EVCHAN_H
#define _UAPI_LINUX_EVCHAN_H

#include <asm/byteorder.h>
#include <linux/types.h>

/* Event source types; the numbers are those of kevent. */
#define EVCHAN_SOCKET		0
#define EVCHAN_INODE		1
#define EVCHAN_TIMER		2
#define EVCHAN_POLL		3
#define EVCHAN_NAIO		4
#define EVCHAN_AIO		5
#define EVCHAN_PIPE		6
#define EVCHAN_SIGNAL		7
#define EVCHAN_POSIX_TIMER	8
#define EVCHAN_USER		9
#define EVCHAN_MQUEUE		16
#define EVCHAN_PROCESS		17
#define EVCHAN_FUTEX		18

/* Bits of evchan_change.events and of the events in an event's state. */
#define EVCHAN_RECV		0x1	/* socket, pipe: something to read */
#define EVCHAN_ACCEPT		0x2	/* listening socket: a connection */
#define EVCHAN_SEND		0x4	/* socket, pipe: room to write */
#define EVCHAN_FIRED		0x1	/* timer, POSIX timer */
#define EVCHAN_SIGNALED		0x1	/* a signal came */
#define EVCHAN_SIGNAL_OVERRUN	0x2	/* ... and, of value signals, no more is known */
#define EVCHAN_MESSAGE		0x1	/* message queue: no longer empty */
#define EVCHAN_EXITED		0x1	/* process: value is its status, as of wait(2) */
#define EVCHAN_EXIT_HIDDEN	0x2	/* ... which is not shown */
#define EVCHAN_DONE		0x1	/* AIO: an operation is complete */
#define EVCHAN_WOKEN		0x1	/* futex: woken */
#define EVCHAN_CHANGED		0x2	/* futex: not the value expected */
#define EVCHAN_CLOSED		0x40000000	/* last reference to the file gone */

/* Flags of evchan_create(). */
#define EVCHAN_NONBLOCK		0x0800		/* as O_NONBLOCK */
#define EVCHAN_CLOEXEC		0x80000		/* as O_CLOEXEC */
#define EVCHAN_SINGLE_CONSUMER	0x1		/* reserved, and refused: it has no meaning yet */
/* 0x1 is reserved: it named channels with one thread that takes, and did nothing */

/* evchan_params.features */
#define EVCHAN_FEAT_OVERFLOW	0x1	/* a full ring loses nothing */
#define EVCHAN_FEAT_LEVEL	0x2
#define EVCHAN_FEAT_TIMESTAMP	0x4
#define EVCHAN_FEAT_BUSY_POLL	0x8	/* waits can poll the network */
#define EVCHAN_FEAT_AIO		0x10	/* io_submit() knows IOCB_FLAG_EVCORE */

/**
 * struct evchan_params - what evchan_create() is asked for, and its answer
 * @flags: in: EVCHAN_NONBLOCK, EVCHAN_CLOEXEC
 * @entries: in: slots wanted, 0 for the default; out: slots there are
 * @features: out: EVCHAN_FEAT_*
 * @map_offset: out: offset for mmap()
 * @map_length: out: length for mmap(), read-write and shared
 * @events_offset: out: where the slots begin in the mapping
 * @event_size: out: size of a slot
 * @busy_poll_us: in: how long a wait that finds nothing polls the network device of
 *                the sockets it watches before it sleeps, at most 1000000; 0: what
 *                net.core.busy_poll says, which is not at all by default
 *
 * What is only out must be 0 on entry. No more is written than the caller's size.
 */
struct evchan_params {
	__u32		flags;
	__u32		entries;
	__aligned_u64	features;
	__aligned_u64	map_offset;
	__aligned_u64	map_length;
	__aligned_u64	events_offset;
	__u32		event_size;
	__u32		busy_poll_us;
};

#define EVCHAN_PARAMS_SIZE_VER0	48

/* evchan_ring_header.flags */
#define EVCHAN_RING_CALL	0x1	/* events wait outside: call evchan_wait() */

/**
 * struct evchan_ring_header - start of the mapping
 * @head: written by the program: position before which all is consumed, a hint
 * @pad1: keeps what the kernel writes off the program's cache line
 * @flags: written by the kernel: EVCHAN_RING_CALL
 * @entries: slots, a power of two
 * @pad2: to the next cache line
 */
struct evchan_ring_header {
	__aligned_u64	head;
	__u64		pad1[7];
	__u32		flags;
	__u32		entries;
	__u64		pad2[7];
};

/**
 * struct evchan_event - one slot of the ring, one cache line
 * @state: lap << 32 | events, the word that hands the slot over
 * @events: what happened; 0: the slot was consumed
 * @lap: (position >> order) + 1 of the event in the slot
 * @type: EVCHAN_SOCKET ...
 * @flags: EVCHAN_EVENT_*
 * @cpu: processor that posted it
 * @data: the registration's cookie
 * @id: the registration's id
 * @value: what the type says, expirations for a timer
 * @timestamp: CLOCK_MONOTONIC in ns with EVCHAN_TIMESTAMP, otherwise 0; in the time
 *             namespace in which the channel was made
 * @extra: more that the type says
 */
struct evchan_event {
	union {
		__aligned_u64	state;
		struct {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
			__u32	lap;
			__u32	events;
#else
			__u32	events;
			__u32	lap;
#endif
		};
	};
	__u16		type;
	__u16		flags;
	__u32		cpu;
	__aligned_u64	data;
	__aligned_u64	id;
	__aligned_u64	value;
	__aligned_u64	timestamp;
	__aligned_u64	extra[2];
};

/* evchan_event.flags */
#define EVCHAN_EVENT_OVERFLOWED	0x1	/* came by way of the overflow list */

/* evchan_change.op */
#define EVCHAN_ADD		1
#define EVCHAN_MOD		2
#define EVCHAN_DEL		3
#define EVCHAN_SET		4	/* add, or modify what is there */
#define EVCHAN_POST		5	/* a user event, or giving an event back */
#define EVCHAN_CHECK		6	/* does what an event said still hold? */

/* evchan_change.flags */
#define EVCHAN_EDGE		0x0	/* an event for each transition */
#define EVCHAN_LEVEL		0x1	/* again at every wait while it holds */
#define EVCHAN_ONESHOT		0x2	/* one event, then disarmed until MOD */
#define EVCHAN_WAKE_ALL		0x4	/* wake every waiter, not one */
#define EVCHAN_REPORT_CLOSE	0x8	/* post EVCHAN_CLOSED when the file goes */
#define EVCHAN_TIMESTAMP	0x10	/* fill in evchan_event.timestamp */
#define EVCHAN_BY_ID		0x20	/* MOD, DEL, POST, CHECK: find by id, not by fd */
#define EVCHAN_EXCLUSIVE	0x200	/* POLL: of all that watch, wake one that waits */

/*
 * EVCHAN_SIGNAL: in the id besides the signal's number: it comes through the
 * channel only, and nothing else happens to it.
 */
#define EVCHAN_SIGNAL_NOMASK	0x8000000000000000ULL

/* sigevent.sigev_notify, with the channel's descriptor where SIGEV_THREAD_ID has its tid */
#ifndef SIGEV_EVCHAN
#define SIGEV_EVCHAN		16
#endif

/* EVCHAN_TIMER: args[3] */
#define EVCHAN_TIMER_ABSTIME	0x1	/* args[1] is a time, not a delay */

/**
 * struct evchan_change - one entry of evchan_ctl()
 * @op: EVCHAN_ADD ...
 * @type: EVCHAN_SOCKET ...
 * @flags: EVCHAN_LEVEL ...
 * @id: names the registration within its type. Descriptors: filled in by ADD and SET
 *      (low 32 bits: the descriptor), used with EVCHAN_BY_ID, otherwise not looked at
 * @events: bits asked for; for POST those to deliver. CHECK fills in those that
 *          hold now, with @flags and @data of the registration
 * @result: out: 0 or a negative errno. DEL: 1 says that an event of the
 *          registration was already taken and may be in another thread's hands.
 *          -EINTR: not carried out, for a signal came
 * @data: cookie, returned in each event; for POST an AIO event's
 * @args: descriptors: [0] the fd. Inodes: [0] an fd, [1] a path that begins there,
 *        or 0 for the fd itself; the events are those of inotify(7). Timers:
 *        [0] clock id, [1] first expiry and [2] interval in ns,
 *        [3] EVCHAN_TIMER_*. Futexes: [0] address, [1] value expected there,
 *        [2] mask, [3] FUTEX2_* flags. POST: the value, then the event's extra (of a
 *        user event the number of posts, 0 for 1), after the fd where it is found by
 *        that
 *
 * What has no meaning for an operation and type is 0, or the entry is refused with EINVAL.
 * DEL and CHECK have a name and EVCHAN_BY_ID only.
 */
struct evchan_change {
	__u16		op;
	__u16		type;
	__u32		flags;
	__aligned_u64	id;
	__u32		events;
	__s32		result;
	__aligned_u64	data;
	__aligned_u64	args[4];
};

#define EVCHAN_CHANGE_SIZE_VER0	64

/* Flags of evchan_ctl(). */
#define EVCHAN_CTL_STOP		0x1	/* stop at the first entry that fails */

/* Flags of evchan_wait(). */
#define EVCHAN_WAIT_ABSTIME	0x1	/* the timeout is a time, not a delay */
#define EVCHAN_WAIT_REALTIME	0x2	/* ... of CLOCK_REALTIME */
#define EVCHAN_WAKE_OTHER	0x4	/* wake another waiter and return */

#endif /* _UAPI_LINUX_EVCHAN_H */
