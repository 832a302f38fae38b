/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event core: what the two faces (kevent and the event channel) and the event sources
 * share.
 *
 * A *queue* is what a descriptor stands for: a ring, an overflow list, waiting tasks,
 * sources. A *source* is one registration of interest. A *record* is one event on its way.
 * A *face* encodes records into its own ring.
 *
 * LOCKS, outermost first
 *
 * queue->mutex	Serialises everything that is done to the sources of a queue in process
 *		context: adding, changing, removing, polling conditions. It is a mutex
 *		because it is held over vfs_poll() and over allocations.
 *		Exit, exec and the last fput() of any task may have to take it. So nothing
 *		that user space can make slow is done with it held: no path is looked up
 *		or put, because that can wait for a file system server or end a mount or
 *		an address space; no inode is put; no page of user memory is waited for
 *		(evcore_lock_user()). Source types do such things in ->prepare() and
 *		->finish(), which run without it (evcore_may_wait() asserts that). What
 *		may be waited for with it held is memory, reclaim included, and other kernel
 *		mutexes under which nothing waits for user space either. Of the mutexes of
 *		fsnotify this is only that of the queue's own group. No file system is called
 *		with queue->mutex held.
 * evcore_nest_mutex (nest.c)
 *		One for the whole system. It protects the graph of queues that watch queues.
 *		No queue->mutex is taken with it held.
 * file->f_lock	Protects file->f_evcore, the list of sources that watch a file. Never taken
 *		in interrupt context.
 * the lock of what is watched
 *		A wait queue head, a timer base, sighand->siglock and so on. Posting runs
 *		with it held. While a source is hooked into a file, process context posts it
 *		with the lock of the first wait queue head held
 *		(evcore_fd_with_head_locked()), as wake-ups do. So if the file has only one
 *		head, two posts of the source never run at the same time.
 * queue->lock	Protects the lists of a queue; the slow path of posting runs with it held. A
 *		raw spin lock that is taken with interrupts disabled, because posting happens
 *		in hard interrupt context. At most EVCORE_DRAIN_MAX records are moved in one
 *		hold. The only locks that are taken with it held are those of the scheduler,
 *		to wake a task, those of kfree_rcu(), to free a record, and that of a
 *		workqueue's pool, to queue poll_later.
 *
 * Posting is not allowed in NMI context, nor with a run queue lock or ->pi_lock held.
 *
 * FIELDS OF A QUEUE
 *
 * face, user, time_offset, busy_us, ring_pages
 *		Set before the queue has a file, constant afterwards.
 * waiters, min_waiters, waiter_nr, wake_through, nr_woken, overflow, nr_overflow, recheck,
 * nr_recheck, reap, todo, need_call, poll_mark, busy_polls
 *		queue->lock. Without it, fdinfo reads busy_polls, and a few tests read
 *		nr_overflow, todo, or whether a list is empty, where an outdated answer does
 *		no harm.
 * overflowed, drained, wakes, nr_records
 *		Written with queue->lock held, read without it for fdinfo and for limits.
 * rechecking	Written with queue->mutex and queue->lock held, read with either held.
 * sleepers	Written with queue->lock held; posting reads it without, see WAKING.
 * recheck_level
 *		A lock-free list. evcore_recheck_level_add() adds to it with the lock of the
 *		wait queue head held; sources are taken off with queue->mutex held.
 * table, fds, nr_fds, nr_sources, next_id, dead
 *		queue->mutex. Release sets dead; it never becomes false again.
 * nest_inner, nest_outer, nest_walk, nest_depth
 *		evcore_nest_mutex.
 * merged	Atomic.
 * napi_id	Written and read without a lock: a hint.
 * inode_group	Set once, by cmpxchg(), and freed with the queue.
 * removed_marks
 *		A lock-free list. Marks are added with queue->mutex held.
 * poll_depth	Written with queue->lock held, or by poll_later; poll_work reads it.
 * poll_wait	Has a lock of its own. poll_work wakes it with no other lock held.
 * kref		Counts the file, each source, and each task that uses the queue without a
 *		reference to either.
 *
 * FIELDS OF A SOURCE
 *
 * queue, id, type
 *		Constant while lookups find the source.
 * hashed, attached, node, same_fd
 *		queue->mutex.
 * events, flags, data
 *		Written with queue->mutex held. Posting reads them without it: a post that
 *		runs at the same time as a modify may use either value, but it has ended
 *		before the modify polls the condition (evcore_fd_modified()).
 * link, where, armed, recheck, muted, made_ready, pending; value and extra of struct
 * evcore_valued; records and nr_records of struct evcore_record_source
 *		queue->lock. nr_records is read without it for fdinfo, and where by code that
 *		needs no more than a hint. where, armed, recheck and queue->nr_recheck are
 *		changed only by init_source(), state.c and state.h, and where by the fast paths
 *		evcore_overflow_fast() and evcore_drain_fast().
 * last_record	Written by posting before it publishes the record, and set to 0 by a modify.
 *		For all other readers it is a guess, which the state word in the ring
 *		confirms or denies.
 * recheck_node	Points to itself while the source is not on queue->recheck_level. Changed
 *		like that list.
 *
 * evcore_change_bits() changes events, data and last_record without queue->lock. It holds
 * queue->mutex and the lock of the only wait queue head, so no other task posts the source. A
 * drain stores IDLE to ->where last, with release; evcore_change_bits() goes on only if it
 * reads IDLE with acquire.
 *
 * WAKING
 *
 * A post publishes its record, executes a full barrier (the fully ordered operation that
 * publishes is one), and then reads queue->sleepers. If that is not 0 it calls
 * evcore_wake_locked() with queue->lock held. A waiter adds itself to queue->sleepers,
 * executes a full barrier (set_current_state() in evcore_wait(), smp_mb() in poll_ready()),
 * and then reads the ring. So either the post sees the waiter or the waiter sees the record.
 *
 * A post that merges its event into an unconsumed record wakes no waiter, because none sleeps
 * while there is a record. It wakes the tasks that poll the queue's file if one of them has
 * polled it again. Merging is a full barrier too.
 *
 * WHERE A SOURCE IS
 *
 * A source is on one of the lists of its queue at most; ->where says on which. The task that
 * polls conditions again (->rechecking) moves queue->recheck to a list on its stack, which
 * queue->lock protects as well; ->where of these sources is still EVCORE_ON_RECHECK.
 *
 *   IDLE -> OVERFLOW	evcore_overflow_add(), evcore_overflow_fast(): the ring has no free
 *			slot, so the events wait in the source itself.
 *   IDLE -> RECHECK	evcore_recheck_add(): the source is level-triggered and was posted.
 *			evcore_recheck_set(): a wake-up did not say what happened.
 *			evcore_recheck_unconsumed(), evcore_recheck_flush(): it was on
 *			queue->recheck_level, and its record is not consumed yet.
 *   RECHECK -> OVERFLOW	evcore_overflow_add(): the ring has no free slot for another event.
 *   RECHECK -> IDLE	evcore_recheck_remove(), evcore_unlink(): its condition is polled now.
 *   OVERFLOW -> IDLE	evcore_overflow_remove(), evcore_drain_fast(): its event was delivered.
 *			evcore_take_bits(), evcore_take(): it is passed to the program;
 *			evcore_take_end() and evcore_take() put it back if it could not be
 *			copied. After the delivery evcore_delivered() moves the source to
 *			RECHECK if it is level-triggered or was woken without a key
 *			meanwhile, or to REAP if its delivery ends it.
 *   any -> REAP	evcore_reap_add(): its delivery ends it, or evcore_retire() does.
 *   any -> IDLE	evcore_unlink(): it is being removed or modified.
 *
 * Besides, a level-triggered source that a face has posted without queue->lock is on
 * queue->recheck_level. The next wait polls its condition, or moves it to RECHECK if its
 * record is not consumed yet.
 *
 * A record that has memory of its own (struct evcore_record_node) goes to the ring, or waits in
 * overflow until it is drained or dropped with its source. The user of the queue is charged for
 * it from evcore_record_alloc() to evcore_record_free().
 *
 * REMOVAL
 *
 *   A. evcore_del(): the program asks for it.
 *   B. queue_release(): the queue's file is closed.
 *   C. evcore_release_file(): the last reference to a watched file is dropped.
 *   D. evcore_reap(): the delivery of an event has ended the source, or evcore_retire() has,
 *      because what it watches ended in a context that must not sleep.
 *   E. evcore_exit_mm(): the address space of the futex that it waits for has ended.
 *
 * A, B and D first take a reference to the watched file. That fails only if its last reference
 * was dropped; then C is about to run, and C removes the source. C finds every such source,
 * because only C takes sources off the list of a file without references. So a source that is
 * seen with queue->mutex held and with ->file set has a file whose memory is valid: C waits for
 * that mutex. Every source holds a reference to its queue.
 */
