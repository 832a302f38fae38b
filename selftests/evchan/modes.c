// SPDX-License-Identifier: GPL-2.0-only
/* Edge, level and oneshot; changing and deleting registrations; poll() of the channel. */
#include <sys/epoll.h>

#include "channel.h"

TEST_F(channel, edge_merges_until_taken)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 42), 0);
	EXPECT_EQ(take(c, &e), 0);
	for (int i = 0; i < 3; i++)
		raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 42);
	EXPECT_EQ(e.type, EVCHAN_POLL);
	EXPECT_TRUE(e.events & POLLIN);
	EXPECT_EQ((uint32_t)e.id, (uint32_t)self->fd);
	EXPECT_EQ(take(c, &e), 0);
	EXPECT_EQ(counter(c->fd, "merged"), 2);
	EXPECT_EQ(wait_events(c, 0, 0), 0);	/* edge: nothing new has happened */
	raise_eventfd(self->fd);
	EXPECT_EQ(take(c, &e), 1);
}

TEST_F(channel, ready_at_add)
{
	struct evchan_event e;

	raise_eventfd(self->fd);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN | POLLOUT, 0, 1), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events & (POLLIN | POLLOUT), POLLIN | POLLOUT);
}

TEST_F(channel, oneshot_until_modified)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_ONESHOT, 1), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(take(c, &e), 1);
	raise_eventfd(self->fd);
	EXPECT_EQ(take(c, &e), 0);
	EXPECT_EQ(wait_events(c, 1, 20), 0);
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_ONESHOT, 2), 0);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
}

TEST_F(channel, level_again_while_it_holds)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	raise_eventfd(self->fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
		ASSERT_EQ(take(c, &e), 1);
		EXPECT_EQ(take(c, &e), 0);
	}
	read_eventfd(self->fd);
	EXPECT_EQ(wait_events(c, 1, 20), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(wait_events(c, 1, LONG_MS), 1);
}

/*
 * A wake-up without a key while the record is in the ring must not end the level-triggered
 * source.
 */
TEST_F(channel, level_survives_keyless_wakeup)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	int p[2];
	char b;

	ASSERT_EQ(pipe(p), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_PIPE, p[0], EVCHAN_RECV, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(write(p[1], "ab", 2), 2);
	close(p[1]);		/* wakes without a key; the first record is not taken yet */
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
		ASSERT_EQ(take(c, &e), 1);
		EXPECT_EQ(read(p[0], &b, 1), i < 2);
	}
	close(p[0]);
}

TEST_F(channel, poll_of_the_channel)
{
	struct pollfd p = { self->c.fd, POLLIN, 0 };
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(poll(&p, 1, 0), 0);
}

/* An edge-triggered epoll set must see a new edge each time the ring was drained in between. */
TEST_F(channel, epoll_edge_of_the_channel)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->c.fd, &ev), 0);
	for (int i = 0; i < 5; i++) {
		raise_eventfd(self->fd);
		ASSERT_EQ(epoll_wait(ep, &ev, 1, LONG_MS), 1);
		ASSERT_EQ(take(&self->c, &e), 1);
	}
	close(ep);
}

struct raiser {
	int fd;
	int *go;
};

static void *raise_each_round(void *arg)
{
	struct raiser *r = arg;

	for (int i = 1; i <= 2000; i++) {
		while (__atomic_load_n(r->go, __ATOMIC_ACQUIRE) < i)
			;
		raise_eventfd(r->fd);
	}
	return NULL;
}

/* Two processors post into the empty ring at once: a thread that polls the channel is woken. */
TEST_F(channel, poll_wakes_for_two_at_once)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0), go = 0;
	struct raiser r[2] = { { self->fd, &go }, { eventfd(0, EFD_NONBLOCK), &go } };
	struct evchan_event e;
	pthread_t t[2];

	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->c.fd, &ev), 0);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, r[i].fd, POLLIN, 0, i), 0);
		ASSERT_EQ(pthread_create(&t[i], NULL, raise_each_round, &r[i]), 0);
	}
	for (int i = 1; i <= 2000; i++) {
		int taken = 0;

		__atomic_store_n(&go, i, __ATOMIC_RELEASE);
		while (taken < 2) {
			ASSERT_EQ(epoll_wait(ep, &ev, 1, LONG_MS), 1);
			while (take(&self->c, &e))
				taken++;
		}
		/* An extra edge is allowed, a missing one is not. */
		while (epoll_wait(ep, &ev, 1, 0))
			;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	close(r[1].fd);
	close(ep);
}

#define LIMIT_S	12		/* in s; a slow machine does fewer rounds */

struct prober {
	int fd;
	bool stop;
};

static void *poll_all_the_time(void *arg)
{
	struct prober *p = arg;
	struct pollfd fd = { p->fd, POLLIN, 0 };

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE))
		poll(&fd, 1, 0);
	return NULL;
}

