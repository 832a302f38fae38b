// SPDX-License-Identifier: GPL-2.0-only
/*
 * Futexes as event sources, through every face. How many events must come is known from
 * futex(2) itself: FUTEX_WAKE returns how many waiters it has woken.
 */
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "face-fixture.h"

#define SIZE_U32	0x02	/* FUTEX2_SIZE_U32 */
#define SHARED		SIZE_U32
#define PRIVATE		(SIZE_U32 | FUTEX_PRIVATE_FLAG)

static int futex(uint32_t *addr, int op, uint32_t value, unsigned long value2, uint32_t *addr2,
		 uint32_t value3)
{
	return syscall(SYS_futex, addr, op, value, value2, addr2, value3);
}

static int wake(uint32_t *addr)
{
	return futex(addr, FUTEX_WAKE_PRIVATE, 1, 0, NULL, 0);
}

/*
 * Register for a wake-up of @addr, if it still has @value: returns 0 or a negative errno.
 * In kevent the address is the id, and there is no mask.
 */
static int wait_for(struct face *f, int op, uint32_t *addr, uint32_t value, uint64_t mask,
		    uint32_t flags, enum mode mode, uint64_t data)
{
	struct evchan_change ch = {
		.op = op, .type = EVCHAN_FUTEX, .id = (uintptr_t)addr, .data = data,
		.flags = evchan_mode(mode),
		.args = { (uintptr_t)addr, value, mask, flags },
	};
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)addr, .type = KEVENT_FUTEX,
		.event = KEVENT_FUTEX_WOKEN | KEVENT_FUTEX_CHANGED,
		.req_flags = kevent_mode(mode), .user = { data },
		.ret_data = { value, flags },
	};

	if (op == EVCHAN_DEL)
		ch = removal(&ch);
	if (f->kind == EVCHAN)
		return change(&f->c, &ch);
	return kevent_request(&f->q, op == EVCHAN_ADD ? KEVENT_CTL_ADD :
			      op == EVCHAN_MOD ? KEVENT_CTL_MODIFY : KEVENT_CTL_REMOVE, &uk);
}

static int add(struct face *f, uint32_t *addr, uint32_t value, uint64_t data)
{
	return wait_for(f, EVCHAN_ADD, addr, value, UINT32_MAX, PRIVATE, ONESHOT, data);
}

/* Wait until the queue has @n sources; another process changes the number. 0, or -1. */
static int await_sources(struct face *f, long long n)
{
	for (int i = 0; i < LONG_MS; i++) {
		struct timespec pause = { 0, 1000000 };

		if (face_sources(f) == n)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

TEST_F(face, futex_woken)
{
	uint32_t word = 5;
	struct got g;

	ASSERT_EQ(add(self, &word, 5, 77), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(wake(&word), 1);
	EXPECT_EQ(wake(&word), 0);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.type, EVCHAN_FUTEX);
	EXPECT_EQ(g.events, EVCHAN_WOKEN);
	EXPECT_EQ(g.data, 77);
	EXPECT_EQ(g.id, (uintptr_t)&word);
	EXPECT_EQ(face_next(self, &g, 0), 0);
}

TEST_F(face, futex_changed)
{
	uint32_t word = 5;
	struct got g;

	ASSERT_EQ(add(self, &word, 6, 1), 0);
	EXPECT_EQ(wake(&word), 0);
	ASSERT_EQ(face_next(self, &g, 0), 1);
	EXPECT_EQ(g.events, EVCHAN_CHANGED);
	EXPECT_EQ(face_next(self, &g, 0), 0);
}

/* kevent reports a changed word in the call itself, unless ALWAYS_QUEUE is set. */
TEST_F(face, futex_changed_handed_back)
{
	uint32_t word = 5;
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)&word, .type = KEVENT_FUTEX, .event = KEVENT_FUTEX_WOKEN,
		.req_flags = KEVENT_REQ_ONESHOT, .ret_data = { 6, PRIVATE },
	};
	struct got g;

	if (self->kind == EVCHAN)
		return;
	ASSERT_EQ(kevent_request(&self->q, KEVENT_CTL_ADD, &uk), 1);
	EXPECT_EQ(uk.event, KEVENT_FUTEX_CHANGED);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(face_sources(self), 0);
}

