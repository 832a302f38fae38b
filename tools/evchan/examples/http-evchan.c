// SPDX-License-Identifier: MIT
/*
 * HTTP server on the event channel: http-evchan PORT DIRECTORY
 *
 * Each connection carries one request. Connections are watched oneshot, so a slow one costs
 * nothing until it is ready again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <evchan.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
	int fd;
	int file;		/* -1 before it is opened, or if there is no such file */
	size_t length;		/* of the request in text; later of the answer's head */
	size_t sent;		/* bytes of the head */
	off_t left;		/* bytes of the file to send */
	char text[2048];
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

/* Replace the request by the head of the answer. Names with ".." are refused. */
static void answer(struct request *r)
{
	char name[256] = "";
	struct stat st = { 0 };

	r->text[r->length] = '\0';
	if (sscanf(r->text, "GET /%255[^ ?\r\n] HTTP/1.", name) == 1 && !strstr(name, ".."))
		r->file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->file >= 0 && !fstat(r->file, &st) && S_ISREG(st.st_mode)) {
		r->left = st.st_size;
	} else if (r->file >= 0) {
		close(r->file);
		r->file = -1;
	}
	printf("GET /%s %d\n", name, r->file >= 0 ? 200 : 404);
	r->length = (size_t)snprintf(r->text, sizeof(r->text),
				     "HTTP/1.0 %s\r\nContent-Length: %lld\r\n\r\n",
				     r->file >= 0 ? "200 OK" : "404 Not Found", (long long)r->left);
}

/* 1: the answer is sent; 0: the socket has no space; -1: the connection is broken. */
static int answered(struct request *r)
{
	ssize_t n;

	while (r->sent < r->length || r->left) {
		if (r->sent < r->length) {
			n = send(r->fd, r->text + r->sent, r->length - r->sent, MSG_NOSIGNAL);
			r->sent += n > 0 ? (size_t)n : 0;
		} else {
			n = sendfile(r->fd, r->file, NULL, (size_t)r->left);
			r->left -= n > 0 ? n : 0;
		}
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? 0 : -1;
	}
	return 1;
}

static void serve(ec_t ec, struct request *r, unsigned int events)
{
	if (events & EVCHAN_RECV) {
		ssize_t n = read(r->fd, r->text + r->length, sizeof(r->text) - 1 - r->length);

		if (n <= 0)
			goto done;
		r->length += (size_t)n;
		if (!memmem(r->text, r->length, "\r\n\r\n", 4)) {
			ec_watch(ec, EVCHAN_SOCKET, r->fd, EVCHAN_RECV, EVCHAN_ONESHOT, (uintptr_t)r);
			return;
		}
		answer(r);
	}
	if (!answered(r)) {
		ec_watch(ec, EVCHAN_SOCKET, r->fd, EVCHAN_SEND, EVCHAN_ONESHOT, (uintptr_t)r);
		return;
	}
done:
	if (r->file >= 0)
		close(r->file);
	close(r->fd);
	free(r);
}

static void welcome(ec_t ec, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct request *r = fd >= 0 ? calloc(1, sizeof(*r)) : NULL;

	if (!r) {
		close(fd);
		return;
	}
	r->fd = fd;
	r->file = -1;
	ec_watch(ec, EVCHAN_SOCKET, fd, EVCHAN_RECV, EVCHAN_ONESHOT, (uintptr_t)r);
}

int main(int argc, char **argv)
{
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 80), n;
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3) {
		fprintf(stderr, "usage: http-evchan PORT DIRECTORY\n");
		return 1;
	}
	if (chdir(argv[2]) || listener < 0 || !ec ||
	    ec_watch(ec, EVCHAN_SOCKET, listener, EVCHAN_ACCEPT, EVCHAN_LEVEL, 0) < 0) {
		ec_perror("http");
		return 1;
	}
	while ((n = ec_wait_events(ec, ev, 1, 64, NULL)) > 0) {
		for (int i = 0; i < n; i++) {
			if (ev[i].data)
				serve(ec, (void *)(uintptr_t)ev[i].data, ev[i].events);
			else
				welcome(ec, listener);
		}
	}
	ec_perror("http");
	return 1;
}
