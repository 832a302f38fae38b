// SPDX-License-Identifier: GPL-2.0-only
/* What both interfaces' calls do alike: who may create queues, and signals during long calls. */
#include <sys/prctl.h>
#include <sys/time.h>

#include "face-fixture.h"
#include "uring.h"

#define DISABLED "/proc/sys/kernel/evcore_disabled"

/* The errno of creating a queue of this face as user @uid (0: as this process); 0 for success. */
static int make_errno(enum face_kind kind, uid_t uid)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct evchan_params p = { .entries = 8 };
		int fd;

		if (uid && setresuid(uid, uid, uid))
			_exit(255);
		fd = kind == EVCHAN ? syscall(NR_EVCHAN_CREATE, &p, sizeof(p)) :
		     syscall(NR_KEVENT_INIT, NULL, 8, 0);
		_exit(fd < 0 ? errno : 0);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * With kernel.evcore_disabled of 1 root may create queues, with 2 nobody may. Queues that
 * exist go on working.
 */
TEST_F(face, disabled)
{
	static const struct { const char *value; int root, user; } rows[] = {
		{ "1", 0, EPERM }, { "2", EPERM, EPERM }, { "0", 0, 0 },
	};
	int fd = eventfd(0, EFD_NONBLOCK);
	struct got g;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(write_file(DISABLED, rows[i].value), 0);
		EXPECT_EQ(make_errno(self->kind, 0), rows[i].root);
		EXPECT_EQ(make_errno(self->kind, 65534), rows[i].user);
		if (self->kind == EVCHAN)
			EXPECT_EQ(watch(&self->c, EVCHAN_SET, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
		raise_eventfd(fd);
		if (self->kind == EVCHAN)
			EXPECT_EQ(face_next(self, &g, LONG_MS), 1);
	}
	EXPECT_NE(write_file(DISABLED, "3"), 0);
	EXPECT_NE(write_file(DISABLED, "-1"), 0);
	close(fd);
}

static void on_signal(int sig)
{
}

enum { MANY = 20000 };

/* What became of the MANY additions of one call. */
struct outcome {
	unsigned int done, refused, other;
};

/* Add MANY sources in one call. @timer, if not NULL, starts before the call. */
static struct outcome add_many(struct __test_metadata *_metadata, struct face *self,
			       const struct itimerval *timer)
{
	struct evchan_change *ch = calloc(MANY, sizeof(*ch));
	struct ukevent *uk = calloc(MANY, sizeof(*uk));
	struct outcome o = {};
	int ret;

	for (int i = 0; i < MANY; i++) {
		ch[i] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_USER, .id = i, .result = 77,
		};
		uk[i] = request(KEVENT_UNOTIFY, i, 1, 0, i);
	}
	if (timer)
		EXPECT_EQ(setitimer(ITIMER_REAL, timer, NULL), 0);
	if (self->kind == EVCHAN) {
		ret = syscall(NR_EVCHAN_CTL, self->c.fd, ch, MANY, sizeof(*ch), 0);
		for (int i = 0; i < MANY; i++) {
			o.done += !ch[i].result;
			o.refused += ch[i].result == -EINTR;
			o.other += ch[i].result && ch[i].result != -EINTR;
		}
		EXPECT_EQ(ret, (int)o.done);
	} else {
		ret = ctl(&self->q, KEVENT_CTL_ADD, uk, MANY);
		EXPECT_GE(ret, 0);
		for (int i = 0; i < ret; i++) {
			o.refused += (int)uk[i].ret_data[1] == -EINTR;
			o.other += (int)uk[i].ret_data[1] != -EINTR;
		}
		o.done = MANY - ret;
		/* The entries handed back start with the first that was not carried out. */
		if (ret > 0)
			EXPECT_EQ(uk[0].user[0], o.done);
	}
	EXPECT_EQ(o.other, 0);
	EXPECT_EQ(face_sources(self), o.done);
	free(ch);
	free(uk);
	return o;
}

/* A signal ends a long call early; every entry says whether it was carried out. */
TEST_F(face, signal_ends_a_long_call)
{
	const struct itimerval soon = { .it_value = { 0, 3000 } };
	struct sigaction sa = { .sa_handler = on_signal };
	struct outcome o = {};

	ASSERT_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	for (int tries = 0; tries < 20 && !o.refused; tries++) {
		o = add_many(_metadata, self, &soon);
		face_close(self);
		ASSERT_EQ(face_open(self), 0);
	}
	EXPECT_GT(o.refused, 0);
	EXPECT_GE(o.done, 64);
}

