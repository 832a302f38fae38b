// SPDX-License-Identifier: MIT
/*
 * Signals and a timer in one loop, on kevent: loop-kevent TICKS
 *
 * Prints a tick every 50 ms, TICKS times, then sends itself SIGTERM. On SIGUSR1 it prints
 * how many ticks there were; SIGINT or SIGTERM ends it. The signals come only through the
 * queue: no handler runs, and no signal is blocked.
 */
#define _GNU_SOURCE
#include <kevent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PERIOD = 50000000 };

int main(int argc, char **argv)
{
	long ticks = 0, all = argc > 1 ? atol(argv[1]) : 10;
	int q = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	struct ukevent ev;
	struct ukevent timer = {
		.type = KEVENT_TIMER,
		.id.raw = { 0, PERIOD },
		.event = KEVENT_TIMER_FIRED,
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE,
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (q < 0 || kevent_watch_signal(q, SIGUSR1 | KEVENT_SIGNAL_NOMASK, 0, NULL) < 0 ||
	    kevent_watch_signal(q, SIGINT | KEVENT_SIGNAL_NOMASK, 0, NULL) < 0 ||
	    kevent_watch_signal(q, SIGTERM | KEVENT_SIGNAL_NOMASK, 0, NULL) < 0 ||
	    kevent_ctl(q, KEVENT_CTL_ADD, 1, &timer)) {
		kevent_perror("loop");
		return 1;
	}
	while (kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		if (ev.type == KEVENT_SIGNAL) {
			int sig = (int)ev.id.raw[0];

			if (sig != SIGUSR1) {
				printf("%s: the end\n", sigabbrev_np(sig));
				break;
			}
			printf("after %ld ticks\n", ticks);
			continue;
		}
		/* If the wake-up is late, the event stands for several expiries. */
		for (unsigned int n = ev.ret_data[1]; n && ticks < all; n--) {
			printf("tick %ld\n", ++ticks);
			if (ticks < all)
				continue;
			kevent_ctl(q, KEVENT_CTL_REMOVE, 1, &timer);
			kill(getpid(), SIGUSR1);
			kill(getpid(), SIGTERM);
		}
	}
	close(q);
	return 0;
}
