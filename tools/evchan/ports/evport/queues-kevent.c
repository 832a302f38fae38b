// SPDX-License-Identifier: MIT
/*
 * Queues of every scope: a static variable, a global one among others, a member of a
 * structure that is passed by pointer, a parameter, a result, and an argument of a thread;
 * with their tests, and with -1 where there is no queue.
 */
#include <kevent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reader {
	int number, queue, fd;
	unsigned int taken;
};

typedef struct {
	struct reader *reader;
	int back;
} state_t;

static int main_queue = -1;
int verbose, spare_queue = -1, unused;

static int make_queue(unsigned int flags)
{
	int made = kevent_init(NULL, 0, flags);

	if (made < 0)
		return -1;
	return made;
}

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

static void end(int *queue)
{
	if (*queue >= 0)
		close(*queue);
	*queue = -1;
}

static void stop(struct reader *r)
{
	end(&r->queue);
	if (main_queue > -1)
		close(main_queue);
	main_queue = -1;
}

static int reader_start(struct reader *r, int fd)
{
	if ((r->queue = make_queue(0)) == -1)
		return -1;
	r->fd = fd;
	r->taken = 0;
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

static void *answer(void *arg)
{
	state_t *state = arg;
	int queue = state->back;

	kevent_post(queue, 7);
	return NULL;
}

static int ready(int queue)
{
	struct pollfd p = { .events = POLLIN };

	p.fd = queue;
	return poll(&p, 1, 5000);
}

int main(void)
{
	struct reader *r = calloc(1, sizeof(*r));
	state_t state = { .reader = r, .back = -1 };
	struct ukevent ev;
	int p[2], i, told = 0;
	pthread_t t;

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
	spare_queue = make_queue(KEVENT_INIT_CLOEXEC);
	if (spare_queue < 0 || kevent_user(spare_queue, 7, &state))
		return 1;
	state.back = spare_queue;
	pthread_create(&t, NULL, answer, &state);
	printf("ready %d\n", ready(spare_queue));
	if (kevent_get_events(spare_queue, 1, 1, UINT_MAX, &ev, 0) == 1 && ev.ptr == &state)
		printf("answered\n");
	pthread_join(t, NULL);
	stop(r);
	end(&spare_queue);
	printf("stopped: %s\n", r->queue == -1 && main_queue == -1 && spare_queue < 0 ? "yes" : "no");
	free(r);
	return verbose + unused;
}
