/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libkevent: the kevent system calls, helpers for single requests, and a reader of a
 * mapped ring.
 *
 * Section 2 of the manual describes the system calls. Programs of 2006 include
 * <kevent_compat.h> instead, which has the calls in the forms of that time.
 *
 * Every call returns 0 or a count on success, and -1 with errno set on failure, unless
 * its comment says otherwise.
 */
#ifndef KEVENT_H
#define KEVENT_H

/* The kernel's header has an array of no given size, which ISO C++ does not. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <linux/kevent.h>
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
#include <linux/time_types.h>
#include <stddef.h>
#include <sys/types.h>	/* clockid_t and timer_t in strict ISO C too */
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The system call numbers. */
#ifndef __NR_kevent_init
#define __NR_kevent_init	560
#define __NR_kevent_ctl		561
#define __NR_kevent_get_events	562
#define __NR_kevent_wait	563
#define __NR_kevent_commit	564
#endif

/* kevent_compat.h defines these names as macros, or the program has such wrappers. */
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
 * For kevent_compat.h: the same calls under names that no program defines itself. The
 * _ms variants take and return timers as programs before take 16 did, with the period in
 * milliseconds in id.raw[0].
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

/**
 * kevent_perror - print the error in errno, as perror() does
 * @what: what failed
 *
 * If the kernel has no kevent, this prints which kernel is needed. It does not change errno.
 */
void kevent_perror(const char *what);

/*
 * --- single requests ---
 *
 * Each call returns 0, or -1 with errno: an error of kevent_ctl(2), or the error of the
 * request, which is one of an entry of evchan_ctl(2).
 */

/**
 * kevent_request - carry out one request
 * @fd: descriptor of the queue
 * @cmd: KEVENT_CTL_ADD, KEVENT_CTL_MODIFY, KEVENT_CTL_REMOVE or KEVENT_CTL_READY
 * @uk: the request. With KEVENT_CTL_ADD it must have KEVENT_REQ_ALWAYS_QUEUE. The kernel
 *      writes its answer into ret_flags and ret_data.
 *
 * Return: 0, or -1 with errno.
 */
int kevent_request(int fd, unsigned int cmd, struct ukevent *uk);

/**
 * kevent_watch - add a request for a descriptor, or modify it
 * @fd: descriptor of the queue
 * @type: KEVENT_SOCKET, KEVENT_POLL or KEVENT_PIPE
 * @what: the descriptor to watch. The queue holds no reference that keeps the file open.
 * @event: bits of the type to report
 * @req_flags: KEVENT_REQ_ET, KEVENT_REQ_ONESHOT and further flags of a request; 0:
 *             level-triggered
 * @ptr: cookie that each event carries
 *
 * If the descriptor is ready already, its event is queued.
 *
 * Return: 0, or -1 with errno EBADF, EINVAL; EPERM if the file cannot be polled; ENOTSOCK;
 * ELOOP for queues that watch each other; ENOMEM; ENOSPC over the user's limit.
 */
int kevent_watch(int fd, unsigned int type, int what, unsigned int event,
		 unsigned int req_flags, void *ptr);

/**
 * kevent_unwatch - remove the request for a descriptor
 * @fd: descriptor of the queue
 * @type: type of the request
 * @what: the watched descriptor
 *
 * Return: 0, or -1 with errno EBADF, EINVAL, ENOENT.
 */
int kevent_unwatch(int fd, unsigned int type, int what);

/**
 * kevent_timer - add a timer, or modify it
 * @fd: descriptor of the queue
 * @period_ns: period in nanoseconds, which also identifies the timer
 * @req_flags: KEVENT_REQ_ONESHOT for a timer that expires once, and further flags
 * @ptr: cookie that each event carries
 *
 * In an event ret_data[0] is the time of expiry in milliseconds of CLOCK_MONOTONIC, modulo
 * 2^32, and ret_data[1] is the number of expirations since the previous event.
 *
 * Return: 0, or -1 with errno EINVAL, ENOMEM; ENOSPC over the user's limit.
 */
int kevent_timer(int fd, unsigned long long period_ns, unsigned int req_flags, void *ptr);

/**
 * kevent_user - add a source of user events
 * @fd: descriptor of the queue
 * @id: the program's name for the source
 * @ptr: cookie that each event carries
 *
 * Return: 0, or -1 with errno ENOMEM; ENOSPC over the user's limit.
 */
