// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libevent's backend for kevent: poll requests on a queue without a ring, and one
 * kevent_get_events() in each round of the loop. An event is queued when it happens, and
 * its condition may be over when its callback is due, which users of libevent do not expect
 * of level-triggered events: they use LAST_CHECK, which checks again at delivery.
 */
#include "event2/event-config.h"
#include "evconfig-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <kevent.h>

#include "event-internal.h"
#include "evmap-internal.h"
#include "evsignal-internal.h"
#include "evthread-internal.h"
#include "log-internal.h"
#include "mm-internal.h"
#include "util-internal.h"

/* Events fetched in one round. */
#define ROUND	256

struct kevent_base {
	int fd;
	unsigned int additions;
	struct ukevent events[ROUND];
};

/* What libevent keeps for us with each descriptor. */
struct kevent_fd {
	unsigned int number;	/* of the request, 0: none. Tells its late events apart */
};

static void *kevent_base_init(struct event_base *base)
{
	struct kevent_base *b = mm_calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->fd = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	if (b->fd < 0) {
		if (errno != ENOSYS)
			event_warn("kevent_init");
		mm_free(b);
		return NULL;
	}
	evsig_init_(base);
	return b;
}

static int set(struct event_base *base, evutil_socket_t fd, short old, short events,
	       struct kevent_fd *info)
{
	struct kevent_base *b = base->evbase;
	struct ukevent uk = {
		.type = KEVENT_POLL,
		.id.raw[0] = (__u32)fd,
		.event = (events & EV_READ ? KEVENT_POLL_POLLIN : 0) |
			 (events & EV_WRITE ? KEVENT_POLL_POLLOUT : 0) |
			 (events & EV_CLOSED ? KEVENT_POLL_POLLRDHUP : 0),
		.req_flags = (events & EV_ET ? KEVENT_REQ_ET : KEVENT_REQ_LAST_CHECK) |
			     KEVENT_REQ_ALWAYS_QUEUE,
		.user = { (__u32)fd, info->number },
	};

	/* ENOENT: the descriptor was closed and opened again, which has removed the request. */
	if (old && info->number) {
		if (!kevent_request(b->fd, KEVENT_CTL_MODIFY, &uk))
			return 0;
		if (errno != ENOENT)
			goto failed;
	}
	info->number = ++b->additions ? b->additions : ++b->additions;
	uk.user[1] = info->number;
	if (!kevent_request(b->fd, KEVENT_CTL_ADD, &uk))
		return 0;
	/* An old request, which could not be removed because the descriptor was closed then. */
	if (errno == EEXIST && !kevent_request(b->fd, KEVENT_CTL_MODIFY, &uk))
		return 0;
failed:
	event_warn("kevent_ctl on fd %d", (int)fd);
	return -1;
}

static int kevent_add(struct event_base *base, evutil_socket_t fd, short old, short events,
		      void *info)
{
	/* After a fork libevent re-adds descriptors that no longer have an event. */
	if (!(events & (EV_READ | EV_WRITE | EV_CLOSED)))
		return 0;
	return set(base, fd, old, old | events, info);
}

static int kevent_del(struct event_base *base, evutil_socket_t fd, short old, short events,
		      void *p)
{
	struct kevent_base *b = base->evbase;
	short left = (old & ~events) & (EV_READ | EV_WRITE | EV_CLOSED);
	struct kevent_fd *info = p;

	if (left)
		return set(base, fd, old, left | (events & EV_ET), info);
	info->number = 0;
	/* Closing a file has removed its request. */
	if (kevent_unwatch(b->fd, KEVENT_POLL, fd) && errno != ENOENT && errno != EBADF) {
		event_warn("kevent_ctl(REMOVE) on fd %d", (int)fd);
		return -1;
	}
	return 0;
}

static void activate(struct event_base *base, const struct ukevent *uk)
{
	evutil_socket_t fd = (evutil_socket_t)uk->user[0];
	struct kevent_fd *info = evmap_io_get_fdinfo_(&base->io, fd);
	short what = 0;

	if (!info || info->number != uk->user[1])
		return;		/* of a descriptor that was closed meanwhile */
	if (uk->event & KEVENT_POLL_POLLERR ||
	    (uk->event & KEVENT_POLL_POLLHUP && !(uk->event & KEVENT_POLL_POLLRDHUP))) {
		what = EV_READ | EV_WRITE;
	} else {
		what |= uk->event & KEVENT_POLL_POLLIN ? EV_READ : 0;
		what |= uk->event & KEVENT_POLL_POLLOUT ? EV_WRITE : 0;
		what |= uk->event & KEVENT_POLL_POLLRDHUP ? EV_CLOSED : 0;
	}
	if (what)
		evmap_io_active_(base, fd, what | EV_ET);
}

static int kevent_dispatch(struct event_base *base, struct timeval *tv)
{
	struct kevent_base *b = base->evbase;
	unsigned int ms = UINT_MAX;
	int n;

	if (tv) {
		long wanted = evutil_tv_to_msec_(tv);

		ms = wanted < 0 || wanted > INT_MAX ? INT_MAX : (unsigned int)wanted;
	}
	EVBASE_RELEASE_LOCK(base, th_base_lock);
	n = kevent_get_events(b->fd, 1, ROUND, ms, b->events, 0);
	EVBASE_ACQUIRE_LOCK(base, th_base_lock);

	if (n < 0 && errno != EINTR) {
		event_warn("kevent_get_events");
		return -1;
	}
	for (int i = 0; i < n; i++)
		activate(base, &b->events[i]);
	return 0;
}

static void kevent_dealloc(struct event_base *base)
{
	struct kevent_base *b = base->evbase;

	evsig_dealloc_(base);
	close(b->fd);
	mm_free(b);
}

const struct eventop keventops = {
	"kevent",
	kevent_base_init,
	kevent_add,
	kevent_del,
	kevent_dispatch,
	kevent_dealloc,
	1, /* need reinit */
	EV_FEATURE_ET | EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE,
	sizeof(struct kevent_fd)
};
