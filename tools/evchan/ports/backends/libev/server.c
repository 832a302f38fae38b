// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server on libev, for the load of ../../programs/load.c: it answers GET /f0, /f1 and /f2
 * with these files of a directory, over persistent connections.
 *
 * usage: server BACKEND DIRECTORY PORT
 *
 * Ends with status 0 on SIGTERM, and with an error if libev has chosen another backend.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ev.h"

#define BUFFER	(256 * 1024)

struct connection {
	ev_io reads, writes;
	char request[4096];
	size_t got;
	const char *answer;	/* what is still to be sent of it */
	size_t left;
};

/* The answers, with their headers. */
static struct {
	char *text;
	size_t length;
} answers[3];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void read_file(const char *directory, int n)
{
	char path[4096], *body = malloc(BUFFER), *text = malloc(BUFFER + 200);
	size_t length, head;
	FILE *f;

	snprintf(path, sizeof(path), "%s/f%d", directory, n);
	f = fopen(path, "r");
	if (!f || !body || !text)
		fail(path);
	length = fread(body, 1, BUFFER, f);
	fclose(f);
	head = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
	memcpy(text + head, body, length);
	free(body);
	answers[n].text = text;
	answers[n].length = head + length;
}

static void end(struct ev_loop *loop, struct connection *c)
{
	ev_io_stop(loop, &c->reads);
	ev_io_stop(loop, &c->writes);
	close(c->reads.fd);
	free(c);
}

static void on_write(struct ev_loop *loop, ev_io *w, int revents)
{
	struct connection *c = w->data;
	ssize_t n;

	(void)revents;
	while (c->left) {
		n = write(w->fd, c->answer, c->left);
		if (n < 0 && errno == EAGAIN) {
			ev_io_start(loop, &c->writes);
			return;
		}
		if (n <= 0) {
			end(loop, c);
			return;
		}
		c->answer += n;
		c->left -= (size_t)n;
	}
	ev_io_stop(loop, &c->writes);
}

/* One read for each event, so that the rest needs a level-triggered one. */
static void on_read(struct ev_loop *loop, ev_io *w, int revents)
{
	struct connection *c = w->data;
	ssize_t n;
	int which;

	(void)revents;
	n = read(w->fd, c->request + c->got, sizeof(c->request) - 1 - c->got);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(loop, c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (!strstr(c->request, "\r\n\r\n"))
		return;
	which = c->request[6] - '0';
	if (strncmp(c->request, "GET /f", 6) || which < 0 || which > 2) {
		end(loop, c);
		return;
	}
	c->got = 0;
	c->answer = answers[which].text;
	c->left = answers[which].length;
	on_write(loop, &c->writes, EV_WRITE);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	(void)revents;
	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (!c)
		fail("calloc");
	ev_io_init(&c->reads, on_read, fd, EV_READ);
	ev_io_init(&c->writes, on_write, fd, EV_WRITE);
	c->reads.data = c->writes.data = c;
	ev_io_start(loop, &c->reads);
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)w, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	unsigned int backend;
	struct ev_loop *loop;
	int fd, one = 1;
	ev_signal term;
	ev_io accepts;

	if (argc != 4)
		return fprintf(stderr, "usage: server BACKEND DIRECTORY PORT\n"), 2;
	backend = strcmp(argv[1], "epoll") ? EVBACKEND_EVCHAN : EVBACKEND_EPOLL;
	loop = ev_default_loop(backend);
	if (!loop || ev_backend(loop) != backend)
		return fprintf(stderr, "server: libev does not use %s\n", argv[1]), 1;
	for (int i = 0; i < 3; i++)
		read_file(argv[2], i);
	in.sin_port = htons((uint16_t)atoi(argv[3]));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&in, sizeof(in)) || listen(fd, 500))
		fail("listen");
	ev_io_init(&accepts, on_accept, fd, EV_READ);
	ev_io_start(loop, &accepts);
	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_start(loop, &term);
	ev_run(loop, 0);
	return 0;
}
