// SPDX-License-Identifier: MIT
/*
 * Signals and a timer in one loop, on kevent: loop-kevent TICKS
 *
 * Ticks every 50 ms, TICKS times, then tells itself to end. SIGUSR1 says how far
 * it is; SIGINT or SIGTERM end it. Nothing runs in a signal handler.
 */
#define _GNU_SOURCE
#include <kevent.h>
#include <limits.h>
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
	int q = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	struct ukevent ev;
	struct ukevent signals = {
		.type = KEVENT_POLL,
		.id.raw[0] = (unsigned int)sfd,
		.event = KEVENT_POLL_POLLIN,
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE,
		.user[0] = SIGNALS,
	};
	struct ukevent timer = {
		.type = KEVENT_TIMER,
		.id.raw = { 0, PERIOD },
		.event = KEVENT_TIMER_FIRED,
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE,
		.user[0] = TICK,
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (q < 0 || kevent_ctl(q, KEVENT_CTL_ADD, 1, &signals) ||
	    kevent_ctl(q, KEVENT_CTL_ADD, 1, &timer)) {
		perror("loop");
		return 1;
	}
	while (kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		if (ev.user[0] == SIGNALS) {
			if (handle_signals(sfd, ticks))
				break;
			continue;
		}
		/* A late wake-up stands for more than one expiry. */
		for (unsigned int n = ev.ret_data[1]; n && ticks < all; n--) {
			printf("tick %ld\n", ++ticks);
			if (ticks < all)
				continue;
			kevent_ctl(q, KEVENT_CTL_REMOVE, 1, &timer);
			kill(getpid(), SIGUSR1);
			kill(getpid(), SIGTERM);
		}
	}
	close(sfd);
	close(q);
	return 0;
}
