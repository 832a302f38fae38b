// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest: drive each hardware path through both faces, one TAP line each.
 *
 * usage: guest release|debug TCP-PORT UDP-PORT TEST...
 */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hardware.h"

static int bad, number, all_bad;

static void say(const char *what, va_list args)
{
	printf("# ");
	vprintf(what, args);
	printf("\n");
	fflush(stdout);
}

void note(const char *what, ...)
{
	va_list args;

	va_start(args, what);
	say(what, args);
	va_end(args);
}

void expect(int good, const char *what, ...)
{
	va_list args;

	/* A few messages are enough; more would only repeat them. */
	if (good || bad++ > 10)
		return;
	va_start(args, what);
	say(what, args);
	va_end(args);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void verdict(const char *name)
{
	printf("%sok %d hardware:%s\n", bad ? "not " : "", ++number, name);
	fflush(stdout);
	all_bad |= bad;
	bad = 0;
}

int main(int argc, char **argv)
{
	/* 20 timers in each face: 10,000 expirations in a second at 4 ms, 1,000 at 40 ms. */
	static const struct load loads[] = {
		{ .kernel = "release", .connections = 64, .udp_sockets = 32, .blocks = 4096,
		  .timers = 20, .period_ns = 4000000, .timer_seconds = 10, .posters = 4, .bursts = 300 },
		{ .kernel = "debug", .connections = 64, .udp_sockets = 32, .blocks = 2048,
		  .timers = 20, .period_ns = 40000000, .timer_seconds = 10, .posters = 4, .bursts = 60 },
	};
	const struct load *l = loads;

	if (argc < 5)
		errx(2, "usage: guest release|debug TCP-PORT UDP-PORT TEST...");
	if (strcmp(argv[1], l->kernel))
		l++;
	for (int i = 4; i < argc; i++) {
		const char *name = argv[i];

		if (!strcmp(name, "tcp"))
			path_tcp(l, atoi(argv[2]));
		else if (!strcmp(name, "udp"))
			path_udp(l, atoi(argv[3]));
		else if (!strcmp(name, "disk"))
			path_disk(l);
		else if (!strcmp(name, "timer"))
			path_timer(l);
		else if (!strcmp(name, "ipi"))
			path_ipi(l);
		else if (!strcmp(name, "serial"))
			path_serial();
		else
			errx(2, "there is no test '%s'", name);
		verdict(name);
	}
	return all_bad != 0;
}
