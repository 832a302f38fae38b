// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kevent system calls, with each kind of ring and without one.
 */
#include "queue.h"

static int init_errno(void *ring, unsigned int num, unsigned int flags)
{
	int fd = syscall(NR_KEVENT_INIT, ring, num, flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST(init_errors)
{
	static char space[4096] __attribute__((aligned(8)));

	EXPECT_EQ(init_errno(NULL, 1, 0), EINVAL);
	EXPECT_EQ(init_errno(space, 0, 0), EINVAL);
	EXPECT_EQ(init_errno(NULL, 100000, 0), EINVAL);
	EXPECT_EQ(init_errno(NULL, 0, 1), EINVAL);
	EXPECT_EQ(init_errno(space + 1, 8, 0), EINVAL);
	EXPECT_EQ(init_errno((void *)8, 8, 0), EFAULT);
	EXPECT_EQ(init_errno(space, 8, KEVENT_INIT_CLOEXEC), 0);
	EXPECT_EQ(init_errno(NULL, 0, 0), 0);
}

TEST_F(queue, ctl_errors)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1);
	struct queue bad = { .fd = self->fd }, none = { .fd = -1 };

	EXPECT_EQ(ctl(&none, KEVENT_CTL_ADD, &uk, 1), -EBADF);
	EXPECT_EQ(ctl(&bad, KEVENT_CTL_ADD, &uk, 1), -EINVAL);
	EXPECT_EQ(ctl(&self->q, 77, &uk, 1), -EINVAL);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 0), -EINVAL);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, NULL, 1), -EFAULT);
	uk = request(KEVENT_POLL, -1, POLLIN, 0, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_BROKEN | KEVENT_RET_DONE);
	EXPECT_EQ((int)uk.ret_data[1], -EBADF);
	uk = request(1234, self->fd, POLLIN, 0, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -ENOSYS);
	uk = request(KEVENT_POLL, self->fd, POLLIN, 0, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &uk, 1), 0);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_BROKEN | KEVENT_RET_DONE);
	EXPECT_EQ((int)uk.ret_data[1], -ENOENT);
}

TEST_F(queue, duplicate_is_broken)
{
	struct ukevent uk[2];

	uk[0] = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, uk, 1), 0);
	uk[0] = request(KEVENT_UNOTIFY, 5, 1, 0, 2);
	uk[1] = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 3);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, uk, 2), 1);
	EXPECT_EQ(uk[0].user[0], 3);	/* copied to the front */
	EXPECT_EQ(uk[0].ret_flags, KEVENT_RET_BROKEN | KEVENT_RET_DONE);
	EXPECT_EQ((int)uk[0].ret_data[1], -EEXIST);
}

TEST_F(queue, ready_at_add)
{
	struct ukevent uk, out[4];

	raise_eventfd(self->fd);
	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(uk.event, POLLIN);
	EXPECT_EQ(get_events(&self->q, 0, 4, 0, out), 0);
	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE, 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 1);
	EXPECT_EQ(out[0].req_flags, KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE);
}

TEST_F(queue, edge)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 42), out[4];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, 20, out), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].user[0], 42);
	EXPECT_EQ(out[0].type, KEVENT_POLL);
	EXPECT_EQ(out[0].id.raw[0], (uint32_t)self->fd);
	EXPECT_EQ(out[0].event & POLLIN, POLLIN);
	EXPECT_EQ(get_events(&self->q, 1, 4, 20, out), 0);
}

TEST_F(queue, level)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, 0, 1), out[4];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(self->fd);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	read_eventfd(self->fd);
	EXPECT_EQ(get_events(&self->q, 1, 4, 20, out), 0);
}

TEST_F(queue, oneshot_is_removed)
{
	struct ukevent uk, out[4];

	for (int i = 0; i < 2; i++) {
		uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ONESHOT, 1);
		ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
		raise_eventfd(self->fd);
		raise_eventfd(self->fd);
		EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
		EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 0);
		read_eventfd(self->fd);
	}
}

