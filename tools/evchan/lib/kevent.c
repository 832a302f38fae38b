// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libkevent: the system calls, helpers for single requests, and a reader of a mapped ring.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kevent.h"

/*
 * Programs of 2006 define wrappers under the names of the calls. So those names are weak
 * here, and the library itself uses only the kevent_sys_ names.
 */
#define CALLED(name, ...) \
	int kevent_##name(__VA_ARGS__) __attribute__((weak, alias("kevent_sys_" #name)))

int kevent_sys_init(struct kevent_ring *ring, unsigned int num, unsigned int flags)
{
	return (int)syscall(__NR_kevent_init, ring, num, flags);
}
CALLED(init, struct kevent_ring *ring, unsigned int num, unsigned int flags);

int kevent_sys_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg)
{
	return (int)syscall(__NR_kevent_ctl, fd, cmd, num, arg);
}
CALLED(ctl, int fd, unsigned int cmd, unsigned int num, struct ukevent *arg);

/*
 * The call removes events from the queue, so a thread must not be cancelled in it: the
 * events in its buffer would be lost. Test for cancellation only before.
 */
int kevent_sys_get_events(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
			  unsigned int timeout_ms, void *buf, unsigned int flags)
{
	pthread_testcancel();
	return (int)syscall(__NR_kevent_get_events, ctl_fd, min_nr, max_nr, timeout_ms,
			    buf, flags);
}
CALLED(get_events, int ctl_fd, unsigned int min_nr, unsigned int max_nr,
       unsigned int timeout_ms, void *buf, unsigned int flags);

/*
 * The call consumes nothing, so a thread may be cancelled anywhere in it. Do not change
 * the cancellation type of a thread that has disabled cancellation: it may hold a lock.
 */
