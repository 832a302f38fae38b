// SPDX-License-Identifier: MIT
/* Requests with initial values: each way to write an id, and types that have no level. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

#define MS 1000000

static struct ukevent every = {
	.type = KEVENT_TIMER,
	.event = KEVENT_TIMER_FIRED,
	.id.raw = { 0, 50 * MS },
	.user[0] = 6,
};

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / MS;
}

/* Add a request, and wait for its event. */
static void one(int kq, const char *what, struct ukevent *uk, long least)
{
	struct ukevent ev;
	long start = now();
	int n, mark;

	if (kevent_ctl(kq, KEVENT_CTL_ADD, 1, uk)) {
		printf("%s: not added\n", what);
		return;
	}
	if (uk->type == KEVENT_SIGNAL)
		kill(getpid(), SIGUSR1);
	if (uk->type == KEVENT_UNOTIFY)
		kevent_ctl(kq, KEVENT_CTL_READY, 1, uk);
	n = kevent_get_events(kq, 1, 1, 5000, &ev, 0);
	mark = n == 1 ? (int)ev.user[0] : -1;
	printf("%s: %d, %s\n", what, mark, now() - start >= least ? "in time" : "too early");
}

int main(void)
{
	struct ukevent seconds = {
		.type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED, .id.raw = { 1 },
		.req_flags = KEVENT_REQ_ONESHOT, .user[0] = 1
	};
	struct ukevent word = {
		.type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED,
		.req_flags = KEVENT_REQ_ONESHOT,
		.id.raw[0] = 0,
		.id.raw[1] = 40 * MS,
		.user[0] = 2,
	};
	struct ukevent nested = {
		.id = { .raw = { 0, 30 * MS } }, .type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED,
		.req_flags = KEVENT_REQ_ONESHOT, .user[0] = 3,
	};
	struct ukevent whole = {
		.type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED, .id.raw_u64 = 20ULL * MS << 32,
		.req_flags = KEVENT_REQ_ONESHOT, .user[0] = 4,
	};
	struct ukevent later = {
		.type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED, .req_flags = KEVENT_REQ_ONESHOT,
		.user[0] = 5,
	};
	struct ukevent sig = {
		.type = KEVENT_SIGNAL, .event = KEVENT_SIGNAL_DELIVERY, .id.raw[0] = SIGUSR1,
		.req_flags = 0, .user[0] = 7,
	};
	struct ukevent own = { .type = KEVENT_UNOTIFY, .id.raw = { 12 }, .event = 1, .user[0] = 8 };
	int kq = kevent_init(NULL, 0, 0);

	if (kq < 0) {
		perror("kevent_init");
		return 1;
	}
	signal(SIGUSR1, SIG_IGN);
	later.id.raw[1] = 60 * MS;
	own.req_flags = KEVENT_REQ_ALWAYS_QUEUE;
	one(kq, "seconds", &seconds, 999);
	one(kq, "word", &word, 39);
	one(kq, "nested", &nested, 29);
	one(kq, "whole", &whole, 19);
	one(kq, "later", &later, 59);
	one(kq, "signal", &sig, 0);
	one(kq, "own", &own, 0);
	kevent_ctl(kq, KEVENT_CTL_REMOVE, 1, &own);
	one(kq, "every", &every, 49);
	return close(kq);
}
