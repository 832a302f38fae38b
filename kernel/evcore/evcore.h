/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event core: what the two faces (kevent and the event channel) and the event
 * sources share.
 *
 * A *queue* is what a descriptor stands for: a ring, an overflow list, waiting
 * tasks, sources. A *source* is one registration of interest. A *record* is one
 * event on its way. A *face* encodes records into its own ring.
 *
 * LOCKS, outermost first
 *
 * queue->mutex	Serialises everything done in process context to the sources
 *		of a queue: adding, changing, removing, looking at conditions.
 *		A mutex, because it is held over vfs_poll() and allocations.
 *		Exit, exec and the last fput() of anybody may have to take it, so
 *		what user space can make slow is not done inside it: no path is
 *		looked up and none put, because that can wait for a file system
 *		server or end a mount or an address space, and no inode is put.
 *		Neither is a page of user memory waited for: see
 *		evcore_lock_user().
 *		Source types do such things in ->prepare() and ->finish(), which
 *		run outside it; see evcore_may_wait(). What may wait inside it is
 *		memory (reclaim included) and other mutexes of the kernel of
 *		which the same is true: of fsnotify, the one of the queue's own
 *		group, inside which no file system is entered.
 * evcore_nest_mutex (nest.c)
 *		One for the system: the graph of queues that watch queues. No
 *		queue mutex is taken inside it.
 * file->f_lock	The list of sources that watch a file, file->f_evcore. Never
 *		taken in interrupt context.
 * wait queue head, timer base
 *		The event source's own lock. Posting runs inside it; of what watches a
 *		file also what is posted in process context (evcore_fd_with_head_locked()), so that
 *		there is one record at a time where there is one such head.
 * queue->lock	The lists below and the slow half of posting. A raw spin lock
 *		with interrupts off, because posting happens in hard interrupt
 *		context with the source's lock held. At most EVCORE_DRAIN_MAX
 *		records are moved in one hold. Inside it only the scheduler's
 *		locks are taken, to wake a task.
 *
 * Posting is not for NMI context, nor with a run queue or pi lock held.
 *
 * FIELDS
 *
 * queue->overflow, ->nr_records, ->recheck, ->checking, ->reap, ->look, ->handed_over,
 * ->waiters, ->min_waiters, ->waiter_nr, ->wake_through, ->poll_mark, counters and the
 * fields of a source below "queue->lock": queue->lock.
 * queue->table, ->fds, ->nr_fds, ->nr_sources, ->next_id, source->id, ->type,
 * ->hashed, ->attached: queue->mutex.
 * source->events, ->flags, ->data: written under queue->mutex, read by posting
 * without it; a post that runs beside a modify may use either value, but has ended
 * before the modify looks at the condition (evcore_fd_modified()). So is ->posted set
 * to 0 by a modify that finds the source idle (evcore_modify_fast()).
 * source->last_record: written by posting before its record is published; a guess
 * for everybody else, that the ring's own state word confirms or denies.
 * queue->sleepers: written under queue->lock, read by posting without it, see below.
 * queue->recheck_level, source->recheck_node: put there without a lock of the queue (evcore_recheck_level_add()),
 * taken off under queue->mutex.
 * A source is on one list at most, source->where says on which. A drain that takes it
 * off overflow sets that last, with release: who keeps everybody else from posting of
 * it, and reads with acquire that it is idle, needs no queue->lock. The records it
 * holds (struct evcore_record_node) are in the overflow list one by one.
 *
 * WAKING
 *
 * Who posts publishes a record, has a full barrier (the fully ordered operation
 * that publishes is one), and then looks at queue->sleepers; if there are any,
 * evcore_wake_locked() under queue->lock. Who waits adds itself there, has a full barrier
 * (set_current_state() in evcore_wait(), smp_mb() in poll_ready()), and then looks
 * at the ring. One of the two sees the other.
 *
 * WHERE A SOURCE GOES
 *
 *   IDLE -> OVERFLOW	no free slot: its events wait in the source itself
 *   IDLE -> RECHECK	level-triggered and posted, or its condition must be
 *			looked at in process context (a wake-up without a key)
 *   on ->recheck_level besides: level-triggered and posted by a wake-up that needs no lock; the
 *			next wait looks at it, or whoever has the list moves it to RECHECK
 *   OVERFLOW -> IDLE, RECHECK (level) or REAP (removed by its delivery)
 *   any -> gone	under queue->mutex, after its hook is gone
 *
 * A record that it holds goes into the ring, or into overflow and from there into
 * the ring or, with its source, away. The user of the queue is charged for it from
 * evcore_queue_record_alloc() to evcore_record_free(), which is when it goes into the ring at the latest.
 *
 * REMOVAL
 *
 *   A. evcore_del(): asked for by the program
 *   B. evcore_queue_release(): the queue's file is closed
 *   C. evcore_release_file(): the last reference to a watched file went
 *   D. evcore_reap(): removed by its own delivery, or by evcore_retire() where what it
 *      stands for has ended in a context that may not sleep
 *   E. evcore_exit_mm(): the address space whose futex it waits for is gone
 *
 * A, B and D pin the watched file first. When that fails, C is on its way and
 * owns the removal; C finds every such source, because only C takes sources off
 * the list of a file without references. So a source seen under queue->mutex
 * with ->file set has a file whose memory is valid: C waits for that mutex.
 * Every source holds a reference to its queue.
 */
