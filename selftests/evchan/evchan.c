// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event channel's system calls and ring: errors, modes, sources, waiting,
 * overflow, lifetime.
 */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "events.h"

FIXTURE(channel)
{
	struct channel c;
	int fd;
};

FIXTURE_SETUP(channel)
{
	ASSERT_EQ(channel_open(&self->c, 8, 0), 0);
	self->fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(channel)
{
	channel_close(&self->c);
	close(self->fd);
}

TEST(create_sizes)
{
	struct channel c;

	ASSERT_EQ(channel_open(&c, 0, 0), 0);
	EXPECT_EQ(c.params.entries, 256);
	EXPECT_EQ(c.header->entries, 256);
	EXPECT_EQ(c.params.event_size, sizeof(struct evchan_event));
	channel_close(&c);
	ASSERT_EQ(channel_open(&c, 100, EVCHAN_CLOEXEC), 0);
	EXPECT_EQ(c.params.entries, 128);
	EXPECT_EQ(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
	channel_close(&c);
	ASSERT_EQ(channel_open(&c, 65536, EVCHAN_NONBLOCK), 0);
	EXPECT_TRUE(fcntl(c.fd, F_GETFL) & O_NONBLOCK);
	channel_close(&c);
}

static int create_errno(struct evchan_params *p, size_t size)
{
	int fd = syscall(NR_EVCHAN_CREATE, p, size);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST(create_errors)
{
	struct { struct evchan_params p; uint64_t tail; } big = { .tail = 1 };
	struct evchan_params p = { .entries = 65537 };
	struct rlimit few, files;

	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ .flags = 0x80 };
	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ .reserved = 1 };
	EXPECT_EQ(create_errno(&p, sizeof(p)), EINVAL);
	p = (struct evchan_params){ 0 };
	EXPECT_EQ(create_errno(&p, sizeof(p) - 1), EINVAL);
	EXPECT_EQ(create_errno(&p, 1 << 20), E2BIG);
	EXPECT_EQ(create_errno(&big.p, sizeof(big)), E2BIG);
	big.tail = 0;
	EXPECT_EQ(create_errno(&big.p, sizeof(big)), 0);
	EXPECT_EQ(create_errno(NULL, sizeof(p)), EFAULT);
	getrlimit(RLIMIT_NOFILE, &files);
	few = (struct rlimit){ 3, files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	EXPECT_EQ(create_errno(&p, sizeof(p)), EMFILE);
	setrlimit(RLIMIT_NOFILE, &files);
}

TEST(create_memlock_limit)
{
	struct evchan_params p = { .entries = 65536 };
	struct rlimit none = { 65536, 65536 };

	/* CAP_IPC_LOCK is above the limit, so not as root. */
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ASSERT_EQ(setuid(65534), 0);
	EXPECT_EQ(create_errno(&p, sizeof(p)), ENOMEM);
	p.entries = 8;
	for (int i = 0; i < 100; i++)	/* a charge that leaked would fill it */
		ASSERT_EQ(create_errno(&p, sizeof(p)), 0);
}

TEST_F(channel, mmap_errors)
{
	struct channel *c = &self->c;
	size_t len = c->params.map_length;

	EXPECT_EQ(mmap(NULL, len, PROT_READ, MAP_PRIVATE, c->fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(mmap(NULL, len + 4096, PROT_READ, MAP_SHARED, c->fd, 0), MAP_FAILED);
	EXPECT_EQ(mmap(NULL, len, PROT_READ, MAP_SHARED, c->fd, 4096), MAP_FAILED);
}

TEST_F(channel, ctl_call_errors)
{
	struct evchan_change ch = { .op = EVCHAN_ADD };
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_CTL, -1, &ch, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, self->fd, &ch, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, sizeof(ch) - 1, 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, 1 << 20, 0), -1);
	EXPECT_EQ(errno, E2BIG);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 1, sizeof(ch), 0x10), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, NULL, 1, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 70000, sizeof(ch), 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, &ch, 0, sizeof(ch), 0), 0);
}

