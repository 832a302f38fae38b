// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of both interfaces as the cases need them. A call that fails ends the case,
 * for a case with fewer sources than it says would measure something else.
 */
#include <errno.h>
#include <evchan.h>
#include <kevent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "latency.h"

#define FILLER_ID	(1ULL << 40)	/* of the source that fills rings */
#define BATCH		64U
#define MAX_WAIT	4096	/* events that a waiter waits for */

/* @slots: of the ring; kevent: 0 for a queue without one. */
int queue_open(enum side side, unsigned int slots)
{
	struct evchan_params params = { .entries = slots };

	if (side == EVCHAN)
		return (int)MUST(evchan_create(&params, sizeof(params)));
	return (int)MUST(kevent_init(NULL, slots, 0));
}

static void change(int queue, struct evchan_change *c)
{
	MUST(evchan_ctl(queue, c, 1, sizeof(*c), 0));
	if (c->result < 0) {
		errno = -c->result;
		must(-1, "evchan_ctl");
	}
}

/* An addition is always queued, so an answer is an error. */
static void request(int queue, unsigned int cmd, struct ukevent *uk)
{
	if (cmd == KEVENT_CTL_ADD)
		uk->req_flags |= KEVENT_REQ_ALWAYS_QUEUE;
	MUST(kevent_request(queue, cmd, uk));
}

void add_user(enum side side, int queue, uint64_t id, bool wake_all)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_USER, .id = id, .events = 1,
		.flags = wake_all ? EVCHAN_WAKE_ALL : 0,
	};
	struct ukevent uk = {
		.id.raw_u64 = id, .type = KEVENT_UNOTIFY, .event = 1,
		.req_flags = wake_all ? KEVENT_REQ_WAKEUP_ALL : 0,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

void post_user(enum side side, int queue, uint64_t id)
{
	struct evchan_change c = {
		.op = EVCHAN_POST, .type = EVCHAN_USER, .id = id, .events = 1,
	};
	struct ukevent uk = { .id.raw_u64 = id, .type = KEVENT_UNOTIFY };

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_READY, &uk);
}

/* Post @n events that nobody takes. */
void queue_fill(enum side side, int queue, unsigned int n)
{
	struct evchan_change c[BATCH];
	struct ukevent uk[BATCH];
	unsigned int i, batch;

	add_user(side, queue, FILLER_ID, false);
	for (; n; n -= batch) {
		batch = n < BATCH ? n : BATCH;
		for (i = 0; i < batch; i++) {
			c[i] = (struct evchan_change){
				.op = EVCHAN_POST, .type = EVCHAN_USER, .id = FILLER_ID,
				.events = 1,
			};
			uk[i] = (struct ukevent){
				.id.raw_u64 = FILLER_ID, .type = KEVENT_UNOTIFY,
			};
		}
		if (side == EVCHAN)
			MUST(evchan_ctl(queue, c, batch, sizeof(*c), EVCHAN_CTL_STOP));
		else
			MUST(kevent_ctl(queue, KEVENT_CTL_READY, batch, uk));
	}
}

/* Sleep until @min events are there. */
void queue_wait(enum side side, int queue, unsigned int min)
{
	static struct ukevent events[MAX_WAIT];

	if (side == EVCHAN)
		MUST(evchan_wait(queue, min, 0, NULL, NULL, 0));
	else
		MUST(kevent_get_events(queue, min, min, UINT_MAX, events, 0));
}

void delete_user(int queue, uint64_t id)
{
	struct evchan_change c = { .op = EVCHAN_DEL, .type = EVCHAN_USER, .id = id };

	change(queue, &c);
}

/* Consume all events but the first, as a program may that maps the ring. */
static void make_hole(int queue, unsigned int events)
{
	ec_t ring = ec_attach((int)MUST(dup(queue)));

	if (!ring)
		fail("the ring cannot be mapped");
	/* A slot that was consumed in the first lap of the ring: the lap, and no events. */
	for (unsigned int i = 1; i < events; i++)
		ring->events[i].state = 1ULL << 32;
	ec_destroy(ring);
}

/*
 * A queue with a backlog of @events, which an epoll set watches. Give it a waiter for
 * backlog_min(), and each post has to find out whether there are so many. On the event
 * channel there seem to be, for only who looks at every slot sees that they were consumed.
 */
int queue_with_backlog(enum side side, unsigned int slots, unsigned int events)
{
	int queue = queue_open(side, slots);

	queue_fill(side, queue, events);
	if (side == EVCHAN)
		make_hole(queue, events);
	add_epoll(new_epoll(), queue);
	return queue;
}

unsigned int backlog_min(enum side side, unsigned int slots, unsigned int events)
{
	return side == EVCHAN ? events : slots;
}