#ifndef _EVCORE_H
#define _EVCORE_H

#include <linux/err.h>
#include "source.h"
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hrtimer_types.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/rbtree_types.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue_types.h>

struct fsnotify_group;
struct user_struct;

/* In evcore_queue.sleepers: somebody polls the queue's file, or did lately. */
#define EVCORE_POLLED		BIT(31)

/* Records moved out of the overflow list: by one post, and in one lock hold. */
#define EVCORE_DRAIN_POST	4
#define EVCORE_DRAIN_MAX	32
/* Tries of a loop on a word that user space can write. */
#define EVCORE_USER_TRIES	8
/* Longest time that a wait polls the network before it sleeps. */
#define EVCORE_BUSY_MAX_US	USEC_PER_SEC
/* Queues watching queues: the longest chain, as epoll has it. */
#define EVCORE_MAX_NESTS	4

/* Place the bits of an EVCORE_POLL source in the ring; false if there is no free slot. */
typedef bool (*evcore_put_bits_t)(struct evcore_queue *q, struct evcore_source *s, u32 events);
/* Was the source's last record consumed, or is there none? */
typedef bool (*evcore_taken_t)(struct evcore_queue *q, struct evcore_source *s);

/* In evcore_queue.todo: why a wait must take queue->mutex before it may sleep. */
#define EVCORE_TODO_RECHECK	BIT(0)	/* queue->recheck is not empty */
#define EVCORE_TODO_REAP	BIT(1)	/* queue->reap is not empty */
#define EVCORE_TODO_HAND_OVER	BIT(2)	/* evcore_wake_other() found no waiter */
#define EVCORE_TODO_TESTED	BIT(3)	/* evcore_recheck_test() has sources in hand */

/**
 * struct evcore_face - what a face does for the core
 * @name: for fdinfo
 * @sigev: sigev_notify that names a queue of this face
 * @post: post an event, any context. evcore_post_slow(), or a face's own fast
 *        path that falls back to it
 * @wake: the face's own wait-queue function for EVCORE_POLL sources without a mode
 *        of EVCORE_SLOW, which posts what evcore_fast_events() gives it and leaves
 *        the rest to evcore_fd_wake(); may be NULL
 * @wake_level: the same for those whose only mode is EVCORE_LEVEL: it posts without
 *              queue->lock and leaves to the next wait, evcore_recheck_level_add(), to look
 *              again; may be NULL
 * @recheck_level: evcore_recheck_level() with the face's own look at a slot. With @wake_level.
 *               queue->mutex held.
 * @put: place a record in the ring, whatever waits in overflow; false if there is no
 *       free slot. queue->lock held.
 * @put_bits: the same for a level-triggered EVCORE_POLL source, of which there is
 *            nothing but @events to tell, while nothing waits in overflow.
 *            queue->lock held.
 * @drain: evcore_drain_fast() with the face's own way to place a record.
 *         queue->lock held.
 * @merge: add bits to the source's last record if it is still unconsumed, and
 *         say whether that was done. NULL where a ring cannot. queue->lock held.
 * @taken: was the source's last record consumed, or is there none? With queue->lock
 *         held, unless it is enough to know of a record posted before.
 * @cancel: withdraw the source's last record if it is unconsumed; false if it
 *          was taken. NULL where a ring cannot. queue->lock held.
 * @withdraw: withdraw every unconsumed record of the source that has this cookie. Meanwhile
 *            the source may post others. queue->mutex held, may sleep.
 * @ready: records in the ring: at least @limit only if so many can be taken, an
 *         upper bound in any case. queue->lock held.
 * @block: overflow begins (true) or ends: no lock-free post in between.
 *         queue->lock held.
 * @call: tell a program that only looks at the ring to call in. queue->lock held.
 * @posted: records ever placed in the ring; any context.
 * @mmap: ->mmap() of the queue's file.
 * @free: free the ring and the structure; may sleep.
 */
