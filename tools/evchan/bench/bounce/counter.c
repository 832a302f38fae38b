// SPDX-License-Identifier: GPL-2.0-only
/* Cycles of the calling thread in user space, by perf_event_open(2). */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counter.h"

static int fd = -1;

/* The real one: in this program syscall() calls the harness, see core.c. */
long __real_syscall(long number, ...);

void counter_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES, .exclude_kernel = 1, .exclude_hv = 1,
	};
	uint64_t first;

	fd = (int)__real_syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0UL);
	if (fd < 0) {
		fprintf(stderr, "bounce: cycles are not counted: perf_event_open: %s\n",
			strerror(errno));
		return;
	}
	first = counter_read();
	/* A counter that another user has stands still. */
	for (volatile int i = 0; i < 100000; i++)
		;
	if (counter_read() > first)
		return;
	fprintf(stderr, "bounce: cycles are not counted: the counter stands still\n");
	close(fd);
	fd = -1;
}

bool counter_works(void)
{
	return fd >= 0;
}

uint64_t counter_read(void)
{
	uint64_t value;

	return fd >= 0 && read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}
