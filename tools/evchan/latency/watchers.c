// SPDX-License-Identifier: GPL-2.0-only
/*
 * One wake-up that many queues get, or one queue many times: a file that they watch, a
 * process that exits, operations of AIO that are completed together. The peer is epoll
 * sets in place of the queues.
 */
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evchan.h>

#include "latency.h"

#define WAIT_US	50000

static enum side side;
static int file, queue;
static int *queues;
static unsigned int min;
static pid_t child;

static void watch(enum side s, int q, int fd)
{
	if (s == PEER)
		add_epoll(q, fd);
	else
		add_poll(s, q, fd);
}

static int small_queue(enum side s)
{
	return s == PEER ? new_epoll() : queue_open(s, 2);
}

static int full_queue(enum side s)
{
	int q;

	if (s == PEER)
		return new_epoll();
	q = queue_open(s, 2);
	queue_fill(s, q, 2);
	return q;
}

static void sleep_in_queue(unsigned int i)
{
	struct epoll_event event;

	if (side == PEER)
		MUST(epoll_wait(queues[i], &event, 1, -1));
	else
		queue_wait(side, queues[i], min);
}

static void write_file(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	write_eventfd(file);
	usleep(WAIT_US);
}

static void prepare_watchers(enum side s, unsigned int n)
{
	file = new_eventfd();
	for (unsigned int i = 0; i < n; i++)
		watch(s, small_queue(s), file);
}

static void prepare_full(enum side s, unsigned int n)
{
	file = new_eventfd();
	for (unsigned int i = 0; i < n; i++)
		watch(s, full_queue(s), file);
}

static void prepare_backlogs(enum side s, unsigned int n)
{
	side = s;
	file = new_eventfd();
	queues = calloc(n, sizeof(*queues));
	for (unsigned int i = 0; i < n; i++) {
		queues[i] = s == PEER ? new_epoll() :
			    queue_with_backlog(s, SMALL_SLOTS, SMALL_BACKLOG);
		watch(s, queues[i], file);
	}
	min = backlog_min(s, SMALL_SLOTS, SMALL_BACKLOG);
	crowd_start(n, sleep_in_queue);
}

/* One queue that watches a file by many descriptors. */
static void prepare_copies(enum side s, unsigned int n)
{
	side = s;
	file = new_eventfd();
	queue = s == PEER ? new_epoll() : queue_with_backlog(s, BACKLOG_SLOTS, BACKLOG);
	for (unsigned int i = 0; i < n; i++)
		watch(s, queue, (int)MUST(dup(file)));
	queues = &queue;
	min = backlog_min(s, BACKLOG_SLOTS, BACKLOG);
	crowd_start(1, sleep_in_queue);
}

/*
 * A queue that queues watch has an event. The peer is an eventfd, for epoll allows 500 sets
 * to watch one that watches something.
 */
static void prepare_nested(enum side s, unsigned int n)
{
	if (s == PEER) {
		queue = new_eventfd();
	} else {
		queue = small_queue(s);
		add_user(s, queue, 1, false);
	}
	for (unsigned int i = 0; i < n; i++)
		watch(s, small_queue(s), queue);
}

static void act_nested(enum side s, unsigned int n)
{
	(void)n;
	if (s == PEER)
		write_eventfd(queue);
	else
		post_user(s, queue, 1);
	usleep(WAIT_US);
}

static void prepare_process(enum side s, unsigned int n)
{
	child = (pid_t)MUST(fork());
	if (!child)
		for (;;)
			pause();
	file = (int)MUST(syscall(SYS_pidfd_open, child, 0));
	for (unsigned int i = 0; i < n; i++) {
		if (s == PEER)
			add_epoll(new_epoll(), file);
		else
			add_process(s, small_queue(s), file);
	}
}

static void act_process(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	kill(child, SIGKILL);
	MUST(waitpid(child, NULL, 0));
	usleep(WAIT_US);
}

/* Polls of one eventfd, which end together. */
static void submit(enum side s, unsigned int n)
{
	aio_context_t ctx = 0;
	struct iocb iocb, *list = &iocb;

	file = new_eventfd();
	if (s == PEER) {
		queue = new_eventfd();
		add_epoll(new_epoll(), queue);
	}
	MUST(syscall(SYS_io_setup, n, &ctx));
	for (unsigned int i = 0; i < n; i++) {
		memset(&iocb, 0, sizeof(iocb));
		iocb.aio_lio_opcode = IOCB_CMD_POLL;
		iocb.aio_fildes = (uint32_t)file;
		iocb.aio_buf = EPOLLIN;
		iocb.aio_flags = s == PEER ? IOCB_FLAG_RESFD : IOCB_FLAG_EVCORE;
		iocb.aio_resfd = (uint32_t)queue;
		MUST(syscall(SYS_io_submit, ctx, 1, &list));
	}
}

static void prepare_aio(enum side s, unsigned int n)
{
	if (s != PEER)
		queue = queue_open(s, 8192);
	submit(s, n);
}

static void prepare_aio_full(enum side s, unsigned int n)
{
	if (s != PEER)
		queue = full_queue(s);
	submit(s, n);
}

const struct test watcher_tests[] = {
	{ "watchers", "an eventfd that queues watch becomes readable", "epoll sets watch it",
	  { 10000, 10000, 10000 }, prepare_watchers, write_file },
	{ "watchers-full", "the same, the queues' rings are full", "epoll sets watch it",
	  { 10000, 10000, 10000 }, prepare_full, write_file },
	{ "watchers-backlog", "the same, with a backlog and a waiter for more each",
	  "epoll sets with a waiter each watch it", { 120, 120, 120 }, prepare_backlogs,
	  write_file },
	{ "watchers-copies", "many descriptors, one queue with a backlog and a waiter for more",
	  "one epoll set watches it by as many descriptors", { 1000, 1000, 1000 },
	  prepare_copies, write_file },
	{ "nested", "a queue that queues watch has an event",
	  "an eventfd that epoll sets watch has one", { 10000, 10000, 10000 },
	  prepare_nested, act_nested },
	{ "process", "a process that queues watch exits", "epoll sets watch its pidfd",
	  { 10000, 10000, 10000 }, prepare_process, act_process },
	{ "aio", "polls by native AIO complete together",
	  "they complete into an eventfd in an epoll set", { 5000, 5000, 5000 }, prepare_aio,
	  write_file },
	{ "aio-full", "the same, into a queue whose ring is full",
	  "they complete into an eventfd in an epoll set", { 5000, 5000, 5000 },
	  prepare_aio_full, write_file },
	{ 0 }
};
