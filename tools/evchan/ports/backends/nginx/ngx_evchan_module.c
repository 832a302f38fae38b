// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * nginx's event module for the event channel: "use evchan;" in the events block.
 *
 * Connections are edge-triggered, as with nginx's epoll module, so their events need no system
 * call as long as there are some in the ring. Listening sockets are level-triggered: after an
 * event of one was taken, the next call polls it again. That call comes when the ring is
 * empty, or after LAPS rounds at the latest.
 *
 * nginx closes a descriptor without removing its registration. The file's registration goes
 * with it, but an event that was posted before may still be in the ring. So the module keeps
 * the id of each descriptor's registration, and ignores events that have another one.
 *
 * Each worker makes its channel after it was forked, and does not fork itself.
 */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <evchan.h>
#include <poll.h>

/* Rounds in which events are only taken from the ring, one after the other. */
#define LAPS	8
#define ROUND	512	/* events in one round */
#define NOTIFY	1	/* the user event by which threads notify the worker */

static ec_t ec;
static ngx_uint_t laps;		/* rounds since the last call, if a call is due */
static uint64_t *ids;		/* by descriptor; 0: none */
static ngx_uint_t nids;
static ngx_event_t notify_event;

static ngx_int_t make_room(ngx_uint_t fd)
{
	ngx_uint_t n = fd * 2 + 64;
	uint64_t *bigger = fd < nids ? ids : realloc(ids, n * sizeof(*ids));

	if (!bigger || fd < nids)
		return bigger ? NGX_OK : NGX_ERROR;
	ngx_memzero(bigger + nids, (n - nids) * sizeof(*ids));
	ids = bigger, nids = n;
	return NGX_OK;
}

/* Register a connection, or modify its registration. */
static ngx_int_t set(ngx_connection_t *c, uint32_t events, ngx_uint_t flags)
{
	struct evchan_change change = {
		.op = flags & NGX_EXCLUSIVE_EVENT ? EVCHAN_ADD : EVCHAN_SET,
		.type = EVCHAN_POLL,
		.flags = flags & NGX_CLEAR_EVENT ? EVCHAN_EDGE : EVCHAN_LEVEL,
		.events = events,
		.data = (uintptr_t)c,
		.args = { (uint64_t)c->fd },
	};

	if (flags & NGX_EXCLUSIVE_EVENT)
		change.flags |= EVCHAN_EXCLUSIVE;
	if (make_room((ngx_uint_t)c->fd) != NGX_OK || ec_change(ec, &change) < 0) {
		ngx_log_error(NGX_LOG_ALERT, c->log, ngx_errno, "evchan_ctl(SET, %d) failed", c->fd);
		return NGX_ERROR;
	}
	/* An addition returns its id; a modification leaves it as it is. */
	if (change.id)
		ids[c->fd] = change.id;
	return NGX_OK;
}

static ngx_int_t unset(ngx_connection_t *c, ngx_uint_t flags)
{
	if ((ngx_uint_t)c->fd < nids)
		ids[c->fd] = 0;
	if (flags & NGX_CLOSE_EVENT)
		return NGX_OK;
	if (ec_unwatch(ec, EVCHAN_POLL, c->fd) >= 0)
		return NGX_OK;
	ngx_log_error(NGX_LOG_ALERT, c->log, ngx_errno, "evchan_ctl(DEL, %d) failed", c->fd);
	return NGX_ERROR;
}

static uint32_t bits(ngx_int_t event)
{
	return event == NGX_READ_EVENT ? POLLIN | POLLRDHUP : POLLOUT;
}

/* The bits of the other direction, if that is registered. */
static uint32_t others(ngx_connection_t *c, ngx_int_t event)
{
	if (event == NGX_READ_EVENT)
		return c->write->active ? bits(NGX_WRITE_EVENT) : 0;
	return c->read->active ? bits(NGX_READ_EVENT) : 0;
}

static ngx_int_t add_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
	ngx_connection_t *c = ev->data;

	if (set(c, bits(event) | others(c, event), flags) != NGX_OK)
		return NGX_ERROR;
	ev->active = 1;
	return NGX_OK;
}

static ngx_int_t del_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
	ngx_connection_t *c = ev->data;
	uint32_t left = flags & NGX_CLOSE_EVENT ? 0 : others(c, event);
	ngx_int_t ret = left ? set(c, left, flags) : unset(c, flags);

	if (ret == NGX_OK)
		ev->active = 0;
	return ret;
}

static ngx_int_t add_connection(ngx_connection_t *c)
{
	if (set(c, bits(NGX_READ_EVENT) | bits(NGX_WRITE_EVENT), NGX_CLEAR_EVENT) != NGX_OK)
		return NGX_ERROR;
	c->read->active = c->write->active = 1;
	return NGX_OK;
}