#ifndef _EVCORE_H
#define _EVCORE_H

#include <linux/err.h>
#include "compat.h"
#include "source.h"
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
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
#include <linux/workqueue.h>

struct fsnotify_group;
struct task_struct;
struct user_struct;

/* What became of a record that was to be withdrawn; see evcore_face.cancel. */
enum evcore_cancelled {
	EVCORE_TAKEN,		/* it was consumed before */
	EVCORE_PERHAPS_TAKEN,	/* a consumer may be taking it, or an earlier one of the source */
	EVCORE_CANCELLED,	/* no consumer gets it */
};

/* In evcore_queue.sleepers: a task polls the queue's file, or did so lately. */
#define EVCORE_POLLED		BIT(31)
/* In evcore_queue.sleepers: a task has polled the file since its pollers were woken last. */
#define EVCORE_POLLED_AGAIN	BIT(30)

/* Most records that one post moves out of the overflow list, and that one lock hold moves. */
#define EVCORE_DRAIN_POST	4
#define EVCORE_DRAIN_MAX	32
/* Tries of a loop on a word that user space can write. */
#define EVCORE_USER_TRIES	8
/* Longest time that a wait polls the network before it sleeps. */
#define EVCORE_BUSY_MAX_US	USEC_PER_SEC
/*
 * Most sources of one descriptor number. There are several if the descriptor was closed, or
 * replaced, while its file lives on.
 */
