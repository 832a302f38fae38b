// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that checks every byte of the answers it gets: N connections at once, with M
 * requests on each, one after the other.
 *
 *   load http HOST PORT N M	GET of the three files that `load files` wrote
 *   load small HOST PORT N M	GET of the smallest of them
 *   load echo HOST PORT N M	POST of the same contents to /echo, which must return them
 *   load memcached HOST PORT N M	set and get in turn
 *   load probe HOST PORT	does anything accept connections?
 *   load files DIR
 *
 * Prints "requests R seconds S". If an answer is wrong, stderr says which, and the status
 * is 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER	(256 * 1024)
/* No progress for this long is an error. */
#define PATIENCE_MS 60000

enum protocol { HTTP, SMALL, ECHO, MEMCACHED };

struct connection {
	int fd;
	int seq;		/* answers that have arrived */
	size_t sent, request_len;
	size_t got;
	char *request, *answer;
};

static enum protocol protocol;
static const char *host;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list ap;

	fputs("load: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* Which file the request asks for. */
static int file(int seq)
{
	return protocol == SMALL ? 0 : seq % 3;
}

/* The three bodies: small, a few segments, larger than a socket buffer. */
static size_t body_size(int n)
{
	static const size_t sizes[] = { 100, 5000, 200000 };

	return sizes[n % 3];
}

static void fill(int n, char *to)
{
	for (size_t i = 0; i < body_size(n); i++)
		to[i] = (char)('a' + (i * 7 + (size_t)n % 3 + i / 26) % 26);
}

static void write_files(const char *dir)
{
	static char data[BUFFER];

	for (int n = 0; n < 3; n++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/f%d", dir, n);
		f = fopen(path, "w");
		fill(n, data);
		if (!f || fwrite(data, 1, body_size(n), f) != body_size(n) || fclose(f))
			die("%s: %s", path, strerror(errno));
	}
}

/* The value that memcached keeps under a key: its length and contents depend on the key. */
static int value(int conn, int seq, char *to)
{
	int key = seq / 2 % 50, len = 20 + (conn * 37 + key * 101) % 3000;

	for (int i = 0; i < len; i++)
		to[i] = (char)('A' + (i + conn + key) % 26);
	return len;
}

static void make_request(struct connection *c, int conn)
{
	int seq = c->seq, len;
	static char data[BUFFER];
	char *p = c->request;

	switch (protocol) {
	case HTTP:
	case SMALL:
		p += sprintf(p, "GET /f%d HTTP/1.1\r\nHost: %s\r\n\r\n", file(seq), host);
		break;
	case ECHO:
		p += sprintf(p, "POST /echo HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n",
			     host, body_size(seq));
		fill(seq, p);
		p += body_size(seq);
		break;
	case MEMCACHED:
		len = value(conn, seq, data);
		if (seq % 2)
			p += sprintf(p, "get k%d-%d\r\n", conn, seq / 2 % 50);
		else
			p += sprintf(p, "set k%d-%d 0 0 %d\r\n%.*s\r\n", conn, seq / 2 % 50, len,
				     len, data);
		break;
	}
	c->request_len = (size_t)(p - c->request);
	c->sent = 0;
	c->got = 0;
}

/* True once the whole answer has arrived and is right. */
static bool http_answer(struct connection *c)
{
	static char body[BUFFER];
	size_t size = body_size(file(c->seq));
	char *end, *length;

	c->answer[c->got] = 0;
	end = strstr(c->answer, "\r\n\r\n");
	if (!end)
		return false;
	if (strncmp(c->answer, "HTTP/1.1 200 ", 13))
		die("answer %d is '%.40s'", c->seq, c->answer);
	length = strcasestr(c->answer, "\r\nContent-Length: ");
	if (!length || length > end || strtoul(length + 18, NULL, 10) != size)
		die("answer %d has not the length %zu", c->seq, size);
	end += 4;
	if (c->got < (size_t)(end - c->answer) + size)
		return false;
	fill(file(c->seq), body);
	if (c->got != (size_t)(end - c->answer) + size || memcmp(end, body, size))
		die("answer %d has another body", c->seq);
	return true;
}

static bool memcached_answer(struct connection *c, int conn)
{
	static char data[BUFFER], wanted[BUFFER];
	int len = value(conn, c->seq, data), n;

	if (c->seq % 2)
		n = sprintf(wanted, "VALUE k%d-%d 0 %d\r\n%.*s\r\nEND\r\n", conn, c->seq / 2 % 50,
			    len, len, data);
	else
		n = sprintf(wanted, "STORED\r\n");
	if (c->got > (size_t)n || memcmp(c->answer, wanted, c->got))
		die("answer %d is '%.40s'", c->seq, c->answer);
	return c->got == (size_t)n;
}

static int dial(const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		die("%s is no IPv4 address", host);
	if (connect(fd, (void *)&in, sizeof(in)))
		die("connect to %s:%s: %s", host, port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Proceed as far as the connection allows; true when an answer is complete. */
static bool advance(struct connection *c, int conn)
{
	ssize_t n;

	while (c->sent < c->request_len) {
		n = write(c->fd, c->request + c->sent, c->request_len - c->sent);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			die("write: %s", strerror(errno));
		c->sent += (size_t)n;
	}
	while ((n = read(c->fd, c->answer + c->got, BUFFER - 1 - c->got)) > 0) {
		c->got += (size_t)n;
		if (protocol == MEMCACHED ? memcached_answer(c, conn) : http_answer(c))
			return true;
	}
	if (!n)
		die("closed after %d answers", c->seq);
	if (errno != EAGAIN)
		die("read: %s", strerror(errno));
	return false;
}

static void run(const char *port, int connections, int requests)
{
	struct connection *c = calloc((size_t)connections, sizeof(*c));
	struct pollfd *p = calloc((size_t)connections, sizeof(*p));
	struct timespec start, end;
	int left = connections;

	if (!c || !p)
		die("no memory");
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < connections; i++) {
		c[i].request = malloc(BUFFER);
		c[i].answer = malloc(BUFFER);
		if (!c[i].request || !c[i].answer)
			die("no memory");
		c[i].fd = p[i].fd = dial(port);
		make_request(&c[i], i);
		p[i].events = POLLIN | POLLOUT;
	}
	while (left) {
		if (poll(p, (nfds_t)connections, PATIENCE_MS) <= 0)
			die("no answer for %d s", PATIENCE_MS / 1000);
		for (int i = 0; i < connections; i++) {
			if (!p[i].revents)
				continue;
			if (advance(&c[i], i)) {
				if (++c[i].seq == requests) {
					close(c[i].fd);
					p[i].fd = -1;
					left--;
					continue;
				}
				make_request(&c[i], i);
			}
			p[i].events = POLLIN | (c[i].sent < c[i].request_len ? POLLOUT : 0);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("requests %d seconds %.3f\n", connections * requests,
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "files")) {
		write_files(argv[2]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "probe")) {
		host = argv[2];
		dial(argv[3]);
		return 0;
	}
	if (argc != 6)
		die("see the head of load.c");
	if (!strcmp(argv[1], "http"))
		protocol = HTTP;
	else if (!strcmp(argv[1], "small"))
		protocol = SMALL;
	else if (!strcmp(argv[1], "echo"))
		protocol = ECHO;
	else if (!strcmp(argv[1], "memcached"))
		protocol = MEMCACHED;
	else
		die("'%s' is no protocol", argv[1]);
	host = argv[2];
	run(argv[3], atoi(argv[4]), atoi(argv[5]));
	return 0;
}
