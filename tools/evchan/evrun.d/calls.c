// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions that replace the C library's in a program run by evrun: those of epoll, and
 * those that close descriptors, make sockets, or give a descriptor a certain number. They
 * check arguments as the kernel's epoll does, and leave the rest to a face.
 *
 * The descriptor of a set is the queue's own, so fork(), exec(), dup(), passing the descriptor
 * over a socket, poll() on it and sets in sets work unchanged. A face is only told of them, see
 * expose(), by the functions here and by those in exposed.c and programs.c.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

static const struct face *face = &face_epoll;

/* The sets made by this process, a bit for each descriptor. */
#define MAX_OWN	(1 << 20)
static unsigned char own[MAX_OWN / 8];
static int most_own;	/* no bit above this one is set */
/* The sockets that this process made, a bit for each descriptor. */
static unsigned char sockets[MAX_OWN / 8];

/*
 * Points to 1 once a process uses a set that another process made. The word is shared by
 * this process, the processes that it has forked and those that have forked it. A child
 * that calls exec() no longer shares it.
 */
static int *elsewhere;

/* This process. */
static pid_t self;

/*
 * Is this the child of a vfork()? It has the memory of its parent, but descriptors of its own.
 * The parent still has the sets that it closes.
 */
static bool in_vfork(void)
{
	return getpid() != self;
}

static bool in(const unsigned char *bits, int fd)
{
	return fd >= 0 && fd < MAX_OWN &&
	       __atomic_load_n(&bits[fd / 8], __ATOMIC_RELAXED) & 1U << fd % 8;
}

/* See fd_generation(); @range is for all descriptors. */
static uint32_t generations[MAX_OWN], range;

uint32_t fd_generation(int fd)
{
	if (fd < 0 || fd >= MAX_OWN)
		return 0;
	return __atomic_load_n(&generations[fd], __ATOMIC_RELAXED) +
	       __atomic_load_n(&range, __ATOMIC_RELAXED);
}

static bool made_here(int fd)
{
	return in(own, fd);
}

bool known_socket(int fd)
{
	return in(sockets, fd);
}

