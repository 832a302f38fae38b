// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes that are named by a path: the path lookup may block, and must not block anybody
 * else that uses the channel.
 */
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "channel.h"

static struct evchan_change by_path(const char *path)
{
	return (struct evchan_change){
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .id = 1,
		.events = IN_MODIFY | IN_DONT_FOLLOW,
		.args = { (uint32_t)AT_FDCWD, (uintptr_t)path },
	};
}

/* A page whose first access blocks until release_page(). */
static char *held_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0 || page == MAP_FAILED || ioctl(*uffd, UFFDIO_API, &api))
		return NULL;
	reg.range.start = (uintptr_t)page;
	reg.range.len = 4096;
	return ioctl(*uffd, UFFDIO_REGISTER, &reg) ? NULL : page;
}

static int release_page(int uffd, char *page, const char *text)
{
	static _Alignas(4096) char from[4096];
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)from, .len = 4096 };

	strcpy(from, text);
	return ioctl(uffd, UFFDIO_COPY, &copy);
}

struct adder {
	pthread_t thread;
	struct channel *c;
	struct evchan_change ch;
	int result;
	int done;
};

static void *add_thread(void *arg)
{
	struct adder *a = arg;

	a->result = change(a->c, &a->ch);
	__atomic_store_n(&a->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* True once the call has returned, false if it has not after a long time. */
static int comes_back(struct adder *a)
{
	for (int i = 0; i < LONG_MS && !__atomic_load_n(&a->done, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	return __atomic_load_n(&a->done, __ATOMIC_ACQUIRE);
}

/* While a path lookup blocks, however long, other threads can use the channel. */
TEST_F(channel, inode_path_lookup_blocks_no_other_call)
{
	struct adder slow = { .c = &self->c }, other = { .c = &self->c };
	struct pollfd fault = { .events = POLLIN };
	char *page = held_page(&fault.fd);
	int over, back;

	ASSERT_NE(page, NULL);
	for (int op = EVCHAN_ADD; op <= EVCHAN_SET; op++) {
		if (op == EVCHAN_DEL)
			continue;
		slow.ch = by_path(page);
		slow.ch.op = op;
		slow.done = 0;
		ASSERT_EQ(pthread_create(&slow.thread, NULL, add_thread, &slow), 0);
		ASSERT_EQ(poll(&fault, 1, LONG_MS), 1);	/* the lookup blocks on the page */
		other.ch = (struct evchan_change){
			.op = EVCHAN_SET, .type = EVCHAN_POLL, .events = POLLIN,
			.args = { (uint64_t)self->fd },
		};
		other.done = 0;
		ASSERT_EQ(pthread_create(&other.thread, NULL, add_thread, &other), 0);
		back = comes_back(&other);
		over = __atomic_load_n(&slow.done, __ATOMIC_ACQUIRE);
		ASSERT_EQ(release_page(fault.fd, page, "/"), 0);
		pthread_join(slow.thread, NULL);
		pthread_join(other.thread, NULL);
		EXPECT_EQ(back, 1);
		EXPECT_EQ(over, 0);
		EXPECT_EQ(other.result, 0);
		EXPECT_EQ(slow.result, 0);
		ASSERT_EQ(madvise(page, 4096, MADV_DONTNEED), 0);
		/* Read the fault's message. */
		struct uffd_msg msg;

		fcntl(fault.fd, F_SETFL, O_NONBLOCK);
		while (read(fault.fd, &msg, sizeof(msg)) > 0)
			;
	}
	close(fault.fd);
	munmap(page, 4096);
}

/* The path of a mapped file of @pid in /proc/PID/map_files; returns whether there is one. */
static int mapped_file(pid_t pid, char *path, size_t size)
{
	unsigned long from, to;
	char line[512];
	int found = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	f = fopen(line, "r");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strchr(line, '/') && !strstr(line, "anon_inode") &&
			sscanf(line, "%lx-%lx", &from, &to) == 2;
	if (f)
		fclose(f);
	snprintf(path, size, "/proc/%d/map_files/%lx-%lx", pid, from, to);
	return found;
}

/*
 * The lookup of such a path takes the locks of another process's exec, and a reference to
 * its address space. The channel has a futex source of that process, which its exec or exit
 * removes. That removal must not wait for a lock that is held here: lockdep would report
 * it, and without lockdep a process would hang.
 */
TEST_F(channel, inode_path_of_another_process)
{
	struct evchan_change futex = {
		.op = EVCHAN_ADD, .type = EVCHAN_FUTEX, .flags = EVCHAN_ONESHOT, .id = 2,
		.args = { 0, 7, ~0U, 0x02 | FUTEX_PRIVATE_FLAG },
	};
	static uint32_t word = 7;
	struct evchan_change ch;
	char path[128];
	int status;
	pid_t pid;

	futex.args[0] = (uintptr_t)&word;
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			if (change(&self->c, &futex))
				_exit(1);
			raise_eventfd(self->fd);
			if (i % 2)
				_exit(0);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		struct pollfd p = { .fd = self->fd, .events = POLLIN };

		ASSERT_EQ(poll(&p, 1, LONG_MS), 1);
		read_eventfd(self->fd);
		/* Try again, whatever the result, until the process is gone. */
		int gone = 0;

		while (!gone && mapped_file(pid, path, sizeof(path))) {
			ch = by_path(path);
			if (!change(&self->c, &ch)) {
				ch.op = EVCHAN_DEL;
				ASSERT_GE(change(&self->c, &ch), 0);
			}
			gone = waitpid(pid, &status, WNOHANG) == pid;
		}
		if (!gone)
			ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_EQ(status, 0);
		futex.id++;
	}
}

/*
 * Entries that add and remove a watch in one call need one mark at a time, whatever their
 * number.
 */
TEST_F(channel, inode_added_and_removed_in_one_call)
{
	enum { N = 600 };
	struct evchan_change *ch = calloc(N, sizeof(*ch));
	int bad = 0;

	for (int i = 0; i < N; i++) {
		ch[i] = by_path("/tmp");
		ch[i].op = i % 2 ? EVCHAN_DEL : EVCHAN_ADD;
	}
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, self->c.fd, ch, N, sizeof(*ch), 0), N);
	for (int i = 0; i < N; i++)
		bad += ch[i].result != 0;
	EXPECT_EQ(bad, 0);
	free(ch);
}

struct readder {
	struct channel *c;
	uint64_t id;
	int bad;	/* entries that failed */
};

static void *readd(void *arg)
{
	enum { PAIRS = 4000 };
	struct evchan_change *ch = calloc(2 * PAIRS, sizeof(*ch));
	struct readder *r = arg;

	for (int i = 0; i < 2 * PAIRS; i++)
		ch[i] = (struct evchan_change){
			.op = i % 2 ? EVCHAN_DEL : EVCHAN_ADD, .type = EVCHAN_INODE, .id = r->id,
			.events = IN_CREATE, .args = { AT_FDCWD, (uintptr_t)"/tmp" },
		};
	r->bad = 2 * PAIRS - syscall(NR_EVCHAN_CTL, r->c->fd, ch, 2 * PAIRS, sizeof(*ch), 0);
	free(ch);
	return NULL;
}

/* The same in several threads that use one channel. */
TEST_F(channel, inode_added_and_removed_in_each_thread)
{
	struct readder r[3];
	pthread_t thread[3];

	for (int i = 0; i < 3; i++) {
		r[i] = (struct readder){ .c = &self->c, .id = i };
		ASSERT_EQ(pthread_create(&thread[i], NULL, readd, &r[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(r[i].bad, 0);
	}
}

/* A program can find out whether native AIO can complete into the channel. */
TEST_F(channel, aio_feature)
{
	EXPECT_NE(self->c.params.features & EVCHAN_FEAT_AIO, 0);
}

TEST_HARNESS_MAIN
