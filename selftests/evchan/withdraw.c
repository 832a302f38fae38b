// SPDX-License-Identifier: GPL-2.0-only
/*
 * After a delete that returns 0 no event of the registration arrives, whatever its type.
 * After a modify no event has the old cookie.
 */
#include <sys/inotify.h>

#include "channel.h"
#include "sigevents.h"
#include "signal-channel.h"
#include "signals.h"

/* Take all events; returns how many of them have cookie @data. */
static int take_cookie(struct channel *c, uint64_t data)
{
	struct evchan_event e;
	int n = 0;

	while (wait_events(c, 0, 0) > 0)
		while (take(c, &e))
			n += e.data == data;
	return n;
}

static int delete_id(struct channel *c, int type, uint64_t id)
{
	struct evchan_change ch = { .op = EVCHAN_DEL, .type = type, .id = id };

	return change(c, &ch);
}

/* Wait until @n expirations of a timer were posted. */
static void wait_posted(struct channel *c, long long n)
{
	while (counter(c->fd, "posted") < n)
		sched_yield();
}

static int post_user(struct channel *c, uint64_t id, uint64_t value)
{
	struct evchan_change ch = { .op = EVCHAN_POST, .type = EVCHAN_USER, .id = id,
				    .args = { value } };

	return change(c, &ch);
}

static int set_user(struct channel *c, int op, uint64_t id, uint64_t data)
{
	struct evchan_change ch = { .op = op, .type = EVCHAN_USER, .id = id, .data = data };

	return change(c, &ch);
}

static int add_timer(struct channel *c, uint64_t first, uint64_t interval, uint64_t data)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1, .data = data,
		.args = { CLOCK_MONOTONIC, first, interval },
	};

	return change(c, &ch);
}

TEST_F(channel, delete_withdraws_user_events)
{
	ASSERT_EQ(set_user(&self->c, EVCHAN_ADD, 1, 7), 0);
	ASSERT_EQ(set_user(&self->c, EVCHAN_ADD, 2, 8), 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(post_user(&self->c, 1, i), 0);
		ASSERT_EQ(post_user(&self->c, 2, i), 0);
	}
	EXPECT_EQ(delete_id(&self->c, EVCHAN_USER, 1), 0);
	/* The events of the other source stay. */
	EXPECT_EQ(take_cookie(&self->c, 8), 3);
	EXPECT_EQ(delete_id(&self->c, EVCHAN_USER, 2), 1);
	/* The same with the ring full and more events in overflow. */
	ASSERT_EQ(set_user(&self->c, EVCHAN_ADD, 1, 7), 0);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(post_user(&self->c, 1, i), 0);
	EXPECT_EQ(delete_id(&self->c, EVCHAN_USER, 1), 0);
	EXPECT_EQ(take_cookie(&self->c, 7), 0);
}

TEST_F(channel, delete_withdraws_timers)
{
	ASSERT_EQ(add_timer(&self->c, 1000000, 1000000, 7), 0);
	wait_posted(&self->c, 3);
	EXPECT_EQ(delete_id(&self->c, EVCHAN_TIMER, 1), 0);
	/* A new registration with the same id gets no event of the old one. */
	ASSERT_EQ(add_timer(&self->c, 3600000000000, 0, 7), 0);
	EXPECT_EQ(take_cookie(&self->c, 7), 0);
}

TEST_F(channel, delete_withdraws_posix_timers)
{
	struct itimerspec it = { .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000 };
	struct sigevent ev = { .sigev_notify = SIGEV_EVCHAN };
	timer_t timer = NULL;

	memcpy(&ev._sigev_un, &self->c.fd, sizeof(self->c.fd));
	ev.sigev_value.sival_int = 7;
	ASSERT_EQ(create_timer(CLOCK_MONOTONIC, &ev, &timer), 0);
	ASSERT_EQ(timer_settime(timer, 0, &it, NULL), 0);
	wait_posted(&self->c, 3);
	ASSERT_EQ(syscall(SYS_timer_delete, timer), 0);
	EXPECT_EQ(take_cookie(&self->c, 7), 0);
}

TEST_F(channel, delete_withdraws_signals)
{
	uint64_t id = SIGRTMIN | ONLY;

	ASSERT_EQ(watch_signal(&self->c, id), 0);
	for (int i = 0; i < 12; i++)
		ASSERT_EQ(send_value(SIGRTMIN, i), 0);
	EXPECT_EQ(delete_id(&self->c, EVCHAN_SIGNAL, id), 0);
	EXPECT_EQ(take_cookie(&self->c, id), 0);
}

TEST_F(channel, delete_withdraws_inode_events)
{
	char name[] = "/tmp/withdraw-XXXXXX", path[64];
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .id = 1, .events = IN_CREATE, .data = 7,
	};

	ASSERT_NE(mkdtemp(name), NULL);
	ch.args[0] = open(name, O_RDONLY);
	ASSERT_EQ(change(&self->c, &ch), 0);
	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "%s/%d", name, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	EXPECT_EQ(delete_id(&self->c, EVCHAN_INODE, 1), 0);
	EXPECT_EQ(take_cookie(&self->c, 7), 0);
	close(ch.args[0]);
}

