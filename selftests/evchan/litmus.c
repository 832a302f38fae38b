// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races between a post and a thread that takes events, waits or hands over; see race.h.
 */
#include <sys/resource.h>

#include "race.h"

/* How many times this thread has gone to sleep. */
static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/* Keeps a processor busy: one that is idle takes longer to wake a thread. */
static void *busy_thread(void *arg)
{
	struct sched_param none = { 0 };
	bool *stop = arg;

	sched_setscheduler(0, SCHED_IDLE, &none);
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

/* The ring looks empty, an event is posted, and the wait must not sleep through it. */
TEST_F(race, post_and_sleep)
{
	pthread_t busy;
	struct channel *c = &self->c;
	struct evchan_event e;
	bool empty, slept;
	long before;

	self->other = raise_it;
	/* On this processor, because a thread inherits the affinity of its creator. */
	ASSERT_EQ(pthread_create(&busy, NULL, busy_thread, &self->stop), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	while (race_again(self)) {
		before = sleeps();
		race_start(self);
		empty = !take(c, &e);
		if (empty) {
			ASSERT_EQ(wait_woken(c), 1) {
				TH_LOG("round %u: not woken", self->round);
			}
			ASSERT_EQ(take(c, &e), 1);
		}
		slept = sleeps() != before;
		race_end(self);
		ASSERT_EQ(read_eventfd(self->fd), 1);
		if (empty)
			race_outcome(self, slept, !slept);
		else
			hold_back(self, true);
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_RELEASE);
	pthread_join(busy, NULL);
	EXPECT_BOTH("came before the sleep", "woke the sleeper");
}

static void raise_thrice(FIXTURE_DATA(race) *self)
{
	for (int i = 0; i < 3; i++) {
		raise_eventfd(self->fd);
		turns(self->bias);
		delay(&self->random[0]);
	}
}

static void merge_and_take(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self)
{
	struct channel *c = &self->c;

	self->other = raise_thrice;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	while (race_again(self)) {
		long long merged = counter(c->fd, "merged");
		unsigned int records = 0, sum = 0;
		bool over = false;

		race_start(self);
		while (!over) {
			over = __atomic_load_n(&self->done, __ATOMIC_ACQUIRE) == self->round;
			while (take_slowly(self)) {
				records++;
				sum += read_eventfd(self->fd);
			}
		}
		/* All was posted before the last attempt to take. */
		ASSERT_EQ(sum, 3) {
			TH_LOG("round %u: %u seen, of %u records", self->round, sum, records);
		}
		merged = counter(c->fd, "merged") - merged;
		self->outcome[0] += merged > 0;
		self->outcome[1] += records > 1;
		hold_back(self, merged);
		self->bias = self->bias < 0 ? 0 : self->bias;
	}
	EXPECT_BOTH("times one came before the claim", "times after it");
}

/* A consumer sees what was written before a merge into the record that it took. */
TEST_F(race, merge_and_take)
{
	merge_and_take(_metadata, self);
}

TEST_F(race, merge_and_take_single)
{
	ASSERT_EQ(open_single(self), 0);
	merge_and_take(_metadata, self);
}

/* Raise eventfds 0 to 3: more sources than the ring has slots. */
static void raise_four(FIXTURE_DATA(race) *self)
{
	for (int i = 0; i < 4; i++)
		raise_eventfd(self->arg + i);
}

/* The same with pauses, so that the other thread can keep up in some rounds. */
static void raise_four_slowly(FIXTURE_DATA(race) *self)
{
	for (int i = 0; i < 4; i++) {
		raise_eventfd(self->arg + i);
		turns(self->bias);
	}
}

static int five_sources(FIXTURE_DATA(race) *self)
{
	/* Consecutive descriptors, so that the other thread needs to know only the first. */
	self->arg = 100;
	for (int i = 0; i < 5; i++)
		if (dup2(eventfd(0, EFD_NONBLOCK), self->arg + i) < 0 ||
		    watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->arg + i, POLLIN, 0, i))
			return -1;
	return 0;
}

/* The ring fills up while it is emptied. */
TEST_F(race, overflow_and_take)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	long long overflowed;

	self->other = raise_four_slowly;
	ASSERT_EQ(five_sources(self), 0);
	while (race_again(self)) {
		overflowed = counter(c->fd, "overflowed");
		race_start(self);
		for (unsigned int i = 0; i < 4; i++) {
			ASSERT_EQ(take_or_wait(c, &e), 1) {
				TH_LOG("round %u: no event %u", self->round, i);
			}
			ASSERT_EQ(e.data, i);
			ASSERT_EQ(read_eventfd(self->arg + i), 1);
		}
		race_end(self);
		ASSERT_EQ(wait_events(c, 0, 0), 0);
		race_outcome(self, counter(c->fd, "overflowed") != overflowed,
			     counter(c->fd, "overflowed") != overflowed);
	}
	EXPECT_BOTH("times all found a slot", "times some had to wait");
}

