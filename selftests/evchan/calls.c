// SPDX-License-Identifier: GPL-2.0-only
/* What each call accepts, and every way in which it refuses. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "channel.h"

TEST(create_sizes)
{
	struct channel c;

	ASSERT_EQ(channel_open(&c, 0, 0), 0);
	EXPECT_EQ(c.params.entries, 1024);
	EXPECT_EQ(c.header->entries, 1024);
	EXPECT_EQ(c.params.event_size, sizeof(struct evchan_event));
	channel_close(&c);
	ASSERT_EQ(channel_open(&c, 100, EVCHAN_CLOEXEC), 0);
	EXPECT_EQ(c.params.entries, 128);
	EXPECT_EQ(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
	channel_close(&c);
	ASSERT_EQ(channel_open(&c, 65536, EVCHAN_NONBLOCK), 0);
	EXPECT_TRUE(fcntl(c.fd, F_GETFL) & O_NONBLOCK);
	channel_close(&c);
}

/* The errno of evchan_create() with a copy of @p, or 0. */
static int create_errno(struct evchan_params *p, size_t size)
{
	struct evchan_params was;
	int fd;

	if (p)
		was = *p;
	fd = syscall(NR_EVCHAN_CREATE, p, size);
	if (fd < 0)
		return errno;
	close(fd);
	*p = was;
	return 0;
}

TEST(create_errors)
{
	struct { struct evchan_params p; uint64_t tail; } big = { .tail = 1 };
	struct evchan_params p = { .entries = 65537 };
	struct rlimit few, files;

	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ .flags = 0x80 };
	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ .busy_poll_us = 1000001 };
	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ 0 };
	EXPECT_EQ(create_errno(&p, sizeof(p) - 1), EINVAL);
	EXPECT_EQ(create_errno(&p, 1 << 20), E2BIG);
	EXPECT_EQ(create_errno(&big.p, sizeof(big)), E2BIG);
	big.tail = 0;
	EXPECT_EQ(create_errno(&big.p, sizeof(big)), 0);
	EXPECT_EQ(create_errno(NULL, sizeof(p)), EFAULT);
	getrlimit(RLIMIT_NOFILE, &files);
	few = (struct rlimit){ 3, files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	EXPECT_EQ(create_errno(&p, sizeof(p)), EMFILE);
	setrlimit(RLIMIT_NOFILE, &files);
}

TEST(create_memlock_limit)
{
	struct evchan_params p = { .entries = 65536 };
	struct rlimit none = { 65536, 65536 };

	/* CAP_IPC_LOCK overrides the limit, so drop root first. */
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ASSERT_EQ(setuid(65534), 0);
	EXPECT_EQ(create_errno(&p, sizeof(p)), ENOMEM);
	p.entries = 8;
	for (int i = 0; i < 100; i++)	/* a leaked charge would reach the limit */
		ASSERT_EQ(create_errno(&p, sizeof(p)), 0);
}

TEST_F(channel, mmap_errors)
{
	struct channel *c = &self->c;
	size_t len = c->params.map_length;

	EXPECT_EQ(mmap(NULL, len, PROT_READ, MAP_PRIVATE, c->fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(mmap(NULL, len + 4096, PROT_READ, MAP_SHARED, c->fd, 0), MAP_FAILED);
	EXPECT_EQ(mmap(NULL, len, PROT_READ, MAP_SHARED, c->fd, 4096), MAP_FAILED);
}

TEST_F(channel, ctl_call_errors)
{
	struct evchan_change ch = { .op = EVCHAN_ADD };
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_CTL, -1, &ch, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, self->fd, &ch, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, sizeof(ch) - 1, 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, 1 << 20, 0), -1);
	EXPECT_EQ(errno, E2BIG);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, sizeof(ch), 0x10), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, NULL, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 70000, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 0, sizeof(ch), 0), 0);
}

TEST_F(channel, ctl_entry_errors)
{
	struct channel *c = &self->c;
	int file = open("/etc/passwd", O_RDONLY), fd = self->fd;

	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, -1, POLLIN, 0, 0), -EBADF);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, file, POLLIN, 0, 0), -EPERM);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, c->fd, POLLIN, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, fd, EVCHAN_RECV, 0, 0), -ENOTSOCK);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_PIPE, fd, EVCHAN_RECV, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, 1u << 20, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0x100, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, 1234, fd, POLLIN, 0, 0), -ENOSYS);
	EXPECT_EQ(watch(c, 99, EVCHAN_POLL, fd, POLLIN, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, fd, POLLIN, 0, 0), -ENOENT);
	EXPECT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, fd, 0, 0, 0), -ENOENT);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_USER, 0, 1, EVCHAN_LEVEL, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_TIMER, 99, 1, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 0), -EEXIST);
	EXPECT_EQ(watch(c, EVCHAN_SET, EVCHAN_POLL, fd, POLLIN, 0, 0), 0);
	EXPECT_EQ(counter(c->fd, "sources"), 1);
	close(file);
}