TEST_F(channel, ctl_entry_errors)
{
	struct channel *c = &self->c;
	int file = open("/etc/passwd", O_RDONLY), fd = self->fd;

	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, -1, POLLIN, 0, 0), -EBADF);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, file, POLLIN, 0, 0), -EPERM);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, c->fd, POLLIN, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_SOCKET, fd, EVCHAN_RECV, 0, 0), -ENOTSOCK);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_PIPE, fd, EVCHAN_RECV, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, 0, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, 1u << 20, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0x100, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, 1234, fd, POLLIN, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, 99, EVCHAN_POLL, fd, POLLIN, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_MOD, EVCHAN_POLL, fd, POLLIN, 0, 0), -ENOENT);
	EXPECT_EQ(watch(c, EVCHAN_DEL, EVCHAN_POLL, fd, 0, 0, 0), -ENOENT);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_USER, 0, 1, EVCHAN_LEVEL, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_TIMER, 99, 1, 0, 0), -EINVAL);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 0), -EEXIST);
	EXPECT_EQ(watch(c, EVCHAN_SET, EVCHAN_POLL, fd, POLLIN, 0, 0), 0);
	EXPECT_EQ(counter(c->fd, "sources"), 1);
	close(file);
}

TEST_F(channel, ctl_batch_goes_on_or_stops)
{
	struct evchan_change ch[3] = {
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 },
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 },
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 2 },
	};
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch, 3, sizeof(ch[0]), 0), 2);
	EXPECT_EQ(ch[0].result, 0);
	EXPECT_EQ(ch[1].result, -EEXIST);
	EXPECT_EQ(ch[2].result, 0);
	for (int i = 0; i < 3; i++)
		ch[i].result = 77;
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, c->fd, ch, 3, sizeof(ch[0]), EVCHAN_CTL_STOP), 0);
	EXPECT_EQ(ch[0].result, -EEXIST);
	EXPECT_EQ(ch[1].result, 77);
}

TEST_F(channel, wait_errors)
{
	struct __kernel_timespec bad = { 0, 1000000000 };
	struct channel *c = &self->c;

	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, -1, 0, 0, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, self->fd, 0, 0, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(wait_events(c, 9, 0), -EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, 0x100, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, EVCHAN_WAIT_REALTIME, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, EVCHAN_WAKE_OTHER, NULL, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, 0, &bad, NULL, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 1, 0, (void *)1, NULL, 8), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, c->fd, 0, 0, NULL, &bad, 3), -1);
	EXPECT_EQ(errno, EINVAL);
}

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
	EXPECT_EQ(wait_events(c, 0, 0), 0);	/* edge: nothing new happened */
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

/* A wake-up without a key while the record is in the ring must not end it. */
TEST_F(channel, level_survives_keyless_wakeup)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	int p[2];
	char b;

	ASSERT_EQ(pipe(p), 0);
	ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_PIPE, p[0], EVCHAN_RECV, EVCHAN_LEVEL, 1), 0);
	ASSERT_EQ(write(p[1], "ab", 2), 2);
	close(p[1]);		/* without a key, the first record not taken */
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

/* An epoll set must see the edge each time the ring was drained in between. */
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

TEST(overflow_in_order)
{
	struct evchan_event e;
	int fds[200], next = 0;
	struct channel c;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	for (int i = 0; i < 200; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, 0, i), 0);
	}
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 200; i++)
			raise_eventfd(fds[i]);
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, EVCHAN_RING_CALL);
	EXPECT_EQ(counter(c.fd, "overflowed"), 192);
	do {
		while (take(&c, &e)) {
			EXPECT_EQ(e.data, next);
			EXPECT_EQ(e.flags & EVCHAN_EVENT_OVERFLOWED, next >= 8);
			EXPECT_EQ(read_eventfd(fds[e.data]), 3);
			next++;
		}
	} while (wait_events(&c, 0, 0) > 0);
	EXPECT_EQ(next, 200);
	EXPECT_EQ(c.header->flags & EVCHAN_RING_CALL, 0);
	EXPECT_EQ(counter(c.fd, "drained"), 192);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	channel_close(&c);
}