struct evcore_face {
	const char *name;
	int sigev;
	void (*post)(struct evcore_source *s, u32 events, u64 value, u64 extra);
	wait_queue_func_t wake;
	wait_queue_func_t wake_level;
	void (*recheck_level)(struct evcore_queue *q);
	bool (*put)(struct evcore_queue *q, struct evcore_source *s,
		    const struct evcore_record *r);
	evcore_put_bits_t put_bits;
	unsigned int (*drain)(struct evcore_queue *q, unsigned int most);
	bool (*merge)(struct evcore_queue *q, struct evcore_source *s, u32 events);
	evcore_taken_t taken;
	bool (*cancel)(struct evcore_queue *q, struct evcore_source *s);
	void (*withdraw)(struct evcore_queue *q, struct evcore_source *s, u64 data);
	unsigned int (*ready)(struct evcore_queue *q, unsigned int limit);
	void (*set_lockless)(struct evcore_queue *q, bool on);
	void (*set_need_call)(struct evcore_queue *q, bool on);
	u64 (*nr_posted)(struct evcore_queue *q);
	int (*mmap)(struct evcore_queue *q, struct vm_area_struct *vma);
	void (*free)(struct evcore_queue *q);
};

/**
 * struct evcore_queue - embedded in a face's own structure
 * @face: the face
 * @sleepers: number of waiters, and EVCORE_POLLED; read without the lock
 * @waiters: tasks in evcore_wait() for up to one event, oldest first
 * @poll_wait: those who poll the queue's file
 * @lock: see the head of this file
 * @min_waiters: tasks in evcore_wait() for more events than one, by how many
 * @waiter_nr: number of the last task that began to wait
 * @wake_through: waiters up to this number are being woken, some at a time; 0: none
 * @overflow: sources and held records whose events found no slot, in order
 * @nr_overflow: how many
 * @nr_records: how many of them are held records (queue->lock; read without it where a
 *           limit is looked at)
 * @recheck: sources whose condition the next wait polls again
 * @nr_recheck: sources on that list that are to be polled in any case, consumed or not
 * @reap: sources removed by their delivery
 * @todo: EVCORE_TODO_RECHECK ...; a wait clears the first two
 * @rechecking: sources are being polled again, which are on no list meanwhile; set and
 *              cleared with @mutex held as well
 * @recheck_level: level-triggered sources that were posted without @lock, whose condition
 *                 the next wait polls again; taken off with @mutex held
 * @nr_woken: tasks woken that have not looked yet
 * @need_call: what @face->set_need_call was told last
 * @mutex: see the head of this file
 * @table: sources without a descriptor by type and id
 * @fds: sources by descriptor, in small arrays
 * @nr_fds: how many of those there can be
 * @nr_sources: in both
 * @next_id: generation of the next descriptor source
 * @kref: the file, each source, and whoever else needs the structure
 * @user: whom sources and ring memory are charged to
 * @time_offset: of CLOCK_MONOTONIC in the time namespace of who made the queue; added to
 *               timestamps
 * @ring_pages: pages charged to RLIMIT_MEMLOCK
 * @poll_work: wakes @poll_wait, outside every lock
 * @free_work: frees the queue for evcore_queue_put(), which may not sleep
 * @dead: the file is closed
 * @nest_inner: queues this one watches, evcore_nest_mutex
 * @nest_outer: queues that watch this one, evcore_nest_mutex
 * @nest_walk: the last walk through the graph that came by, evcore_nest_mutex
 * @nest_depth: longest chain that this walk found from here, evcore_nest_mutex
 * @merged: events merged into an unconsumed record or a pending one
 * @poll_mark: records in the ring, ever, when @poll_wait was woken last
 * @overflowed: events that found no slot
 * @drained: records that came out of overflow
 * @wakes: tasks woken
 * @busy_us: how long a wait polls the network before it sleeps, 0: not at all; does
 *           not change while there are sources
 * @napi_id: receive queue to poll, of the socket woken last; unlocked, a hint
 * @busy_polls: rounds of such polling (queue->lock)
 * @marks: the group of its marks on inodes, made with the first one and kept
 */
struct evcore_queue {
	const struct evcore_face *face;
	u32			sleepers;
	struct list_head	waiters;
	wait_queue_head_t	poll_wait;

