/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * POSIX timers and message queues that post into a queue. These are the bare system calls,
 * because the C library refuses a sigev_notify value that it does not know.
 */
#ifndef SELFTESTS_SIGEVENTS_H
#define SELFTESTS_SIGEVENTS_H

#include <mqueue.h>

#include "events.h"

static inline struct sigevent queue_event(int notify, int fd, unsigned long cookie)
{
	struct sigevent ev = { .sigev_notify = notify };

	ev._sigev_un._tid = fd;
	ev.sigev_value.sival_ptr = (void *)cookie;
	return ev;
}

/* Returns 0, or a negative errno. */
static inline int create_timer(clockid_t clock, struct sigevent *ev, timer_t *timer)
{
	int id;

	if (syscall(SYS_timer_create, clock, ev, &id))
		return -errno;
	/* The C library's representation of a kernel timer. */
	*timer = (timer_t)(intptr_t)id;
	return 0;
}

static inline int timer_number(timer_t timer)
{
	return (int)(intptr_t)timer;
}

/* First expiry and interval, in ns from now; 0, or a negative errno. */
static inline int set_timer(timer_t timer, long long first, long long interval)
{
	struct itimerspec its = {
		.it_value = { first / 1000000000, first % 1000000000 },
		.it_interval = { interval / 1000000000, interval % 1000000000 },
	};

	return timer_settime(timer, 0, &its, NULL) ? -errno : 0;
}

static inline int notify_queue(mqd_t mq, struct sigevent *ev)
{
	return syscall(SYS_mq_notify, mq, ev) ? -errno : 0;
}

static inline mqd_t open_mqueue(const char *name)
{
	mqd_t mq = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, NULL);

	mq_unlink(name);
	return mq;
}

static inline long long now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

#endif