TEST(last_check)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct ukevent uk, out[4];
	struct queue q;

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	uk = request(KEVENT_POLL, fd, POLLIN, KEVENT_REQ_ET | KEVENT_REQ_LAST_CHECK, 1);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(fd);
	read_eventfd(fd);
	EXPECT_EQ(get_events(&q, 1, 4, 20, out), 0);
	raise_eventfd(fd);
	EXPECT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	read_eventfd(fd);
	uk.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_LAST_CHECK;
	ASSERT_EQ(ctl(&q, KEVENT_CTL_MODIFY, &uk, 1), 0);
	/* A dropped event does not use up a oneshot request. */
	raise_eventfd(fd);
	read_eventfd(fd);
	EXPECT_EQ(get_events(&q, 1, 4, 20, out), 0);
	raise_eventfd(fd);
	EXPECT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(counter(q.fd, "sources"), 1);
	EXPECT_EQ(get_events(&q, 1, 4, 0, out), 0);
	EXPECT_EQ(counter(q.fd, "sources"), 0);
	queue_close(&q);
	close(fd);
}

/* One of two bits no longer holds when the event is fetched: only the other is reported. */
TEST(last_check_reports_what_holds)
{
	struct ukevent uk, out[4];
	struct queue q;
	int sv[2];
	char c = 0;

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	uk = request(KEVENT_POLL, sv[0], POLLIN | POLLOUT, KEVENT_REQ_ET |
		     KEVENT_REQ_LAST_CHECK | KEVENT_REQ_ALWAYS_QUEUE, 1);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(write(sv[1], &c, 1), 1);
	ASSERT_EQ(read(sv[0], &c, 1), 1);
	ASSERT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].event, POLLOUT);
	EXPECT_EQ(out[0].ret_data[0], POLLOUT);
	queue_close(&q);
	close(sv[0]);
	close(sv[1]);
}

/* A wake-up without a key merges into the event that is queued. */
TEST(keyless_wakeup_is_no_second_event)
{
	struct ukevent uk, out[4];
	struct queue q;
	int sv[2];

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	uk = request(KEVENT_POLL, sv[0], POLLOUT, KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE, 1);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	close(sv[1]);
	ASSERT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].event, POLLOUT | POLLHUP);
	EXPECT_EQ(get_events(&q, 1, 4, 0, out), 0);
	queue_close(&q);
	close(sv[0]);
}

TEST_F(queue, ready_command)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9), out[4];
	struct ukevent missing = request(KEVENT_UNOTIFY, 6, 1, 0, 0);

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_READY, &uk, 1), 1);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_READY, &missing, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_TRUE(out[0].req_flags & KEVENT_REQ_READY);
	EXPECT_EQ(out[0].user[0], 9);
	EXPECT_EQ(out[0].ret_data[0], 1);
}

/* READY at ADD: one event at once, and later events as usual. */
TEST_F(queue, added_ready)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET | KEVENT_REQ_READY, 9);
	struct ukevent out[4];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_TRUE(out[0].req_flags & KEVENT_REQ_READY);
	EXPECT_EQ(out[0].user[0], 9);
	EXPECT_EQ(out[0].ret_data[0], 1);

	/* A request with a source that is not ready. */
	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET | KEVENT_REQ_READY, 10);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_TRUE(out[0].req_flags & KEVENT_REQ_READY);
	EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_FALSE(out[0].req_flags & KEVENT_REQ_READY);
	EXPECT_EQ(out[0].user[0], 10);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &uk, 1), 0);

	/* A request with a source that is ready: queued once, or handed back by the call. */
	uk.req_flags |= KEVENT_REQ_ALWAYS_QUEUE;
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &uk, 1), 0);
	uk.req_flags &= ~KEVENT_REQ_ALWAYS_QUEUE;
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 0);
	/* Only the first request is left: a oneshot is removed with its event. */
	EXPECT_EQ(counter(self->q.fd, "sources"), 1);
	uk = request(KEVENT_UNOTIFY, 6, 1, KEVENT_REQ_ONESHOT | KEVENT_REQ_READY, 11);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 0);
	EXPECT_EQ(counter(self->q.fd, "sources"), 1);
}

