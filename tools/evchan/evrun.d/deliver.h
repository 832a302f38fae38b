/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking events out of the ring of a set, and delivering those that hold. */
#ifndef EVRUN_DELIVER_H
#define EVRUN_DELIVER_H

#include "preload.h"
#include "sets.h"

/**
 * struct delivery - what one epoll_wait() returns
 * @epfd: the set's descriptor
 * @set: the set; its mutex must be held by the caller of the functions below
 * @ev: the program's array
 * @max: its size, at most EVRUN_BATCH
 * @n: number of events that are in it
 * @level: one of them is level-triggered
 * @id: the registration of each
 */
struct delivery {
	int epfd;
	struct set *set;
	struct epoll_event *ev;
	int max;
	int n;
	bool level;
	uint64_t id[EVRUN_BATCH];
};

/*
 * The number of events that are there already, and the positions in the ring of the first of
 * them and behind the last.
 */
unsigned int events_there(struct set *set, uint64_t *first, uint64_t *end);
/* Deliver these, as far as they hold. Returns how many are delivered, or -1 with errno. */
int deliver_old(struct delivery *to);
/*
 * Deliver the events from position @from on, which were posted while the program waits.
 * @first: no others are before them in the ring.
 */
int deliver_new(struct delivery *to, uint64_t from, bool first);

#endif /* EVRUN_DELIVER_H */
