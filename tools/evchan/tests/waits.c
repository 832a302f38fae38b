// SPDX-License-Identifier: GPL-2.0-only
/*
 * The libraries on a kernel that has the calls: how long waits of libevchan last, and the signals
 * that belong to the C library. Prints TAP.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evchan.h"
#include "kevent.h"

static int n, bad;

static void check(int good, const char *name)
{
	bad |= !good;
	printf("%sok %d waits.%s\n", good ? "" : "not ", ++n, name);
	fflush(stdout);
	/* A wait that does not end kills the program after that many seconds. */
	alarm(60);
}

static long ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000 + (now.tv_nsec - t->tv_nsec) / 1000000;
}

static void *post_later(void *ec)
{
	usleep(50000);
	ec_post(ec, 1, 7);
	return NULL;
}

/* A time that cannot be represented is never reached. */
static void longest_time(ec_t ec)
{
	const struct timespec longest = { LONG_MAX, 999999999 };
	struct timespec to = { LONG_MAX, 0 };
	event_data_t d = { .value = 0 };
	pthread_t t;
	int good;

	pthread_create(&t, NULL, post_later, ec);
	good = !ec_timedwait_event(ec, &d, &to) && d.value == 7 && to.tv_sec == LONG_MAX;
	pthread_join(t, NULL);
	pthread_create(&t, NULL, post_later, ec);
	good &= !ec_wait_until(ec, &d, CLOCK_MONOTONIC, &longest, NULL);
	pthread_join(t, NULL);
	pthread_create(&t, NULL, post_later, ec);
	good &= ec_wait_events(ec, &d, 1, 1, &longest) == 1;
	pthread_join(t, NULL);
	check(good, "longest_time");
}

static void overwrite(ec_t ec, uint64_t state)
{
	for (uint64_t i = 0; state && i <= ec->mask; i++)
		__atomic_store_n(&ec->events[i].state, state, __ATOMIC_RELAXED);
}

/* With some of these the kernel says that there is an event, and no consumer can take one. */

static void overwritten_ring(void)
{
	static const uint64_t states[] = {
		0, 1, 0xffffffff, 1ULL << 32, 2ULL << 32 | 1, 3ULL << 32 | 1, 0x80000001ULL << 32 | 1,
		0xffffffffULL << 32 | 1, ~0ULL,
	};
	static const uint64_t heads[] = { 0, 1, 5, 1000, 1ULL << 40, ~0ULL };
	int good = 1;

	for (size_t i = 0; i < 9; i++) {
		for (size_t j = 0; j < 12; j++) {
			ec_t ec = ec_create_sized(0, 8);
			struct timespec start, to = { 0, 5000000 };
			event_data_t d;

			ec_user(ec, 1, 1);
			ec_post(ec, 1, 1);
			if (j & 1)
				ec_take(ec, &d);
			overwrite(ec, states[i]);
			ec->header->head = heads[j / 2];
			clock_gettime(CLOCK_MONOTONIC, &start);
			/* Events that were written into the ring may be taken. */
			for (int k = 0; k < 40 && !ec_timedwait_event(ec, &d, &to); k++)
				;
			good &= ms_since(&start) < 10000;
			ec_destroy(ec);
		}
	}
	check(good, "time_limit_whatever_is_in_the_ring");
}

static void library_signals(ec_t ec)
{
	int fd = kevent_init(NULL, 0, 0), good = fd >= 0;

	for (uint64_t sig = 32; sig < (uint64_t)SIGRTMIN; sig++) {
		for (int nomask = 0; nomask < 2; nomask++) {
			struct evchan_change c = {
				.op = EVCHAN_SET, .type = EVCHAN_SIGNAL,
				.id = sig | (nomask ? EVCHAN_SIGNAL_NOMASK : 0),
			};

			good &= ec_watch_signal(ec, c.id, 0, 0) == -1 && errno == EINVAL;
			good &= ec_change(ec, &c) == -1 && errno == EINVAL;
			good &= kevent_watch_signal(fd, c.id, 0, NULL) == -1 && errno == EINVAL;
		}
	}
	good &= !ec_watch_signal(ec, (uint64_t)SIGRTMIN, 0, 0);
	good &= !ec_remove(ec, EVCHAN_SIGNAL, (uint64_t)SIGRTMIN);
	close(fd);
	check(good, "signals_of_the_c_library");
}

int main(void)
{
	ec_t ec;

	printf("TAP version 13\n1..3\n");
	alarm(60);
	ec = ec_create(0);
	if (!ec || ec_user(ec, 1, 1))
		return 1;
	library_signals(ec);
	longest_time(ec);
	overwritten_ring();
	ec_destroy(ec);
	return bad;
}
