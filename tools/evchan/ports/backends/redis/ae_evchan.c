// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * redis's backend ("ae") for the event channel, and with AE_KEVENT for kevent. ae.c includes
 * this file in place of ae_epoll.c.
 *
 * redis expects level-triggered events: a handler reads once, and is called again if there is
 * more. Descriptors do not block, so an event that is out of date costs a read that finds
 * nothing. redis removes a registration before it closes the descriptor, and after that no
 * event of it comes, so an event needs no other cookie than the number of the descriptor.
 *
 * Through the channel, events that arrived while requests were served are taken out of the ring
 * without a system call. A condition whose event was taken is polled again by the next call,
 * which comes when the ring is empty, or after LAPS rounds at the latest.
 *
 * After a fork the queue is the parent's. redis forks to save its data, and such a child must
 * not change what the parent watches. If a child uses its event loop, it gets a queue of its
 * own first, with the same descriptors in it.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>

#ifdef AE_KEVENT
#include <kevent.h>
#define AE_BACKEND "kevent"
#else
#include <evchan.h>
#define AE_BACKEND "evchan"
#endif

/* Rounds in which events are only taken from the ring, one after the other. */
#define LAPS	8
/* Events that one kevent_get_events() fetches. */
#define BATCH	128

typedef struct aeApiState {
#ifdef AE_KEVENT
	int fd;
	struct ukevent events[BATCH];
#else
	ec_t ec;
	int laps;		/* rounds since the last call */
#endif
	unsigned int forks;	/* of this process, when the queue was made */
} aeApiState;

static unsigned int forks;	/* counts in each child */

static void count_fork(void)
{
	forks++;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static uint32_t poll_bits(int mask)
{
	return (mask & AE_READABLE ? POLLIN : 0) | (mask & AE_WRITABLE ? POLLOUT : 0);
}

static void fired(aeEventLoop *loop, int n, int fd, uint32_t events)
{
	int mask = (events & POLLIN ? AE_READABLE : 0) | (events & POLLOUT ? AE_WRITABLE : 0);

	if (events & (POLLERR | POLLHUP))
		mask = AE_READABLE | AE_WRITABLE;
	loop->fired[n].fd = fd;
	loop->fired[n].mask = mask;
}

/*
 * What differs between the two interfaces: queue_open(), queue_close(), queue_set(), which
 * adds or modifies, queue_unset() and queue_wait(), which waits for a time, or without an end
 * if that is NULL, and returns how many events it has stored, or -1.
 */
#ifdef AE_KEVENT
static int queue_open(aeApiState *state)
{
	state->fd = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	return state->fd < 0 ? -1 : 0;
}

static void queue_close(aeApiState *state)
{
	close(state->fd);
}

static int queue_set(aeApiState *state, int fd, int mask)
{
	return kevent_watch(state->fd, KEVENT_POLL, fd, poll_bits(mask), KEVENT_REQ_LAST_CHECK,
			    (void *)(intptr_t)fd);
}

static void queue_unset(aeApiState *state, int fd)
{
	kevent_unwatch(state->fd, KEVENT_POLL, fd);
}

static int queue_wait(aeEventLoop *loop, const struct timeval *timeout)
{
	aeApiState *state = loop->apidata;
	unsigned int max = loop->setsize < BATCH ? (unsigned int)loop->setsize : BATCH;
	unsigned int ms = UINT_MAX;
	int n;

	/* Rounded up, or the end of a timeout would be a busy loop. */
	if (timeout)
		ms = (unsigned int)(timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000);
	n = kevent_get_events(state->fd, 1, max, ms, state->events, 0);
	for (int i = 0; i < n; i++)
		fired(loop, i, (int)(intptr_t)state->events[i].ptr, state->events[i].event);
	return n;
}
#else
static int queue_open(aeApiState *state)
{
	state->ec = ec_create(EVCHAN_CLOEXEC);
	state->laps = 0;
	return state->ec ? 0 : -1;
}

static void queue_close(aeApiState *state)
{
	ec_destroy(state->ec);
}

static int queue_set(aeApiState *state, int fd, int mask)
{
	return ec_watch(state->ec, EVCHAN_POLL, fd, poll_bits(mask), EVCHAN_LEVEL, (uint64_t)fd);
}

static void queue_unset(aeApiState *state, int fd)
{
	ec_unwatch(state->ec, EVCHAN_POLL, fd);
}

static int take_all(aeEventLoop *loop)
{
	aeApiState *state = loop->apidata;
	struct ec_cursor at = ec_begin(state->ec);
	event_data_t e;
	int n = 0;

	while (n < loop->setsize && ec_next(state->ec, &at, &e))
		fired(loop, n++, (int)e.data, e.events);
	ec_end(state->ec, &at);
	return n;
}

static int queue_wait(aeEventLoop *loop, const struct timeval *timeout)
{
	aeApiState *state = loop->apidata;
	struct __kernel_timespec to;
	int n;

	if (state->laps < LAPS && !ec_must_call(state->ec)) {
		n = take_all(loop);
		state->laps++;
		if (n)
			return n;
	}
	state->laps = 0;
	if (timeout)
		to = (struct __kernel_timespec){ timeout->tv_sec, timeout->tv_usec * 1000 };
	/* This returns at once if the ring has events, and polls what must be polled before. */
	if (evchan_wait(ec_fd(state->ec), 1, 0, timeout ? &to : NULL, NULL, 0) < 0)
		return -1;
	return take_all(loop);
}
#endif

/* The state of a loop, with a queue of this process. */
static aeApiState *own(aeEventLoop *loop)
{
	aeApiState *state = loop->apidata;

	if (state->forks == forks)
		return state;
	queue_close(state);
	if (queue_open(state) < 0)
		panic("aeApi" AE_BACKEND ": no queue for a child process, %s", strerror(errno));
	state->forks = forks;
	for (int fd = 0; fd <= loop->maxfd; fd++) {
		if (loop->events[fd].mask & (AE_READABLE | AE_WRITABLE))
			queue_set(state, fd, loop->events[fd].mask);
	}
	return state;
}

static int aeApiCreate(aeEventLoop *loop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	aeApiState *state = zmalloc(sizeof(*state));

	pthread_once(&once, watch_forks);
	state->forks = forks;
	if (queue_open(state) < 0) {
		zfree(state);
		return -1;
	}
	loop->apidata = state;
	return 0;
}

/* The queue does not depend on the number of descriptors. */
static int aeApiResize(aeEventLoop *loop, int setsize)
{
	AE_NOTUSED(loop), AE_NOTUSED(setsize);
	return 0;
}

static void aeApiFree(aeEventLoop *loop)
{
	queue_close(loop->apidata);
	zfree(loop->apidata);
}

static int aeApiAddEvent(aeEventLoop *loop, int fd, int mask)
{
	return queue_set(own(loop), fd, mask | loop->events[fd].mask);
}

static void aeApiDelEvent(aeEventLoop *loop, int fd, int mask)
{
	int left = loop->events[fd].mask & ~mask;

	if (left & (AE_READABLE | AE_WRITABLE))
		queue_set(own(loop), fd, left);
	else
		queue_unset(own(loop), fd);
}

static int aeApiPoll(aeEventLoop *loop, struct timeval *timeout)
{
	int n = own(loop) ? queue_wait(loop, timeout) : 0;

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		panic("aeApiPoll: " AE_BACKEND ", %s", strerror(errno));
	return n < 0 ? 0 : n;
}

static char *aeApiName(void)
{
	return AE_BACKEND;
}