static void raise_fifth(FIXTURE_DATA(race) *self)
{
	raise_eventfd(self->arg + 4);
}

/* While a wait drains overflow another processor posts: its event must not overtake. */
TEST_F(race, drain_and_post)
{
	struct channel *c = &self->c;
	struct evchan_event e = { 0 };

	self->other = raise_fifth;
	ASSERT_EQ(five_sources(self), 0);
	while (race_again(self)) {
		raise_four(self);
		race_start(self);
		for (unsigned int i = 0; i < 5; i++) {
			ASSERT_EQ(take_or_wait(c, &e), 1) {
				TH_LOG("round %u: no event %u", self->round, i);
			}
			ASSERT_EQ(e.data, i);
			ASSERT_EQ(read_eventfd(self->arg + i), 1);
		}
		race_end(self);
		ASSERT_EQ(wait_events(c, 0, 0), 0);
		race_outcome(self, !(e.flags & EVCHAN_EVENT_OVERFLOWED),
			     e.flags & EVCHAN_EVENT_OVERFLOWED);
	}
	EXPECT_BOTH("went behind those that waited", "came after the drain");
}

/* Recheck a level-triggered source during a wake-up: everything is read in the end. */
TEST_F(race, recheck_and_post)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	self->other = raise_it;
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	while (race_again(self)) {
		uint64_t sum = 0;

		ASSERT_EQ(raise_eventfd(self->fd), 0);
		ASSERT_EQ(take(c, &e), 1);
		race_start(self);
		ASSERT_GE(wait_events(c, 0, 0), 1) {
			TH_LOG("round %u: it holds, and there is no event", self->round);
		}
		ASSERT_EQ(take(c, &e), 1);
		race_outcome(self, e.cpu, e.cpu);
		sum += read_eventfd(self->fd);
		race_end(self);
		/* Read what was written after that read; an event may have nothing left to read. */
		while (take(c, &e) || wait_events(c, 0, 0) > 0)
			sum += read_eventfd(self->fd);
		ASSERT_EQ(sum, 2) {
			TH_LOG("round %u", self->round);
		}
	}
	EXPECT_BOTH("posted by the wake-up", "found by the recheck");
}

static void take_and_hand_over(FIXTURE_DATA(race) *self)
{
	struct evchan_event e;

	self->result = take(&self->c, &e);
	syscall(NR_EVCHAN_WAIT, self->c.fd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0);
}

/*
 * A thread that is about to sleep has rechecked the condition while its event was in the
 * ring. Another thread takes that event and hands over. The condition still holds and must
 * be reported. With a @min of 2 there is another event as well, so the ring is never empty.
 */
static void hand_over_before_sleep(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
				   int min)
{
	enum { OTHERS = 6 };
	struct evchan_change user = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 3 };
	struct channel *c = &self->c;
	struct evchan_event e;
	int fd[OTHERS], n;

	self->other = take_and_hand_over;
	channel_close(c);
	ASSERT_EQ(channel_open(c, 8, 0), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(change(c, &user), 0);
	user.op = EVCHAN_POST;
	for (int i = 0; i < OTHERS; i++) {
		fd[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd[i], POLLIN, EVCHAN_LEVEL, 2), 0);
	}
	while (race_again(self)) {
		/*
		 * These conditions are rechecked after the first one, and are over: this widens
		 * the window.
		 */
		for (int i = 0; i < OTHERS; i++)
			ASSERT_EQ(raise_eventfd(fd[i]), 0);
		ASSERT_EQ(wait_events(c, 0, 0), OTHERS);
		for (int i = 0; i < OTHERS; i++) {
			ASSERT_EQ(take(c, &e), 1);
			read_eventfd(fd[i]);
		}
		ASSERT_EQ(raise_eventfd(self->fd), 0);
		if (min > 1)
			ASSERT_EQ(change(c, &user), 0);
		race_start(self);
		/* No timeout, because a wait that times out rechecks. */
		ASSERT_EQ(wait_events(c, min, -1), min);
		race_end(self);
		EXPECT_EQ(self->result, 1);
		for (n = 0; take(c, &e); n++)
			;
		race_outcome(self, n == min, n == min);
		read_eventfd(self->fd);
		while (wait_events(c, 0, 0) > 0)
			take(c, &e);
	}
	for (int i = 0; i < OTHERS; i++)
		close(fd[i]);
	EXPECT_BOTH("the event was there", "reported again");
}

TEST_F(race, hand_over_and_sleep)
{
	hand_over_before_sleep(_metadata, self, 1);
}

TEST_F(race, hand_over_and_sleep_for_two)
{
	hand_over_before_sleep(_metadata, self, 2);
}

TEST_HARNESS_MAIN
