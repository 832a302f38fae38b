// SPDX-License-Identifier: MIT
/*
 * Echo server on kevent: echo-kevent PORT
 *
 * Level-triggered. Each connection has one registration, which asks for what the
 * connection waits for: data to read, or space to send back what was read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <kevent.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
	int fd;
	int number;
	long total;		/* bytes echoed */
	ssize_t length, sent;	/* bytes in the buffer, and how many of them were sent */
	char buffer[4096];
};

static int listen_on(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, SOMAXCONN))
		return -1;
	return fd;
}

static void welcome(int q, int listener)
{
	static int number;
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	c->number = ++number;
	if (c->fd >= 0 && !kevent_watch(q, KEVENT_SOCKET, c->fd, KEVENT_SOCKET_RECV, 0, c))
		return;
	close(c->fd);
	free(c);
}

static void part(int q, struct connection *c)
{
	printf("connection %d: %ld bytes\n", c->number, c->total);
	kevent_unwatch(q, KEVENT_SOCKET, c->fd);
	close(c->fd);
	free(c);
}

/* Read or send, then wait for data to read or for space to send. */
static void serve(int q, struct connection *c)
{
	int sending = c->sent < c->length;
	ssize_t n;

	if (!sending) {
		c->sent = 0;
		c->length = read(c->fd, c->buffer, sizeof(c->buffer));
		if (c->length < 0) {
			c->length = 0;
			if (errno == EAGAIN)
				return;
		}
		if (!c->length) {
			part(q, c);
			return;
		}
	}
	n = send(c->fd, c->buffer + c->sent, (size_t)(c->length - c->sent), MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		part(q, c);
		return;
	}
	if (n > 0) {
		c->sent += n;
		c->total += n;
	}
	if (sending == (c->sent < c->length))
		return;
	if (sending)
		kevent_watch(q, KEVENT_SOCKET, c->fd, KEVENT_SOCKET_RECV, 0, c);
	else
		kevent_watch(q, KEVENT_SOCKET, c->fd, KEVENT_SOCKET_SEND, 0, c);
}

int main(int argc, char **argv)
{
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 7);
	int q = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	struct ukevent ev;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (listener < 0 || q < 0 ||
	    kevent_watch(q, KEVENT_SOCKET, listener, KEVENT_SOCKET_ACCEPT, 0, NULL) < 0) {
		kevent_perror("echo");
		return 1;
	}
	while (kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		struct connection *c = ev.ptr;

		if (c)
			serve(q, c);
		else
			welcome(q, listener);
	}
	kevent_perror("echo");
	close(q);
	return 1;
}