struct hammer {
	int fd;
	bool reads;
	bool stop;
};

static void *read_or_write(void *arg)
{
	struct hammer *h = arg;
	char byte = 0;

	while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE))
		if ((h->reads ? read(h->fd, &byte, 1) : write(h->fd, &byte, 1)) < 0)
			sched_yield();
	return NULL;
}

/* A pipe open for reading and writing has two wait queue heads, and may have a record from each. */
TEST_F(channel, delete_withdraws_what_two_heads_posted)
{
	struct hammer h[2] = { { .reads = true }, { .reads = false } };
	struct evchan_event e;
	char path[64];
	pthread_t t[2];
	int p[2], fd;

	ASSERT_EQ(pipe(p), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	fd = open(path, O_RDWR | O_NONBLOCK);
	ASSERT_GE(fd, 0);
	/* A pipe of one buffer, which is either empty or full. */
	ASSERT_EQ(fcntl(fd, F_SETPIPE_SZ, 4096), 4096);
	for (int i = 0; i < 2; i++) {
		h[i].fd = fd;
		ASSERT_EQ(pthread_create(&t[i], NULL, read_or_write, &h[i]), 0);
	}
	for (int i = 0; i < 2000; i++) {
		ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN | POLLOUT, 0, 7), 0);
		for (int n = i * 7919 % 300; n; n--)
			__asm__ volatile("");
		ASSERT_EQ(watch(&self->c, EVCHAN_DEL, EVCHAN_POLL, fd, 0, 0, 0), 0);
		ASSERT_EQ(take(&self->c, &e), 0);
	}
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&h[i].stop, true, __ATOMIC_RELEASE);
		pthread_join(t[i], NULL);
	}
	close(fd);
	close(p[0]);
	close(p[1]);
}

/*
 * A wake-up can post a second record of a source, at the moment when a drain places the first
 * one. Here the second one is posted because the first one looks consumed for a moment.
 */
TEST_F(channel, delete_withdraws_what_a_drain_placed)
{
	struct channel *c = &self->c;
	struct evchan_event *slot;
	struct evchan_event e;
	uint64_t state;

	ASSERT_EQ(set_user(c, EVCHAN_ADD, 1, 8), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 7), 0);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(post_user(c, 1, i), 0);
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(take(c, &e), 1);
	ASSERT_EQ(wait_events(c, 0, 0), 1);
	ASSERT_EQ(take(c, &e), 1);
	ASSERT_EQ(e.flags, EVCHAN_EVENT_OVERFLOWED);

	slot = &c->events[c->header->head % 8];
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	state = slot->state;
	slot->events = 0;
	ASSERT_EQ(raise_eventfd(self->fd), 0);
	slot->state = state;
	ASSERT_EQ(wait_events(c, 0, 0), 2);
	EXPECT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, self->fd, 0, 0, 0), 0);
	EXPECT_EQ(take(c, &e), 0);
	EXPECT_EQ(wait_events(c, 0, 0), 0);
}

TEST_F(channel, old_cookie_does_not_survive_modify)
{
	struct evchan_event e;

	ASSERT_EQ(set_user(&self->c, EVCHAN_ADD, 1, 7), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(post_user(&self->c, 1, i), 0);
	/* A modify with the same cookie loses nothing, ... */
	ASSERT_EQ(set_user(&self->c, EVCHAN_MOD, 1, 7), 0);
	EXPECT_EQ(take_cookie(&self->c, 7), 3);
	/* ... and events from before such a modify can still be withdrawn by a delete. */
	ASSERT_EQ(post_user(&self->c, 1, 1), 0);
	ASSERT_EQ(set_user(&self->c, EVCHAN_MOD, 1, 7), 0);
	EXPECT_EQ(delete_id(&self->c, EVCHAN_USER, 1), 0);
	EXPECT_EQ(take(&self->c, &e), 0);

	/* Events in overflow are withdrawn too. */
	ASSERT_EQ(set_user(&self->c, EVCHAN_ADD, 1, 7), 0);
	for (int i = 0; i < 12; i++)
		ASSERT_EQ(post_user(&self->c, 1, i), 0);
	ASSERT_EQ(set_user(&self->c, EVCHAN_MOD, 1, 8), 0);
	ASSERT_EQ(post_user(&self->c, 1, 9), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 8);
	EXPECT_EQ(e.value, 9);
	EXPECT_EQ(take(&self->c, &e), 0);
}

/* The ring is overwritten: a delete that reads it can drop no events but those of this program. */
TEST_F(channel, delete_with_a_hostile_ring)
{
	struct channel *c = &self->c;

	ASSERT_EQ(set_user(c, EVCHAN_ADD, 1, 7), 0);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(post_user(c, 1, i), 0);
	for (unsigned int i = 0; i < c->params.entries; i++) {
		c->events[i].type = i;
		c->events[i].id = ~0ULL;
		c->events[i].state ^= i << 29;
	}
	c->header->head = ~0ULL / 3;
	EXPECT_GE(delete_id(c, EVCHAN_USER, 1), 0);
	EXPECT_EQ(counter(c->fd, "sources"), 0);
}

TEST_HARNESS_MAIN
