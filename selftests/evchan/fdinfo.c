// SPDX-License-Identifier: GPL-2.0-only
/* What can be observed from outside: lines and counters of fdinfo, tracepoints. */
#include "channel.h"

#define TRACING "/sys/kernel/tracing/"

/* The line of our fdinfo that starts with @start; NULL if there is none. */
static char *info_line(int fd, const char *start, char *line, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	while (fgets(line, size, f))
		if (!strncmp(line, start, strlen(start))) {
			fclose(f);
			return line;
		}
	fclose(f);
	return NULL;
}

TEST_F(channel, fdinfo)
{
	struct evchan_change timer = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 77,
		.args = { CLOCK_MONOTONIC, 3600000000000ULL, 3600000000000ULL },
	};
	struct channel *c = &self->c;
	struct evchan_event e;
	char line[256], start[64];
	int more[20];

	EXPECT_NE(info_line(c->fd, "face:\tevchan", line, sizeof(line)), NULL);
	ASSERT_EQ(change(c, &timer), 0);
	ASSERT_NE(info_line(c->fd, "source: type:timer id:4d events:fired flags:edge ", line,
			    sizeof(line)), NULL);
	EXPECT_NE(strstr(line, "interval:3600000000000"), NULL);
	timer = removal(&timer);
	ASSERT_EQ(change(c, &timer), 0);
	EXPECT_EQ(info_line(c->fd, "source:", line, sizeof(line)), NULL);

	for (int i = 0; i < 20; i++) {
		more[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, more[i], POLLIN,
				i ? 0 : EVCHAN_LEVEL, i), 0);
		raise_eventfd(more[i]);
		raise_eventfd(more[i]);
	}
	snprintf(start, sizeof(start), "source: type:poll id:1%08x events:in flags:level\n",
		 more[0]);
	EXPECT_EQ(counter(c->fd, "sources"), 20);
	EXPECT_NE(info_line(c->fd, "ring:\t8 of 8\n", line, sizeof(line)), NULL);
	EXPECT_EQ(counter(c->fd, "waiting"), 12);
	EXPECT_EQ(counter(c->fd, "waiters"), 0);
	EXPECT_EQ(counter(c->fd, "posted"), 8);
	EXPECT_EQ(counter(c->fd, "merged"), 20);
	EXPECT_EQ(counter(c->fd, "overflowed"), 12);
	EXPECT_EQ(counter(c->fd, "drained"), 0);
	EXPECT_EQ(counter(c->fd, "wakes"), 0);
	EXPECT_NE(info_line(c->fd, start, line, sizeof(line)), NULL);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(take(c, &e), 1);
	EXPECT_NE(info_line(c->fd, "ring:\t0 of 8\n", line, sizeof(line)), NULL);
	for (int i = 0; i < 20; i++)
		close(more[i]);
	EXPECT_EQ(counter(c->fd, "sources"), 0);
	EXPECT_EQ(wait_events(c, 0, 0), 8);
	EXPECT_EQ(counter(c->fd, "drained"), 8);
	EXPECT_EQ(counter(c->fd, "posted"), 16);
}

/* fdinfo of many sources must be complete and must not crash. */
TEST_F(channel, fdinfo_of_many)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };
	char line[256], path[64];
	int lines = 0;
	FILE *f;

	for (ch.id = 0; ch.id < 2000; ch.id++)
		ASSERT_EQ(change(&self->c, &ch), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->c.fd);
	f = fopen(path, "r");
	ASSERT_NE(f, NULL);
	while (fgets(line, sizeof(line), f))
		lines += !strncmp(line, "source: type:user ", 18);
	fclose(f);
	EXPECT_EQ(lines, 2000);
}

/* The number of lines in the trace that have this event of this process. */
static int traced(const char *event)
{
	char line[512], name[64];
	int n = 0;
	FILE *f = fopen(TRACING "trace", "r");

	snprintf(name, sizeof(name), " %s: ", event);
	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, name);
	if (f)
		fclose(f);
	return n;
}

TEST_F(channel, tracepoints)
{
	struct channel *c = &self->c;
	struct evchan_event e;
	struct waiter w;
	int fds[12];

	for (int i = 0; i < 12; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(watch(c, EVCHAN_ADD, EVCHAN_POLL, fds[i], POLLIN, 0, i), 0);
	}
	ASSERT_EQ(write_file(TRACING "trace", ""), 0);
	ASSERT_EQ(write_file(TRACING "events/evcore/enable", "1"), 0);
	ASSERT_EQ(start_waiter(&w, c, 1), 0);
	for (int i = 0; i < 12; i++)
		raise_eventfd(fds[i]);
	pthread_join(w.thread, NULL);
	while (take(c, &e))
		;
	wait_events(c, 0, 0);
	ASSERT_EQ(write_file(TRACING "events/evcore/enable", "0"), 0);
	EXPECT_EQ(traced("evcore_post"), 8);
	EXPECT_EQ(traced("evcore_overflow"), 4);
	EXPECT_EQ(traced("evcore_drain"), 4);
	EXPECT_EQ(traced("evcore_wake"), 1);
	EXPECT_EQ(traced("evcore_wait"), 2);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
