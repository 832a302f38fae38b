// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races between a post, or a thread that takes events, and a change of the registration; see
 * race.h.
 */
#include <sys/stat.h>

#include "race.h"

static void delete_it(FIXTURE_DATA(race) *self)
{
	self->result = watch(&self->c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0);
}

/* An event is either withdrawn or taken, and the delete reports which. */
TEST_F(race, delete_and_take)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	int taken;

	self->other = delete_it;
	while (race_again(self)) {
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
		raise_eventfd(self->fd);
		race_start(self);
		taken = take(c, &e);
		race_end(self);
		ASSERT_EQ(self->result, taken);
		ASSERT_EQ(take(c, &e), 0);
		ASSERT_EQ(read_eventfd(self->fd), 1);
		race_outcome(self, taken, !taken);
	}
	EXPECT_BOTH("withdrawn", "taken");
}

/* The same with a single consumer: the delete may say "taken" of an event that was withdrawn. */
TEST_F(race, delete_and_take_single)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	int taken;

	ASSERT_EQ(open_single(self), 0);
	self->other = delete_it;
	while (race_again(self)) {
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
		raise_eventfd(self->fd);
		race_start(self);
		taken = take_slowly(self);
		race_end(self);
		ASSERT_GE(self->result, taken);
		ASSERT_LE(self->result, 1);
		ASSERT_EQ(take(c, &e), 0);
		ASSERT_EQ(read_eventfd(self->fd), 1);
		race_outcome(self, taken, !taken);
	}
	EXPECT_BOTH("withdrawn", "taken");
}

/* Re-arm and post at the same time: one event, posted by either of the two. */
TEST_F(race, rearm_and_post)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	self->other = raise_it;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_ONESHOT, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	ASSERT_EQ(read_eventfd(self->fd), 1);
	while (race_again(self)) {
		race_start(self);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN,
				EVCHAN_ONESHOT, 1), 0);
		ASSERT_EQ(wait_woken(c), 1) {
			TH_LOG("round %u: no event", self->round);
		}
		race_end(self);
		ASSERT_EQ(take(c, &e), 1);
		ASSERT_EQ(take(c, &e), 0);
		ASSERT_EQ(read_eventfd(self->fd), 1);
		race_outcome(self, e.cpu, e.cpu);
	}
	EXPECT_BOTH("posted by the wake-up", "found by the modify");
}

/* A bit is requested at the same moment as its event occurs. */
TEST_F(race, modify_and_post)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	self->other = raise_it;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLPRI, 0, 1), 0);
	while (race_again(self)) {
		race_start(self);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
		ASSERT_EQ(take_or_wait(c, &e), 1) {
			TH_LOG("round %u: no event", self->round);
		}
		race_end(self);
		race_outcome(self, e.cpu, e.cpu);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLPRI, 0, 1), 0);
		ASSERT_EQ(read_eventfd(self->fd), 1);
		/* Both may have posted it. */
		take(c, &e);
		ASSERT_EQ(wait_events(c, 0, 0), 0);
	}
	EXPECT_BOTH("posted by the wake-up", "found by the modify");
}

/* After a modify no event has the former cookie, and new events are still posted. */
TEST_F(race, cookie_and_post)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	self->other = raise_it;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 0), 0);
	while (race_again(self)) {
		race_start(self);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, 0,
				self->round), 0);
		ASSERT_EQ(take_or_wait(c, &e), 1) {
			TH_LOG("round %u: no event", self->round);
		}
		race_end(self);
		race_outcome(self, e.cpu, e.cpu);
		do {
			ASSERT_EQ(e.data, self->round);
		} while (take(c, &e));
		ASSERT_EQ(read_eventfd(self->fd), 1);
		ASSERT_EQ(wait_events(c, 0, 0), 0);
	}
	EXPECT_BOTH("posted by the wake-up", "found by the modify");
}

static void write_fifo(FIXTURE_DATA(race) *self)
{
	self->result = write(self->arg, "x", 1);
}

/*
 * A oneshot source of a file with two wait queue heads is re-armed with its old cookie, and
 * an event from before is withdrawn. An event that is posted after the re-arming must not
 * be withdrawn, because nothing else would report it.
 */
TEST_F(race, arm_and_post)
{
	struct channel *c = &self->c;
	static const char path[] = "/tmp/evchan-litmus";
	struct evchan_event e;
	char buf[8];

	unlink(path);
	ASSERT_EQ(mkfifo(path, 0600), 0);
	self->arg = open(path, O_RDWR | O_NONBLOCK);
	unlink(path);
	ASSERT_GE(self->arg, 0);
	self->other = write_fifo;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->arg, POLLIN, EVCHAN_ONESHOT, 1), 0);
	while (race_again(self)) {
		ASSERT_EQ(write(self->arg, "x", 1), 1);
		ASSERT_EQ(read(self->arg, buf, sizeof(buf)), 1);
		race_start(self);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->arg, POLLIN, EVCHAN_ONESHOT, 1),
			  0);
		race_end(self);
		ASSERT_EQ(self->result, 1);
		ASSERT_EQ(take(c, &e), 1) {
			TH_LOG("round %u: there is something to read, and no event", self->round);
		}
		EXPECT_EQ(take(c, &e), 0);
		race_outcome(self, e.cpu, e.cpu);
		ASSERT_EQ(read(self->arg, buf, sizeof(buf)), 1);
		ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->arg, POLLIN, EVCHAN_ONESHOT, 1),
			  0);
	}
	close(self->arg);
	EXPECT_BOTH("posted by the wake-up", "found by the modify");
}

TEST_HARNESS_MAIN
