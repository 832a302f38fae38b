// SPDX-License-Identifier: MIT
/*
 * Waiting as of December 2006: a struct timespec by value, absolute with a flag; the
 * results with a timeout of zero and with a queue that does not block.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

#define NUM 16

static double seconds_since(time_t start)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - start + now.tv_nsec / 1e9;
}

int main(void)
{
	struct kevent_ring *ring = calloc(1, sizeof(*ring) + NUM * sizeof(struct ukevent));
	struct timespec tm = { 0, 0 };
	struct ukevent uk[2];
	time_t start;
	double took;
	int fd, n;

	fd = kevent_init(ring, NUM, 0);
	if (fd < 0) {
		perror("kevent_init");
		return 1;
	}
	n = kevent_wait(fd, NUM, 0, tm, 0);
	printf("zero does not wait: %d\n", n);
	printf("nor in the other call: %d\n", kevent_get_events(fd, 1, 2, tm, uk, 0));
	start = time(NULL);
	tm.tv_sec = start + 2;
	n = kevent_wait(fd, NUM, 0, tm, KEVENT_FLAGS_ABSTIME);
	took = seconds_since(start);
	printf("until a time: %d, then: %s\n", n, took >= 1.9 && took < 20 ? "yes" : "no");
	tm.tv_sec = time(NULL) - 5;
	printf("one that is past: %d\n", kevent_wait(fd, NUM, 0, tm, KEVENT_FLAGS_ABSTIME));
	start = time(NULL);
	tm.tv_sec = start + 1;
	n = kevent_get_events(fd, 1, 2, tm, uk, KEVENT_FLAGS_ABSTIME);
	took = seconds_since(start);
	printf("the other call: %d, then: %s\n", n, took >= 0.9 && took < 20 ? "yes" : "no");

	/* A type that does not exist, and a timer that expires in more than a second. */
	memset(uk, 0, sizeof(uk));
	uk[0].type = 40;
	uk[0].event = 1;
	n = kevent_ctl(fd, KEVENT_CTL_ADD, 1, uk);
	printf("unknown: %d, %s\n", n, -(int)uk[0].ret_data[1] == ENOSYS ? "ENOSYS" : "another error");
	memset(uk, 0, sizeof(uk));
	uk[0].type = KEVENT_TIMER;
	uk[0].event = KEVENT_TIMER_FIRED;
	uk[0].id.raw[0] = 1;		/* one second */
	uk[0].id.raw[1] = 200000000;	/* and a fifth, in ns */
	uk[0].req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE;
	start = time(NULL);
	printf("timer: %d\n", kevent_ctl(fd, KEVENT_CTL_ADD, 1, uk));
	tm.tv_sec = start + 30;
	n = kevent_wait(fd, NUM, 0, tm, KEVENT_FLAGS_ABSTIME);
	took = seconds_since(start);
	printf("came: %d, in time: %s, as %u s %u ns\n", n, took >= 1.1 && took < 25 ? "yes" : "no",
	       ring->event[0].id.raw[0], ring->event[0].id.raw[1]);
	printf("committed: %d\n", kevent_commit(fd, 1, ring->ring_over));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	tm.tv_sec = 30;
	printf("does not block: %d\n", kevent_wait(fd, NUM, 1, tm, 0));
	printf("nor here: %d\n", kevent_get_events(fd, 1, 1, tm, uk, 0));
	return close(fd);
}
