// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers. The value of an event is the number of periods since the previous event, so the
 * sum over all events of a registration is the number of periods since it began.
 */
#include <errno.h>
#include <time.h>

#include "torture.h"

static int clock_open(struct source *s)
{
	(void)s;
	return 0;
}

static void clock_close(struct source *s)
{
	(void)s;
}

/* A timer needs no producer. */
static int clock_produce(struct source *s)
{
	(void)s;
	return -1;
}

static int posix_add(struct source *s, uint64_t cookie)
{
	struct itimerspec its = {
		.it_value = { 0, (long)s->period }, .it_interval = { 0, (long)s->period },
	};
	int ret;

	if (world->ec)
		ret = ec_timer_create(world->ec, CLOCK_MONOTONIC, cookie, &s->timer);
	else
		ret = kevent_timer_create(world->fd, CLOCK_MONOTONIC,
					  (void *)(uintptr_t)cookie, &s->timer);
	if (ret || timer_settime(s->timer, 0, &its, NULL))
		return -errno;
	return 0;
}

static int posix_del(struct source *s)
{
	return timer_delete(s->timer) ? -errno : 0;
}

const struct kind clock_kinds[] = {
	{ .name = "timer", .class = CLOCK, .type = EVCHAN_TIMER, .events = EVCHAN_FIRED,
	  .modes = 1 << EDGE, .open = clock_open, .close = clock_close,
	  .produce = clock_produce },
	{ .name = "posix-timer", .class = CLOCK, .type = EVCHAN_POSIX_TIMER,
	  .events = EVCHAN_FIRED, .modes = 1 << EDGE, .no_modify = true,
	  .open = clock_open, .close = clock_close, .produce = clock_produce,
	  .add = posix_add, .del = posix_del },
};
const unsigned int nr_clock = sizeof(clock_kinds) / sizeof(*clock_kinds);
