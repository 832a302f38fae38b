/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libkevent: the kevent calls, and what a program needs around its ring.
 *
 * The calls are those of section 2 of the manual. Programs of 2006 include
 * <kevent_compat.h> instead, which has them in the forms of that time.
 */
#ifndef KEVENT_H
#define KEVENT_H

#include <linux/kevent.h>
#include <linux/time_types.h>
#include <stddef.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Their numbers, the same on every architecture. */
#ifndef __NR_kevent_init
#define __NR_kevent_init	560
#define __NR_kevent_ctl		561
#define __NR_kevent_get_events	562
#define __NR_kevent_wait	563
#define __NR_kevent_commit	564
#endif

/* In a program of 2006 these names are those of macros, or of its own wrappers. */
#ifndef KEVENT_COMPAT_H
int kevent_init(struct kevent_ring *ring, unsigned int num, unsigned int flags);
int kevent_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg);
int kevent_get_events(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
		      unsigned int timeout_ms, void *buf, unsigned int flags);
int kevent_wait(int ctl_fd, unsigned int num, unsigned int old_uidx,
		const struct __kernel_timespec *timeout, unsigned int flags);
int kevent_commit(int ctl_fd, unsigned int new_uidx, unsigned int over);
#endif

/*
 * The same calls under names that no program has of its own, and two of them as they
 * were while a timer's id.raw[0] was its period in milliseconds. For kevent_compat.h.
 */
int kevent_sys_init(struct kevent_ring *ring, unsigned int num, unsigned int flags);
int kevent_sys_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg);
int kevent_sys_get_events(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
			  unsigned int timeout_ms, void *buf, unsigned int flags);
int kevent_sys_wait(int ctl_fd, unsigned int num, unsigned int old_uidx,
		    const struct __kernel_timespec *timeout, unsigned int flags);
int kevent_sys_commit(int ctl_fd, unsigned int new_uidx, unsigned int over);
int kevent_sys_ctl_ms(int fd, unsigned int cmd, unsigned int num, void *arg);
int kevent_sys_get_events_ms(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
			     unsigned int timeout_ms, void *buf, unsigned int flags);
int kevent_sys_control(int fd, void *buf);

/* --- requests; each call returns 0, or -1 with errno, the request's own too --- */

/**
 * kevent_request - one request
 * @cmd: KEVENT_CTL_ADD, with KEVENT_REQ_ALWAYS_QUEUE; _MODIFY, _REMOVE or _READY
 * @uk: the request
 */
int kevent_request(int fd, unsigned int cmd, struct ukevent *uk);

/**
 * kevent_watch - watch a descriptor, or change how it is watched
 * @type: KEVENT_SOCKET, KEVENT_POLL, KEVENT_PIPE
 * @what: the descriptor
 * @event: bits of the type
 * @req_flags: KEVENT_REQ_ET, KEVENT_REQ_ONESHOT ...; 0: level-triggered
 * @ptr: returned with each event
 *
 * An event is always queued, also of what is ready already.
 */
int kevent_watch(int fd, unsigned int type, int what, unsigned int event,
		 unsigned int req_flags, void *ptr);

/* Stop watching a descriptor. */
int kevent_unwatch(int fd, unsigned int type, int what);

/* A timer of that period; with KEVENT_REQ_ONESHOT it fires once. Its id is the period. */
int kevent_timer(int fd, unsigned long long period_ns, unsigned int req_flags, void *ptr);

/* A source of user events, and an event of it from any thread or process. */
int kevent_user(int fd, unsigned long long id, void *ptr);
int kevent_post(int fd, unsigned long long id);

/**
 * kevent_watch_signal - have a signal of this process come through the queue
 * @sig: its number; with KEVENT_SIGNAL_NOMASK or-ed in it comes through the queue
 *       only, otherwise also in the usual way
 */
int kevent_watch_signal(int fd, unsigned long long sig, unsigned int req_flags, void *ptr);

/* Remove a source of user events, a signal (as it was given) or a timer (its period in ns). */
int kevent_remove(int fd, unsigned int type, unsigned long long id);

/**
 * struct kevent_queue - a queue with a ring in kernel memory, for one thread
 * @fd: the queue's descriptor
 * @ring: mapped
 * @num: entries
 * @uidx: where the next event is taken from
 * @taken: taken and not yet committed
 * @there: in the ring from @uidx on, as the kernel last said
 */
struct kevent_queue {
	int fd;
	struct kevent_ring *ring;
	unsigned int num;
	unsigned int uidx;
	unsigned int taken;
	unsigned int there;
};

/* Make a queue with a mapped ring; -1 with errno. */
int kevent_open(struct kevent_queue *q, unsigned int num, unsigned int flags);

/**
 * kevent_next - the next event of the ring
 * @q: the queue
 * @timeout_ms: how long to wait when the ring is empty, -1: for ever
 *
 * What was returned before is committed when the ring is empty, in one call. Entries of
 * requests that were removed in the meantime are passed over; the timeout then starts anew.
 *
 * Return: the event, valid until the next call; NULL with errno ETIMEDOUT, EINTR.
 */
const struct ukevent *kevent_next(struct kevent_queue *q, int timeout_ms);

/**
 * kevent_timer_create - a POSIX timer that posts into a queue
 * @fd: the queue
 * @clock: any that timer_create() takes
 * @ptr: returned in each event
 * @timer: the timer, for timer_settime() and timer_delete()
 *
 * For a C library whose timer_create() lets no SIGEV_KEVENT pass.
 *
 * Return: 0, or -1 with errno.
 */
int kevent_timer_create(int fd, clockid_t clock, void *ptr, timer_t *timer);

/* Unmap and close. */
void kevent_close(struct kevent_queue *q);

#ifdef __cplusplus
}
#endif
#endif /* KEVENT_H */
