// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libevent's backend for the event channel: poll sources, level- or
 * edge-triggered as the event asks for. Events are taken out of the ring without
 * a system call; there is one call for each round of the loop as long as
 * level-triggered conditions have to be looked at again, and none otherwise
 * while events are there.
 */
#include "event2/event-config.h"
#include "evconfig-private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/queue.h>

#include <evchan.h>

#include "event-internal.h"
#include "evmap-internal.h"
#include "evsignal-internal.h"
#include "evthread-internal.h"
#include "log-internal.h"
#include "mm-internal.h"

/* Events taken in one round. */
#define ROUND	256

struct evchan_base {
	ec_t ec;
	int look;	/* level-triggered events were taken: a call has to look again */
	event_data_t events[ROUND];
};

/* What libevent keeps with each descriptor for us. */
struct evchan_fd {
	uint64_t id;	/* the registration, 0: none. Its late events are not ours */
	int level;
};

static void *evchan_init(struct event_base *base)
{
	struct evchan_base *b = mm_calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->ec = ec_create(EVCHAN_CLOEXEC);
	if (!b->ec) {
		if (errno != ENOSYS)
			event_warn("evchan_create");
		mm_free(b);
		return NULL;
	}
	evsig_init_(base);
	return b;
}

static int set(struct event_base *base, evutil_socket_t fd, short events, struct evchan_fd *info)
{
	struct evchan_base *b = base->evbase;
	struct evchan_change c = {
		.op = EVCHAN_SET,
		.type = EVCHAN_POLL,
		.flags = events & EV_ET ? EVCHAN_EDGE : EVCHAN_LEVEL,
		.events = (events & EV_READ ? POLLIN : 0) | (events & EV_WRITE ? POLLOUT : 0) |
			  (events & EV_CLOSED ? POLLRDHUP : 0),
		.data = (uint64_t)fd,
		.args = { (uint64_t)fd },
	};

	if (ec_change(b->ec, &c) < 0) {
		event_warn("evchan_ctl(SET) on fd %d", (int)fd);
		return -1;
	}
	/* An addition says its id; a change keeps what it has. */
	if (!c.id && !info->id) {
		/* One that is left from before, as the descriptor was closed when it went. */
		ec_unwatch(b->ec, EVCHAN_POLL, fd);
		if (ec_change(b->ec, &c) < 0)
			return -1;
	}
	if (c.id)
		info->id = c.id;
	info->level = !(events & EV_ET);
	return 0;
}

static int evchan_add(struct event_base *base, evutil_socket_t fd, short old, short events,
		      void *info)
{
	return set(base, fd, old | events, info);
}

static int evchan_del(struct event_base *base, evutil_socket_t fd, short old, short events,
		      void *p)
{
	struct evchan_base *b = base->evbase;
	short left = (old & ~events) & (EV_READ | EV_WRITE | EV_CLOSED);
	struct evchan_fd *info = p;

	if (left)
		return set(base, fd, left | (events & EV_ET), info);
	info->id = 0;
	/* A file that was closed has taken its registration along. */
	if (ec_unwatch(b->ec, EVCHAN_POLL, fd) < 0 && errno != ENOENT && errno != EBADF) {
		event_warn("evchan_ctl(DEL) on fd %d", (int)fd);
		return -1;
	}
	return 0;
}

static void activate(struct event_base *base, struct evchan_base *b, const event_data_t *e)
{
	struct evchan_fd *info = evmap_io_get_fdinfo_(&base->io, (evutil_socket_t)e->data);
	short what = 0;

	if (!info || info->id != e->id)
		return;		/* of a descriptor closed meanwhile */
	if (info->level)
		b->look = 1;
	if (e->events & POLLERR || (e->events & POLLHUP && !(e->events & POLLRDHUP))) {
		what = EV_READ | EV_WRITE;
	} else {
		what |= e->events & POLLIN ? EV_READ : 0;
		what |= e->events & POLLOUT ? EV_WRITE : 0;
		what |= e->events & POLLRDHUP ? EV_CLOSED : 0;
	}
	if (what)
		evmap_io_active_(base, (evutil_socket_t)e->data, what | EV_ET);
}

static int evchan_dispatch(struct event_base *base, struct timeval *tv)
{
	struct evchan_base *b = base->evbase;
	struct __kernel_timespec to;
	int n = 0, ret = 0, wait;

	if (tv)
		to = (struct __kernel_timespec){ tv->tv_sec, tv->tv_usec * 1000 };
	EVBASE_RELEASE_LOCK(base, th_base_lock);
	while (n < ROUND && ec_take(b->ec, &b->events[n]))
		n++;
	wait = !n && (!tv || tv->tv_sec || tv->tv_usec);
	if (!n || b->look || ec_must_call(b->ec))
		ret = evchan_wait(b->ec->fd, wait, 0, tv ? &to : NULL, NULL, 0);
	while (n < ROUND && ec_take(b->ec, &b->events[n]))
		n++;
	EVBASE_ACQUIRE_LOCK(base, th_base_lock);

	if (ret < 0 && errno != EINTR) {
		event_warn("evchan_wait");
		return -1;
	}
	/*
	 * A condition is looked at again once its event is taken, so every one that
	 * holds is in the ring after a call or was taken in this round.
	 */
	b->look = 0;
	for (int i = 0; i < n; i++)
		activate(base, b, &b->events[i]);
	return 0;
}

static void evchan_dealloc(struct event_base *base)
{
	struct evchan_base *b = base->evbase;

	evsig_dealloc_(base);
	ec_destroy(b->ec);
	mm_free(b);
}

const struct eventop evchanops = {
	"evchan",
	evchan_init,
	evchan_add,
	evchan_del,
	evchan_dispatch,
	evchan_dealloc,
	1, /* need reinit */
	EV_FEATURE_ET | EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE,
	sizeof(struct evchan_fd)
};
