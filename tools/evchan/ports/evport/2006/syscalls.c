// SPDX-License-Identifier: MIT
/* The calls are defined by macros, as <linux/unistd.h> had them, and declared before. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

#define syscall4(ret, name, t1, a1, t2, a2, t3, a3, t4, a4) \
ret name(t1 a1, t2 a2, t3 a3, t4 a4) \
{ \
	return syscall(__NR_##name, a1, a2, a3, a4); \
}

int kevent_ctl(int fd, unsigned int cmd, unsigned int num, void *arg);

syscall4(int, kevent_ctl, int, fd, unsigned int, cmd, unsigned int, num, void *, arg)

static int evfd;

int main(void)
{
	struct ukevent uk;
	int p[2], n, rounds = 0;
	char c;

	if ((evfd = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL)) < 0) {
		perror("init");
		return 1;
	}
	if (pipe(p))
		return 1;
	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_PIPE;
	uk.event = KEVENT_SOCKET_RECV;
	uk.id.raw[0] = p[0];
	uk.user[0] = 0xbeef;
	n = kevent_ctl(evfd, KEVENT_CTL_ADD, 1, &uk);
	if (n) {
		fprintf(stderr, "add: %d, %s\n", n, strerror(-(int)uk.ret_data[1]));
		return 1;
	}
	while (rounds < 20) {
		if (write(p[1], "y", 1) != 1)
			return 1;
		n = kevent_get_events(evfd, 1, 1, 2000, &uk, 0);
		if (n != 1 || uk.user[0] != 0xbeef || read(uk.id.raw[0], &c, 1) != 1)
			return 1;
		rounds++;
	}
	printf("%d rounds, mark %x, char %c\n", rounds, uk.user[0], c);
	return close(evfd);
}
