// SPDX-License-Identifier: MIT
/*
 * Queues that are no local variables: a static one, and one that is a member of a
 * structure, with what is asked of them and the value for none.
 */
#include <kevent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reader {
	int queue;
	int fd;
	unsigned int taken;
};

static int main_queue = -1;

static int start(void)
{
	if (main_queue != -1)
		return 0;
	main_queue = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	if (main_queue < 0) {
		perror("queue");
		return -1;
	}
	return 0;
}

static void stop(struct reader *r)
{
	if (r->queue != -1)
		close(r->queue);
	r->queue = -1;
	close(main_queue);
	main_queue = -1;
}

static int reader_start(struct reader *r, int fd)
{
	r->queue = kevent_init(NULL, 0, 0);
	r->fd = fd;
	r->taken = 0;
	if (r->queue == -1)
		return -1;
	return kevent_watch(r->queue, KEVENT_PIPE, fd, KEVENT_SOCKET_RECV, 0, r);
}

static void reader_take(struct reader *r)
{
	struct ukevent ev;
	char c;

	if (kevent_get_events(r->queue, 1, 1, UINT_MAX, &ev, 0) != 1)
		return;
	if (ev.ptr == r && read((int)ev.id.raw[0], &c, 1) == 1)
		r->taken++;
}

int main(void)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct ukevent ev;
	int p[2], i, told = 0;

	if (!r || pipe(p) || start() || start() || reader_start(r, p[0]))
		return 1;
	if (kevent_watch(main_queue, KEVENT_PIPE, p[0], KEVENT_SOCKET_RECV, 0, NULL))
		return 1;
	for (i = 0; i < 10; i++) {
		if (write(p[1], "x", 1) != 1)
			return 1;
		if (kevent_get_events(main_queue, 1, 1, UINT_MAX, &ev, 0) == 1)
			told++;
		reader_take(r);
	}
	printf("told %d, taken %u\n", told, r->taken);
	stop(r);
	printf("stopped: %s\n", r->queue == -1 && main_queue == -1 ? "yes" : "no");
	free(r);
	return 0;
}