TEST_F(face, futex_errors)
{
	uint32_t words[2] = { 5, 5 };
	uint32_t *odd = (uint32_t *)((char *)words + 1);
	uint32_t *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, UINT32_MAX, PRIVATE, EDGE, 0), -EINVAL);
	EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, UINT32_MAX, PRIVATE, LEVEL, 0), -EINVAL);
	EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, UINT32_MAX, 0x40, ONESHOT, 0), -EINVAL);
	EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, UINT32_MAX, 0, ONESHOT, 0), -EINVAL);
	EXPECT_EQ(add(self, odd, 5, 0), -EINVAL);
	EXPECT_EQ(add(self, nowhere, 5, 0), -EFAULT);
	if (self->kind == EVCHAN) {
		EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, 0, PRIVATE, ONESHOT, 0), -EINVAL);
		EXPECT_EQ(wait_for(self, EVCHAN_ADD, words, 5, 1ULL << 32, PRIVATE, ONESHOT, 0),
			  -EINVAL);
	}
	EXPECT_EQ(face_sources(self), 0);
	EXPECT_EQ(add(self, words, 5, 0), 0);
	EXPECT_EQ(add(self, words, 5, 0), -EEXIST);
	EXPECT_EQ(wait_for(self, EVCHAN_MOD, words, 5, UINT32_MAX, 0x40, ONESHOT, 0), -EINVAL);
	if (self->kind == EVCHAN) {	/* kevent identifies the source by its address */
		struct evchan_change ch = {
			.op = EVCHAN_MOD, .type = EVCHAN_FUTEX, .flags = EVCHAN_ONESHOT,
			.id = (uintptr_t)words,
			.args = { (uintptr_t)nowhere, 5, UINT32_MAX, PRIVATE },
		};

		EXPECT_EQ(change(&self->c, &ch), -EFAULT);
	}
	EXPECT_EQ(wake(words), 1);	/* the failed modify has changed nothing */
	munmap(nowhere, 4096);
}

/* Modified while it waits: the new value is compared, and the source waits on. */
TEST_F(face, futex_modified)
{
	uint32_t word = 5;
	struct got g;

	ASSERT_EQ(add(self, &word, 5, 1), 0);
	ASSERT_EQ(wait_for(self, EVCHAN_MOD, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, 2), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(wait_for(self, EVCHAN_MOD, &word, 6, UINT32_MAX, PRIVATE, ONESHOT, 3), 0);
	EXPECT_EQ(wake(&word), 0);
	ASSERT_EQ(face_next(self, &g, 0), 1);
	EXPECT_EQ(g.events, EVCHAN_CHANGED);
	EXPECT_EQ(g.data, 3);
}

/* A delivered source is re-armed by MOD; in kevent it was removed and is added again. */
TEST_F(face, futex_armed_again)
{
	uint32_t word = 5;
	struct got g;

	for (uint64_t i = 0; i < 50; i++) {
		int op = i && self->kind == EVCHAN ? EVCHAN_MOD : EVCHAN_ADD;

		ASSERT_EQ(wait_for(self, op, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, i), 0);
		ASSERT_EQ(wake(&word), 1);
		ASSERT_EQ(wake(&word), 0);
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.events, EVCHAN_WOKEN);
		ASSERT_EQ(g.data, i);
	}
}

TEST_F(face, futex_mask)
{
	uint32_t word = 5;
	struct got g;

	if (self->kind != EVCHAN)
		return;
	ASSERT_EQ(wait_for(self, EVCHAN_ADD, &word, 5, 0x6, PRIVATE, ONESHOT, 1), 0);
	EXPECT_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, NULL, 0x9), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, NULL, 0xa), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.events, EVCHAN_WOKEN);
}

TEST_F(face, futex_deleted)
{
	uint32_t word = 5;
	struct got g;

	ASSERT_EQ(add(self, &word, 5, 1), 0);
	ASSERT_EQ(wait_for(self, EVCHAN_DEL, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, 1), 0);
	EXPECT_EQ(wake(&word), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	/* Closing the queue removes the remaining source in the same way. */
	ASSERT_EQ(add(self, &word, 5, 1), 0);
}

TEST_F(face, futex_requeued)
{
	uint32_t words[64] = { [0 ... 63] = 5 };
	struct got g;

	/* Requeue to many addresses, some of which are in other hash buckets. */
	for (int i = 1; i < 64; i++) {
		ASSERT_EQ(add(self, &words[0], 5, i), 0);
		ASSERT_EQ(futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 0, 1, &words[i], 5), 1);
		EXPECT_EQ(wake(&words[0]), 0);
		EXPECT_EQ(face_next(self, &g, 0), 0);
		if (i % 4) {
			ASSERT_EQ(wake(&words[i]), 1);
			ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
			EXPECT_EQ(g.events, EVCHAN_WOKEN);
		}
		if (self->kind == EVCHAN || !(i % 4)) {
			ASSERT_GE(wait_for(self, EVCHAN_DEL, &words[0], 5, UINT32_MAX, PRIVATE,
					   ONESHOT, 0), 0);
			EXPECT_EQ(wake(&words[i]), 0);
		}
	}
}

