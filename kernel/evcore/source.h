/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event core: what a source is, its types and events, what is asked for and what is
 * told. Who may touch which field when is at the head of evcore.h.
 */
#ifndef _EVCORE_SOURCE_H
#define _EVCORE_SOURCE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/poll.h>
#include <linux/rhashtable-types.h>

struct evcore_queue;
struct evcore_sigev;
struct evcore_source;
struct evcore_source_ops;
struct seq_file;
struct ucounts;
struct user_struct;

/* Types; both faces show these numbers to user space. */
enum evcore_type {
	EVCORE_SOCKET = 0,
	EVCORE_INODE = 1,
	EVCORE_TIMER = 2,
	EVCORE_POLL = 3,
	EVCORE_AIO = 5,
	EVCORE_PIPE = 6,
	EVCORE_SIGNAL = 7,
	EVCORE_POSIX_TIMER = 8,
	EVCORE_USER = 9,
	EVCORE_MQUEUE = 16,
	EVCORE_PROCESS = 17,
	EVCORE_FUTEX = 18,
	EVCORE_NR_TYPES = 19,
};

/* Events of sockets and pipes, the same in both faces. */
#define EVCORE_RECV	0x1
#define EVCORE_ACCEPT	0x2
#define EVCORE_SEND	0x4
#define EVCORE_FIRED	0x1		/* timer, POSIX timer */
#define EVCORE_SIGNALED	0x1		/* a signal came */
/* In the id of a signal: into queues only. */
#define EVCORE_SIGNAL_NOMASK	BIT_ULL(63)
#define EVCORE_SIGNAL_OVERRUN	0x2	/* signals came whose records found no memory */
#define EVCORE_MESSAGE	0x1		/* message queue: no longer empty */
#define EVCORE_EXITED	0x1		/* process */
#define EVCORE_EXIT_HIDDEN	0x2	/* ... whose status is not shown */
#define EVCORE_DONE	0x1		/* AIO: an operation is complete */
#define EVCORE_WOKEN	0x1		/* futex: by a wake-up */
#define EVCORE_CHANGED	0x2		/* futex: the value is another already */
#define EVCORE_CLOSED	0x40000000	/* the watched file is gone */

/* How a source behaves, evcore_source.flags */
#define EVCORE_LEVEL		BIT(0)
#define EVCORE_ONESHOT		BIT(1)
#define EVCORE_WAKE_ALL		BIT(2)
#define EVCORE_REPORT_CLOSE	BIT(3)
#define EVCORE_TIMESTAMP	BIT(4)
#define EVCORE_AUTOREMOVE	BIT(5)	/* gone once delivered */
#define EVCORE_COUNTS		BIT(6)	/* every occurrence counts: no merging into slots */
#define EVCORE_SUM_EXTRA	BIT(7)	/* in overflow extra adds up, as the value does */
#define EVCORE_LAST_CHECK	BIT(8)	/* look again when a call delivers it */
#define EVCORE_EXCLUSIVE	BIT(9)	/* of the queues that watch, wake one with a waiter */
#define EVCORE_OVERRUNS		BIT(10)	/* a merge in overflow counts as one more */
#define EVCORE_MERGE_RECORDS	BIT(11)	/* held records merge into one not consumed */
#define EVCORE_UNSURE		BIT(12)	/* wants bits that wake-up keys do not tell for sure */
#define EVCORE_KEYS_PART	BIT(13)	/* of its file not all of EVCORE_KEYS_FULL is believed */
/* Free for the face to keep with the source. */
#define EVCORE_FACE_FLAGS	0xffff0000
/* A source with none of these may be posted without queue->lock. */
#define EVCORE_SLOW	(EVCORE_LEVEL | EVCORE_ONESHOT | EVCORE_WAKE_ALL | \
			 EVCORE_TIMESTAMP | EVCORE_AUTOREMOVE | EVCORE_EXCLUSIVE | \
			 EVCORE_UNSURE)

/* Reported whether asked for or not, as poll(2) does. */
#define EVCORE_ALWAYS		((__force u32)(EPOLLERR | EPOLLHUP))
/* What can be believed of a wake-up key, see sources/fd.c. */
#define EVCORE_KEYS_FULL	((__force u32)(EPOLLIN | EPOLLRDNORM | EPOLLOUT | \
					       EPOLLWRNORM | EPOLLRDHUP))
/* Not an event: the wait queue head is going. Above every bit of poll(2) in use. */
#define EVCORE_POLLFREE		((__force u32)POLLFREE)

/* Sources whose memory a call takes at once. */
#define EVCORE_BATCH_MAX	16U