TEST_F(channel, ctl_batch_continues_or_stops)
{
	struct evchan_change ch[3] = {
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 },
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 },
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 2 },
	};
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch, 3, sizeof(ch[0]), 0), 2);
	EXPECT_EQ(ch[0].result, 0);
	EXPECT_EQ(ch[1].result, -EEXIST);
	EXPECT_EQ(ch[2].result, 0);
	for (int i = 0; i < 3; i++)
		ch[i].result = 77;
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch, 3, sizeof(ch[0]), EVCHAN_CTL_STOP), 0);
	EXPECT_EQ(ch[0].result, -EEXIST);
	EXPECT_EQ(ch[1].result, 77);
}

/*
 * Many modifications in one call; the kernel carries most of them out on its fast path.
 * Every entry has its own result, ready sources are posted in the order of the entries, and
 * no event has an old cookie. First with a descriptor table of a single thread, then with
 * one that two threads share.
 */
TEST_F(channel, modify_in_bulk)
{
	enum { MANY = 20 };
	struct evchan_change ch[MANY];
	int fds[MANY], expected[MANY] = { [4] = -EBADF, [6] = -ENOENT, [8] = -EINVAL };
	struct evchan_event e;
	struct channel c;
	struct waiter other;

	ASSERT_EQ(channel_open(&c, 64, 0), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLPRI, 0, i), 0);
	}
	for (int shared = 0; shared < 2; shared++) {
		if (shared)
			ASSERT_EQ(start_waiter(&other, &self->c, 1), 0);
		for (int i = 0; i < MANY; i += 2)
			ASSERT_EQ(raise_eventfd(fds[i]), 0);
		EXPECT_EQ(wait_events(&c, 0, 0), 0);
		for (int i = 0; i < MANY; i++)
			ch[i] = (struct evchan_change){
				.op = EVCHAN_MOD, .type = EVCHAN_POLL, .events = POLLIN,
				.data = 100 + i, .args = { fds[i] }, .result = 77,
			};
		ch[4].args[0] = -1;
		ch[6].args[0] = self->fd;
		ch[8].events = 1u << 20;
		ch[10].flags = EVCHAN_LEVEL;
		ch[12].op = EVCHAN_SET;
		ASSERT_EQ(syscall(NR_EVCHAN_CTL, c.fd, ch, MANY, sizeof(ch[0]), 0), MANY - 3);
		for (int i = 0; i < MANY; i++)
			EXPECT_EQ(ch[i].result, expected[i]);
		for (int i = 0; i < MANY; i += 2) {
			if (expected[i])
				continue;
			ASSERT_EQ(take(&c, &e), 1);
			EXPECT_EQ(e.data, 100 + i);
			EXPECT_EQ(e.events, POLLIN);
		}
		EXPECT_EQ(take(&c, &e), 0);
		for (int i = 1; i < MANY; i += 2) {
			ASSERT_EQ(raise_eventfd(fds[i]), 0);
			ASSERT_EQ(take(&c, &e), 1);
			EXPECT_EQ(e.data, 100 + i);
		}
		/* Modify back while events are untaken: those events are withdrawn. */
		for (int i = 0; i < MANY; i++) {
			ASSERT_EQ(raise_eventfd(fds[i]), 0);
			ASSERT_EQ(watch(&c, EVCHAN_MOD, EVCHAN_POLL, fds[i], POLLPRI, 0, i), 0);
			ASSERT_GE(read_eventfd(fds[i]), 1);
		}
		EXPECT_EQ(wait_events(&c, 0, 0), 0);
		EXPECT_EQ(take(&c, &e), 0);
		if (shared)
			ASSERT_EQ(end_waiter(&other, self->fd), 1);
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	channel_close(&c);
}

/* The entries end at unmapped memory, or are read-only: entries with an answer were carried out. */
TEST_F(channel, modify_where_memory_ends)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct evchan_change *ch = (void *)(memory + page);
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_NE(memory, MAP_FAILED);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	for (int i = 1; i <= 2; i++)
		ch[-i] = (struct evchan_change){
			.op = EVCHAN_MOD, .type = EVCHAN_POLL, .events = POLLIN,
			.data = 10 * i, .args = { self->fd }, .result = 77,
		};
	ASSERT_EQ(munmap(ch, page), 0);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch - 2, 3, sizeof(*ch), 0), 2);
	EXPECT_EQ(ch[-2].result, 0);
	EXPECT_EQ(ch[-1].result, 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 10);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch, 1, sizeof(*ch), 0), -1);
	EXPECT_EQ(errno, EFAULT);
	ASSERT_EQ(mprotect(memory, page, PROT_READ), 0);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch - 1, 1, sizeof(*ch), 0), -1);
	EXPECT_EQ(errno, EFAULT);
	munmap(memory, page);
}

