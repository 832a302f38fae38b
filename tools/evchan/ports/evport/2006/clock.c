// SPDX-License-Identifier: MIT
/* Timers of the third generation: seconds and nanoseconds, through a structure passed by pointer. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

static void set_period(struct ukevent *uk, unsigned int sec, unsigned int nsec)
{
	uk->type = KEVENT_TIMER;
	uk->event = KEVENT_TIMER_FIRED;
	uk->id.raw[0] = sec;
	uk->id.raw[1] = nsec;
}

static int change(int q, unsigned int cmd, struct ukevent *uk)
{
	int n = kevent_ctl(q, cmd, 1, uk);

	if (n < 0)
		return n;
	return uk->ret_flags & KEVENT_RET_BROKEN ? (int)uk->ret_data[1] : 0;
}

int main(void)
{
	struct timespec wait = { 10, 0 }, none = { 0, 0 };
	struct ukevent fast, slow, ev;
	unsigned int fired = 0;
	int q = kevent_init(NULL, 0, 0);

	if (q < 0) {
		perror("kevent_init");
		return 1;
	}
	memset(&fast, 0, sizeof(fast));
	memset(&slow, 0, sizeof(slow));
	set_period(&fast, 0, 30000000);
	set_period(&slow, 1, 100000000);
	fast.user[0] = 7;
	slow.user[0] = 8;
	printf("fast %d, slow %d\n", change(q, KEVENT_CTL_ADD, &fast), change(q, KEVENT_CTL_ADD, &slow));
	printf("again: %s\n", change(q, KEVENT_CTL_ADD, &slow) < 0 ? "refused" : "taken");
	while (kevent_get_events(q, 1, 1, wait, &ev, 0) == 1 && ev.user[0] == 7)
		fired += ev.ret_data[1];
	printf("number %u: %u s %u ns, once; the other one %s\n", ev.user[0], ev.id.raw[0], ev.id.raw[1],
	       fired > 30 && fired < 45 ? "in time" : "not in time");
	printf("removed %d %d\n", change(q, KEVENT_CTL_REMOVE, &fast), change(q, KEVENT_CTL_REMOVE, &slow));
	printf("afterwards %d\n", kevent_get_events(q, 0, 1, none, &ev, 0));
	close(q);
	return 0;
}
