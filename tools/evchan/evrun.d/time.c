// SPDX-License-Identifier: GPL-2.0-only
/* A relative timeout that is shared by several calls, one after the other. */
#include "preload.h"

void deadline_set(struct deadline *d, const struct timespec *timeout)
{
	int64_t seconds;

	*d = (struct deadline){ .none = !timeout };
	if (!timeout)
		return;
	d->timeout = *timeout;
	d->now = !timeout->tv_sec && !timeout->tv_nsec;
	if (d->now)
		return;
	clock_gettime(CLOCK_MONOTONIC, &d->at);
	/* A time that cannot be represented is never reached. */
	if (__builtin_add_overflow(d->at.tv_sec, timeout->tv_sec, &d->at.tv_sec)) {
		d->none = true;
		return;
	}
	seconds = d->at.tv_sec;
	if (seconds > INT64_MAX / 1000000000) {
		d->none = true;
		return;
	}
	d->at.tv_nsec += timeout->tv_nsec;
	if (d->at.tv_nsec >= 1000000000) {
		d->at.tv_nsec -= 1000000000;
		d->at.tv_sec++;
	}
}

bool deadline_left(struct deadline *d, struct timespec *left)
{
	struct timespec now;

	*left = (struct timespec){ 0, 0 };
	if (d->now)
		return false;
	if (!d->begun) {
		d->begun = true;
		*left = d->timeout;
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	left->tv_sec = d->at.tv_sec - now.tv_sec;
	left->tv_nsec = d->at.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
	if (left->tv_sec >= 0)
		return true;
	*left = (struct timespec){ 0, 0 };
	return false;
}