#define EVCORE_MAX_SAME_FD	128
/* Longest chain of queues that watch queues, the same as epoll's. */
#define EVCORE_MAX_NESTS	4

/* Place the bits of an EVCORE_POLL source in the ring; false if there is no free slot. */
typedef bool (*evcore_put_bits_t)(struct evcore_queue *q, struct evcore_source *s, u32 events);
/* Was the source's last record consumed, or is there none? */
typedef bool (*evcore_taken_t)(struct evcore_queue *q, struct evcore_source *s);

/* In evcore_queue.todo: why a wait must take queue->mutex before it may sleep. */
#define EVCORE_TODO_RECHECK	BIT(0)	/* there may be sources on queue->recheck */
#define EVCORE_TODO_REAP	BIT(1)	/* there may be sources on queue->reap */
#define EVCORE_TODO_HAND_OVER	BIT(2)	/* evcore_wake_other() found no waiter */
#define EVCORE_TODO_TESTED	BIT(3)	/* a task tests sources, which are on no list */

/**
 * struct evcore_face - what a face does for the core
 * @name: for fdinfo
 * @sigev: value of sigev_notify that names a queue of this face
 * @post: post an event, in any context: evcore_post_slow(), or a fast path of the face that
 *        falls back to it
 * @wake: wait queue function of the face for EVCORE_POLL sources without a mode of
 *        EVCORE_SLOW. It posts what evcore_fast_events() returns and leaves the rest to
 *        evcore_fd_wake(). May be NULL.
 * @wake_level: the same for sources whose only mode is EVCORE_LEVEL. It posts without
 *              queue->lock, and evcore_recheck_level_add() has the next wait poll the
 *              source again. May be NULL.
 * @recheck_level: evcore_recheck_level(), compiled with the face's @taken. Called with
 *                 queue->mutex held. Required with @wake_level.
 * @put: place a record in the ring, whatever waits in overflow; false if there is no free
 *       slot. Called with queue->lock held.
 * @put_bits: the same for a level-triggered EVCORE_POLL source that has only @events to
 *            report, while nothing waits in overflow. Called with queue->lock held.
 * @drain: evcore_drain_fast(), compiled with the face's own way to place a record. Called
 *         with queue->lock held.
 * @merge: add bits to the source's last record if it is not consumed yet; returns whether
 *         that was done. NULL if the ring cannot. Called with queue->lock held.
 * @taken: was the source's last record consumed, or is there none? Called with queue->lock
 *         held, or without it by callers for which a record that is posted meanwhile does not
 *         matter.
 * @cancel: withdraw the source's last record if it is not consumed yet. NULL if the ring
 *          cannot. Called with queue->lock held.
 * @withdraw: withdraw every unconsumed record of the source that has this cookie. The source
 *            may post others meanwhile. Without @cancel, returns whether the last record was
 *            consumed before; with it, whether a consumer may be taking one at this moment.
 *            Called with queue->mutex held, may sleep.
 * @ready: number of records in the ring: at least @limit only if so many can be taken, and
 *         an upper bound in any case. Called with queue->lock held.
 * @all_published: is no record reserved that is not published yet? Takes little time on
 *                 average over many calls. Called with queue->lock held.
 * @set_lockless: posts may take a slot without queue->lock (true), or events wait in overflow
 *                and they must not (false). Called with queue->lock held.
 * @set_need_call: tell a program that only reads the ring whether it must make a call. Called
 *                 with queue->lock held.
 * @nr_posted: number of records ever placed in the ring; any context.
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
	enum evcore_cancelled (*cancel)(struct evcore_queue *q, struct evcore_source *s);
	bool (*withdraw)(struct evcore_queue *q, struct evcore_source *s, u64 data);
	unsigned int (*ready)(struct evcore_queue *q, unsigned int limit);
	bool (*all_published)(struct evcore_queue *q);
	void (*set_lockless)(struct evcore_queue *q, bool on);
	void (*set_need_call)(struct evcore_queue *q, bool on);
	u64 (*nr_posted)(struct evcore_queue *q);
	int (*mmap)(struct evcore_queue *q, struct vm_area_struct *vma);
	void (*free)(struct evcore_queue *q);
};

/**
 * struct evcore_queue - embedded in a face's own structure
 * @face: the face
 * @sleepers: number of waiters, EVCORE_POLLED and EVCORE_POLLED_AGAIN
 * @waiters: tasks in evcore_wait() for one event, or for none in particular, oldest first
 * @poll_wait: tasks and files that poll the queue's file
 * @lock: see the head of this file
 * @min_waiters: tasks in evcore_wait() for more than one event, ordered by that number
 * @waiter_nr: number of the last task that began to wait
 * @wake_through: waiters up to this number are being woken, some at a time; 0: none
 * @overflow: sources and records whose events found no slot, in order
 * @recheck: sources whose condition a wait is to poll again
 * @reap: sources that a wait, or the next call, is to remove
 * @nr_overflow: entries of @overflow
 * @nr_recheck: sources on @recheck that are to be polled whether consumed or not
 * @nr_woken: tasks that were woken and have not run yet
 * @need_call: what @face->set_need_call() was told last
 * @todo: EVCORE_TODO_RECHECK ...
 * @rechecking: the task that polls conditions again, or copies the event of a level-triggered
 *              source to user space, or NULL; meanwhile the sources are on no list, or on a
 *              list of that task
 * @recheck_level: level-triggered sources that were posted without @lock, for the next wait
 * @poll_mark: number of records ever in the ring when @poll_wait was woken last
 * @overflowed: events that found no slot
 * @drained: records that came out of overflow
 * @wakes: tasks woken
 * @merged: events merged into an unconsumed record or a pending one
 * @mutex: see the head of this file
 * @table: sources without a descriptor, by type and id
 * @fds: sources that have a descriptor, by its number, in small arrays
 * @nr_fds: number of those arrays
 * @nr_sources: sources in @table and @fds
 * @next_id: generation of the next source that has a descriptor
 * @dead: the queue's file is closed
 * @kref: references of the file, of each source, and of tasks that have neither
 * @user: the user who is charged for sources and ring memory
 * @time_offset: offset of CLOCK_MONOTONIC in the time namespace of the task that made the
 *               queue, added to timestamps
 * @ring_pages: pages charged to RLIMIT_MEMLOCK
 * @busy_us: how long a wait polls the network before it sleeps; 0: not at all
 * @napi_id: receive queue to poll, that of the socket which was woken last
 * @busy_polls: rounds of such polling
 * @nr_records: records with memory of their own that wait in @overflow
 * @inode_group: the group of the queue's marks on inodes, made with the first mark
 * @removed_marks: marks of removed sources, see evcore_put_removed_marks()
 * @nr_slots: slots of the ring, 0 without a ring; set before the queue has a file
 * @poll_work: wakes @poll_wait, with no lock held
 * @poll_later: queues @poll_work, see evcore_wake_pollers()
 * @poll_depth: how many queues' pollers are being woken where @poll_work was queued
 * @free_work: frees the queue for evcore_queue_put(), which must not sleep
 * @nest_inner: edges to queues that this queue watches
 * @nest_outer: edges to queues that watch this queue
 * @nest_walk: number of the last walk through the graph that visited this queue
 * @nest_depth: longest chain that this walk found from here on
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
	struct llist_head	recheck_level;
	struct task_struct	*rechecking;
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
	struct fsnotify_group	*inode_group;
	struct llist_head	removed_marks;
	u32			nr_slots;
	struct irq_work		poll_work;
	struct work_struct	poll_later;
	unsigned int		poll_depth;
	struct work_struct	free_work;
	struct list_head	nest_inner;
	struct list_head	nest_outer;
	u64			nest_walk;
	int			nest_depth;
};

/* queue.c */
int evcore_queue_init(struct evcore_queue *q, const struct evcore_face *face);

