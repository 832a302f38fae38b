// SPDX-License-Identifier: MIT
/*
 * File watcher on kevent: watch-kevent DIRECTORY [SECONDS]
 *
 * Prints the changes of a directory until a file "stop" is created or nothing has
 * happened for SECONDS. The names come from inotify. Its descriptor is watched
 * edge-triggered, so it must be read until it is empty.
 */
#include <errno.h>
#include <kevent.h>
#include <limits.h>
#include <stdint.h>
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
	int q = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	struct ukevent ev;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		mask |= changes[i].mask;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: watch-kevent DIRECTORY [SECONDS]\n");
		return 1;
	}
	if (inotify_add_watch(ifd, argv[1], mask) < 0 || q < 0 ||
	    kevent_watch(q, KEVENT_POLL, ifd, KEVENT_POLL_POLLIN, KEVENT_REQ_ET,
			 (void *)CHANGES) < 0 ||
	    kevent_timer(q, period, 0, (void *)QUIET) < 0) {
		kevent_perror("watch");
		return 1;
	}
	printf("watching\n");
	while (!stop && kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		if ((uintptr_t)ev.ptr == CHANGES) {
			stop = report(ifd);
			busy = 1;
		} else {
			stop = !busy;
			busy = 0;
		}
	}
	close(ifd);
	close(q);
	return 0;
}
