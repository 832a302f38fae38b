// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of sets by descriptor, in blocks, so that close() of a descriptor that is not a
 * set costs two loads. One mutex protects changes of the table. A set that is closed while
 * a thread waits in it stays mapped until that thread leaves.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "preload.h"
#include "sets.h"

#define BLOCK	1024
#define BLOCKS	1024

static struct set **blocks[BLOCKS];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static int nr_sets;

static struct set **entry(int fd)
{
	struct set **block;

	if (fd < 0 || fd >= BLOCK * BLOCKS)
		return NULL;
	block = __atomic_load_n(&blocks[fd / BLOCK], __ATOMIC_ACQUIRE);
	return block ? &block[fd % BLOCK] : NULL;
}

/* The table mutex must be held. */
static struct set **make_entry(int fd)
{
	struct set **block;

	if (fd < 0 || fd >= BLOCK * BLOCKS) {
		errno = EMFILE;
		return NULL;
	}
	if (!blocks[fd / BLOCK]) {
		block = calloc(BLOCK, sizeof(struct set *));
		if (!block)
			return NULL;
		/* This release pairs with the acquire load in entry(). */
		__atomic_store_n(&blocks[fd / BLOCK], block, __ATOMIC_RELEASE);
	}
	return entry(fd);
}

/* The last user frees the set; it does not own the descriptor. */
static void unmap(struct set *set)
{
	munmap(set->ec->header, set->ec->length);
	pthread_mutex_destroy(&set->mutex);
	registrations_free(&set->registered);
	free(set->ec);
	free(set);
	__atomic_fetch_sub(&nr_sets, 1, __ATOMIC_RELAXED);
}

bool sets_none(void)
{
	return !__atomic_load_n(&nr_sets, __ATOMIC_RELAXED);
}

void set_put(struct set *set)
{
	if (!__atomic_sub_fetch(&set->users, 1, __ATOMIC_ACQ_REL))
		unmap(set);
}

void set_forget(int fd)
{
	struct set **e = entry(fd), *set;

	if (!e || !__atomic_load_n(e, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&table);
	set = *e;
	__atomic_store_n(e, NULL, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&table);
	if (!set)
		return;
	/* The descriptor may be another set's from now on. */
	pthread_mutex_lock(&set->mutex);
	set->private = false;
	set->nr_pending = 0;
	pthread_mutex_unlock(&set->mutex);
	set_put(set);
}

void sets_each(void (*fn)(struct set *set))
{
	for (int i = 0; i < BLOCKS; i++) {
		struct set **block = __atomic_load_n(&blocks[i], __ATOMIC_ACQUIRE);

		for (int j = 0; block && j < BLOCK; j++) {
			struct set *set = set_find(i * BLOCK + j);

			if (!set)
				continue;
			fn(set);
			set_put(set);
		}
	}
}

int set_new(int fd, ec_t ec, bool private)
{
	struct set *set = calloc(1, sizeof(*set));
	struct set **e;

	if (!set)
		return -1;
	set->ec = ec;
	set->users = 1;
	set->private = private;
	pthread_mutex_init(&set->mutex, NULL);
	pthread_mutex_lock(&table);
	e = make_entry(fd);
	if (e && !*e) {
		__atomic_store_n(e, set, __ATOMIC_RELAXED);
		__atomic_fetch_add(&nr_sets, 1, __ATOMIC_RELAXED);
		set = NULL;
	}
	pthread_mutex_unlock(&table);
	/* Another thread has added the set first, or the table has no place for it. */
	if (set) {
		pthread_mutex_destroy(&set->mutex);
		free(set);
	}
	return set ? -1 : 0;
}

struct set *set_find(int fd)
{
	struct set **e = entry(fd), *set;

	if (!e || !__atomic_load_n(e, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&table);
	set = *e;
	if (set)
		__atomic_fetch_add(&set->users, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&table);
	return set;
}

struct set *set_get(int fd)
{
	struct set *set = set_find(fd);
	ec_t ec;

	if (set)
		return set;
	/* A wait fails unless @fd is a channel. */
	count(&stat_syscalls, 1);
	if (evchan_wait(fd, 0, 0, NULL, NULL, 0) < 0)
		return NULL;
	ec = ec_attach(fd);
	if (!ec)
		return NULL;
	if (set_new(fd, ec, false)) {
		munmap(ec->header, ec->length);
		free(ec);
	}
	set = set_find(fd);
	if (!set)
		errno = EBADF;
	else
		set->level_call = true;	/* another process may have taken such an event */
	return set;
}

/*
 * In the child after fork(): the parent's other threads do not exist here, so every mutex
 * that they held is initialised again, and their references are dropped. From now on
 * another process may change the registrations.
 */
void sets_forked(void)
{
	pthread_mutex_init(&table, NULL);
	for (int i = 0; i < BLOCKS; i++) {
		for (int j = 0; blocks[i] && j < BLOCK; j++) {
			struct set *set = blocks[i][j];

			if (!set)
				continue;
			pthread_mutex_init(&set->mutex, NULL);
			set->users = 1;
			set->sleeping = 0;
			set->private = false;
			set->nr_pending = 0;
			set->listed = false;
			/* Another thread may have been changing these. */
			set->registered = (struct registrations){ 0 };
		}
	}
}
