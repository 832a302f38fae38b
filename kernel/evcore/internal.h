/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the event core share with each other and with the source types only. */
#ifndef _EVCORE_INTERNAL_H
#define _EVCORE_INTERNAL_H

#include "face.h"
#include "state.h"
#include <linux/fsnotify_backend.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>

/* alloc.c */
struct kmem_cache *evcore_cache(const struct evcore_source_ops *ops);
void evcore_free_source(struct evcore_source *s);
struct evcore_source *evcore_alloc_slow(const struct evcore_source_ops *ops,
					struct evcore_batch *batch);

/*
 * Allocate uninitialised memory for a source; NULL if there is none. It is charged to the memory
 * cgroup, but not to the user.
 */
static __always_inline struct evcore_source *
evcore_alloc_source(const struct evcore_source_ops *ops, struct evcore_batch *batch)
{
	/* Memory for another type stays in the batch. evcore_batch_end() frees what is left. */
	if (batch && batch->nr && batch->ops == ops)
		return batch->at[--batch->nr];
	return evcore_alloc_slow(ops, batch);
}

/* queue.c */
#ifdef CONFIG_LOCKDEP
extern struct lockdep_map evcore_wait_map;
#endif

/*
 * To be called before work that may wait for user space or for a file system, which must not be
 * done with the queue->mutex of any queue held. Lockdep knows that each such mutex nests inside
 * evcore_wait_map.
 */
static inline void evcore_may_wait(void)
{
	might_fault();
	lock_map_acquire(&evcore_wait_map);
	lock_map_release(&evcore_wait_map);
}

/* mark.c */
/* The part of an inode source's mark that is needed to put it. */
struct evcore_mark {
	struct fsnotify_mark	mark;
	struct llist_node	removed;	/* in queue->removed_marks */
};

void evcore_mark_put(struct evcore_mark *m);

/* sources/inode.c */
void evcore_inode_queue_free(struct evcore_queue *q);

/* lookup.c: called with queue->mutex held */
int evcore_lookup_init(struct evcore_queue *q);
void evcore_lookup_free(struct evcore_queue *q, void (*fn)(struct evcore_source *s));
struct evcore_source *evcore_lookup_fd(struct evcore_queue *q, u32 type, u32 fd,
				       const struct file *file);
struct evcore_source *evcore_lookup_id(struct evcore_queue *q,
				       const struct evcore_source_ops *ops, u64 id);
int evcore_insert(struct evcore_source *s);
void evcore_unhash(struct evcore_source *s);
void evcore_each(struct evcore_queue *q, bool (*fn)(struct evcore_source *s, void *arg),
		 void *arg);

/* fd.c */
typedef void (*evcore_source_fn_t)(struct evcore_source *s, void *arg);

int evcore_fd_attach(struct evcore_source *s, struct evcore_request *req, u32 *ready);
void evcore_fd_detach(struct evcore_source *s);
u32 evcore_fd_poll(struct evcore_source *s, struct file *file);
struct file *evcore_fd_pin(struct evcore_source *s);
bool evcore_fd_polls_others(struct evcore_source *s);
u32 evcore_fd_key_flags(struct evcore_source *s, u32 events);
void evcore_fd_modified(struct evcore_source *s);
void evcore_fd_mute(struct evcore_source *s);
void evcore_fd_with_head_locked(struct evcore_source *s, evcore_source_fn_t fn, void *arg);
void evcore_fd_unhook(struct evcore_fd_source *fs);

/* records.c */
bool evcore_post_record_locked(struct evcore_source *s, struct evcore_record_node *node);
void evcore_records_purge(struct evcore_source *s);
unsigned int evcore_records_free(struct evcore_source *s, unsigned int most);

/* post.c */
bool evcore_post_level(struct evcore_source *s, u32 events);

/* post.c: called with queue->lock held */
void evcore_deliver(struct evcore_source *s, const struct evcore_record *r,
		    struct evcore_record_node *node);
bool evcore_post_locked(struct evcore_source *s, const struct evcore_record *r);
void evcore_wake_posted(struct evcore_source *s);

/* recheck.c */
void evcore_recheck_flush(struct evcore_queue *q);
void evcore_post_found(struct evcore_source *s, u32 ready);
bool evcore_recheck_test(struct evcore_queue *q);

/*
 * Take a source that is unhooked off queue->recheck_level, where a wake-up may have put it.
 * Called with queue->mutex held.
 */
static inline void evcore_recheck_unlist(struct evcore_source *s)
{
	if (unlikely(READ_ONCE(s->recheck_node.next) != &s->recheck_node))
		evcore_recheck_flush(s->queue);
}

/*
 * The number of events in the ring and in overflow. It is an upper bound, and it is @limit or
 * more only if so many can be taken. Called with queue->lock held.
 */
static inline unsigned int evcore_ready(struct evcore_queue *q, unsigned int limit)
{
	unsigned int n = q->face->ready(q, limit);

	lockdep_assert_held(&q->lock);
	return n > UINT_MAX - q->nr_overflow ? UINT_MAX : n + q->nr_overflow;
}

/* busy.c */
#ifdef CONFIG_NET_RX_BUSY_POLL
void evcore_busy_note(struct evcore_source *s);
void evcore_busy_poll(struct evcore_queue *q, unsigned int min, ktime_t expires);
#else
static inline void evcore_busy_note(struct evcore_source *s) {}
static inline void evcore_busy_poll(struct evcore_queue *q, unsigned int min,
				    ktime_t expires) {}
#endif

/* nest.c */
int evcore_nest_add(struct evcore_queue *outer, struct file *file);
void evcore_nest_del(struct evcore_queue *outer, struct file *file);

/* fdinfo.c */
void evcore_show_fdinfo(struct evcore_queue *q, struct seq_file *m);

/* limits.c */
int evcore_charge_source(struct user_struct *user);
void evcore_uncharge_source(struct user_struct *user);
int evcore_charge_record(struct user_struct *user);
void evcore_uncharge_record(struct user_struct *user);
unsigned long evcore_record_limit(void);

#endif /* _EVCORE_INTERNAL_H */
