// SPDX-License-Identifier: MIT
/*
 * In the style of kevent's second generation, August 2006: one call for changes and one
 * call to get events.
 *
 * A server of a few TCP connections and its client, in one process: every connection is
 * accepted, greeted and read to its end.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ukevent.h>

#define CLIENTS 20

/* Returns 1 if the socket is ready and was not registered, 0 if it is registered, or -1. */
static int ctl(int kfd, unsigned int cmd, int s, unsigned int event)
{
	struct ukevent uk;
	int n;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_SOCKET;
	uk.event = event;
	uk.id.raw[0] = s;
	uk.user[0] = s;
	n = kevent_ctl(kfd, cmd, 1, &uk);
	return n < 0 || uk.ret_flags & KEVENT_RET_BROKEN ? -1 : n;
}

int main(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct ukevent events[8];
	int kfd, s, i, n, client[CLIENTS], accepted = 0, ended = 0;
	long bytes = 0;
	char buf[64];

	kfd = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL);
	if (kfd < 0) {
		perror("KEVENT_CTL_INIT");
		return 1;
	}
	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, SOCK_STREAM, 0);
	fcntl(s, F_SETFL, O_NONBLOCK);
	if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) || listen(s, CLIENTS) ||
	    getsockname(s, (struct sockaddr *)&sa, &len) ||
	    ctl(kfd, KEVENT_CTL_ADD, s, KEVENT_SOCKET_ACCEPT)) {
		perror("listen");
		return 1;
	}
	for (i = 0; i < CLIENTS; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(client[i], (struct sockaddr *)&sa, sizeof(sa))) {
			perror("connect");
			return 1;
		}
		dprintf(client[i], "this is %02d", i);
		shutdown(client[i], SHUT_WR);
	}
	while (ended < CLIENTS) {
		/* Wait up to five seconds for one to eight of them. */
		n = kevent_get_events(kfd, 1, 8, 5000, events, 0);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			int fd = events[i].user[0];

			if (events[i].event & KEVENT_SOCKET_ACCEPT) {
				while ((fd = accept(s, NULL, NULL)) >= 0) {
					accepted++;
					/* Data that has already arrived is read at once. */
					while (ctl(kfd, KEVENT_CTL_ADD, fd, KEVENT_SOCKET_RECV) > 0) {
						int got = read(fd, buf, sizeof(buf));

						if (got > 0) {
							bytes += got;
							continue;
						}
						ended++;
						close(fd);
						break;
					}
				}
			} else if (events[i].event & KEVENT_SOCKET_RECV) {
				int got = read(fd, buf, sizeof(buf));

				if (got > 0) {
					bytes += got;
					continue;
				}
				ended++;
				ctl(kfd, KEVENT_CTL_REMOVE, fd, KEVENT_SOCKET_RECV);
				close(fd);
			}
		}
	}
	printf("accepted %d, ended %d, %ld bytes\n", accepted, ended, bytes);
	close(kfd);
	return 0;
}
