// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anything else that can be polled is watched through poll(), by every face: each kind of
 * descriptor that programs put into event loops, edge-triggered, level-triggered and
 * oneshot.
 */
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "face-fixture.h"
#include "uring.h"

static struct {
	int fd;		/* the watched descriptor */
	int other;	/* writing here makes it readable */
	pid_t child;
	char dir[64];
	struct uring ring;
} it;

static int open_eventfd(void)
{
	return it.other = eventfd(0, EFD_NONBLOCK);
}

static int raise_other(void)
{
	return raise_eventfd(it.other);
}

/* A pseudo-terminal; watch its slave, as a program does, or its master, as an emulator does. */
static int open_pair(int watch_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
	it.other = watch_slave ? master : slave;
	return watch_slave ? slave : master;
}

static int open_tty(void)
{
	return open_pair(1);
}

static int open_terminal(void)
{
	return open_pair(0);
}

static int write_line(void)
{
	return write(it.other, "x\n", 2) != 2;
}

static int open_pipe(void)
{
	int fd[2];

	if (pipe2(fd, O_NONBLOCK))
		return -1;
	it.other = fd[1];
	return fd[0];
}

static int open_timerfd(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static int start_timer(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };

	return timerfd_settime(it.fd, 0, &soon, NULL);
}

static int open_signalfd(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	return signalfd(-1, &usr1, SFD_NONBLOCK);
}

static int signal_self(void)
{
	return raise(SIGUSR1);
}

static int open_inotify(void)
{
	int fd = inotify_init1(IN_NONBLOCK);

	strcpy(it.dir, "/tmp/evcore-XXXXXX");
	if (!mkdtemp(it.dir) || inotify_add_watch(fd, it.dir, IN_DELETE_SELF) < 0)
		return -1;
	return fd;
}

static int remove_watched(void)
{
	return rmdir(it.dir);
}

static int open_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	open_eventfd();
	return epoll_ctl(fd, EPOLL_CTL_ADD, it.other, &ev) ? -1 : fd;
}

static int open_io_uring(void)
{
	return uring_open(&it.ring);
}

/* IORING_OP_NOP, the one operation of io_uring that needs no other object. */
static int submit_nop(void)
{
	const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

	return uring_submit(&it.ring, &nop);
}

static int open_pidfd(void)
{
	int go[2];
	char c;

	if (pipe(go))
		return -1;
	it.other = go[1];
	it.child = fork();
	if (!it.child) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 0);
	}
	close(go[0]);
	return syscall(SYS_pidfd_open, it.child, 0);
}

static int end_child(void)
{
	return close(it.other);
}

static int open_channel(void)
{
	static struct channel inner;

	open_eventfd();
	if (channel_open(&inner, 8, 0) ||
	    watch(&inner, EVCHAN_ADD, EVCHAN_POLL, it.other, POLLIN, 0, 1))
		return -1;
	return inner.fd;
}

static int open_queue(unsigned int slots)
{
	static struct queue inner;
	struct ukevent uk;

	open_eventfd();
	uk = request(KEVENT_POLL, it.other, POLLIN, KEVENT_REQ_ET, 1);
	if (queue_open(&inner, slots, 0) || ctl(&inner, KEVENT_CTL_ADD, &uk, 1))
		return -1;
	return inner.fd;
}

static int open_kevent_queue(void)
{
	return open_queue(0);
}

static int open_kevent_ring(void)
{
	return open_queue(8);
}

static const struct {
	const char *name;
	int (*open)(void);
	int (*make_readable)(void);
} kinds[] = {
	{ "eventfd", open_eventfd, raise_other },
	{ "tty", open_tty, write_line },
	{ "terminal", open_terminal, write_line },
	{ "pipe", open_pipe, write_line },
	{ "timerfd", open_timerfd, start_timer },
	{ "signalfd", open_signalfd, signal_self },
	{ "inotify", open_inotify, remove_watched },
	{ "epoll", open_epoll, raise_other },
	{ "io_uring", open_io_uring, submit_nop },
	{ "pidfd", open_pidfd, end_child },
	{ "channel", open_channel, raise_other },
	{ "kevent queue", open_kevent_queue, raise_other },
	{ "kevent ring", open_kevent_ring, raise_other },
	{ 0 },
};

/* Remove the source, which a delivered oneshot may already have removed. */
static int drop(struct face *f, int fd)
{
	struct ukevent uk = request(KEVENT_POLL, fd, 0, 0, 0);
	int ret = f->kind == EVCHAN ? watch(&f->c, EVCHAN_DEL, EVCHAN_POLL, fd, 0, 0, 0) :
				      kevent_request(&f->q, KEVENT_CTL_REMOVE, &uk);

	return ret == -ENOENT ? 0 : ret;
}

static void watch_each(struct __test_metadata *_metadata, struct face *self, enum mode mode)
{
	struct got g;

	for (int i = 0; kinds[i].name; i++) {
		memset(&it, 0, sizeof(it));
		it.fd = kinds[i].open();
		ASSERT_GE(it.fd, 0) {
			TH_LOG("%s", kinds[i].name);
		}
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, it.fd, POLLIN, mode, 100 + i), 0) {
			TH_LOG("%s", kinds[i].name);
		}
		ASSERT_EQ(face_next(self, &g, 0), 0) {
			TH_LOG("%s: an event before there is one", kinds[i].name);
		}
		ASSERT_EQ(kinds[i].make_readable(), 0);
		ASSERT_EQ(face_next(self, &g, LONG_MS), 1) {
			TH_LOG("%s: no event", kinds[i].name);
		}
		EXPECT_EQ(g.data, 100 + i);
		EXPECT_EQ(g.events & POLLIN, POLLIN);
		if (mode == LEVEL) {	/* it was not read */
			ASSERT_EQ(face_next(self, &g, LONG_MS), 1) {
				TH_LOG("%s: not while it holds", kinds[i].name);
			}
			EXPECT_EQ(g.data, 100 + i);
		}
		if (it.child)
			waitpid(it.child, NULL, 0);
		EXPECT_GE(drop(self, it.fd), 0);
		close(it.fd);
		/* Drain what further wake-ups left in the ring. */
		while (face_next(self, &g, 0) == 1)
			EXPECT_EQ(g.data, 100 + i);
	}
}

TEST_F(face, pollable_edge)
{
	watch_each(_metadata, self, EDGE);
}

TEST_F(face, pollable_level)
{
	watch_each(_metadata, self, LEVEL);
}

TEST_F(face, pollable_once)
{
	watch_each(_metadata, self, ONESHOT);
}

TEST_HARNESS_MAIN
