// SPDX-License-Identifier: MIT
/*
 * Signals and a timer in one loop, on the event channel: loop-evchan TICKS
 *
 * Prints a tick every 50 ms, TICKS times, then sends itself SIGTERM. On SIGUSR1 it prints
 * how many ticks there were; SIGINT or SIGTERM ends it. The signals come only through the
 * channel: no handler runs, and no signal is blocked.
 */
#define _GNU_SOURCE
#include <evchan.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PERIOD = 50000000 };

int main(int argc, char **argv)
{
	long ticks = 0, all = argc > 1 ? atol(argv[1]) : 10;
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ec || ec_watch_signal(ec, SIGUSR1 | EVCHAN_SIGNAL_NOMASK, 0, 0) < 0 ||
	    ec_watch_signal(ec, SIGINT | EVCHAN_SIGNAL_NOMASK, 0, 0) < 0 ||
	    ec_watch_signal(ec, SIGTERM | EVCHAN_SIGNAL_NOMASK, 0, 0) < 0 ||
	    ec_timer(ec, PERIOD, CLOCK_MONOTONIC, PERIOD, PERIOD, 0) < 0) {
		ec_perror("loop");
		return 1;
	}
	while (!ec_wait_event(ec, &ev)) {
		if (ev.type == EVCHAN_SIGNAL) {
			int sig = (int)ev.id;

			if (sig != SIGUSR1) {
				printf("%s: the end\n", sigabbrev_np(sig));
				break;
			}
			printf("after %ld ticks\n", ticks);
			continue;
		}
		/* If the wake-up is late, the event stands for several expiries. */
		for (unsigned long n = ev.value; n && ticks < all; n--) {
			printf("tick %ld\n", ++ticks);
			if (ticks < all)
				continue;
			ec_remove(ec, EVCHAN_TIMER, PERIOD);
			kill(getpid(), SIGUSR1);
			kill(getpid(), SIGTERM);
		}
	}
	ec_destroy(ec);
	return 0;
}
