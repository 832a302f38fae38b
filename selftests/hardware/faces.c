// SPDX-License-Identifier: GPL-2.0-only
/*
 * An adapter that drives a channel and a kevent queue with a ring alike, through their
 * libraries.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware.h"

struct face faces[FACES] = { { .name = "evchan" }, { .name = "kevent" } };

void faces_open(void)
{
	faces[0].ec = ec_create_sized(EVCHAN_CLOEXEC, RING);
	if (!faces[0].ec)
		err(1, "evchan_create");
	if (kevent_open(&faces[1].queue, RING, KEVENT_INIT_CLOEXEC))
		err(1, "kevent_init");
	faces[0].events = faces[1].events = 0;
}

int face_fd(struct face *f)
{
	return f->ec ? ec_fd(f->ec) : f->queue.fd;
}

/* The number of events that found the ring full, from the queue's fdinfo. */
static unsigned long long overflowed(struct face *f)
{
	unsigned long long n = 0;
	char path[64], line[256];
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", face_fd(f));
	info = fopen(path, "r");
	if (!info)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "overflowed: %llu", &n) == 1)
			break;
	fclose(info);
	return n;
}

void faces_close(int may_fit)
{
	for (struct face *f = faces; f < faces + FACES; f++) {
		unsigned long long n = overflowed(f);

		note("%s: %lu events, %llu of them found the ring full", f->name, f->events, n);
		expect(may_fit || n, "%s: the ring of %d was never full", f->name, RING);
	}
	ec_destroy(faces[0].ec);
	kevent_close(&faces[1].queue);
}

void faces_watch(unsigned int type, int fd, uint32_t events, uint64_t data)
{
	if (ec_watch(faces[0].ec, type, fd, events, 0, data) < 0)
		err(1, "evchan: watching");
	if (kevent_watch(faces[1].queue.fd, type, fd, events, KEVENT_REQ_ET,
			 (void *)(uintptr_t)data))
		err(1, "kevent: watching");
}

void face_timer(struct face *f, uint64_t period_ns, uint64_t data)
{
	if (f->ec ? ec_timer(f->ec, data, CLOCK_MONOTONIC, period_ns, period_ns, data) < 0 :
	    kevent_timer(f->queue.fd, period_ns, KEVENT_REQ_ET, (void *)(uintptr_t)data))
		err(1, "%s: timer", f->name);
}

void face_user(struct face *f, uint64_t id)
{
	if (f->ec ? ec_user(f->ec, id, id) < 0 :
	    kevent_user(f->queue.fd, id, (void *)(uintptr_t)id))
		err(1, "%s: user events", f->name);
}

void face_post(struct face *f, uint64_t id, uint64_t value)
{
	if (f->ec ? ec_post(f->ec, id, value) < 0 : kevent_post(f->queue.fd, id))
		err(1, "%s: posting", f->name);
}

static int evchan_next(struct face *f, struct got *g, int ms)
{
	struct timespec to = { ms / 1000, ms % 1000 * 1000000L };
	event_data_t d;
	int n;

	do
		n = ec_wait_events(f->ec, &d, 1, 1, &to);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err(1, "evchan_wait");
	if (n)
		*g = (struct got){
			.data = d.data, .value = (int64_t)d.value,
			.count = d.type == EVCHAN_USER ? d.extra[0] : d.value,
		};
	return n;
}

static int kevent_next_got(struct face *f, struct got *g, int ms)
{
	const struct ukevent *uk;

	do
		uk = kevent_next(&f->queue, ms);
	while (!uk && errno == EINTR);
	if (!uk && errno != ETIMEDOUT)
		err(1, "kevent_wait");
	if (uk)
		*g = (struct got){
			.data = (uintptr_t)uk->ptr, .value = (int32_t)uk->ret_data[0],
			.count = uk->ret_data[uk->type == KEVENT_TIMER],
		};
	return !!uk;
}

int face_next(struct face *f, struct got *g, int ms)
{
	return f->ec ? evchan_next(f, g, ms) : kevent_next_got(f, g, ms);
}
