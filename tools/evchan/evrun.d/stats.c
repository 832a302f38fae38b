// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting for evrun --stats: the program's calls, the system calls that they took, and the
 * events. Each process writes one line when it exits, to stderr or appended to the file
 * that EVRUN_STATS names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload.h"

unsigned long stat_calls, stat_syscalls, stat_events;

static const char *api, *file;
static char program[32];

void stats_start(const char *name)
{
	const char *where = getenv("EVRUN_STATS");

	api = name;
	/* Copies, because the program may change its environment and its name. */
	snprintf(program, sizeof(program), "%s", program_invocation_short_name);
	for (char *p = program; *p; p++)
		if (*p == ' ')
			*p = '_';
	file = where ? strdup(where) : NULL;
}

void stats_forked(void)
{
	stat_calls = stat_syscalls = stat_events = 0;
}

void stats_print(void)
{
	const char *where = __atomic_exchange_n(&file, NULL, __ATOMIC_RELAXED);
	char line[256];
	int fd = STDERR_FILENO, n;

	if (!where)
		return;
	n = snprintf(line, sizeof(line),
		     "evrun: %s[%d] api=%s calls=%lu syscalls=%lu events=%lu\n",
		     program, getpid(), api, stat_calls,
		     stat_syscalls, stat_events);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	if (*where)
		fd = open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	/* One write, so that the lines of several processes do not mix. */
	if (fd >= 0 && write(fd, line, (size_t)n) != n)
		return;
	if (*where && fd >= 0)
		close(fd);
}

static void __attribute__((destructor)) at_exit(void)
{
	stats_print();
}
