// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's end of the guest's second serial port. Sends numbered lines, at most a window
 * of them ahead of what the guest has acknowledged, and at the end their number.
 *
 * usage: send-serial SOCKET LINES SECONDS; prints a line once it listens
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "windows.h"

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	unsigned long count, next = 0, has;
	char line[64];
	FILE *in, *out;
	int s, fd;

	if (argc != 4 || strlen(argv[1]) >= sizeof(at.sun_path))
		errx(2, "usage: send-serial SOCKET LINES SECONDS");
	strcpy(at.sun_path, argv[1]);
	count = strtoul(argv[2], NULL, 10);
	alarm((unsigned int)atoi(argv[3]));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof(at)) || listen(s, 1))
		err(1, "send-serial: %s", argv[1]);
	puts("listening");
	fclose(stdout);
	/*
	 * The guest sends the first line, when it has set up the port. If it fails in the boot
	 * it is booted again, and connects again.
	 */
	do {
		fd = accept(s, NULL, NULL);
		in = fd < 0 ? NULL : fdopen(fd, "r");
		out = fd < 0 ? NULL : fdopen(dup(fd), "w");
		if (!in || !out)
			err(1, "send-serial");
	} while (!fgets(line, sizeof(line), in));
	do {
		if (sscanf(line, "%lu", &has) != 1 || has > next)
			errx(1, "send-serial: the guest says '%s'", line);
		if (next > count)
			continue;
		while (next < count && next < has + SERIAL_WINDOW)
			fprintf(out, "line %lu\n", next++);
		if (has == count) {
			fprintf(out, "total %lu\n", count);
			next++;
		}
		fflush(out);
	} while (fgets(line, sizeof(line), in));
	if (next <= count)
		errx(1, "send-serial: %lu lines of %lu were asked for", next, count);
	return 0;
}