int kevent_user(int fd, unsigned long long id, void *ptr);

/**
 * kevent_post - post a user event
 * @fd: descriptor of the queue
 * @id: name of a source that kevent_user() added
 *
 * Any thread, and any process that has the queue, may post.
 *
 * Return: 0, or -1 with errno ENOENT.
 */
int kevent_post(int fd, unsigned long long id);

/**
 * kevent_watch_signal - queue an event when a signal is sent to this process
 * @fd: descriptor of the queue
 * @sig: number of the signal. With KEVENT_SIGNAL_NOMASK or-ed in, the event is all that
 *       happens; otherwise the signal is also delivered in the usual way.
 * @req_flags: KEVENT_REQ_ONESHOT or 0, and further flags of a request
 * @ptr: cookie that each event carries
 *
 * Return: 0, or -1 with errno EINVAL for a signal that cannot be watched, such as SIGKILL,
 * SIGSTOP and those that the C library uses itself; ENOMEM; ENOSPC over a limit.
 */
int kevent_watch_signal(int fd, unsigned long long sig, unsigned int req_flags, void *ptr);

/**
 * kevent_remove - remove a request by its name
 * @fd: descriptor of the queue
 * @type: KEVENT_UNOTIFY, KEVENT_SIGNAL or KEVENT_TIMER
 * @id: the name of the source of user events, the signal as it was given, or the period
 *      of the timer in nanoseconds
 *
 * Return: 0, or -1 with errno EINVAL, ENOENT.
 */
int kevent_remove(int fd, unsigned int type, unsigned long long id);

/**
 * struct kevent_queue - a queue with a ring in kernel memory, for one thread
 * @fd: the queue's descriptor
 * @ring: the mapped ring
 * @num: number of entries
 * @uidx: index of the next event to return
 * @taken: number of events that were returned and not yet committed
 * @there: number of events from @uidx on, as the kernel last reported it
 *
 * The caller provides the memory, and kevent_open() fills it in. Programs may use @fd.
 */
struct kevent_queue {
	int fd;
	struct kevent_ring *ring;
	unsigned int num;
	unsigned int uidx;
	unsigned int taken;
	unsigned int there;
};

/**
 * kevent_open - create a queue with a ring in kernel memory and map the ring
 * @q: filled in; the caller must release it with kevent_close()
 * @num: entries of the ring, 2 to 65536
 * @flags: KEVENT_INIT_CLOEXEC and KEVENT_INIT_NONBLOCK, or 0
 *
 * Return: 0, or -1 with errno of kevent_init(2) or mmap(); @q is then not to be closed.
 */
int kevent_open(struct kevent_queue *q, unsigned int num, unsigned int flags);

/**
 * kevent_next - return the next event of the ring
 * @q: the queue
 * @timeout_ms: the longest time to wait if the ring is empty, in milliseconds; negative:
 *              no limit
 *
 * When the ring is empty, the events that were returned are committed together. Entries of
 * events that the kernel has withdrawn are skipped. Events that another consumer of the queue
 * commits meanwhile are not returned, unless this consumer knows of them already.
 *
 * Return: the event, which is in the ring and valid until the next call; or NULL with
 * errno ETIMEDOUT if no event came in time or the queue is non-blocking and empty; EINTR
 * if a signal came; or another error of kevent_wait(2) or kevent_commit(2).
 */
const struct ukevent *kevent_next(struct kevent_queue *q, int timeout_ms);

/**
 * kevent_timer_create - create a POSIX timer that posts into a queue
 * @fd: descriptor of the queue
 * @clock: any clock that timer_create() takes
 * @ptr: cookie that each event carries
 * @timer: filled in with the timer, which timer_settime() starts and timer_delete() deletes
 *
 * This calls the kernel directly, because the timer_create() of a C library may not pass
 * SIGEV_KEVENT on.
 *
 * Return: 0, or -1 with errno of timer_create(); ENOSPC over the user's limit.
 */
int kevent_timer_create(int fd, clockid_t clock, void *ptr, timer_t *timer);

/**
 * kevent_close - unmap the ring and close the queue
 * @q: the queue, as kevent_open() filled it in
 */
void kevent_close(struct kevent_queue *q);

#ifdef __cplusplus
}
#endif
#endif /* KEVENT_H */
