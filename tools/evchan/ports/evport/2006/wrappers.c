// SPDX-License-Identifier: MIT
/* The program has the system calls as static functions, and calls them through two more of its own. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

static inline int kevent_init(struct kevent_ring *ring, unsigned int num, unsigned int flags)
{
	return syscall(__NR_kevent_init, ring, num, flags);
}

static inline int kevent_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg)
{
	return syscall(__NR_kevent_ctl, fd, cmd, num, arg);
}

static inline int kevent_get_events(int fd, unsigned int min_nr, unsigned int max_nr,
				    struct timespec timeout, struct ukevent *buf, unsigned int flags)
{
	return syscall(__NR_kevent_get_events, fd, min_nr, max_nr, timeout, buf, flags);
}

#define SECONDS 3

static int poll_ctl(int kq, int fd, unsigned int cmd, unsigned int mask)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_POLL;
	uk.id.raw[0] = fd;
	uk.event = mask;
	uk.user[0] = fd;
	return kevent_ctl(kq, cmd, 1, &uk);
}

static int poll_wait(int kq, struct ukevent *ev, unsigned int max)
{
	struct timespec tm = { SECONDS, 0 };

	return kevent_get_events(kq, 1, max, tm, ev, 0);
}

int main(void)
{
	struct ukevent ev[4];
	int kq = kevent_init(NULL, 0, 0), p[2], n;
	char c;

	if (kq < 0) {
		perror("kevent_init");
		return 1;
	}
	if (pipe(p) || poll_ctl(kq, p[0], KEVENT_CTL_ADD, KEVENT_POLL_POLLIN) < 0)
		return 1;
	if (write(p[1], "x", 1) != 1)
		return 1;
	n = poll_wait(kq, ev, 4);
	printf("%d: fd %s, in %d\n", n, ev[0].user[0] == (unsigned int)p[0] ? "right" : "wrong",
	       !!(ev[0].event & KEVENT_POLL_POLLIN));
	/* Level-triggered: it is still readable. */
	n = poll_wait(kq, ev, 4);
	printf("%d again\n", n);
	if (read(p[0], &c, 1) != 1 || poll_ctl(kq, p[0], KEVENT_CTL_MODIFY, KEVENT_POLL_POLLHUP) < 0)
		return 1;
	close(p[1]);
	n = poll_wait(kq, ev, 4);
	printf("%d: hung up %d\n", n, !!(ev[0].event & KEVENT_POLL_POLLHUP));
	printf("removed %d\n", poll_ctl(kq, p[0], KEVENT_CTL_REMOVE, KEVENT_POLL_POLLHUP));
	close(kq);
	return 0;
}
