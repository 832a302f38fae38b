// SPDX-License-Identifier: GPL-2.0-only
/* After a request was removed none of its events arrives, not even from the ring. */
#include "queue.h"

static struct ukevent user_request(uint32_t id, uint32_t user)
{
	return (struct ukevent){ .id.raw = { id }, .type = KEVENT_UNOTIFY, .user = { user } };
}

TEST_F(queue, remove_withdraws)
{
	struct ukevent a = user_request(1, 7), b = user_request(2, 8), out[8];

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &a, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &b, 1), 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &a, 1), 1);
		ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &b, 1), 1);
	}
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &a, 1), 0);
	/* Without a ring the events of one request merge. */
	ASSERT_EQ(get_events(&self->q, 1, 8, LONG_MS, out), variant->num ? 3 : 1);
	for (int i = 0; i < (variant->num ? 3 : 1); i++)
		EXPECT_EQ(out[i].user[0], 8);
	EXPECT_EQ(get_events(&self->q, 0, 8, 0, out), 0);
}

/* After an event was taken, a remove says so: another thread may be handling the event. */
TEST_F(queue, remove_after_the_event_was_taken)
{
	struct ukevent out[8], user = user_request(1, 7);
	struct ukevent file = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET |
				      KEVENT_REQ_ALWAYS_QUEUE, 8);

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &user, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &file, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &user, 1), 1);
	raise_eventfd(self->fd);
	ASSERT_EQ(get_events(&self->q, 2, 8, LONG_MS, out), 2);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &user, 1), 0);
	EXPECT_EQ(user.ret_data[0], 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &file, 1), 0);
	EXPECT_EQ(file.ret_data[0], 1);
}

/* A program that reads the ring itself finds an entry there that is no event. */
TEST_F(queue, removed_entry_keeps_its_place)
{
	struct ukevent a = user_request(1, 7), b = user_request(2, 8);
	struct ukevent *e;

	if (!variant->num)
		return;
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &a, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &b, 1), 0);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &a, 1), 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_READY, &b, 1), 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_REMOVE, &a, 1), 0);
	ASSERT_EQ(queue_wait(&self->q, 8, self->q.uidx, LONG_MS), 2);
	e = ring_entry(&self->q, 0);
	EXPECT_EQ(e->event, 0);
	EXPECT_EQ(e->ret_flags, KEVENT_RET_DONE | KEVENT_RET_BROKEN);
	EXPECT_EQ((int)e->ret_data[1], -ECANCELED);
	e = ring_entry(&self->q, 1);
	EXPECT_EQ(e->user[0], 8);
	EXPECT_EQ(e->ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(commit_entries(&self->q, 2), 2);
}

TEST_F(queue, old_cookie_does_not_survive_modify)
{
	struct ukevent out[8], uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 7);

	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, &uk, 1), 0);
	raise_eventfd(self->fd);
	raise_eventfd(self->fd);
	uk = request(KEVENT_POLL, self->fd, POLLIN, KEVENT_REQ_ET, 8);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_MODIFY, &uk, 1), 0);
	ASSERT_EQ(get_events(&self->q, 1, 8, LONG_MS, out), 1);
	EXPECT_EQ(out[0].user[0], 8);
	EXPECT_EQ(get_events(&self->q, 0, 8, 0, out), 0);
}

/* Its delivery has removed the request, so no call finds it. */
TEST_F(queue, delivered_oneshot_is_not_found)
{
	const uint32_t flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE;
	struct ukevent out[8], uk[2];

	uk[0] = request(KEVENT_POLL, self->fd, POLLIN, flags | KEVENT_REQ_KEEP, 1);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_ADD, uk, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(get_events(&self->q, 1, 8, LONG_MS, out), 1);
	if (!variant->num)
		return;		/* the call that fetches delivers it, so it still exists */
	/*
	 * The first modify delivers at once, because the source is ready; the second finds no
	 * request.
	 */
	uk[0] = uk[1] = request(KEVENT_POLL, self->fd, POLLIN, flags, 2);
	ASSERT_EQ(ctl(&self->q, KEVENT_CTL_MODIFY, uk, 2), 0);
	EXPECT_EQ(uk[0].ret_flags, KEVENT_RET_DONE);
	EXPECT_EQ(uk[1].ret_flags, KEVENT_RET_DONE | KEVENT_RET_BROKEN);
	EXPECT_EQ((int)uk[1].ret_data[1], -ENOENT);
	/* The delivered request does not keep a new one from being added. */
	uk[0] = request(KEVENT_POLL, self->fd, POLLIN, flags, 3);
	EXPECT_EQ(ctl(&self->q, KEVENT_CTL_ADD, uk, 1), 0);
}

TEST_HARNESS_MAIN
