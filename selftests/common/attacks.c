// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of any user that must do no harm: calls that close what they use, calls with absurd
 * numbers, and circles of queues and epoll sets.
 */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "face-fixture.h"
#include "uring.h"
#include "work-trace.h"

enum { ENTRIES = 8192 };

/* Wait until a child ends. Return: false if it has not within LONG_MS. */
static bool ends(pid_t pid)
{
	for (int i = 0; i < LONG_MS; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

/* --- a call during which io_uring has work for the task --- */

/* A timer of 2 ms, and a descriptor that io_uring closes when it fires. */
struct closer {
	struct uring ring;
	int timer, fd;
};

static int start_closer(struct closer *c)
{
	const struct io_uring_sqe sqe[2] = {
		{ .opcode = IORING_OP_POLL_ADD, .flags = IOSQE_IO_LINK, .poll32_events = POLLIN,
		  .fd = c->timer },
		{ .opcode = IORING_OP_CLOSE, .fd = c->fd },
	};
	const struct itimerspec soon = { .it_value.tv_nsec = 2000000 };

	uring_drop_completions(&c->ring);
	return timerfd_settime(c->timer, 0, &soon, NULL) || uring_submit_many(&c->ring, sqe, 2);
}

/*
 * Add the inode of /tmp and the descriptor @fd in turn, ENTRIES times, in one call, which begins
 * after start_closer(). Return: how many entries said that @fd is not open.
 */
static unsigned int add_in_turn(struct __test_metadata *_metadata, struct face *self, int fd,
				struct closer *c)
{
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct evchan_change *ch = calloc(ENTRIES, sizeof(*ch));
	struct ukevent *uk = calloc(ENTRIES, sizeof(*uk));
	unsigned int closed = 0;
	int ret;

	for (int i = 0; i < ENTRIES; i += 2) {
		ch[i] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_INODE, .events = 0x100, .args = { tmp },
		};
		ch[i + 1] = (struct evchan_change){
			.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = POLLIN, .args = { fd },
		};
		uk[i] = request(KEVENT_INODE, tmp, KEVENT_INODE_CREATE, 0, 0);
		uk[i + 1] = request(KEVENT_POLL, fd, POLLIN, KEVENT_REQ_ALWAYS_QUEUE, 0);
	}
	EXPECT_EQ(start_closer(c), 0);
	if (self->kind == EVCHAN) {
		syscall(NR_EVCHAN_CTL, self->c.fd, ch, ENTRIES, sizeof(*ch), 0);
		for (int i = 0; i < ENTRIES; i++)
			closed += ch[i].result == -EBADF;
	} else {
		ret = ctl(&self->q, KEVENT_CTL_ADD, uk, ENTRIES);
		for (int i = 0; i < ret; i++)
			closed += (int)uk[i].ret_data[1] == -EBADF;
	}
	close(tmp);
	free(ch);
	free(uk);
	return closed;
}

/*
 * io_uring closes a descriptor when a timer fires, in task work of this thread. A call does not
 * run that before it ends. If it did, the descriptor could be that of the queue which the call
 * uses, to which a thread without others holds no reference.
 */
TEST_F(face, nothing_is_closed_during_a_call)
{
	struct closer c = { .timer = timerfd_create(CLOCK_MONOTONIC, 0) };
	unsigned int closed, good = 0;

	if (uring_open(&c.ring) < 0)
		SKIP(return, "the kernel has no io_uring");
	for (int round = 0; round < 20 && good < 3; round++) {
		c.fd = eventfd(0, EFD_NONBLOCK);
		closed = add_in_turn(_metadata, self, c.fd, &c);
		good += !closed;
		/* On a busy machine it may have been closed before the call began. */
		if (closed != ENTRIES / 2)
			EXPECT_EQ(closed, 0);
	}
	EXPECT_EQ(good, 3);
	/* The queue itself. It is closed when the call ends. */
	c.fd = face_fd(self);
	EXPECT_EQ(add_in_turn(_metadata, self, c.timer, &c), 0);
	close(c.timer);
	close(c.ring.fd);
}

/* --- absurd numbers --- */

/* A minimum that no int can hold: the call returns when its time is over. */
TEST_F(face, absurd_minimum_ends)
{
	static const uint32_t min[] = { 0x7fffffff, 0x80000000, 0xffffffff };
	struct ukevent uk;
	pid_t pid;

	if (self->kind == EVCHAN || self->kind == KEVENT_RING || self->kind == KEVENT_OWN_RING)
		return;		/* a minimum of more than the ring has is refused */
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (!pid)
			_exit(get_events(&self->q, min[i], UINT32_MAX, i, &uk));
		EXPECT_TRUE(ends(pid));
	}
}