	raw_spinlock_t		lock ____cacheline_aligned_in_smp;
	struct rb_root_cached	min_waiters;
	u64			waiter_nr;
	u64			wake_through;
	struct list_head	overflow;
	struct list_head	recheck;
	struct list_head	reap;
	unsigned int		nr_overflow;
	unsigned int		nr_recheck;
	unsigned int		nr_woken;
	bool			need_call;
	u8			todo;
	bool			rechecking;
	struct llist_head	recheck_level;
	u64			poll_mark;
	u64			overflowed;
	u64			drained;
	u64			wakes;
	atomic64_t		merged;

	struct mutex		mutex;	/* see the head of this file */
	struct rhashtable	table;
	struct evcore_source	***fds;
	u32			nr_fds;
	u32			nr_sources;
	u32			next_id;
	bool			dead;
	struct kref		kref;
	struct user_struct	*user;
	s64			time_offset;
	unsigned long		ring_pages;
	u32			busy_us;
	unsigned int		napi_id;
	u64			busy_polls;
	unsigned int		nr_records;
	struct fsnotify_group	*marks;
	struct irq_work		poll_work;
	struct work_struct	free_work;
	struct list_head	nest_inner;
	struct list_head	nest_outer;
	u64			nest_walk;
	int			nest_depth;
};

/* queue.c */
int evcore_queue_init(struct evcore_queue *q, const struct evcore_face *face);
void evcore_queue_put(struct evcore_queue *q);
void evcore_queue_put_sleepable(struct evcore_queue *q);
struct file *evcore_queue_file(struct evcore_queue *q, unsigned int flags);
int evcore_map_ring(struct vm_area_struct *vma, void *ring, unsigned long length);

/* limits.c */
int evcore_may_create(void);
int evcore_charge_ring(struct evcore_queue *q, unsigned long bytes);

bool evcore_fault_in(struct evcore_queue *q, void __user *at, size_t size, bool write);

/**
 * evcore_lock_user - take a queue's mutex for work that reads or writes user memory
 * @q: the queue
 *
 * Until evcore_unlock_user() an access to a page that is not there fails in place of
 * waiting for it: bringing it in may take as long as some program likes (userfaultfd, a
 * file of FUSE), and the mutex is needed by the exit of others. Then evcore_fault_in()
 * waits for the page without the mutex, and the access is tried again.
 */
static inline void evcore_lock_user(struct evcore_queue *q)
{
	mutex_lock(&q->mutex);
	pagefault_disable();
}

/**
 * evcore_unlock_user - undo evcore_lock_user()
 * @q: the queue
 */
static inline void evcore_unlock_user(struct evcore_queue *q)
{
	pagefault_enable();
	mutex_unlock(&q->mutex);
}

extern const struct file_operations evcore_queue_fops;

/**
 * evcore_file_queue - the queue that a file stands for
 * @file: any file
 *
 * Return: its queue, of either face, valid as long as the file; NULL if it is
 * none.
 */
static inline struct evcore_queue *evcore_file_queue(const struct file *file)
{
	return file->f_op == &evcore_queue_fops ? file->private_data : NULL;
}

/* busy.c */
int evcore_busy_init(struct evcore_queue *q, u32 us);

/* Entries of a call that are carried out whatever signal is pending. */
#define EVCORE_MIN_ENTRIES	64U

/* alloc.c */
bool evcore_pause(struct evcore_queue *q, unsigned int done);
void evcore_batch_end(struct evcore_batch *batch);

/* source.c: outside queue->mutex, around one of the calls below */
int evcore_prepare(struct evcore_queue *q, struct evcore_request *req);
void evcore_finish(struct evcore_request *req);

/* source.c: all with queue->mutex held */
int evcore_add_of(struct evcore_queue *q, const struct evcore_source_ops *ops,
		  struct evcore_request *req, struct evcore_source **out);
struct evcore_source *evcore_find(struct evcore_queue *q,
				  const struct evcore_request *req, struct fd *f);
int evcore_modify(struct evcore_source *s, struct evcore_request *req, struct file *file);
int evcore_del(struct evcore_source *s);
void evcore_reap(struct evcore_queue *q);
void evcore_retire(struct evcore_source *s);

/* sources/table.c */
extern const struct evcore_source_ops *const evcore_types[EVCORE_NR_TYPES];

/**
 * evcore_ops_of - the operations of a source's type
 * @s: the source
 */
static inline const struct evcore_source_ops *evcore_ops_of(const struct evcore_source *s)
{
	return evcore_types[s->type];
}

/**
 * evcore_ops - the operations of a type
 * @type: number from user space
 *
 * Return: them, or NULL for a type that this kernel does not have.
 */
static inline const struct evcore_source_ops *evcore_ops(u32 type)
{
	if (type >= EVCORE_NR_TYPES)
		return NULL;
	return evcore_types[array_index_nospec(type, EVCORE_NR_TYPES)];
}

