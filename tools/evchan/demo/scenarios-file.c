// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with file systems: changes of a directory by another process, and
 * asynchronous input and output on a disk.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "demo.h"

#define FILES	400
#define AT_ONCE	10	/* files that are created before they are removed */
#define BLOCK	4096
#define BLOCKS	256
#define BEYOND	32	/* number of reads beyond the end of the file */

/* The k-th change of the directory: name of the file; true if it is created. */
static int deed(unsigned int k, char *name, size_t size)
{
	unsigned int file = k / (2 * AT_ONCE) * AT_ONCE + k % AT_ONCE;

	snprintf(name, size, "%08x-%u", message_word(1, file), file);
	return k % (2 * AT_ONCE) < AT_ONCE;
}

static void do_deeds(int dir, int report)
{
	uint32_t done = 0;
	char name[32];

	for (unsigned int k = 0; k < 2 * FILES; k++) {
		int fd;

		if (deed(k, name, sizeof(name))) {
			fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY, 0600);
			if (fd < 0)
				_exit(1);
			close(fd);
		} else if (unlinkat(dir, name, 0)) {
			_exit(1);
		}
		done++;
	}
	tell(report, &done, sizeof(done));
	_exit(0);
}

static int make_dir(char *path)
{
	int dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY) : -1;

	if (dir < 0)
		err(1, "%s", path);
	return dir;
}

/*
 * Another process creates and removes files. Each change must be reported once, in order,
 * with the hash of its name.
 */
void files(struct tally *t)
{
	char path[] = "/tmp/evcore-demo-XXXXXX", name[32];
	int dir = make_dir(path), report[2];
	struct happened h;
	uint32_t done = 0;
	pid_t child;

	face->watch(SRC_INODE, (uint64_t)dir, 1);
	make_pipe(report);
	child = start_child();
	if (!child)
		do_deeds(dir, report[1]);
	close(report[1]);
	while (t->delivered < 2 * FILES && next_event(&h)) {
		uint32_t what = deed((unsigned int)t->delivered, name, sizeof(name)) ?
				INODE_CREATED : INODE_REMOVED;

		t->disordered += h.what != what || h.value != face->name_value(name);
		t->delivered++;
	}
	hear(report[0], &done, sizeof(done));
	t->expected = done;
	t->corrupt += end_child(child, 1) != 0;
	t->corrupt += (unsigned int)next_there(&h);
	close(report[0]);
	close(dir);
	rmdir(path);
}

/* AIO requests, their buffers, and whether their completion came. */
struct operations {
	struct iocb cb[BLOCKS + BEYOND], *cbs[BLOCKS + BEYOND];
	char seen[BLOCKS + BEYOND];
	char *buffers;
};

static struct message *block(char *buffers, unsigned int i)
{
	return (struct message *)(void *)(buffers + (size_t)i * BLOCK);
}

/* Submit @n operations, in another order than in the file. Return: @n. */
static unsigned int submit(struct operations *o, aio_context_t ctx, int fd, int op,
			   unsigned int n)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < n; i++) {
		o->cb[i] = (struct iocb){
			.aio_data = i, .aio_lio_opcode = (uint16_t)op,
			.aio_fildes = (uint32_t)fd, .aio_buf = (uintptr_t)block(o->buffers, i),
			.aio_nbytes = BLOCK, .aio_offset = (int64_t)i * BLOCK,
			.aio_flags = IOCB_FLAG_EVCORE, .aio_resfd = (uint32_t)face->fd(),
		};
		o->cbs[i * 89 % n] = &o->cb[i];	/* 89 is prime and divides no n used here */
		o->seen[i] = 0;
	}
	while (done < n) {
		long ret = syscall(SYS_io_submit, ctx, (long)(n - done), o->cbs + done);

		if (ret <= 0)
			err(1, "io_submit");
		done += (unsigned int)ret;
	}
	return done;
}

/* Each completion must come once, with its cookie and its result. */
static void complete(struct tally *t, struct operations *o, unsigned int n)
{
	struct happened h;

	t->expected += n;
	for (unsigned int i = 0; i < n && next_event(&h); i++) {
		if (h.data >= n || o->seen[h.data]++)
			t->corrupt++;
		else
			t->corrupt += h.value != (h.data < BLOCKS ? BLOCK : 0);
		t->delivered++;
	}
	t->corrupt += (unsigned int)next_there(&h);
}

/* In a child: check the blocks on the disk, and write other ones. */
static void check_and_write(const char *path)
{
	struct stream s = { 0 };
	int fd = open(path, O_RDWR | O_DIRECT);
	char *buffer = aligned_alloc(BLOCK, BLOCK);

	for (unsigned int i = 0; i < BLOCKS; i++) {
		off_t at = (off_t)i * BLOCK;

		if (pread(fd, buffer, BLOCK, at) != BLOCK)
			_exit(1);
		stream_take(&s, 1, block(buffer, 0));
		*block(buffer, 0) = message_make(2, i, 0);
		if (pwrite(fd, buffer, BLOCK, at) != BLOCK)
			_exit(1);
	}
	_exit(s.received != BLOCKS || s.disordered || s.corrupt);
}

/*
 * Native AIO with O_DIRECT on ext4, on the guest's disk. Blocks are written; another
 * process reads them and writes other ones; then those are read.
 */
void aio(struct tally *t)
{
	char dir[] = "/tmp/evcore-demo-XXXXXX", path[64];
	static struct operations o;
	struct stream s = { 0 };
	aio_context_t ctx = 0;
	pid_t child;
	int fd;

	close(make_dir(dir));
	if (mount("/dev/vda", dir, "ext4", 0, NULL))
		err(1, "cannot mount /dev/vda; run tools/evchan/demo/run, which makes the disk");
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	o.buffers = aligned_alloc(BLOCK, sizeof(o.cb) / sizeof(o.cb[0]) * BLOCK);
	if (fd < 0 || !o.buffers)
		err(1, "%s", path);
	if (syscall(SYS_io_setup, BLOCKS + BEYOND, &ctx))
		err(1, "io_setup");
	for (unsigned int i = 0; i < BLOCKS; i++)
		*block(o.buffers, i) = message_make(1, i, 0);
	complete(t, &o, submit(&o, ctx, fd, IOCB_CMD_PWRITE, BLOCKS));
	child = start_child();
	if (!child)
		check_and_write(path);
	t->corrupt += end_child(child, 1) != 0;
	complete(t, &o, submit(&o, ctx, fd, IOCB_CMD_PREAD, BLOCKS + BEYOND));
	for (unsigned int i = 0; i < BLOCKS; i++)
		stream_take(&s, 2, block(o.buffers, i));
	t->corrupt += s.corrupt + s.disordered + (s.received != BLOCKS);
	syscall(SYS_io_destroy, ctx);
	close(fd);
	free(o.buffers);
	if (umount(dir) || rmdir(dir))
		err(1, "%s", dir);
}
