// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with streams: TCP from the host, a pipe and a terminal; and a
 * scenario with a ring that is much too small.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "demo.h"

#define CONNECTIONS	16	/* must be the same as in demo/run */
#define PIPE_MESSAGES	2000
#define TTY_WRITERS	4
#define TTY_MESSAGES	250	/* of each */
#define SOURCES		300
#define ROUNDS		20

/* A TCP server that the client on the host reaches through the network card. */
void tcp(struct tally *t)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	static struct stream streams[CONNECTIONS];
	int fds[CONNECTIONS], n = 0, open_streams = 0, one = 1;
	struct happened h;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 64))
		err(1, "port %d", port);
	face->watch(SRC_LISTEN, (uint64_t)listener, CONNECTIONS);
	printf("ready for the client on port %d\n", port);
	fflush(stdout);
	while (n < CONNECTIONS || open_streams) {
		/* The host may be slower than the guest: allow twice the time. */
		if (!next_event(&h) && !next_event(&h))
			break;
		if (h.data == CONNECTIONS) {
			int fd;

			/* There may be none: it was accepted upon an earlier event. */
			while (n <= CONNECTIONS && (fd = accept(listener, NULL, NULL)) >= 0) {
				/* A client that was not served connects again. */
				if (n == CONNECTIONS) {
					t->corrupt++;
					open_streams = 0;
					close(fd);
					break;
				}
				nonblocking(fd);
				fds[n] = fd;
				if (write(fd, "!", 1) != 1)
					err(1, "write");
				face->watch(SRC_SOCKET, (uint64_t)fd, (uint64_t)n);
				n++;
				open_streams++;
			}
			continue;
		}
		struct stream *s = &streams[h.data];
		int was = s->done;

		/* A sender's number is the order in which it connected. */
		read_messages(fds[h.data], s, (uint32_t)h.data, 1 << 20);
		if (s->done && !was) {
			if (write(fds[h.data], &s->received, sizeof(s->received)) !=
			    sizeof(s->received))
				err(1, "write");
			open_streams--;
		}
	}
	for (int i = 0; i < n; i++) {
		tally_stream(t, &streams[i]);
		close(fds[i]);
	}
	t->corrupt += (unsigned int)(CONNECTIONS - n);
	close(listener);
}

/* In a child: run demo-feed, which writes @messages messages to @fd. */
static void feed(int fd, int messages)
{
	char path[4096], count[16];

	snprintf(path, sizeof(path), "%s/demo-feed", programs);
	snprintf(count, sizeof(count), "%d", messages);
	dup2(fd, 1);
	execl(path, path, count, (char *)NULL);
	err(1, "%s", path);
}

/* Another process writes to the pipe. Level-triggered: one message is read per event. */
void pipe_feed(struct tally *t)
{
	struct stream s = { 0 };
	struct happened h;
	pid_t child;
	int p[2];

	make_pipe(p);
	child = start_child();
	if (!child) {
		close(p[0]);
		feed(p[1], PIPE_MESSAGES);
	}
	close(p[1]);
	nonblocking(p[0]);
	face->watch(SRC_PIPE, (uint64_t)p[0], 1);
	while (!s.done && next_event(&h))
		read_messages(p[0], &s, 0, 1);
	t->corrupt += end_child(child, s.done) != 0;
	tally_stream(t, &s);
	close(p[0]);
}

/*
 * The master of a pseudo-terminal, which is neither a socket nor a pipe. Several processes
 * write to the slave, one after the other, so that several events are needed.
 */
void terminal(struct tally *t)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct termios raw;
	struct happened h;

	if (master < 0 || grantpt(master) || unlockpt(master))
		err(1, "cannot create a pseudo-terminal");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &raw))
		err(1, "%s", ptsname(master));
	cfmakeraw(&raw);
	if (tcsetattr(slave, TCSANOW, &raw))
		err(1, "tcsetattr");
	nonblocking(master);
	face->watch(SRC_POLL, (uint64_t)master, 1);
	for (int i = 0; i < TTY_WRITERS; i++) {
		struct stream s = { 0 };
		pid_t child = start_child();

		if (!child) {
			close(master);
			feed(slave, TTY_MESSAGES);
		}
		while (!s.done && next_event(&h))
			read_messages(master, &s, 0, 1 << 20);
		t->corrupt += end_child(child, s.done) != 0;
		tally_stream(t, &s);
	}
	close(slave);
	close(master);
}

/* In a child: make each source ready in every round, then report the sum written. */
static void write_rounds(const int *fds, int report)
{
	uint64_t total = 0;

	for (uint64_t r = 1; r <= ROUNDS; r++) {
		for (int i = 0; i < SOURCES; i++) {
			uint64_t v = r * (uint64_t)(i + 1);

			if (write(fds[i], &v, sizeof(v)) != sizeof(v))
				_exit(1);
			total += v;
		}
	}
	tell(report, &total, sizeof(total));
	_exit(0);
}

/*
 * Hundreds of sources and a ring of eight slots. Another process makes each source ready
 * many times while no event is taken. Then every source must have an event, in the order
 * in which the sources first became ready, and the values that are read must add up to
 * what the process wrote.
 */
void overflow(struct tally *t)
{
	uint64_t sums[SOURCES] = { 0 }, told = 0, got = 0;
	int fds[SOURCES], report[2], next = 0;
	struct happened h;
	pid_t child;

	for (int i = 0; i < SOURCES; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (fds[i] < 0)
			err(1, "eventfd");
		face->watch(SRC_POLL, (uint64_t)fds[i], (uint64_t)i);
	}
	make_pipe(report);
	child = start_child();
	if (!child)
		write_rounds(fds, report[1]);
	close(report[1]);
	hear(report[0], &told, sizeof(told));
	t->corrupt += end_child(child, 1) != 0;
	while (got < told && next_event(&h)) {
		uint64_t v = 0;

		if (h.data >= SOURCES) {
			t->corrupt++;
			continue;
		}
		if (read(fds[h.data], &v, sizeof(v)) == sizeof(v)) {
			if ((int)h.data != next)
				t->disordered++;
			next = (int)h.data + 1;
		}
		sums[h.data] += v;
		got += v;
	}
	/* Count sources: each must have delivered all its values. */
	t->expected = SOURCES;
	for (int i = 0; i < SOURCES; i++) {
		t->delivered += sums[i] == (uint64_t)ROUNDS * (ROUNDS + 1) / 2 * (uint64_t)(i + 1);
		close(fds[i]);
	}
	close(report[0]);
	must_show(t, "an event waits outside the ring", counter("overflowed"));
}
