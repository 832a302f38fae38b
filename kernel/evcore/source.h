/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event core: sources, their types and events, requests for them and the records that they
 * post. The head of evcore.h says which lock each field needs.
 */
#ifndef _EVCORE_SOURCE_H
#define _EVCORE_SOURCE_H

#include <linux/container_of.h>
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
#define EVCORE_SIGNALED	0x1		/* a signal was sent */
/* In the id of a signal: it goes to queues only. */
#define EVCORE_SIGNAL_NOMASK	BIT_ULL(63)
#define EVCORE_SIGNAL_OVERRUN	0x2	/* signals were sent for which there was no memory */
#define EVCORE_MESSAGE	0x1		/* message queue: no longer empty */
#define EVCORE_EXITED	0x1		/* process */
#define EVCORE_EXIT_HIDDEN	0x2	/* ... but the caller may not see its status */
#define EVCORE_DONE	0x1		/* AIO: an operation is complete */
#define EVCORE_WOKEN	0x1		/* futex: by a wake-up */
#define EVCORE_CHANGED	0x2		/* futex: it has another value already */
#define EVCORE_CLOSED	0x40000000	/* the last reference to the watched file was dropped */

/* How a source behaves, evcore_source.flags */
#define EVCORE_LEVEL		BIT(0)
#define EVCORE_ONESHOT		BIT(1)
#define EVCORE_WAKE_ALL		BIT(2)
#define EVCORE_REPORT_CLOSE	BIT(3)
#define EVCORE_TIMESTAMP	BIT(4)
#define EVCORE_AUTOREMOVE	BIT(5)	/* removed by its delivery */
#define EVCORE_COUNTS		BIT(6)	/* every occurrence counts: no merging into slots */
#define EVCORE_SUM_EXTRA	BIT(7)	/* in overflow extra adds up, as the value does */
#define EVCORE_LAST_CHECK	BIT(8)	/* check the condition when a call delivers it */
#define EVCORE_EXCLUSIVE	BIT(9)	/* wake one of the queues that watch */
#define EVCORE_OVERRUNS		BIT(10)	/* a merge in overflow counts as one more */
#define EVCORE_MERGE_RECORDS	BIT(11)	/* a record merges into one not consumed */
#define EVCORE_UNSURE		BIT(12)	/* wants bits that are not believed in a key */
#define EVCORE_KEYS_PART	BIT(13)	/* its file's keys are not believed in full */
/* Free for the face to keep with the source. */
#define EVCORE_FACE_FLAGS	0xffff0000
/* A source with none of these may be posted without queue->lock. */
#define EVCORE_SLOW	(EVCORE_LEVEL | EVCORE_ONESHOT | EVCORE_WAKE_ALL | \
			 EVCORE_TIMESTAMP | EVCORE_AUTOREMOVE | EVCORE_EXCLUSIVE | \
			 EVCORE_UNSURE)

/* Reported whether asked for or not, as poll(2) does. */
#define EVCORE_ALWAYS		((__force u32)(EPOLLERR | EPOLLHUP))
/* The bits that are believed in the keys of a file if its keys are exact, see fd.c. */
#define EVCORE_KEYS_FULL	((__force u32)(EPOLLIN | EPOLLRDNORM | EPOLLOUT | \
					       EPOLLWRNORM | EPOLLRDHUP))
/* Not an event: the wait queue head is being freed. Above every bit of poll(2). */
#define EVCORE_POLLFREE		((__force u32)POLLFREE)

/* Most sources that a call allocates at once. */
#define EVCORE_BATCH_MAX	16U

/**
 * struct evcore_record - one event on its way into a ring
 * @events: what happened, never 0
 * @overflowed: it comes out of the overflow list
 * @made_ready: the program made it ready, nothing happened
 * @last: nothing follows: its delivery removes the source
 * @own_id: @extra has a cookie and an id, which the program gets in place of the source's
 * @value: type specific: expirations, bytes, sum of the values posted
 * @extra: type specific
 */
