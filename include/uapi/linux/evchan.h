/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The event channel: the kernel posts 64-byte events into a ring that the
 * program maps, and the program takes them with one compare-and-swap each, or
 * without writing to them if it has promised that only one thread takes them.
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
#define EVCHAN_SIGNALED		0x1	/* a signal was sent */
#define EVCHAN_SIGNAL_OVERRUN	0x2	/* value signals were sent that no event describes */
#define EVCHAN_MESSAGE		0x1	/* message queue: no longer empty */
#define EVCHAN_EXITED		0x1	/* process: value is its status, as in wait(2) */
#define EVCHAN_EXIT_HIDDEN	0x2	/* process: the caller may not see the status */
#define EVCHAN_DONE		0x1	/* AIO: an operation is complete */
#define EVCHAN_WOKEN		0x1	/* futex: woken */
#define EVCHAN_CHANGED		0x2	/* futex: it does not have the expected value */
#define EVCHAN_CLOSED		0x40000000	/* the last reference to the file was dropped */

/* Flags of evchan_create(). */
#define EVCHAN_NONBLOCK		0x0800		/* as O_NONBLOCK */
#define EVCHAN_CLOEXEC		0x80000		/* as O_CLOEXEC */
#define EVCHAN_SINGLE_CONSUMER	0x1		/* only one thread takes events */

/* evchan_params.features */
#define EVCHAN_FEAT_OVERFLOW	0x1	/* a full ring loses nothing */
#define EVCHAN_FEAT_LEVEL	0x2
#define EVCHAN_FEAT_TIMESTAMP	0x4
#define EVCHAN_FEAT_BUSY_POLL	0x8	/* waits can poll the network */
#define EVCHAN_FEAT_AIO		0x10	/* io_submit() supports IOCB_FLAG_EVCORE */
#define EVCHAN_FEAT_SINGLE_CONSUMER	0x20	/* there is EVCHAN_SINGLE_CONSUMER */

/**
 * struct evchan_params - parameters of evchan_create()
 * @flags: in: EVCHAN_NONBLOCK, EVCHAN_CLOEXEC, EVCHAN_SINGLE_CONSUMER
 * @entries: in: number of slots wanted, 0 for the default; out: number of slots
 * @features: out: EVCHAN_FEAT_*
 * @map_offset: out: offset for mmap()
 * @map_length: out: length for mmap(), read-write and shared
 * @events_offset: out: offset of the slots in the mapping
 * @event_size: out: size of a slot
 * @busy_poll_us: in: how many microseconds a wait without events polls the network
 *                device of the watched sockets before it sleeps, at most 1000000;
 *                0: the value of net.core.busy_poll, which is 0 by default
 *
 * Fields that are only out must be 0 on entry. The kernel does not write beyond the size that
 * the caller passes.
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
#define EVCHAN_RING_CALL	0x1	/* events wait outside the ring: call evchan_wait() */

/**
 * struct evchan_ring_header - start of the mapping
 * @head: written by the program: all slots before this position are consumed. A smaller value
 *        is allowed; with a larger one, events that were not consumed are overwritten
 * @claimed: with EVCHAN_SINGLE_CONSUMER written by the program: all slots before this position
 *           are taken, or are about to be. The position behind the event that the consumer
 *           takes, stored before it loads the state of that event for the last time, with a
 *           full barrier in between. Otherwise not used
 * @pad1: keeps the words that the kernel writes out of the program's cache line
 * @flags: written by the kernel: EVCHAN_RING_CALL
 * @entries: number of slots, a power of two
 * @mode: EVCHAN_SINGLE_CONSUMER, if the channel was created with it, or 0
 * @pad3: 0
 * @pad2: fills the cache line
 */
struct evchan_ring_header {
	__aligned_u64	head;
	__aligned_u64	claimed;
	__u64		pad1[6];
	__u32		flags;
	__u32		entries;
	__u32		mode;
	__u32		pad3;
	__u64		pad2[6];
};