TEST_F(face, futex_shared)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	struct got g;
	int status;
	pid_t pid;

	*word = 5;
	ASSERT_EQ(wait_for(self, EVCHAN_ADD, word, 5, UINT32_MAX, SHARED, ONESHOT, 1), 0);
	pid = fork();
	if (!pid)
		_exit(futex(word, FUTEX_WAKE, 1, 0, NULL, 0));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.events, EVCHAN_WOKEN);
	munmap(word, 4096);
}

/* A private futex: the same address in a child's memory is another futex. */
TEST_F(face, futex_private)
{
	uint32_t word = 5;
	struct got g;
	int status;
	pid_t pid;

	ASSERT_EQ(add(self, &word, 5, 1), 0);
	pid = fork();
	if (!pid)
		_exit(wake(&word));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(wake(&word), 1);
}

TEST_F(face, futex_full_ring)
{
	uint32_t words[40];
	struct got g;

	for (int i = 0; i < 40; i++) {
		words[i] = 5;
		ASSERT_EQ(add(self, &words[i], 5, i), 0);
	}
	for (int i = 0; i < 40; i++)
		ASSERT_EQ(wake(&words[i]), 1);
	for (uint64_t i = 0; i < 40; i++) {
		ASSERT_EQ(face_next(self, &g, 0), 1);
		EXPECT_EQ(g.data, i);
	}
	EXPECT_EQ(face_next(self, &g, 0), 0);
}

/* When a process exits its futex sources are removed, though others still have the queue. */
TEST_F(face, futex_waiter_exits)
{
	uint32_t words[20] = { [0 ... 19] = 5 }, mine = 5;
	int status, go[2];
	pid_t pid;
	char c;

	ASSERT_EQ(pipe(go), 0);
	ASSERT_EQ(add(self, &mine, 5, 1), 0);
	pid = fork();
	if (!pid) {
		int ret = 0;

		for (int i = 0; i < 20; i++)
			ret |= add(self, &words[i], 5, i);
		close(go[1]);
		_exit(ret || read(go[0], &c, 1) < 0);
	}
	EXPECT_EQ(await_sources(self, 21), 0);
	close(go[1]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(await_sources(self, 1), 0);
	EXPECT_EQ(wake(&mine), 1);
	close(go[0]);
}

/* exec() gives up the address space, and so removes its sources, though the process lives on. */
TEST_F(face, futex_waiter_executes)
{
	uint32_t words[20] = { [0 ... 19] = 5 };
	int status, in[2];
	pid_t pid;

	ASSERT_EQ(pipe(in), 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 20; i++)
			if (add(self, &words[i], 5, i))
				_exit(1);
		dup2(in[0], 0);
		close(in[1]);
		execl("/bin/cat", "cat", NULL);
		_exit(2);
	}
	close(in[0]);
	/* Wait for the exec. It comes after the child has added all 20 sources. */
	for (int i = 0; i < LONG_MS; i++) {
		char path[64], exe[256] = "";
		struct timespec pause = { 0, 1000000 };

		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		if (readlink(path, exe, sizeof(exe) - 1) > 0 && strstr(exe, "cat"))
			break;
		nanosleep(&pause, NULL);
	}
	EXPECT_EQ(await_sources(self, 0), 0);
	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	close(in[1]);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

/* A wake-up that came before the process exited is left for others that have the queue. */
TEST_F(face, futex_woken_and_exits)
{
	uint32_t word = 5;
	struct got g;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(add(self, &word, 5, 9) || wake(&word) != 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 9);
}

/* The wake-up was counted for this source, so removing the source reports that it was woken. */
TEST_F(face, futex_deleted_once_woken)
{
	uint32_t word = 5;
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)&word, .type = KEVENT_FUTEX,
		.event = KEVENT_FUTEX_WOKEN, .req_flags = kevent_mode(ONESHOT),
		.ret_data = { 5, PRIVATE },
	};
	struct got g;

	ASSERT_EQ(add(self, &word, 5, 1), 0);
	ASSERT_EQ(wake(&word), 1);
	switch (self->kind) {
	case EVCHAN:
		EXPECT_EQ(wait_for(self, EVCHAN_DEL, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, 1), 1);
		break;
	case KEVENT:
		ASSERT_EQ(kevent_request(&self->q, KEVENT_CTL_REMOVE, &uk), 0);
		EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
		EXPECT_EQ(uk.ret_data[0], 1);
		break;
	default:	/* the delivery into the ring has removed it */
		return;
	}
	EXPECT_EQ(face_next(self, &g, 0), 0);
	/* Removing a source that was not woken reports that it was not. */
	ASSERT_EQ(add(self, &word, 5, 1), 0);
	if (self->kind == EVCHAN) {
		EXPECT_EQ(wait_for(self, EVCHAN_DEL, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, 1), 0);
		return;
	}
	ASSERT_EQ(kevent_request(&self->q, KEVENT_CTL_REMOVE, &uk), 0);
	EXPECT_EQ(uk.ret_data[0], 0);
}

