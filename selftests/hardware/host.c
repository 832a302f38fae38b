// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections to the senders: in QEMU's user network the gateway is the host, and what is
 * sent to it arrives at the host's loopback.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "hardware.h"

static struct in_addr gateway(void)
{
	FILE *f = fopen("/proc/net/route", "r");
	struct in_addr to = { 0 };
	unsigned int dest, next;
	char line[256];

	if (!f)
		err(1, "/proc/net/route");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %x %x", &dest, &next) == 2 && !dest)
			to.s_addr = next;
	fclose(f);
	if (!to.s_addr)
		errx(1, "there is no default route");
	return to;
}

int host_connect(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr = gateway() };
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connecting to the host's port %d", port);
	return fd;
}
