// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libuv's backend for the event channel, and with UV_KEVENT for kevent: the functions of
 * src/unix/epoll.c, in place of that file.
 *
 * libuv expects level-triggered events. Its handles do not block, and a user of uv_poll_t is
 * told to expect events that do not hold, so an event that is out of date costs a callback
 * that finds nothing. libuv collects changes until it waits, and the channel gets them in one
 * call. Events that arrived meanwhile are taken out of the ring without a call. A condition
 * whose event was taken is polled again by the next call, which comes when the ring is empty,
 * or after LAPS rounds at the latest.
 */
#include <limits.h>

#ifdef UV_KEVENT
#include <kevent.h>
#else
#include <evchan.h>
#endif

#include "internal.h"

#define LAPS	8	/* most rounds in a row that only take events from the ring */
#define ROUND	512	/* most events of a round */
#define BATCH	64	/* most changes of a call */

struct taken {
	int fd, events;	/* fd is -1 if it was closed after the event was taken */
};

/*
 * What differs between the two interfaces: uv__epoll_init(), queue_set() of several watchers,
 * which returns 0 or an error, queue_unset(), and queue_wait(), without an end if @ms is -1.
 */
#ifdef UV_KEVENT
int uv__epoll_init(uv_loop_t *loop)
{
	loop->backend_fd = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	return loop->backend_fd < 0 ? UV__ERR(errno) : 0;
}

static int queue_set(uv_loop_t *loop, uv__io_t **w, int n)
{
	for (int i = 0; i < n; i++) {
		struct ukevent uk = {
			.id.raw = { (__u32)w[i]->fd }, .type = KEVENT_POLL, .event = w[i]->pevents,
			.req_flags = KEVENT_REQ_LAST_CHECK | KEVENT_REQ_ALWAYS_QUEUE,
			.ptr = (void *)(intptr_t)w[i]->fd,
		};
		int fd = loop->backend_fd, add = !w[i]->events;

		if (!kevent_request(fd, add ? KEVENT_CTL_ADD : KEVENT_CTL_MODIFY, &uk))
			continue;
		/* A watcher that was stopped has left its request. */
		if (errno != EEXIST || kevent_request(fd, KEVENT_CTL_MODIFY, &uk))
			return errno;
	}
	return 0;
}

static void queue_unset(uv_loop_t *loop, int fd)
{
	kevent_unwatch(loop->backend_fd, KEVENT_POLL, fd);
}

static int queue_wait(uv_loop_t *loop, struct taken *t, int ms)
{
	struct ukevent uk[ROUND];
	int n = kevent_get_events(loop->backend_fd, 1, ROUND,
				  ms < 0 ? UINT_MAX : (unsigned int)ms, uk, 0);

	for (int i = 0; i < n; i++)
		t[i] = (struct taken){ (int)(intptr_t)uk[i].ptr, uk[i].event };
	return n;
}
#else
/* The loop's channel is a new member of its internal fields. */
#define channel_of(loop) (uv__get_internal_fields(loop)->channel)

void uv__channel_destroy(uv_loop_t *loop)
{
	if (channel_of(loop))
		ec_destroy(channel_of(loop));
	channel_of(loop) = NULL;
}

/* libuv closes backend_fd itself, so that is a descriptor of its own. */
int uv__epoll_init(uv_loop_t *loop)
{
	channel_of(loop) = ec_create(EVCHAN_CLOEXEC);
	loop->backend_fd = channel_of(loop) ? fcntl(ec_fd(channel_of(loop)), F_DUPFD_CLOEXEC, 0) : -1;
	if (loop->backend_fd >= 0)
		return 0;
	SAVE_ERRNO(uv__channel_destroy(loop));
	return UV__ERR(errno);
}

static int queue_set(uv_loop_t *loop, uv__io_t **w, int n)
{
	struct evchan_change c[BATCH];
	int done;

	for (int i = 0; i < n; i++)
		c[i] = (struct evchan_change){
			.op = EVCHAN_SET, .type = EVCHAN_POLL, .flags = EVCHAN_LEVEL,
			.events = w[i]->pevents, .args = { (uint64_t)w[i]->fd }, .data = (uint64_t)w[i]->fd,
		};
	done = evchan_ctl(loop->backend_fd, c, (unsigned int)n, sizeof(*c), EVCHAN_CTL_STOP);
	return done < 0 ? errno : done < n ? -c[done].result : 0;
}

static void queue_unset(uv_loop_t *loop, int fd)
{
	ec_unwatch(channel_of(loop), EVCHAN_POLL, fd);
}