/* A wake-up whose event was not taken is posted again by a modify, with the new cookie only. */
TEST_F(face, futex_modified_once_woken)
{
	uint32_t word = 5;
	struct got g;

	if (self->kind != EVCHAN && self->kind != KEVENT)
		return;		/* the delivery into the ring has removed the source */
	ASSERT_EQ(add(self, &word, 5, 1), 0);
	ASSERT_EQ(wake(&word), 1);
	for (uint64_t i = 2; i < 5; i++)
		ASSERT_EQ(wait_for(self, EVCHAN_MOD, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, i), 0);
	EXPECT_EQ(wake(&word), 0);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.events, EVCHAN_WOKEN);
	EXPECT_EQ(g.data, 4);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	if (self->kind != EVCHAN)
		return;
	/* Once its event is taken the wake-up is over: a source that is re-armed waits. */
	ASSERT_EQ(wait_for(self, EVCHAN_MOD, &word, 5, UINT32_MAX, PRIVATE, ONESHOT, 5), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(wake(&word), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 5);
}

/* One call wakes more sources than are posted in one go: all are posted, in order. */
TEST_F(face, futex_many_woken)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_FUTEX, .flags = EVCHAN_ONESHOT,
	};
	uint32_t word = 5;
	struct got g;

	if (self->kind != EVCHAN)
		return;		/* a kevent queue can have each address only once */
	for (uint64_t i = 0; i < 500; i++) {
		ch.id = ch.data = i;
		ch.args[0] = (uintptr_t)&word;
		ch.args[1] = 5;
		ch.args[2] = UINT32_MAX;
		ch.args[3] = PRIVATE;
		ASSERT_EQ(change(&self->c, &ch), 0);
	}
	ASSERT_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 400, 0, NULL, 0), 400);
	for (uint64_t i = 0; i < 300; i++) {
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.data, i);
		ASSERT_EQ(g.events, EVCHAN_WOKEN);
	}
	/*
	 * Whether its event was posted by now or not: a source that was woken says so when
	 * removed.
	 */
	for (uint64_t i = 300; i < 500; i++) {
		ch = (struct evchan_change){ .op = EVCHAN_DEL, .type = EVCHAN_FUTEX, .id = i };
		ASSERT_EQ(change(&self->c, &ch), i < 400);
	}
	EXPECT_EQ(face_next(self, &g, 0), 0);
}

/* Futex sources count against the user's limit of threads (RLIMIT_NPROC). */
TEST_F(face, futex_limit)
{
	uint32_t words[10] = { [0 ... 9] = 5 };
	struct rlimit old, few;
	int n = 0, ret = 0;

	ASSERT_EQ(getrlimit(RLIMIT_NPROC, &old), 0);
	few = old;
	few.rlim_cur = 5;
	ASSERT_EQ(setrlimit(RLIMIT_NPROC, &few), 0);
	while (n < 10 && !ret)
		ret = add(self, &words[n++], 5, 0);
	ASSERT_EQ(setrlimit(RLIMIT_NPROC, &old), 0);
	EXPECT_EQ(ret, -ENOSPC);
	EXPECT_EQ(n, 6);
	EXPECT_EQ(face_sources(self), 5);
}

