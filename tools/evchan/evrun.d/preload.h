/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the preloaded library share. calls.c has the functions that the program
 * calls; a face carries them out through one interface.
 */
#ifndef EVRUN_PRELOAD_H
#define EVRUN_PRELOAD_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/epoll.h>
#include <time.h>

/* Events fetched in one call; epoll_wait() may return fewer than it has room for. */
#define EVRUN_BATCH	256

/* The bits of poll(2), which is what a face asks for. epoll ignores bits without a meaning. */
#define EVRUN_BITS	0x3fff

/* Size of the kernel's signal set. */
#define EVRUN_SIGSET	(_NSIG / 8)

/**
 * struct face - an interface that carries out epoll's calls
 * @name: its name in the option --api=
 * @create: create a set; @cloexec: with EPOLL_CLOEXEC
 * @ctl: as epoll_ctl(); the caller has checked what does not depend on the set; @ev
 *       is a copy, NULL for EPOLL_CTL_DEL
 * @wait: as epoll_pwait2(); @timeout is relative, NULL: for ever; @mask NULL: unchanged
 * @forget: descriptor @fd is not one that was known by this number; may be NULL
 * @closing: called before @fd is closed or replaced, and before @forget; may be NULL
 * @expose: called before others use set @fd in ways that @ctl and @wait are not told of: it is
 *          polled, duplicated, or sent; may be NULL
 * @expose_all: the same for all sets: this process forks or starts a program; may be NULL
 * @forked: called in the child after fork(), which is single-threaded; may be NULL
 *
 * The functions that can fail return -1 with errno set, like the system calls.
 */
struct face {
	const char *name;
	int (*create)(bool cloexec);
	int (*ctl)(int epfd, int op, int fd, const struct epoll_event *ev);
	int (*wait)(int epfd, struct epoll_event *ev, int max,
		    const struct timespec *timeout, const sigset_t *mask);
	void (*forget)(int fd);
	void (*closing)(int fd);
	void (*expose)(int fd);
	void (*expose_all)(void);
	void (*forked)(void);
};

extern const struct face face_epoll, face_kevent, face_evchan;

/* Declare @next, the C library's function that ours of this name hides. */
#define REAL(ret, name, ...) \
	static ret (*next)(__VA_ARGS__); \
	if (!__atomic_load_n(&next, __ATOMIC_RELAXED)) \
		__atomic_store_n(&next, (ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name), \
				 __ATOMIC_RELAXED)

#define EXPORT __attribute__((visibility("default")))

/* calls.c: the C library's functions, which ours of the same name hide. */
long real_syscall(long nr, ...);

/* Is the descriptor that of a socket? */
bool is_socket(int fd);

/* The same, if that is known without a call. */
bool known_socket(int fd);

/* Changes whenever the descriptor is closed, or may be of another file than before. */
uint32_t fd_generation(int fd);

/* Set @fd, if it is one, will be used in ways that the face does not see. */
void expose(int fd);

/* The same for all sets. */
void expose_all(void);

/* exposed.c: the same for each set among these. */
void expose_polled(const struct pollfd *fds, nfds_t n);
void expose_selected(int n, const fd_set *in_set);

/* Can another process sleep in this set, or change it? */
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

/* A timeout for waits that take several calls. */
struct deadline {
	struct timespec timeout;	/* as the caller gave it */
	struct timespec at;
	bool none;		/* wait for ever */
	bool now;		/* do not wait */
	bool begun;		/* what is left is less than what was given */
};

void deadline_set(struct deadline *d, const struct timespec *timeout);
/* Store what is left, all of it the first time; returns false once nothing is left. */
bool deadline_left(struct deadline *d, struct timespec *left);

#endif /* EVRUN_PRELOAD_H */
