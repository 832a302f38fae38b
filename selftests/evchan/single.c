// SPDX-License-Identifier: GPL-2.0-only
/*
 * EVCHAN_SINGLE_CONSUMER: the program frees slots by its head alone and never writes a slot.
 * What the kernel does while the consumer takes an event is done here at the two moments at
 * which it matters: before and after the consumer has claimed the event.
 */
#include "channel.h"
#include "evchan.h"	/* libevchan's */

FIXTURE(single)
{
	struct channel c;
	int fd, other;
	/* While an event is taken: the moment, and what is done then. */
	int moment, now;
	int (*todo)(FIXTURE_DATA(single) *self);
	int result;
};

FIXTURE_SETUP(single)
{
	ASSERT_EQ(channel_open(&self->c, 2, EVCHAN_SINGLE_CONSUMER), 0);
	self->fd = eventfd(0, EFD_NONBLOCK);
	self->other = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
}

FIXTURE_TEARDOWN(single)
{
	channel_close(&self->c);
	close(self->fd);
	close(self->other);
}

static void pause_here(void *arg)
{
	FIXTURE_DATA(single) *self = arg;

	if (self->now++ == self->moment)
		self->result = self->todo(self);
}

enum { BEFORE_CLAIM, AFTER_CLAIM };

/* Take an event; at @moment of the first one, call @todo. */
static int take_while(FIXTURE_DATA(single) *self, int moment,
		      int (*todo)(FIXTURE_DATA(single) *self), struct evchan_event *e)
{
	self->moment = moment;
	self->now = 0;
	self->todo = todo;
	self->result = -1;
	return take_single(&self->c, e, pause_here, self);
}

static int user(struct channel *c, int op, uint64_t id, uint64_t value)
{
	struct evchan_change ch = {
		.op = op, .type = EVCHAN_USER, .id = id, .data = id, .args = { value },
	};

	return change(c, &ch);
}

static int post(struct channel *c, uint64_t value)
{
	return user(c, EVCHAN_POST, 1, value);
}

TEST_F(single, single_is_reported)
{
	struct channel several;
	ec_t ec;

	EXPECT_TRUE(self->c.params.features & EVCHAN_FEAT_SINGLE_CONSUMER);
	EXPECT_EQ(self->c.header->mode, EVCHAN_SINGLE_CONSUMER);
	/* A program that has only the descriptor takes its events in the right way. */
	ec = ec_attach(dup(self->c.fd));
	ASSERT_NE(ec, NULL);
	EXPECT_TRUE(ec->first & EC_SINGLE);
	ec_destroy(ec);

	ASSERT_EQ(channel_open(&several, 2, 0), 0);
	EXPECT_EQ(several.header->mode, 0);
	channel_close(&several);
}

/* The library's functions, over several laps. The slots keep their states. */
TEST_F(single, single_slots_are_not_written)
{
	ec_t ec = ec_attach(dup(self->c.fd));
	uint64_t before[2], got = 0;
	event_data_t d[3];

	ASSERT_NE(ec, NULL);
	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
	for (uint64_t value = 0; value < 12; value += 3) {
		struct ec_cursor at;

		/* Two are in the ring, and one is in overflow. */
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(post(&self->c, value + i), 0);
		for (int i = 0; i < 2; i++)
			before[i] = self->c.events[i].state;
		at = ec_begin(ec);
		ASSERT_EQ(ec_next(ec, &at, &d[0]), 1);
		ASSERT_EQ(ec_next(ec, &at, &d[1]), 1);
		ASSERT_EQ(ec_next(ec, &at, &d[2]), 0);
		ec_end(ec, &at);
		for (int i = 0; i < 2; i++)
			EXPECT_EQ(self->c.events[i].state, before[i]);
		ASSERT_TRUE(ec_must_call(ec));
		ASSERT_EQ(ec_poll_event(ec, &d[2]), 0);
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(d[i].value, got++);
		EXPECT_EQ(self->c.header->head, got);
		EXPECT_EQ(self->c.header->claimed, got);
		ASSERT_EQ(ec_poll_event(ec, &d[0]), -1);
	}
	ec_destroy(ec);
}

static int read_it(FIXTURE_DATA(single) *self)
{
	return read_eventfd(self->fd) == 1;	/* reports POLLOUT */
}

/* Watch for both bits; the event that says that it can be written to is taken. */
static int watch_both(FIXTURE_DATA(single) *self)
{
	struct evchan_event e;

	return watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN | POLLOUT, 0, 1) ?:
	       take(&self->c, &e) - 1;
}

