/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Forms of the kevent calls that programs of 2006 used.
 *
 * Generation 1 was one multiplexing call, here kevent_control(): a buffer with a
 * struct kevent_user_control and behind it the requests. Takes 26 to 31 gave
 * timeouts by value.
 */
#ifndef KEVENT_COMPAT_H
#define KEVENT_COMPAT_H

#include <limits.h>
#include <time.h>

#include "kevent.h"

#define KEVENT_USER_ADD		0
#define KEVENT_USER_REMOVE	1
#define KEVENT_USER_MODIFY	2
#define KEVENT_USER_WAIT	3
#define KEVENT_USER_INIT	4

struct kevent_user_control {
	unsigned int cmd;
	unsigned int num;
	unsigned int timeout_ms;
};

/* Generation 1: the requests or the room for events follow the structure. */
static inline int kevent_control(int fd, void *buf)
{
	struct kevent_user_control *uc = (struct kevent_user_control *)buf;
	struct ukevent *uk = (struct ukevent *)(void *)(uc + 1);

	switch (uc->cmd) {
	case KEVENT_USER_INIT:
		return kevent_init(NULL, 0, 0);
	case KEVENT_USER_WAIT:
		return kevent_get_events(fd, 1, uc->num, uc->timeout_ms, uk, 0);
	default:
		return kevent_ctl(fd, uc->cmd, uc->num, uk);
	}
}

/* A timespec as milliseconds, rounded up; a zero one waits for ever. */
static inline unsigned int kevent_compat_ms(struct timespec t)
{
	if (!t.tv_sec && !t.tv_nsec)
		return UINT_MAX;
	if (t.tv_sec > INT_MAX / 1000 - 1)
		return INT_MAX;
	return (unsigned int)t.tv_sec * 1000 + (unsigned int)((t.tv_nsec + 999999) / 1000000);
}

/* Takes 26 to 31. */
static inline int kevent_get_events_ts(int fd, unsigned int min_nr, unsigned int max_nr,
				       struct timespec timeout, struct ukevent *buf,
				       unsigned int flags)
{
	return kevent_get_events(fd, min_nr, max_nr, kevent_compat_ms(timeout), buf, flags);
}

static inline int kevent_wait_ts(int fd, unsigned int num, unsigned int old_uidx,
				 struct timespec timeout, unsigned int flags)
{
	struct __kernel_timespec ts = { timeout.tv_sec, timeout.tv_nsec };

	return kevent_wait(fd, num, old_uidx,
			   timeout.tv_sec || timeout.tv_nsec ? &ts : NULL, flags);
}

#endif /* KEVENT_COMPAT_H */
