// SPDX-License-Identifier: GPL-2.0-only
/*
 * The races that the protocol decides, on real processors. Two threads, each pinned to a
 * processor, start at the same moment after small random delays. Every round is checked,
 * and classified by its outcome, which tells which thread was first. That thread is delayed
 * a little more in the next round, so that most rounds fall into the window in which the
 * outcome is decided. A test in which one of the two outcomes never occurs fails, because
 * it has not tested the race.
 */
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

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

/* How many times this thread has gone to sleep. */
static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
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

static void raise_thrice(FIXTURE_DATA(race) *self)
{
	for (int i = 0; i < 3; i++) {
		raise_eventfd(self->fd);
		turns(self->bias);
		delay(&self->random[0]);
	}
}

/* A channel with a single consumer takes the place of the other one. */
static int open_single(FIXTURE_DATA(race) *self)
{
	channel_close(&self->c);
	return channel_open(&self->c, 2, EVCHAN_SINGLE_CONSUMER);
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

/* Take the next event, from the ring or from overflow; 0 if none comes for a long time. */
static int take_or_wait(struct channel *c, struct evchan_event *e)
{
	while (!take(c, e))
		if (wait_woken(c) <= 0)
			return 0;
	return 1;
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
