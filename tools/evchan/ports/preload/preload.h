/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the preloaded library share. calls.c has the functions that
 * the program sees; a face carries out what they ask for through one interface.
 */
#ifndef EVRUN_PRELOAD_H
#define EVRUN_PRELOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

/* Events fetched in one call; epoll_wait() may return fewer than it could. */
#define EVRUN_BATCH	256

/* Size of the kernel's signal set. */
#define EVRUN_SIGSET	(_NSIG / 8)

/**
 * struct face - an interface that carries out epoll's calls
 * @name: as --api= has it
 * @create: make a set; @cloexec as EPOLL_CLOEXEC
 * @ctl: the arguments are checked as far as they do not depend on the set; @ev
 *       is a copy, NULL for EPOLL_CTL_DEL
 * @wait: @timeout relative, NULL: for ever; @mask NULL: as it is
 * @forget: descriptor @fd is about to be closed or replaced; may be NULL
 * @forked: in the child, single-threaded; may be NULL
 *
 * All return as the system calls do: -1 with errno set.
 */
struct face {
	const char *name;
	int (*create)(bool cloexec);
	int (*ctl)(int epfd, int op, int fd, const struct epoll_event *ev);
	int (*wait)(int epfd, struct epoll_event *ev, int max,
		    const struct timespec *timeout, const sigset_t *mask);
	void (*forget)(int fd);
	void (*forked)(void);
};

extern const struct face face_epoll, face_kevent, face_evchan;

/* calls.c: the C library's own, behind our functions of the same name. */
long real_syscall(long nr, ...);

/* May another process sleep in this set, or change it? */
bool shared(int epfd);

/* stats.c */
extern unsigned long stat_calls, stat_syscalls, stat_events;

static inline void count(unsigned long *what, unsigned long n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

void stats_start(const char *api);
void stats_print(void);
void stats_forked(void);

/* Time, for waits that are done in several calls. */
struct deadline {
	struct timespec timeout;	/* as given */
	struct timespec at;
	bool none;		/* wait for ever */
	bool now;		/* do not wait */
	bool begun;		/* left is less than was given */
};

void deadline_set(struct deadline *d, const struct timespec *timeout);
/* What is left, all of it the first time; false once nothing is. */
bool deadline_left(struct deadline *d, struct timespec *left);

#endif /* EVRUN_PRELOAD_H */