/**
 * struct evcore_record - one event on its way into a ring
 * @events: what happened, never 0
 * @overflowed: it comes out of the overflow list
 * @marked: the program made it ready, nothing happened
 * @last: nothing follows: its delivery removes the source
 * @named: it has a cookie and an id of its own, in @extra, that the program gets in
 *         place of its source's
 * @value: type specific: expirations, bytes, sum of the values posted
 * @extra: type specific
 */
struct evcore_record {
	u32	events;
	bool	overflowed;
	bool	marked;
	bool	last;
	bool	named;
	u64	value;
	u64	extra[2];
};

/* Which list a node is on. */
enum evcore_where {
	EVCORE_IDLE,
	EVCORE_ON_OVERFLOW,
	EVCORE_ON_RECHECK,
	EVCORE_ON_REAP,
	EVCORE_RECORD_NODE,		/* a held record, in overflow */
};

/**
 * struct evcore_source - one registration, embedded in a type's own structure
 * @queue: holds a reference
 * @last_record: where its last record is in the ring, in the face's terms; 0: there is
 *          none that it cares about
 * @data: cookie of the program
 * @id: name within the type
 * @events: bits it is interested in
 * @flags: EVCORE_LEVEL ...
 * @at: what the lists of a queue link, the following five
 * @link: in the list that @where names (queue->lock)
 * @where: list it is on (queue->lock)
 * @armed: a oneshot source that has not fired (queue->lock)
 * @recheck: poll its condition again even if its record is not consumed (queue->lock)
 * @muted: being removed, nothing is posted any more (queue->lock)
 * @marked: the pending event was made by the program (queue->lock)
 * @type: EVCORE_POLL ...
 * @hashed: found by lookups (queue->mutex)
 * @attached: its hook is in place (queue->mutex)
 * @pending: pending bits, in overflow (queue->lock)
 * @recheck_node: in queue->recheck_level, which is besides the list that @where names; points to itself
 *       while it is not (the lock of the wait queue head puts it there, queue->mutex
 *       takes it off)
 * @node: in queue->table
 * @same_fd: next source with the same descriptor, in queue->fds
 *
 * There may be hundreds of thousands, so it is kept small. Types that watch a file
 * embed it in struct evcore_fd_source, all others in struct evcore_valued.
 */
struct evcore_source {
	struct evcore_queue	*queue;
	u64			last_record;
	u64			data;
	u64			id;
	u32			events;
	u32			flags;
	struct_group_tagged(evcore_node, at,
		struct list_head	link;
		u8			where;
		bool			armed:1;
		bool			recheck:1;
		bool			muted:1;
		bool			marked:1;
		u8			type;
		bool			hashed:1;
		bool			attached:1;
		u32			pending;
	);
	struct llist_node	recheck_node;
	union {
		struct rhash_head	node;
		struct evcore_source	*same_fd;
	};
};

/**
 * struct evcore_valued - a source whose events have a value of their own
 * @source: the core's part
 * @value: pending value, in overflow (queue->lock)
 * @extra: pending extra, in overflow (queue->lock)
 */
struct evcore_valued {
	struct evcore_source	source;
	u64			value;
	u64			extra;
};

/**
 * struct evcore_record_source - a source each of whose events has a record to itself
 * @valued: the core's part
 * @records: those that wait in overflow (queue->lock)
 * @nr_records: how many (queue->lock; read without it for fdinfo)
 * @ucounts: whose pending signals they are, or NULL; set while the source is attached
 *
 * For types that say so in evcore_source_ops.has_records.
 */
struct evcore_record_source {
	struct evcore_valued	valued;
	struct list_head	records;
	unsigned int		nr_records;
	struct ucounts		*ucounts;
};

/**
 * struct evcore_record_node - an event that brings its own memory
 * @at: in queue->overflow; at.where is always EVCORE_RECORD_NODE
 * @in_source: in evcore_record_source.held
 * @source: whose it is
 * @user: who is charged for it until it is dropped; no reference, so whoever has a
 *        record has one, or one to its queue
 * @record: the event; filled in by the source before it is posted
 * @rcu: to free it in any context
 */
struct evcore_record_node {
	struct evcore_node	at;
	struct list_head	in_source;
	struct evcore_source	*source;
	struct user_struct	*user;
	struct evcore_record	record;
	struct rcu_head		rcu;
};

/**
 * struct evcore_batch - several registrations in one call
 * @left: how many of them are not done, the one under way included
 * @nr: sources in @at
 * @ops: their type
 * @at: memory taken in advance
 *
 * On the stack of the call; @left and @nr are set, @nr to 0. Ends with
 * evcore_batch_end().
 */
struct evcore_batch {
	unsigned int		left;
	unsigned int		nr;
	const struct evcore_source_ops *ops;
	void			*at[EVCORE_BATCH_MAX];
};

