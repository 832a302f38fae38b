// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues and epoll sets that watch each other in chains and loops, also a queue that
 * watches itself through an epoll set. Then the last one becomes ready and the first one
 * is polled.
 */
#include <errno.h>
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

static int node(uint32_t kind)
{
	struct evchan_params p = { .entries = 2 };

	switch (kind % 3) {
	case 0:
		return (int)syscall(565, &p, sizeof(p));
	case 1:
		return epoll_create1(0);
	default:
		return (int)syscall(560, NULL, 0, 0);
	}
}

static void watch(int fd, uint32_t kind, int what, bool level)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_POLL, .events = POLLIN,
		.flags = level ? EVCHAN_LEVEL : 0, .args = { (uint64_t)what },
	};
	struct epoll_event e = { .events = EPOLLIN | (level ? 0 : EPOLLET) };
	struct ukevent uk = {
		.id.raw = { (uint32_t)what }, .type = KEVENT_POLL, .event = POLLIN,
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE | (level ? 0 : KEVENT_REQ_ET),
	};

	switch (kind % 3) {
	case 0:
		syscall(566, fd, &c, 1, sizeof(c), 0);
		break;
	case 1:
		epoll_ctl(fd, EPOLL_CTL_ADD, what, &e);
		break;
	default:
		syscall(561, fd, KEVENT_CTL_ADD, 1, &uk);
		break;
	}
}

void build_graph(uint32_t shape, uint32_t length)
{
	int fds[48], end = eventfd(0, EFD_NONBLOCK), n = 0;
	uint64_t one = 1;
	struct epoll_event e;
	struct pollfd p;

	if (leave_out_graphs) {
		close(end);
		return;
	}
	for (uint32_t i = 0; i < 2 + length % 46; i++, n++) {
		fds[n] = node(shape >> i % 8);
		if (fds[n] < 0)
			break;
	}
	if (!n)
		goto out;
	/* Add the edges from the far end to the near one, or the other way round. */
	for (int i = 0; i + 1 < n; i++) {
		int at = shape & 0x10 ? n - 2 - i : i;

		watch(fds[at], shape >> at % 8, fds[at + 1], shape & 0x20);
	}
	if (shape & 0x40)	/* close the loop */
		watch(fds[n - 1], shape >> (n - 1) % 8, fds[0], shape & 0x80);
	else
		watch(fds[n - 1], shape >> (n - 1) % 8, end, shape & 0x80);
	if (write(end, &one, sizeof(one)) < 0)
		own->refused++;
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	poll(&p, 1, 0);
	epoll_wait(fds[0], &e, 1, 0);
	syscall(567, fds[0], 0, 0, NULL, NULL, 8);
	own->calls += 3 + 2 * (uint64_t)n;
	for (int i = 0; i < n; i++)
		close(fds[shape & 1 ? n - 1 - i : i]);
out:
	close(end);
}
