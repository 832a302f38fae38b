// SPDX-License-Identifier: MIT
/* Timers of the second generation, in milliseconds, told apart by their number. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

static int kfd = -1;

static int add_timer(unsigned int ms, unsigned int number, int once)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_TIMER;
	uk.id.raw[0] = ms;
	uk.event = KEVENT_TIMER_FIRED;
	if (once)
		uk.req_flags = KEVENT_REQ_ONESHOT;
	uk.user[0] = number;
	return kevent_ctl(kfd, KEVENT_CTL_ADD, 1, &uk);
}

int main(void)
{
	struct ukevent ev[8];
	unsigned int ticks = 0, beats = 0, done = 0;
	int i, n;

	kfd = kevent_ctl(-1, KEVENT_CTL_INIT, 1, NULL);
	if (kfd < 0) {
		perror("kevent_ctl");
		return 1;
	}
	printf("added: %d %d %d\n", add_timer(20, 1, 0), add_timer(50, 2, 0), add_timer(900, 3, 1));
	while (!done) {
		n = kevent_get_events(kfd, 1, 8, 5000, ev, 0);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			switch (ev[i].user[0]) {
			case 1:
				ticks += ev[i].ret_data[1];
				break;
			case 2:
				beats += ev[i].ret_data[1];
				break;
			case 3:
				printf("last: id %u, times %u\n", ev[i].id.raw[0], ev[i].ret_data[1]);
				done = 1;
				break;
			default:
				printf("number %u?\n", ev[i].user[0]);
			}
		}
	}
	printf("ticks %s, beats %s\n", ticks > 35 && ticks < 60 ? "right" : "wrong",
	       beats > 14 && beats < 25 ? "right" : "wrong");
	close(kfd);
	return 0;
}