/* Slab memory that is not reclaimable, in KiB. */
static long slab_memory(void)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SUnreclaim: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/*
 * One call allocates memory for many sources at once. Each entry must get memory of its own
 * type's size, and what is unused when the call ends early must be freed.
 */
TEST_F_TIMEOUT(channel, ctl_batch_memory, 120)
{
	enum { MANY = 32, CALLS = 4000, LEAK_KB = CALLS * (MANY / 2) * 100 / 1024 };
	int fds[MANY / 2], fd = self->c.fd;
	struct evchan_change ch[MANY], del[MANY];
	long before, after;

	for (int i = 0; i < MANY / 2; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_GE(fds[i], 0);
		ch[2 * i] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = POLLIN, .args = { fds[i] },
		};
		ch[2 * i + 1] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_USER, .id = i,
		};
	}
	ASSERT_EQ(syscall(NR_EVCHAN_CTL, fd, ch, MANY, sizeof(ch[0]), 0), MANY);
	EXPECT_EQ(counter(fd, "sources"), MANY);
	for (int i = 0; i < MANY; i++)
		del[i] = removal(&ch[i]);
	ASSERT_EQ(syscall(NR_EVCHAN_CTL, fd, del, MANY, sizeof(ch[0]), 0), MANY);

	before = slab_memory();
	ASSERT_GT(before, 0);
	ch[2].args[0] = -1;
	for (int i = 0; i < CALLS; i++) {
		ch[1] = ch[2];
		ASSERT_EQ(syscall(NR_EVCHAN_CTL, fd, ch, MANY, sizeof(ch[0]), EVCHAN_CTL_STOP), 1);
		ASSERT_EQ(ch[1].result, -EBADF);
		ASSERT_EQ(syscall(NR_EVCHAN_CTL, fd, del, 1, sizeof(ch[0]), 0), 1);
	}
	after = slab_memory();
	/*
	 * The debug kernel's KASAN delays frees, so the sum says nothing there; kmemleak
	 * reports leaks.
	 */
	if (access("/sys/kernel/debug/kmemleak", F_OK))
		EXPECT_LT(after - before, LEAK_KB / 2) {
			TH_LOG("%ld KiB more than before", after - before);
		}
	for (int i = 0; i < MANY / 2; i++)
		close(fds[i]);
}

TEST_F(channel, wait_errors)
{
	struct __kernel_timespec bad = { 0, 1000000000 };
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, -1, 0, 0, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->fd, 0, 0, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(wait_events(c, 9, 0), -EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, 0x100, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, EVCHAN_WAIT_REALTIME, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, EVCHAN_WAKE_OTHER, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, 0, &bad, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, 0, (void *)1, NULL, 8), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, 0, NULL, &bad, 3), -1);
	EXPECT_EQ(errno, EINVAL);
}

TEST(user_limit)
{
	char old[32] = "";
	int fd = open("/proc/sys/fs/evcore/max_user_sources", O_RDWR);
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	struct channel c;

	ASSERT_GE(fd, 0);
	ASSERT_GT(read(fd, old, sizeof(old) - 1), 0);
	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(pwrite(fd, "3", 1, 0), 1);
	for (ch.id = 0; ch.id < 3; ch.id++)
		EXPECT_EQ(change(&c, &ch), 0);
	EXPECT_EQ(change(&c, &ch), -ENOSPC);
	ch.op = EVCHAN_DEL;
	ch.id = 0;
	EXPECT_EQ(change(&c, &ch), 0);
	ch.op = EVCHAN_ADD;
	EXPECT_EQ(change(&c, &ch), 0);
	ASSERT_GT(pwrite(fd, old, strlen(old), 0), 0);
	channel_close(&c);
	close(fd);
}

/* The system's limit on open files applies to users other than root. */
TEST(create_file_table_full)
{
	struct evchan_params p = { 0 };
	char old[32] = "";
	int fd = open("/proc/sys/fs/file-max", O_RDWR), got;

	ASSERT_GE(fd, 0);
	ASSERT_GT(read(fd, old, sizeof(old) - 1), 0);
	ASSERT_EQ(pwrite(fd, "0", 1, 0), 1);
	ASSERT_EQ(seteuid(65534), 0);
	got = create_errno(&p, sizeof(p));
	ASSERT_EQ(seteuid(0), 0);
	ASSERT_GT(pwrite(fd, old, strlen(old), 0), 0);
	EXPECT_EQ(got, ENFILE);
	EXPECT_EQ(create_errno(&p, sizeof(p)), 0);
	close(fd);
}

