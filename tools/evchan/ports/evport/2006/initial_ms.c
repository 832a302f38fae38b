// SPDX-License-Identifier: MIT
/* A timer with an initial value, of the time when that was in milliseconds. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(void)
{
	struct ukevent uk = {
		.type = KEVENT_TIMER,
		.event = KEVENT_TIMER_FIRED,
		.id.raw = { 400 },
		.req_flags = KEVENT_REQ_ONESHOT,
		.user[0] = 9,
	};
	int kq = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL), n;
	struct ukevent ev;
	long start = now();

	printf("added: %d\n", kevent_ctl(kq, KEVENT_CTL_ADD, 1, &uk));
	n = kevent_get_events(kq, 1, 1, 5000, &ev, 0);
	printf("came: %d, mark %u, four tenths: %s\n", n, ev.user[0],
	       now() - start >= 399 && now() - start < 4000 ? "yes" : "no");
	close(kq);
	return 0;
}