TEST_F(queue, timer)
{
	struct ukevent uk = { .id.raw = { 0, 2000000 }, .type = KEVENT_TIMER,
			      .event = KEVENT_TIMER_FIRED };
	struct ukevent out[4];
	unsigned int n = 0;

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	while (n < 10) {
		int got = get_events(&self->q, 1, 4, LONG_MS, out);

		ASSERT_GE(got, 1);
		for (int i = 0; i < got; i++)
			n += out[i].ret_data[1];
	}
	EXPECT_EQ(out[0].id.raw[1], 2000000);
	uk = (struct ukevent){ .id.raw = { 0, 1000000000 }, .type = KEVENT_TIMER, .event = 1 };
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -EINVAL);
}

TEST_F(queue, get_events_errors)
{
	struct queue none = { .fd = -1 }, bad = { .fd = self->fd };
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9), out[4];

	EXPECT_EQ(get_events(&none, 0, 1, 0, out), -EBADF);
	EXPECT_EQ(get_events(&bad, 0, 1, 0, out), -EINVAL);
	EXPECT_EQ(get_events(&self->q, 0, 0, 0, out), -EINVAL);
	EXPECT_EQ(get_events(&self->q, 3, 2, 0, out), -EINVAL);
	EXPECT_EQ(syscall(NR_KEVENT_GET_EVENTS, self->q.fd, 0, 1, 0, out, 1), -1);
	EXPECT_EQ(errno, EINVAL);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &uk, 1), 1);
	EXPECT_EQ(get_events(&self->q, 1, 1, 0, NULL), -EFAULT);
	EXPECT_EQ(get_events(&self->q, 1, 1, 0, out), 1);	/* nothing was lost */
}

/* A non-blocking queue returns what is there, as in 2006; finding nothing is no error. */
TEST(nonblocking_queue)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9), out[4];
	struct queue q;

	for (unsigned int num = 0; num <= 8; num += 8) {
		ASSERT_EQ(queue_open(&q, num, KEVENT_INIT_NONBLOCK), 0);
		EXPECT_EQ(get_events(&q, 1, 4, UINT32_MAX, out), 0);
		ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
		ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
		EXPECT_EQ(get_events(&q, 2, 4, UINT32_MAX, out), 1);
		if (num)
			EXPECT_EQ(queue_wait(&q, 1, 1, -1), 0);
		queue_close(&q);
	}
	/* O_NONBLOCK can be set later. */
	ASSERT_EQ(queue_open(&q, 8, 0), 0);
	ASSERT_EQ(fcntl(q.fd, F_SETFL, O_NONBLOCK), 0);
	EXPECT_EQ(queue_wait(&q, 1, 0, -1), 0);
	queue_close(&q);
}

/* Nor does a wait with a timeout of 0 block. */
TEST_F(queue, zero_does_not_wait)
{
	struct ukevent out[4];

	EXPECT_EQ(get_events(&self->q, 1, 4, 0, out), 0);
	if (self->q.ring)
		EXPECT_EQ(queue_wait(&self->q, 1, 0, 0), 0);
}

/* More sources than slots: all events arrive in order, through wait and commit. */
static void ring_overflow(struct __test_metadata *_metadata, struct queue *q)
{
	unsigned int next = 0;
	int fds[50];

	for (int i = 0; i < 50; i++) {
		struct ukevent uk;

		fds[i] = eventfd(0, EFD_NONBLOCK);
		uk = request(KEVENT_POLL, fds[i], POLLIN, KEVENT_REQ_ET, i);
		ASSERT_EQ(ctl(q, KEVENT_CTL_ADD, &uk, 1), 0);
		raise_eventfd(fds[i]);
		raise_eventfd(fds[i]);
	}
	/*
	 * Each source was raised twice: two entries if in the ring, one merged record if in
	 * overflow.
	 */
	for (;;) {
		int n = queue_wait(q, q->num, q->uidx, 0);

		if (n <= 0)
			break;
		for (int i = 0; i < n; i++) {
			struct ukevent *uk = ring_entry(q, i);

			if (uk->user[0] == next)
				next++;
			else
				EXPECT_EQ(uk->user[0], next - 1);
		}
		EXPECT_EQ(commit_entries(q, n), n);
	}
	EXPECT_EQ(next, 50);
	EXPECT_GT(counter(q->fd, "overflowed"), 0);
	EXPECT_GE(q->ring->ring_over, 50 / q->num);
	for (int i = 0; i < 50; i++)
		close(fds[i]);
}