/* What happens before the claim is merged, and the consumer sees it. */
TEST_F(single, single_merged_before_the_claim)
{
	struct evchan_event e;

	ASSERT_EQ(watch_both(self), 0);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	ASSERT_EQ(take_while(self, BEFORE_CLAIM, read_it, &e), 1);
	EXPECT_EQ(self->result, 1);
	EXPECT_EQ(e.events, POLLIN | POLLOUT);
	EXPECT_EQ(take(&self->c, &e), 0);
}

/* What happens after it is posted in a record of its own, and changes no word of this one. */
TEST_F(single, single_posted_after_the_claim)
{
	struct evchan_event e;

	ASSERT_EQ(watch_both(self), 0);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	ASSERT_EQ(take_while(self, AFTER_CLAIM, read_it, &e), 1);
	EXPECT_EQ(self->result, 1);
	EXPECT_EQ(e.events, POLLIN);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, POLLOUT);
	EXPECT_EQ(e.data, 1);
	EXPECT_EQ(take(&self->c, &e), 0);
}

static int post_three(FIXTURE_DATA(single) *self)
{
	return post(&self->c, 2) ?: post(&self->c, 3) ?: post(&self->c, 4);
}

/*
 * The ring is full: the slot that is being copied is not filled again. What waits in overflow is
 * added up.
 */
TEST_F(single, single_copied_slot_is_not_filled)
{
	struct evchan_event e;

	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
	ASSERT_EQ(post(&self->c, 0), 0);
	ASSERT_EQ(post(&self->c, 1), 0);
	ASSERT_EQ(take_while(self, AFTER_CLAIM, post_three, &e), 1);
	ASSERT_EQ(self->result, 0);
	EXPECT_EQ(e.value, 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 1);
	ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 2 + 3 + 4);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
}

static int delete_it(FIXTURE_DATA(single) *self)
{
	return watch(&self->c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0);
}

/* A delete before the claim withdraws the event, and one after it says that it was taken. */
TEST_F(single, single_delete_says_whether_it_was_taken)
{
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	EXPECT_EQ(take_while(self, BEFORE_CLAIM, delete_it, &e), 0);
	EXPECT_EQ(self->result, 0);
	EXPECT_EQ(self->c.header->head, 1);

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(take_while(self, AFTER_CLAIM, delete_it, &e), 1);
	EXPECT_EQ(self->result, 1);
	EXPECT_EQ(e.data, 1);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
}

static int read_and_delete(FIXTURE_DATA(single) *self)
{
	return read_it(self) == 1 ? delete_it(self) : -1;
}

/* The last record is withdrawn while the consumer copies the one before it. */
TEST_F(single, single_delete_sees_an_earlier_record)
{
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLOUT, 0, 1), 0);
	while (take(&self->c, &e))
		;
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	ASSERT_EQ(read_eventfd(self->fd), 1);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	ASSERT_EQ(take_while(self, AFTER_CLAIM, read_and_delete, &e), 1);
	EXPECT_EQ(self->result, 1);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
}

/* Slots of withdrawn records are free once the consumer has passed them, and not before. */
TEST_F(single, single_withdrawn_slots_are_passed_in_order)
{
	struct evchan_event e;

	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 2, 0), 0);
	for (uint64_t round = 0; round < 6; round += 2) {
		ASSERT_EQ(user(&self->c, EVCHAN_POST, 2, 0), 0);
		ASSERT_EQ(post(&self->c, round), 0);
		ASSERT_EQ(user(&self->c, EVCHAN_DEL, 2, 0), 0);
		ASSERT_EQ(post(&self->c, round + 1), 0);
		ASSERT_EQ(take(&self->c, &e), 1);
		EXPECT_EQ(e.value, round);
		ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
		ASSERT_EQ(take(&self->c, &e), 1);
		EXPECT_EQ(e.value, round + 1);
		ASSERT_EQ(user(&self->c, EVCHAN_ADD, 2, 0), 0);
	}
}

/* The ring is full of withdrawn records: a wait does not take them for events, but wakes up. */
TEST_F(single, single_wait_passes_withdrawn_records)
{
	ec_t ec = ec_attach(dup(self->c.fd));
	event_data_t d;

	ASSERT_NE(ec, NULL);
	for (int round = 0; round < 3; round++) {
		struct timespec no_time = { 0 };

		ASSERT_EQ(user(&self->c, EVCHAN_ADD, 2, 0), 0);
		ASSERT_EQ(user(&self->c, EVCHAN_POST, 2, 0), 0);
		ASSERT_EQ(user(&self->c, EVCHAN_POST, 2, 0), 0);
		ASSERT_EQ(user(&self->c, EVCHAN_DEL, 2, 0), 0);
		EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
		if (round == 1) {
			ASSERT_EQ(ec_timedwait_event(ec, &d, &no_time), -1);
		}
		ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
		ASSERT_EQ(post(&self->c, round), 0);
		EXPECT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
		ASSERT_EQ(ec_wait_event(ec, &d), 0);
		EXPECT_EQ(d.value, (uint64_t)round);
		ASSERT_EQ(user(&self->c, EVCHAN_DEL, 1, 0), 1);
	}
	ec_destroy(ec);
}