int kevent_sys_wait(int ctl_fd, unsigned int num, unsigned int old_uidx,
		    const struct __kernel_timespec *timeout, unsigned int flags)
{
	int state, old, ret, err;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	if (state == PTHREAD_CANCEL_DISABLE)
		return (int)syscall(__NR_kevent_wait, ctl_fd, num, old_uidx, timeout, flags);
	pthread_setcancelstate(state, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	ret = (int)syscall(__NR_kevent_wait, ctl_fd, num, old_uidx, timeout, flags);
	err = errno;
	pthread_setcanceltype(old, NULL);
	errno = err;
	return ret;
}
CALLED(wait, int ctl_fd, unsigned int num, unsigned int old_uidx,
       const struct __kernel_timespec *timeout, unsigned int flags);

int kevent_sys_commit(int ctl_fd, unsigned int new_uidx, unsigned int over)
{
	return (int)syscall(__NR_kevent_commit, ctl_fd, new_uidx, over);
}
CALLED(commit, int ctl_fd, unsigned int new_uidx, unsigned int over);

/*
 * --- timers up to take 15 of 2006: id.raw[0] is the period in milliseconds ---
 *
 * A program may use raw[1] to distinguish several timers of the same period. Keep it as
 * the nanoseconds below the milliseconds, which lengthens the period by as much.
 */

#define NS_OF_MS	1000000

/*
 * Convert the timers among @num requests, which need not be aligned. Return -1 if a raw[1]
 * is too large to be kept.
 */
static int timers_from_ms(void *requests, unsigned int num)
{
	char *at = requests;
	struct ukevent uk;

	for (unsigned int i = 0; i < num; i++, at += sizeof(uk)) {
		memcpy(&uk, at, sizeof(uk));
		if (uk.type != KEVENT_TIMER)
			continue;
		if (uk.id.raw[1] >= NS_OF_MS)
			return -1;
		uk.id.raw[1] += uk.id.raw[0] % 1000 * NS_OF_MS;
		uk.id.raw[0] /= 1000;
		memcpy(at, &uk, sizeof(uk));
	}
	return 0;
}

static void timers_to_ms(void *requests, unsigned int num)
{
	char *at = requests;
	struct ukevent uk;

	for (unsigned int i = 0; i < num; i++, at += sizeof(uk)) {
		memcpy(&uk, at, sizeof(uk));
		if (uk.type != KEVENT_TIMER)
			continue;
		uk.id.raw[0] = uk.id.raw[0] * 1000 + uk.id.raw[1] / NS_OF_MS;
		uk.id.raw[1] %= NS_OF_MS;
		memcpy(at, &uk, sizeof(uk));
	}
}

int kevent_sys_ctl_ms(int fd, unsigned int cmd, unsigned int num, void *arg)
{
	unsigned int sane = num <= 65536 && arg ? num : 0;
	int ret;

	for (unsigned int i = 0; i < sane; i++) {
		if (!timers_from_ms((char *)arg + i * sizeof(struct ukevent), 1))
			continue;
		timers_to_ms(arg, i);
		errno = EINVAL;
		return -1;
	}
	ret = kevent_sys_ctl(fd, cmd, num, arg);
	timers_to_ms(arg, sane);
	return ret;
}

int kevent_sys_get_events_ms(int ctl_fd, unsigned int min_nr, unsigned int max_nr,
			     unsigned int timeout_ms, void *buf, unsigned int flags)
{
	int n = kevent_sys_get_events(ctl_fd, min_nr, max_nr, timeout_ms, buf, flags);

	if (n > 0)
		timers_to_ms(buf, (unsigned int)n);
	return n;
}

/* Generation 1: struct kevent_user_control and two commands of kevent_compat.h. */
struct control {
	unsigned int cmd;
	unsigned int num;
	unsigned int timeout;
};

enum { CONTROL_WAIT = 3, CONTROL_INIT = 4 };

/* Wait for @num events; without a timeout, for one event and at most a second. */
static int control_wait(int fd, const struct control *c, void *events)
{
	unsigned int min = c->timeout ? c->num : 1;
	int n;

	if (!c->num)
		return 0;
	n = kevent_sys_get_events_ms(fd, min, c->num, c->timeout ? c->timeout : 1000, events, 0);
	return n < 0 && errno == EINTR ? 0 : n;
}

int kevent_sys_control(int fd, void *buf)
{
	char *behind = (char *)buf + sizeof(struct control);
	struct control c;
	int ret;

	memcpy(&c, buf, sizeof(c));
	switch (c.cmd) {
	case CONTROL_INIT:
		return kevent_sys_init(NULL, 0, 0);
	case CONTROL_WAIT:
		ret = control_wait(fd, &c, behind);
		break;
	default:
		ret = kevent_sys_ctl_ms(fd, c.cmd, c.num, behind);
		if (c.cmd != KEVENT_CTL_ADD)
			return ret;
	}
	/* The number of events, or of additions that finished at once. */
	if (ret >= 0) {
		c.num = (unsigned int)ret;
		memcpy(buf, &c, sizeof(c));
	}
	return ret;
}
int kevent_control(int fd, void *buf) __attribute__((weak, alias("kevent_sys_control")));

void kevent_perror(const char *what)
{
	int err = errno;

	/* A kernel that has the call refuses a ring of one entry. */
	if (err == ENOSYS && kevent_sys_init(NULL, 1, 0) < 0 && errno == ENOSYS)
		fprintf(stderr, "%s: this kernel has no kevent; boot one with CONFIG_KEVENT "
			"(make patch), or use tools/evchan/vm -- COMMAND\n", what);
	else
		fprintf(stderr, "%s: %s\n", what, strerror(err));
	errno = err;
}

int kevent_request(int fd, unsigned int cmd, struct ukevent *uk)
{
	/* The kernel writes no answer for an addition that succeeds: clear the flags first. */
	uk->ret_flags = 0;
	if (kevent_sys_ctl(fd, cmd, 1, uk) < 0)
		return -1;
	if (!(uk->ret_flags & KEVENT_RET_BROKEN))
		return 0;
	errno = -(int)uk->ret_data[1];
	return -1;
}

/* Add a request, or modify it if it exists. */
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

/* The id of a request; for a timer, its period in seconds and nanoseconds. */
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

	/* The C library uses these signals itself; its sigaction() refuses them too. */
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
	q->fd = kevent_sys_init(NULL, num, flags);
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
 * Find the kernel's index, because another consumer of the queue has committed events: what it
 * has committed is not returned any more.
 */
static int find_index(struct kevent_queue *q)
{
	const struct __kernel_timespec now = { 0, 0 };
	unsigned int kidx, used;
	int n;

	/* Until no event came meanwhile. */
	do {
		kidx = __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE) % q->num;
		/* From the end on there is nothing, or a full ring. */
		n = kevent_sys_wait(q->fd, q->num, kidx, &now, 0);
		if (n >= 0 && (unsigned int)n < q->num)
			/* An index that is not in the ring stands for the kernel's own. */
			n = kevent_sys_wait(q->fd, q->num, (kidx + 1) % q->num, &now, 0);
		if (n < 0)
			return -1;
		used = (unsigned int)n;
	} while (kidx != __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE) % q->num);
	q->uidx = (kidx + q->num - used) % q->num;
	q->taken = 0;
	q->there = 0;
	return 0;
}

/*
 * Commit the events that were taken. An index equal to the kernel's own frees nothing, so
 * a full ring needs two commits.
 */
