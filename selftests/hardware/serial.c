// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serial input: numbered lines that the host (send-serial.c) sends to the second serial
 * port. The guest acknowledges the number of lines that have arrived.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "hardware.h"

#define PORT	"ttyS1"

static struct readable tty;
static char line[64];
static size_t have;
static unsigned long next, total, bytes, wrong;
static int finished;

static void answer(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lu\n", next);

	for (int at = 0; at < n;) {
		struct pollfd p = { .fd = tty.fd, .events = POLLOUT };
		ssize_t done = write(tty.fd, text + at, (size_t)(n - at));

		if (done > 0)
			at += (int)done;
		else if (errno != EAGAIN || poll(&p, 1, PATIENCE_MS) != 1)
			err(1, PORT);
	}
}

static void take_line(void)
{
	unsigned long n;

	if (sscanf(line, "total %lu", &n) == 1) {
		finished = 1;
		total = n;
	} else if (sscanf(line, "line %lu", &n) == 1 && n == next) {
		next++;
	} else {
		/* Note the first wrong line only: the lines after it are wrong as well. */
		if (!wrong++)
			note("serial: '%s' came where line %lu was to", line, next);
	}
	have = 0;
}

static int event(unsigned int face, const struct got *g)
{
	char buf[256];
	ssize_t n;

	if (g->data || !both_told(&tty, face))
		return 0;
	while ((n = read(tty.fd, buf, sizeof(buf))) > 0) {
		bytes += (unsigned long)n;
		for (ssize_t i = 0; i < n; i++) {
			line[have] = buf[i] == '\n' ? 0 : buf[i];
			if (!line[have])
				take_line();
			else if (have < sizeof(line) - 1)
				have++;
		}
	}
	if (n < 0 && errno != EAGAIN)
		err(1, PORT);
	answer();
	return finished;
}

void path_serial(void)
{
	uint64_t before, came;
	struct termios t;

	tty.fd = open("/dev/" PORT, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (tty.fd < 0 || tcgetattr(tty.fd, &t))
		err(1, "/dev/" PORT);
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL;
	if (cfsetspeed(&t, B115200) || tcsetattr(tty.fd, TCSANOW, &t))
		err(1, "/dev/" PORT);
	before = interrupts(PORT, -1);
	faces_open();
	faces_watch(EVCHAN_POLL, tty.fd, POLLIN, 0);
	both_start(event, -1);
	answer();
	both_join(&tty, 1);
	came = interrupts(PORT, -1) - before;
	expect(finished && next == total && !wrong, "serial: %lu lines sent, %lu received, %lu wrong",
	       total, next, wrong);
	note("serial: %lu lines sent, %lu received, %lu bytes; %llu interrupts of " PORT, total, next,
	     bytes, (unsigned long long)came);
	/* The driver reads up to 256 bytes in one interrupt. */
	expect(came >= bytes / 256, PORT ": only %llu interrupts", (unsigned long long)came);
	faces_close(1);
	close(tty.fd);
}
