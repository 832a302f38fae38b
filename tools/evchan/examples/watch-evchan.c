// SPDX-License-Identifier: MIT
/*
 * File watcher on the event channel: watch-evchan DIRECTORY [SECONDS]
 *
 * Prints the changes of a directory until a file "stop" is created or nothing has
 * happened for SECONDS. The names come from inotify. Its descriptor is watched
 * edge-triggered, so it must be read until it is empty.
 */
#include <errno.h>
#include <evchan.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { QUIET = 1, CHANGES = 2 };

static const struct {
	unsigned int mask;
	const char *what;
} changes[] = {
	{ IN_CREATE, "created" },
	{ IN_CLOSE_WRITE, "written" },
	{ IN_MOVED_FROM, "moved away" },
	{ IN_MOVED_TO, "moved here" },
	{ IN_DELETE, "deleted" },
};

/* Print the changes. Return: 1 if the file "stop" was created. */
static int report(int ifd)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *e;
	int stop = 0;
	ssize_t n;

	while ((n = read(ifd, buffer, sizeof(buffer))) > 0) {
		for (char *p = buffer; p < buffer + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(void *)p;
			for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
				if (e->mask & changes[i].mask)
					printf("%s %s\n", changes[i].what, e->name);
			}
			if (e->mask & IN_Q_OVERFLOW)
				printf("too fast, some were missed\n");
			stop |= e->mask & IN_CREATE && !strcmp(e->name, "stop");
		}
	}
	return stop;
}

int main(int argc, char **argv)
{
	unsigned long long period = (argc > 2 ? strtoull(argv[2], NULL, 0) : 60) * 1000000000ULL;
	int ifd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), stop = 0, busy = 0;
	unsigned int mask = 0;
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		mask |= changes[i].mask;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: watch-evchan DIRECTORY [SECONDS]\n");
		return 1;
	}
	if (inotify_add_watch(ifd, argv[1], mask) < 0 || !ec ||
	    ec_watch(ec, EVCHAN_POLL, ifd, POLLIN, EVCHAN_EDGE, CHANGES) < 0 ||
	    ec_timer(ec, period, CLOCK_MONOTONIC, period, period, QUIET) < 0) {
		ec_perror("watch");
		return 1;
	}
	printf("watching\n");
	while (!stop && !ec_wait_event(ec, &ev)) {
		if (ev.data == CHANGES) {
			stop = report(ifd);
			busy = 1;
		} else {
			stop = !busy;
			busy = 0;
		}
	}
	close(ifd);
	ec_destroy(ec);
	return 0;
}