static int commit_taken(struct kevent_queue *q)
{
	while (q->taken) {
		unsigned int left = q->taken == q->num ? 1 : 0;
		unsigned int to = (q->uidx + q->num - left) % q->num;
		unsigned int over = __atomic_load_n(&q->ring->ring_over, __ATOMIC_ACQUIRE);
		int n = kevent_sys_commit(q->fd, to, over);

		if (n < 0 && errno != EINVAL && errno != EOVERFLOW)
			return -1;
		if (n != (int)(q->taken - left))
			return find_index(q);
		q->taken = left;
	}
	return 0;
}

/* Milliseconds of CLOCK_MONOTONIC. */
static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Wait until there are events from q->uidx on. @end: when to give up, if there is a timeout. */
static int wait_for_events(struct kevent_queue *q, int timeout_ms, long long end)
{
	long long left = timeout_ms < 0 ? 0 : timeout_ms;
	unsigned int uidx;
	int n;

	for (;;) {
		struct __kernel_timespec ts = { left / 1000, left % 1000 * 1000000 };

		n = kevent_sys_wait(q->fd, q->num, q->uidx, timeout_ms < 0 ? NULL : &ts, 0);
		if (n < 0)
			return -1;
		q->there = (unsigned int)n;
		/* As many as there are up to the end of the ring's events? */
		if (n && (q->uidx + (unsigned int)n) % q->num ==
			 __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE))
			return 0;
		/* Otherwise events have come since, or another consumer has committed some. */
		uidx = q->uidx;
		if (find_index(q))
			return -1;
		if (q->uidx == uidx) {
			q->there = (unsigned int)n;
			if (n)
				return 0;
			errno = ETIMEDOUT;
			return -1;
		}
		left = end - now_ms();
		if (left < 0)
			left = 0;
	}
}

const struct ukevent *kevent_next(struct kevent_queue *q, int timeout_ms)
{
	long long end = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
	const struct ukevent *uk;

	for (;;) {
		if (!q->there && (commit_taken(q) || wait_for_events(q, timeout_ms, end)))
			return NULL;
		uk = &q->ring->event[q->uidx];
		q->uidx = (q->uidx + 1) % q->num;
		q->taken++;
		q->there--;
		/* The kernel sets BROKEN only in entries that it has withdrawn: skip them. */
		if (!(uk->ret_flags & KEVENT_RET_BROKEN))
			return uk;
	}
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
	/* The C library represents a timer without a thread by its kernel id. */
	*timer = (timer_t)(intptr_t)id;
	return 0;
}

void kevent_close(struct kevent_queue *q)
{
	munmap(q->ring, map_length(q->num));
	close(q->fd);
}

/*
 * --- functions that programs of 2006 declare and do not define, see kevent_compat.h ---
 */

#include "kevent_compat.h"

int kevent_2_ctl(int fd, unsigned int cmd, unsigned int num, void *arg);
int kevent_2_get_events(int fd, unsigned int min_nr, unsigned int max_nr, unsigned int timeout_ms,
			void *buf, unsigned int flags);
int kevent_3_get_events(int fd, unsigned int min_nr, unsigned int max_nr, struct timespec timeout,
			void *buf, unsigned int flags);
int kevent_3_wait(int fd, unsigned int num, unsigned int old_uidx, struct timespec timeout,
		  unsigned int flags);

#define WEAK __attribute__((weak))

enum { GENERATION_2_INIT = 3 };

WEAK int kevent_2_ctl(int fd, unsigned int cmd, unsigned int num, void *arg)
{
	return cmd == GENERATION_2_INIT ? kevent_sys_init(NULL, 0, 0) :
					  kevent_sys_ctl_ms(fd, cmd, num, arg);
}

WEAK int kevent_2_get_events(int fd, unsigned int min_nr, unsigned int max_nr,
			     unsigned int timeout_ms, void *buf, unsigned int flags)
{
	return kevent_compat_waited(kevent_sys_get_events_ms(fd, min_nr, max_nr, timeout_ms,
							     buf, flags));
}

WEAK int kevent_3_get_events(int fd, unsigned int min_nr, unsigned int max_nr,
			     struct timespec timeout, void *buf, unsigned int flags)
{
	return kevent_compat_get(fd, min_nr, max_nr, kevent_compat_of_ts(timeout), buf, flags);
}

WEAK int kevent_3_wait(int fd, unsigned int num, unsigned int old_uidx, struct timespec timeout,
		       unsigned int flags)
{
	return kevent_compat_wait(fd, num, old_uidx, kevent_compat_of_ts(timeout), flags);
}
