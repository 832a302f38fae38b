// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server on libuv, for the load of ../../programs/load.c: it answers GET /f0, /f1 and /f2
 * with these files of a directory, over persistent connections.
 *
 * usage: server DIRECTORY PORT
 *
 * Ends with status 0 on SIGTERM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uv.h"

#define BUFFER	(256 * 1024)

struct connection {
	uv_tcp_t tcp;
	uv_write_t write;
	char request[4096];
	size_t got;
};

/* The answers, with their headers. */
static uv_buf_t answers[3];

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "server: %s: %s\n", what, uv_strerror(err));
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
		check(UV_ENOENT, path);
	length = fread(body, 1, BUFFER, f);
	fclose(f);
	head = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
	memcpy(text + head, body, length);
	free(body);
	answers[n] = uv_buf_init(text, (unsigned int)(head + length));
}

static void on_close(uv_handle_t *h)
{
	free(h->data);
}

static void end(struct connection *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_close);
}

static void on_write(uv_write_t *w, int status)
{
	if (status)
		end(w->data);
}

static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct connection *c = h->data;

	(void)wanted;
	*buf = uv_buf_init(c->request + c->got, (unsigned int)(sizeof(c->request) - 1 - c->got));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = s->data;
	int which;

	(void)buf;
	if (n < 0) {
		end(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (!strstr(c->request, "\r\n\r\n"))
		return;
	which = c->request[6] - '0';
	c->got = 0;
	/* A client sends its next request when it has the answer, so one write is enough. */
	if (strncmp(c->request, "GET /f", 6) || which < 0 || which > 2 ||
	    uv_write(&c->write, s, &answers[which], 1, on_write))
		end(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct connection *c = calloc(1, sizeof(*c));

	check(status, "listen");
	if (!c)
		check(UV_ENOMEM, "calloc");
	check(uv_tcp_init(listener->loop, &c->tcp), "uv_tcp_init");
	c->tcp.data = c->write.data = c;
	check(uv_accept(listener, (uv_stream_t *)&c->tcp), "uv_accept");
	check(uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read), "uv_read_start");
}

static void on_signal(uv_signal_t *s, int number)
{
	(void)number;
	uv_stop(s->loop);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in in;
	uv_tcp_t listener;
	uv_signal_t term;

	if (argc != 3)
		return fprintf(stderr, "usage: server DIRECTORY PORT\n"), 2;
	for (int i = 0; i < 3; i++)
		read_file(argv[1], i);
	check(uv_ip4_addr("127.0.0.1", atoi(argv[2]), &in), "uv_ip4_addr");
	check(uv_tcp_init(loop, &listener), "uv_tcp_init");
	check(uv_tcp_bind(&listener, (const struct sockaddr *)&in, 0), "uv_tcp_bind");
	check(uv_listen((uv_stream_t *)&listener, 500, on_connection), "uv_listen");
	check(uv_signal_init(loop, &term), "uv_signal_init");
	check(uv_signal_start(&term, on_signal, SIGTERM), "uv_signal_start");
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}
