// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: a wait-queue callback that does nothing. No interface can cost less. Needs a
 * kernel with CONFIG_EVCORE_BENCH.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static void *floor_open(const struct setup *s)
{
	int *fd = malloc(sizeof(*fd));

	(void)s;
	*fd = open("/sys/kernel/debug/evcore_floor", O_WRONLY);
	if (*fd >= 0)
		return fd;
	free(fd);
	return NULL;
}

static int floor_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	(void)first;
	for (unsigned int i = 0; i < n; i++)
		if (write(*(int *)q, &fds[i], sizeof(fds[i])) != sizeof(fds[i]))
			return -1;
	return 0;
}

static unsigned int floor_collect(void *q, uint32_t *cookies, unsigned int max)
{
	(void)q;
	(void)cookies;
	(void)max;
	return 0;
}

static void floor_close(void *q)
{
	close(*(int *)q);
	free(q);
}

static const char *const variants[] = { "", NULL };

const struct api api_floor = {
	.name = "floor", .variants = variants, .open = floor_open, .add = floor_add,
	.collect = floor_collect, .wait = floor_collect, .close = floor_close,
};
