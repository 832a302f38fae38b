// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of descriptors in blocks, so that close() of one that is no set costs
 * two loads. Entries come and go under one mutex; a set that is closed while a
 * thread waits on it stays mapped until that thread leaves.
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

static struct set **entry(int fd)
{
	struct set **block;

	if (fd < 0 || fd >= BLOCK * BLOCKS)
		return NULL;
	block = __atomic_load_n(&blocks[fd / BLOCK], __ATOMIC_ACQUIRE);
	return block ? &block[fd % BLOCK] : NULL;
}

/* Table mutex held. */
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
		/* Pairs with the load in entry(). */
		__atomic_store_n(&blocks[fd / BLOCK], block, __ATOMIC_RELEASE);
	}
	return entry(fd);
}

/* Last user; the descriptor is another's business. */
static void unmap(struct set *set)
{
	munmap(set->ec->header, set->ec->length);
	pthread_mutex_destroy(&set->mutex);
	free(set->ec);
	free(set);
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
	if (set)
		set_put(set);
}

int set_new(int fd, ec_t ec)
{
	struct set *set = calloc(1, sizeof(*set));
	struct set **e;

	if (!set)
		return -1;
	set->ec = ec;
	set->users = 1;
	pthread_mutex_init(&set->mutex, NULL);
	pthread_mutex_lock(&table);
	e = make_entry(fd);
	if (e && !*e) {
		__atomic_store_n(e, set, __ATOMIC_RELAXED);
		set = NULL;
	}
	pthread_mutex_unlock(&table);
	/* Another thread was faster, or there is no place. */
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
	/* Is it a channel at all? A file could be mapped as well. */
	count(&stat_syscalls, 1);
	if (evchan_wait(fd, 0, 0, NULL, NULL, 0) < 0)
		return NULL;
	ec = ec_attach(fd);
	if (!ec)
		return NULL;
	if (set_new(fd, ec)) {
		munmap(ec->header, ec->length);
		free(ec);
	}
	set = set_find(fd);
	if (!set)
		errno = EBADF;
	else
		set->level = true;	/* whoever made it */
	return set;
}

/*
 * The threads that were at work do not exist here, and what they held is free.
 * Another process may register anything now.
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
		}
	}
}
