// SPDX-License-Identifier: MIT
/* Uses of the event channel that evport must leave to a human; each such line is marked. */
#include <errno.h>
#include <evchan.h>
#include <stdio.h>

static void report_close(ec_t ec, int fd)
{
	ec_watch(ec, EVCHAN_POLL, fd, 1, EVCHAN_EDGE | EVCHAN_REPORT_CLOSE, 0);	/* ? */
}

static int computed_flags(ec_t ec, int fd, unsigned int flags)
{
	return ec_watch(ec, EVCHAN_PIPE, fd, EVCHAN_RECV, flags, 0);	/* ? */
}

static int with_value(ec_t ec, uint64_t value)
{
	return ec_post(ec, 1, value);	/* ? */
}

static int first_differs(ec_t ec)
{
	return ec_timer(ec, 1, CLOCK_REALTIME, 5, 1000, 0);	/* ? */
}

static int one_for_each(ec_t ec, int fd)
{
	return ec_timer(ec, (uint64_t)fd, CLOCK_MONOTONIC, 1000, 1000, 0);	/* ? */
}

static int alike(ec_t ec)
{
	return ec_timer(ec, 1, CLOCK_MONOTONIC, 2000, 2000, 0) +	/* ? */
	       ec_timer(ec, 2, CLOCK_MONOTONIC, 2000, 0, 0);	/* ? */
}

static int several(int fd, struct evchan_change *c, unsigned int n)
{
	return evchan_ctl(fd, c, n, sizeof(*c), 0);	/* ? */
}

int main(void)
{
	struct timespec to = { 1, 0 };
	ec_t ec = ec_create(0);
	event_data_t ev;

	report_close(ec, 0);
	computed_flags(ec, 0, 0);
	with_value(ec, 5);
	first_differs(ec);
	one_for_each(ec, 0);
	alike(ec);
	several(ec_fd(ec), NULL, 0);
	while (!ec_timedwait_event(ec, &ev, &to)) {	/* ? */
		printf("on %u at %llu: %llu\n", ev.cpu,	/* ? */
		       (unsigned long long)ev.timestamp,	/* ? */
		       (unsigned long long)ev.value);	/* ? */
		ec_give_back(ec, &ev);	/* ? */
	}
	return errno != ETIMEDOUT;
}
