// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection: the first memory allocation of a call fails, then the second, and so on,
 * for each call and each type of source through every face. Each time the call either
 * reports that memory is short and changes nothing, or succeeds without that allocation.
 * When no allocation fails it succeeds. Memory that leaks is reported by kmemleak when the
 * guest ends.
 */
#include <linux/aio_abi.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "face-fixture.h"
#include "fail-nth.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)
#endif

struct context {
	int eventfd, pair[2], fifo, directory, pidfd;
	uint32_t word;
	aio_context_t aio;
	struct iocb cb;
	char buffer[16];
	pid_t child;
};

/* One way to register a source, and the events to register it with. */
struct call {
	const char *name;
	uint16_t type;
	uint32_t events;
	uint32_t mode;		/* of enum mode */
};

static const struct call sources[] = {
	{ "poll", EVCHAN_POLL, POLLIN, EDGE },
	{ "poll, level", EVCHAN_POLL, POLLIN, LEVEL },
	{ "socket", EVCHAN_SOCKET, EVCHAN_RECV, EDGE },
	{ "pipe", EVCHAN_PIPE, EVCHAN_RECV, ONESHOT },
	{ "timer", EVCHAN_TIMER, EVCHAN_FIRED, EDGE },
	{ "user", EVCHAN_USER, 1, EDGE },
	{ "signal", EVCHAN_SIGNAL, EVCHAN_SIGNALED, EDGE },
	{ "inode", EVCHAN_INODE, IN_CREATE, EDGE },
	{ "process", EVCHAN_PROCESS, EVCHAN_EXITED, EDGE },
	{ "futex", EVCHAN_FUTEX, EVCHAN_WOKEN | EVCHAN_CHANGED, ONESHOT },
};

static int watched(const struct context *x, const struct call *c)
{
	switch (c->type) {
	case EVCHAN_SOCKET:
		return x->pair[0];
	case EVCHAN_PIPE:
		return x->fifo;
	case EVCHAN_INODE:
		return x->directory;
	case EVCHAN_PROCESS:
		return x->pidfd;
	default:
		return x->eventfd;
	}
}

static int evchan_call(struct face *f, struct context *x, const struct call *c, int op)
{
	struct evchan_change ch = {
		.op = op, .type = c->type, .flags = evchan_mode(c->mode), .events = c->events,
		.id = c->type == EVCHAN_SIGNAL ? SIGUSR1 | EVCHAN_SIGNAL_NOMASK : 7,
	};

	switch (c->type) {
	case EVCHAN_TIMER:
		ch.args[0] = CLOCK_MONOTONIC;
		ch.args[1] = 3600000000000ULL;
		break;
	case EVCHAN_FUTEX:
		ch.args[0] = (uintptr_t)&x->word;
		ch.args[2] = UINT32_MAX;
		ch.args[3] = 0x82;
		break;
	case EVCHAN_USER:
	case EVCHAN_SIGNAL:
		break;
	default:
		ch.args[0] = (uint64_t)watched(x, c);
		break;
	}
	if (op == EVCHAN_DEL) {
		ch.flags = ch.events = 0;
		if (c->type != EVCHAN_POLL && c->type != EVCHAN_SOCKET &&
		    c->type != EVCHAN_PIPE && c->type != EVCHAN_PROCESS)
			memset(ch.args, 0, sizeof(ch.args));
	}
	return change(&f->c, &ch);
}

static int kevent_call(struct face *f, struct context *x, const struct call *c, int cmd)
{
	struct ukevent uk = {
		.id.raw = { (uint32_t)watched(x, c) }, .type = c->type, .event = c->events,
		.req_flags = kevent_mode(c->mode),
	};

	switch (c->type) {
	case KEVENT_TIMER:
		uk.id.raw[0] = 3600;
		break;
	case KEVENT_UNOTIFY:
		uk.id.raw_u64 = 7;
		break;
	case KEVENT_SIGNAL:
		uk.id.raw_u64 = SIGUSR1 | KEVENT_SIGNAL_NOMASK;
		break;
	case KEVENT_INODE:
		uk.event = KEVENT_INODE_CREATE;
		break;
	case KEVENT_FUTEX:
		uk.id.raw_u64 = (uintptr_t)&x->word;
		uk.ret_data[1] = 0x82;
		break;
	}
	return kevent_request(&f->q, cmd, &uk);
}

enum step { ADD, MODIFY, REMOVE, STEPS };

static int source_call(struct face *f, struct context *x, const struct call *c, enum step step)
{
	static const int ops[] = { EVCHAN_ADD, EVCHAN_MOD, EVCHAN_DEL };
	static const int cmds[] = { KEVENT_CTL_ADD, KEVENT_CTL_MODIFY, KEVENT_CTL_REMOVE };

	return f->kind == EVCHAN ? evchan_call(f, x, c, ops[step]) :
				   kevent_call(f, x, c, cmds[step]);
}

static int context_open(struct context *x)
{
	memset(x, 0, sizeof(*x));
	signal(SIGUSR1, SIG_IGN);
	x->eventfd = eventfd(0, EFD_NONBLOCK);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, x->pair) ||
	    mkfifo("/tmp/failures-fifo", 0600))
		return -1;
	x->fifo = open("/tmp/failures-fifo", O_RDWR | O_NONBLOCK);
	unlink("/tmp/failures-fifo");
	x->directory = open("/dev/shm", O_RDONLY | O_DIRECTORY);
	x->child = fork();
	if (!x->child)
		pause();
	x->pidfd = syscall(SYS_pidfd_open, x->child, 0);
	return x->fifo < 0 || x->directory < 0 || x->pidfd < 0 ? -1 : 0;
}

