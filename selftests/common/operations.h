/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations on the inodes, futexes and AIO contexts of the scenarios. */
#ifndef SELFTESTS_OPERATIONS_H
#define SELFTESTS_OPERATIONS_H

#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "events.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)
#endif

#define FUTEX_PRIVATE_U32	(0x02 | FUTEX_PRIVATE_FLAG)	/* FUTEX2_SIZE_U32 */

static inline int make_directory(void)
{
	char path[] = "/tmp/common-XXXXXX";

	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY) : -1;
}

static inline void remove_directory(int fd)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0) {
		path[n] = 0;
		rmdir(path);
	}
}

/* Create and remove a file whose name is @number. */
static inline int make_file(int dir, uint64_t number)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
	fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	return fd < 0 || close(fd) || unlinkat(dir, name, 0);
}

/* Is @value the hash of the name @number? kevent folds it to 32 bits. */
static inline bool is_name_of(uint64_t value, uint64_t number)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	char name[32];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
	for (const char *p = name; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3ULL;
	return value == hash || value == (uint32_t)(hash ^ hash >> 32);
}

/* True if the wake-up found a waiter. */
static inline bool wake_futex(uint32_t *word)
{
	return syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1;
}

/* A file of @length bytes to read. */
static inline int make_readable(size_t length)
{
	int fd = memfd_create("common", 0);

	return fd < 0 || ftruncate(fd, length) ? -1 : fd;
}

/* Read @length bytes by AIO, with the completion going to @queue; returns 0 or -1. */
static inline int submit_read(aio_context_t ctx, int queue, int fd, size_t length, uint64_t data)
{
	static char buffer[256];
	struct iocb cb = {
		.aio_data = data, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer, .aio_nbytes = length,
		.aio_flags = IOCB_FLAG_EVCORE, .aio_resfd = queue,
	}, *one = &cb;

	return syscall(SYS_io_submit, ctx, 1, &one) == 1 ? 0 : -1;
}

#endif
