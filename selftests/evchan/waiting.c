// SPDX-License-Identifier: GPL-2.0-only
/* Waiting and waking, with one thread and with several. */
#include "channel.h"
#include "evchan.h"	/* libevchan's */

TEST_F(channel, one_event_wakes_one)
{
	struct channel *c = &self->c;
	struct waiter w[3];
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start_waiter(&w[i], c, 1), 0);
	for (int i = 1; i <= 3; i++) {
		raise_eventfd(self->fd);
		EXPECT_EQ(counter(c->fd, "wakes"), i);
		ASSERT_EQ(take(c, &e), 1);
		/* The woken thread finds no event and sleeps again, or has returned already. */
		for (int j = 0; j < 3; j++)
			if (w[j].thread && pthread_tryjoin_np(w[j].thread, NULL) == 0)
				w[j].thread = 0;
	}
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_WAKE_ALL, 1), 0);
	raise_eventfd(self->fd);
	for (int i = 0; i < 3; i++)
		if (w[i].thread)
			pthread_join(w[i].thread, NULL);
}

TEST_F(channel, wake_all_wakes_all)
{
	struct channel *c = &self->c;
	struct waiter w[3];

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_WAKE_ALL, 1), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start_waiter(&w[i], c, 1), 0);
	raise_eventfd(self->fd);
	for (int i = 0; i < 3; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(w[i].ret, 1);
	}
	EXPECT_EQ(counter(c->fd, "wakes"), 3);
}

/* More waiters than are woken under one hold of the lock: woken waiters wake the rest. */
TEST_F(channel, wake_all_wakes_many)
{
	enum { MANY = 150 };
	struct channel *c = &self->c;
	static struct waiter w[MANY];

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_WAKE_ALL, 1), 0);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(start_waiter(&w[i], c, 1), 0);
	raise_eventfd(self->fd);
	for (int i = 0; i < MANY; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(w[i].ret, 1);
	}
	EXPECT_EQ(counter(c->fd, "wakes"), MANY);
}

/* Among waiters for several events the one with the smallest minimum is woken first. */
TEST_F(channel, smallest_minimum_first)
{
	enum { MANY = 6 };
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct channel *c = &self->c;
	struct waiter w[MANY];

	ASSERT_EQ(change(c, &ch), 0);
	for (int i = 0; i < MANY; i++)	/* minimum of 7, 6, ... 2 */
		ASSERT_EQ(start_waiter(&w[i], c, MANY + 1 - i), 0);
	ch.op = EVCHAN_POST;
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(counter(c->fd, "wakes"), 0);
	for (int i = MANY - 1; i >= 0; i--) {
		ASSERT_EQ(change(c, &ch), 0);
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(w[i].ret, MANY + 1 - i);
		EXPECT_EQ(counter(c->fd, "wakes"), MANY - i);
	}
}

TEST_F(channel, minimum_is_waited_for)
{
	struct channel *c = &self->c;
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct waiter w;

	ASSERT_EQ(change(c, &ch), 0);
	ASSERT_EQ(start_waiter(&w, c, 3), 0);
	ch.op = EVCHAN_POST;
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(counter(c->fd, "wakes"), 0);
	ASSERT_EQ(change(c, &ch), 0);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.ret, 3);
	EXPECT_EQ(counter(c->fd, "wakes"), 1);
	EXPECT_EQ(wait_events(c, 4, 20), 3);	/* timeout: what is there */
}

/*
 * Many slots of a ring were consumed out of order. A post does not count what is left, because
 * that takes long; the waiter is woken to count, and sleeps on until its minimum is met.
 */
