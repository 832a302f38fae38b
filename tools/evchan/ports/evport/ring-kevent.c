// SPDX-License-Identifier: MIT
/*
 * The loop of a generation 3 program over a ring in its own memory. Posts more events than
 * the ring holds, and counts those that arrive.
 */
#include <kevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOTS = 5, SOURCES = 12, ROUNDS = 3 };

static int add_source(int q, unsigned int number)
{
	struct ukevent uk = {
		.type = KEVENT_UNOTIFY,
		.event = 1,
		.id.raw_u64 = number,
		.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE,
		.user[0] = number * 10,
	};

	return kevent_ctl(q, KEVENT_CTL_ADD, 1, &uk);
}

int main(void)
{
	unsigned int uidx = 0, taken = 0;
	unsigned long sum = 0;
	struct kevent_ring *ring;
	int q, n;

	ring = calloc(1, sizeof(struct kevent_ring) + SLOTS * sizeof(struct ukevent));
	q = kevent_init(ring, SLOTS, KEVENT_INIT_CLOEXEC);
	if (q < 0) {
		perror("queue");
		return 1;
	}
	for (unsigned int i = 0; i < SOURCES; i++) {
		if (add_source(q, i)) {
			perror("add");
			return 1;
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < SOURCES; i++)
			kevent_post(q, i);
		while (taken < SOURCES * (unsigned int)(round + 1)) {
			n = kevent_wait(q, SLOTS, uidx, NULL, 0);
			for (int i = 0; i < n; i++) {
				struct ukevent *e = &ring->event[uidx];

				sum += e->user[0];
				uidx = (uidx + 1) % SLOTS;
				taken++;
				kevent_commit(q, uidx, ring->ring_over);
			}
		}
	}
	printf("%u events, sum %lu\n", taken, sum);
	close(q);
	return 0;
}
