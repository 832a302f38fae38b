// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server and its clients in one process, for counting the system calls that evrun needs.
 *
 * usage: requests level|edge|sleep|changes|oneshot|eventfd|idle
 *
 * level, edge	some clients at a time send a byte each, and the server answers
 * sleep	the clients are another thread, so the server often sleeps
 * changes	the server also modifies a registration twice for each request
 * oneshot	each registration reports one event, and is armed again after it
 * eventfd	a thread pool reports with an eventfd
 * idle		a wait that does not sleep, with nothing there
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS	20
#define ROUNDS	200

static int client[CLIENTS], ep;
static uint32_t events = EPOLLIN;
static int changes, oneshot;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void change(int op, int fd, uint32_t bits)
{
	struct epoll_event ev = { .events = bits, .data.fd = fd };

	if (epoll_ctl(ep, op, fd, &ev))
		fail("epoll_ctl");
}

static void connect_all(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		int s[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
			fail("socketpair");
		fcntl(s[1], F_SETFL, O_NONBLOCK);
		client[i] = s[0];
		change(EPOLL_CTL_ADD, s[1], events);
	}
}

/* Answer @n requests. */
static void serve(int n)
{
	struct epoll_event ev[64];
	char c;

	while (n > 0) {
		int got = epoll_wait(ep, ev, 64, -1);

		if (got < 0)
			fail("epoll_wait");
		for (int i = 0; i < got; i++) {
			int fd = ev[i].data.fd;

			while (ev[i].events & EPOLLIN && read(fd, &c, 1) == 1) {
				if (changes)
					change(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
				if (write(fd, &c, 1) != 1)
					fail("write");
				if (changes)
					change(EPOLL_CTL_MOD, fd, EPOLLIN);
				n--;
			}
			if (oneshot)
				change(EPOLL_CTL_MOD, fd, events);
		}
	}
}

static void ask(int i)
{
	char c = (char)i;

	if (write(client[i], &c, 1) != 1)
		fail("write");
}

static void *ask_all(void *unused)
{
	char c;

	(void)unused;
	for (int i = 0; i < ROUNDS * 5; i++) {
		ask(i % CLIENTS);
		if (read(client[i % CLIENTS], &c, 1) != 1)
			fail("read");
	}
	return NULL;
}

static void several(void)
{
	char c;

	connect_all();
	for (int round = 0; round < ROUNDS; round++) {
		int n = round % CLIENTS + 1;

		for (int i = 0; i < n; i++)
			ask(i);
		serve(n);
		for (int i = 0; i < n; i++)
			if (read(client[i], &c, 1) != 1)
				fail("read");
	}
}

static void asleep(void)
{
	pthread_t t;

	connect_all();
	pthread_create(&t, NULL, ask_all, NULL);
	serve(ROUNDS * 5);
	pthread_join(t, NULL);
}

static void pool(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct epoll_event ev;
	uint64_t v = 1;

	change(EPOLL_CTL_ADD, fd, EPOLLIN);
	for (int round = 0; round < ROUNDS * 5; round++) {
		if (write(fd, &v, sizeof(v)) != sizeof(v))
			fail("write");
		if (epoll_wait(ep, &ev, 1, -1) != 1 || read(fd, &v, sizeof(v)) != sizeof(v))
			fail("epoll_wait");
		v = 1;
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct epoll_event ev;

	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!strcmp(what, "edge"))
		events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	changes = !strcmp(what, "changes");
	oneshot = !strcmp(what, "oneshot");
	if (oneshot)
		events = EPOLLIN | EPOLLONESHOT;
	if (!strcmp(what, "sleep")) {
		asleep();
	} else if (!strcmp(what, "eventfd")) {
		pool();
	} else if (!strcmp(what, "idle")) {
		connect_all();
		for (int i = 0; i < ROUNDS * 5; i++)
			if (epoll_wait(ep, &ev, 1, 0))
				fail("epoll_wait");
	} else if (!strcmp(what, "level") || !strcmp(what, "edge") || changes ||
		   oneshot) {
		several();
	} else {
		fputs("usage: requests level|edge|sleep|changes|oneshot|eventfd|idle\n", stderr);
		return 2;
	}
	return 0;
}
