/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers to count signals, and to send them with a payload. */
#ifndef SELFTESTS_SIGNALS_H
#define SELFTESTS_SIGNALS_H

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#include "events.h"

static volatile sig_atomic_t handled;

static inline void count_signal(int sig)
{
	handled++;
}

static inline void on_signal(int sig, void (*handler)(int sig))
{
	struct sigaction sa = { .sa_handler = handler };

	sigaction(sig, &sa, NULL);
}

static inline void mask_signal(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static inline int is_pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

/* How many signals the user has pending in all its processes. */
static inline unsigned long pending_signals(void)
{
	unsigned long n = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigQ: %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* Like sigqueue() to this process: returns 0, or a negative errno. */
static inline int send_value(int sig, int value)
{
	return sigqueue(getpid(), sig, (union sigval){ .sival_int = value }) ? -errno : 0;
}

#endif