TEST(minimum_behind_consumed_slots)
{
	enum { MANY = 100 };
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct channel large, *c = &large;
	struct waiter w;

	ASSERT_EQ(channel_open(c, 2 * MANY, 0), 0);
	ASSERT_EQ(change(c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(change(c, &ch), 0);
	for (int i = 1; i < MANY; i++)
		__atomic_store_n(&c->events[i].events, 0, __ATOMIC_RELEASE);
	ASSERT_EQ(start_waiter(&w, c, MANY + 1), 0);
	ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(counter(c->fd, "wakes"), 1);
	/* One event was there, and one was posted since. */
	for (int i = 2; i < MANY; i++)
		ASSERT_EQ(change(c, &ch), 0);
	EXPECT_EQ(pthread_tryjoin_np(w.thread, NULL), EBUSY);
	ASSERT_EQ(change(c, &ch), 0);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.ret, MANY + 1);
	channel_close(c);
}

/* Slots that were consumed out of order do not count towards a minimum. */
TEST(minimum_without_consumed_slots)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	struct channel c;
	struct waiter w;

	ASSERT_EQ(channel_open(&c, 16, 0), 0);
	ASSERT_EQ(change(&c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(change(&c, &ch), 0);
	for (int i = 1; i < 9; i++)
		__atomic_store_n(&c.events[i].events, 0, __ATOMIC_RELEASE);
	/* Two events are there, in ten slots. */
	ASSERT_EQ(start_waiter(&w, &c, 5), 0);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(change(&c, &ch), 0);
	EXPECT_EQ(counter(c.fd, "wakes"), 0);
	ASSERT_EQ(change(&c, &ch), 0);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.ret, 5);
	EXPECT_EQ(counter(c.fd, "wakes"), 1);
	channel_close(&c);
}

TEST_F(channel, hand_over_wakes_another)
{
	struct channel *c = &self->c;
	struct waiter w;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(start_waiter(&w, c, 1), 0);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 8), 0);
	EXPECT_EQ(counter(c->fd, "wakes"), 1);
	raise_eventfd(self->fd);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(w.ret, 1);
}

/* However many hand-overs a waiter sees before it sleeps, it goes to sleep, and can be woken. */
TEST_F(channel, hand_overs_without_an_event)
{
	enum { TIMES = 50000 };
	struct channel *c = &self->c;
	struct waiter w;

	ASSERT_EQ(start_waiter(&w, c, 1), 0);
	for (int i = 0; i < TIMES; i++)
		ASSERT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0), 0);
	EXPECT_EQ(wait_asleep(w.tid, NR_EVCHAN_WAIT), 0);
	EXPECT_EQ(end_waiter(&w, self->fd), 1);
}

TEST_F(channel, timeouts_and_clocks)
{
	struct __kernel_timespec at;
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	EXPECT_EQ(wait_events(&self->c, 1, 50), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	EXPECT_GE((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000, 49);
	at = at_ms(CLOCK_MONOTONIC, 30);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, EVCHAN_WAIT_ABSTIME, &at, NULL, 8), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	EXPECT_TRUE(b.tv_sec > at.tv_sec || (b.tv_sec == at.tv_sec && b.tv_nsec >= at.tv_nsec));
	at = at_ms(CLOCK_REALTIME, 30);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1,
			  EVCHAN_WAIT_ABSTIME | EVCHAN_WAIT_REALTIME, &at, NULL, 8), 0);
	clock_gettime(CLOCK_REALTIME, &b);
	EXPECT_TRUE(b.tv_sec > at.tv_sec || (b.tv_sec == at.tv_sec && b.tv_nsec >= at.tv_nsec));
}

TEST(nonblocking_channel)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct channel c;

	ASSERT_EQ(channel_open(&c, 8, EVCHAN_NONBLOCK), 0);
	EXPECT_EQ(wait_events(&c, 1, -1), -EAGAIN);
	EXPECT_EQ(wait_events(&c, 0, -1), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
	raise_eventfd(fd);
	EXPECT_EQ(wait_events(&c, 2, -1), 1);
	channel_close(&c);
	close(fd);
}

static void on_signal(int sig)
{
	(void)sig;
}

