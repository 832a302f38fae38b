// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of both interfaces in one form, for a queue and for a source with a cookie.
 * Each function returns the result of its call, or a negative errno.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "torture.h"

static size_t ring_length(unsigned int slots)
{
	size_t length = sizeof(struct kevent_ring) + slots * sizeof(struct ukevent);

	return (length + 4095) & ~4095UL;
}

int queue_open(unsigned int slots)
{
	struct world *w = world;

	w->slots = slots;
	if (w->face == EVCHAN) {
		w->ec = ec_create_sized(0, slots);
		w->fd = w->ec ? ec_fd(w->ec) : -1;
		return w->fd < 0 ? -1 : 0;
	}
	if (w->face == KEVENT) {
		w->fd = kevent_init(NULL, 0, 0);
		return w->fd < 0 ? -1 : 0;
	}
	w->ring_length = ring_length(slots);
	if (w->face == KEVENT_OWN_RING) {
		w->ring = mmap(NULL, w->ring_length, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (w->ring == MAP_FAILED)
			return -1;
		memset(w->ring, 0, w->ring_length);
		w->fd = kevent_init(w->ring, slots, 0);
		return w->fd < 0 ? -1 : 0;
	}
	w->fd = kevent_init(NULL, slots, 0);
	if (w->fd < 0)
		return -1;
	w->ring = mmap(NULL, w->ring_length, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	return w->ring == MAP_FAILED ? -1 : 0;
}

void queue_close(void)
{
	struct world *w = world;

	if (w->ec) {
		ec_destroy(w->ec);
		return;
	}
	if (w->ring)
		munmap(w->ring, w->ring_length);
	close(w->fd);
}

static struct evchan_change change_of(struct source *s, uint16_t op, uint64_t cookie)
{
	struct evchan_change c = {
		.op = op, .type = s->kind->type, .events = s->kind->events, .data = cookie,
		.id = s->index,
		.flags = s->mode == LEVEL ? EVCHAN_LEVEL : s->mode == ONESHOT ? EVCHAN_ONESHOT : 0,
	};

	switch (s->kind->type) {
	case EVCHAN_TIMER:
		c.args[0] = CLOCK_MONOTONIC;
		c.args[1] = s->period;
		c.args[2] = s->period;
		break;
	case EVCHAN_SIGNAL:
		c.id = (uint64_t)s->fd | EVCHAN_SIGNAL_NOMASK;
		break;
	case EVCHAN_USER:
		break;
	default:
		c.args[0] = (uint64_t)s->fd;
		break;
	}
	return c;
}

static int change(struct source *s, uint16_t op, uint64_t cookie)
{
	struct evchan_change c = change_of(s, op, cookie);

	if (op == EVCHAN_DEL)
		c = (struct evchan_change){ .op = op, .type = c.type, .id = c.id,
					    .args = { c.args[0] } };
	if (op == EVCHAN_DEL && (c.type == EVCHAN_TIMER || c.type == EVCHAN_INODE))
		c.args[0] = 0;
	if (evchan_ctl(world->fd, &c, 1, sizeof(c), 0) < 0)
		return -errno;
	return c.result;
}

static struct ukevent request_of(struct source *s, uint64_t cookie)
{
	struct ukevent uk = {
		.id.raw = { (uint32_t)s->fd }, .type = s->kind->type,
		.event = s->kind->events,
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE,
	};

	memcpy(uk.user, &cookie, sizeof(cookie));
	if (s->mode == EDGE)
		uk.req_flags |= KEVENT_REQ_ET;
	else if (s->mode == ONESHOT)
		uk.req_flags |= KEVENT_REQ_ONESHOT | (s->keep ? KEVENT_REQ_KEEP : 0);
	switch (s->kind->type) {
	case KEVENT_TIMER:
		uk.id.raw[0] = (uint32_t)(s->period / 1000000000);
		uk.id.raw[1] = (uint32_t)(s->period % 1000000000);
		break;
	case KEVENT_SIGNAL:
		uk.id.raw_u64 = (uint64_t)s->fd | KEVENT_SIGNAL_NOMASK;
		break;
	case KEVENT_UNOTIFY:
		uk.id.raw_u64 = s->index;
		break;
	case KEVENT_INODE:
		uk.event = KEVENT_INODE_CREATE;
		uk.id.raw[1] = s->index;
		break;
	}
	return uk;
}

static int request(struct source *s, unsigned int cmd, uint64_t cookie)
{
	struct ukevent uk = request_of(s, cookie);

	return kevent_request(world->fd, cmd, &uk) ? -errno : 0;
}

int queue_add(struct source *s, uint64_t cookie)
{
	return world->ec ? change(s, EVCHAN_ADD, cookie) : request(s, KEVENT_CTL_ADD, cookie);
}

int queue_mod(struct source *s, uint64_t cookie)
{
	return world->ec ? change(s, EVCHAN_MOD, cookie) : request(s, KEVENT_CTL_MODIFY, cookie);
}

int queue_del(struct source *s)
{
	return world->ec ? change(s, EVCHAN_DEL, 0) : request(s, KEVENT_CTL_REMOVE, 0);
}

int queue_post(struct source *s, uint64_t value)
{
	if (world->ec)
		return ec_post(world->ec, s->index, value) ? -errno : 0;
	return kevent_post(world->fd, s->index) ? -errno : 0;
}

void queue_hand_over(void)
{
	if (world->ec)
		ec_hand_over(world->ec);
	else
		kevent_ctl(world->fd, KEVENT_CTL_READY, 0, NULL);
}
