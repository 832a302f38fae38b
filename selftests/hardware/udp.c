// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-net receive, UDP: many sockets, to each of which the host (send-udp.c) sends
 * numbered datagrams. The only datagrams that may be missing are those that the kernel
 * counts as dropped at the socket.
 */
#include <err.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hardware.h"
#include "message.h"
#include "windows.h"

static struct sender {
	uint32_t next, received, total, came, corrupt, disordered;
	int done;
} *senders;
static struct readable *sockets;
static unsigned int open_senders;

/* Acknowledge what has arrived, or at the end the total; the sender waits for this. */
static void answer(unsigned int i)
{
	struct message m = message_make(i, senders[i].next, senders[i].done ? senders[i].total : 0);

	if (send(sockets[i].fd, &m, sizeof(m), 0) != sizeof(m))
		err(1, "answering");
}

static void take_datagram(unsigned int i, const struct message *m)
{
	struct sender *s = &senders[i];
	struct message right = message_make(i, m->seq, m->total);

	if (m->sender != i || m->check != right.check) {
		s->corrupt++;
	} else if (m->total) {
		/* The total is repeated until it is acknowledged. */
		open_senders -= !s->done;
		s->done = 1;
		s->total = m->total;
	} else if (m->seq < s->next) {
		s->disordered++;
	} else {
		s->next = m->seq + 1;
		s->received++;
	}
}

static int event(unsigned int face, const struct got *g)
{
	struct message m;
	ssize_t n;
	int any = 0;

	if (!both_told(&sockets[g->data], face))
		return 0;
	while ((n = recv(sockets[g->data].fd, &m, sizeof(m), MSG_DONTWAIT)) >= 0) {
		senders[g->data].came++;
		if (n == sizeof(m))
			take_datagram((unsigned int)g->data, &m);
		else
			senders[g->data].corrupt++;
		any = 1;
	}
	if (errno != EAGAIN)
		err(1, "receiving");
	if (any)
		answer((unsigned int)g->data);
	return !open_senders;
}

/* Send to the host until each socket has something to read; then the rings overflow. */
static void greet(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct pollfd p = { .fd = sockets[i].fd, .events = POLLIN };
		uint64_t until = now_ns() + PATIENCE_MS * 1000000ull;

		do
			answer(i);
		while (!poll(&p, 1, 1000) && now_ns() < until);
		expect(p.revents & POLLIN, "the host's sender does not answer");
	}
}

void path_udp(const struct load *l, int port)
{
	unsigned long sent = 0, received = 0, missing = 0, dropped = 0, datagrams = 0;
	const char *card = interrupt_name("/sys/class/net/eth0/device");
	uint64_t before = interrupts(card, -1), came;

	senders = calloc(l->udp_sockets, sizeof(*senders));
	sockets = calloc(l->udp_sockets, sizeof(*sockets));
	if (!senders || !sockets)
		err(1, "calloc");
	open_senders = l->udp_sockets;
	faces_open();
	for (unsigned int i = 0; i < l->udp_sockets; i++) {
		sockets[i].fd = host_connect(SOCK_DGRAM, port);
		faces_watch(EVCHAN_SOCKET, sockets[i].fd, EVCHAN_RECV, i);
	}
	greet(l->udp_sockets);
	both_start(event, -1);
	both_join(sockets, l->udp_sockets);
	came = interrupts(card, -1) - before;
	for (unsigned int i = 0; i < l->udp_sockets; i++) {
		const struct sender *s = &senders[i];
		uint32_t mem[SK_MEMINFO_VARS] = { 0 };
		socklen_t len = sizeof(mem);

		if (getsockopt(sockets[i].fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
			err(1, "SO_MEMINFO");
		expect(s->done && s->received <= s->total, "sender %u: %u sent, %u received", i,
		       s->total, s->received);
		/* The drops may include copies of the total, which is repeated. */
		expect(s->received + mem[SK_MEMINFO_DROPS] >= s->total,
		       "sender %u: %u sent, %u received, the kernel dropped %u", i, s->total,
		       s->received, mem[SK_MEMINFO_DROPS]);
		expect(!s->disordered && !s->corrupt, "sender %u: %u out of order, %u corrupt", i,
		       s->disordered, s->corrupt);
		sent += s->total;
		received += s->received;
		missing += s->total - s->received;
		dropped += mem[SK_MEMINFO_DROPS];
		datagrams += s->came + mem[SK_MEMINFO_DROPS];
		close(sockets[i].fd);
	}
	note("udp: %lu sent, %lu received, %lu missing, %lu dropped by the kernel; %llu interrupts of %s",
	     sent, received, missing, dropped, (unsigned long long)came, card);
	for (unsigned int f = 0; f < FACES; f++)
		expect(consumers[f].events <= datagrams, "%s: %lu events of %lu datagrams",
		       face_name(&faces[f]), consumers[f].events, datagrams);
	/* One interrupt may deliver the windows of all senders, but no more is in flight. */
	expect(came >= sent / UDP_WINDOW / l->udp_sockets, "%s: only %llu interrupts", card,
	       (unsigned long long)came);
	faces_close(0);
	free(senders);
	free(sockets);
}
