// SPDX-License-Identifier: MIT
/* The queue is an open /dev/kevent, a timeout is in nanoseconds, a timer in milliseconds. */
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#define KEVENT_TAKE 14
#include <linux/ukevent.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(void)
{
	int kq = open("/dev/kevent", O_RDWR);
	uint64_t timeout = 300000000;
	struct ukevent uk, ev[2];
	long start;
	int n;

	if (kq < 0) {
		perror("/dev/kevent");
		return 1;
	}
	start = now();
	n = kevent_get_events(kq, 1, 2, timeout, ev, 0);
	printf("nothing: %d, three tenths of a second: %s\n", n,
	       now() - start >= 299 && now() - start < 3000 ? "yes" : "no");
	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_TIMER;
	uk.event = KEVENT_TIMER_FIRED;
	uk.req_flags = KEVENT_REQ_ONESHOT;
	uk.id.raw[0] = 400;
	uk.user[0] = 77;
	start = now();
	printf("timer: %d\n", kevent_ctl(kq, KEVENT_CTL_ADD, 1, &uk));
	n = kevent_get_events(kq, 1, 2, ULLONG_MAX, ev, 0);
	printf("came: %d, mark %u, id %u, four tenths: %s\n", n, ev[0].user[0], ev[0].id.raw[0],
	       now() - start >= 399 && now() - start < 3000 ? "yes" : "no");
	close(kq);
	return 0;
}
