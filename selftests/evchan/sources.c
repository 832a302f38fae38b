// SPDX-License-Identifier: GPL-2.0-only
/* What each type of source reports. */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "channel.h"

TEST_F(channel, user_posts)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 7, .data = 3 };
	struct channel *c = &self->c;
	uint64_t sum = 0, posts = 0;
	struct evchan_event e;

	ASSERT_EQ(change(c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (uint64_t i = 1; i <= 20; i++) {	/* more than the ring has slots */
		ch.args[0] = i;
		ASSERT_EQ(change(c, &ch), 0);
	}
	do {
		while (take(c, &e)) {
			EXPECT_EQ(e.id, 7);
			EXPECT_EQ(e.data, 3);
			sum += e.value;
			posts += e.extra[0];
		}
	} while (wait_events(c, 0, 0) > 0);
	EXPECT_EQ(sum, 210);
	EXPECT_EQ(posts, 20);
	ch.id = 8;
	EXPECT_EQ(change(c, &ch), -ENOENT);
}

TEST_F(channel, timer_counts_every_period)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 2000000, 2000000 },
	};
	struct timespec a, b;
	struct evchan_event e;
	uint64_t n = 0, elapsed;

	clock_gettime(CLOCK_MONOTONIC, &a);
	ASSERT_EQ(change(&self->c, &ch), 0);
	while (n < 50) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e))
			n += e.value;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	elapsed = (b.tv_sec - a.tv_sec) * 1000000000ULL + b.tv_nsec - a.tv_nsec;
	EXPECT_LE(n, elapsed / 2000000);
	ch = removal(&ch);
	EXPECT_GE(change(&self->c, &ch), 0);
}

/* The period is shorter than the kernel lets the timer fire: all expirations are counted. */
TEST_F(channel, timer_short_period)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 1000, 1000 },
	};
	struct evchan_event e;
	uint64_t n = 0, events = 0;

	ASSERT_EQ(change(&self->c, &ch), 0);
	while (n < 20000) {
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e)) {
			n += e.value;
			events++;
		}
	}
	EXPECT_LE(events, n / 40);
}

/* The next expiry is beyond the largest time: the timer must not expire at once. */
TEST_F(channel, timer_longest_period)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_MONOTONIC, 1, INT64_MAX },
	};
	struct evchan_event e;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 1);
	EXPECT_EQ(wait_events(&self->c, 1, 20), 0);
	ch.args[1] = INT64_MAX;
	ch.op = EVCHAN_MOD;
	ASSERT_EQ(change(&self->c, &ch), 0);
	EXPECT_EQ(wait_events(&self->c, 1, 20), 0);
}

TEST_F(channel, timer_absolute_and_once)
{
	struct __kernel_timespec at = at_ms(CLOCK_REALTIME, 20);
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 1,
		.args = { CLOCK_REALTIME, at.tv_sec * 1000000000ULL + at.tv_nsec, 0,
			  EVCHAN_TIMER_ABSTIME },
	};
	struct evchan_event e;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 1);
	EXPECT_EQ(wait_events(&self->c, 1, 30), 0);
}

TEST_F(channel, socket_bits)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct channel *c = &self->c;
	socklen_t len = sizeof(at);
	struct evchan_event e;
	int conn;

	ASSERT_EQ(bind(server, (void *)&at, sizeof(at)), 0);
	ASSERT_EQ(listen(server, 5), 0);
	ASSERT_EQ(getsockname(server, (void *)&at, &len), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, server, EVCHAN_ACCEPT, 0, 1), 0);
	ASSERT_EQ(connect(client, (void *)&at, sizeof(at)), 0);
	ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 1);
	EXPECT_EQ(e.events, EVCHAN_ACCEPT);
	EXPECT_EQ(e.value, 1);
	conn = accept(server, NULL, NULL);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, conn, EVCHAN_RECV, 0, 2), 0);
	ASSERT_EQ(send(client, "hello", 5, 0), 5);
	ASSERT_EQ(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	EXPECT_EQ(e.events, EVCHAN_RECV);
	EXPECT_EQ(e.value, 5);
	close(client);		/* FIN: the wake-up has no key */
	ASSERT_GE(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_SOCKET, conn, EVCHAN_SEND, 0, 3), 0);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_SEND);
	close(conn);
	close(server);
}

/* Anything that can be polled can be watched; these are what event loops use. */
FIXTURE(pollable)
{
	struct channel c;
	int fd;			/* the watched descriptor */
	int other;		/* writing here makes it readable */
};

