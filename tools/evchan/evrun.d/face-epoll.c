// SPDX-License-Identifier: GPL-2.0-only
/* Plain epoll, for the same statistics about it: each call is passed on. */
#include <dlfcn.h>
#include <sys/syscall.h>

#include "preload.h"

static int epoll_face_create(bool cloexec)
{
	count(&stat_syscalls, 1);
	return (int)real_syscall(SYS_epoll_create1, cloexec ? EPOLL_CLOEXEC : 0);
}

static int epoll_face_ctl(int epfd, int op, int fd, const struct epoll_event *ev)
{
	count(&stat_syscalls, 1);
	return (int)real_syscall(SYS_epoll_ctl, epfd, op, fd, ev);
}

/* Through the C library, where it is a cancellation point. */
static int epoll_face_wait(int epfd, struct epoll_event *ev, int max,
			   const struct timespec *timeout, const sigset_t *mask)
{
	static __typeof__(epoll_pwait2) *next;

	if (!__atomic_load_n(&next, __ATOMIC_RELAXED))
		__atomic_store_n(&next, dlsym(RTLD_NEXT, "epoll_pwait2"), __ATOMIC_RELAXED);
	count(&stat_syscalls, 1);
	return next(epfd, ev, max, timeout, mask);
}

const struct face face_epoll = {
	.name	= "epoll",
	.create	= epoll_face_create,
	.ctl	= epoll_face_ctl,
	.wait	= epoll_face_wait,
};
