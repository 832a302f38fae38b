/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that end when they are told to, for the tests of both faces. */
#ifndef SELFTESTS_PROCESSES_H
#define SELFTESTS_PROCESSES_H

#include <sys/prctl.h>

#include "events.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* A child that waits for a byte on a pipe, and both ends of that pipe. */
struct child {
	pid_t pid;
	int pidfd;
	int told[2];
};

static inline int open_pidfd(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* In the child: wait until the parent calls tell(), or exit if it is gone. */
static inline void await_word(const struct child *c)
{
	char word;

	if (read(c->told[0], &word, 1) != 1)
		_exit(254);
}

static inline int tell(const struct child *c)
{
	return write(c->told[1], "", 1) == 1 ? 0 : -1;
}

/* Like fork(), with the pipe, and with a pidfd for the parent. */
static inline pid_t start_child(struct child *c)
{
	if (pipe(c->told))
		return -1;
	c->pid = fork();
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 0;
	}
	c->pidfd = open_pidfd(c->pid);
	return c->pid;
}

static inline void end_child(struct child *c)
{
	waitpid(c->pid, NULL, 0);
	close(c->pidfd);
	close(c->told[0]);
	close(c->told[1]);
}

/* Wait until /proc shows process @pid in @state; returns 0, or -1 if it never is. */
static inline int await_state(pid_t pid, char state)
{
	for (int i = 0; i < LONG_MS; i++) {
		struct timespec pause = { 0, 1000000 };
		char path[64], line[256] = "", *p;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		p = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		if (f)
			fclose(f);
		if (p && p[2] == state)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

#endif
