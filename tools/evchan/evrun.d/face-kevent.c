// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll through kevent: a queue without a ring, with each descriptor as a POLL request with
 * LAST_CHECK, so that an event holds when it is delivered. This file keeps no state: the
 * queue has all of it, for every process that has the descriptor.
 *
 * kevent_get_events() has no signal mask and no timeout below a millisecond. Where one of
 * these is asked for, ppoll() on the queue waits instead.
 */
#include <errno.h>
#include <limits.h>
#include <linux/kevent.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "preload.h"

#define NR_KEVENT_INIT		560
#define NR_KEVENT_CTL		561
#define NR_KEVENT_GET_EVENTS	562

/* The number of threads of this process that sleep in a wait, by descriptor. */
#define COUNTERS 1024
static int sleeping[COUNTERS];

static int *sleeping_in(int epfd)
{
	return &sleeping[(unsigned int)epfd % COUNTERS];
}

static int create(bool cloexec)
{
	count(&stat_syscalls, 1);
	return (int)real_syscall(NR_KEVENT_INIT, 0L, 0L,
				 (long)(cloexec ? KEVENT_INIT_CLOEXEC : 0));
}

static uint32_t request_flags(uint32_t events)
{
	uint32_t flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_LAST_CHECK;

	if (events & EPOLLONESHOT)
		flags |= KEVENT_REQ_ONESHOT | KEVENT_REQ_KEEP;
	else if (events & EPOLLET)
		flags |= KEVENT_REQ_ET;
	if (events & EPOLLEXCLUSIVE)
		flags |= KEVENT_REQ_EXCLUSIVE;
	return flags;
}

static int ctl(int epfd, int op, int fd, const struct epoll_event *ev)
{
	struct ukevent uk = { .id.raw = { (uint32_t)fd }, .type = KEVENT_POLL };
	long cmd = op == EPOLL_CTL_ADD ? KEVENT_CTL_ADD :
		   op == EPOLL_CTL_MOD ? KEVENT_CTL_MODIFY : KEVENT_CTL_REMOVE;

	if (ev) {
		uk.event = ev->events & EVRUN_BITS;
		uk.req_flags = request_flags(ev->events);
		memcpy(uk.user, &ev->data, sizeof(uk.user));
	}
	count(&stat_syscalls, 1);
	if (real_syscall(NR_KEVENT_CTL, (long)epfd, cmd, 1L, &uk) < 0)
		return -1;
	if (!(uk.ret_flags & KEVENT_RET_BROKEN))
		return 0;
	errno = -(int)uk.ret_data[1];
	return -1;
}

/* With asynchronous cancellation, as in the C library's epoll_wait(). */
static int get_events(int epfd, int max, unsigned int ms, struct ukevent *uk)
{
	int old, err, ret;

	count(&stat_syscalls, 1);
	if (!ms)
		return (int)real_syscall(NR_KEVENT_GET_EVENTS, (long)epfd, 1L, (long)max, 0L,
					 uk, 0L);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	ret = (int)real_syscall(NR_KEVENT_GET_EVENTS, (long)epfd, 1L, (long)max, (long)ms, uk,
				0L);
	err = errno;
	pthread_setcanceltype(old, NULL);
	errno = err;
	return ret;
}

/* Sleep in ppoll(): -1 on error, 0 at the timeout, 1 when there may be events to fetch. */
static int wait_ready(int epfd, const struct timespec *left, const sigset_t *mask)
{
	struct pollfd pfd = { .fd = epfd, .events = POLLIN };
	int n;

	count(&stat_syscalls, 1);
	n = ppoll(&pfd, 1, left, mask);
	if (n > 0 && pfd.revents & POLLNVAL) {
		errno = EBADF;
		return -1;
	}
	return n;
}

/* Wait once: returns the number of events, -1, or 0 at the timeout or after a spurious wake-up. */
static int wait_once(int epfd, int max, struct deadline *d, const sigset_t *mask,
		     struct ukevent *uk)
{
	struct timespec left;
	bool some = d->none || deadline_left(d, &left);
	int n;

	if (!some)
		return get_events(epfd, max, 0, uk);
	if (mask || (!d->none && d->timeout.tv_nsec % 1000000)) {
		n = get_events(epfd, max, 0, uk);
		if (n)
			return n;
		n = wait_ready(epfd, d->none ? NULL : &left, mask);
		return n > 0 ? get_events(epfd, max, 0, uk) : n;
	}
	if (d->none || left.tv_sec > INT_MAX / 1000)
		return get_events(epfd, max, d->none ? UINT_MAX : INT_MAX, uk);
	return get_events(epfd, max, (unsigned int)(left.tv_sec * 1000 +
						    (left.tv_nsec + 999999) / 1000000), uk);
}

static int wait_some(int epfd, int max, struct deadline *d, const sigset_t *mask,
		     struct ukevent *uk)
{
	struct timespec left;
	int n;

	do {
		n = wait_once(epfd, max, d, mask, uk);
		/* A spurious wake-up before the timeout: wait again. */
	} while (!n && (d->none || deadline_left(d, &left)));
	return n;
}

static void awake(void *counter)
{
	__atomic_fetch_sub((int *)counter, 1, __ATOMIC_RELAXED);
}

/* Count this thread as sleeping for the duration of the wait, also if it is cancelled there. */
static int wait_counted(int epfd, int max, struct deadline *d, const sigset_t *mask,
			struct ukevent *uk)
{
	int n;

	__atomic_fetch_add(sleeping_in(epfd), 1, __ATOMIC_RELAXED);
	pthread_cleanup_push(awake, sleeping_in(epfd));
	n = wait_some(epfd, max, d, mask, uk);
	pthread_cleanup_pop(1);
	return n;
}

static int wait(int epfd, struct epoll_event *ev, int max, const struct timespec *timeout,
		const sigset_t *mask)
{
	struct ukevent uk[EVRUN_BATCH];
	struct deadline d;
	bool level = false;
	int n;

	deadline_set(&d, timeout);
	n = wait_counted(epfd, max < EVRUN_BATCH ? max : EVRUN_BATCH, &d, mask, uk);
	for (int i = 0; i < n; i++) {
		ev[i].events = uk[i].event;
		memcpy(&ev[i].data, uk[i].user, sizeof(ev[i].data));
		level |= !(uk[i].req_flags & (KEVENT_REQ_ET | KEVENT_REQ_ONESHOT));
	}
	/* A level-triggered condition that holds must be reported to every waiter: wake another. */
	if (level && (shared(epfd) || __atomic_load_n(sleeping_in(epfd), __ATOMIC_RELAXED))) {
		count(&stat_syscalls, 1);
		real_syscall(NR_KEVENT_CTL, (long)epfd, (long)KEVENT_CTL_READY, 0L, 0L);
	}
	return n;
}

const struct face face_kevent = {
	.name	= "kevent",
	.create	= create,
	.ctl	= ctl,
	.wait	= wait,
};
