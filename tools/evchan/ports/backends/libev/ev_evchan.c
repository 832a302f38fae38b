// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libev's backend for the event channel. ev.c includes this file; EVBACKEND_EVCHAN is its bit.
 *
 * libev expects level-triggered events. It collects the changes of its watchers, and passes
 * them on before it waits; a descriptor may be closed by then, and its number used again. So
 * each registration has a number of its own, in the upper half of the cookie. An event with
 * another number is of a file that is still open elsewhere, and its registration is removed
 * by the id that the event has.
 *
 * Events that arrived while callbacks ran are taken out of the ring without a system call. A
 * condition whose event was taken is polled again by the next call, which comes when the ring
 * is empty, or after EVCHAN_LAPS rounds at the latest. What is out of date by then costs a
 * callback that finds nothing. libev tells its users to expect that, with any backend.
 */
#include <poll.h>

#include <evchan.h>

/* Rounds in which events are only taken from the ring, one after the other. */
#define EVCHAN_LAPS	8
/* Events in one round. */
#define EVCHAN_ROUND	1024
/* In ANFD.emask: the channel cannot watch the file, as an ordinary one, which is always ready. */
#define EVCHAN_ALWAYS	0x80

/* A loop's state, which is its member evchan_state. */
struct evchan_loop {
	ec_t ec;
	int laps;		/* rounds since the last call */
	unsigned int additions;
	int *always;		/* descriptors that are always ready */
	int alwayscnt, alwaysmax;
};

static void evchan_add_always(EV_P_ int fd)
{
	struct evchan_loop *s = evchan_state;

	for (int i = 0; i < s->alwayscnt; i++) {
		if (s->always[i] == fd)
			return;
	}
	array_needsize(int, s->always, s->alwaysmax, s->alwayscnt + 1, array_needsize_noinit);
	s->always[s->alwayscnt++] = fd;
}

static void evchan_modify(EV_P_ int fd, int old, int now)
{
	struct evchan_loop *s = evchan_state;
	ANFD *anfd = &anfds[fd];

	(void)old;
	anfd->emask = 0;
	anfd->egen = ++s->additions;
	if (!now) {
		/* If it was closed, there is nothing to remove. */
		ec_unwatch(s->ec, EVCHAN_POLL, fd);
		return;
	}
	/* This also discards an event of the old registration that was not taken. */
	if (!ec_watch(s->ec, EVCHAN_POLL, fd,
		      (now & EV_READ ? POLLIN : 0) | (now & EV_WRITE ? POLLOUT : 0), EVCHAN_LEVEL,
		      (uint64_t)anfd->egen << 32 | (uint32_t)fd))
		return;
	if (errno == EPERM) {
		anfd->emask = EVCHAN_ALWAYS;
		evchan_add_always(EV_A_ fd);
		return;
	}
	/* Its watchers are stopped, and called with EV_ERROR. */
	fd_kill(EV_A_ fd);
}

static int evchan_take_all(EV_P)
{
	struct evchan_loop *s = evchan_state;
	struct ec_cursor at = ec_begin(s->ec);
	event_data_t e;
	int n = 0;

	while (n < EVCHAN_ROUND && ec_next(s->ec, &at, &e)) {
		int fd = (int)(uint32_t)e.data, got = 0;

		n++;
		if (anfds[fd].egen != (unsigned int)(e.data >> 32)) {
			ec_remove(s->ec, EVCHAN_POLL, e.id);
			continue;
		}
		if (e.events & (POLLIN | POLLERR | POLLHUP))
			got |= EV_READ;
		if (e.events & (POLLOUT | POLLERR | POLLHUP))
			got |= EV_WRITE;
		fd_event(EV_A_ fd, got);
	}
	ec_end(s->ec, &at);
	return n;
}

static void evchan_feed_always(EV_P)
{
	struct evchan_loop *s = evchan_state;

	for (int i = s->alwayscnt; i--; ) {
		int fd = s->always[i], wanted = anfds[fd].events & (EV_READ | EV_WRITE);

		if (anfds[fd].emask & EVCHAN_ALWAYS && wanted)
			fd_event(EV_A_ fd, wanted);
		else
			s->always[i] = s->always[--s->alwayscnt];
	}
}

static void evchan_poll(EV_P_ ev_tstamp timeout)
{
	struct evchan_loop *s = evchan_state;
	struct __kernel_timespec to;
	int ret;

	if (s->alwayscnt) {
		evchan_feed_always(EV_A);
		timeout = 0;
	}
	if (s->laps < EVCHAN_LAPS && !ec_must_call(s->ec)) {
		s->laps++;
		if (evchan_take_all(EV_A))
			return;
	}
	s->laps = 0;
	to.tv_sec = (long)timeout;
	to.tv_nsec = (long)((timeout - (ev_tstamp)to.tv_sec) * 1e9);
	EV_RELEASE_CB;
	/* This returns at once if the ring has events, and polls what must be polled before. */
	ret = evchan_wait(ec_fd(s->ec), timeout > 0, 0, &to, NULL, 0);
	EV_ACQUIRE_CB;
	if (ret < 0 && errno != EINTR)
		ev_syserr("(libev) evchan_wait");
	evchan_take_all(EV_A);
}

/* The loop closes backend_fd itself, so that is a descriptor of its own. */
static int evchan_open(EV_P)
{
	evchan_state->ec = ec_create(EVCHAN_CLOEXEC);
	if (!evchan_state->ec)
		return -1;
	evchan_state->laps = 0;
	backend_fd = fcntl(ec_fd(evchan_state->ec), F_DUPFD_CLOEXEC, 0);
	if (backend_fd >= 0)
		return 0;
	ec_destroy(evchan_state->ec);
	return -1;
}

inline_size int evchan_init(EV_P_ int flags)
{
	(void)flags;
	evchan_state = (struct evchan_loop *)ev_malloc(sizeof(*evchan_state));
	memset(evchan_state, 0, sizeof(*evchan_state));
	if (evchan_open(EV_A) < 0) {
		ev_free(evchan_state);
		return 0;
	}
	backend_mintime = EV_TS_CONST(1e-6);
	backend_modify = evchan_modify;
	backend_poll = evchan_poll;
	return EVBACKEND_EVCHAN;
}

inline_size void evchan_destroy(EV_P)
{
	ec_destroy(evchan_state->ec);
	ev_free(evchan_state->always);
	ev_free(evchan_state);
}

/* In a child: the channel is the parent's. Make another one and register all again. */
ecb_cold static void evchan_fork(EV_P)
{
	close(backend_fd);
	ec_destroy(evchan_state->ec);
	while (evchan_open(EV_A) < 0)
		ev_syserr("(libev) evchan_create");
	fd_rearm_all(EV_A);
}
