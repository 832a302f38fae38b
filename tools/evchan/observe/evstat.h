/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of evstat share. */
#ifndef EVSTAT_H
#define EVSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "arguments.h"

/* A count that fdinfo does not have: older kernels print fewer lines. */
#define UNKNOWN	(-1)

enum counter { POSTED, MERGED, OVERFLOWED, DRAINED, WAKES, NR_COUNTERS };
extern const char *const counter_names[NR_COUNTERS];

/**
 * struct source - a registration of a queue
 * @type: name of its type
 * @id: as fdinfo has it
 * @fd: the descriptor that it watches, or -1
 * @events: short names of the bits that it asks for
 * @flags: short names of its modes
 * @what: what it watches, for people
 */
struct source {
	char type[16];
	uint64_t id;
	int fd;
	char events[128];
	char flags[96];
	char what[192];
};

/**
 * struct queue - a descriptor of a queue in a process
 * @start: when the process began, which tells it from a later one with the same number
 * @entries: slots of the ring, 0 without a ring, or UNKNOWN
 * @used: records in the ring
 * @waiting: events that wait outside the ring
 * @waiters: tasks that wait
 * @total: the counters
 * @rate: the same per second, if @has_rate
 */
struct queue {
	pid_t pid;
	unsigned long long start;
	int fd;
	char command[32];
	char face[16];
	long entries, used, waiting, waiters;
	uint64_t total[NR_COUNTERS];
	bool has_rate;
	double rate[NR_COUNTERS];
	struct source *sources;
	unsigned int nr_sources;
};

/**
 * struct snapshot - what was found at one moment
 * @when: seconds of CLOCK_MONOTONIC
 * @unreadable: processes that may have queues and cannot be read
 */
struct snapshot {
	double when;
	struct queue *queues;
	unsigned int nr_queues;
	unsigned int unreadable;
};

/* What to look at. */
struct options {
	const char *proc;	/* "/proc" */
	pid_t *pids;		/* none: all */
	unsigned int nr_pids;
	bool sources;		/* list them */
	bool json;
	bool once;
	double interval;
};

/* scan.c: @gone is set if all processes of @o->pids have ended. Exits if one cannot be read. */
void take_snapshot(const struct options *o, struct snapshot *s, bool *gone);
void free_snapshot(struct snapshot *s);
void set_rates(struct snapshot *now, const struct snapshot *before);

/* resolve.c */
void resolve_fd(const char *proc, pid_t pid, int fd, char *text, size_t size);
void forget_sockets(void);
void put_duration(char *text, size_t size, uint64_t ns);

/* show.c, json.c */
void show_table(const struct options *o, const struct snapshot *s, bool terminal);
void show_json(const struct snapshot *s);

void *more(void *old, size_t n, size_t size);

#endif /* EVSTAT_H */
