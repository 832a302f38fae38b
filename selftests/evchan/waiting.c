// SPDX-License-Identifier: GPL-2.0-only
/* Waiting and waking, by one thread and by several. */
#include "channel.h"

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
		/* The woken one finds it taken and sleeps again, or has returned. */
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
	raise(SIGUSR1);			/* pending, and let in by the mask of the wait */
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &ts, &none, 8), -1);
	EXPECT_EQ(errno, EINTR);
	raise(SIGUSR1);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->c.fd, 1, 0, &brief, &usr1, 8), 0);
	/* Having an event beats the signal. */
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
	wait_events(arg, 1, -1);
	return NULL;
}

/* Cancelled while it waits, a thread takes no event along. */
TEST_F(channel, cancelled_waiter)
{
	struct evchan_event e;
	pthread_t t;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(pthread_create(&t, NULL, wait_for_ever, &self->c), 0);
	pthread_cancel(t);
	raise_eventfd(self->fd);
	pthread_join(t, NULL);
	EXPECT_EQ(take(&self->c, &e), 1);
}

TEST_HARNESS_MAIN
