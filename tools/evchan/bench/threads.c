// SPDX-License-Identifier: GPL-2.0-only
/* Two threads that wake each other, both waiting through the interface. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct player {
	const struct api *api;
	void *q;
	int other;		/* eventfd that the other one waits for */
	unsigned int rounds;
};

static void hit(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		fail("write to an eventfd: %s", strerror(errno));
}

static void await(struct player *p)
{
	uint32_t cookie;

	while (!p->api->wait(p->q, &cookie, 1))
		if (errno != EINTR && errno != EAGAIN && errno)
			fail("%s: waiting: %s", p->api->name, strerror(errno));
}

static void *answer(void *arg)
{
	struct player *p = arg;

	for (unsigned int i = 0; i < p->rounds; i++) {
		await(p);
		hit(p->other);
	}
	return NULL;
}

/* Instructions for a round trip: two events, two waits, two context switches. */
double bench_pingpong(const struct api *api, const struct options *o)
{
	struct player players[2];
	int *fds = make_eventfds(2);
	double start = 0;
	pthread_t t;

	for (int i = 0; i < 2; i++) {
		players[i] = (struct player){
			.api = api, .q = api->open(&o->setup), .other = fds[!i],
			.rounds = o->rounds + 10,
		};
		if (!players[i].q || api->add(players[i].q, &fds[i], 1, 0))
			fail("%s: %s", api->name, strerror(errno));
	}
	if (pthread_create(&t, NULL, answer, &players[1]))
		fail("no thread");
	for (unsigned int i = 0; i < o->rounds + 10; i++) {
		if (i == 10)
			start = now();
		hit(fds[1]);
		await(&players[0]);
	}
	start = now() - start;
	pthread_join(t, NULL);
	for (int i = 0; i < 2; i++)
		api->close(players[i].q);
	free_eventfds(fds, 2);
	return start / o->rounds;
}
