// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection, as in failures.c, for calls that are not about one source: calls with many
 * entries, the calls that take events, those of the kernel that a queue is given to, and fork,
 * exec and close with queues.
 */
#include <sys/ptrace.h>

#include "face-fixture.h"
#include "fail-nth.h"
#include "operations.h"
#include "sigevents.h"

#define MANY	20	/* entries of a call, more than are allocated in one go */

struct context {
	struct face *f;
	struct face other;	/* opened by some of the calls */
	int fd, spare;
	aio_context_t aio;
	timer_t timer;
	mqd_t mq;
};

/*
 * A call of which each allocation is to fail once. @prepare and @undo are not part of it and may
 * be NULL; @undo is called if the call succeeded, @clean if it failed. They return 0 or a
 * negative errno, and @call may return a positive number.
 */
struct shape {
	const char *name;
	int (*prepare)(struct context *x);
	int (*call)(struct context *x);
	int (*undo)(struct context *x);
	int other_error;	/* beside ENOMEM */
};

static int sigev_notify(const struct face *f)
{
	return f->kind == EVCHAN ? SIGEV_EVCHAN : SIGEV_KEVENT;
}

/* Entries fail one by one; the call as a whole fails if an entry did, once the rest is undone. */
static int ctl_many(struct context *x)
{
	struct evchan_change ch[MANY];
	struct ukevent uk[MANY];
	int ret, error = 0;

	for (int i = 0; i < MANY; i++) {
		ch[i] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_USER, .id = i,
		};
		uk[i] = request(KEVENT_UNOTIFY, i, 1, kevent_mode(EDGE), 0);
	}
	if (x->f->kind == EVCHAN)
		ret = syscall(NR_EVCHAN_CTL, x->f->c.fd, ch, MANY, sizeof(*ch), 0);
	else
		ret = syscall(NR_KEVENT_CTL, x->f->q.fd, KEVENT_CTL_ADD, MANY, uk);
	if (ret < 0)
		return -errno;
	for (int i = 0; i < MANY; i++) {
		int result = x->f->kind == EVCHAN ? ch[i].result :
			     uk[i].ret_flags & KEVENT_RET_BROKEN ? (int)uk[i].ret_data[1] : 0;

		error = result < 0 ? result : error;
	}
	return error;
}

static int remove_user(struct face *f, int id)
{
	struct evchan_change ch = { .op = EVCHAN_DEL, .type = EVCHAN_USER, .id = id };
	struct ukevent uk = request(KEVENT_UNOTIFY, id, 0, 0, 0);

	return f->kind == EVCHAN ? change(&f->c, &ch) :
				   kevent_request(&f->q, KEVENT_CTL_REMOVE, &uk);
}

static int remove_many(struct context *x)
{
	for (int i = 0; i < MANY; i++)
		remove_user(x->f, i);
	return 0;
}

static int high_descriptor(struct context *x)
{
	return face_watch(x->f, EVCHAN_POLL, x->spare, POLLIN, EDGE, 1);
}

static int next_high_descriptor(struct context *x)
{
	static int number = 100;

	number = number < 900 ? number + 40 : 100;
	x->spare = dup2(x->fd, number);
	return x->spare < 0 ? -errno : 0;
}

static int close_spare(struct context *x)
{
	return close(x->spare) ? -errno : 0;
}

/* The file stays open, so the source does not end by itself. */
static int unwatch_spare(struct context *x)
{
	struct ukevent uk = request(KEVENT_POLL, x->spare, 0, 0, 0);
	int ret = x->f->kind == EVCHAN ?
		  watch(&x->f->c, EVCHAN_DEL, EVCHAN_POLL, x->spare, 0, 0, 0) :
		  kevent_request(&x->f->q, KEVENT_CTL_REMOVE, &uk);

	return ret < 0 ? ret : close_spare(x);
}

static int open_other(struct context *x)
{
	x->other = (struct face){ .kind = x->f->kind };
	return face_open(&x->other) ? -errno : 0;
}

static int close_other(struct context *x)
{
	face_close(&x->other);
	return 0;
}

static int watch_other(struct context *x)
{
	return face_watch(x->f, EVCHAN_POLL, face_fd(&x->other), POLLIN, EDGE, 1);
}

static int make_timer(struct context *x)
{
	struct sigevent ev = queue_event(sigev_notify(x->f), face_fd(x->f), 1);

	return create_timer(CLOCK_MONOTONIC, &ev, &x->timer);
}

static int arm_timer(struct context *x)
{
	return set_timer(x->timer, 3600000000000LL, 3600000000000LL);
}

static int delete_timer(struct context *x)
{
	return syscall(SYS_timer_delete, timer_number(x->timer)) ? -errno : 0;
}

static int notify(struct context *x)
{
	struct sigevent ev = queue_event(sigev_notify(x->f), face_fd(x->f), 1);

	return notify_queue(x->mq, &ev);
}

static int notify_nobody(struct context *x)
{
	return notify_queue(x->mq, NULL);
}

