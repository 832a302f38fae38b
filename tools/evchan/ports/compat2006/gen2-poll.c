// SPDX-License-Identifier: MIT
/*
 * Poll events and errors of August 2006: a batch of pipes, some of which are not valid
 * descriptors. Each failed entry has its own answer, at the front of the array.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/ukevent.h>

int kevent_ctl(int fd, unsigned int cmd, unsigned int num, void *arg);

#define PIPES 6

int main(void)
{
	struct ukevent uk[PIPES + 2], ready[PIPES];
	int fd, p[PIPES][2], i, n, got = 0, sum = 0;

	fd = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL);
	if (fd < 0) {
		perror("kevent_ctl");
		return 1;
	}
	memset(uk, 0, sizeof(uk));
	for (i = 0; i < PIPES + 2; i++) {
		uk[i].type = KEVENT_POLL;
		uk[i].event = KEVENT_POLL_POLLIN;
		uk[i].user[0] = i;
		uk[i].user[1] = 0xcafe;
		uk[i].id.raw[0] = 4000;
		if (i < PIPES && !pipe(p[i]))
			uk[i].id.raw[0] = p[i][0];
	}
	/* One pipe is readable already. */
	if (write(p[3][1], "x", 1) != 1)
		return 1;
	uk[PIPES + 1].type = 77;
	n = kevent_ctl(fd, KEVENT_CTL_ADD, PIPES + 2, uk);
	printf("finished at once: %d\n", n);
	for (i = 0; i < n; i++)
		printf("number %u: %s\n", uk[i].user[0], uk[i].ret_flags & KEVENT_RET_BROKEN ?
		       strerror(-(int)uk[i].ret_data[1]) : "ready");
	for (i = 0; i < PIPES; i++)
		if (i != 3 && write(p[i][1], "x", 1) != 1)
			return 1;
	/* Get all of them, but no more than three at a time. */
	while (got < PIPES - 1) {
		n = kevent_get_events(fd, 1, 3, 5000, ready, 0);
		if (n <= 0 || n > 3) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			char c;

			if (ready[i].user[1] != 0xcafe || !(ready[i].ret_flags & KEVENT_RET_DONE) ||
			    !(ready[i].event & KEVENT_POLL_POLLIN))
				printf("wrong\n");
			if (read(ready[i].id.raw[0], &c, 1) == 1)
				got++;
			sum += ready[i].user[0];
		}
	}
	printf("read %d, sum of the numbers %d\n", got, sum);
	printf("and no more: %d\n", kevent_get_events(fd, 1, 3, 0, ready, 0));
	/* A modified request is checked at once. */
	memset(uk, 0, sizeof(uk));
	uk[0].type = KEVENT_POLL;
	uk[0].id.raw[0] = p[0][0];
	uk[0].event = KEVENT_POLL_POLLIN | KEVENT_POLL_POLLHUP;
	uk[0].user[0] = 50;
	close(p[0][1]);
	n = kevent_ctl(fd, KEVENT_CTL_MODIFY, 1, uk);
	printf("modified: %d, %s\n", n, uk[0].ret_flags == KEVENT_RET_DONE ? "done" : "broken");
	n = kevent_get_events(fd, 1, 3, 5000, ready, 0);
	printf("hung up: %d, %s\n", n, ready[0].event & KEVENT_POLL_POLLHUP ? "yes" : "no");
	return close(fd);
}
