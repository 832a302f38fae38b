// SPDX-License-Identifier: GPL-2.0-only
/*
 * Native AIO that completes into a queue, through every face. Most operations use O_DIRECT
 * on ext4 on a disk, so that completions arrive by the disk's interrupts. Polls (IOCB_CMD_POLL)
 * serve as operations that stay in flight for as long as a test wants.
 *
 * The environment variable EVCORE_DISK has the name of the disk, on which a file is written. It is
 * mounted on /mnt, and stays so. Without the variable the tests that need a disk are skipped.
 */
#include <linux/aio_abi.h>
#include <linux/membarrier.h>
#include <sys/mount.h>

#include "face-fixture.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)
#endif

#define BLOCK	4096
#define FILE_BLOCKS 128

static char *disk = "/mnt";

static aio_context_t setup(unsigned int nr)
{
	aio_context_t ctx = 0;

	return syscall(SYS_io_setup, nr, &ctx) ? 0 : ctx;
}

static int submit(aio_context_t ctx, struct iocb *cb)
{
	int ret = syscall(SYS_io_submit, ctx, 1, &cb);

	return ret < 0 ? -errno : ret;
}

static int destroy(aio_context_t ctx)
{
	return syscall(SYS_io_destroy, ctx);
}

/* Take what is in the AIO ring, at most 8 events; returns how many there were. */
static int in_aio_ring(aio_context_t ctx)
{
	struct timespec now = { 0, 0 };
	struct io_event e[8];

	return syscall(SYS_io_getevents, ctx, 0, 8, e, &now);
}

static struct iocb operation(struct face *f, int op, int fd, void *buf, size_t length,
			     int64_t offset, uint64_t data)
{
	return (struct iocb){
		.aio_data = data, .aio_lio_opcode = op, .aio_fildes = fd,
		.aio_buf = (uintptr_t)buf, .aio_nbytes = length, .aio_offset = offset,
		.aio_flags = IOCB_FLAG_EVCORE, .aio_resfd = face_fd(f),
	};
}

static struct iocb poll_for(struct face *f, int fd, uint64_t data)
{
	return operation(f, IOCB_CMD_POLL, fd, (void *)POLLIN, 0, 0, data);
}

/* The result as a program of this face reads it: 64 bits for evchan, 32 for kevent. */
static int64_t result(struct face *f, const struct got *g)
{
	return f->kind == EVCHAN ? (int64_t)g->value : (int32_t)g->value;
}

/* A file on the disk; each of its blocks begins with the block's number. -ENODEV: no disk. */
static int disk_file(void)
{
	static uint64_t *block;
	char path[64];
	int fd;

	if (!getenv("EVCORE_DISK"))
		return -ENODEV;
	/* The first test that needs the disk mounts it; later ones find it mounted. */
	if (mount(getenv("EVCORE_DISK"), disk, "ext4", 0, NULL) && errno != EBUSY)
		return -errno;
	snprintf(path, sizeof(path), "%s/file", disk);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	if (fd < 0)
		return -errno;
	block = aligned_alloc(BLOCK, BLOCK);
	for (uint64_t i = 0; i < FILE_BLOCKS; i++) {
		*block = i;
		if (pwrite(fd, block, BLOCK, i * BLOCK) != BLOCK)
			return -EIO;
	}
	free(block);
	return fd;
}

TEST_F_TIMEOUT(face, aio_reads_and_writes, 120)
{
	uint64_t *buf = aligned_alloc(BLOCK, 2 * BLOCK);
	int fd = disk_file();
	aio_context_t ctx = setup(16);
	struct iocb cb;
	struct got g;

	if (fd == -ENODEV)
		SKIP(return, "EVCORE_DISK names no disk");
	ASSERT_GE(fd, 0);
	ASSERT_NE(ctx, 0);
	cb = operation(self, IOCB_CMD_PREAD, fd, buf, BLOCK, 7 * BLOCK, 0x123456789abULL);
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.type, EVCHAN_AIO);
	EXPECT_EQ(g.events, EVCHAN_DONE);
	EXPECT_EQ(g.data, 0x123456789abULL);
	EXPECT_EQ(g.id, (uintptr_t)&cb);
	EXPECT_EQ(result(self, &g), BLOCK);
	EXPECT_EQ(buf[0], 7);

	buf[0] = 99;
	cb = operation(self, IOCB_CMD_PWRITE, fd, buf, 2 * BLOCK, 3 * BLOCK, 2);
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(result(self, &g), 2 * BLOCK);
	buf[0] = 0;
	ASSERT_EQ(pread(fd, buf, BLOCK, 3 * BLOCK), BLOCK);
	EXPECT_EQ(buf[0], 99);

	cb = operation(self, IOCB_CMD_FSYNC, fd, NULL, 0, 0, 3);
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(result(self, &g), 0);
	EXPECT_EQ(g.data, 3);

	/* A failed operation completes with its errno as the result. */
	cb = operation(self, IOCB_CMD_PREAD, fd, (char *)buf + 1, 5, 1, 4);
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(result(self, &g), -EINVAL);
	EXPECT_EQ(in_aio_ring(ctx), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd);
	free(buf);
}

