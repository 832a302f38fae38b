// SPDX-License-Identifier: GPL-2.0-only
/*
 * A producer of the demo: writes numbered messages to standard output, and their number
 * in the last one.
 */
#include <err.h>
#include <stdlib.h>

#include "message.h"

int main(int argc, char **argv)
{
	uint32_t count;
	struct message m;

	if (argc != 2)
		errx(2, "usage: demo-feed MESSAGES");
	count = (uint32_t)atoi(argv[1]);
	for (uint32_t seq = 0; seq < count; seq++) {
		m = message_make(0, seq, 0);
		message_write(1, &m);
	}
	m = message_make(0, count, count);
	message_write(1, &m);
	return 0;
}
