/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapped rings of this process, by descriptor. A ring is mapped when its set is first
 * waited on, because the descriptor may come from anywhere.
 */
#ifndef EVRUN_SETS_H
#define EVRUN_SETS_H

#include <evchan.h>
#include <pthread.h>
#include <stdbool.h>

#include "registrations.h"

/* Most conditions of a set that are polled together with events. */
#define EVRUN_LEVEL	64

/*
 * Most modifications of a set that wait for the next call. With one more, no signal ends that
 * call before its last entry.
 */
#define EVRUN_PENDING	63

/**
 * struct set - a mapped ring
 * @ec: libevchan's handle; its descriptor is not used
 * @mutex: held while a thread takes events and checks whether they hold, and while a
 *         registration changes, like epoll's own mutex
 * @users: number of references: one of the table and one of each thread that uses it
 * @sleeping: number of this process's threads that sleep in a wait; rises with @mutex held
 * @pending: modifications that wait for the next call, see pending.c
 * @nr_pending: number of them; protected by @mutex
 * @private: only this process uses the set, and only by epoll's calls; protected by @mutex
 * @listed: the set is on the list of pending.c, whose mutex protects this and @next
 * @next: see @listed
 * @level: registrations whose level-triggered event was delivered since the last evchan_wait().
 *         Their conditions must be polled again
 * @nr_level: number of them; both are protected by @mutex
 * @level_call: there are or may be more, which evchan_wait() has to poll
 * @call_first: events before position @turn were, or are, delivered without evchan_wait(). Then
 *              it is the turn of events that need that call
 * @turn: see @call_first
 * @registered: what this process has registered; protected by @mutex
 */
struct set {
	ec_t ec;
	pthread_mutex_t mutex;
	int users;
	int sleeping;
	struct evchan_change pending[EVRUN_PENDING];
	unsigned int nr_pending;
	bool private;
	bool listed;
	struct set *next;
	uint64_t level[EVRUN_LEVEL];
	unsigned int nr_level;
	bool level_call;
	bool call_first;
	uint64_t turn;
	struct registrations registered;
};

/* The set of @fd, to be released by set_put(); NULL with errno if @fd is not a set. */
struct set *set_get(int fd);
/* The same if it is mapped already; otherwise NULL, and errno is not set. */
struct set *set_find(int fd);
void set_put(struct set *set);
/* Add the new set of @fd, mapped as @ec. @private: see struct set. */
int set_new(int fd, ec_t ec, bool private);
/* Call a function for each set. */
void sets_each(void (*fn)(struct set *set));
/* Has this process no set? */
bool sets_none(void);
/* @fd is no longer a set. */
void set_forget(int fd);
/* Called in the child after fork(). */
void sets_forked(void);

#endif /* EVRUN_SETS_H */