/* While poll() rechecks a condition, a wait must not miss that condition and sleep. */
TEST_F(channel, poll_hides_nothing_from_a_wait)
{
	struct prober prober = { .fd = self->c.fd };
	struct timespec start, from, to;
	struct evchan_event e;
	pthread_t t;

	raise_eventfd(self->fd);
	clock_gettime(CLOCK_MONOTONIC, &start);
	to = start;
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(pthread_create(&t, NULL, poll_all_the_time, &prober), 0);
	for (int i = 0; i < 20000 && to.tv_sec - start.tv_sec < LIMIT_S; i++) {
		/* Vary the moment at which the wait meets the recheck in poll(). */
		for (int n = i * 7919 % 600; n; n--)
			__asm__ volatile("");
		clock_gettime(CLOCK_MONOTONIC, &from);
		ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
		clock_gettime(CLOCK_MONOTONIC, &to);
		/* A wait that times out rechecks and so finds the event: it took too long. */
		ASSERT_LT((to.tv_sec - from.tv_sec) * 1000 +
			  (to.tv_nsec - from.tv_nsec) / 1000000, LONG_MS) {
			TH_LOG("round %d: not woken", i);
		}
		ASSERT_EQ(take(&self->c, &e), 1);
	}
	__atomic_store_n(&prober.stop, true, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
}

TEST_F(channel, delete_withdraws)
{
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	raise_eventfd(self->fd);
	EXPECT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0), 0);
	EXPECT_EQ(take(c, &e), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	EXPECT_EQ(take(c, &e), 1);
	/* Already taken: another thread may be working on it. */
	EXPECT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0), 1);
}

TEST_F(channel, delete_by_id_after_close)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = POLLIN,
		.args = { self->fd },
	};
	int copy = dup(self->fd);

	ASSERT_EQ(change(&self->c, &ch), 0);
	close(self->fd);		/* the duplicate keeps the file open */
	ch = (struct evchan_change){
		.op = EVCHAN_DEL, .type = EVCHAN_POLL, .flags = EVCHAN_BY_ID, .id = ch.id,
	};
	EXPECT_EQ(change(&self->c, &ch), 0);
	EXPECT_EQ(change(&self->c, &ch), -ENOENT);
	self->fd = copy;
}

TEST_F(channel, report_close)
{
	struct evchan_event e;
	int fd = eventfd(0, 0), copy = dup(fd);

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN,
			EVCHAN_REPORT_CLOSE, 9), 0);
	close(fd);
	EXPECT_EQ(wait_events(&self->c, 0, 0), 0);
	close(copy);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_CLOSED);
	EXPECT_EQ(e.data, 9);
	EXPECT_EQ(counter(self->c.fd, "sources"), 0);
}

TEST_F(channel, repost)
{
	struct evchan_change ch;
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 5), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(&self->c, &e), 1);
	ch = (struct evchan_change){
		.op = EVCHAN_POST, .type = e.type, .flags = EVCHAN_BY_ID, .id = e.id,
		.events = e.events, .args = { 11 },
	};
	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 5);
	EXPECT_EQ(e.value, 11);
}

TEST_F(channel, timestamp_is_opt_in)
{
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.timestamp, 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN,
			EVCHAN_TIMESTAMP, 1), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_NE(e.timestamp, 0);
}

/* Take all events, whose cookies must count up from @first; returns how many there were. */
static int take_all(struct channel *c, int first)
{
	struct evchan_event e;
	int n = 0;

	while (take(c, &e) && e.data == (uint64_t)first + n && e.events == POLLIN)
		n++;
	return n;
}

/*
 * More level-triggered sources than are rechecked in one go. Those whose event was taken
 * are posted again, in order, while their condition holds. With descriptors of a single
 * thread, descriptors that threads share, and descriptors closed while a duplicate is open.
 */
TEST_F(channel, level_many)
{
	enum { MANY = 100, ALONE = 0, SHARED, COPIED, KINDS };
	int fds[MANY], copies[MANY];
	struct evchan_event e;
	struct channel c;
	struct waiter other;

	ASSERT_EQ(channel_open(&c, 128, 0), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, EVCHAN_LEVEL, i), 0);
	}
	for (int kind = ALONE; kind < KINDS; kind++) {
		if (kind == SHARED)
			ASSERT_EQ(start_waiter(&other, &self->c, 1), 0);
		for (int i = 0; i < MANY; i++) {
			ASSERT_EQ(raise_eventfd(fds[i]), 0);
			if (kind == COPIED) {
				copies[i] = dup(fds[i]);
				close(fds[i]);
				fds[i] = copies[i];
			}
		}
		for (int again = 0; again < 3; again++) {
			ASSERT_EQ(take_all(&c, 0), MANY);
			ASSERT_EQ(wait_events(&c, 0, 0), MANY);
		}
		/* Half of them were read, and a record of each is in the ring. */
		for (int i = 0; i < MANY / 2; i++)
			ASSERT_EQ(read_eventfd(fds[i]), 1);
		ASSERT_EQ(take_all(&c, 0), MANY);
		ASSERT_EQ(wait_events(&c, 0, 0), MANY / 2);
		ASSERT_EQ(take_all(&c, MANY / 2), MANY / 2);
		for (int i = MANY / 2; i < MANY; i++)
			ASSERT_EQ(read_eventfd(fds[i]), 1);
		ASSERT_EQ(wait_events(&c, 0, 0), 0);
		ASSERT_EQ(take(&c, &e), 0);
		if (kind == SHARED)
			ASSERT_EQ(end_waiter(&other, self->fd), 1);
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	EXPECT_EQ(counter(c.fd, "sources"), 0);
	channel_close(&c);
}