TEST(ring_overflow_in_order)
{
	struct queue q;

	ASSERT_EQ(queue_open(&q, 7, 0), 0);
	ring_overflow(_metadata, &q);
	queue_close(&q);
}

TEST(own_ring_overflow_in_order)
{
	void *memory = aligned_alloc(64, 4096);
	struct queue q;

	memset(memory, 0xff, 4096);
	ASSERT_EQ(queue_open_own(&q, 7, memory), 0);
	EXPECT_EQ(q.ring->ring_kidx, 0);
	ring_overflow(_metadata, &q);
	queue_close(&q);
	free(memory);
}

TEST(commit_errors)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9);
	struct queue q, none;

	ASSERT_EQ(queue_open(&q, 8, 0), 0);
	ASSERT_EQ(queue_open(&none, 0, 0), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
	EXPECT_EQ(commit(&none, 0, 0), -EINVAL);
	EXPECT_EQ(queue_wait(&none, 1, 0, 0), -EINVAL);
	EXPECT_EQ(commit(&q, 1, 1), -EOVERFLOW);
	EXPECT_EQ(commit(&q, 2, 0), -EINVAL);
	EXPECT_EQ(commit(&q, 8, 0), -EINVAL);
	EXPECT_EQ(commit(&q, 0, 0), 0);
	EXPECT_EQ(commit(&q, 1, 0), 1);
	EXPECT_EQ(queue_wait(&q, 0, 1, 0), -EINVAL);
	EXPECT_EQ(queue_wait(&q, 1, 8, 0), -EINVAL);
	queue_close(&q);
	queue_close(&none);
}

/* A wait with a stale index returns at once, whatever the timeout. */
TEST(wait_returns_for_stale_index)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_ET, 9);
	struct queue q;

	ASSERT_EQ(queue_open(&q, 8, 0), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
	EXPECT_EQ(queue_wait(&q, 8, 0, -1), 3);
	EXPECT_EQ(queue_wait(&q, 2, 0, -1), 2);
	EXPECT_EQ(queue_wait(&q, 8, 2, -1), 1);
	EXPECT_EQ(commit(&q, 3, 0), 3);
	EXPECT_EQ(queue_wait(&q, 8, 1, -1), 0);
	EXPECT_EQ(queue_wait(&q, 8, 3, 20), 0);
	queue_close(&q);
}

static void *get_thread(void *arg)
{
	struct ukevent out[4];

	return (void *)(intptr_t)get_events(arg, 1, 4, UINT32_MAX, out);
}

TEST_F(queue, waiter_is_woken)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1);
	pthread_t t;
	void *ret;

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(pthread_create(&t, NULL, get_thread, &self->q), 0);
	raise_eventfd(self->fd);
	pthread_join(t, &ret);
	EXPECT_EQ((intptr_t)ret, 1);
}

/* READY with no entries wakes one waiter, which returns 0 events. */
TEST_F(queue, ready_for_none_wakes)
{
	pthread_t t;
	void *ret;

	ASSERT_EQ(pthread_create(&t, NULL, get_thread, &self->q), 0);
	do {
		EXPECT_EQ(ctl(&self->q, KEVENT_CTL_READY, NULL, 0), 0);
	} while (pthread_tryjoin_np(t, &ret));
	EXPECT_EQ((intptr_t)ret, 0);
}

TEST_F(queue, sources_removed_with_their_file)
{
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 1), out[4];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(counter(self->q.fd, "sources"), 1);
	close(self->fd);
	EXPECT_EQ(counter(self->q.fd, "sources"), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);	/* it happened before the close */
}

TEST_HARNESS_MAIN
