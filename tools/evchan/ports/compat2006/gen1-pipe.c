// SPDX-License-Identifier: MIT
/*
 * In the style of kevent's first generation, July 2006: one multiplexing call, with a
 * buffer that holds two structures in a row.
 *
 * Bytes go round through a pipe: they are written when there is room, and read when they
 * have arrived.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kevent.h>

#define ROUNDS 100

static char buf[sizeof(struct kevent_user_control) + 4 * sizeof(struct ukevent)];

/* Pass the two structures in a row; the call returns its results in the same buffer. */
static int control(int fd, unsigned int cmd, unsigned int num, const struct ukevent *uk)
{
	struct kevent_user_control ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.cmd = cmd;
	ctl.num = num;
	ctl.timeout = 5000;
	memcpy(buf, &ctl, sizeof(ctl));
	if (uk)
		memcpy(buf + sizeof(ctl), uk, sizeof(*uk));
	return kevent_ctl(fd, buf);
}

static int command(int fd, unsigned int cmd, int what, unsigned int event, unsigned int flags)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_PIPE;
	uk.id.raw[0] = what;
	uk.event = event;
	uk.req_flags = flags;
	uk.user[0] = event;
	return control(fd, cmd, 1, &uk);
}

int main(void)
{
	int fd, p[2], i, n, written = 0, taken = 0;
	struct ukevent uk;
	char bytes[16];

	fd = control(0, KEVENT_CTL_INIT, 0, NULL);
	if (fd < 0) {
		perror("KEVENT_CTL_INIT");
		return 1;
	}
	if (pipe(p)) {
		perror("pipe");
		return 1;
	}
	/* An empty pipe has room already, so the addition hands the event back. */
	n = command(fd, KEVENT_CTL_ADD, p[1], KEVENT_SOCKET_SEND, KEVENT_REQ_ONESHOT);
	printf("ready when added: %d\n", n);
	n = command(fd, KEVENT_CTL_ADD, p[0], KEVENT_SOCKET_RECV, 0);
	printf("queued when added: %d\n", n);
	while (taken < ROUNDS) {
		if (write(p[1], "x", 1) == 1)
			written++;
		n = control(fd, KEVENT_CTL_WAIT, 1, NULL);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			memcpy(&uk, buf + sizeof(struct kevent_user_control) + i * sizeof(uk), sizeof(uk));
			if (uk.user[0] == KEVENT_SOCKET_RECV && uk.id.raw[0] == (unsigned int)p[0])
				taken += read(p[0], bytes, sizeof(bytes));
		}
	}
	printf("written %d, taken %d\n", written, taken);
	n = command(fd, KEVENT_CTL_MODIFY, p[0], KEVENT_SOCKET_RECV, KEVENT_REQ_ONESHOT);
	printf("modify: %d\n", n);
	n = command(fd, KEVENT_CTL_REMOVE, p[0], KEVENT_SOCKET_RECV, 0);
	printf("remove: %d\n", n);
	close(fd);
	return 0;
}