/* --- circles of a queue and an epoll set --- */

static int set_that_watches(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(0);

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) ? -1 : set;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct poller {
	int fd;
	bool started, stop;
};

/* Poll a queue on the second processor until told to stop. */
static void *poll_all_the_time(void *arg)
{
	struct poller *p = arg;
	struct pollfd pfd = { p->fd, POLLIN, 0 };

	run_on(1);
	__atomic_store_n(&p->started, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE))
		poll(&pfd, 1, 0);
	return NULL;
}

/*
 * While a task polls a queue again and again, each event that an epoll set posts to the queue
 * wakes that set. Several such rounds may follow each other in interrupt context; then the next
 * one must come from a work item, so that other tasks can run on that processor.
 */
TEST_F(face, circle_lets_other_tasks_run)
{
	struct poller p = { .fd = face_fd(self) };
	int set = set_that_watches(p.fd), fd = eventfd(0, EFD_NONBLOCK);
	bool left_to_work_item = false;
	struct timespec now, start;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "there is one processor only");
	if (trace_work())
		SKIP(return, "work items cannot be traced");
	ASSERT_GE(set, 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, EDGE, 1), 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, set, POLLIN, EDGE, 2), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, poll_all_the_time, &p), 0);
	run_on(0);
	while (!__atomic_load_n(&p.started, __ATOMIC_ACQUIRE))
		sched_yield();
	clock_gettime(CLOCK_MONOTONIC, &start);
	/*
	 * The other processor has to poll between the rounds. That happens often if both run at
	 * the same time, but the host may give them turns.
	 */
	do {
		for (int i = 0; i < 1000; i++)
			raise_eventfd(fd);
		left_to_work_item = work_has_run("evcore_poll_later");
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!left_to_work_item && now.tv_sec < start.tv_sec + 60);
	__atomic_store_n(&p.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	trace_work_end();
	EXPECT_TRUE(left_to_work_item);
	close(set);
	close(fd);
}

/* A wait for events that are there returns at once, also if the queue watches its own watcher. */
TEST_F(face, circle_does_not_delay_a_wait)
{
	int set = set_that_watches(face_fd(self)), fd = eventfd(0, EFD_NONBLOCK);
	struct timespec start, end;
	struct got g;

	ASSERT_GE(set, 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, set, POLLIN, EDGE, 2), 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, EDGE, 1), 0);
	raise_eventfd(fd);
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (self->kind == EVCHAN) {
		EXPECT_GE(wait_events(&self->c, 1, LONG_MS), 1);
	} else {
		EXPECT_EQ(face_next(self, &g, LONG_MS), 1);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* It did not end because its time was over. */
	EXPECT_LT(end.tv_sec - start.tv_sec, LONG_MS / 1000 - 1);
	close(set);
	close(fd);
}

/* --- many sources of one descriptor number --- */

enum { MOST_OF_A_NUMBER = 128 };

/* A number that is used for one file after the other has a bounded number of sources. */
TEST_F(face, sources_of_a_number_are_bounded)
{
	int number = dup(0), kept[MOST_OF_A_NUMBER], i;

	for (i = 0; i < MOST_OF_A_NUMBER; i++) {
		kept[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(dup2(kept[i], number), number);
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, number, POLLIN, EDGE, i), 0);
	}
	i = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(dup2(i, number), number);
	EXPECT_EQ(face_watch(self, EVCHAN_POLL, number, POLLIN, EDGE, i), -ENOSPC);
	EXPECT_EQ(face_sources(self), MOST_OF_A_NUMBER);
	close(kept[7]);
	EXPECT_EQ(face_watch(self, EVCHAN_POLL, number, POLLIN, EDGE, i), 0);
	close(i);
	close(number);
	for (i = 0; i < MOST_OF_A_NUMBER; i++)
		close(kept[i]);
}

TEST_HARNESS_MAIN