/* state.c */
void evcore_update_need_call(struct evcore_queue *q);

/* alloc.c */
void evcore_queue_put(struct evcore_queue *q);
void evcore_queue_put_sleepable(struct evcore_queue *q);
void evcore_batch_end(struct evcore_batch *batch);
struct evcore_record_node *evcore_record_alloc(struct user_struct *user, gfp_t gfp);
void evcore_record_free(struct evcore_record_node *node);

/**
 * evcore_queue_record_alloc - evcore_record_alloc() for a queue
 * @q: the queue
 * @gfp: GFP_KERNEL, or what the context allows
 *
 * Return: the record, or NULL after any error.
 */
static inline struct evcore_record_node *
evcore_queue_record_alloc(struct evcore_queue *q, gfp_t gfp)
{
	struct evcore_record_node *node = evcore_record_alloc(q->user, gfp);

	return IS_ERR(node) ? NULL : node;
}

/* queue_file.c */
struct file *evcore_queue_file(struct evcore_queue *q, unsigned int flags);
int evcore_map_ring(struct vm_area_struct *vma, void *ring, unsigned long length);

/* limits.c */
int evcore_may_create(void);
int evcore_charge_ring(struct evcore_queue *q, unsigned long bytes);

/* Entries of a call that are carried out even if a signal is pending. */
#define EVCORE_MIN_ENTRIES	64U

