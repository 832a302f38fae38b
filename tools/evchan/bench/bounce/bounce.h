/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loads of bounce.c and the rings of rings.c know of each other. */
#ifndef BOUNCE_H
#define BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* A line, or two where the processor fetches lines in pairs. */
#define APART	__attribute__((aligned(128)))

/**
 * struct ring - a ring between two threads
 * @name: as in the results
 * @open: create it, with room for @entries events of @sources sources
 * @post: the next @n sources, in turn, have an event each; called by one thread
 * @take: take at most @max events, without waiting, and fill in their cookies; called by the
 *        other thread. Return: how many were taken.
 */
struct ring {
	const char *name;
	void (*open)(unsigned int entries, unsigned int sources);
	void (*post)(unsigned int n);
	unsigned int (*take)(uint32_t *cookies, unsigned int max);
};

enum { EVCHAN, KEVENT, RING16, BARE, NR_RINGS };	/* indices of rings[] */

extern const struct ring rings[NR_RINGS];
extern bool single_consumer;	/* the event channel is created with EVCHAN_SINGLE_CONSUMER */

/* bounce.c */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
