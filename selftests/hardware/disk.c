// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-blk completions: thousands of AIO operations in flight on a file of the image,
 * without the page cache. They complete into the two faces in turn.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hardware.h"
#include "operations.h"
#include "pattern.h"

#define DEVICE	"/sys/block/vda"
#define WORDS	(BLOCK / 8)

static unsigned int blocks, left;
static unsigned char *seen;

/* Each operation must complete once, into the face that was named when it was submitted. */
static int event(unsigned int face, const struct got *g)
{
	if (g->data >= blocks) {
		expect(0, "%s: no such operation, %llu", face_name(&faces[face]),
		       (unsigned long long)g->data);
		return 0;
	}
	expect(!seen[g->data]++, "%s: operation %llu completed twice", face_name(&faces[face]),
	       (unsigned long long)g->data);
	expect(g->data % FACES == face, "%s: operation %llu was not for it", face_name(&faces[face]),
	       (unsigned long long)g->data);
	/* kevent has 32 bits for the result. */
	expect((int)g->value == BLOCK, "%s: operation %llu returned %d",
	       face_name(&faces[face]), (unsigned long long)g->data, (int)g->value);
	left -= left > 0;
	return !left;
}

static void submit(aio_context_t ctx, int fd, uint16_t op, char *buf, struct iocb *cb)
{
	struct iocb **list = calloc(blocks, sizeof(*list));
	unsigned int done = 0;

	if (!list)
		err(1, "calloc");
	for (unsigned int i = 0; i < blocks; i++) {
		/*
		 * Spread the blocks over the file: adjacent ones would be merged into one disk
		 * request.
		 */
		uint64_t block = (uint64_t)i * 619 % blocks;

		cb[i] = (struct iocb){
			.aio_data = i, .aio_lio_opcode = op, .aio_fildes = (uint32_t)fd,
			.aio_buf = (uintptr_t)(buf + block * BLOCK), .aio_nbytes = BLOCK,
			.aio_offset = (int64_t)(block * BLOCK), .aio_flags = IOCB_FLAG_EVCORE,
			.aio_resfd = (uint32_t)face_fd(&faces[i % FACES]),
		};
		list[i] = &cb[i];
	}
	while (done < blocks) {
		long n = syscall(SYS_io_submit, ctx, (long)(blocks - done), list + done);

		if (n <= 0)
			err(1, "io_submit");
		done += (unsigned int)n;
	}
	free(list);
}

/* Submit all operations once; take completions meanwhile, or only afterwards. */
static void round_of(aio_context_t ctx, int fd, uint16_t op, char *buf, struct iocb *cb, int meanwhile)
{
	faces_open();
	memset(seen, 0, blocks);
	left = blocks;
	if (meanwhile)
		both_start(event, -1);
	submit(ctx, fd, op, buf, cb);
	if (!meanwhile)
		both_start(event, -1);
	both_join(NULL, 0);
	both_drain(event);
	expect(!left, "%u operations of %u did not complete", left, blocks);
	faces_close(meanwhile);
}

static unsigned long number_in(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f, "%lu", &n) != 1)
		err(1, "%s", path);
	fclose(f);
	return n;
}

/* Create the file with all its blocks allocated, so that writes are asynchronous too. */
static int new_file(char *buf)
{
	size_t length = (size_t)blocks * BLOCK;
	int fd;

	if (mount("/dev/vda", "/mnt", "ext4", 0, NULL))
		err(1, "mounting the disk");
	fd = open("/mnt/" DISK_FILE, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	if (fd < 0)
		err(1, "/mnt/" DISK_FILE);
	memset(buf, 0, length);
	for (size_t at = 0; at < length;) {
		ssize_t n = pwrite(fd, buf + at, length - at, (off_t)at);

		if (n <= 0)
			err(1, "writing the file");
		at += (size_t)n;
	}
	if (fsync(fd))
		err(1, "fsync");
	return fd;
}

void path_disk(const struct load *l)
{
	const char *disk = interrupt_name(DEVICE "/device");
	unsigned long queue = number_in(DEVICE "/queue/nr_requests");
	struct iocb *cb;
	uint64_t before, came;
	aio_context_t ctx = 0;
	char *buf;
	int fd;

	blocks = l->blocks;
	buf = aligned_alloc(BLOCK, (size_t)blocks * BLOCK);
	cb = calloc(blocks, sizeof(*cb));
	seen = calloc(blocks, 1);
	if (!buf || !cb || !seen)
		err(1, "calloc");
	fd = new_file(buf);
	if (syscall(SYS_io_setup, blocks, &ctx))
		err(1, "io_setup(%u)", blocks);

	before = interrupts(disk, -1);
	for (unsigned int i = 0; i < blocks; i++)
		pattern_fill((uint64_t *)(buf + (size_t)i * BLOCK), i, WORDS);
	round_of(ctx, fd, IOCB_CMD_PWRITE, buf, cb, 0);
	memset(buf, 0, (size_t)blocks * BLOCK);
	round_of(ctx, fd, IOCB_CMD_PREAD, buf, cb, 1);
	came = interrupts(disk, -1) - before;

	for (unsigned int i = 0; i < blocks; i++)
		expect(pattern_holds((uint64_t *)(buf + (size_t)i * BLOCK), i, WORDS),
		       "block %u was not read as it was written", i);
	note("disk: %u written, %u read; %llu interrupts of %s", blocks, blocks,
	     (unsigned long long)came, disk);
	/* One interrupt completes no more requests than the disk's queue holds. */
	expect(came >= 2 * blocks / queue, "%s: only %llu interrupts", disk,
	       (unsigned long long)came);
	syscall(SYS_io_destroy, ctx);
	close(fd);
	if (umount("/mnt"))
		err(1, "umount");
	free(buf);
	free(cb);
	free(seen);
}