/**
 * struct evcore_request - a registration as a face asks for it
 * @type: EVCORE_POLL ...
 * @flags: EVCORE_LEVEL ...
 * @events: bits asked for
 * @fd: for descriptor types, and inodes
 * @id: for the others, and for descriptor types to find one by its id; out: the
 *      id of the source that was added or changed
 * @by_id: find by @id although the type has descriptors
 * @data: cookie
 * @args: type specific; timers: clock, first expiry, interval, EVCORE_TIMER_ABS;
 *        futexes: address, value, mask, FUTEX2_* flags; inodes: a path at @fd,
 *        0: @fd itself
 * @sigev: a request of sources/sigev.c, not of a face
 * @batch: of the call that it is part of, or NULL
 * @prepared: what ->prepare() of its type has made for ->attach() or ->modify(); NULL
 *            where there is none
 * @hand_back: do not post what is ready already, return it in @ready
 * @by_hook: it does not come from a face
 * @ready: out, with @hand_back
 * @value: out, of what is @ready
 */
struct evcore_request {
	u32	type;
	u32	flags;
	u32	events;
	int	fd;
	bool	by_id;
	bool	hand_back;
	bool	by_hook;
	u32	ready;
	u64	value;
	u64	id;
	u64	data;
	u64	args[4];
	struct evcore_sigev *sigev;
	struct evcore_batch *batch;
	void	*prepared;
};

#define EVCORE_TIMER_ABS	0x1	/* args[3] of a timer */

/**
 * struct evcore_source_ops - a type of source
 * @name: for fdinfo and messages
 * @type: EVCORE_POLL ...
 * @size: of the structure that embeds struct evcore_source
 * @modes: flags it takes
 * @fixed: flags it always has
 * @required: flags that it does not go without
 * @all_events: every bit it knows
 * @default_events: those meant by a request that names none; 0: it must
 * @nr_args: how many of evcore_request.args an addition or a modify has
 * @by_fd: registered by descriptor, embeds struct evcore_fd_source
 * @has_records: embeds struct evcore_record_source
 * @by_hook: added, and never changed, by the kernel's own code, where something is
 *           submitted; the faces can only remove it
 * @single: one to a queue, whatever id is asked for: its events bring their own
 * @prepare: do for the request what must not be done under queue->mutex: read user
 *           memory, look up paths, wait for a file system. Keeps the result in
 *           @prepared of the request; returns 0, or a negative errno with nothing
 *           left behind. May be NULL. No queue->mutex is held.
 * @finish: release what is left in @prepared, and what ->attach() or ->modify() put
 *          there in its place. Follows each ->prepare() that succeeded, whatever came
 *          of the request. No queue->mutex is held.
 * @attach: check the request and hook in; returns bits that hold already, or a
 *          negative errno with nothing left behind. queue->mutex held.
 * @detach: unhook; afterwards nothing is posted. queue->mutex held, may sleep.
 * @used: after ->detach(): has it had something that can be nobody else's any more,
 *        whether or not its event was taken? NULL: never. queue->mutex held.
 * @modify: take over new args, before events and flags change. NULL where there
 *          is nothing but events and flags. queue->mutex held.
 * @modified: after a modify took effect; cannot fail. NULL as @modify.
 * @from_poll: the type's bits for poll bits; NULL where they are the same or
 *             there is no descriptor. Any context.
 * @check: bits that hold now. NULL where there is no condition. queue->mutex held.
 * @value: what a record's value says about @events, cheaply; may be NULL. Any
 *         context, with the hook's lock held that keeps the source from being
 *         detached, or queue->lock.
 * @own: are id and description the caller's business? NULL: whoever has the queue may
 *       see them. queue->mutex held.
 * @describe: add to the source's line in fdinfo, may not sleep; may be NULL.
 *            queue->mutex held.
 */
struct evcore_source_ops {
	const char	*name;
	enum evcore_type type;
	size_t		size;
	u32		modes;
	u32		fixed;
	u32		required;
	u32		all_events;
	u32		default_events;
	u8		nr_args;
	bool		by_fd;
	bool		has_records;
	bool		by_hook;
	bool		single;
	int (*prepare)(struct evcore_queue *q, struct evcore_request *req);
	void (*finish)(struct evcore_request *req);
	int (*attach)(struct evcore_source *s, struct evcore_request *req,
		      u32 *ready);
	void (*detach)(struct evcore_source *s);
	bool (*used)(struct evcore_source *s);
	int (*modify)(struct evcore_source *s, struct evcore_request *req);
	void (*modified)(struct evcore_source *s, struct evcore_request *req);
	u32 (*from_poll)(struct evcore_source *s, __poll_t bits);
	u32 (*check)(struct evcore_source *s);
	u64 (*value)(struct evcore_source *s, u32 events);
	bool (*own)(struct evcore_source *s);
	void (*describe)(struct evcore_source *s, struct seq_file *m);
};

#endif /* _EVCORE_SOURCE_H */
