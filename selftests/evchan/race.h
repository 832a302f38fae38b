/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The races that the protocol decides, on real processors. Two threads, each pinned to a
 * processor, start at the same moment after small random delays. Every round is checked,
 * and classified by its outcome, which tells which thread was first. That thread is delayed
 * a little more in the next round, so that most rounds fall into the window in which the
 * outcome is decided. A test in which one of the two outcomes never occurs fails, because
 * it has not tested the race.
 */
#ifndef EVCHAN_RACE_H
#define EVCHAN_RACE_H

#include <sched.h>

#include "channel.h"

#define ROUNDS_MIN	2000
#define HITS		5		/* of each outcome are enough */
#define LIMIT_S		12
#define DELAY		4096		/* turns of a loop, at most */
#define STEP		64		/* smallest change of the delay, in turns */
#define MOST		2000000		/* largest delay, in turns */

FIXTURE(race)
{
	struct channel c;
	int fd;
	pthread_t thread;
	cpu_set_t before;
	void (*other)(FIXTURE_DATA(race) *self);	/* what the other thread does */
	unsigned int round, done;
	bool stop;
	int arg, result;
	uint32_t random[2];
	int bias;			/* extra turns of the other, negative: ours */
	int step;
	unsigned int outcome[2];
	time_t end;
};

static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* A random delay, usually short so that the threads meet. */
static void delay(uint32_t *x)
{
	uint32_t max = DELAY >> next_random(x) % 8;

	for (uint32_t n = next_random(x) % max; n; n--)
		__asm__ volatile("" ::: "memory");
}

static void turns(int n)
{
	while (n-- > 0)
		__asm__ volatile("" ::: "memory");
}

/* Spin, so that both threads run at the same time, but yield if the other does not get to run. */
static void wait_for(unsigned int *word, unsigned int value, bool *stop)
{
	for (unsigned int n = 1; __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; n++) {
		if (stop && __atomic_load_n(stop, __ATOMIC_ACQUIRE))
			return;
		if (!(n % 20000))
			sched_yield();
	}
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *other_thread(void *arg)
{
	FIXTURE_DATA(race) *self = arg;

	pin(0);
	for (unsigned int round = 1;; round++) {
		wait_for(&self->round, round, &self->stop);
		if (__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE))
			return NULL;
		turns(self->bias);
		delay(&self->random[0]);
		self->other(self);
		__atomic_store_n(&self->done, round, __ATOMIC_RELEASE);
	}
}

/* Start both threads. The caller does its part, then calls race_end(). */
static void race_start(FIXTURE_DATA(race) *self)
{
	__atomic_store_n(&self->round, self->round + 1, __ATOMIC_RELEASE);
	turns(-self->bias);
	delay(&self->random[1]);
}

static void race_end(FIXTURE_DATA(race) *self)
{
	wait_for(&self->done, self->round, NULL);
}

/*
 * Delay the thread that was first: in growing steps while it stays first, in smaller ones
 * once it was too much.
 */
static void hold_back(FIXTURE_DATA(race) *self, bool other)
{
	if (other == (self->step > 0) && self->step) {
		if (abs(self->step) < MOST / 8)
			self->step += self->step / 4;
	} else {
		self->step = abs(self->step) / 2 < STEP ? STEP : abs(self->step) / 2;
		if (!other)
			self->step = -self->step;
	}
	self->bias += self->step;
	if (self->bias > MOST || self->bias < -MOST)
		self->bias = 0;
}

/* Record the outcome, and whether it means that the other thread was first. */
static void race_outcome(FIXTURE_DATA(race) *self, bool outcome, bool other_first)
{
	self->outcome[outcome]++;
	hold_back(self, other_first);
}

static bool race_again(FIXTURE_DATA(race) *self)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!self->end)
		self->end = now.tv_sec + LIMIT_S;
	if (now.tv_sec > self->end)
		return false;
	return self->round < ROUNDS_MIN || self->outcome[0] < HITS || self->outcome[1] < HITS;
}

#define EXPECT_BOTH(first, second) do {						\
	TH_LOG("%u rounds: %u " first ", %u " second, self->round,		\
	       self->outcome[0], self->outcome[1]);				\
	EXPECT_GT(self->outcome[0], 0);						\
	EXPECT_GT(self->outcome[1], 0);						\
} while (0)

FIXTURE_SETUP(race)
{
	ASSERT_GE(sysconf(_SC_NPROCESSORS_ONLN), 2);
	ASSERT_EQ(channel_open(&self->c, 2, 0), 0);
	self->fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	self->random[0] = 88172645;
	self->random[1] = 36243609;
	sched_getaffinity(0, sizeof(self->before), &self->before);
	pin(1);
	ASSERT_EQ(pthread_create(&self->thread, NULL, other_thread, self), 0);
}

FIXTURE_TEARDOWN(race)
{
	__atomic_store_n(&self->stop, true, __ATOMIC_RELEASE);
	pthread_join(self->thread, NULL);
	sched_setaffinity(0, sizeof(self->before), &self->before);
	channel_close(&self->c);
	close(self->fd);
}

static void raise_it(FIXTURE_DATA(race) *self)
{
	raise_eventfd(self->fd);
}

/*
 * Wait for an event: returns how many there are, or 0 if the wait was not woken. A wait
 * that times out finds the event too, so the return value of the call is not enough.
 */
static int wait_woken(struct channel *c)
{
	struct timespec from, to;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &from);
	n = wait_events(c, 1, LONG_MS);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 <
	       LONG_MS ? n : 0;
}

/* Take the next event, from the ring or from overflow; 0 if none comes for a long time. */
static int take_or_wait(struct channel *c, struct evchan_event *e)
{
	while (!take(c, e))
		if (wait_woken(c) <= 0)
			return 0;
	return 1;
}

static void delay_here(void *self)
{
	delay(&((FIXTURE_DATA(race) *)self)->random[1]);
}

/* Take an event with a random delay between the load of the state and the claim. */
static int take_slowly(FIXTURE_DATA(race) *self)
{
	struct channel *c = &self->c;
	uint64_t pos = c->header->head, mask = c->params.entries - 1, state;
	struct evchan_event *slot = &c->events[pos & mask];
	uint64_t consumed = ((pos >> 1) + 1) << 32;
	struct evchan_event e;

	if (c->params.flags & EVCHAN_SINGLE_CONSUMER)
		return take_single(c, &e, delay_here, self);
	for (;;) {
		state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
		if (state >> 32 != consumed >> 32 || !(uint32_t)state)
			return 0;
		delay(&self->random[1]);
		if (__atomic_compare_exchange_n(&slot->state, &state, consumed, 0,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			break;
	}
	__atomic_store_n(&c->header->head, pos + 1, __ATOMIC_RELEASE);
	return 1;
}

/* A channel with a single consumer takes the place of the other one. */
static int open_single(FIXTURE_DATA(race) *self)
{
	channel_close(&self->c);
	return channel_open(&self->c, 2, EVCHAN_SINGLE_CONSUMER);
}

#endif
