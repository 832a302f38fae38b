// SPDX-License-Identifier: MIT
/* A server and its clients in one process: the queue is global, an event finds its socket by ptr. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

#define CLIENTS 12

struct conn {
	int s;
	unsigned int bytes;
};

int kq = -1;
static unsigned int accepted, ended, total;

static int watch(struct conn *c, unsigned int event)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(struct ukevent));
	uk.type = KEVENT_SOCKET;
	uk.event = event;
	uk.req_flags = KEVENT_REQ_ALWAYS_QUEUE;
	uk.id.raw[0] = c->s;
	uk.ptr = c;
	if (kevent_ctl(kq, KEVENT_CTL_ADD, 1, &uk) < 0 || (uk.ret_flags & KEVENT_RET_BROKEN)) {
		fprintf(stderr, "socket %u: %s\n", uk.id.raw[0], strerror(-(int)uk.ret_data[1]));
		return -1;
	}
	return 0;
}

static void handle(struct ukevent *ev)
{
	struct conn *c = ev->ptr;
	char buf[32];
	int n;

	if (ev->event & KEVENT_SOCKET_ACCEPT) {
		struct conn *new = calloc(1, sizeof(*new));

		new->s = accept(c->s, NULL, NULL);
		if (new->s < 0 || watch(new, KEVENT_SOCKET_RECV))
			exit(1);
		accepted++;
		return;
	}
	n = read(c->s, buf, sizeof(buf));
	if (n > 0) {
		c->bytes += n;
		return;
	}
	total += c->bytes;
	ended++;
	close(c->s);
	free(c);
}

int main(void)
{
	struct conn listener = { -1, 0 };
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct ukevent ev[4];
	int i, n, c;

	kq = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL);
	if (kq == -1) {
		perror("kevent");
		return 1;
	}
	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener.s = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener.s, (struct sockaddr *)&sa, sizeof(sa)) || listen(listener.s, CLIENTS) ||
	    getsockname(listener.s, (struct sockaddr *)&sa, &len) ||
	    watch(&listener, KEVENT_SOCKET_ACCEPT))
		return 1;
	for (i = 0; i < CLIENTS; i++) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(c, (struct sockaddr *)&sa, sizeof(sa)) || write(c, "0123456789", 10) != 10)
			return 1;
		close(c);
	}
	while (ended < CLIENTS) {
		n = kevent_get_events(kq, 1, 4, 5000, ev, 0);
		if (n <= 0)
			return 1;
		for (i = 0; i < n; i++)
			handle(&ev[i]);
	}
	printf("accepted %u, ended %u, bytes %u\n", accepted, ended, total);
	return close(kq);
}
