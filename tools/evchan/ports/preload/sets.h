/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapped rings of this process, by the number of their descriptor. Made when
 * a set is first waited on, wherever its descriptor came from.
 */
#ifndef EVRUN_SETS_H
#define EVRUN_SETS_H

#include <evchan.h>
#include <pthread.h>
#include <stdbool.h>

/**
 * struct set - a mapped ring
 * @ec: libevchan's, its descriptor not used
 * @mutex: one thread at a time takes events and asks whether they hold, and none
 *         changes a registration in between, as under epoll's own mutex
 * @users: the table, and each thread that uses it
 * @sleeping: threads of this process that sleep in a wait
 * @level: there may be level-triggered registrations
 */
struct set {
	ec_t ec;
	pthread_mutex_t mutex;
	int users;
	int sleeping;
	bool level;
};

/* The set that @fd stands for, to be given back; NULL with errno if it is none. */
struct set *set_get(int fd);
/* The same if it is mapped already; NULL without errno. */
struct set *set_find(int fd);
void set_put(struct set *set);
/* @fd is a new set's, mapped as @ec. */
int set_new(int fd, ec_t ec);
/* @fd stands for nothing any more. */
void set_forget(int fd);
/* In the child after fork(). */
void sets_forked(void);

#endif /* EVRUN_SETS_H */