static ngx_int_t del_connection(ngx_connection_t *c, ngx_uint_t flags)
{
	if (unset(c, flags) != NGX_OK)
		return NGX_ERROR;
	c->read->active = c->write->active = 0;
	return NGX_OK;
}

/* Called by other threads. */
static ngx_int_t notify(ngx_event_handler_pt handler)
{
	notify_event.data = handler;
	return ec_post(ec, NOTIFY, 1) < 0 ? NGX_ERROR : NGX_OK;
}

static void dispatch(ngx_event_t *ev, ngx_uint_t flags)
{
	ngx_queue_t *later = ev->accept ? &ngx_posted_accept_events : &ngx_posted_events;

	ev->ready = 1;
	if (!(flags & NGX_POST_EVENTS))
		ev->handler(ev);
	else
		ngx_post_event(ev, later);
}

static void handle(const event_data_t *e, ngx_uint_t flags)
{
	ngx_uint_t fd = (uint32_t)e->id;
	ngx_connection_t *c = (ngx_connection_t *)(uintptr_t)e->data;
	uint32_t events = e->events;

	if (e->type == EVCHAN_USER)
		((ngx_event_handler_pt)notify_event.data)(&notify_event);
	if (e->type == EVCHAN_USER || fd >= nids || ids[fd] != e->id)
		return;		/* or of a descriptor that was closed meanwhile */
	if (c->read->accept)
		laps = laps ? laps : 1;
	/* Errors are found by reading or writing, whatever is watched. */
	if (events & (POLLERR | POLLHUP))
		events |= POLLIN | POLLOUT;
	if (events & POLLIN && c->read->active) {
		if (events & POLLRDHUP)
			c->read->pending_eof = 1;
		c->read->available = -1;
		dispatch(c->read, flags);
	}
	/* That may have closed it. */
	if (events & POLLOUT && ids[fd] == e->id && c->write->active) {
#if (NGX_THREADS)
		c->write->complete = 1;
#endif
		dispatch(c->write, flags);
	}
}

static ngx_int_t process_events(ngx_cycle_t *cycle, ngx_msec_t timer, ngx_uint_t flags)
{
	struct __kernel_timespec to = { (long)(timer / 1000), (long)(timer % 1000) * 1000000 };
	struct ec_cursor at;
	event_data_t e;
	int there = 0, failed = 0;

	laps += laps != 0;
	at = ec_begin(ec);
	if (laps <= LAPS && !ec_must_call(ec))
		there = ec_next(ec, &at, &e);
	if (!there) {
		laps = 0;
		/* This returns at once if the ring has events. */
		failed = evchan_wait(ec_fd(ec), 1, 0, timer == NGX_TIMER_INFINITE ? NULL : &to, NULL,
				     0) < 0;
		if (failed && ngx_errno != NGX_EINTR)
			ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "evchan_wait() failed");
		there = ec_next(ec, &at, &e);
	}
	if (flags & NGX_UPDATE_TIME || ngx_event_timer_alarm)
		ngx_time_update();
	ngx_event_timer_alarm = 0;
	for (int n = 1; there; n++) {
		/* The handlers may end the process. */
		ec_end(ec, &at);
		handle(&e, flags);
		there = n < ROUND && ec_next(ec, &at, &e);
	}
	return failed ? NGX_ERROR : NGX_OK;
}

static ngx_int_t init(ngx_cycle_t *cycle, ngx_msec_t timer);

static void done(ngx_cycle_t *cycle)
{
	ec_destroy(ec);
	free(ids);
	ec = NULL, ids = NULL, nids = 0;
}

static ngx_str_t name = ngx_string("evchan");

static ngx_event_module_t context = {
	&name, NULL, NULL,
	{ add_event, del_event, add_event, del_event, add_connection, del_connection, notify,
	  process_events, init, done }
};

static ngx_int_t init(ngx_cycle_t *cycle, ngx_msec_t timer)
{
	if (!ec)
		ec = ec_create(EVCHAN_CLOEXEC);
	if (!ec || ec_user(ec, NOTIFY, 0) < 0) {
		ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno, "no event channel");
		return NGX_ERROR;
	}
	notify_event.log = cycle->log;
	ngx_io = ngx_os_io;
	ngx_event_actions = context.actions;
	/* As with epoll: POLLRDHUP tells that a connection was closed. */
	ngx_use_epoll_rdhup = 1;
	ngx_event_flags = NGX_USE_CLEAR_EVENT | NGX_USE_GREEDY_EVENT | NGX_USE_EPOLL_EVENT;
	return NGX_OK;
}

ngx_module_t ngx_evchan_module = {
	NGX_MODULE_V1, &context, NULL, NGX_EVENT_MODULE,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL, NGX_MODULE_V1_PADDING
};
