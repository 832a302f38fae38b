/* SPDX-License-Identifier: GPL-2.0-only */
/* Modifications of registrations that wait for the next call, see pending.c. */
#ifndef EVRUN_PENDING_H
#define EVRUN_PENDING_H

#include "preload.h"
#include "sets.h"

/*
 * Keep a modification of @r, whose registration is of set @epfd, for the next call. Returns
 * false if it must be made at once. The mutex of @set must be held.
 */
bool pending_keep(struct set *set, int epfd, const struct registration *r,
		  const struct evchan_change *c);
/* Copy what is pending into @c, for the caller to carry out. The mutex of @set must be held. */
unsigned int pending_take(struct set *set, struct evchan_change *c);
/* Carry out what is pending in a set whose mutex is held. */
void pending_flush(struct set *set);
/* Descriptor @fd is about to be closed: carry out what is pending for it. */
void pending_close(int fd);
/* The set is used by others from now on, in ways that this library does not see. */
void pending_expose(int epfd);
/* All sets are. */
void pending_expose_all(void);
/* In the child after fork(). */
void pending_forked(void);

#endif /* EVRUN_PENDING_H */
