// SPDX-License-Identifier: MIT
/*
 * A program of July 2006 that calls the system call by its number through a wrapper of its
 * own, because there was no library. Two ends of a socket pair talk to each other.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kevent.h>

static int calls;

static int kevent_ctl(int fd, void *buf)
{
	calls++;
	return syscall(__NR_kevent_ctl, fd, buf);
}

static char buf[sizeof(struct kevent_user_control) + 2 * sizeof(struct ukevent)];

static int command(int fd, unsigned int cmd, unsigned int num, unsigned int ms)
{
	struct kevent_user_control *ctl = (struct kevent_user_control *)buf;

	ctl->cmd = cmd;
	ctl->num = num;
	ctl->timeout = ms;
	return kevent_ctl(fd, buf);
}

static struct ukevent *entry(int i)
{
	return (struct ukevent *)(buf + sizeof(struct kevent_user_control)) + i;
}

static void fill(int i, int s, unsigned int event)
{
	memset(entry(i), 0, sizeof(struct ukevent));
	entry(i)->type = KEVENT_SOCKET;
	entry(i)->id.raw[0] = s;
	entry(i)->event = event;
	entry(i)->user[0] = s;
}

int main(void)
{
	int fd, sv[2], i, n, turns = 0;
	char c = 'a';

	fd = command(0, KEVENT_CTL_INIT, 0, 0);
	if (fd < 0) {
		perror("kevent_ctl");
		return 1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		return 1;
	fill(0, sv[0], KEVENT_SOCKET_RECV);
	fill(1, sv[1], KEVENT_SOCKET_RECV);
	n = command(fd, KEVENT_CTL_ADD, 2, 0);
	printf("added, finished at once: %d\n", n);
	/* Add the same request again: the error is in the entry that is handed back. */
	fill(0, sv[0], KEVENT_SOCKET_RECV);
	n = command(fd, KEVENT_CTL_ADD, 1, 0);
	printf("twice: %d, broken: %s, %s\n", n, entry(0)->ret_flags & KEVENT_RET_BROKEN ? "yes" : "no",
	       strerror(-(int)entry(0)->ret_data[1]));
	if (write(sv[0], &c, 1) != 1)
		return 1;
	while (turns < 50) {
		n = command(fd, KEVENT_CTL_WAIT, 1, 5000);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			int s = entry(i)->user[0], other = s == sv[0] ? sv[1] : sv[0];

			if (recv(s, &c, 1, MSG_DONTWAIT) != 1)
				continue;
			turns++;
			c = c == 'z' ? 'a' : c + 1;
			if (write(s, &c, 1) != 1 || other < 0)
				return 1;
		}
	}
	printf("turns %d, letter %c, through the wrapper: %s\n", turns, c, calls > turns ? "yes" : "no");
	fill(0, sv[0], 0);
	fill(1, sv[0], 0);
	command(fd, KEVENT_CTL_REMOVE, 2, 0);
	printf("removed: %s, and not twice: %s\n", entry(0)->ret_flags & KEVENT_RET_BROKEN ? "no" : "yes",
	       entry(1)->ret_flags & KEVENT_RET_BROKEN ? "yes" : "no");
	return close(fd);
}