bool is_socket(int fd)
{
	struct stat st;

	if (known_socket(fd))
		return true;
	count(&stat_syscalls, 1);
	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

bool shared(int fd)
{
	return !made_here(fd) || !elsewhere || __atomic_load_n(elsewhere, __ATOMIC_RELAXED);
}

static int made(int fd)
{
	if (fd < 0 || fd >= MAX_OWN)
		return fd;
	__atomic_fetch_or(&own[fd / 8], (unsigned char)(1U << fd % 8), __ATOMIC_RELAXED);
	if (fd > most_own)
		most_own = fd;
	return fd;
}

void expose(int fd)
{
	if (made_here(fd) && face->expose)
		face->expose(fd);
}

void expose_all(void)
{
	if (face->expose_all)
		face->expose_all();
}

/* Called before a set is waited on or changed. */
static void used(int fd)
{
	if (made_here(fd) || !elsewhere || __atomic_load_n(elsewhere, __ATOMIC_RELAXED))
		return;
	expose_all();
	__atomic_store_n(elsewhere, 1, __ATOMIC_RELAXED);
}

/* @fd is no longer a set, or it is an unknown file. */
static void forget(int fd)
{
	if (fd < 0 || (made_here(fd) && in_vfork()))
		return;
	if (made_here(fd))
		__atomic_fetch_and(&own[fd / 8], (unsigned char)~(1U << fd % 8),
				   __ATOMIC_RELAXED);
	if (in(sockets, fd))
		__atomic_fetch_and(&sockets[fd / 8], (unsigned char)~(1U << fd % 8),
				   __ATOMIC_RELAXED);
	if (face->forget)
		face->forget(fd);
}

/* @fd is of another file than before. */
static void replaced(int fd)
{
	if (fd >= 0 && fd < MAX_OWN)
		__atomic_fetch_add(&generations[fd], 1, __ATOMIC_RELAXED);
	forget(fd);
}

/* @fd is about to be closed or replaced. */
static void closing(int fd)
{
	if (face->closing)
		face->closing(fd);
	replaced(fd);
}

static void forked(void)
{
	self = getpid();
	stats_forked();
	memset(own, 0, (size_t)most_own / 8 + 1);
	if (face->forked)
		face->forked();
}

static void __attribute__((constructor)) start(void)
{
	const char *api = getenv("EVRUN_API");
	static const struct face *const faces[] = { &face_epoll, &face_kevent, &face_evchan };

	for (size_t i = 0; api && i < sizeof(faces) / sizeof(*faces); i++)
		if (!strcmp(api, faces[i]->name))
			face = faces[i];
	stats_start(face->name);
	elsewhere = mmap(NULL, sizeof(*elsewhere), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (elsewhere == MAP_FAILED)
		elsewhere = NULL;
	self = getpid();
	/* Once more after it, for a set that another thread has made meanwhile. */
	pthread_atfork(expose_all, expose_all, forked);
}

static int fail(int err)
{
	errno = err;
	return -1;
}

/* --- epoll --- */

EXPORT int epoll_create1(int flags)
{
	count(&stat_calls, 1);
	if (flags & ~EPOLL_CLOEXEC)
		return fail(EINVAL);
	return made(face->create(flags & EPOLL_CLOEXEC));
}

EXPORT int epoll_create(int size)
{
	count(&stat_calls, 1);
	if (size <= 0)
		return fail(EINVAL);
	return made(face->create(false));
}

/* Is @fd a set? Called only for EPOLLEXCLUSIVE, which must not be used with a set. */
static bool is_set(int fd)
{
	char path[32], target[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return !strcmp(target, "anon_inode:[kevent]") ||
	       !strcmp(target, "anon_inode:[evchan]") ||
	       !strcmp(target, "anon_inode:[eventpoll]");
}

static int check_exclusive(int op, int fd, const struct epoll_event *ev)
{
	const uint32_t allowed = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP |
				 EPOLLET | EPOLLEXCLUSIVE;

	if (op == EPOLL_CTL_MOD || ev->events & ~allowed)
		return EINVAL;
	return is_set(fd) ? EINVAL : 0;
}

EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct epoll_event ev;
	int err;

	count(&stat_calls, 1);
	if (op != EPOLL_CTL_DEL) {
		if (!event)
			return fail(EFAULT);
		ev = *event;
	}
	used(epfd);
	if (op == EPOLL_CTL_DEL)
		return face->ctl(epfd, op, fd, NULL);
	if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD)
		return fail(EINVAL);
	if (ev.events & EPOLLEXCLUSIVE) {
		/* As in the kernel, EBADF takes precedence over the checks of EPOLLEXCLUSIVE. */
		if (fcntl(fd, F_GETFD) < 0)
			return -1;
		err = check_exclusive(op, fd, &ev);
		if (err)
			return fail(err);
	}
	return face->ctl(epfd, op, fd, &ev);
}

static int wait_events(int epfd, struct epoll_event *events, int max,
		       const struct timespec *timeout, const sigset_t *mask)
{
	int n;

	count(&stat_calls, 1);
	if (max <= 0 || (size_t)max > INT_MAX / sizeof(*events))
		return fail(EINVAL);
	if (!events)
		return fail(EFAULT);
	used(epfd);
	n = face->wait(epfd, events, max, timeout, mask);
	if (n > 0)
		count(&stat_events, (unsigned long)n);
	return n;
}

static int wait_ms(int epfd, struct epoll_event *events, int max, int ms,
		   const sigset_t *mask)
{
	struct timespec to = { ms / 1000, ms % 1000 * 1000000L };

	return wait_events(epfd, events, max, ms < 0 ? NULL : &to, mask);
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	return wait_ms(epfd, events, maxevents, timeout, NULL);
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int maxevents, int timeout,
		       const sigset_t *sigmask)
{
	return wait_ms(epfd, events, maxevents, timeout, sigmask);
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			const struct timespec *timeout, const sigset_t *sigmask)
{
	if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
			timeout->tv_nsec >= 1000000000))
		return fail(EINVAL);
	return wait_events(epfd, events, maxevents, timeout, sigmask);
}

/* --- the same calls by number, through syscall() --- */

static void forget_range(unsigned int first, unsigned int last)
{
	unsigned int most = (unsigned int)sysconf(_SC_OPEN_MAX);

	if (last > most)
		last = most;
	/* One for all, not to write to the memory of a million descriptors. */
	__atomic_fetch_add(&range, 1, __ATOMIC_RELAXED);
	for (unsigned int fd = first; fd <= last && fd <= INT_MAX; fd++) {
		if (face->closing)
			face->closing((int)fd);
		forget((int)fd);
	}
}

long real_syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	REAL(long, "syscall", long, ...);
	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return next(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long fork_by_number(uint64_t flags, long nr, const long a[6])
{
	long ret;

	expose_all();
	ret = real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (!ret && !(flags & CLONE_VM))
		forked();
	return ret;
}

/* As in the kernel, a signal mask of a wrong size is an error. */
static bool bad_mask(long mask, long size)
{
	return mask && size != EVRUN_SIGSET;
}

EXPORT long syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	switch (nr) {
#ifdef SYS_epoll_create
	case SYS_epoll_create:
		return epoll_create((int)a[0]);
#endif
	case SYS_epoll_create1:
		return epoll_create1((int)a[0]);
	case SYS_epoll_ctl:
		return epoll_ctl((int)a[0], (int)a[1], (int)a[2], (void *)a[3]);
#ifdef SYS_epoll_wait
	case SYS_epoll_wait:
		return epoll_wait((int)a[0], (void *)a[1], (int)a[2], (int)a[3]);
#endif
	case SYS_epoll_pwait:
		if (bad_mask(a[4], a[5]))
			return fail(EINVAL);
		return epoll_pwait((int)a[0], (void *)a[1], (int)a[2], (int)a[3], (void *)a[4]);
#if defined(SYS_epoll_pwait2) && __SIZEOF_LONG__ == 8
	case SYS_epoll_pwait2:
		if (bad_mask(a[4], a[5]))
			return fail(EINVAL);
		return epoll_pwait2((int)a[0], (void *)a[1], (int)a[2], (void *)a[3],
				    (void *)a[4]);
#endif
#ifdef SYS_poll
	case SYS_poll:
		expose_polled((void *)a[0], (nfds_t)a[1]);
		return real_syscall(nr, a[0], a[1], a[2]);
#endif
	case SYS_ppoll:
		expose_polled((void *)a[0], (nfds_t)a[1]);
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4]);
#ifdef SYS_select
	case SYS_select:
		expose_selected((int)a[0], (void *)a[1]);
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4]);
#endif
	case SYS_pselect6:
		expose_selected((int)a[0], (void *)a[1]);
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	case SYS_sendmsg:
		return sendmsg((int)a[0], (void *)a[1], (int)a[2]);
	case SYS_sendmmsg:
		return sendmmsg((int)a[0], (void *)a[1], (unsigned int)a[2], (int)a[3]);
	case SYS_fcntl:
		return fcntl((int)a[0], (int)a[1], a[2]);
