// SPDX-License-Identifier: GPL-2.0-only
/*
 * libkevent on a kernel that has the calls: kevent_next() while another consumer of the queue
 * commits entries. Prints TAP.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "kevent.h"

/* Take the next event; return its name, or a negative errno. */
static int next_name(struct kevent_queue *q, int ms)
{
	const struct ukevent *uk = kevent_next(q, ms);

	return uk ? (int)uk->id.raw[0] : -errno;
}

/* Another consumer, with the queue's descriptor, commits what this one has or has not read. */
static int another_commits(void)
{
	struct kevent_queue q;
	int good = !kevent_open(&q, 8, 0);

	for (unsigned long long id = 1; id <= 6; id++)
		good &= !kevent_user(q.fd, id, NULL);
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int to;

		for (unsigned long long id = 1; id <= 3; id++)
			good &= !kevent_post(q.fd, id);
		good &= next_name(&q, 1000) == 1;
		/* All three; the first of them was returned. */
		to = (q.uidx + 2) % 8;
		good &= kevent_commit(q.fd, to, q.ring->ring_over) == 3;
		q.there = 0;
		good &= !kevent_post(q.fd, 4) && !kevent_post(q.fd, 5);
		good &= next_name(&q, 1000) == 4 && next_name(&q, 1000) == 5;
		/* Exactly what was returned. */
		good &= kevent_commit(q.fd, q.uidx, q.ring->ring_over) == 2;
		good &= next_name(&q, 20) == -ETIMEDOUT;
		/* Events that this consumer has not seen. */
		good &= !kevent_post(q.fd, 6);
		good &= kevent_commit(q.fd, (q.uidx + 1) % 8, q.ring->ring_over) == 1;
		good &= next_name(&q, 20) == -ETIMEDOUT;
		good &= !kevent_post(q.fd, 6) && next_name(&q, 1000) == 6;
		good &= next_name(&q, 0) == -ETIMEDOUT;
	}
	kevent_close(&q);
	return good;
}

int main(void)
{
	int good;

	/* A call that does not return ends the program. */
	alarm(60);
	good = another_commits();
	printf("TAP version 13\n1..1\n%sok 1 libkevent.%s\n", good ? "" : "not ",
	       "another_consumer_commits");
	return !good;
}
