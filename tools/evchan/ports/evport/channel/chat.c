// SPDX-License-Identifier: MIT
/*
 * A chat server in the shape of a program for epoll: a structure for each descriptor with
 * the function to call, and a timerfd for each client, which is dropped when it says
 * nothing. A child process is the clients.
 */
#include <evchan.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_SECONDS 2

struct client;

struct watch {
	void (*ready)(ec_t ec, struct watch *w, uint32_t events);
	int fd;
	struct client *client;
};

struct client {
	struct watch socket, timer;
	struct client *next;
	size_t length;
	char name[16], line[256];
};

static struct client *clients;
static int served;

static int watch(ec_t ec, struct watch *w, unsigned int type, uint32_t events)
{
	return ec_watch(ec, type, w->fd, events, EVCHAN_LEVEL, (uintptr_t)w);
}

static void restart(struct client *c)
{
	struct itimerspec idle = { .it_value.tv_sec = IDLE_SECONDS };

	timerfd_settime(c->timer.fd, 0, &idle, NULL);
}

static void tell(const struct client *from, const char *text)
{
	for (struct client *c = clients; c; c = c->next)
		if (c != from && write(c->socket.fd, text, strlen(text)) < 0)
			perror(c->name);
}

static void leave(ec_t ec, struct client *c, const char *why)
{
	struct client **p = &clients;
	char text[64];

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	printf("%s: %s\n", why, c->name);
	snprintf(text, sizeof(text), "* %s %s\n", c->name, why);
	tell(c, text);
	ec_unwatch(ec, EVCHAN_SOCKET, c->socket.fd);
	ec_unwatch(ec, EVCHAN_POLL, c->timer.fd);
	close(c->socket.fd);
	close(c->timer.fd);
	free(c);
	served++;
}

static void expired(ec_t ec, struct watch *w, uint32_t events)
{
	uint64_t times;

	(void)events;
	if (read(w->fd, &times, sizeof(times)) == sizeof(times))
		leave(ec, w->client, "idle");
}

static void said(struct client *c)
{
	char text[300];

	if (!strncmp(c->line, "NICK ", 5)) {
		snprintf(c->name, sizeof(c->name), "%s", c->line + 5);
		printf("join: %s\n", c->name);
		snprintf(text, sizeof(text), "* %s joins\n", c->name);
		tell(NULL, text);
	} else if (c->line[0]) {
		printf("%s: %s\n", c->name, c->line);
		snprintf(text, sizeof(text), "%s: %s\n", c->name, c->line);
		tell(c, text);
	}
}

static void readable(ec_t ec, struct watch *w, uint32_t events)
{
	struct client *c = w->client;
	ssize_t n = 0;
	char *end;

	if (events & EVCHAN_RECV)
		n = read(w->fd, c->line + c->length, sizeof(c->line) - 1 - c->length);
	if (n <= 0) {
		leave(ec, c, "left");
		return;
	}
	restart(c);
	c->length += (size_t)n;
	c->line[c->length] = 0;
	while ((end = strchr(c->line, '\n'))) {
		*end++ = 0;
		said(c);
		c->length -= (size_t)(end - c->line);
		memmove(c->line, end, c->length + 1);
	}
}

static void welcome(ec_t ec, struct watch *w, uint32_t events)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c || !(events & EVCHAN_ACCEPT))
		abort();
	c->socket = (struct watch){ readable, accept(w->fd, NULL, NULL), c };
	c->timer = (struct watch){ expired, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), c };
	c->next = clients;
	clients = c;
	if (watch(ec, &c->socket, EVCHAN_SOCKET, EVCHAN_RECV) < 0 ||
	    watch(ec, &c->timer, EVCHAN_POLL, 1) < 0)
		ec_perror("client");
	restart(c);
}

static FILE *join(in_port_t port, const char *name)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = port,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *f = fdopen(fd, "r+");
	char line[300];

	if (!f || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		exit(1);
	fprintf(f, "NICK %s\n", name);
	fflush(f);
	fgets(line, sizeof(line), f);
	return f;
}

/* Ann keeps alive with empty lines until Bob, who is silent, has been dropped. */
static void be_clients(in_port_t port)
{
	FILE *ann = join(port, "ann"), *bob = join(port, "bob");
	char line[300] = "";

	fgets(line, sizeof(line), ann);
	fprintf(bob, "hello\n");
	fflush(bob);
	fgets(line, sizeof(line), ann);
	fprintf(ann, "I got %s", line);
	fflush(ann);
	fgets(line, sizeof(line), bob);
	for (pid_t pid = fork(); !pid; usleep(100000))
		if (getppid() == 1 || write(fileno(ann), "\n", 1) != 1)
			_exit(0);
	fgets(line, sizeof(line), ann);
	shutdown(fileno(ann), SHUT_RDWR);
	exit(strcmp(line, "* bob idle\n") != 0);
}

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(to);
	struct watch listener = { welcome, socket(AF_INET, SOCK_STREAM, 0), NULL };
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev[8];
	int status = 1, n;

	if (!ec || bind(listener.fd, (struct sockaddr *)&to, size) || listen(listener.fd, 8) ||
	    getsockname(listener.fd, (struct sockaddr *)&to, &size) ||
	    watch(ec, &listener, EVCHAN_SOCKET, EVCHAN_ACCEPT) < 0) {
		ec_perror("chat");
		return 1;
	}
	fflush(stdout);
	if (!fork())
		be_clients(to.sin_port);
	/* One at a time: the first one may free what the next one belongs to. */
	while (served < 2 && (n = ec_wait_events(ec, ev, 1, 1, NULL)) > 0) {
		struct watch *w = (struct watch *)(uintptr_t)ev[0].data;

		w->ready(ec, w, ev[0].events);
	}
	wait(&status);
	printf("clients: %d\n", status);
	ec_destroy(ec);
	return 0;
}