TEST_F(channel, mmap_and_its_offsets)
{
	struct channel *c = &self->c;

	EXPECT_EQ(c->params.map_offset, 0);
	EXPECT_EQ(c->params.map_length, c->params.events_offset + 4096);
	EXPECT_EQ(c->params.events_offset % sizeof(struct evchan_event), 0);
	EXPECT_EQ(c->params.busy_poll_us, 0);
	EXPECT_NE(c->params.features & EVCHAN_FEAT_OVERFLOW, 0);
	EXPECT_EQ(c->header->entries, 8);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(c->events[i].state, 0);
}

/*
 * Fault injection: the first allocation of a call fails, then the second, and so on. Each
 * time the call reports ENOMEM and leaves nothing behind; afterwards it succeeds.
 */
static int call_number(struct channel *c, int call, int op, int fd, int inner, int fifo)
{
	struct evchan_change timer = {
		.op = op, .type = EVCHAN_TIMER, .args = { CLOCK_MONOTONIC, 1000000000 },
	};
	struct evchan_change user = { .op = op, .type = EVCHAN_USER };
	struct evchan_params p = { .entries = 64 };
	uint32_t in = op == EVCHAN_DEL ? 0 : POLLIN;
	int ret;

	if (op == EVCHAN_DEL)
		timer = removal(&timer);
	switch (call) {
	case 0:
		ret = syscall(NR_EVCHAN_CREATE, &p, sizeof(p));
		if (ret < 0)
			return -errno;
		close(ret);
		return 0;
	case 1:
		return watch(c, op, EVCHAN_POLL, fd, in, 0, 0);
	case 2:
		return watch(c, op, EVCHAN_POLL, inner, in, 0, 0);
	case 3:
		return change(c, &timer);
	case 4:
		return change(c, &user);
	case 5:
		return watch(c, op, EVCHAN_PIPE, fifo, op == EVCHAN_DEL ? 0 : EVCHAN_RECV, 0, 0);
	default:
		return 1;
	}
}

TEST_F(channel, every_allocation_fails)
{
	struct channel inner;
	int nth = open("/proc/thread-self/fail-nth", O_RDWR), ret, fifo;

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	ASSERT_EQ(write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"), 0);
	ASSERT_EQ(write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"), 0);
	ASSERT_EQ(write_file("/sys/kernel/debug/failslab/verbose", "0"), 0);
	ASSERT_EQ(write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0"), 0);
	ASSERT_EQ(channel_open(&inner, 8, 0), 0);
	/* A FIFO that is open for reading and writing has two wait queue heads. */
	ASSERT_EQ(mkfifo("/tmp/evchan-fifo", 0600), 0);
	fifo = open("/tmp/evchan-fifo", O_RDWR | O_NONBLOCK);
	unlink("/tmp/evchan-fifo");
	ASSERT_GE(fifo, 0);
	for (int call = 0; call < 6; call++) {
		int failures = 0, n;

		for (n = 1; n < 500; n++) {
			char text[16] = "";
			int sources = counter(self->c.fd, "sources");

			snprintf(text, sizeof(text), "%d", n);
			ASSERT_GT(pwrite(nth, text, strlen(text), 0), 0);
			ret = call_number(&self->c, call, EVCHAN_ADD, self->fd, inner.fd,
					  fifo);
			memset(text, 0, sizeof(text));
			ASSERT_GT(pread(nth, text, sizeof(text) - 1, 0), 0);
			ASSERT_EQ(pwrite(nth, "0", 1, 0), 1);
			if (atoi(text)) {	/* the call made fewer than n allocations */
				ASSERT_EQ(ret, 0);
				break;
			}
			if (!ret) {	/* it succeeded without that allocation */
				if (call)
					call_number(&self->c, call, EVCHAN_DEL, self->fd,
						    inner.fd, fifo);
				continue;
			}
			ASSERT_TRUE(ret == -ENOMEM || ret == -ENFILE) {
				TH_LOG("call %d, allocation %d: %d", call, n, ret);
			}
			ASSERT_EQ(counter(self->c.fd, "sources"), sources);
			failures++;
		}
		EXPECT_GT(failures, 0) {
			TH_LOG("call %d allocates nothing?", call);
		}
		EXPECT_LT(n, 500);
	}
	close(nth);
	channel_close(&inner);
}

TEST_HARNESS_MAIN
