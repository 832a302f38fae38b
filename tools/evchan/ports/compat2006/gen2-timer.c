// SPDX-License-Identifier: MIT
/*
 * A test of timers as of August 2006: macros like those of <linux/unistd.h> at that time
 * define the calls, INIT returns the descriptor, and an id is in milliseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/types.h>
#include <linux/ukevent.h>

#define call4(ret, name, t1, a1, t2, a2, t3, a3, t4, a4) \
ret name(t1 a1, t2 a2, t3 a3, t4 a4) \
{ \
	return syscall(__NR_##name, a1, a2, a3, a4); \
}

#define call6(ret, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
ret name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6) \
{ \
	return syscall(__NR_##name, a1, a2, a3, a4, a5, a6); \
}

call4(int, kevent_ctl, int, fd, unsigned int, cmd, unsigned int, num, void *, arg)
call6(int, kevent_get_events, int, fd, unsigned int, min_nr, unsigned int, max_nr,
      unsigned int, timeout, void *, buf, unsigned, flags)

int main(void)
{
	unsigned int period[3] = { 100, 150, 1100 }, seen[3] = { 0, 0, 0 };
	struct timeval a, b;
	struct ukevent uk[4];
	int fd, i, n, err;
	long ms;

	fd = kevent_ctl(-1, KEVENT_CTL_INIT, 1, NULL);
	if (fd == -1) {
		perror("KEVENT_CTL_INIT");
		return 1;
	}
	memset(uk, 0, sizeof(uk));
	for (i = 0; i < 3; i++) {
		uk[i].type = KEVENT_TIMER;
		uk[i].event = KEVENT_TIMER_FIRED;
		uk[i].id.raw[0] = period[i];
		uk[i].user[0] = i;
	}
	uk[2].req_flags = KEVENT_REQ_ONESHOT;
	gettimeofday(&a, NULL);
	err = kevent_ctl(fd, KEVENT_CTL_ADD, 3, uk);
	printf("added: %d, still %u ms\n", err, uk[2].id.raw[0]);
	while (!seen[2]) {
		n = kevent_get_events(fd, 1, 4, 5000, uk, 0);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			if (uk[i].id.raw[0] != period[uk[i].user[0]])
				printf("an id that was not asked for\n");
			seen[uk[i].user[0]]++;
		}
	}
	gettimeofday(&b, NULL);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_usec - a.tv_usec) / 1000;
	printf("once: %u, again and again: %s, after a second: %s\n", seen[2],
	       seen[0] > 1 && seen[1] > 1 ? "yes" : "no", ms >= 1099 && ms < 5000 ? "yes" : "no");
	memset(uk, 0, sizeof(uk));
	for (i = 0; i < 2; i++) {
		uk[i].type = KEVENT_TIMER;
		uk[i].id.raw[0] = period[i];
	}
	uk[2].type = KEVENT_TIMER;
	uk[2].id.raw[0] = 7;
	err = kevent_ctl(fd, KEVENT_CTL_REMOVE, 3, uk);
	printf("removed: %d,", err);
	for (i = 0; i < 3; i++)
		printf(" %s", uk[i].ret_flags & KEVENT_RET_BROKEN ? "not there" : "done");
	printf("\n");
	n = kevent_get_events(fd, 0, 4, 0, uk, 0);
	while (n > 0)
		n = kevent_get_events(fd, 0, 4, 0, uk, 0);
	printf("afterwards: %d\n", kevent_get_events(fd, 1, 4, 300, uk, 0));
	return close(fd);
}