/* A source whose record is still in the ring is rechecked by a later wait. */
TEST_F(channel, level_left_in_the_ring)
{
	int second = eventfd(0, EFD_NONBLOCK);
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, second, POLLIN, EVCHAN_LEVEL, 2), 0);
	raise_eventfd(self->fd);
	raise_eventfd(second);
	ASSERT_EQ(wait_events(c, 0, 0), 2);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 1);
	read_eventfd(self->fd);
	/* One condition is over, the other source's record is still in the ring. */
	ASSERT_EQ(wait_events(c, 0, 0), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	ASSERT_EQ(wait_events(c, 0, 0), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	read_eventfd(second);
	EXPECT_EQ(wait_events(c, 0, 0), 0);
	close(second);
}

/* Sources are removed while they are on the recheck list; a third source beside them stays. */
TEST_F(channel, level_removed_during_recheck)
{
	enum { MORE = 8 };
	int closed = eventfd(0, EFD_NONBLOCK), deleted = eventfd(0, EFD_NONBLOCK), more[MORE];
	struct channel *c = &self->c;
	struct evchan_event e;

	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, closed, POLLIN, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_LEVEL, 2), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, deleted, POLLIN, EVCHAN_LEVEL, 3), 0);
	raise_eventfd(closed);
	raise_eventfd(self->fd);
	raise_eventfd(deleted);
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(take(c, &e), 1);
		EXPECT_EQ(e.data, i);
	}
	ASSERT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, deleted, 0, 0, 0), 1);
	/* New sources reuse the memory. */
	for (int i = 0; i < MORE; i++) {
		more[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, more[i], POLLIN, 0, 9), 0);
	}
	close(closed);
	ASSERT_EQ(wait_events(c, 0, 0), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	/* Modified to edge-triggered: one event, and no recheck. */
	raise_eventfd(self->fd);
	ASSERT_EQ(take(c, &e), 1);
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_EDGE, 4), 0);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 4);
	EXPECT_EQ(wait_events(c, 0, 0), 0);
	EXPECT_EQ(take(c, &e), 0);
	for (int i = 0; i < MORE; i++)
		close(more[i]);
	close(deleted);
}

enum { LEVEL_SOURCES = 64, LEVEL_ROUNDS = 100 };

/* Two threads that take one event each in every round, without waiting. */
struct takers {
	struct channel *c;
	pthread_barrier_t barrier;	/* passed before the two take, and afterwards */
	int missed;			/* calls that said that there is no event */
};

static void take_one(struct takers *t)
{
	struct evchan_event e;
	int n;

	pthread_barrier_wait(&t->barrier);
	do {
		n = wait_events(t->c, 0, 0);
	} while (n > 0 && !take(t->c, &e));
	if (n <= 0)
		__atomic_fetch_add(&t->missed, 1, __ATOMIC_RELAXED);
	pthread_barrier_wait(&t->barrier);
}

static void *take_in_rounds(void *arg)
{
	for (int i = 0; i < LEVEL_ROUNDS; i++)
		take_one(arg);
	return NULL;
}

/*
 * Of many conditions that are to be polled again only the last one holds. A thread that finds
 * nothing to poll, because another one is still polling, must not say that there is no event.
 */
TEST_F(channel, level_holds_while_another_thread_polls)
{
	struct takers t = { .c = &self->c };
	int fds[LEVEL_SOURCES];
	struct evchan_event e;
	pthread_t thread;

	channel_close(&self->c);
	ASSERT_EQ(channel_open(&self->c, LEVEL_SOURCES, 0), 0);
	for (int i = 0; i < LEVEL_SOURCES; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(t.c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, EVCHAN_LEVEL, i), 0);
	}
	ASSERT_EQ(pthread_barrier_init(&t.barrier, NULL, 2), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, take_in_rounds, &t), 0);
	for (int round = 0; round < LEVEL_ROUNDS; round++) {
		for (int i = 0; i < LEVEL_SOURCES; i++)
			raise_eventfd(fds[i]);
		for (int i = 0; i < LEVEL_SOURCES; i++)
			ASSERT_EQ(take(t.c, &e), 1);
		for (int i = 0; i < LEVEL_SOURCES - 1; i++)
			read_eventfd(fds[i]);
		take_one(&t);
		/* The last condition is over too, and a call that finds that ends the round. */
		read_eventfd(fds[LEVEL_SOURCES - 1]);
		while (take(t.c, &e) || wait_events(t.c, 0, 0))
			;
	}
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(t.missed, 0);
	for (int i = 0; i < LEVEL_SOURCES; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
