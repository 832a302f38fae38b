/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments that both tools have. */
#ifndef OBSERVE_ARGUMENTS_H
#define OBSERVE_ARGUMENTS_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A process number. Anything else ends the program. */
static inline pid_t parse_pid(const char *text)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || *end || pid <= 0 || pid > INT_MAX)
		die("'%s' is no process number", text);
	return (pid_t)pid;
}

#endif