void add_poll(enum side side, int queue, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = EPOLLIN,
		.args = { (uint64_t)fd },
	};
	struct ukevent uk = {
		.id.raw = { (uint32_t)fd }, .type = KEVENT_POLL, .event = KEVENT_POLL_POLLIN,
		.req_flags = KEVENT_REQ_ET,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

/*
 * @when: first expiry on CLOCK_MONOTONIC; @interval: 0 for once. In kevent the period is
 * both the delay and what names the timer: periodic ones begin at once, with @interval.
 */
void add_timer(enum side side, int queue, uint64_t id, uint64_t when, uint64_t interval)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = id, .events = EVCHAN_FIRED,
		.args = { CLOCK_MONOTONIC, when, interval, EVCHAN_TIMER_ABSTIME },
	};
	uint64_t period = interval ? interval : when - now_ns();
	struct ukevent uk = {
		.id.raw = { (uint32_t)(period / 1000000000), (uint32_t)(period % 1000000000) },
		.type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED,
		.req_flags = interval ? 0 : KEVENT_REQ_ONESHOT,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

/* Level-triggered. */
void add_level(enum side side, int queue, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = EPOLLIN, .flags = EVCHAN_LEVEL,
		.args = { (uint64_t)fd },
	};
	struct ukevent uk = {
		.id.raw = { (uint32_t)fd }, .type = KEVENT_POLL, .event = KEVENT_POLL_POLLIN,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

void add_process(enum side side, int queue, int pidfd)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_PROCESS, .args = { (uint64_t)pidfd },
	};
	struct ukevent uk = {
		.id.raw = { (uint32_t)pidfd }, .type = KEVENT_PROCESS,
		.event = KEVENT_PROCESS_EXITED, .req_flags = KEVENT_REQ_ET,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

/* In place of the usual way. */
void add_signal(enum side side, int queue, int sig, bool wake_all)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_SIGNAL, .events = EVCHAN_SIGNALED,
		.id = (uint64_t)sig | EVCHAN_SIGNAL_NOMASK,
		.flags = wake_all ? EVCHAN_WAKE_ALL : 0,
	};
	struct ukevent uk = {
		.id.raw_u64 = (uint64_t)sig | KEVENT_SIGNAL_NOMASK, .type = KEVENT_SIGNAL,
		.event = KEVENT_SIGNAL_DELIVERY,
		.req_flags = wake_all ? KEVENT_REQ_WAKEUP_ALL : 0,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

void delete_signal(enum side side, int queue, int sig)
{
	struct evchan_change c = {
		.op = EVCHAN_DEL, .type = EVCHAN_SIGNAL, .id = (uint64_t)sig | EVCHAN_SIGNAL_NOMASK,
	};
	struct ukevent uk = {
		.id.raw_u64 = (uint64_t)sig | KEVENT_SIGNAL_NOMASK, .type = KEVENT_SIGNAL,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_REMOVE, &uk);
}

/* @word is 0. In kevent the address names the source, so a queue has one of each. */
void add_futex(enum side side, int queue, uint64_t id, uint32_t *word)
{
	const unsigned int private_u32 = 0x82;	/* FUTEX2_SIZE_U32 | FUTEX2_PRIVATE */
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_FUTEX, .id = id, .flags = EVCHAN_ONESHOT,
		.args = { (uintptr_t)word, 0, UINT32_MAX, private_u32 },
	};
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)word, .type = KEVENT_FUTEX,
		.event = KEVENT_FUTEX_WOKEN | KEVENT_FUTEX_CHANGED,
		.req_flags = KEVENT_REQ_ONESHOT, .ret_data = { 0, private_u32 },
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

/* @mask: of inotify; kevent has a few bits of its own, which stand for it. */
void add_inode(enum side side, int queue, unsigned int id, int fd, uint32_t mask)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .id = id, .events = mask,
		.args = { (uint64_t)fd },
	};
	struct ukevent uk = {
		.id.raw = { (uint32_t)fd, id }, .type = KEVENT_INODE,
		.event = KEVENT_INODE_CREATE | KEVENT_INODE_REMOVE,
	};

	if (side == EVCHAN)
		change(queue, &c);
	else
		request(queue, KEVENT_CTL_ADD, &uk);
}

/* Return: what the system calls name the timer by. */
int add_posix_timer(enum side side, int queue)
{
	struct evchan channel = { .fd = queue };
	timer_t timer;

	if (side == EVCHAN)
		MUST(ec_timer_create(&channel, CLOCK_MONOTONIC, 0, &timer));
	else
		MUST(kevent_timer_create(queue, CLOCK_MONOTONIC, NULL, &timer));
	return (int)(intptr_t)timer;
}

int new_epoll(void)
{
	return (int)MUST(epoll_create1(0));
}

void add_epoll(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int new_eventfd(void)
{
	return (int)MUST(eventfd(0, EFD_NONBLOCK));
}

void write_eventfd(int fd)
{
	uint64_t one = 1;

	MUST(write(fd, &one, sizeof(one)));
}
