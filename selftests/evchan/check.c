// SPDX-License-Identifier: GPL-2.0-only
/* What holds at the moment, as opposed to what happened: CHECK, MOD, and poll() of a channel. */
#include "channel.h"

static struct evchan_change question(const struct evchan_event *e)
{
	return (struct evchan_change){ .op = EVCHAN_CHECK, .type = e->type,
				       .flags = EVCHAN_BY_ID, .id = e->id };
}

TEST_F(channel, check_returns_what_holds)
{
	struct channel *c = &self->c;
	struct evchan_change ch;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN | POLLOUT, 0, 1), 0);
	while (take(c, &e))
		;
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.events & POLLOUT, 0);
	ch = question(&e);
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(ch.events, POLLIN | POLLOUT);
	EXPECT_EQ(ch.data, 1);
	EXPECT_EQ(ch.flags, 0);
	/* CHECK posts nothing, and reports the registration as it is now. */
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 2), 0);
	ASSERT_EQ(take(c, &e), 1);
	read_eventfd(self->fd);
	ch = question(&e);
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(ch.events, 0);
	EXPECT_EQ(ch.data, 2);
	EXPECT_EQ(ch.flags, EVCHAN_LEVEL);
	EXPECT_EQ(take(c, &e), 0);
	EXPECT_EQ(watch(c, EVCHAN_CHECK, EVCHAN_POLL, self->fd, 0, 0, 0), 0);
	/* A registration that was removed, and one whose type has no condition. */
	ch = question(&e);
	ASSERT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0), 1);
	EXPECT_EQ(change(c, &ch), -ENOENT);
	ch = (struct evchan_change){ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 7 };
	ASSERT_EQ(change(c, &ch), 0);
	ch.op = EVCHAN_CHECK;
	EXPECT_EQ(change(c, &ch), -EINVAL);
}

/*
 * CHECK finds that the condition is over: the event counts as not delivered, and re-arms a
 * oneshot.
 */
TEST_F(channel, check_arms_oneshot_again)
{
	struct channel *c = &self->c;
	struct evchan_change ch;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_ONESHOT, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	ch = question(&e);
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(ch.events, POLLIN);
	raise_eventfd(self->fd);
	EXPECT_EQ(take(c, &e), 0);	/* the condition held, so it stays disarmed */
	read_eventfd(self->fd);
	ch = question(&e);
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(ch.events, 0);
	EXPECT_EQ(take(c, &e), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(take(c, &e), 1);
}

/* After a modify no event has the old cookie, and none comes twice. */
TEST_F(channel, modify_withdraws)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	raise_eventfd(self->fd);
	for (unsigned int i = 0; i < 3; i++) {
		const uint32_t mode[] = { 0, EVCHAN_LEVEL, EVCHAN_ONESHOT };

		ASSERT_EQ(watch(c, EVCHAN_SET, EVCHAN_POLL, self->fd, POLLIN, mode[i], 1), 0);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, mode[i], 2), 0);
		ASSERT_EQ(take(c, &e), 1);
		EXPECT_EQ(e.data, 2);
		EXPECT_EQ(take(c, &e), 0);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLPRI, mode[i], 3), 0);
		EXPECT_EQ(wait_events(c, 1, 20), 0);
		EXPECT_EQ(take(c, &e), 0);
	}
}

TEST_F(channel, poll_rechecks_level)
{
	struct pollfd pfd = { .fd = self->c.fd, .events = POLLIN };
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(poll(&pfd, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	/* It still holds: poll() says so, and a wait posts it again. */
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT_EQ(take(&self->c, &e), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	read_eventfd(self->fd);
	EXPECT_EQ(poll(&pfd, 1, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(poll(&pfd, 1, LONG_MS), 1);
}

/*
 * Two channels watch a file with EXCLUSIVE: if threads wait in both, one is woken; else
 * both get the event.
 */
TEST_F(channel, exclusive)
{
	struct waiter w[2];
	struct channel c2;
	struct evchan_event e;

	ASSERT_EQ(channel_open(&c2, 8, 0), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_EXCLUSIVE, 1),
		  0);
	ASSERT_EQ(watch(&c2, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_EXCLUSIVE, 1), 0);
	EXPECT_EQ(watch(&c2, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), -EINVAL);
	raise_eventfd(self->fd);
	EXPECT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(take(&c2, &e), 1);
	ASSERT_EQ(start_waiter(&w[0], &self->c, 1), 0);
	ASSERT_EQ(start_waiter(&w[1], &c2, 1), 0);
	raise_eventfd(self->fd);
	pthread_join(w[0].thread, NULL);
	EXPECT_EQ(w[0].ret, 1);
	EXPECT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(take(&c2, &e), 0);
	raise_eventfd(self->fd);
	pthread_join(w[1].thread, NULL);
	EXPECT_EQ(w[1].ret, 1);
	EXPECT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(take(&c2, &e), 1);
	channel_close(&c2);
}

TEST_HARNESS_MAIN