FIXTURE_VARIANT(pollable)
{
	enum { TTY, TERMINAL, TIMERFD, SIGNALFD, INOTIFY, EPOLL, KEVENT_QUEUE, OTHER_CHANNEL } what;
};

FIXTURE_VARIANT_ADD(pollable, tty) { TTY };
FIXTURE_VARIANT_ADD(pollable, terminal) { TERMINAL };
FIXTURE_VARIANT_ADD(pollable, timerfd) { TIMERFD };
FIXTURE_VARIANT_ADD(pollable, signalfd) { SIGNALFD };
FIXTURE_VARIANT_ADD(pollable, inotify) { INOTIFY };
FIXTURE_VARIANT_ADD(pollable, epoll) { EPOLL };
FIXTURE_VARIANT_ADD(pollable, kevent_queue) { KEVENT_QUEUE };
FIXTURE_VARIANT_ADD(pollable, other_channel) { OTHER_CHANNEL };

static char watched_dir[] = "/tmp/evchan-XXXXXX";

FIXTURE_SETUP(pollable)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct channel inner;
	struct ukevent uk;
	struct queue q;
	sigset_t usr1;
	int pair[2];

	ASSERT_EQ(channel_open(&self->c, 8, 0), 0);
	self->other = eventfd(0, EFD_NONBLOCK);
	switch (variant->what) {
	case TTY:
	case TERMINAL:
		pair[0] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		ASSERT_GE(pair[0], 0);
		ASSERT_EQ(grantpt(pair[0]), 0);
		ASSERT_EQ(unlockpt(pair[0]), 0);
		pair[1] = open(ptsname(pair[0]), O_RDWR | O_NOCTTY | O_NONBLOCK);
		ASSERT_GE(pair[1], 0);
		self->fd = pair[variant->what == TTY];
		self->other = pair[variant->what != TTY];
		break;
	case TIMERFD:
		self->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		break;
	case SIGNALFD:
		sigemptyset(&usr1);
		sigaddset(&usr1, SIGUSR1);
		sigprocmask(SIG_BLOCK, &usr1, NULL);
		self->fd = signalfd(-1, &usr1, SFD_NONBLOCK);
		break;
	case INOTIFY:
		self->fd = inotify_init1(IN_NONBLOCK);
		ASSERT_NE(mkdtemp(watched_dir), NULL);
		ASSERT_GE(inotify_add_watch(self->fd, watched_dir, IN_CREATE), 0);
		break;
	case EPOLL:
		self->fd = epoll_create1(0);
		ASSERT_EQ(epoll_ctl(self->fd, EPOLL_CTL_ADD, self->other, &ev), 0);
		break;
	case KEVENT_QUEUE:
		ASSERT_EQ(queue_open(&q, 8, 0), 0);
		self->fd = q.fd;
		uk = request(KEVENT_POLL, self->other, POLLIN, KEVENT_REQ_ET, 1);
		ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
		break;
	case OTHER_CHANNEL:
		ASSERT_EQ(channel_open(&inner, 8, 0), 0);
		self->fd = inner.fd;
		ASSERT_EQ(watch(&inner, EVCHAN_ADD, EVCHAN_POLL, self->other, POLLIN, 0, 1), 0);
		break;
	}
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(pollable)
{
	channel_close(&self->c);
	close(self->fd);
	if (variant->what == INOTIFY) {
		char path[64];

		snprintf(path, sizeof(path), "%s/file", watched_dir);
		unlink(path);
		rmdir(watched_dir);
	}
}

static void make_readable(struct __test_metadata *_metadata, FIXTURE_DATA(pollable) *self,
			  const FIXTURE_VARIANT(pollable) *variant)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	char path[64];

	switch (variant->what) {
	case TTY:
	case TERMINAL:
		ASSERT_EQ(write(self->other, "x\n", 2), 2);
		break;
	case TIMERFD:
		ASSERT_EQ(timerfd_settime(self->fd, 0, &soon, NULL), 0);
		break;
	case SIGNALFD:
		raise(SIGUSR1);
		break;
	case INOTIFY:
		snprintf(path, sizeof(path), "%s/file", watched_dir);
		close(open(path, O_CREAT | O_RDWR, 0600));
		break;
	default:
		raise_eventfd(self->other);
	}
}

TEST_F(pollable, is_watched)
{
	struct evchan_event e;

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 9), 0);
	ASSERT_EQ(wait_events(&self->c, 0, 0), 0);
	make_readable(_metadata, self, variant);
	ASSERT_EQ(wait_events(&self->c, 1, LONG_MS), 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 9);
	EXPECT_EQ(e.events & POLLIN, POLLIN);
}

TEST_HARNESS_MAIN