/* Level-triggered: reported again after it was taken, and not while it is in the ring. */
TEST_F(single, single_level)
{
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
		ASSERT_EQ(wait_events(&self->c, 0, 0), 1);
		ASSERT_EQ(take(&self->c, &e), 1);
		ASSERT_EQ(take(&self->c, &e), 0);
	}
	ASSERT_EQ(read_eventfd(self->fd), 1);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
}

/* Poll and wait see a taken event as gone, and the next one as there. */
TEST_F(single, single_poll_follows_the_claim)
{
	struct pollfd p = { .fd = self->c.fd, .events = POLLIN };
	struct evchan_event e;

	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
	for (uint64_t value = 0; value < 5; value++) {
		EXPECT_EQ(poll(&p, 1, 0), 0);
		ASSERT_EQ(post(&self->c, value), 0);
		EXPECT_EQ(poll(&p, 1, 0), 1);
		ASSERT_EQ(take(&self->c, &e), 1);
		EXPECT_EQ(e.value, value);
	}
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_EQ(wait_events(&self->c, 1, 1), 0);
}

struct mistaken {
	struct channel *c;
	bool stop;
};

static void *take_too(void *arg)
{
	struct mistaken *m = arg;
	ec_t ec = ec_attach(dup(m->c->fd));
	event_data_t d;

	while (ec && !__atomic_load_n(&m->stop, __ATOMIC_ACQUIRE))
		if (!ec_take(ec, &d))
			sched_yield();
	ec_destroy(ec);
	return NULL;
}

/*
 * Two threads, one with a copy of the descriptor, take events against the promise: they may miss
 * events and take some twice, but do not hang. Afterwards one thread can use the channel again,
 * and no other channel was affected.
 */
TEST_F(single, single_two_consumers_harm_only_themselves)
{
	struct mistaken m = { .c = &self->c };
	ec_t ec = ec_attach(dup(self->c.fd));
	struct evchan_event e;
	struct channel good;
	event_data_t d;
	pthread_t t;

	ASSERT_NE(ec, NULL);
	ASSERT_EQ(channel_open(&good, 8, 0), 0);
	ASSERT_EQ(watch(&good, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 7), 0);
	ASSERT_EQ(user(&self->c, EVCHAN_ADD, 1, 0), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 2), 0);
	ASSERT_EQ(pthread_create(&t, NULL, take_too, &m), 0);
	for (int i = 0; i < 20000; i++) {
		ASSERT_EQ(i % 2 ? raise_eventfd(self->fd) : post(&self->c, i), 0);
		ec_poll_event(ec, &d);
	}
	__atomic_store_n(&m.stop, true, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
	while (!ec_poll_event(ec, &d))
		;
	for (uint64_t value = 0; value < 20; value++) {
		ASSERT_EQ(post(&self->c, value), 0);
		ASSERT_EQ(ec_wait_event(ec, &d), 0);
		EXPECT_EQ(d.value, value);
	}
	ASSERT_EQ(take(&good, &e), 1);
	EXPECT_EQ(e.data, 7);
	EXPECT_EQ(take(&good, &e), 0);
	channel_close(&good);
	ec_destroy(ec);
}

/* Both words of the program have anything in them: the kernel neither crashes nor hangs. */
TEST_F(single, single_hostile_words)
{
	unsigned int seed = 1;
	struct channel good;
	struct evchan_event e;

	ASSERT_EQ(channel_open(&good, 8, 0), 0);
	ASSERT_EQ(watch(&good, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 7), 0);
	for (int round = 0; round < 2000; round++) {
		uint64_t word = (uint64_t)rand_r(&seed) << (round % 40);

		self->c.header->claimed = round & 1 ? -word : word;
		self->c.header->head = round & 2 ? -word : round & 4 ? ~0ULL : word >> 3;
		if (round & 8)
			self->c.events[round & 1].state = word * word;
		EXPECT_GE(watch(&self->c, EVCHAN_SET, EVCHAN_POLL, self->fd, POLLIN,
				round & 16 ? EVCHAN_LEVEL : 0, round), 0);
		raise_eventfd(self->fd);
		wait_events(&self->c, round & 1, 0);
		if (round & 32) {
			EXPECT_GE(delete_it(self), 0);
		}
	}
	ASSERT_EQ(take(&good, &e), 1);
	EXPECT_EQ(e.data, 7);
	channel_close(&good);
}

TEST_HARNESS_MAIN
