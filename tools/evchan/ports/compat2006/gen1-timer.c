// SPDX-License-Identifier: MIT
/*
 * Timers and waiting in July 2006: id.raw[0] is in milliseconds. A wait returns after the
 * number of events in the control structure or at its timeout, and stores there how many
 * came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/kevent.h>

/* The control structure, followed by its events. */
struct request {
	struct kevent_user_control ctl;
	struct ukevent ev[8];
};

static long now_ms(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return tv.tv_sec * 1000L + tv.tv_usec / 1000;
}

static int add_timer(int fd, unsigned int ms, unsigned int flags, unsigned int user)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.ctl.cmd = KEVENT_CTL_ADD;
	r.ctl.num = 1;
	r.ev[0].type = KEVENT_TIMER;
	r.ev[0].event = KEVENT_TIMER_FIRED;
	r.ev[0].id.raw[0] = ms;
	r.ev[0].id.raw[1] = user;
	r.ev[0].req_flags = flags;
	r.ev[0].user[0] = user;
	if (kevent_ctl(fd, &r) < 0)
		return -1;
	/* The number of requests that finished at once. */
	return r.ctl.num;
}

int main(void)
{
	struct request r;
	long start, took;
	int fd, n, i, ok;

	memset(&r, 0, sizeof(r));
	r.ctl.cmd = KEVENT_CTL_INIT;
	fd = kevent_ctl(-1, &r);
	if (fd < 0) {
		perror("KEVENT_CTL_INIT");
		return 1;
	}
	/* Three timers of the same period: raw[1] tells them apart. */
	start = now_ms();
	for (i = 1; i <= 3; i++)
		printf("added: %d\n", add_timer(fd, 200, KEVENT_REQ_ONESHOT, i));
	r.ctl.cmd = KEVENT_CTL_WAIT;
	r.ctl.num = 3;
	r.ctl.timeout = 10000;
	n = kevent_ctl(fd, &r);
	took = now_ms() - start;
	printf("all three: %d, and said so: %u\n", n, r.ctl.num);
	printf("after 200 ms and not after 200 s: %s\n", took >= 199 && took < 9000 ? "yes" : "no");
	ok = n == 3;
	for (i = 0; i < n; i++)
		if (r.ev[i].id.raw[0] != 200 || r.ev[i].id.raw[1] != r.ev[i].user[0])
			ok = 0;
	printf("with the ids that were asked for: %s\n", ok ? "yes" : "no");

	/* Two events asked for, one arrives: the wait ends at its timeout. */
	add_timer(fd, 20, KEVENT_REQ_ONESHOT, 9);
	r.ctl.cmd = KEVENT_CTL_WAIT;
	r.ctl.num = 2;
	r.ctl.timeout = 400;
	start = now_ms();
	n = kevent_ctl(fd, &r);
	took = now_ms() - start;
	printf("one of two: %d, %u, when the time was up: %s\n", n, r.ctl.num,
	       took >= 395 ? "yes" : "no");
	/* Without a timeout: wait for one of them. */
	add_timer(fd, 20, KEVENT_REQ_ONESHOT, 10);
	r.ctl.num = 2;
	r.ctl.timeout = 0;
	n = kevent_ctl(fd, &r);
	printf("the first of two: %d, %u\n", n, r.ctl.num);
	close(fd);
	return 0;
}
