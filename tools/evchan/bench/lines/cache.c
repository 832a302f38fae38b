// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model: each processor has a private cache of 1 MiB with 16 ways, which a first level
 * of 48 KiB with 12 ways is part of. Lines have 64 bytes. The private caches are coherent
 * by the MESI protocol, and share everything that is behind them.
 *
 * A line and the set that it belongs to is in all caches protected by one lock of 64, which
 * its lowest bits select. The first level has as many sets, and the private cache a multiple
 * of that, so all sets that an access looks at or evicts from have the same lock.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

#define FIRST_SETS	64
#define FIRST_WAYS	12
#define SETS		1024
#define WAYS		16

/* States of a line in a private cache. A way that is 0 is free. */
enum { INVALID, SHARED, EXCLUSIVE, MODIFIED };

/* The ways of a set are in order of use, the last used one first. */
struct cache {
	uint64_t first[FIRST_SETS][FIRST_WAYS];	/* lines plus one; 0: free */
	uint64_t way[SETS][WAYS];		/* lines times four plus the state */
};

static struct cache *caches;
static unsigned int nr_caches;
static pthread_mutex_t locks[FIRST_SETS];

void cache_init(unsigned int cpus)
{
	nr_caches = cpus;
	caches = calloc(cpus, sizeof(*caches));
	for (unsigned int i = 0; i < FIRST_SETS; i++)
		pthread_mutex_init(&locks[i], NULL);
}

void cache_empty(void)
{
	for (unsigned int i = 0; i < FIRST_SETS; i++)
		pthread_mutex_lock(&locks[i]);
	memset(caches, 0, nr_caches * sizeof(*caches));
	for (unsigned int i = 0; i < FIRST_SETS; i++)
		pthread_mutex_unlock(&locks[i]);
}

/* Put @value in front of a set of @ways, in place of the way @at; from there on moves up. */
static void to_front(uint64_t *set, unsigned int at, uint64_t value)
{
	memmove(set + 1, set, at * sizeof(*set));
	set[0] = value;
}

/* The way of @set that has @line, or WAYS. */
static unsigned int find(const uint64_t *set, uint64_t line)
{
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		if (set[i] >> 2 == line && set[i])
			break;
	return i;
}

/* Remove a line from a first level, if it is there. */
static void first_drop(struct cache *c, uint64_t line)
{
	uint64_t *set = c->first[line % FIRST_SETS];

	for (unsigned int i = 0; i < FIRST_WAYS; i++) {
		if (set[i] != line + 1)
			continue;
		memmove(set + i, set + i + 1, (FIRST_WAYS - 1 - i) * sizeof(*set));
		set[FIRST_WAYS - 1] = 0;
	}
}

/* Use a line in a first level. Return: was it there? */
static bool first_use(struct cache *c, uint64_t line)
{
	uint64_t *set = c->first[line % FIRST_SETS];
	unsigned int i = 0;
	bool found;

	while (i < FIRST_WAYS - 1 && set[i] != line + 1)
		i++;
	found = set[i] == line + 1;
	to_front(set, i, line + 1);
	return found;
}

/* What the others have of a line that one processor wants. */
struct others {
	bool any;	/* some had it */
	bool owner;	/* one had it alone, so that nobody else could know its contents */
};

/* Ask all other caches for @line. A write takes it from them, a read shares it. */
static struct others ask(const struct cache *mine, uint64_t line, bool write)
{
	struct others o = { 0 };

	for (struct cache *c = caches; c < caches + nr_caches; c++) {
		uint64_t *set = c->way[line % SETS];
		unsigned int at = c == mine ? WAYS : find(set, line);

		if (at == WAYS)
			continue;
		o.any = true;
		o.owner |= (set[at] & 3) != SHARED;
		if (!write) {
			set[at] = line << 2 | SHARED;
			continue;
		}
		memmove(set + at, set + at + 1, (WAYS - 1 - at) * sizeof(*set));
		set[WAYS - 1] = 0;
		first_drop(c, line);
	}
	return o;
}

/* The private cache of @c is used for an access. Return: what it needed. */
static unsigned int use(struct cache *c, uint64_t line, bool write)
{
	uint64_t *set = c->way[line % SETS];
	unsigned int at = find(set, line), state, needed = 0;
	struct others o;

	if (at < WAYS) {
		state = set[at] & 3;
		if (write && state == SHARED && ask(c, line, true).any)
			needed = UPGRADED;
		to_front(set, at, line << 2 | (write ? MODIFIED : state));
		return needed;
	}
	o = ask(c, line, write);
	/* What is shared is also behind the caches, but who writes must tell those that have it. */
	needed = (write ? o.any : o.owner) ? FETCHED : OUTER;
	state = write ? MODIFIED : o.any ? SHARED : EXCLUSIVE;
	if (set[WAYS - 1])
		first_drop(c, set[WAYS - 1] >> 2);
	to_front(set, WAYS - 1, line << 2 | state);
	return needed;
}

/* Processor @cpu reads or writes a line. Return: what that needed, of the enum in cache.h. */
unsigned int cache_access(unsigned int cpu, uint64_t line, bool write)
{
	pthread_mutex_t *lock = &locks[line % FIRST_SETS];
	unsigned int needed;

	pthread_mutex_lock(lock);
	needed = use(&caches[cpu], line, write);
	if (!first_use(&caches[cpu], line))
		needed |= FIRST_MISSED;
	pthread_mutex_unlock(lock);
	return needed;
}
