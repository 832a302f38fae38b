// SPDX-License-Identifier: GPL-2.0-only
/* poll(2): no registration, level-triggered; each call scans every descriptor. */
#include <poll.h>
#include <stdlib.h>

#include "bench.h"

struct list {
	struct pollfd *fds;
	unsigned int n;
};

static void *list_open(const struct setup *s)
{
	(void)s;
	return calloc(1, sizeof(struct list));
}

static int list_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	struct list *l = q;

	l->fds = realloc(l->fds, (first + n) * sizeof(*l->fds));
	for (unsigned int i = 0; i < n; i++)
		l->fds[first + i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	l->n = first + n;
	return 0;
}

static unsigned int fetch(struct list *l, uint32_t *cookies, unsigned int max, int ms)
{
	unsigned int n = 0;

	if (poll(l->fds, l->n, ms) <= 0)
		return 0;
	for (unsigned int i = 0; i < l->n && n < max; i++)
		if (l->fds[i].revents)
			cookies[n++] = i;
	return n;
}

static unsigned int list_collect(void *q, uint32_t *cookies, unsigned int max)
{
	return fetch(q, cookies, max, 0);
}

static unsigned int list_wait(void *q, uint32_t *cookies, unsigned int max)
{
	return fetch(q, cookies, max, -1);
}

static void list_close(void *q)
{
	struct list *l = q;

	free(l->fds);
	free(l);
}

static const char *const variants[] = { "", NULL };

const struct api api_poll = {
	.name = "poll", .variants = variants, .always_level = true, .open = list_open,
	.add = list_add, .collect = list_collect, .wait = list_wait, .close = list_close,
};