struct evcore_record {
	u32	events;
	bool	overflowed;
	bool	made_ready;
	bool	last;
	bool	own_id;
	u64	value;
	u64	extra[2];
};

/* Which list a node is on. */
enum evcore_where {
	EVCORE_IDLE,
	EVCORE_ON_OVERFLOW,
	EVCORE_ON_RECHECK,
	EVCORE_ON_REAP,
	EVCORE_RECORD_NODE,		/* not a source but a record, in overflow */
};

/**
 * struct evcore_source - one registration, embedded in a type's own structure
 * @queue: holds a reference
 * @last_record: where its last record is in the ring, as the face encodes it; 0: nowhere
 * @data: cookie of the program
 * @id: name within the type
 * @events: bits it is interested in
 * @flags: EVCORE_LEVEL ...
 * @at: the part of it that the lists of a queue link: the fields from @link to @pending
 * @link: in the list that @where names; may be stale if that is none (queue->lock)
 * @where: list it is on (queue->lock)
 * @armed: a oneshot source that has not fired (queue->lock)
 * @recheck: poll its condition again even if its record is not consumed (queue->lock)
 * @muted: being removed, nothing is posted any more (queue->lock)
 * @made_ready: the program made the pending event, nothing happened (queue->lock)
 * @drained: an event has come out of overflow, so the ring may hold a record before the last one
 *           (queue->lock; read without it)
 * @type: EVCORE_POLL ...
 * @hashed: lookups find it (queue->mutex)
 * @attached: its hook is in place (queue->mutex)
 * @pending: bits of the event that waits in overflow (queue->lock)
 * @recheck_node: in queue->recheck_level, whatever @where says; points to itself while the
 *                source is not there
 * @node: in queue->table
 * @same_fd: next source with the same descriptor number, in queue->fds
 *
 * There may be hundreds of thousands of sources, so this is kept small. Types that watch a
 * file embed it in struct evcore_fd_source, all other types in struct evcore_valued.
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
		bool			made_ready:1;
		bool			drained:1;
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
 * struct evcore_record_source - a source that allocates a record for each event
 * @valued: the core's part
 * @records: its records that wait in overflow (queue->lock)
 * @nr_records: how many there are (queue->lock; read without it for fdinfo)
 * @ucounts: where they count as pending signals, or NULL; set while the source is attached
 *
 * For types with evcore_source_ops.has_records.
 */
struct evcore_record_source {
	struct evcore_valued	valued;
	struct list_head	records;
	unsigned int		nr_records;
	struct ucounts		*ucounts;
};

static inline struct evcore_record_source *evcore_to_record_source(struct evcore_source *s)
{
	return container_of(s, struct evcore_record_source, valued.source);
}

/**
 * struct evcore_record_node - a record that is allocated for one event
 * @at: in queue->overflow; at.where is always EVCORE_RECORD_NODE
 * @in_source: in evcore_record_source.records
 * @source: the source that posts it
 * @user: the user who is charged until it is freed; not a reference, so the owner of the
 *        record holds one, or a reference to the queue
 * @record: the event; the source fills it in before it posts it
 * @rcu: frees it in any context
 * @deferred: for the type of its source, until it is posted
 */
struct evcore_record_node {
	struct evcore_node	at;
	struct list_head	in_source;
	struct evcore_source	*source;
	struct user_struct	*user;
	struct evcore_record	record;
	union {
		struct rcu_head		rcu;
		struct llist_node	deferred;
	};
};