/* The AIO ring has few slots and nothing consumes them: events must not need one. */
TEST_F_TIMEOUT(face, aio_more_than_the_aio_ring, 120)
{
	char *buf = aligned_alloc(BLOCK, BLOCK);
	int fd = disk_file();
	aio_context_t ctx = setup(1);
	struct got g;

	if (fd == -ENODEV)
		SKIP(return, "EVCORE_DISK names no disk");
	ASSERT_GE(fd, 0);
	for (uint64_t i = 0; i < 500; i++) {
		struct iocb cb = operation(self, IOCB_CMD_PREAD, fd, buf, BLOCK, 0, i);

		ASSERT_EQ(submit(ctx, &cb), 1) {
			TH_LOG("after %d", (int)i);
		}
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.data, i);
	}
	EXPECT_EQ(in_aio_ring(ctx), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd);
	free(buf);
}

/* Thousands in flight with a ring of a few slots: each completes once, with its own result. */
TEST_F_TIMEOUT(face, aio_thousands_in_flight, 120)
{
	enum { N = 2000 };
	char *buf = aligned_alloc(BLOCK, (size_t)N * BLOCK);
	struct iocb *cb = calloc(N, sizeof(*cb)), **cbs = calloc(N, sizeof(*cbs));
	char *seen = calloc(N, 1);
	int fd = disk_file(), done = 0, ret;
	aio_context_t ctx = setup(N);
	struct got g;

	if (fd == -ENODEV)
		SKIP(return, "EVCORE_DISK names no disk");
	ASSERT_GE(fd, 0);
	ASSERT_NE(ctx, 0);
	for (int i = 0; i < N; i++) {
		/* Every tenth operation starts beyond the end of the file and reads 0 bytes. */
		int64_t at = i % 10 ? i % FILE_BLOCKS : FILE_BLOCKS + i;

		cb[i] = operation(self, IOCB_CMD_PREAD, fd, buf + (size_t)i * BLOCK, BLOCK,
				  at * BLOCK, i);
		cbs[i] = &cb[i];
	}
	while (done < N) {
		ret = syscall(SYS_io_submit, ctx, N - done, cbs + done);
		ASSERT_GT(ret, 0);
		done += ret;
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		ASSERT_LT(g.data, N);
		EXPECT_EQ(seen[g.data]++, 0);
		EXPECT_EQ(g.id, (uintptr_t)&cb[g.data]);
		EXPECT_EQ(result(self, &g), g.data % 10 ? BLOCK : 0);
		if (g.data % 10)
			EXPECT_EQ(*(uint64_t *)(buf + g.data * BLOCK), g.data % FILE_BLOCKS);
	}
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(in_aio_ring(ctx), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd);
	free(buf);
	free(cb);
	free(cbs);
	free(seen);
}

TEST_F(face, aio_errors)
{
	int fd[2], event = eventfd(0, 0);
	aio_context_t ctx = setup(4);
	struct iocb cb;
	struct got g;

	ASSERT_EQ(pipe(fd), 0);
	cb = poll_for(self, fd[0], 1);
	cb.aio_flags |= IOCB_FLAG_RESFD;
	EXPECT_EQ(submit(ctx, &cb), -EINVAL);
	cb.aio_resfd = event;
	EXPECT_EQ(submit(ctx, &cb), -EINVAL);
	cb.aio_flags = IOCB_FLAG_EVCORE;
	EXPECT_EQ(submit(ctx, &cb), -EINVAL);	/* no queue */
	cb.aio_resfd = -1;
	EXPECT_EQ(submit(ctx, &cb), -EBADF);
	EXPECT_EQ(face_sources(self), 0);
	/* Refused after the queue was looked up: neither the record nor the AIO slot may leak. */
	for (int i = 0; i < 300; i++) {
		cb = operation(self, 1234, fd[0], NULL, 0, 0, 1);
		ASSERT_EQ(submit(ctx, &cb), -EINVAL);
	}
	EXPECT_EQ(face_next(self, &g, 0), 0);
	/* A face cannot register an AIO source itself: io_submit() does. */
	if (self->kind == EVCHAN) {
		struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_AIO, .events = 1 };

		EXPECT_EQ(change(&self->c, &ch), -EINVAL);
		ch.op = EVCHAN_MOD;
		EXPECT_EQ(change(&self->c, &ch), -EINVAL);
	} else {
		struct ukevent uk = { .type = KEVENT_AIO, .event = 1 };

		EXPECT_EQ(kevent_request(&self->q, KEVENT_CTL_ADD, &uk), -EINVAL);
		EXPECT_EQ(kevent_request(&self->q, KEVENT_CTL_MODIFY, &uk), -EINVAL);
	}
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
	close(event);
}

