// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a source. Sources that watch a file are found by descriptor number, in an array of
 * small arrays, because servers register and change thousands of them. A number has several
 * sources if they are of different types, or if the descriptor was closed while its file lives
 * on. All other sources are in a hash table, by type and id.
 *
 * All functions are called with queue->mutex held, except when no other task can reach the
 * queue: evcore_lookup_init(), and evcore_lookup_free() of a queue that never had a file.
 *
 * Floor 1, see Makefile: calls no other file of the core; called by source.c, file.c, fdinfo.c,
 * queue.c, queue_file.c and the source types.
 */
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

struct key {
	u32	type;
	u64	id;
};

static u32 hash_of(u32 type, u64 id, u32 seed)
{
	return jhash_3words(type, (u32)id, id >> 32, seed);
}

static u32 table_hash(const void *data, u32 len, u32 seed)
{
	const struct key *key = data;

	return hash_of(key->type, key->id, seed);
}

static u32 table_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct evcore_source *s = data;

	return hash_of(s->type, s->id, seed);
}

static int table_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct evcore_source *s = obj;
	const struct key *key = arg->key;

	return s->type != key->type || s->id != key->id;
}

static const struct rhashtable_params table_params = {
	.key_len	= sizeof(struct key),
	.head_offset	= offsetof(struct evcore_source, node),
	.hashfn		= table_hash,
	.obj_hashfn	= table_obj_hash,
	.obj_cmpfn	= table_cmp,
	.nelem_hint	= 3,	/* most queues have few, and buckets are charged to no cgroup */
	.automatic_shrinking = true,
};

/* Make room for a descriptor number; false if there is no memory. */
static bool grow_fds(struct evcore_queue *q, u32 fd)
{
	struct evcore_source ***more;
	u32 i = fd / EVCORE_FDS_PER_ARRAY, n;

	if (i >= q->nr_fds) {
		/* This is small compared with the process's own descriptor table. */
		n = max_t(u32, roundup_pow_of_two(i + 1), 8);
		more = kvcalloc(n, sizeof(*more), GFP_KERNEL_ACCOUNT);
		if (!more)
			return false;
		if (q->nr_fds)
			memcpy(more, q->fds, q->nr_fds * sizeof(*more));
		kvfree(q->fds);
		q->fds = more;
		q->nr_fds = n;
	}
	if (!q->fds[i])
		q->fds[i] = kcalloc(EVCORE_FDS_PER_ARRAY, sizeof(*q->fds[i]), GFP_KERNEL_ACCOUNT);
	return q->fds[i];
}

/* The head of the list of a descriptor number's sources; NULL if there is no such list. */
static struct evcore_source **fd_sources(struct evcore_queue *q, u32 fd)
{
	struct evcore_source **array = evcore_fd_array(q, fd);

	return array ? &array[fd % EVCORE_FDS_PER_ARRAY] : NULL;
}

static struct file *watched(const struct evcore_source *s)
{
	return container_of(s, struct evcore_fd_source, source)->file;
}

/**
 * evcore_lookup_fd - find a source that watches a descriptor
 * @q: the queue
 * @type: EVCORE_POLL ...
 * @fd: the descriptor
 * @file: the file that it stands for
 *
 * Return: the source, or NULL.
 */
struct evcore_source *evcore_lookup_fd(struct evcore_queue *q, u32 type, u32 fd,
				       const struct file *file)
{
	struct evcore_source *s;

	for (s = evcore_fd_first(q, fd); s; s = s->same_fd)
		if (watched(s) == file && s->type == type)
			return s;
	return NULL;
}

/**
 * evcore_lookup_id - find a source of any type by its id
 * @q: the queue
 * @ops: its type
 * @id: the id that evcore_add() returned, or that the program chose
 *
 * Return: the source, or NULL.
 */
struct evcore_source *evcore_lookup_id(struct evcore_queue *q,
				       const struct evcore_source_ops *ops, u64 id)
{
	struct key key = { .type = ops->type, .id = id };
	struct evcore_source *s;

	if (!ops->by_fd)
		return rhashtable_lookup_fast(&q->table, &key, table_params);
	for (s = evcore_fd_first(q, (u32)id); s; s = s->same_fd)
		if (s->id == id && s->type == ops->type)
			return s;
	return NULL;
}

