// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's TCP client, which runs on the host. It connects to the guest through its
 * network card and sends numbered messages over many connections, interleaved. At the end
 * it sends their number and checks the server's count.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "message.h"

/*
 * QEMU accepts a connection before the guest does. The connection is usable only when the
 * server's first byte has arrived.
 */
static int connect_ready(int port, time_t until)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timespec pause = { 0, 100 * 1000 * 1000 };

	do {
		/*
		 * Do not give up early: QEMU would still connect to the guest later, and
		 * the server would serve a connection that has no client.
		 */
		struct timeval limit = { until - time(NULL) + 1, 0 };
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char hello;

		if (fd < 0)
			err(1, "socket");
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
		    read(fd, &hello, 1) == 1)
			return fd;
		close(fd);
		nanosleep(&pause, NULL);
	} while (time(NULL) < until);
	errx(1, "demo-client: no server answers on port %d of 127.0.0.1", port);
}

int main(int argc, char **argv)
{
	time_t until = time(NULL) + 240;
	uint32_t count, reply;
	int port, conns, *fd;

	if (argc != 4)
		errx(2, "usage: demo-client PORT CONNECTIONS MESSAGES");
	port = atoi(argv[1]);
	conns = atoi(argv[2]);
	count = (uint32_t)atoi(argv[3]);
	fd = calloc((size_t)conns, sizeof(*fd));
	if (!fd)
		err(1, "calloc");
	for (int c = 0; c < conns; c++)
		fd[c] = connect_ready(port, until);
	for (uint32_t seq = 0; seq < count; seq++) {
		for (int c = 0; c < conns; c++) {
			struct message m = message_make((uint32_t)c, seq, 0);

			message_write(fd[c], &m);
		}
	}
	for (int c = 0; c < conns; c++) {
		struct message m = message_make((uint32_t)c, count, count);

		message_write(fd[c], &m);
		if (read(fd[c], &reply, sizeof(reply)) != sizeof(reply))
			errx(1, "demo-client: no answer on connection %d", c);
		if (reply != count)
			errx(1, "demo-client: connection %d: %u sent, the server received %u",
			     c, count, reply);
	}
	return 0;
}