static int add_and_post(struct context *x)
{
	int ret = face_user(x->f, 1);

	return ret ?: face_post(x->f, 1, 5);
}

static int post(struct context *x)
{
	return face_post(x->f, 1, 5);
}

static int take_all(struct context *x)
{
	struct got g;

	while (face_fetch(x->f, &g, 0) == 1)
		;
	return 0;
}

static int remove_one(struct context *x)
{
	int ret = remove_user(x->f, 1);

	return ret < 0 ? ret : 0;
}

static int add_one(struct context *x)
{
	return face_user(x->f, 1);
}

static int fetch_one(struct context *x)
{
	struct got g;
	int ret = face_fetch(x->f, &g, LONG_MS);

	return ret ?: -EPROTO;
}

static int signal_call(struct face *f, int op, int cmd)
{
	struct evchan_change ch = {
		.op = op, .type = EVCHAN_SIGNAL, .id = SIGRTMIN | EVCHAN_SIGNAL_NOMASK,
	};
	struct ukevent uk = {
		.type = KEVENT_SIGNAL, .id.raw_u64 = SIGRTMIN | KEVENT_SIGNAL_NOMASK,
		.event = KEVENT_SIGNAL_DELIVERY, .req_flags = kevent_mode(EDGE),
	};

	return f->kind == EVCHAN ? change(&f->c, &ch) : kevent_request(&f->q, cmd, &uk);
}

static int add_signal(struct context *x)
{
	return signal_call(x->f, EVCHAN_ADD, KEVENT_CTL_ADD);
}

static int remove_signal(struct context *x)
{
	int ret = signal_call(x->f, EVCHAN_DEL, KEVENT_CTL_REMOVE);

	return ret < 0 ? ret : 0;
}

static int send_signal(struct context *x)
{
	return sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 3 }) ? -errno : 0;
}

static int show_fdinfo(struct context *x)
{
	long long n;

	errno = ENOMEM;		/* of open() or read(), unless they set it */
	n = counter(face_fd(x->f), "sources");
	return n < 0 ? -errno : 0;
}

static int fork_child(struct context *x)
{
	/* fork(), which is not a system call on each machine. */
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	x->spare = pid;
	return pid < 0 ? -errno : 0;
}

static int await_child(struct context *x)
{
	return waitpid(x->spare, NULL, 0) == x->spare ? 0 : -errno;
}

static int watch_spare(struct context *x)
{
	x->spare = eventfd(0, EFD_NONBLOCK);
	return face_watch(x->f, EVCHAN_POLL, x->spare, POLLIN, EDGE, 1);
}

static int busy_other(struct context *x)
{
	int ret = open_other(x);

	for (int i = 0; !ret && i < MANY; i++) {
		ret = face_user(&x->other, i);
		ret = ret ?: face_post(&x->other, i, i);
	}
	return ret;
}

static const struct shape shapes[] = {
	{ "add with 20 entries", NULL, ctl_many, remove_many },
	{ "add a high descriptor", next_high_descriptor, high_descriptor, unwatch_spare },
	{ "create", NULL, open_other, close_other, ENFILE },
	{ "watch a queue", open_other, watch_other, close_other },
	{ "timer_create", NULL, make_timer, delete_timer, EAGAIN },
	{ "timer_settime", make_timer, arm_timer, delete_timer },
	{ "timer_delete", make_timer, delete_timer },
	{ "mq_notify", NULL, notify, notify_nobody },
	{ "mq_notify(NULL)", notify, notify_nobody },
	{ "post a user event", add_one, post, remove_one },
	{ "send a realtime signal", add_signal, send_signal, take_all, EAGAIN },
	{ "remove a signal", add_signal, remove_signal },
	{ "wait and take", add_and_post, fetch_one, remove_one },
	/* Without memory for an inode, proc says that there is no such file. */
	{ "fdinfo", NULL, show_fdinfo, NULL, ENOENT },
	{ "close a watched file", watch_spare, close_spare },
	{ "close a queue", busy_other, close_other },
	{ "fork", NULL, fork_child, await_child, EAGAIN },
};

/* What the context of a call needs after the call has failed, or was undone. */
static void clean(struct context *x, const struct shape *s)
{
	if (s->call == ctl_many)
		remove_many(x);
	if (s->call == high_descriptor)
		close_spare(x);
	if (s->prepare == open_other)
		close_other(x);
	if (s->call == arm_timer)
		delete_timer(x);
	if (s->call == post || s->call == fetch_one)
		remove_one(x);
	if (s->call == open_other) {
		if (face_fd(&x->other) >= 0)
			close(face_fd(&x->other));
		free(x->other.memory);
	}
}

static bool is_allowed(const struct shape *s, int ret)
{
	return ret == -ENOMEM || (s->other_error && ret == -s->other_error);
}