static int queue_wait(uv_loop_t *loop, struct taken *t, int ms)
{
	struct __kernel_timespec to = { ms / 1000, ms % 1000 * 1000000L };
	unsigned int *laps = &uv__get_internal_fields(loop)->laps;
	ec_t ec = channel_of(loop);
	int call = *laps >= LAPS || ec_must_call(ec), n = 0;
	struct ec_cursor at;
	event_data_t e;

	/* The call returns at once if the ring has events, after it has polled what is due. */
	for (;; call = 1) {
		if (call && evchan_wait(ec_fd(ec), ms != 0, 0, ms < 0 ? NULL : &to, NULL, 0) < 0)
			return -1;
		at = ec_begin(ec);
		while (n < ROUND && ec_next(ec, &at, &e))
			t[n++] = (struct taken){ (int)e.data, e.events };
		ec_end(ec, &at);
		*laps = call ? 0 : *laps + 1;
		if (n || call)
			return n;
	}
}
#endif

/* A descriptor is closed. Events of it that were taken are not delivered. */
void uv__platform_invalidate_fd(uv_loop_t *loop, int fd)
{
	struct taken *t = (struct taken *)loop->watchers[loop->nwatchers];
	uintptr_t n = (uintptr_t)loop->watchers[loop->nwatchers + 1];

	for (uintptr_t i = 0; t && i < n; i++)
		if (t[i].fd == fd)
			t[i].fd = -1;
	if (loop->backend_fd >= 0)
		queue_unset(loop, fd);
}

/* Can the descriptor be watched? */
int uv__io_check_fd(uv_loop_t *loop, int fd)
{
	uv__io_t w = { .fd = fd, .pevents = POLLIN };
	int err = queue_set(loop, &(uv__io_t *){ &w }, 1);

	if (!err)
		queue_unset(loop, fd);
	return UV__ERR(err);
}

static void apply_changes(uv_loop_t *loop)
{
	uv__io_t *w[BATCH];
	int n = 0;

	while (!QUEUE_EMPTY(&loop->watcher_queue)) {
		w[n] = QUEUE_DATA(QUEUE_HEAD(&loop->watcher_queue), uv__io_t, watcher_queue);
		QUEUE_REMOVE(&w[n]->watcher_queue);
		QUEUE_INIT(&w[n]->watcher_queue);
		/* A watcher that has stopped and started again may ask for what it did before. */
		n += w[n]->events != w[n]->pevents;
		if (n < BATCH && !QUEUE_EMPTY(&loop->watcher_queue))
			continue;
		if (n && queue_set(loop, w, n))
			abort();
		for (; n; n--)
			w[n - 1]->events = w[n - 1]->pevents;
	}
}

static void call(uv_loop_t *loop, uv__io_t *w, unsigned int events)
{
	uv__metrics_update_idle_time(loop);
	w->cb(loop, w, events);
}

/* Call the watchers of events. Returns how many had one. */
static int deliver(uv_loop_t *loop, struct taken *t, int n)
{
	unsigned int events, signals = 0, delivered = 0;

	loop->watchers[loop->nwatchers] = (void *)t;
	loop->watchers[loop->nwatchers + 1] = (void *)(uintptr_t)n;
	for (int i = 0; i < n; i++) {
		uv__io_t *w = t[i].fd >= 0 ? loop->watchers[t[i].fd] : NULL;
		if (!w && t[i].fd >= 0)
			queue_unset(loop, t[i].fd);	/* nothing watches it any more */
		events = w ? t[i].events & (w->pevents | POLLERR | POLLHUP) : 0;
		/* Reading or writing finds the error, so call what is watched. */
		if (events == POLLERR || events == POLLHUP)
			events |= w->pevents;
		delivered += events != 0;
		/* Those of signals come last, because their callbacks may end others. */
		if (w == &loop->signal_io_watcher)
			signals = events;
		else if (events)
			call(loop, w, events);
	}
	if (signals)
		call(loop, &loop->signal_io_watcher, signals);
	loop->watchers[loop->nwatchers] = loop->watchers[loop->nwatchers + 1] = NULL;
	return delivered;
}

void uv__io_poll(uv_loop_t *loop, int timeout)
{
	/* With this option a wait that does not sleep comes first, and is not idle time. */
	int n, ms = uv__get_internal_fields(loop)->flags & UV_METRICS_IDLE_TIME ? 0 : timeout;
	uint64_t end = loop->time + (uint64_t)timeout;
	struct taken t[ROUND];
	sigset_t profile;

	if (!loop->nfds)
		return;
	apply_changes(loop);
	sigemptyset(&profile);
	sigaddset(&profile, SIGPROF);
	for (;;) {
		if (ms)
			uv__metrics_set_provider_entry_time(loop);
		if (loop->flags & UV_LOOP_BLOCK_SIGPROF)
			pthread_sigmask(SIG_BLOCK, &profile, NULL);
		n = queue_wait(loop, t, ms);
		if (n < 0 && errno != EINTR)
			abort();
		if (loop->flags & UV_LOOP_BLOCK_SIGPROF)
			pthread_sigmask(SIG_UNBLOCK, &profile, NULL);
		SAVE_ERRNO(uv__update_time(loop));
		if (n > 0 && deliver(loop, t, n))
			return;
		if (!timeout || (timeout > 0 && loop->time >= end))
			return;
		ms = timeout < 0 ? -1 : (int)(end - loop->time);
	}
}
