// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's TCP sender. Once the guest has made all connections, it sends numbered
 * messages over all of them in turn and then their number, and expects the guest to answer
 * with that number.
 *
 * usage: send-tcp CONNECTIONS MESSAGES SECONDS; its first line is its port
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(me);
	int listener, *fd, conns;
	uint32_t count, reply;

	if (argc != 4)
		errx(2, "usage: send-tcp CONNECTIONS MESSAGES SECONDS");
	conns = atoi(argv[1]);
	count = (uint32_t)atoi(argv[2]);
	alarm((unsigned int)atoi(argv[3]));
	fd = calloc((size_t)conns, sizeof(*fd));
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (!fd || listener < 0 || bind(listener, (struct sockaddr *)&me, sizeof(me)) ||
	    listen(listener, conns) || getsockname(listener, (struct sockaddr *)&me, &len))
		err(1, "send-tcp");
	printf("%d\n", ntohs(me.sin_port));
	fclose(stdout);
	/* Connections are numbered in the order in which the guest makes them. */
	for (int c = 0; c < conns; c++) {
		fd[c] = accept(listener, NULL, NULL);
		if (fd[c] < 0)
			err(1, "send-tcp: accepting");
	}
	for (uint32_t seq = 0; seq <= count; seq++) {
		for (int c = 0; c < conns; c++) {
			struct message m = message_make((uint32_t)c, seq, seq == count ? count : 0);

			message_write(fd[c], &m);
		}
	}
	for (int c = 0; c < conns; c++) {
		if (read(fd[c], &reply, sizeof(reply)) != sizeof(reply))
			errx(1, "send-tcp: no answer on connection %d", c);
		if (reply != count)
			errx(1, "send-tcp: connection %d: %u sent, the guest has %u", c, count, reply);
	}
	return 0;
}