/* Returns the number of allocations of the call. */
static int fail_each(struct __test_metadata *_metadata, struct context *x, int nth,
		     const struct shape *s)
{
	bool did = true;
	int n, ret = 0;

	for (n = 1; did && n < MOST; n++) {
		long long before = face_sources(x->f);

		ret = s->prepare ? s->prepare(x) : 0;
		EXPECT_EQ(ret, 0);
		fail(nth, n);
		ret = s->call(x);
		did = failed(nth);
		EXPECT_TRUE(ret >= 0 || (did && is_allowed(s, ret))) {
			TH_LOG("%s, allocation %d: %d", s->name, n, ret);
		}
		if (ret < 0)
			clean(x, s);
		else if (s->undo)
			s->undo(x);
		if (s->call == send_signal)
			remove_signal(x);
		take_all(x);
		EXPECT_EQ(face_sources(x->f), before) {
			TH_LOG("%s, allocation %d", s->name, n);
		}
	}
	EXPECT_LT(n, MOST);
	EXPECT_GE(ret, 0);
	return n - 2;
}

TEST_F_TIMEOUT(face, every_allocation_fails_of_other_calls, 600)
{
	struct context x = { .f = self };
	int records = settled_user_records(self, 0);
	int nth = open_nth();

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	x.fd = eventfd(0, EFD_NONBLOCK);
	x.mq = open_mqueue("/failures");
	ASSERT_GE(x.mq, 0);
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		int points = fail_each(_metadata, &x, nth, &shapes[i]);

		TH_LOG("%s: %d allocations", shapes[i].name, points);
	}
	EXPECT_EQ(settled_user_records(self, records), records);
	close(x.mq);
	close(x.fd);
	close(nth);
}

/* Wait until the queue has @n sources: those of a process end when it does. 0, or -1. */
static int await_sources(struct face *f, long long n)
{
	struct got g;

	for (int i = 0; i < LONG_MS; i++) {
		face_fetch(f, &g, 0);
		if (face_sources(f) == n)
			return 0;
		usleep(1000);
	}
	return -1;
}

/* The child adds sources that exec removes, executes, and stops if that fails. */
static void execute(struct context *x)
{
	static uint32_t word;
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_FUTEX, .flags = EVCHAN_ONESHOT, .id = 1,
		.args = { (uintptr_t)&word, 0, UINT32_MAX, FUTEX_PRIVATE_U32 },
	};
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)&word, .type = KEVENT_FUTEX, .event = KEVENT_FUTEX_WOKEN,
		.req_flags = kevent_mode(ONESHOT), .ret_data = { 0, FUTEX_PRIVATE_U32 },
	};
	char *const argv[] = { "true", NULL };

	if (add_signal(x) || (x->f->kind == EVCHAN ? change(&x->f->c, &ch) :
			      kevent_request(&x->f->q, KEVENT_CTL_ADD, &uk)) ||
	    ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		_exit(100);
	execve("/bin/true", argv, argv + 1);
	x->spare = errno;
	raise(SIGSTOP);
	_exit(101);
}

/*
 * May execve() fail so for want of memory? E2BIG: for the arguments. EIO: for reading a file.
 * ENOEXEC and ELIBBAD: for reading the headers of the program, and of its interpreter.
 */
static bool no_memory_for_exec(int error)
{
	return error == ENOMEM || error == E2BIG || error == EIO || error == ENOEXEC ||
	       error == ELIBBAD;
}

/*
 * exec fails at each of its allocations: either it returns an error and the sources of the
 * process are what they were, or it kills the process because there is no way back, and they are
 * gone.
 */
TEST_F_TIMEOUT(face, every_allocation_fails_of_exec, 600)
{
	struct context *x = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);
	int nth = open_nth(), n, status, returned = 0, killed = 0, passed = 0;
	bool did = true;

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	close(nth);
	x->f = self;
	for (n = 1; did && n < MOST; n++) {
		char path[64];
		pid_t pid = fork();

		if (!pid)
			execute(x);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(face_sources(self), 2);
		ASSERT_EQ(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC), 0);
		snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
		nth = open_nth_of(path);
		ASSERT_GE(nth, 0);
		fail(nth, n);
		ASSERT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC) {
			did = failed(nth);
			passed += did;
			EXPECT_EQ(await_sources(self, 0), 0);
		} else if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) {
			EXPECT_TRUE(no_memory_for_exec(x->spare)) {
				TH_LOG("allocation %d: errno %d", n, x->spare);
			}
			EXPECT_EQ(face_sources(self), 2);
			returned++;
		} else {
			EXPECT_TRUE(WIFSIGNALED(status) || WIFSTOPPED(status)) {
				TH_LOG("allocation %d: status %x", n, status);
			}
			killed++;
		}
		close(nth);
		if (WIFSTOPPED(status)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
		ASSERT_EQ(await_sources(self, 0), 0);
	}
	EXPECT_LT(n, MOST);
	EXPECT_GT(returned, 0);
	TH_LOG("exec: %d allocations: %d times it failed, %d killed, %d succeeded", n - 2,
	       returned, killed, passed);
	munmap(x, 4096);
}

TEST_HARNESS_MAIN
