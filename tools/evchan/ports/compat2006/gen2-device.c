// SPDX-License-Identifier: MIT
/*
 * September 2006: the queue is an open /dev/kevent, a timeout is a __u64 in nanoseconds, a
 * timer is still in milliseconds. The queue does not block.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/types.h>
#include <linux/ukevent.h>

int main(void)
{
	struct ukevent uk, ev[4];
	struct timeval a, b;
	struct pollfd pfd;
	__u64 timeout;
	int fd, n;
	long ms;

	fd = open("/dev/kevent", O_RDWR | O_NONBLOCK);
	if (fd == -1) {
		perror("/dev/kevent");
		return 1;
	}
	timeout = 5000000000ULL;
	n = kevent_get_events(fd, 1, 4, timeout, ev, 0);
	printf("nothing yet: %d\n", n);
	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_TIMER;
	uk.event = KEVENT_TIMER_FIRED;
	uk.id.raw[0] = 50;
	uk.req_flags = KEVENT_REQ_ONESHOT;
	uk.ptr = &pfd;
	printf("added: %d\n", kevent_ctl(fd, KEVENT_CTL_ADD, 1, &uk));
	pfd.fd = fd;
	pfd.events = POLLIN;
	printf("poll: %d\n", poll(&pfd, 1, 5000));
	n = kevent_get_events(fd, 1, 4, timeout, ev, 0);
	printf("events: %d, id %u, pointer %s\n", n, ev[0].id.raw[0], ev[0].ptr == &pfd ? "kept" : "lost");
	/* The same with a blocking queue: a tenth of a second, and for ever. */
	fcntl(fd, F_SETFL, 0);
	timeout = 100000000;
	gettimeofday(&a, NULL);
	n = kevent_get_events(fd, 1, 4, timeout, ev, 0);
	gettimeofday(&b, NULL);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_usec - a.tv_usec) / 1000;
	printf("nothing: %d, a tenth of a second: %s\n", n, ms >= 99 && ms < 20000 ? "yes" : "no");
	kevent_ctl(fd, KEVENT_CTL_ADD, 1, &uk);
	timeout = -1;
	n = kevent_get_events(fd, 1, 4, timeout, ev, 0);
	printf("whenever: %d\n", n);
	return close(fd);
}
