// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage: the places of the kernel that this task has executed, if KCOV is built in.
 * Without KCOV no program is found to be better than another.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static uint64_t *trace;

/* Call this once in each process; it covers the calling thread. */
bool cover_begin(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	trace = NULL;
	if (fd < 0)
		return false;
	if (!ioctl(fd, KCOV_INIT_TRACE, TRACE_MAX)) {
		trace = mmap(NULL, TRACE_MAX * sizeof(*trace), PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
		if (trace == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
			trace = NULL;
	}
	/* Keep the descriptor open: coverage ends when it is closed. */
	return trace;
}

void cover_start(void)
{
	if (trace)
		__atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
}

static bool insert(uint64_t pc)
{
	uint32_t at = (uint32_t)(pc * 0x9e3779b97f4a7c15ULL >> 48) % COVER_MAX;

	for (uint32_t i = 0; i < 64; i++, at = (at + 1) % COVER_MAX) {
		uint64_t old = __atomic_load_n(&shared->cover[at], __ATOMIC_RELAXED);

		if (old == pc)
			return false;
		if (!old && __atomic_compare_exchange_n(&shared->cover[at], &old, pc, 0,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (old == pc)
			return false;
	}
	return false;
}

/* Remember the places since cover_start(). Return: how many of them are new. */
uint32_t cover_new(void)
{
	uint64_t n = trace ? __atomic_load_n(&trace[0], __ATOMIC_RELAXED) : 0;
	uint32_t found = 0;

	for (uint64_t i = 1; i <= n && i < TRACE_MAX; i++)
		found += insert(trace[i]);
	__atomic_add_fetch(&shared->nr_cover, found, __ATOMIC_RELAXED);
	return found;
}

/* Write the addresses, one per line, for tools/evchan/evfuzz/coverage. */
bool cover_write(const char *path)
{
	FILE *f = fopen(path, "w");

	for (uint32_t i = 0; f && i < COVER_MAX; i++)
		if (shared->cover[i])
			fprintf(f, "%llx\n", (unsigned long long)shared->cover[i]);
	return f && !fclose(f);
}
