// SPDX-License-Identifier: MIT
/*
 * Signals, a pipe and the queue's own readiness in December 2006, with timeouts by value as
 * compound literals.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

static volatile sig_atomic_t handled;

static void handler(int sig)
{
	handled = sig;
}

static int add(int fd, unsigned int type, unsigned long long id, unsigned int event,
	       unsigned int flags, unsigned int mark)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = type;
	uk.id.raw_u64 = id;
	uk.event = event;
	uk.req_flags = flags;
	uk.user[0] = mark;
	return kevent_ctl(fd, KEVENT_CTL_ADD, 1, &uk);
}

int main(void)
{
	struct ukevent ev[4];
	struct pollfd pfd;
	int fd, p[2], n;

	fd = kevent_init(NULL, 0, 0);
	if (fd < 0) {
		perror("kevent_init");
		return 1;
	}
	if (pipe(p))
		return 1;
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	n = add(fd, KEVENT_SIGNAL, SIGUSR1, KEVENT_SIGNAL_DELIVERY, 0, 1);
	n += add(fd, KEVENT_SIGNAL, SIGUSR2 | KEVENT_SIGNAL_NOMASK, KEVENT_SIGNAL_DELIVERY, 0, 2);
	n += add(fd, KEVENT_PIPE, p[0], KEVENT_SOCKET_RECV, KEVENT_REQ_ET, 3);
	printf("finished at once: %d\n", n);

	raise(SIGUSR2);
	printf("through the queue only: handler %s\n", handled ? "called" : "not called");
	n = kevent_get_events(fd, 1, 4, (struct timespec){ 5, 0 }, ev, 0);
	printf("events %d, mark %u, signal %s\n", n, ev[0].user[0], ev[0].id.raw[0] == SIGUSR2 ? "2" : "?");
	raise(SIGUSR1);
	printf("both ways: handler %s\n", handled == SIGUSR1 ? "called" : "not called");
	n = kevent_get_events(fd, 1, 4, (struct timespec){ 5, 0 }, ev, 0);
	printf("events %d, mark %u\n", n, ev[0].user[0]);

	pfd.fd = fd;
	pfd.events = POLLIN;
	printf("poll without any: %d\n", poll(&pfd, 1, 0));
	if (write(p[1], "abc", 3) != 3)
		return 1;
	printf("poll with one: %d\n", poll(&pfd, 1, 5000));
	n = kevent_get_events(fd, 1, 4, (struct timespec){ .tv_sec = 5, .tv_nsec = 0 }, ev, 0);
	printf("events %d, mark %u\n", n, ev[0].user[0]);
	/* Edge-triggered: an event is not reported twice. */
	n = kevent_get_events(fd, 1, 4, (struct timespec){ 0, 1000000 }, ev, 0);
	printf("once: %d\n", n);
	return close(fd);
}
