/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of evtrace share. */
#ifndef EVTRACE_H
#define EVTRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "arguments.h"
#include "names.h"

/**
 * struct call - a system call of a traced task
 * @nr: its number; those of both interfaces are the same on every architecture
 * @arch: AUDIT_ARCH_*
 */
struct call {
	uint64_t nr;
	uint64_t args[6];
	uint32_t arch;
};

/* calls.c: print the call as far as it is known when it begins, and the rest. */
bool is_ours(const struct call *c);
const char *call_name(const struct call *c);
void print_begin(FILE *to, pid_t pid, const struct call *c);
void print_end(FILE *to, pid_t pid, const struct call *c, int64_t result);
void print_ukevent(FILE *to, const void *ukevent, bool request);
void print_event(FILE *to, const void *event);
/* Read the memory of a task; false if not all of it can be read. */
bool peek(pid_t pid, uint64_t address, void *to, size_t size);

/*
 * rings.c: which process has mapped the ring of which descriptor, and what was seen of it.
 * @group is the process; @begin is called before the first line that a function prints.
 */
void rings_after_call(pid_t group, const struct call *c, int64_t result);
/* A call may close a queue or unmap its ring: print what came, and forget the ring. */
void rings_before_call(FILE *to, pid_t group, const struct call *c, void (*begin)(void));
void rings_of_running(pid_t group);
void rings_fork(pid_t parent, pid_t child);
void rings_forget(pid_t group);
/* Print the events that came into the ring of descriptor @fd, or of all for -1. */
void rings_show(FILE *to, pid_t group, int fd, void (*begin)(void));
/* Do not print the entries of a kevent ring that a call has returned. */
void rings_skip(pid_t group, int fd);

/* The descriptor of a queue that the call waits on or takes from, or -1. */
int waited_fd(const struct call *c);

#define NR_KEVENT_INIT		560
#define NR_KEVENT_CTL		561
#define NR_KEVENT_GET_EVENTS	562
#define NR_KEVENT_WAIT		563
#define NR_KEVENT_COMMIT	564
#define NR_EVCHAN_CREATE	565
#define NR_EVCHAN_CTL		566
#define NR_EVCHAN_WAIT		567

#endif /* EVTRACE_H */
