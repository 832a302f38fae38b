// SPDX-License-Identifier: GPL-2.0-only
/* epoll in its fastest use: edge-triggered, with large batches. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench.h"

struct set {
	int fd;
	uint32_t flags;
	unsigned int most;
	struct epoll_event *events;	/* NULL: each thread has its own */
};

#define THREAD_EVENTS	64

static void *set_open(const struct setup *s)
{
	struct set *e = calloc(1, sizeof(*e));

	e->fd = epoll_create1(0);
	e->flags = s->level ? 0 : EPOLLET;
	e->most = s->batch ?: 4096;
	if (!s->threads)
		e->events = calloc(e->most, sizeof(*e->events));
	else if (e->most > THREAD_EVENTS)
		e->most = THREAD_EVENTS;
	return e;
}

static int change_all(struct set *e, int op, const int *fds, unsigned int n,
		      unsigned int first, uint32_t events)
{
	for (unsigned int i = 0; i < n; i++) {
		struct epoll_event ev = { .events = events | e->flags, .data.u32 = first + i };

		if (epoll_ctl(e->fd, op, fds[i], &ev))
			return -1;
	}
	return 0;
}

static int set_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	return change_all(q, EPOLL_CTL_ADD, fds, n, first, EPOLLIN);
}

static int set_modify(void *q, const int *fds, unsigned int n, uint32_t events)
{
	return change_all(q, EPOLL_CTL_MOD, fds, n, 0, events);
}

static unsigned int fetch(struct set *e, uint32_t *cookies, unsigned int max, int ms)
{
	struct epoll_event mine[THREAD_EVENTS], *events = e->events ?: mine;
	int n = epoll_wait(e->fd, events, max < e->most ? max : e->most, ms);

	for (int i = 0; i < n; i++)
		cookies[i] = events[i].data.u32;
	return n < 0 ? 0 : n;
}

static unsigned int set_collect(void *q, uint32_t *cookies, unsigned int max)
{
	return fetch(q, cookies, max, 0);
}

static unsigned int set_wait(void *q, uint32_t *cookies, unsigned int max)
{
	return fetch(q, cookies, max, -1);
}

static void set_close(void *q)
{
	struct set *e = q;

	close(e->fd);
	free(e->events);
	free(e);
}

static const char *const variants[] = { "", NULL };

const struct api api_epoll = {
	.name = "epoll", .variants = variants, .batches = true, .open = set_open,
	.add = set_add, .modify = set_modify, .collect = set_collect, .wait = set_wait,
	.close = set_close,
};