TEST_F(channel, signals_and_mask)
{
	struct sigaction act = { .sa_handler = on_signal };
	uint64_t none = 0, usr1 = 1ULL << (SIGUSR1 - 1);
	struct __kernel_timespec ts = from_ms(LONG_MS), brief = from_ms(30);
	sigset_t block;

	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);			/* pending; unblocked by the mask of the wait */
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &ts, &none, 8), -1);
	EXPECT_EQ(errno, EINTR);
	raise(SIGUSR1);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &brief, &usr1, 8), 0);
	/* An event takes precedence over the signal. */
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &ts, &none, 8), 1);
}

#define POSTS 3000
#define CONSUMERS 4

static struct channel shared;

static unsigned char seen[POSTS];

static int twice, total;

static void *consume(void *arg)
{
	struct evchan_event e;

	(void)arg;
	while (__atomic_load_n(&total, __ATOMIC_RELAXED) < POSTS) {
		if (!take(&shared, &e)) {
			wait_events(&shared, 1, 100);
			continue;
		}
		if (__atomic_exchange_n(&seen[e.value], 1, __ATOMIC_RELAXED))
			__atomic_fetch_add(&twice, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Each event goes to exactly one of several threads. */
TEST(consumers_take_each_once)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	pthread_t t[CONSUMERS];
	struct evchan_change post;

	ASSERT_EQ(channel_open(&shared, 4096, 0), 0);
	ASSERT_EQ(change(&shared, &ch), 0);
	for (int i = 0; i < CONSUMERS; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, consume, NULL), 0);
	for (int i = 0; i < POSTS; i++) {
		post = (struct evchan_change){ .op = EVCHAN_POST, .type = EVCHAN_USER,
					       .args = { i } };
		ASSERT_EQ(change(&shared, &post), 0);
	}
	for (int i = 0; i < CONSUMERS; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(total, POSTS);
	EXPECT_EQ(twice, 0);
	channel_close(&shared);
}

static void *wait_for_ever(void *arg)
{
	struct waiter *w = arg;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	wait_events(w->c, 1, -1);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	pause();	/* a cancellation point, for a thread that was woken first */
	return NULL;
}

/* A thread that is cancelled while it waits takes neither the event nor the wake-up with it. */
TEST_F(channel, cancelled_waiter)
{
	struct channel *c = &self->c;
	struct waiter victim, other;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	for (int round = 0; round < 100; round++) {
		victim = (struct waiter){ .c = c };
		ASSERT_EQ(pthread_create(&victim.thread, NULL, wait_for_ever, &victim), 0);
		while (!__atomic_load_n(&victim.tid, __ATOMIC_ACQUIRE))
			sched_yield();
		ASSERT_EQ(wait_asleep(victim.tid, NR_EVCHAN_WAIT), 0);
		ASSERT_EQ(start_waiter(&other, c, 1), 0);
		/* The order varies; in either order the event is left for the other thread. */
		if (round & 1)
			pthread_cancel(victim.thread);
		raise_eventfd(self->fd);
		if (!(round & 1))
			pthread_cancel(victim.thread);
		pthread_join(victim.thread, NULL);
		if (round & 1) {
			pthread_join(other.thread, NULL);
			EXPECT_EQ(other.ret, 1);
		}
		EXPECT_EQ(take(c, &e), 1);
		if (!(round & 1)) {
			/*
			 * The victim may have returned with the event before it was cancelled:
			 * post another.
			 */
			raise_eventfd(self->fd);
			pthread_join(other.thread, NULL);
			take(c, &e);
		}
	}
}

struct library_reader {
	pthread_t thread;
	ec_t ec;
	int got;
	pid_t tid;
};

static void *read_one(void *arg)
{
	struct library_reader *r = arg;
	event_data_t e;

	__atomic_store_n(&r->tid, gettid(), __ATOMIC_RELEASE);
	r->got = !ec_wait_event(r->ec, &e);
	return NULL;
}

static int start_reader(struct library_reader *r, ec_t ec)
{
	*r = (struct library_reader){ .ec = ec };
	if (pthread_create(&r->thread, NULL, read_one, r))
		return -1;
	while (!__atomic_load_n(&r->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_asleep(r->tid, NR_EVCHAN_WAIT);
}

/*
 * Cancellation in the library, at any moment around an event: one of the two threads gets
 * it, whether the cancelled one was woken for it or not.
 */
TEST(cancelled_in_the_library)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	ec_t ec = ec_create_sized(0, 8);

	ASSERT_NE(ec, NULL);
	ASSERT_EQ(ec_watch(ec, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
	for (int round = 0; round < 200; round++) {
		struct library_reader victim, other;

		ASSERT_EQ(start_reader(&victim, ec), 0);
		ASSERT_EQ(start_reader(&other, ec), 0);
		raise_eventfd(fd);
		for (volatile int spin = 0; spin < round * 100; spin++)
			;
		pthread_cancel(victim.thread);
		pthread_join(victim.thread, NULL);
		if (victim.got)
			raise_eventfd(fd);
		pthread_join(other.thread, NULL);
		ASSERT_EQ(other.got, 1);
	}
	ec_destroy(ec);
	close(fd);
}

enum call { CREATE, CTL, WAIT, CALLS };

struct caller {
	struct channel *c;
	enum call call;
	uint64_t done;
	struct evchan_change ch;
};

static void *call_on(void *arg)
{
	struct caller *k = arg;
	struct evchan_params p = { .entries = 8 };

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		int fd;

		switch (k->call) {
		case CREATE:
			p = (struct evchan_params){ .entries = 8 };
			fd = syscall(NR_EVCHAN_CREATE, &p, sizeof(p));
			syscall(SYS_close, fd);
			break;
		case CTL:
			syscall(NR_EVCHAN_CTL, k->c->fd, &k->ch, 1, sizeof(k->ch), 0);
			break;
		default:
			wait_events(k->c, 1, 1);
		}
		__atomic_add_fetch(&k->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A thread is cancelled anywhere in any call: the channel works as before. */
TEST_F(channel, cancelled_in_every_call)
{
	struct evchan_change add = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(change(c, &add), 0);
	for (int call = 0; call < CALLS; call++) {
		for (int round = 0; round < 50; round++) {
			struct caller k = {
				.c = c, .call = call,
				.ch = { .op = EVCHAN_POST, .type = EVCHAN_USER, .args = { 1 } },
			};
			uint64_t sum = 0;
			pthread_t t;

			ASSERT_EQ(pthread_create(&t, NULL, call_on, &k), 0);
			while (__atomic_load_n(&k.done, __ATOMIC_RELAXED) < (unsigned int)round)
				sched_yield();
			pthread_cancel(t);
			pthread_join(t, NULL);
			do {
				while (take(c, &e))
					sum += e.value;
			} while (wait_events(c, 0, 0) > 0);
			/* The last post may have happened without being counted. */
			if (call == CTL) {
				EXPECT_GE(sum, k.done);
				EXPECT_LE(sum, k.done + 1);
			} else {
				EXPECT_EQ(sum, 0);
			}
		}
	}
	EXPECT_EQ(counter(c->fd, "sources"), 1);
}

static int handled;

static void count_signal(int sig)
{
	(void)sig;
	__atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
}

struct sender {
	pthread_t to;
	int fd;			/* raised together with the signal; -1: none */
	int go, rounds;
};

/* Send one signal in each round, when told to, at a moment that varies. */
static void *send_signals(void *arg)
{
	struct sender *s = arg;

	for (int i = 1; i <= s->rounds; i++) {
		while (__atomic_load_n(&s->go, __ATOMIC_ACQUIRE) < i)
			sched_yield();
		for (volatile int spin = 0; spin < i * 7 % 2000; spin++)
			;
		if (s->fd >= 0 && i & 1)
			raise_eventfd(s->fd);
		pthread_kill(s->to, SIGUSR1);
		if (s->fd >= 0 && !(i & 1))
			raise_eventfd(s->fd);
	}
	return NULL;
}

/* A signal that is unblocked only inside the wait always ends it, and is never lost. */
TEST_F(channel, mask_has_no_gap)
{
	struct sender s = { .to = pthread_self(), .fd = -1, .rounds = 500 };
	struct __kernel_timespec ts = from_ms(LONG_MS);
	struct sigaction act = { .sa_handler = count_signal };
	uint64_t none = 0;
	sigset_t block;
	pthread_t t;

	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	ASSERT_EQ(pthread_create(&t, NULL, send_signals, &s), 0);
	for (int i = 1; i <= s.rounds; i++) {
		__atomic_store_n(&s.go, i, __ATOMIC_RELEASE);
		ASSERT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &ts, &none, 8), -1);
		ASSERT_EQ(errno, EINTR);
		ASSERT_EQ(handled, i);
	}
	pthread_join(t, NULL);
}

/* A signal and an event at the same moment: neither is lost. */
TEST_F(channel, signal_and_event)
{
	struct sender s = { .to = pthread_self(), .fd = self->fd, .rounds = 500 };
	struct __kernel_timespec ts = from_ms(LONG_MS);
	struct sigaction act = { .sa_handler = count_signal };
	struct evchan_event e;
	uint64_t none = 0;
	sigset_t block;
	pthread_t t;

	sigaction(SIGUSR1, &act, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(pthread_create(&t, NULL, send_signals, &s), 0);
	for (int i = 1; i <= s.rounds; i++) {
		int events = 0;

		__atomic_store_n(&s.go, i, __ATOMIC_RELEASE);
		while (!events || handled < i) {
			int ret = syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &ts, &none, 8);

			ASSERT_NE(ret, 0);	/* neither event nor signal: one was lost */
			ASSERT_TRUE(ret > 0 || errno == EINTR);
			while (take(&self->c, &e))
				events++;
		}
		ASSERT_EQ(events, 1);
		ASSERT_EQ(handled, i);
	}
	pthread_join(t, NULL);
}

struct reader {
	pthread_t thread;
	struct channel *c;
	unsigned int min;
	int taken, *left;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct evchan_event e;

	while (__atomic_load_n(r->left, __ATOMIC_RELAXED) > 0) {
		if (take(r->c, &e)) {
			r->taken++;
			__atomic_sub_fetch(r->left, 1, __ATOMIC_RELAXED);
		} else {
			wait_events(r->c, r->min, -1);
		}
	}
	return NULL;
}

/*
 * Waiting threads are interrupted again and again while events are posted one at a time. An
 * interrupted thread passes its wake-up on. A lost wake-up would leave an event in the ring
 * and a thread asleep for ever. So would a wake-up that goes to a thread that waits for two
 * events.
 */
TEST_F(channel, interrupted_waiters_pass_on)
{
	enum { ROUNDS = 2000 };
	struct sigaction act = { .sa_handler = count_signal };
	struct reader r[4];
	int left = ROUNDS;

	sigaction(SIGUSR1, &act, NULL);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	for (int i = 0; i < 4; i++) {
		r[i] = (struct reader){ .c = &self->c, .left = &left, .min = i ? 1 : 2 };
		ASSERT_EQ(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	for (int n = ROUNDS; n > 0; n--) {
		struct timespec a, b;

		raise_eventfd(self->fd);
		pthread_kill(r[n % 4].thread, SIGUSR1);
		clock_gettime(CLOCK_MONOTONIC, &a);
		while (__atomic_load_n(&left, __ATOMIC_RELAXED) >= n) {
			clock_gettime(CLOCK_MONOTONIC, &b);
			ASSERT_LT(b.tv_sec - a.tv_sec, LONG_MS / 1000) {
				TH_LOG("event %d is in the ring and no thread wakes", ROUNDS - n);
			}
			sched_yield();
		}
	}
	for (int i = 0; i < 4; i++) {
		while (pthread_tryjoin_np(r[i].thread, NULL)) {
			pthread_kill(r[i].thread, SIGUSR1);
			sched_yield();
		}
	}
	EXPECT_EQ(r[0].taken + r[1].taken + r[2].taken + r[3].taken, ROUNDS);
}

TEST_HARNESS_MAIN