#ifdef SYS_fork
	case SYS_fork:
		return fork_by_number(0, nr, a);
#endif
	case SYS_clone:
		return fork_by_number((uint64_t)a[0], nr, a);
#ifdef SYS_clone3
	case SYS_clone3:
		/* The flags are the first member of its structure. */
		return fork_by_number(a[0] ? *(uint64_t *)a[0] : 0, nr, a);
#endif
	case SYS_execve:
	case SYS_execveat:
		expose_all();
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	case SYS_dup:
		return dup((int)a[0]);
	case SYS_close:
		return close((int)a[0]);
#ifdef SYS_dup2
	case SYS_dup2:
		return dup2((int)a[0], (int)a[1]);
#endif
	case SYS_dup3:
		return dup3((int)a[0], (int)a[1], (int)a[2]);
	case SYS_close_range:
		return close_range((unsigned int)a[0], (unsigned int)a[1], (int)a[2]);
	default:
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

/* --- descriptors that are closed, or replaced under the number of a set --- */

EXPORT int close(int fd)
{
	REAL(int, "close", int);
	/* Forget the set before another thread can get its number. */
	closing(fd);
	return next(fd);
}

EXPORT int fclose(FILE *stream)
{
	REAL(int, "fclose", FILE *);
	if (stream)
		closing(fileno(stream));
	return next(stream);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	REAL(int, "close_range", unsigned int, unsigned int, int);
	if (!(flags & 4 /* CLOSE_RANGE_CLOEXEC */))
		forget_range(first, last);
	return next(first, last, flags);
}

EXPORT void closefrom(int first)
{
	REAL(void, "closefrom", int);
	forget_range((unsigned int)(first < 0 ? 0 : first), UINT_MAX);
	next(first);
}

static int fresh(int fd)
{
	replaced(fd);
	return fd;
}

EXPORT int dup(int fd)
{
	REAL(int, "dup", int);
	expose(fd);
	return fresh(next(fd));
}

EXPORT int dup2(int old, int new)
{
	REAL(int, "dup2", int, int);
	expose(old);
	if (old != new)
		closing(new);
	return next(old, new);
}

EXPORT int dup3(int old, int new, int flags)
{
	REAL(int, "dup3", int, int, int);
	expose(old);
	if (old != new)
		closing(new);
	return next(old, new, flags);
}

/* --- sockets, which is_socket() can then tell without a call --- */

static int new_socket(int fd)
{
	fresh(fd);
	if (fd >= 0 && fd < MAX_OWN)
		__atomic_fetch_or(&sockets[fd / 8], (unsigned char)(1U << fd % 8),
				  __ATOMIC_RELAXED);
	return fd;
}

EXPORT int socket(int domain, int type, int protocol)
{
	REAL(int, "socket", int, int, int);
	return new_socket(next(domain, type, protocol));
}

EXPORT int socketpair(int domain, int type, int protocol, int fds[2])
{
	int ret;

	REAL(int, "socketpair", int, int, int, int *);
	ret = next(domain, type, protocol, fds);
	for (int i = 0; !ret && i < 2; i++)
		new_socket(fds[i]);
	return ret;
}

EXPORT int accept(int fd, __SOCKADDR_ARG addr, socklen_t *len)
{
	REAL(int, "accept", int, struct sockaddr *, socklen_t *);
	return new_socket(next(fd, addr.__sockaddr__, len));
}

EXPORT int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags)
{
	REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int);
	return new_socket(next(fd, addr.__sockaddr__, len, flags));
}

#define FCNTL(name) \
EXPORT int name(int fd, int cmd, ...) \
{ \
	va_list ap; \
	void *arg; \
	int ret; \
 \
	REAL(int, #name, int, int, ...); \
	va_start(ap, cmd); \
	arg = va_arg(ap, void *); \
	va_end(ap); \
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) \
		expose(fd); \
	ret = next(fd, cmd, arg); \
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? fresh(ret) : ret; \
}

FCNTL(fcntl)
FCNTL(fcntl64)

/* _exit() runs no destructor, so print the statistics here. */
EXPORT void _exit(int status)
{
	REAL(void, "_exit", int);
	stats_print();
	next(status);
	__builtin_unreachable();
}