/**
 * struct evcore_batch - memory for several registrations of one call
 * @left: registrations that the call has not done yet, including the current one
 * @nr: number of sources in @at
 * @ops: their type
 * @at: memory for sources, allocated in advance
 *
 * On the stack of the call, which sets @left, and @nr to 0, and ends with
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
 * @fd: the descriptor, for types that watch one, and for inodes
 * @id: the id, for other types, and with @by_id; out: the id of the source that was added
 *      or changed
 * @by_id: find the source by @id although the type watches descriptors
 * @data: cookie
 * @args: type specific; timers: clock, first expiry, interval, EVCORE_TIMER_ABS;
 *        futexes: address, value, mask, FUTEX2_* flags; inodes: a path relative to @fd,
 *        0: @fd itself
 * @sigev: set if sources/sigev.c makes the request and not a face
 * @batch: memory of the call that the request is part of, or NULL
 * @prepared: what ->prepare() of the type has made for ->attach() or ->modify(), or NULL
 * @hand_back: do not post what is ready already; return it in @ready
 * @by_hook: the request comes from the kernel's own code and not from a face
 * @ready: out, with @hand_back: the bits that hold
 * @value: out, with @hand_back: the value of what is @ready
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

/* A list of names; "" for a bit without one. */
#define EVCORE_NAMES(...)	((const char *const []){ __VA_ARGS__, NULL })

/**
 * struct evcore_source_ops - a type of source
 * @name: for fdinfo, which leaves the prefix evcore_ out, and for the slab cache
 * @type: EVCORE_POLL ...
 * @size: of the structure that embeds struct evcore_source
 * @modes: flags that a request may have
 * @fixed: flags that a source of this type always has
 * @required: flags that a request must have
 * @all_events: every event bit of the type
 * @event_names: EVCORE_NAMES() of the bits from bit 0 on, for fdinfo; bits beyond the last
 *               name are printed as a number. May be NULL.
 * @default_events: the bits of a request that names none; 0: a request must name some
 * @nr_args: how many of evcore_request.args an addition or a modify uses
 * @by_fd: registered by descriptor, embeds struct evcore_fd_source
 * @has_records: embeds struct evcore_record_source
 * @by_hook: the kernel's own code adds such a source where something is submitted; the
 *           faces can only remove it
 * @single: a queue has one source of the type, and its events have ids of their own
 * @prepare: do what must not be done with queue->mutex held: read user memory, look up
 *           paths, wait for a file system. Leaves the result in @prepared of the request.
 *           Returns 0, or a negative errno with nothing left behind. May be NULL. Called
 *           without queue->mutex.
 * @finish: release what is left in @prepared, and what ->attach() or ->modify() put there.
 *          Follows each successful ->prepare(), whatever the request came to. Called
 *          without queue->mutex.
 * @attach: check the request and hook in. Returns the bits that hold already in its last
 *          argument, and 0, or a negative errno with nothing left behind. Called with
 *          queue->mutex held.
 * @detach: unhook. Nothing is posted afterwards. Called with queue->mutex held, may sleep.
 * @used: has the source, which is detached, consumed something that cannot be given back,
 *        whether its event was taken or not? NULL: never. Called with queue->mutex held.
 * @modify: take over new arguments, before events and flags change. NULL if there are only
 *          events and flags. Called with queue->mutex held.
 * @modified: a modify has taken effect; cannot fail. May be NULL. Called with queue->mutex
 *            held.
 * @wake: wait queue callback of a type with a descriptor; NULL: evcore_fd_wake(). Any context,
 *        with the lock of the wait queue head held.
 * @from_poll: the type's bits for poll bits. NULL if they are the same, or there is no
 *             descriptor. Any context.
 * @check: the bits that hold now. NULL if there is no condition. Called with queue->mutex
 *         held.
 * @value: the value of a record with @events, if it is cheap to find out; may be NULL. Any
 *         context. Called with queue->lock held, or with the lock of the hook, which keeps
 *         the source from being detached.
 * @may_see: may the calling task see the id and the description? NULL: each task that has the
 *           queue may. Called with queue->mutex held.
 * @describe: add to the source's line in fdinfo; must not sleep; may be NULL. Called with
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
	const char *const *event_names;
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
	wait_queue_func_t wake;
	u32 (*from_poll)(struct evcore_source *s, __poll_t bits);
	u32 (*check)(struct evcore_source *s);
	u64 (*value)(struct evcore_source *s, u32 events);
	bool (*may_see)(struct evcore_source *s);
	void (*describe)(struct evcore_source *s, struct seq_file *m);
};

#endif /* _EVCORE_SOURCE_H */