/* Without IOCB_FLAG_EVCORE everything works as before the patch. */
TEST_F(face, aio_without_the_flag)
{
	aio_context_t ctx = setup(4);
	struct iocb cb;
	struct got g;
	int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	cb = poll_for(self, fd[0], 1);
	cb.aio_flags = 0;
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	EXPECT_EQ(in_aio_ring(ctx), 1);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
}

TEST_F(face, aio_poll_and_cancel)
{
	struct io_event unused;
	aio_context_t ctx = setup(4);
	struct iocb cb;
	struct got g;
	int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	cb = poll_for(self, fd[0], 1);
	ASSERT_EQ(submit(ctx, &cb), 1);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(result(self, &g) & POLLIN, POLLIN);

	ASSERT_EQ(read(fd[0], &unused, 1), 1);
	cb = poll_for(self, fd[0], 2);
	ASSERT_EQ(submit(ctx, &cb), 1);
	EXPECT_EQ(syscall(SYS_io_cancel, ctx, &cb, &unused), -1);
	EXPECT_EQ(errno, EINPROGRESS);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 2);
	EXPECT_EQ(result(self, &g), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
}

/* io_destroy() completes all operations in flight before it returns. */
TEST_F(face, aio_context_destroyed)
{
	aio_context_t ctx = setup(32);
	struct iocb cb[20];
	uint64_t seen = 0;
	struct got g;
	int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	for (int i = 0; i < 20; i++) {
		cb[i] = poll_for(self, fd[0], i);
		ASSERT_EQ(submit(ctx, &cb[i]), 1);
	}
	EXPECT_EQ(destroy(ctx), 0);
	while (face_next(self, &g, 0) == 1)
		seen |= 1 << g.data;
	EXPECT_EQ(seen, (1 << 20) - 1);
	close(fd[0]);
	close(fd[1]);
}

/* The exit of a process completes its operations, and others that have the queue get them. */
TEST_F(face, aio_submitter_exits)
{
	struct iocb cb[20];
	uint64_t seen = 0;
	struct got g;
	int fd[2], status;
	pid_t pid;

	ASSERT_EQ(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		aio_context_t ctx = setup(32);

		for (int i = 0; i < 20; i++) {
			cb[i] = poll_for(self, fd[0], i);
			if (submit(ctx, &cb[i]) != 1)
				_exit(1);
		}
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	while (seen != (1 << 20) - 1) {
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		seen |= 1 << g.data;
	}
	close(fd[0]);
	close(fd[1]);
}

/* The queue is closed before the operations complete. */
TEST_F_TIMEOUT(face, aio_queue_closed, 120)
{
	uint64_t *buf = aligned_alloc(BLOCK, 64 * BLOCK);
	struct iocb cb[84];
	aio_context_t ctx = setup(128);
	int fd = disk_file(), p[2];

	if (fd == -ENODEV)
		SKIP(return, "EVCORE_DISK names no disk");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(pipe(p), 0);
	for (int i = 0; i < 84; i++) {
		cb[i] = i < 20 ? poll_for(self, p[0], i) :
			operation(self, IOCB_CMD_PREAD, fd, (char *)buf + (i - 20) * BLOCK, BLOCK,
				  i * BLOCK, i);
		ASSERT_EQ(submit(ctx, &cb[i]), 1);
	}
	close(face_fd(self));
	ASSERT_EQ(write(p[1], "x", 1), 1);
	EXPECT_EQ(destroy(ctx), 0);
	for (int i = 20; i < 84; i++)
		EXPECT_EQ(buf[(i - 20) * BLOCK / 8], (uint64_t)i);
	if (self->kind == EVCHAN)
		self->c.fd = eventfd(0, 0);
	else
		self->q.fd = eventfd(0, 0);
	close(fd);
	close(p[0]);
	close(p[1]);
	free(buf);
}

/* A queue's only AIO source can be removed; operations in flight are then dropped. */
TEST_F(face, aio_deleted)
{
	struct evchan_change del = { .op = EVCHAN_DEL, .type = EVCHAN_AIO };
	struct ukevent uk = { .type = KEVENT_AIO, .id.raw_u64 = 77 };
	aio_context_t ctx = setup(4);
	struct iocb cb[2];
	struct got g;
	int fd[2];

	ASSERT_EQ(pipe(fd), 0);
	cb[0] = poll_for(self, fd[0], 1);
	ASSERT_EQ(submit(ctx, &cb[0]), 1);
	EXPECT_EQ(face_sources(self), 1);
	EXPECT_EQ(self->kind == EVCHAN ? change(&self->c, &del) :
		  kevent_request(&self->q, KEVENT_CTL_REMOVE, &uk), 0);
	EXPECT_EQ(face_sources(self), 0);
	cb[1] = poll_for(self, fd[0], 2);
	ASSERT_EQ(submit(ctx, &cb[1]), 1);
	EXPECT_EQ(face_sources(self), 1);
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 2);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
}

