// SPDX-License-Identifier: MIT
/*
 * Echo server on the event channel: echo-evchan PORT
 *
 * Level-triggered. Each connection has one registration, which asks for what the
 * connection waits for: data to read, or space to send back what was read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <evchan.h>
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

static void welcome(ec_t ec, int listener)
{
	static int number;
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	c->number = ++number;
	if (c->fd >= 0 && !ec_watch(ec, EVCHAN_SOCKET, c->fd, EVCHAN_RECV, EVCHAN_LEVEL,
				    (uintptr_t)c))
		return;
	close(c->fd);
	free(c);
}

static void part(ec_t ec, struct connection *c)
{
	printf("connection %d: %ld bytes\n", c->number, c->total);
	ec_unwatch(ec, EVCHAN_SOCKET, c->fd);
	close(c->fd);
	free(c);
}

/* Read or send, then wait for data to read or for space to send. */
static void serve(ec_t ec, struct connection *c)
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
			part(ec, c);
			return;
		}
	}
	n = send(c->fd, c->buffer + c->sent, (size_t)(c->length - c->sent), MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		part(ec, c);
		return;
	}
	if (n > 0) {
		c->sent += n;
		c->total += n;
	}
	if (sending == (c->sent < c->length))
		return;
	if (sending)
		ec_watch(ec, EVCHAN_SOCKET, c->fd, EVCHAN_RECV, EVCHAN_LEVEL, (uintptr_t)c);
	else
		ec_watch(ec, EVCHAN_SOCKET, c->fd, EVCHAN_SEND, EVCHAN_LEVEL, (uintptr_t)c);
}

int main(int argc, char **argv)
{
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 7);
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (listener < 0 || !ec ||
	    ec_watch(ec, EVCHAN_SOCKET, listener, EVCHAN_ACCEPT, EVCHAN_LEVEL, 0) < 0) {
		ec_perror("echo");
		return 1;
	}
	while (!ec_wait_event(ec, &ev)) {
		struct connection *c = (void *)(uintptr_t)ev.data;

		if (c)
			serve(ec, c);
		else
			welcome(ec, listener);
	}
	ec_perror("echo");
	ec_destroy(ec);
	return 1;
}
