/* SPDX-License-Identifier: GPL-2.0-only */
/* Fault injection: memory allocations of the calling thread that fail. */
#ifndef SELFTESTS_FAIL_NTH_H
#define SELFTESTS_FAIL_NTH_H

#include "events.h"

#define MOST	1000	/* limit of the allocations tried in one call */

/* Let allocation @n of the thread from now on fail, counted from 1; 0: none. */
static inline void fail(int nth, int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(nth, text, length, 0) != length)
		_exit(1);
}

/* Returns whether the allocation that was to fail was reached; also turns injection off. */
static inline bool failed(int nth)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) <= 0)
		_exit(1);
	fail(nth, 0);
	return !atoi(text);
}

static inline bool is_out_of_memory(int ret)
{
	return ret == -ENOMEM || ret == -ENFILE || ret == -EAGAIN || ret == -ENOSPC;
}

/* Also let allocations fail that may sleep, which is most of them. */
static inline int open_nth_of(const char *path)
{
	int nth = open(path, O_RDWR);

	if (nth < 0)
		return -1;
	write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return nth;
}

/* For the calling thread; -1 if the kernel cannot do that, so that the test must be skipped. */
static inline int open_nth(void)
{
	return open_nth_of("/proc/thread-self/fail-nth");
}

#endif
