// SPDX-License-Identifier: MIT
/*
 * A small HTTP file server: edge-triggered, one request for a connection, and connections
 * that say nothing for some ticks of a clock are closed. A child process is the clients.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <evchan.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS	1000000
#define TICK	(50 * MS)
#define PATIENCE 20		/* ticks */
#define BATCH	16
#define BIG	300000

struct connection {
	struct connection *next;
	int fd, file;
	uint64_t heard;		/* the tick of the last data */
	size_t length;
	char request[512];
	off_t sent, size;
};

static struct connection *connections;
static uint64_t ticks;
static int closed;

static int change(ec_t ec, unsigned int op, int fd, uint32_t events, void *cookie)
{
	struct evchan_change c = {
		.type = EVCHAN_SOCKET, .events = events, .data = (uintptr_t)cookie,
		.args = { (uint64_t)fd },
	};

	c.op = (uint16_t)op;
	return ec_change(ec, &c);
}

static int add(ec_t ec, int fd, uint32_t events, void *cookie)
{
	return change(ec, EVCHAN_ADD, fd, events, cookie);
}

static void finish(ec_t ec, struct connection *c)
{
	struct connection **p = &connections;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	change(ec, EVCHAN_DEL, c->fd, 0, NULL);
	close(c->fd);
	if (c->file >= 0)
		close(c->file);
	free(c);
	closed++;
}

static void answer(struct connection *c, const char *status, off_t size)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "HTTP/1.0 %s\r\nContent-Length: %ld\r\n\r\n",
			 status, (long)size);

	printf(" %s %ld\n", status, (long)size);
	if (send(c->fd, head, (size_t)n, MSG_NOSIGNAL) != n)
		perror("send");
	c->size = size;
}

/* Send what fits. Return: 1 if all is sent. */
static int send_more(struct connection *c)
{
	char part[8192];

	while (c->sent < c->size) {
		ssize_t n = pread(c->file, part, sizeof(part), c->sent);

		n = n > 0 ? send(c->fd, part, (size_t)n, MSG_NOSIGNAL) : 0;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return 1;
		c->sent += n;
	}
	return 1;
}

static int hear(struct connection *c)
{
	char *path, *end;
	struct stat st;
	ssize_t n;

	while ((n = read(c->fd, c->request + c->length, sizeof(c->request) - 1 - c->length)) > 0) {
		c->length += (size_t)n;
		c->heard = ticks;
	}
	if (!n)
		return 1;
	if (!strstr(c->request, "\r\n\r\n"))
		return 0;
	path = c->request + strlen("GET /");
	end = strchr(path, ' ');
	if (end)
		*end = 0;
	printf("GET %s", path);
	c->file = strchr(path, '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (c->file < 0 || fstat(c->file, &st)) {
		answer(c, "404 Not Found", 0);
		return 1;
	}
	answer(c, "200 OK", st.st_size);
	return send_more(c);
}

static void welcome(ec_t ec, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));

		if (!c)
			abort();
		c->fd = fd;
		c->file = -1;
		c->heard = ticks;
		c->next = connections;
		connections = c;
		if (add(ec, fd, EVCHAN_RECV | EVCHAN_SEND, c) < 0)
			ec_perror("connection");
	}
}

static void close_idle(ec_t ec)
{
	struct connection *c = connections, *next;

	for (; c; c = next) {
		next = c->next;
		if (ticks - c->heard > PATIENCE && !c->size) {
			printf("idle after %zu bytes\n", c->length);
			finish(ec, c);
		}
	}
}

/* Send a request, which may be unfinished, and read what comes until the end. */
static void get(in_port_t port, const char *request)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char part[4096];
	long all = 0;
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    write(fd, request, strlen(request)) < 0)
		_exit(1);
	while ((n = read(fd, part, sizeof(part))) > 0)
		all += n;
	close(fd);
	if (strstr(request, "big") && all < BIG)
		_exit(2);
}

static void be_clients(in_port_t port)
{
	get(port, "GET /small HTTP/1.0\r\n\r\n");
	get(port, "GET /big HTTP/1.0\r\n\r\n");
	get(port, "GET /none HTTP/1.0\r\n\r\n");
	get(port, "GET /half");
	_exit(0);
}

static int make_file(const char *name, int size)
{
	FILE *f = fopen(name, "w");

	for (int i = 0; f && i < size; i++)
		fputc('a' + i % 26, f);
	return f ? fclose(f) : -1;
}

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), status = 1, n;
	char directory[] = "/tmp/httpd.XXXXXX";
	socklen_t size = sizeof(to);
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev[BATCH];

	if (!ec || !mkdtemp(directory) || chdir(directory) || make_file("small", 13) ||
	    make_file("big", BIG) || bind(listener, (struct sockaddr *)&to, size) ||
	    listen(listener, 8) || getsockname(listener, (struct sockaddr *)&to, &size) ||
	    add(ec, listener, EVCHAN_ACCEPT, NULL) < 0 ||
	    ec_timer(ec, 1, CLOCK_MONOTONIC, TICK, TICK, 0) < 0) {
		ec_perror("httpd");
		return 1;
	}
	if (!fork())
		be_clients(to.sin_port);
	while (closed < 4 && (n = ec_wait_events(ec, ev, 1, BATCH, NULL)) > 0) {
		for (int i = 0; i < n; i++) {
			struct connection *c = (struct connection *)(uintptr_t)ev[i].data;

			if (ev[i].type == EVCHAN_TIMER)
				ticks += ev[i].value;
			else if (!c)
				welcome(ec, listener);
			else if (c->size ? send_more(c) : hear(c))
				finish(ec, c);
		}
		close_idle(ec);
	}
	wait(&status);
	unlink("small");
	unlink("big");
	rmdir(directory);
	printf("clients: %d\n", status);
	ec_destroy(ec);
	return 0;
}