/**
 * struct evchan_event - one slot of the ring, one cache line
 * @state: lap << 32 | events, the word that hands the slot over
 * @events: the bits that happened; 0: the slot was consumed. With EVCHAN_SINGLE_CONSUMER only
 *          the kernel writes here, and 0 means that the event was withdrawn
 * @lap: (position >> order) + 1 of the event in the slot
 * @type: EVCHAN_SOCKET ...
 * @flags: EVCHAN_EVENT_*
 * @cpu: the processor that posted the event
 * @data: the cookie of the registration
 * @id: the id of the registration
 * @value: depends on the type; for a timer the number of expirations
 * @timestamp: with EVCHAN_TIMESTAMP the time of CLOCK_MONOTONIC in ns, in the time namespace
 *             in which the channel was created; otherwise 0
 * @extra: further details, which depend on the type
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
#define EVCHAN_EVENT_OVERFLOWED	0x1	/* the event waited in the overflow list */

/* evchan_change.op */
#define EVCHAN_ADD		1
#define EVCHAN_MOD		2
#define EVCHAN_DEL		3
#define EVCHAN_SET		4	/* add, or modify an existing registration */
#define EVCHAN_POST		5	/* post a user event, or repost an event */
#define EVCHAN_CHECK		6	/* which of the events hold now? */

/* evchan_change.flags */
#define EVCHAN_EDGE		0x0	/* an event for each transition */
#define EVCHAN_LEVEL		0x1	/* an event again at every wait while it holds */
#define EVCHAN_ONESHOT		0x2	/* one event, then disarmed until MOD */
#define EVCHAN_WAKE_ALL		0x4	/* wake every waiter, not one */
#define EVCHAN_REPORT_CLOSE	0x8	/* post EVCHAN_CLOSED when the file is released */
#define EVCHAN_TIMESTAMP	0x10	/* fill in evchan_event.timestamp */
#define EVCHAN_BY_ID		0x20	/* MOD, DEL, POST, CHECK: find by id, not by fd */
#define EVCHAN_EXCLUSIVE	0x200	/* POLL: wake one of the channels that wait */

/*
 * EVCHAN_SIGNAL: this bit in the id, in addition to the number of the signal, says that the
 * signal goes to channels only and is not delivered.
 */
#define EVCHAN_SIGNAL_NOMASK	0x8000000000000000ULL

/* sigevent.sigev_notify; the channel's descriptor is where SIGEV_THREAD_ID has its tid */
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
 * @id: name of the registration within its type. Descriptors: ADD and SET fill it in
 *      (the low 32 bits are the descriptor); it is read only with EVCHAN_BY_ID
 * @events: the bits asked for; for POST the bits to deliver. CHECK fills in the bits that
 *          hold now, and the @flags and @data of the registration
 * @result: out: 0 or a negative errno. DEL: 1 if an event of the registration was
 *          already taken, so that another thread may be handling it. -EINTR: not
 *          carried out, because a signal came
 * @data: cookie, returned in each event; POST of an AIO event: the cookie of the event
 * @args: depends on the type. Descriptors: [0] the fd. Inodes: [0] an fd, [1] a path
 *        relative to it, or 0 for the fd itself; the events are those of inotify(7).
 *        Timers: [0] clock id, [1] first expiry and [2] interval in ns, [3] EVCHAN_TIMER_*.
 *        Futexes: [0] address, [1] the value expected there, [2] mask, [3] FUTEX2_* flags.
 *        POST: the value, then the extra of the event (for a user event the number of
 *        posts, where 0 means 1); before them the fd, if the source is found by that
 *
 * A field that has no meaning for an operation and type must be 0, or the entry is refused with
 * EINVAL. DEL and CHECK use only what names the registration, and EVCHAN_BY_ID.
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
#define EVCHAN_WAIT_REALTIME	0x2	/* with ABSTIME: a time of CLOCK_REALTIME */
#define EVCHAN_WAKE_OTHER	0x4	/* wake another waiter and return */

#endif /* _UAPI_LINUX_EVCHAN_H */
