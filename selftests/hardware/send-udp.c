// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's UDP sender. A socket of the guest that sends a message is sent numbered
 * datagrams, and at the end their number, repeated until it is acknowledged.
 *
 * Buffers on the way drop datagrams without counting them: this host's sockets and QEMU's
 * queue. Therefore at most a window of datagrams is in flight to a socket, which these
 * buffers can hold; the guest's answers acknowledge datagrams. When no answer has come for
 * a while the next datagram is sent anyway, because the guest's kernel may have dropped a
 * whole window.
 *
 * usage: send-udp SOCKETS DATAGRAMS SECONDS; its first line is its port
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"
#include "windows.h"

struct peer {
	struct sockaddr_in at;
	uint32_t next, answered;
	int known, done;
};

static int fd;

static void send_to(const struct peer *p, struct message m)
{
	if (sendto(fd, &m, sizeof(m), 0, (const struct sockaddr *)&p->at, sizeof(p->at)) != sizeof(m))
		err(1, "send-udp: sending");
}

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(me);
	uint32_t count, peers, left;
	struct peer *peer;

	if (argc != 4)
		errx(2, "usage: send-udp SOCKETS DATAGRAMS SECONDS");
	left = peers = (uint32_t)atoi(argv[1]);
	count = (uint32_t)atoi(argv[2]);
	alarm((unsigned int)atoi(argv[3]));
	peer = calloc(peers, sizeof(*peer));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (!peer || fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(me)) ||
	    getsockname(fd, (struct sockaddr *)&me, &len))
		err(1, "send-udp");
	printf("%d\n", ntohs(me.sin_port));
	fclose(stdout);
	while (left) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int quiet = !poll(&p, 1, 2000);
		struct message m;
		struct sockaddr_in from;

		len = sizeof(from);
		while (recvfrom(fd, &m, sizeof(m), MSG_DONTWAIT, (struct sockaddr *)&from, &len) == sizeof(m)) {
			struct peer *to = &peer[m.sender];

			if (m.sender >= peers)
				errx(1, "send-udp: an answer of socket %u, of %u", m.sender, peers);
			to->at = from;
			to->known = 1;
			if (m.seq > to->answered)
				to->answered = m.seq;
			if (m.total == count && !to->done) {
				to->done = 1;
				left--;
			}
		}
		for (uint32_t i = 0; i < peers; i++) {
			struct peer *to = &peer[i];
			uint32_t most = to->answered + UDP_WINDOW;

			if (!to->known || to->done)
				continue;
			/*
			 * Send the number once after the last datagram, then again whenever no
			 * answer comes.
			 */
			int last = to->next < count || quiet;

			if (quiet && most <= to->next)
				most = to->next + 1;
			while (to->next < count && to->next < most)
				send_to(to, message_make(i, to->next++, 0));
			if (to->next == count && last)
				send_to(to, message_make(i, count, count));
		}
	}
	return 0;
}