/*
 * The operations and the completions outside the ring are limited per user, so that
 * completions that nobody takes cannot fill the memory.
 */
TEST_F(face, aio_user_limit)
{
	const char *limit = "/proc/sys/fs/evcore/max_user_records";
	char old[32] = "", text[32];
	aio_context_t ctx = setup(64);
	FILE *f = fopen(limit, "r");
	int fd[2], before, n = 0, ret, taken;
	struct iocb cb[64];
	struct got g;

	ASSERT_NE(f, NULL);
	ASSERT_NE(fgets(old, sizeof(old), f), NULL);
	fclose(f);
	ASSERT_EQ(pipe(fd), 0);
	before = settled_user_records(self, 0);
	ASSERT_EQ(before, 0);
	snprintf(text, sizeof(text), "%d", before + 20);
	ASSERT_EQ(write_file(limit, text), 0);
	do {
		cb[n] = poll_for(self, fd[0], n);
		ret = submit(ctx, &cb[n]);
	} while (ret == 1 && ++n < 64);
	EXPECT_EQ(ret, -EAGAIN);
	EXPECT_EQ(n, 20);
	EXPECT_EQ(counter(face_fd(self), "user_records"), before + 20);
	/*
	 * Complete the operations. A completion that found a slot is no longer charged as a
	 * record.
	 */
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	taken = self->kind == KEVENT ? 0 : FACE_SLOTS;
	EXPECT_EQ(counter(face_fd(self), "records"), 20 - taken);
	EXPECT_EQ(counter(face_fd(self), "user_records"), before + 20 - taken);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(counter(face_fd(self), "user_records"), before);
	/* All were taken, so a new operation is accepted. */
	EXPECT_EQ(submit(ctx, &cb[0]), 1);
	ASSERT_EQ(write_file(limit, old), 0);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(destroy(ctx), 0);
	EXPECT_EQ(counter(face_fd(self), "user_records"), before);
	close(fd[0]);
	close(fd[1]);
}

/* A thread that cannot serve a completion gives it back with all its fields. */
TEST_F(face, aio_reposted)
{
	aio_context_t ctx = setup(4);
	struct iocb cb;
	struct got g;
	int fd[2];

	if (self->kind != EVCHAN)
		return;
	ASSERT_EQ(pipe(fd), 0);
	cb = poll_for(self, fd[0], 5);
	ASSERT_EQ(submit(ctx, &cb), 1);
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);

	struct evchan_change back = {
		.op = EVCHAN_POST, .type = EVCHAN_AIO, .flags = EVCHAN_BY_ID, .id = g.id,
		.events = g.events, .data = g.data, .args = { g.value, g.extra, g.length },
	};
	struct got again;

	for (int i = 0; i < 20; i++)	/* enough for overflow too */
		ASSERT_EQ(change(&self->c, &back), 0);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(face_next(self, &again, 0), 1);
		EXPECT_EQ(memcmp(&g, &again, sizeof(g)), 0);
	}
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
}

/* A poll of the queue itself that completes into the same queue. */
TEST_F(face, aio_polls_its_own_queue)
{
	aio_context_t ctx = setup(4);
	struct iocb cb[2];
	struct got g;
	int fd[2];
	uint64_t seen = 0;

	ASSERT_EQ(pipe(fd), 0);
	cb[0] = poll_for(self, face_fd(self), 1);
	cb[1] = poll_for(self, fd[0], 2);
	ASSERT_EQ(submit(ctx, &cb[0]), 1);
	ASSERT_EQ(submit(ctx, &cb[1]), 1);
	ASSERT_EQ(write(fd[1], "x", 1), 1);
	while (seen != 0x6) {
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		seen |= 1 << g.data;
	}
	EXPECT_EQ(destroy(ctx), 0);
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
