// SPDX-License-Identifier: MIT
/*
 * In the style of kevent's third generation, takes 20 to 31, up to January 2007: a ring in
 * the program's memory, kevent_wait() with its index, kevent_commit() with the program's
 * copy of the wrap counter, timeouts by value.
 *
 * Timers of three periods and a pipe that is always written to, through a ring of an odd
 * size that wraps many times.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ukevent.h>

#define NUM	7
#define EVENTS	200

static struct kevent_ring *ring;
static unsigned int uidx, over;

static int add(int kfd, unsigned int type, unsigned int raw0, unsigned int raw1,
	       unsigned int event, unsigned int mark)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = type;
	uk.id.raw[0] = raw0;
	uk.id.raw[1] = raw1;
	uk.event = event;
	uk.req_flags = KEVENT_REQ_ALWAYS_QUEUE;
	uk.user[0] = mark;
	if (kevent_ctl(kfd, KEVENT_CTL_ADD, 1, &uk) == 0)
		return 0;
	errno = -(int)uk.ret_data[1];
	perror("KEVENT_CTL_ADD");
	return -1;
}

/* Everything before @to is consumed; the program counts the wraps itself. */
static int commit(int kfd, unsigned int to)
{
	return kevent_commit(kfd, to, over);
}

int main(void)
{
	struct timespec t = { 5, 0 };
	unsigned int count[5] = { 0 }, total = 0, wraps = 0;
	int kfd, n, i, p[2], stale = 0;
	char c;

	ring = malloc(sizeof(struct kevent_ring) + NUM * sizeof(struct ukevent));
	memset(ring, 0, sizeof(struct kevent_ring) + NUM * sizeof(struct ukevent));
	kfd = kevent_init(ring, NUM, 0);
	if (kfd < 0) {
		perror("kevent_init");
		return 1;
	}
	if (kevent_init(ring, 1, 0) >= 0 || errno != EINVAL)
		printf("a ring of one entry was made\n");
	if (pipe(p) || add(kfd, KEVENT_PIPE, p[0], 0, KEVENT_SOCKET_RECV, 4) ||
	    add(kfd, KEVENT_TIMER, 0, 10000000, KEVENT_TIMER_FIRED, 1) ||
	    add(kfd, KEVENT_TIMER, 0, 15000000, KEVENT_TIMER_FIRED, 2) ||
	    add(kfd, KEVENT_TIMER, 0, 20000000, KEVENT_TIMER_FIRED, 3))
		return 1;
	while (total < EVENTS || !count[1] || !count[2] || !count[3]) {
		if (write(p[1], "x", 1) != 1)
			return 1;
		n = kevent_wait(kfd, NUM, uidx, t, 0);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			struct ukevent *uk = &ring->event[uidx];

			count[uk->user[0]]++;
			total++;
			if (uk->user[0] == 4 && read(p[0], &c, 1) != 1)
				return 1;
			if (++uidx == NUM)
				uidx = 0;
			if (commit(kfd, uidx) != 1) {
				printf("one entry was not committed\n");
				return 1;
			}
			if (uidx == 0) {
				/*
				 * The counter has changed since: a commit with the old one is
				 * refused.
				 */
				if (kevent_commit(kfd, uidx, over) == -1 && errno == EOVERFLOW)
					stale++;
				over++;
				wraps++;
			}
		}
	}
	printf("timers and pipe came: %s\n", count[1] && count[2] && count[3] && count[4] ? "yes" : "no");
	printf("ring wrapped: %s, counter right: %s, stale ones refused: %s\n", wraps > 10 ? "yes" : "no",
	       ring->ring_over == over && over == wraps ? "yes" : "no", stale == (int)wraps ? "yes" : "no");
	n = kevent_get_events(kfd, 1, 4, t, (struct ukevent[4]){ { .type = 0 } }, 0);
	printf("get_events from the ring: %s\n", n >= 1 ? "yes" : "no");
	close(kfd);
	return 0;
}
