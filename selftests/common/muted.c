// SPDX-License-Identifier: GPL-2.0-only
/*
 * A poll source that asks for no bits, as a program mutes a descriptor with epoll: only
 * errors and hang-ups are reported, in every mode and by every face, until a modify asks for
 * bits again.
 */
#include "face-fixture.h"

/*
 * Add the source of @fd, or modify it. A oneshot one stays after its event, as epoll's does.
 * Returns 0 or a negative errno.
 */
static int set(struct face *f, bool add, int fd, uint32_t events, enum mode mode, uint64_t data)
{
	uint32_t keep = mode == ONESHOT ? KEVENT_REQ_KEEP : 0;
	struct ukevent uk = request(EVCHAN_POLL, fd, events, kevent_mode(mode) | keep, data);

	if (f->kind == EVCHAN)
		return watch(&f->c, add ? EVCHAN_ADD : EVCHAN_MOD, EVCHAN_POLL, fd, events,
			     evchan_mode(mode), data);
	return kevent_request(&f->q, add ? KEVENT_CTL_ADD : KEVENT_CTL_MODIFY, &uk);
}

/* Is there no event? */
static bool quiet(struct face *f)
{
	struct got g;

	return face_fetch(f, &g, 0) == 0;
}

#define EACH_MODE(mode, s) \
	for (enum mode mode = EDGE; mode <= ONESHOT && \
	     !socketpair(AF_UNIX, SOCK_STREAM, 0, s); mode++, close(s[0]))

/* A source that is added muted reports no data and no room, but the hang-up. */
TEST_F(face, muted_from_the_start)
{
	struct got g;
	int s[2];

	EACH_MODE(mode, s) {
		/* There is room to write already. */
		ASSERT_EQ(set(self, true, s[0], 0, mode, mode), 0);
		EXPECT_TRUE(quiet(self));
		ASSERT_EQ(write(s[1], "x", 1), 1);
		EXPECT_TRUE(quiet(self));
		EXPECT_TRUE(quiet(self));
		close(s[1]);
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		EXPECT_EQ(g.events, POLLHUP);
		EXPECT_EQ(g.data, mode);
	}
}

/* The hang-up of a file that has it when it is added. */
TEST_F(face, muted_hang_up_before)
{
	struct got g;
	int s[2];

	EACH_MODE(mode, s) {
		close(s[1]);
		ASSERT_EQ(set(self, true, s[0], 0, mode, mode), 0);
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		EXPECT_EQ(g.events, POLLHUP);
	}
}

/*
 * A modify to no bits mutes a source, and withdraws its event that was not taken. A modify
 * to bits reports what holds then.
 */
TEST_F(face, muted_by_modify)
{
	struct got g;
	int s[2];

	EACH_MODE(mode, s) {
		ASSERT_EQ(set(self, true, s[0], POLLIN, mode, 1), 0);
		ASSERT_EQ(write(s[1], "x", 1), 1);
		ASSERT_EQ(set(self, false, s[0], 0, mode, 2), 0);
		EXPECT_TRUE(quiet(self));
		ASSERT_EQ(write(s[1], "x", 1), 1);
		EXPECT_TRUE(quiet(self));
		ASSERT_EQ(set(self, false, s[0], POLLIN, mode, 3), 0);
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		EXPECT_EQ(g.events, POLLIN);
		EXPECT_EQ(g.data, 3);
		close(s[1]);
	}
}

/* Other types have no bits that are always reported: a source with no bits means nothing. */
TEST_F(face, muted_is_for_poll)
{
	int s[2], p[2];

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ASSERT_EQ(pipe(p), 0);
	EXPECT_EQ(face_watch(self, EVCHAN_SOCKET, s[0], 0, EDGE, 1), -EINVAL);
	EXPECT_EQ(face_watch(self, EVCHAN_PIPE, p[0], 0, EDGE, 1), -EINVAL);
}

TEST_HARNESS_MAIN
