// SPDX-License-Identifier: GPL-2.0-only
/* A delivered event holds (LAST_CHECK); and a oneshot request that is kept (KEEP). */
#include "queue.h"

TEST(last_check_returns_what_holds)
{
	int fd = eventfd(0, EFD_NONBLOCK), other;
	struct ukevent uk, out[4];
	struct queue q;

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	uk = request(KEVENT_POLL, fd, POLLIN | POLLOUT, KEVENT_REQ_ET | KEVENT_REQ_LAST_CHECK |
		     KEVENT_REQ_ALWAYS_QUEUE, 1);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].event, POLLOUT);
	raise_eventfd(fd);	/* the key of the wake-up is POLLIN only */
	ASSERT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].event, POLLIN | POLLOUT);
	EXPECT_EQ(out[0].ret_data[0], POLLIN | POLLOUT);
	/* For a file that was closed no bit holds. */
	raise_eventfd(fd);
	close(fd);
	EXPECT_EQ(get_events(&q, 1, 4, 20, out), 0);
	EXPECT_EQ(counter(q.fd, "sources"), 0);
	/* Without the flag the event is delivered although it no longer holds. */
	other = eventfd(0, EFD_NONBLOCK);
	uk = request(KEVENT_POLL, other, POLLIN, KEVENT_REQ_ET, 2);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(other);
	close(other);
	EXPECT_EQ(get_events(&q, 1, 4, LONG_MS, out), 1);
	queue_close(&q);
}

TEST_F(queue, oneshot_kept)
{
	struct ukevent uk, out[4];

	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ONESHOT | KEVENT_REQ_KEEP, 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	raise_eventfd(self->fd);
	EXPECT_EQ(get_events(&self->q, 1, 4, 20, out), 0);
	EXPECT_EQ(counter(self->q.fd, "sources"), 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 1);
	EXPECT_EQ((int)uk.ret_data[1], -EEXIST);
	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ONESHOT | KEVENT_REQ_KEEP, 2);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_MODIFY, &uk, 1), 0);
	EXPECT_EQ(uk.ret_flags, KEVENT_RET_DONE);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(out[0].user[0], 2);
}

/* Many modifications in one call, most of which the kernel carries out on its fast path. */
TEST(modify_in_bulk)
{
	enum { MANY = 12 };
	struct ukevent uk[MANY], out[MANY];
	int fds[MANY], expected[MANY] = { [2] = -EBADF, [4] = -EINVAL, [5] = -EINVAL };
	struct queue q;

	ASSERT_EQ(queue_open(&q, 16, 0), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		uk[i] = request(KEVENT_POLL, fds[i], POLLPRI,
				KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE, i);
	}
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, uk, MANY), 0);
	for (int i = 0; i < MANY; i++) {
		raise_eventfd(fds[i]);
		uk[i].event = POLLIN;
		uk[i].user[0] = 100 + i;
	}
	EXPECT_EQ(get_events(&q, 0, MANY, 0, out), 0);
	uk[2].id.raw[0] = -1;
	uk[4].event = 1u << 20;				/* not an event */
	uk[5].req_flags |= 0x10000;			/* not a flag */
	uk[6].req_flags = KEVENT_REQ_ALWAYS_QUEUE;	/* another mode */
	ASSERT_EQ(ctl(&q, KEVENT_CTL_MODIFY, uk, MANY), 0);
	for (int i = 0; i < MANY; i++) {
		EXPECT_EQ((int)uk[i].ret_data[1], expected[i]);
		EXPECT_EQ(uk[i].ret_flags, KEVENT_RET_DONE | (expected[i] ? KEVENT_RET_BROKEN : 0));
	}
	/* Ready requests are queued, in the order of the array. */
	ASSERT_EQ(get_events(&q, MANY - 3, MANY, LONG_MS, out), MANY - 3);
	for (int i = 0, n = 0; i < MANY; i++)
		if (!expected[i])
			EXPECT_EQ(out[n++].user[0], 100 + i);
	read_eventfd(fds[6]);
	for (int i = 7; i < MANY; i++) {
		raise_eventfd(fds[i]);
		ASSERT_EQ(get_events(&q, 1, 1, LONG_MS, out), 1);
		EXPECT_EQ(out[0].user[0], 100 + i);
		close(fds[i]);
	}
	queue_close(&q);
}

TEST_F(queue, poll_rechecks_level)
{
	struct pollfd pfd = { .fd = self->q.fd, .events = POLLIN };
	struct ukevent uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ALWAYS_QUEUE, 1);
	struct ukevent out[4];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(poll(&pfd, 1, LONG_MS), 1);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	ASSERT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), 1);
	read_eventfd(self->fd);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
}

TEST_HARNESS_MAIN