/* evcore_add_of() for a caller that has no use for the operations. */
static inline int evcore_add(struct evcore_queue *q, struct evcore_request *req,
			     struct evcore_source **out)
{
	return evcore_add_of(q, evcore_ops(req->type), req, out);
}

/* Does the type exist, and watch a file? */
static inline bool evcore_by_fd(u32 type)
{
	const struct evcore_source_ops *ops = evcore_ops(type);

	return ops && ops->by_fd;
}

/* Is there something to do for it outside queue->mutex, evcore_prepare()? */
static inline bool evcore_prepares(u32 type)
{
	return type < EVCORE_NR_TYPES && evcore_types[type] && evcore_types[type]->prepare;
}

/* recheck.c */
u32 evcore_last_check(struct evcore_source *s);
bool evcore_recheck_unconsumed(struct evcore_source *s);

/* post.c */
void evcore_post_slow(struct evcore_source *s, u32 events, u64 value, u64 extra);
bool evcore_try_post(struct evcore_source *s, u32 events, u64 value);
int evcore_repost(struct evcore_source *s, const struct evcore_record *r);
void evcore_need_recheck(struct evcore_source *s);

/* held.c */
struct evcore_record_node *evcore_record_alloc(struct user_struct *user, gfp_t gfp);
void evcore_record_free(struct evcore_record_node *h);

/* evcore_record_alloc() for a queue, where it does not matter why there is none: NULL then. */
static inline struct evcore_record_node *evcore_queue_record_alloc(struct evcore_queue *q, gfp_t gfp)
{
	struct evcore_record_node *h = evcore_record_alloc(q->user, gfp);

	return IS_ERR(h) ? NULL : h;
}

bool evcore_post_record(struct evcore_source *s, struct evcore_record_node *h);
void evcore_post_last(struct evcore_source *s, struct evcore_record_node *h);

/* sources/fd.c */
int evcore_fd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key);

/**
 * evcore_post - an event of a source happened
 * @s: the source
 * @events: the bits, already masked, not 0
 * @value: type specific
 * @extra: type specific
 *
 * Context: any but NMI, with any lock of the event source held. Does not sleep,
 * allocate or fault.
 */
static inline void evcore_post(struct evcore_source *s, u32 events, u64 value,
			       u64 extra)
{
	s->queue->face->post(s, events, value, extra);
}

/* overflow.c */
unsigned int evcore_drain(struct evcore_queue *q, unsigned int most);
void evcore_drain_more(struct evcore_queue *q);

/**
 * evcore_drain_all - drain overflow as far as there are slots
 * @q: the queue
 *
 * Context: process context, may sleep between two bounded lock holds.
 */
static inline void evcore_drain_all(struct evcore_queue *q)
{
	if (unlikely(!list_empty(&q->overflow)))
		evcore_drain_more(q);
}

typedef int (*evcore_emit_t)(struct evcore_source *s,
			     const struct evcore_record *r, void *arg);
int evcore_take(struct evcore_queue *q, evcore_emit_t emit, void *arg);

/* wait.c */

/**
 * struct evcore_timeout - how long to wait
 * @expires: absolute time on @clock, KTIME_MAX: for ever
 * @clock: CLOCK_MONOTONIC or CLOCK_REALTIME
 */
struct evcore_timeout {
	ktime_t		expires;
	clockid_t	clock;
};

s64 evcore_time_offset(clockid_t clock);
int evcore_read_timeout(struct evcore_timeout *to,
			const struct __kernel_timespec __user *uts, bool absolute);

/**
 * evcore_get_timeout - read a timeout from user space
 * @to: result
 * @uts: timespec, NULL to wait for ever
 * @absolute: it is a time, not a delay
 * @clock: CLOCK_MONOTONIC or CLOCK_REALTIME
 *
 * Return: 0, -EFAULT, or -EINVAL for a timespec that is none.
 */
static inline int evcore_get_timeout(struct evcore_timeout *to,
				     const struct __kernel_timespec __user *uts,
				     bool absolute, clockid_t clock)
{
	to->expires = KTIME_MAX;
	to->clock = clock;
	return uts ? evcore_read_timeout(to, uts, absolute) : 0;
}

void evcore_service(struct evcore_queue *q);
int evcore_wait(struct evcore_queue *q, unsigned int min,
		const struct evcore_timeout *to);
int evcore_wake_other(struct evcore_queue *q, bool force);
void evcore_wake_slow(struct evcore_queue *q);
void evcore_wake_locked(struct evcore_queue *q, bool all);

#endif /* _EVCORE_H */