/* A post into a ring with room goes behind those that wait. */
TEST(overflow_not_overtaken)
{
	struct evchan_event e;
	struct channel c;
	int fds[12];

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	for (int i = 0; i < 12; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, 0, i), 0);
	}
	for (int i = 0; i < 11; i++)
		raise_eventfd(fds[i]);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(take(&c, &e), 1);
	raise_eventfd(fds[11]);		/* this post also drains */
	for (int i = 8; i < 12; i++) {
		ASSERT_EQ(take(&c, &e), 1);
		EXPECT_EQ(e.data, i);
	}
	channel_close(&c);
}

TEST(overflow_source_closed_or_deleted)
{
	struct evchan_event e;
	struct channel c;
	int fds[12], n = 0;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	for (int i = 0; i < 12; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN,
				i == 10 ? EVCHAN_REPORT_CLOSE : 0, i), 0);
		raise_eventfd(fds[i]);
	}
	close(fds[9]);		/* its event waits: it must still come */
	close(fds[10]);		/* and say that it is closed, too */
	EXPECT_EQ(watch(&c, EVCHAN_DEL, EVCHAN_POLL, fds[8], 0, 0, 0), 0);
	EXPECT_EQ(counter(c.fd, "sources"), 9);
	do {
		while (take(&c, &e)) {
			EXPECT_NE(e.data, 8);
			if (e.data == 10)
				EXPECT_TRUE(e.events & EVCHAN_CLOSED);
			n++;
		}
	} while (wait_events(&c, 0, 0) > 0);
	EXPECT_EQ(n, 11);
	channel_close(&c);
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
	/* Already taken: it may be in another thread's hands. */
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
	close(self->fd);		/* the file lives on in the copy */
	ch.op = EVCHAN_DEL;
	ch.flags = EVCHAN_BY_ID;
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

TEST_F(channel, user_posts)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 7, .data = 3 };
	struct channel *c = &self->c;
	uint64_t sum = 0, posts = 0;
	struct evchan_event e;

	ASSERT_EQ(change(c, &ch), 0);
	ch.op = EVCHAN_POST;
	for (uint64_t i = 1; i <= 20; i++) {	/* more than there are slots */
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

TEST_F(channel, give_back)
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
	ch.op = EVCHAN_DEL;
	EXPECT_GE(change(&self->c, &ch), 0);
}

/* The period is shorter than the timer may fire: it counts all the same. */
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

TEST_F(channel, socket_bits)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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
	close(client);		/* FIN: woken without being told why */
	ASSERT_GE(wait_events(c, 1, LONG_MS), 1);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.data, 2);
	ASSERT_EQ(watch(c, EVCHAN_MOD, EVCHAN_SOCKET, conn, EVCHAN_SEND, 0, 3), 0);
	ASSERT_EQ(take(c, &e), 1);
	EXPECT_EQ(e.events, EVCHAN_SEND);
	close(conn);
	close(server);
}

struct waiter {
	pthread_t thread;
	struct channel *c;
	unsigned int min;
	pid_t tid;
	int ret;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = wait_events(w->c, w->min, LONG_MS);
	return NULL;
}

static int start_waiter(struct waiter *w, struct channel *c, unsigned int min)
{
	*w = (struct waiter){ .c = c, .min = min };
	if (pthread_create(&w->thread, NULL, wait_thread, w))
		return -1;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_asleep(w->tid, NR_EVCHAN_WAIT);
}

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

/* A loop is refused, a chain over four too; a channel in a channel works. */
TEST_F(channel, nesting)
{
	struct channel chain[6], outer;
	struct evchan_event e;

	ASSERT_EQ(channel_open(&outer, 8, 0), 0);
	ASSERT_EQ(watch(&outer, EVCHAN_ADD, EVCHAN_POLL, self->c.fd, POLLIN, 0, 8), 0);
	EXPECT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, outer.fd, POLLIN, 0, 8), -ELOOP);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 9), 0);
	raise_eventfd(self->fd);
	ASSERT_EQ(wait_events(&outer, 1, LONG_MS), 1);
	ASSERT_EQ(take(&outer, &e), 1);
	EXPECT_EQ(e.data, 8);
	channel_close(&outer);
	for (int i = 0; i < 6; i++)
		ASSERT_EQ(channel_open(&chain[i], 8, 0), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(watch(&chain[i], EVCHAN_ADD, EVCHAN_POLL, chain[i + 1].fd,
				POLLIN, 0, 0), 0);
	EXPECT_EQ(watch(&chain[3], EVCHAN_ADD, EVCHAN_POLL, chain[4].fd, POLLIN, 0, 0), -ELOOP);
	EXPECT_EQ(watch(&chain[5], EVCHAN_ADD, EVCHAN_POLL, chain[0].fd, POLLIN, 0, 0), -ELOOP);
	for (int i = 0; i < 6; i++)
		channel_close(&chain[i]);
}