static __always_inline int insert_fd(struct evcore_queue *q, struct evcore_source *s)
{
	struct evcore_source **first = fd_sources(q, s->id), *other;
	unsigned int n = 0;

	if (unlikely(!first)) {
		if (!grow_fds(q, s->id))
			return -ENOMEM;
		first = fd_sources(q, s->id);
	}
	for (other = *first; unlikely(other); other = other->same_fd, n++)
		if (watched(other) == watched(s) && other->type == s->type)
			return -EEXIST;
	if (unlikely(n >= EVCORE_MAX_SAME_FD))
		return -ENOSPC;
	s->same_fd = *first;
	*first = s;
	return 0;
}

static noinline int insert_id(struct evcore_queue *q, struct evcore_source *s)
{
	struct key key = { .type = s->type, .id = s->id };

	return rhashtable_lookup_insert_key(&q->table, &key, &s->node, table_params);
}

/**
 * evcore_insert - let lookups find a source
 * @s: the source; its queue, type and id are set, and its file if it watches one
 *
 * Return: 0; -EEXIST if there is a source of the same type with the same id, or with the same
 * descriptor and file; -ENOSPC if the descriptor number has too many sources; -ENOMEM.
 */
int evcore_insert(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	int ret = likely(evcore_ops_of(s)->by_fd) ? insert_fd(q, s) : insert_id(q, s);

	if (ret)
		return ret;
	s->hashed = true;
	q->nr_sources++;
	return 0;
}

/**
 * evcore_unhash - keep lookups from finding a source
 * @s: the source, which may be unhashed already
 */
void evcore_unhash(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	struct evcore_source **at;

	if (!s->hashed)
		return;
	s->hashed = false;
	q->nr_sources--;
	if (!evcore_ops_of(s)->by_fd) {
		rhashtable_remove_fast(&q->table, &s->node, table_params);
		return;
	}
	for (at = fd_sources(q, s->id); *at != s; at = &(*at)->same_fd)
		;
	*at = s->same_fd;
}

/**
 * evcore_each - call a function for every source that lookups find
 * @q: the queue
 * @fn: the function; must not sleep or change anything; returns false to end the walk
 * @arg: argument for @fn
 */
void evcore_each(struct evcore_queue *q, bool (*fn)(struct evcore_source *s, void *arg),
		 void *arg)
{
	struct rhashtable_iter iter;
	struct evcore_source *s;
	bool more = true;
	u32 i;

	for (i = 0; i < q->nr_fds * EVCORE_FDS_PER_ARRAY && more; i++)
		for (s = evcore_fd_first(q, i); s && more; s = s->same_fd)
			more = fn(s, arg);
	rhashtable_walk_enter(&q->table, &iter);
	rhashtable_walk_start(&iter);
	while (more && (s = rhashtable_walk_next(&iter)))
		if (!IS_ERR(s))		/* -EAGAIN: the table was resized, go on */
			more = fn(s, arg);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/**
 * evcore_lookup_init - set up a queue's tables
 * @q: the queue, zeroed
 *
 * Return: 0 or -ENOMEM.
 */
int evcore_lookup_init(struct evcore_queue *q)
{
	return rhashtable_init(&q->table, &table_params);
}

static void free_hashed(void *s, void *fn)
{
	((struct evcore_source *)s)->hashed = false;
	(*(void (**)(struct evcore_source *))fn)(s);
}

/**
 * evcore_lookup_free - free a queue's tables
 * @q: the queue
 * @fn: called for each source that is left, which lookups do not find any more; may be NULL
 *      if there are no sources
 *
 * Context: process context, may sleep.
 */
void evcore_lookup_free(struct evcore_queue *q, void (*fn)(struct evcore_source *s))
{
	struct evcore_source **first, *s;
	u32 i;

	for (i = 0; i < q->nr_fds * EVCORE_FDS_PER_ARRAY; i++) {
		first = fd_sources(q, i);
		while (first && (s = *first)) {
			*first = s->same_fd;
			s->hashed = false;
			fn(s);
		}
		cond_resched();
	}
	for (i = 0; i < q->nr_fds; i++)
		kfree(q->fds[i]);
	kvfree(q->fds);
	q->nr_fds = 0;
	rhashtable_free_and_destroy(&q->table, free_hashed, &fn);
}