/* call.c */
bool evcore_pause(struct evcore_queue *q, unsigned int done);
bool evcore_fault_in(struct evcore_queue *q, void __user *at, size_t size, bool write);

/**
 * evcore_lock_user - take a queue's mutex for work that reads or writes user memory
 * @q: the queue
 *
 * Until evcore_unlock_user() an access to a page that is not present fails instead of
 * waiting for the page. Bringing it in may take as long as a program likes (userfaultfd, a
 * file of FUSE), and the exit of other tasks needs the mutex. evcore_fault_in() waits for
 * the page without the mutex, and then the access is tried again.
 */
static inline void evcore_lock_user(struct evcore_queue *q)
{
	mutex_lock(&q->mutex);
	pagefault_disable();
}

/* mark.c */
void evcore_marks_put_removed(struct evcore_queue *q);

/**
 * evcore_put_removed_marks - put the marks of inode sources that were removed
 * @q: the queue, whose mutex was just released
 *
 * Each call that takes the mutex and may remove sources does this afterwards, and so does the
 * release of the queue's file. Code that runs with a lock of somebody else held, such as
 * evcore_signal_exec(), leaves it to them.
 *
 * Context: process context. Waits for the file system if a mark has the last reference to its
 * inode.
 */
static inline void evcore_put_removed_marks(struct evcore_queue *q)
{
	if (unlikely(!llist_empty(&q->removed_marks)))
		evcore_marks_put_removed(q);
}