/* Channel in epoll in channel: both loop checks pass, and it must not recurse. */
TEST_F(channel, nesting_through_epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	struct evchan_event e;

	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, self->c.fd, &ev), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, ep, POLLIN, 0, 1), 0);
	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 2), 0);
	for (int i = 0; i < 20; i++) {
		raise_eventfd(self->fd);
		ASSERT_GE(wait_events(&self->c, 1, LONG_MS), 1);
		while (take(&self->c, &e))
			;
	}
	close(ep);
}

TEST(user_limit)
{
	char old[32] = "";
	int fd = open("/proc/sys/fs/evcore/max_user_sources", O_RDWR);
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	struct channel c;

	ASSERT_GE(fd, 0);
	ASSERT_GT(read(fd, old, sizeof(old) - 1), 0);
	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(pwrite(fd, "3", 1, 0), 1);
	for (ch.id = 0; ch.id < 3; ch.id++)
		EXPECT_EQ(change(&c, &ch), 0);
	EXPECT_EQ(change(&c, &ch), -ENOSPC);
	ch.op = EVCHAN_DEL;
	ch.id = 0;
	EXPECT_EQ(change(&c, &ch), 0);
	ch.op = EVCHAN_ADD;
	EXPECT_EQ(change(&c, &ch), 0);
	ASSERT_GT(pwrite(fd, old, strlen(old), 0), 0);
	channel_close(&c);
	close(fd);
}

/* The channel passed to another process: it posts, this one takes. */
TEST_F(channel, descriptor_passed)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct evchan_event e;
	int s[2], status;

	ASSERT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	if (!fork()) {
		struct channel other = { .params = self->c.params };
		char byte;

		close(self->c.fd);
		iov.iov_base = &byte;
		if (recvmsg(s[1], &msg, 0) != 1)
			_exit(1);
		memcpy(&other.fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		ch.op = EVCHAN_POST;
		ch.args[0] = 99;
		_exit(change(&other, &ch) ? 2 : 0);
	}
	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &self->c.fd, sizeof(int));
	ASSERT_EQ(sendmsg(s[0], &msg, 0), 1);
	wait(&status);
	EXPECT_EQ(status, 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 99);
	close(s[0]);
	close(s[1]);
}

/* The ring says anything: the kernel neither crashes nor hangs, others go on. */
TEST(hostile_ring)
{
	int fds[64], seed = 1;
	struct evchan_event e;
	struct channel c, good;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(channel_open(&good, 8, 0), 0);
	for (int i = 0; i < 64; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN,
				i & 1 ? EVCHAN_LEVEL : 0, i), 0);
	}
	ASSERT_EQ(watch(&good, EVCHAN_ADD, EVCHAN_POLL, fds[0], POLLIN, 0, 7), 0);
	for (int round = 0; round < 200; round++) {
		unsigned char *p = (unsigned char *)c.header;

		for (size_t i = 0; i < 128; i++)
			p[rand_r((unsigned int *)&seed) % c.params.map_length] =
				rand_r((unsigned int *)&seed);
		c.header->head = ((uint64_t)rand_r((unsigned int *)&seed) << 33) + round;
		raise_eventfd(fds[round % 64]);
		wait_events(&c, 0, 0);
		wait_events(&c, 1, 0);
	}
	ASSERT_EQ(take(&good, &e), 1);
	EXPECT_EQ(e.data, 7);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	channel_close(&c);
	channel_close(&good);
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
