// SPDX-License-Identifier: GPL-2.0-only
/* kevent: fork, exec, dup, close, passing on, and memory that goes away. */
#include <sys/resource.h>

#include "queue.h"

TEST_F(queue, duplicate_descriptor)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1), out[4];
	int copy = dup(self->q.fd);

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	close(self->q.fd);
	self->q.fd = copy;
	EXPECT_EQ(counter(copy, "sources"), 1);
	raise_eventfd(self->fd);
	EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
}

/* After fork() both processes have the same queue: each event goes to one of them. */
TEST_F(queue, fork_shares_the_queue)
{
	struct ukevent uk[6], out[6];
	int status, n, seen = 0;
	pid_t pid;

	for (int i = 0; i < 6; i++) {
		uk[i] = request(KEVENT_UNOTIFY, i, 1, KEVENT_REQ_ET, i);
		ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk[i], 1), 0);
	}
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, uk, 6), 6);
	pid = fork();
	if (!pid) {
		/* Fetch by the call: in the child, the pages of its own ring may be copies. */
		n = get_events(&self->q, 3, 3, LONG_MS, out);
		for (int i = 0; i < n; i++)
			seen |= 1 << out[i].user[0];
		_exit(n == 3 ? seen : 255);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFEXITED(status));
	n = get_events(&self->q, 0, 6, 0, out);
	EXPECT_EQ(n, 3);
	for (int i = 0; i < n; i++)
		seen |= 1 << out[i].user[0];
	EXPECT_EQ(WEXITSTATUS(status) ^ seen, 63);	/* each event was seen by one of the two */
}

TEST(exec_keeps_or_closes)
{
	struct queue kept, closed;
	char script[128];

	ASSERT_EQ(queue_open(&kept, 8, 0), 0);
	ASSERT_EQ(queue_open(&closed, 8, KEVENT_INIT_CLOEXEC), 0);
	snprintf(script, sizeof(script),
		 "readlink /proc/self/fd/%d | grep -q kevent && ! readlink /proc/self/fd/%d",
		 kept.fd, closed.fd);
	EXPECT_EQ(system(script), 0);
	queue_close(&kept);
	queue_close(&closed);
}

/* The descriptor is closed while a thread waits: the wait keeps the queue and ends as usual. */
TEST_F(queue, closed_while_waiting)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1);
	struct fetcher f;

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(start_fetcher(&f, &self->q), 0);
	close(self->q.fd);
	raise_eventfd(self->fd);
	pthread_join(f.thread, NULL);
	EXPECT_EQ(f.ret, 1);
	self->q.fd = -1;
}

/* The ring's memory stays pinned after munmap(): the pages are not reused. */
TEST(own_ring_unmapped)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9), out[4];
	struct queue q;

	ASSERT_EQ(queue_open_own(&q, 8, memory), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	munmap(memory, 4096);
	for (int i = 0; i < 100; i++) {
		unsigned char *other = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(other, 0x55, 4096);
		ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
		for (int k = 0; k < 4096; k++)
			ASSERT_EQ(other[k], 0x55);
		munmap(other, 4096);
		ASSERT_EQ(get_events(&q, 1, 4, 0, out), 1);
		EXPECT_EQ(out[0].user[0], 9);
	}
	close(q.fd);
}

static int init_errno(void *ring, unsigned int num)
{
	int fd = syscall(NR_KEVENT_INIT, ring, num, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Memory that others can truncate or unmap behind the kernel's back is refused for a ring. */
TEST(own_ring_must_be_private)
{
	char name[] = "/tmp/ring.XXXXXX";	/* O_TMPFILE is not known to overlayfs of 6.1 */
	int fds[] = { mkstemp(name), memfd_create("ring", 0) };
	void *memory;

	unlink(name);
	for (int i = 0; i < 2; i++) {
		ASSERT_GE(fds[i], 0);
		ASSERT_EQ(ftruncate(fds[i], 4096), 0);
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
		ASSERT_NE(memory, MAP_FAILED);
		EXPECT_EQ(init_errno(memory, 8), EINVAL);
		munmap(memory, 4096);
		/* A private mapping that was written has its own copy of the page. */
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[i], 0);
		ASSERT_NE(memory, MAP_FAILED);
		EXPECT_EQ(init_errno(memory, 8), 0);
		munmap(memory, 4096);
		close(fds[i]);
	}
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(memory, MAP_FAILED);
	EXPECT_EQ(init_errno(memory, 8), EINVAL);
	munmap(memory, 4096);
	memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(memory, MAP_FAILED);
	EXPECT_EQ(init_errno(memory, 8), EFAULT);
	munmap(memory, 4096);
}

/* madvise() on the caller's own ring: the kernel keeps its pages, and calls still work. */
TEST(own_ring_dropped)
{
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9), out[4];
	struct queue q;

	ASSERT_EQ(queue_open_own(&q, 8, memory), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(madvise(memory, 4096, MADV_DONTNEED), 0);
		ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
		for (int k = 0; k < 4096; k++)
			ASSERT_EQ(memory[k], 0);
		ASSERT_EQ(get_events(&q, 1, 4, 0, out), 1);
		EXPECT_EQ(out[0].user[0], 9);
	}
	close(q.fd);
	munmap(memory, 4096);
}

/* madvise() on a mapped ring: the program and the kernel still see the same pages. */
TEST(mapped_ring_dropped)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9);
	struct queue q;

	/* A ring of two pages. */
	ASSERT_EQ(queue_open(&q, 150, 0), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	for (unsigned int i = 0; i < 150; i++) {
		ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
		ASSERT_EQ(madvise(q.ring, q.length, MADV_DONTNEED), 0);
		ASSERT_EQ(q.ring->ring_kidx, (i + 1) % 150);
		EXPECT_EQ(q.ring->event[i].user[0], 9);
		q.ring->event[i].user[0] = i;
		ASSERT_EQ(madvise(q.ring, q.length, MADV_DONTNEED), 0);
		EXPECT_EQ(q.ring->event[i].user[0], i);
	}
	queue_close(&q);
}

TEST(limits)
{
	struct rlimit files, few, none = { 65536, 65536 };
	int fd = open("/proc/sys/fs/file-max", O_RDWR), got;
	static _Alignas(64) char memory[4096];
	char old[32] = "";

	ASSERT_GE(fd, 0);
	ASSERT_GT(read(fd, old, sizeof(old) - 1), 0);
	getrlimit(RLIMIT_NOFILE, &files);
	few = (struct rlimit){ 3, files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	EXPECT_EQ(init_errno(NULL, 8), EMFILE);
	setrlimit(RLIMIT_NOFILE, &files);
	ASSERT_EQ(pwrite(fd, "0", 1, 0), 1);
	ASSERT_EQ(seteuid(65534), 0);
	got = init_errno(NULL, 8);
	ASSERT_EQ(seteuid(0), 0);
	ASSERT_GT(pwrite(fd, old, strlen(old), 0), 0);
	EXPECT_EQ(got, ENFILE);
	/* CAP_IPC_LOCK overrides the limit, so drop root first. */
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ASSERT_EQ(setuid(65534), 0);
	EXPECT_EQ(init_errno(NULL, 60000), ENOMEM);
	for (int i = 0; i < 100; i++) {		/* a leaked charge would reach the limit */
		ASSERT_EQ(init_errno(NULL, 8), 0);
		ASSERT_EQ(init_errno(memory, 8), 0);
	}
}

TEST_HARNESS_MAIN