/* Does /proc/self/fdinfo/@fd show this number, in hexadecimal? */
static int shows(int fd, uintptr_t number)
{
	char path[64], line[256], hex[32];
	int ret = 0;
	FILE *f;

	snprintf(hex, sizeof(hex), "%lx", (unsigned long)number);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		ret |= !!strstr(line, hex);
	fclose(f);
	return ret;
}

/* A process that has the descriptor but other memory is not shown the address. */
TEST_F(face, futex_address_not_shown)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	int status;
	pid_t pid;

	*word = 5;
	ASSERT_EQ(add(self, word, 5, 1), 0);
	EXPECT_EQ(shows(face_fd(self), (uintptr_t)word), 1);
	pid = fork();
	if (!pid)
		_exit(shows(face_fd(self), (uintptr_t)word));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	munmap(word, 4096);
}

struct adder {
	pthread_t thread;
	struct face *face;
	uint32_t *word;
	int ret;
};

static void *add_thread(void *arg)
{
	struct adder *a = arg;

	a->ret = add(a->face, a->word, 0, 1);
	return NULL;
}

/*
 * Reading the futex word may fault on a page that user space provides late: others must not
 * wait.
 */
TEST_F(face, futex_in_memory_that_waits)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	struct uffdio_register reg = {
		.range = { (uintptr_t)word, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_zeropage zero = { .range = reg.range };
	struct uffdio_api api = { .api = UFFD_API };
	struct adder a = { .face = self, .word = word };
	struct pollfd pf = { .events = POLLIN };
	uint32_t other = 5;
	struct got g;

	pf.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (pf.fd < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(ioctl(pf.fd, UFFDIO_API, &api), 0);
	ASSERT_EQ(ioctl(pf.fd, UFFDIO_REGISTER, &reg), 0);
	ASSERT_EQ(pthread_create(&a.thread, NULL, add_thread, &a), 0);
	ASSERT_EQ(poll(&pf, 1, LONG_MS), 1);
	/* The thread that adds it is blocked; the queue is not. */
	ASSERT_EQ(add(self, &other, 5, 2), 0);
	ASSERT_EQ(wake(&other), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 2);
	ASSERT_EQ(ioctl(pf.fd, UFFDIO_ZEROPAGE, &zero), 0);
	pthread_join(a.thread, NULL);
	ASSERT_EQ(a.ret, 0);
	ASSERT_EQ(wake(word), 1);
	ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
	EXPECT_EQ(g.data, 1);
	close(pf.fd);
	munmap(word, 4096);
}

struct waker {
	pthread_t thread;
	uint32_t *word;
	uint32_t woken;
	int stop;
};

static void *wake_thread(void *arg)
{
	struct waker *w = arg;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		w->woken += wake(w->word);
		sched_yield();
	}
	return NULL;
}

/* Every wake-up that found the source makes one event, and every event is such a wake-up. */
TEST_F_TIMEOUT(face, futex_each_wake_up_once, 120)
{
	uint32_t word = 5, events = 0, deleted = 0;
	struct waker w = { .word = &word };
	struct got g;

	ASSERT_EQ(pthread_create(&w.thread, NULL, wake_thread, &w), 0);
	for (int i = 0; i < 150; i++) {
		ASSERT_EQ(add(self, &word, 5, i), 0);
		if (i % 3) {
			ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
			events++;
		}
		if (self->kind == EVCHAN || !(i % 3)) {
			int ret = wait_for(self, EVCHAN_DEL, &word, 5, UINT32_MAX, PRIVATE,
					   ONESHOT, 0);

			/* A delivery into a ring has removed it already. */
			ASSERT_TRUE(ret >= 0 || (ret == -ENOENT && self->kind != EVCHAN));
			deleted += !(i % 3);
		}
		while (face_next(self, &g, 0) == 1)
			events++;
	}
	__atomic_store_n(&w.stop, 1, __ATOMIC_RELEASE);
	pthread_join(w.thread, NULL);
	EXPECT_GE(events, 100);
	EXPECT_LE(events, w.woken);
	EXPECT_GE(events + deleted, w.woken);
}

TEST_HARNESS_MAIN
