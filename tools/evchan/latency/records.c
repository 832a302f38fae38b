// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that wait outside the ring, with records of their own and without: how they
 * come there, how they come out, and how they are dropped.
 */
#include <fcntl.h>
#include <kevent.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evchan.h>

#include "latency.h"

#define MARKS	128	/* of a user on one inode; also inotify's instances */
#define RECORDS	15000	/* outside the rings of a user, as a guest of 2 GB allows */
#define PENDING	7000	/* below RLIMIT_SIGPENDING */
#define RING	32768	/* slots, more than there are events */
#define SIGNALS_RING 8192
#define WAIT_US	50000
#define MASK	(IN_CREATE | IN_DELETE)

static int queue, directory;
static ec_t ring;
static pid_t victim;

static void make_directory(void)
{
	char name[] = "/dev/shm/latency.XXXXXX";

	if (!mkdtemp(name))
		fail("no directory in /dev/shm");
	MUST(chdir(name));
	directory = (int)MUST(open(".", O_RDONLY));
}

/* Two events, which do not merge. */
static void change_directory(void)
{
	int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));

	close(fd);
	MUST(unlink("file"));
}

static int mark(enum side s, int q)
{
	if (s == PEER)
		MUST(inotify_add_watch(q, ".", MASK));
	else
		add_inode(s, q, 1, directory, MASK);
	return q;
}

static int small_queue(enum side s)
{
	if (s == PEER)
		return (int)MUST(inotify_init1(IN_NONBLOCK));
	return queue_open(s, s == EVCHAN ? 2 : 0);
}

static void prepare_marks(enum side s, unsigned int n)
{
	make_directory();
	for (unsigned int i = 0; i < n; i++)
		mark(s, small_queue(s));
	change_directory();	/* fills the rings */
}

static void act_marks(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	change_directory();
	usleep(WAIT_US);
}

static void prepare_inode_records(enum side s, unsigned int n)
{
	make_directory();
	queue = mark(s, small_queue(s));
	for (unsigned int i = 0; i < n; i += 2)
		change_directory();
}

static void act_close(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	MUST(close(queue));
	usleep(WAIT_US);
}

/* A child that has signals pending, to be killed. */
static void child_with_signals(unsigned int n)
{
	int ready[2];
	char byte;

	MUST(pipe(ready));
	victim = (pid_t)MUST(fork());
	if (!victim) {
		for (unsigned int i = 0; i < n; i++)
			MUST(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
		MUST(write(ready[1], "", 1));
		pause();
	}
	MUST(read(ready[0], &byte, 1));
}

static void prepare_signals(enum side s, unsigned int n)
{
	if (s == PEER) {
		child_with_signals(n);
		return;
	}
	queue = small_queue(s);
	add_signal(s, queue, SIGRTMIN, false);
	for (unsigned int i = 0; i < n; i++)
		MUST(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
}

static void act_purge(enum side s, unsigned int n)
{
	(void)n;
	if (s == PEER) {
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
	} else {
		delete_signal(s, queue, SIGRTMIN);
	}
	usleep(WAIT_US);
}

static void prepare_drain(enum side s, unsigned int n)
{
	if (s == EVCHAN) {
		ring = ec_create_sized(0, RING);
		if (!ring)
			fail("no channel of %u slots", RING);
		queue = ec_fd(ring);
		queue_fill(s, queue, RING);
	} else {
		queue = s == PEER ? new_epoll() : queue_open(s, 0);
	}
	for (unsigned int i = 0; i < n; i++) {
		int fd;

		if (s != PEER) {
			add_user(s, queue, i, false);
			post_user(s, queue, i);
			continue;
		}
		fd = new_eventfd();
		add_epoll(queue, fd);
		write_eventfd(fd);
	}
}

static void act_drain(enum side s, unsigned int n)
{
	static union {
		struct ukevent kevent[20000];
		struct epoll_event epoll[20000];
	} events;
	event_data_t event;
	int got = 0;

	if (s == EVCHAN) {
		while (ec_take(ring, &event))
			;
		MUST(evchan_wait(queue, 0, 0, NULL, NULL, 0));
		while (ec_take(ring, &event))
			got++;
	} else if (s == KEVENT) {
		got = (int)MUST(kevent_get_events(queue, 0, n, 0, events.kevent, 0));
	} else {
		got = (int)MUST(epoll_wait(queue, events.epoll, (int)n, 0));
	}
	if (got != (int)n)
		fail("%d of %u events came out", got, n);
}

/* Each event has a record of its own. */
static void prepare_drain_signals(enum side s, unsigned int n)
{
	sigset_t set;

	if (s == PEER) {
		sigemptyset(&set);
		sigaddset(&set, SIGRTMIN);
		queue = (int)MUST(signalfd(-1, &set, 0));
	} else if (s == EVCHAN) {
		ring = ec_create_sized(0, SIGNALS_RING);
		if (!ring)
			fail("no channel of %u slots", SIGNALS_RING);
		queue = ec_fd(ring);
		queue_fill(s, queue, SIGNALS_RING);
	} else {
		queue = queue_open(s, 0);
	}
	if (s != PEER)
		add_signal(s, queue, SIGRTMIN, false);
	for (unsigned int i = 0; i < n; i++)
		MUST(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
}

static void act_drain_signals(enum side s, unsigned int n)
{
	static struct signalfd_siginfo infos[PENDING];

	if (s == PEER)
		MUST(read(queue, infos, n * sizeof(*infos)));
	else
		act_drain(s, n);
}

/* All conditions hold still when they are polled again. */
static void prepare_level(enum side s, unsigned int n)
{
	if (s == EVCHAN) {
		ring = ec_create_sized(0, RING);
		if (!ring)
			fail("no channel of %u slots", RING);
		queue = ec_fd(ring);
	} else {
		queue = s == PEER ? (int)MUST(epoll_create1(0)) : queue_open(s, 0);
	}
	for (unsigned int i = 0; i < n; i++) {
		struct epoll_event event = { .events = EPOLLIN };
		int fd = new_eventfd();

		write_eventfd(fd);
		if (s == PEER)
			MUST(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event));
		else
			add_level(s, queue, fd);
	}
}

static void act_level(enum side s, unsigned int n)
{
	act_drain(s, n);
	if (s != EVCHAN)
		act_drain(s, n);
}

const struct test record_tests[] = {
	{ "marks", "a file comes and goes in a directory that queues watch",
	  "inotify instances watch it", { MARKS, MARKS, MARKS }, prepare_marks, act_marks },
	{ "close-inode-records", "close of a queue with events of a directory",
	  "of an inotify instance", { RECORDS, RECORDS, RECORDS },
	  prepare_inode_records, act_close },
	{ "purge-signals", "removal of a source with realtime signals in overflow",
	  "exit of a process with as many pending", { PENDING, PENDING, PENDING },
	  prepare_signals, act_purge },
	{ "drain", "events come out of overflow, all in one call", "epoll_wait() for all",
	  { 20000, 20000, 20000 }, prepare_drain, act_drain },
	{ "drain-signals", "realtime signals come out of overflow, all in one call",
	  "out of a signalfd", { PENDING, PENDING, PENDING },
	  prepare_drain_signals, act_drain_signals },
	{ "level", "level-triggered events are taken and come again", "with epoll",
	  { 20000, 20000, 20000 }, prepare_level, act_level },
	{ 0 }
};
