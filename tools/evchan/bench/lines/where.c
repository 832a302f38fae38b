// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which instruction moved which line between processors how often. A hash table of a fixed
 * size under one lock: few accesses move a line.
 */
#include <pthread.h>
#include <stdlib.h>

#include "cache.h"
#include "where.h"

#define ROWS	(1 << 20)

struct row {
	uint64_t code, line;
	unsigned int interval;
	unsigned int fetched, upgraded;
};

static struct row *rows;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void where_init(void)
{
	rows = calloc(ROWS, sizeof(*rows));
}

/* If the table is full, what has no row yet is left out. */
void where_add(unsigned int interval, uint64_t code, uint64_t line, unsigned int needed)
{
	uint64_t hash = (code * 31 + line + interval) * 0x9e3779b97f4a7c15;
	unsigned int at = hash >> 44;

	if (!rows || !(needed & (FETCHED | UPGRADED)))
		return;
	pthread_mutex_lock(&lock);
	for (unsigned int tries = 0; tries < 64; tries++, at = (at + 1) % ROWS) {
		struct row *r = &rows[at];

		if (!r->code)
			*r = (struct row){ .code = code, .line = line, .interval = interval };
		if (r->code != code || r->line != line || r->interval != interval)
			continue;
		r->fetched += !!(needed & FETCHED);
		r->upgraded += !!(needed & UPGRADED);
		break;
	}
	pthread_mutex_unlock(&lock);
}

/* Rows are: "where", interval, address of the code, physical address, fetched, upgraded. */
void where_print(FILE *to)
{
	for (struct row *r = rows; r && r < rows + ROWS; r++)
		if (r->code)
			fprintf(to, "where %u %016llx %llx %u %u\n", r->interval,
				(unsigned long long)r->code,
				(unsigned long long)r->line << LINE_SHIFT, r->fetched, r->upgraded);
}
