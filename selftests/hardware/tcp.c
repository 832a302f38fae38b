// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-net receive, TCP: many connections to the host, over each of which the host
 * (send-tcp.c) sends numbered messages, and at the end their number.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hardware.h"
#include "message.h"

static struct connection {
	struct stream stream;
	union {
		struct message m;
		char bytes[sizeof(struct message)];
	} part;			/* the part of a message that has arrived */
	size_t have;
} *connections;
static struct readable *sockets;
static unsigned int open_streams;

static int event(unsigned int face, const struct got *g)
{
	struct readable *r = &sockets[g->data];
	struct connection *c = &connections[g->data];
	ssize_t n;

	if (!both_told(r, face))
		return 0;
	while ((n = read(r->fd, c->part.bytes + c->have, sizeof(c->part) - c->have)) > 0) {
		int was = c->stream.done;

		c->have += (size_t)n;
		if (c->have < sizeof(c->part))
			continue;
		c->have = 0;
		stream_take(&c->stream, (uint32_t)g->data, &c->part.m);
		if (was || !c->stream.done)
			continue;
		if (write(r->fd, &c->stream.received, sizeof(c->stream.received)) !=
		    sizeof(c->stream.received))
			err(1, "answering");
		open_streams--;
	}
	if (n < 0 && errno != EAGAIN)
		err(1, "reading");
	/* After an early end of file there will be no further event. */
	if (!n && !c->stream.done) {
		expect(0, "connection %u ended early", (unsigned int)g->data);
		return 1;
	}
	return !open_streams;
}

/* Connections are numbered in the order in which they are made. */
static void connect_all(unsigned int n, int port)
{
	for (unsigned int i = 0; i < n; i++) {
		sockets[i].fd = host_connect(SOCK_STREAM, port);
		if (fcntl(sockets[i].fd, F_SETFL, O_NONBLOCK))
			err(1, "fcntl");
		faces_watch(EVCHAN_SOCKET, sockets[i].fd, EVCHAN_RECV, i);
	}
	/* Wait until each has something to read, which means that the rings have overflowed. */
	for (unsigned int i = 0; i < n; i++) {
		struct pollfd p = { .fd = sockets[i].fd, .events = POLLIN };

		expect(poll(&p, 1, PATIENCE_MS) == 1, "connection %u sends nothing", i);
	}
}

void path_tcp(const struct load *l, int port)
{
	const char *card = interrupt_name("/sys/class/net/eth0/device");
	uint64_t before = interrupts(card, -1), came;
	unsigned long sent = 0, received = 0;

	connections = calloc(l->connections, sizeof(*connections));
	sockets = calloc(l->connections, sizeof(*sockets));
	if (!connections || !sockets)
		err(1, "calloc");
	open_streams = l->connections;
	faces_open();
	connect_all(l->connections, port);
	both_start(event, -1);
	both_join(sockets, l->connections);
	came = interrupts(card, -1) - before;
	for (unsigned int i = 0; i < l->connections; i++) {
		const struct stream *s = &connections[i].stream;

		expect(s->done && s->received == s->total, "connection %u: %u sent, %u received", i,
		       s->total, s->received);
		expect(!s->disordered && !s->corrupt, "connection %u: %u out of order, %u corrupt",
		       i, s->disordered, s->corrupt);
		sent += s->total;
		received += s->received;
		close(sockets[i].fd);
	}
	note("tcp: %lu sent, %lu received; %llu interrupts of %s", sent, received,
	     (unsigned long long)came, card);
	/* Each connection takes at least one interrupt, because they are made one by one. */
	expect(came >= l->connections, "%s: only %llu interrupts", card, (unsigned long long)came);
	faces_close(0);
	free(connections);
	free(sockets);
}
