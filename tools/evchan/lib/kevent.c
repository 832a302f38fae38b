// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libkevent: the system calls, and a reader of a mapped ring.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kevent.h"

#define NR_KEVENT_INIT		560
#define NR_KEVENT_CTL		561
#define NR_KEVENT_GET_EVENTS	562
#define NR_KEVENT_WAIT		563
#define NR_KEVENT_COMMIT	564

int kevent_init(struct kevent_ring *ring, unsigned int num, unsigned int flags)
{
	return (int)syscall(NR_KEVENT_INIT, ring, num, flags);
}

int kevent_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg)
{
	return (int)syscall(NR_KEVENT_CTL, fd, cmd, num, arg);
}

/*
 * Events leave the queue inside this call, so a thread is cancelled before it or
 * after it, never with events in its buffer that nobody knows of.
 */
int kevent_get_events(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
		      unsigned int timeout_ms, void *buf, unsigned int flags)
{
	pthread_testcancel();
	return (int)syscall(NR_KEVENT_GET_EVENTS, ctl_fd, min_nr, max_nr, timeout_ms,
			    buf, flags);
}

/* Consumes nothing: may be cancelled at any instant. */
int kevent_wait(int ctl_fd, unsigned int num, unsigned int old_uidx,
		const struct __kernel_timespec *timeout, unsigned int flags)
{
	int old, ret, err;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	ret = (int)syscall(NR_KEVENT_WAIT, ctl_fd, num, old_uidx, timeout, flags);
	err = errno;
	pthread_setcanceltype(old, NULL);
	errno = err;
	return ret;
}

int kevent_commit(int ctl_fd, unsigned int new_uidx, unsigned int over)
{
	return (int)syscall(NR_KEVENT_COMMIT, ctl_fd, new_uidx, over);
}

int kevent_request(int fd, unsigned int cmd, struct ukevent *uk)
{
	/* An addition answers only where it finished at once: no answer is no error. */
	uk->ret_flags = 0;
	if (kevent_ctl(fd, cmd, 1, uk) < 0)
		return -1;
	if (!(uk->ret_flags & KEVENT_RET_BROKEN))
		return 0;
	errno = -(int)uk->ret_data[1];
	return -1;
}

/* Add, or change what is there. */
static int set_request(int fd, struct ukevent *uk)
{
	uk->req_flags |= KEVENT_REQ_ALWAYS_QUEUE;
	if (!kevent_request(fd, KEVENT_CTL_ADD, uk))
		return 0;
	return errno == EEXIST ? kevent_request(fd, KEVENT_CTL_MODIFY, uk) : -1;
}

int kevent_watch(int fd, unsigned int type, int what, unsigned int event,
		 unsigned int req_flags, void *ptr)
{
	struct ukevent uk = {
		.id.raw = { (__u32)what }, .type = type, .event = event,
		.req_flags = req_flags, .ptr = ptr,
	};

	return set_request(fd, &uk);
}

int kevent_unwatch(int fd, unsigned int type, int what)
{
	struct ukevent uk = { .id.raw = { (__u32)what }, .type = type };

	return kevent_request(fd, KEVENT_CTL_REMOVE, &uk);
}

/* What names a source: for a timer its period in seconds and nanoseconds. */
static struct kevent_id source_id(unsigned int type, unsigned long long id)
{
	struct kevent_id kid = { .raw_u64 = id };

	if (type == KEVENT_TIMER) {
		kid.raw[0] = (__u32)(id / 1000000000);
		kid.raw[1] = (__u32)(id % 1000000000);
	}
	return kid;
}

int kevent_timer(int fd, unsigned long long period_ns, unsigned int req_flags, void *ptr)
{
	struct ukevent uk = {
		.id = source_id(KEVENT_TIMER, period_ns), .type = KEVENT_TIMER,
		.event = KEVENT_TIMER_FIRED, .req_flags = req_flags, .ptr = ptr,
	};

	return set_request(fd, &uk);
}

