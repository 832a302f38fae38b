// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libevent's backend for the event channel: poll sources, level- or edge-triggered as the
 * event asks for. Events are taken out of the ring without a system call, so edge-triggered
 * ones need none for as long as there are events.
 *
 * Level-triggered ones need two in each round of the loop. An event is posted when it
 * happens, and its condition may be over when its callback is due, which users of libevent
 * do not expect: one poll(2) checks all events that were taken. And evchan_wait() must
 * recheck the conditions whose events were taken.
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
	int look;	/* level-triggered events were taken, so a wait must recheck them */
	event_data_t events[ROUND];
	struct pollfd now[ROUND];
};

/* What libevent keeps for us with each descriptor. */
struct evchan_fd {
	uint64_t id;	/* of the registration, 0: none. Tells its late events apart */
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
	/* An addition returns its id; a modification leaves it as it is. */
	if (!c.id && !info->id) {
		/*
		 * An old registration, which could not be removed because the descriptor was
		 * closed then.
		 */
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
	/* After a fork libevent re-adds descriptors that no longer have an event. */
	if (!(events & (EV_READ | EV_WRITE | EV_CLOSED)))
		return 0;
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
	/* Closing a file has removed its registration. */
	if (ec_unwatch(b->ec, EVCHAN_POLL, fd) < 0 && errno != ENOENT && errno != EBADF) {
		event_warn("evchan_ctl(DEL) on fd %d", (int)fd);
		return -1;
	}
	return 0;
}

static void activate(struct event_base *base, evutil_socket_t fd, uint32_t events)
{
	short what = 0;

	if (events & POLLERR || (events & POLLHUP && !(events & POLLRDHUP))) {
		what = EV_READ | EV_WRITE;
	} else {
		what |= events & POLLIN ? EV_READ : 0;
		what |= events & POLLOUT ? EV_WRITE : 0;
		what |= events & POLLRDHUP ? EV_CLOSED : 0;
	}
	if (what)
		evmap_io_active_(base, fd, what | EV_ET);
}

static void activate_all(struct event_base *base, struct evchan_base *b, int n)
{
	nfds_t level = 0;

	for (int i = 0; i < n; i++) {
		const event_data_t *e = &b->events[i];
		evutil_socket_t fd = (evutil_socket_t)e->data;
		struct evchan_fd *info = evmap_io_get_fdinfo_(&base->io, fd);

		if (!info || info->id != e->id)
			continue;	/* of a descriptor that was closed meanwhile */
		if (info->level)
			b->now[level++] = (struct pollfd){ fd, (short)e->events, 0 };
		else
			activate(base, fd, e->events);
	}
	b->look = level > 0;
	if (level && poll(b->now, level, 0) > 0) {
		for (nfds_t i = 0; i < level; i++) {
			if (!(b->now[i].revents & POLLNVAL))
				activate(base, b->now[i].fd, (uint32_t)b->now[i].revents);
		}
	}
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
	activate_all(base, b, n);
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