struct notifier {
	struct uring ring;
	int fd;
	bool stop;
};

/* Each write makes io_uring notify the thread that has submitted the poll request. */
static void *notify(void *arg)
{
	struct notifier *n = arg;
	uint64_t value;

	while (!__atomic_load_n(&n->stop, __ATOMIC_RELAXED)) {
		raise_eventfd(n->fd);
		if (read(n->fd, &value, sizeof(value)) < 0)
			break;
		uring_drop_completions(&n->ring);
	}
	return NULL;
}

/*
 * Work that io_uring gives a thread to do wakes it like a signal, but no signal comes. It does
 * not end a long call.
 */
TEST_F(face, io_uring_does_not_end_a_long_call)
{
	struct notifier n = { .fd = eventfd(0, EFD_NONBLOCK) };
	const struct io_uring_sqe poll = {
		.opcode = IORING_OP_POLL_ADD, .fd = n.fd, .poll32_events = POLLIN,
		.len = IORING_POLL_ADD_MULTI,
	};
	pthread_t thread;

	if (uring_open(&n.ring) < 0)
		SKIP(return, "the kernel has no io_uring");
	ASSERT_EQ(uring_submit(&n.ring, &poll), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, notify, &n), 0);
	for (int round = 0; round < 10; round++) {
		EXPECT_EQ(add_many(_metadata, self, NULL).done, MANY);
		face_close(self);
		ASSERT_EQ(face_open(self), 0);
	}
	__atomic_store_n(&n.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	close(n.ring.fd);
	close(n.fd);
}

/* A call with few entries is never cut short, even when signals arrive all the time. */
TEST_F(face, signals_do_not_end_a_short_call)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = {};
	struct sigaction sa = { .sa_handler = on_signal };
	struct evchan_change ch[64];
	struct ukevent uk[64];

	ASSERT_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	ASSERT_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 64; i++) {
			ch[i] = (struct evchan_change){
				.op = round & 1 ? EVCHAN_DEL : EVCHAN_ADD, .type = EVCHAN_USER,
				.id = i,
			};
			uk[i] = request(KEVENT_UNOTIFY, i, 1, 0, i);
		}
		if (self->kind == EVCHAN) {
			ASSERT_EQ(syscall(NR_EVCHAN_CTL, self->c.fd, ch, 64, sizeof(ch[0]), 0), 64);
			continue;
		}
		ASSERT_EQ(ctl(&self->q, round & 1 ? KEVENT_CTL_REMOVE : KEVENT_CTL_ADD, uk, 64), 0);
		for (int i = 0; i < 64 && round & 1; i++)
			ASSERT_EQ(uk[i].ret_flags, KEVENT_RET_DONE);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

/* --- fdinfo of a queue that was passed on --- */

/* 1 if a process of user @uid that has the queue finds @word in its fdinfo, 0 if not. */
static int other_sees(struct face *f, uid_t uid, const char *word)
{
	char path[64], text[4096];
	int status, fd, n;
	pid_t pid = fork();

	if (!pid) {
		if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(2);
		prctl(PR_SET_DUMPABLE, 1);
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", face_fd(f));
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		if (n <= 0)
			_exit(3);
		text[n] = 0;
		_exit(!!strstr(text, word));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(face, inode_hidden_from_others)
{
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .events = 0x100, .args = { fd },
	};
	struct ukevent uk = request(KEVENT_INODE, fd, KEVENT_INODE_CREATE, 0, 0);

	ASSERT_EQ(self->kind == EVCHAN ? change(&self->c, &ch) :
		  kevent_request(&self->q, KEVENT_CTL_ADD, &uk), 0);
	EXPECT_EQ(other_sees(self, 0, " ino:"), 1);
	EXPECT_EQ(other_sees(self, 65534, " ino:"), 0);
	EXPECT_EQ(other_sees(self, 65534, " sdev:"), 0);
	EXPECT_EQ(other_sees(self, 65534, "source: type:inode "), 1);
	close(fd);
}

TEST_HARNESS_MAIN
