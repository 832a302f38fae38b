// SPDX-License-Identifier: GPL-2.0-only
/* Queues in epoll sets: an edge-triggered set is told of each event, and circles end. */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "face-fixture.h"

enum { MANY = 2 * FACE_SLOTS };

/* Make an epoll set that watches @fd edge-triggered. */
static int set_that_watches(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(0);

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) ? -1 : set;
}

/* How many edges an epoll set reports: 1, and none after that, or 0. */
static int edges(int set)
{
	struct epoll_event ev;
	int n = epoll_wait(set, &ev, 1, LONG_MS);

	return n == 1 ? 1 + epoll_wait(set, &ev, 1, 0) : n;
}

/*
 * Events of a source whose earlier event was not taken, of a socket, and of a second source: an
 * epoll set is told of each, although nobody takes any. This is what epoll sets in epoll sets do.
 */
TEST_F(face, edge_watcher_is_told_of_each_event)
{
	int set = set_that_watches(face_fd(self)), fd[2], s[2];
	struct got g;

	ASSERT_GE(set, 0);
	for (enum mode mode = EDGE; mode <= LEVEL; mode++) {
		ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, s[0], POLLIN, mode, 1), 0);
		for (int i = 0; i < 2; i++) {
			fd[i] = eventfd(0, EFD_NONBLOCK);
			ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd[i], POLLIN, mode, 2 + i), 0);
		}
		for (int round = 0; round < 3; round++) {
			for (int i = 0; i < 2; i++) {
				raise_eventfd(fd[i]);
				EXPECT_EQ(edges(set), 1);
			}
			ASSERT_EQ(write(s[1], "x", 1), 1);
			EXPECT_EQ(edges(set), 1);
		}
		for (int i = 0; i < 2; i++)
			close(fd[i]);
		close(s[0]);
		close(s[1]);
		while (face_next(self, &g, 0) == 1)
			;
		edges(set);
	}
	close(set);
}

/* The same for events that find the ring full, and that merge with events that did so. */
TEST_F(face, edge_watcher_is_told_when_the_ring_is_full)
{
	int set = set_that_watches(face_fd(self)), fd[MANY];
	struct got g;

	ASSERT_GE(set, 0);
	for (int i = 0; i < MANY; i++) {
		fd[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd[i], POLLIN, EDGE, i), 0);
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			raise_eventfd(fd[i]);
			EXPECT_EQ(edges(set), 1);
		}
	}
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(face_next(self, &g, LONG_MS), 1);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	close(set);
}

/*
 * poll() by one thread finds the events that another has been told of through an epoll set and
 * has not taken.
 */
TEST_F(face, told_events_can_be_polled)
{
	int set = set_that_watches(face_fd(self)), fd = eventfd(0, EFD_NONBLOCK);
	struct pollfd p = { face_fd(self), POLLIN, 0 };
	struct got g;

	ASSERT_GE(set, 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, EDGE, 1), 0);
	for (int i = 0; i < 3; i++) {
		raise_eventfd(fd);
		EXPECT_EQ(edges(set), 1);
		EXPECT_EQ(poll(&p, 1, 0), 1);
	}
	EXPECT_EQ(face_next(self, &g, 0), 1);
	close(fd);
	close(set);
}

/*
 * A queue watches an epoll set that watches the queue, edge-triggered in both directions. An
 * event must not go round for ever: that would be in interrupt context, and the test would hang.
 */
TEST_F(face, circle_with_an_edge_triggered_set_ends)
{
	int set = set_that_watches(face_fd(self)), fd = eventfd(0, EFD_NONBLOCK);
	struct epoll_event ev;
	struct got g;

	ASSERT_GE(set, 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, EDGE, 1), 0);
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, set, POLLIN, EDGE, 2), 0);
	for (int i = 0; i < 20; i++) {
		raise_eventfd(fd);
		EXPECT_EQ(epoll_wait(set, &ev, 1, LONG_MS), 1);
		EXPECT_EQ(face_next(self, &g, LONG_MS), 1);
		/* What the set posts is at most one more event. */
		for (int n = 0; face_next(self, &g, 0) == 1; n++)
			ASSERT_LE(n, 2);
	}
	close(set);
	close(fd);
}

TEST_HARNESS_MAIN
