/* SPDX-License-Identifier: GPL-2.0-only */
/* The caches of the processors; see cache.c. */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_SHIFT	6

/* What an access needed. An access that needed none of these found its line. */
enum {
	FETCHED = 1,		/* the line came from another processor, or was taken from one */
	UPGRADED = 2,		/* a line that others also had was taken from them */
	FIRST_MISSED = 4,	/* the line was not in the first level */
	OUTER = 8,		/* the line came from behind the private caches */
};

void cache_init(unsigned int cpus);
void cache_empty(void);
unsigned int cache_access(unsigned int cpu, uint64_t line, bool write);

#endif
