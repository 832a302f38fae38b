// SPDX-License-Identifier: MIT
/*
 * Signals and a timer in one loop, on the event channel: loop-evchan TICKS
 *
 * Ticks every 50 ms, TICKS times, then tells itself to end. SIGUSR1 says how far
 * it is; SIGINT or SIGTERM end it. Nothing runs in a signal handler.
 */
#define _GNU_SOURCE
#include <evchan.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { TICK = 1, SIGNALS = 2, PERIOD = 50000000 };

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* 0: go on. */
static int handle_signals(int sfd, long ticks)
{
	struct signalfd_siginfo si;
	int end = 0;

	while (read(sfd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGUSR1) {
			printf("after %ld ticks\n", ticks);
		} else {
			printf("%s: the end\n", sigabbrev_np((int)si.ssi_signo));
			end = 1;
		}
	}
	return end;
}

int main(int argc, char **argv)
{
	long ticks = 0, all = argc > 1 ? atol(argv[1]) : 10;
	int sfd = block_signals();
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ec || ec_watch(ec, EVCHAN_POLL, sfd, POLLIN, EVCHAN_LEVEL, SIGNALS) < 0 ||
	    ec_timer(ec, PERIOD, CLOCK_MONOTONIC, PERIOD, PERIOD, TICK) < 0) {
		perror("loop");
		return 1;
	}
	while (!ec_wait_event(ec, &ev)) {
		if (ev.data == SIGNALS) {
			if (handle_signals(sfd, ticks))
				break;
			continue;
		}
		/* A late wake-up stands for more than one expiry. */
		for (unsigned long n = ev.value; n && ticks < all; n--) {
			printf("tick %ld\n", ++ticks);
			if (ticks < all)
				continue;
			ec_remove(ec, EVCHAN_TIMER, PERIOD);
			kill(getpid(), SIGUSR1);
			kill(getpid(), SIGTERM);
		}
	}
	close(sfd);
	ec_destroy(ec);
	return 0;
}