static void context_close(struct context *x)
{
	kill(x->child, SIGKILL);
	waitpid(x->child, NULL, 0);
	close(x->eventfd);
	close(x->pair[0]);
	close(x->pair[1]);
	close(x->fifo);
	close(x->directory);
	close(x->pidfd);
}

TEST_F_TIMEOUT(face, every_allocation_fails_of_each_source, 600)
{
	int nth = open_nth();
	struct context x;

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	ASSERT_EQ(context_open(&x), 0);
	for (unsigned int i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		const struct call *c = &sources[i];
		long long before = face_sources(self);
		int points[STEPS];

		for (enum step step = ADD; step <= REMOVE; step++) {
			long long then = step == ADD ? before : before + 1;
			int n, ret = 0;
			bool did;

			for (n = 1; n < MOST; n++) {
				fail(nth, n);
				ret = source_call(self, &x, c, step);
				did = failed(nth);
				if (!did)
					break;
				if (ret >= 0) {
					/* The call succeeded without that allocation: undo it. */
					if (step == ADD)
						ASSERT_GE(source_call(self, &x, c, REMOVE), 0);
					if (step == REMOVE)
						ASSERT_GE(source_call(self, &x, c, ADD), 0);
					continue;
				}
				ASSERT_TRUE(is_out_of_memory(ret)) {
					TH_LOG("%s, step %d, allocation %d: %d", c->name, step, n,
					       ret);
				}
				ASSERT_EQ(face_sources(self), then) {
					TH_LOG("%s, step %d, allocation %d", c->name, step, n);
				}
			}
			ASSERT_GE(ret, 0) {
				TH_LOG("%s, step %d: %d without a failure", c->name, step, ret);
			}
			EXPECT_LT(n, MOST);
			points[step] = n - 1;
		}
		TH_LOG("%s: %d allocations to add, %d to modify, %d to remove", c->name,
		       points[ADD], points[MODIFY], points[REMOVE]);
		ASSERT_EQ(face_sources(self), before);
	}
	context_close(&x);
	close(nth);
}

/* Creating a queue, and waiting in one that has more events than its ring holds. */
TEST_F_TIMEOUT(face, every_allocation_fails_of_queue_and_wait, 300)
{
	int nth = open_nth(), n, ret = 0, came, allocated = 0, fds[2 * FACE_SLOTS];
	struct face other = { .kind = variant->kind };
	struct got g;
	bool did;

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	for (n = 1; n < MOST; n++) {
		fail(nth, n);
		ret = face_open(&other) ? -errno : 0;
		did = failed(nth);
		if (!ret)
			face_close(&other);
		else if (face_fd(&other) >= 0)
			close(face_fd(&other));
		if (!did)
			break;
		ASSERT_TRUE(!ret || is_out_of_memory(ret)) {
			TH_LOG("allocation %d: %d", n, ret);
		}
	}
	EXPECT_EQ(ret, 0);
	TH_LOG("create: %d allocations", n - 1);
	for (int i = 0; i < 2 * FACE_SLOTS; i++) {
		struct context x = { 0 };

		fds[i] = x.eventfd = eventfd(1, EFD_NONBLOCK);
		ASSERT_EQ(source_call(self, &x, &sources[0], ADD), 0);
	}
	for (came = 0, n = 1; came < 2 * FACE_SLOTS && n < MOST; n++) {
		fail(nth, 1);
		ret = face_next(self, &g, 0);
		allocated += failed(nth);
		ASSERT_TRUE(ret >= 0 || is_out_of_memory(ret));
		came += ret > 0;
	}
	EXPECT_EQ(came, 2 * FACE_SLOTS);
	TH_LOG("wait and take, from overflow: %d allocations", allocated);
	for (int i = 0; i < 2 * FACE_SLOTS; i++)
		close(fds[i]);
	close(nth);
}

/* An AIO operation; its memory is allocated when it is submitted. */
TEST_F_TIMEOUT(face, every_allocation_fails_of_aio, 300)
{
	struct context x = { 0 };
	struct iocb *cb = &x.cb;
	int nth = open_nth(), n, ret = 0;
	struct got g;
	bool did;

	if (nth < 0) {
		ASSERT_NE(access("/sys/kernel/debug/kmemleak", F_OK), 0);
		SKIP(return, "only the debug kernel can fail on purpose");
	}
	x.eventfd = eventfd(1, EFD_NONBLOCK);
	ASSERT_EQ(syscall(SYS_io_setup, 4, &x.aio), 0);
	for (n = 1; n < MOST; n++) {
		x.cb = (struct iocb){
			.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (uint32_t)x.eventfd,
			.aio_buf = POLLIN, .aio_flags = IOCB_FLAG_EVCORE,
			.aio_resfd = (uint32_t)face_fd(self), .aio_data = (uint64_t)n,
		};
		fail(nth, n);
		ret = syscall(SYS_io_submit, x.aio, 1, &cb) == 1 ? 0 : -errno;
		did = failed(nth);
		ASSERT_TRUE(!ret || is_out_of_memory(ret)) {
			TH_LOG("allocation %d: %d", n, ret);
		}
		/* A submitted operation has an event; a refused one has none. */
		ASSERT_EQ(face_next(self, &g, ret ? 0 : LONG_MS), !ret);
		if (!ret)
			ASSERT_EQ(g.data, (uint64_t)n);
		if (!did)
			break;
	}
	EXPECT_EQ(ret, 0);
	EXPECT_LT(n, MOST);
	TH_LOG("io_submit: %d allocations", n - 1);
	syscall(SYS_io_destroy, x.aio);
	close(x.eventfd);
	close(nth);
}

TEST_HARNESS_MAIN