int kevent_watch_signal(int fd, unsigned long long sig, unsigned int req_flags, void *ptr)
{
	unsigned long long number = sig & ~KEVENT_SIGNAL_NOMASK;
	struct ukevent uk = {
		.id.raw_u64 = sig, .type = KEVENT_SIGNAL, .event = KEVENT_SIGNAL_DELIVERY,
		.req_flags = req_flags, .ptr = ptr,
	};

	/* Those between are the C library's own, as for sigaction(). */
	if (number >= 32 && number < (unsigned long long)SIGRTMIN) {
		errno = EINVAL;
		return -1;
	}
	return set_request(fd, &uk);
}

int kevent_user(int fd, unsigned long long id, void *ptr)
{
	struct ukevent uk = {
		.id.raw_u64 = id, .type = KEVENT_UNOTIFY, .event = 1, .ptr = ptr,
	};

	return set_request(fd, &uk);
}

int kevent_post(int fd, unsigned long long id)
{
	struct ukevent uk = { .id.raw_u64 = id, .type = KEVENT_UNOTIFY };

	return kevent_request(fd, KEVENT_CTL_READY, &uk);
}

int kevent_remove(int fd, unsigned int type, unsigned long long id)
{
	struct ukevent uk = { .id = source_id(type, id), .type = type };

	return kevent_request(fd, KEVENT_CTL_REMOVE, &uk);
}

static size_t map_length(unsigned int num)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t length = sizeof(struct kevent_ring) + num * sizeof(struct ukevent);

	return (length + page - 1) & ~(page - 1);
}

int kevent_open(struct kevent_queue *q, unsigned int num, unsigned int flags)
{
	void *map;

	*q = (struct kevent_queue){ .num = num };
	q->fd = kevent_init(NULL, num, flags);
	if (q->fd < 0)
		return -1;
	map = mmap(NULL, map_length(num), PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (map == MAP_FAILED) {
		int err = errno;

		close(q->fd);
		errno = err;
		return -1;
	}
	q->ring = map;
	return 0;
}

/*
 * Commit what was taken. The kernel takes an index equal to its own for nothing
 * consumed, so a whole ring goes in two steps.
 */
static int commit_taken(struct kevent_queue *q)
{
	while (q->taken) {
		unsigned int left = q->taken == q->num ? 1 : 0;
		unsigned int to = (q->uidx + q->num - left) % q->num;
		unsigned int over = __atomic_load_n(&q->ring->ring_over, __ATOMIC_ACQUIRE);
		int n = kevent_commit(q->fd, to, over);

		if (n < 0)
			return -1;
		q->taken -= (unsigned int)n;
	}
	return 0;
}

const struct ukevent *kevent_next(struct kevent_queue *q, int timeout_ms)
{
	struct __kernel_timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000LL };
	const struct ukevent *uk;
	int n;

	if (!q->there) {
		if (commit_taken(q))
			return NULL;
		n = kevent_wait(q->fd, q->num, q->uidx, timeout_ms < 0 ? NULL : &ts, 0);
		if (n <= 0) {
			if (!n)
				errno = ETIMEDOUT;
			return NULL;
		}
		q->there = (unsigned int)n;
	}
	uk = &q->ring->event[q->uidx];
	q->uidx = (q->uidx + 1) % q->num;
	q->taken++;
	q->there--;
	return uk;
}

int kevent_timer_create(int fd, clockid_t clock, void *ptr, timer_t *timer)
{
	struct sigevent ev = { .sigev_notify = SIGEV_KEVENT };
	int id;

	ev.sigev_value.sival_ptr = ptr;
	/* The queue's descriptor is first in the union. */
	memcpy(&ev._sigev_un, &fd, sizeof(fd));
	if (syscall(SYS_timer_create, clock, &ev, &id))
		return -1;
	/* What the C library makes of a timer that has no thread. */
	*timer = (timer_t)(intptr_t)id;
	return 0;
}

void kevent_close(struct kevent_queue *q)
{
	munmap(q->ring, map_length(q->num));
	close(q->fd);
}