/**
 * evcore_unlock_user - undo evcore_lock_user()
 * @q: the queue
 */
static inline void evcore_unlock_user(struct evcore_queue *q)
{
	pagefault_enable();
	mutex_unlock(&q->mutex);
	evcore_put_removed_marks(q);
}

extern const struct file_operations evcore_queue_fops;

/**
 * evcore_file_queue - the queue that a file stands for
 * @file: any file
 *
 * Return: the queue, of either face, which lives as long as the file; NULL if the file stands
 * for no queue.
 */
static inline struct evcore_queue *evcore_file_queue(const struct file *file)
{
	return file->f_op == &evcore_queue_fops ? file->private_data : NULL;
}

/* busy.c */
int evcore_busy_init(struct evcore_queue *q, u32 us);

/* source.c: called without queue->mutex, around one of the calls below */
int evcore_prepare(struct evcore_queue *q, struct evcore_request *req);
void evcore_finish(struct evcore_request *req);

/* source.c: called with queue->mutex held, except evcore_retire() */
int evcore_add_of(struct evcore_queue *q, const struct evcore_source_ops *ops,
		  struct evcore_request *req, struct evcore_source **out);
struct evcore_source *evcore_find(struct evcore_queue *q,
				  const struct evcore_request *req, struct fd *f);
int evcore_modify(struct evcore_source *s, struct evcore_request *req, struct file *file);
int evcore_del(struct evcore_source *s);
void evcore_reap(struct evcore_queue *q);
void evcore_retire(struct evcore_source *s);
int evcore_repost(struct evcore_source *s, const struct evcore_record *r);

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
 * Return: the operations, or NULL for a type that this kernel does not have.
 */
static inline const struct evcore_source_ops *evcore_ops(u32 type)
{
	if (type >= EVCORE_NR_TYPES)
		return NULL;
	return evcore_types[array_index_nospec(type, EVCORE_NR_TYPES)];
}

/* evcore_add_of() for a caller that does not need the operations. */
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

/* Does the type have work to do without queue->mutex, evcore_prepare()? */
static inline bool evcore_prepares(u32 type)
{
	const struct evcore_source_ops *ops = evcore_ops(type);

	return ops && ops->prepare;
}

/* recheck.c */
void evcore_recheck(struct evcore_queue *q);
u32 evcore_last_check(struct evcore_source *s);
bool evcore_recheck_unconsumed(struct evcore_source *s);

/* post.c */
void evcore_post_slow(struct evcore_source *s, u32 events, u64 value, u64 extra);
bool evcore_try_post(struct evcore_source *s, u32 events, u64 value);
void evcore_need_recheck(struct evcore_source *s);

/* records.c */
bool evcore_post_record(struct evcore_source *s, struct evcore_record_node *node);
void evcore_post_last(struct evcore_source *s, struct evcore_record_node *node);

/* fd.c */
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

/**
 * struct evcore_taken - an event that evcore_take_bits() has taken
 * @source: its source, valid until queue->mutex is released
 * @events: its bits
 */
struct evcore_taken {
	struct evcore_source	*source;
	u32			events;
};

/*
 * Remember that an event of a source was taken from a queue without a ring. There is nothing
 * else to know about it.
 */
static inline void evcore_set_taken(struct evcore_source *s)
{
	WRITE_ONCE(s->last_record, 1);
}

/* Has evcore_take_bits() taken an event of a level-triggered source? queue->mutex is held. */
static inline bool evcore_take_must_end(const struct evcore_queue *q)
{
	return READ_ONCE(q->rechecking);
}

void evcore_taking_level(struct evcore_queue *q, bool on);
void evcore_take_end(struct evcore_queue *q, struct evcore_taken *taken, unsigned int nr,
		     unsigned int done);

/* timeout.c */

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
 * Return: 0, -EFAULT, or -EINVAL for an invalid timespec.
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
void evcore_wake_pollers_slow(struct evcore_queue *q);

#endif /* _EVCORE_H */
