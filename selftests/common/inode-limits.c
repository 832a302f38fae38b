// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of inode sources: records outside the ring, marks on one inode, watches of a
 * user. Beyond a limit events are only counted, or the watch is refused.
 */
#include <sys/resource.h>

#include "inode.h"

#define MAX_HELD 4096		/* records of one source outside the ring */
#define MAX_QUEUED 16384	/* records of all inode sources of a queue */
#define MAX_MARKS 128		/* marks of one user's queues on one inode */

/* Beyond the limit of records of one source, events are counted and reported as an overrun. */
TEST_F_TIMEOUT(face, inode_overrun, 120)
{
	unsigned int room = self->kind == KEVENT ? 0 : FACE_SLOTS, created = 0;
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	ASSERT_EQ(make("file"), 0);
	/* A link that exists for a moment only still makes one IN_CREATE. */
	for (created = 1; created < room + MAX_HELD + 100; created++) {
		ASSERT_EQ(link(in_dir("file"), in_dir("x")), 0);
		ASSERT_EQ(unlink(in_dir("x")), 0);
	}
	for (unsigned int i = 0; i < room + MAX_HELD; i++)
		ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_CREATE));
	ASSERT_EQ(next_bits(self, &g, 0), IN_Q_OVERFLOW);
	EXPECT_EQ(g.value, 100);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	/* After the overrun new events are reported as usual. */
	ASSERT_EQ(make("y"), 0);
	ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_CREATE));
	EXPECT_EQ(g.value, name_value(self, "y"));
	remove_dir(fd);
}

/*
 * Everybody who opens an inode pays for the marks on it, so one user's queues may have only
 * so many there; each other user has a limit of its own.
 */
TEST_F(face, inode_marks_of_a_user)
{
	int fd = make_dir(), again[MAX_MARKS + 1], n, ret = 0, status;
	struct channel more;
	pid_t pid;

	/* The limit is for both queues together, whichever adds the mark. */
	ASSERT_EQ(channel_open(&more, 8, 0), 0);
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .events = IN_CREATE,
		.args = { (uint64_t)fd },
	};
	ASSERT_EQ(change(&more, &ch), 0);
	for (n = 0; n < MAX_MARKS && !ret; n++) {
		/* In kevent the descriptor is part of the id, so each watch needs its own. */
		again[n] = dup(fd);
		ret = watch_fd(self, n, again[n], CREATE);
	}
	EXPECT_EQ(ret, -ENOSPC);
	EXPECT_EQ(n, MAX_MARKS);
	EXPECT_EQ(face_sources(self), MAX_MARKS - 1);
	ch.id = 1;
	EXPECT_EQ(change(&more, &ch), -ENOSPC);
	pid = fork();
	if (!pid) {
		struct channel own;

		if (chmod(dir, 0755) || setuid(65534) || channel_open(&own, 8, 0))
			_exit(1);
		_exit(change(&own, &ch) != 0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	/* Each removal makes room for one addition. */
	ASSERT_GE(watch_at(self, EVCHAN_DEL, 3, again[3], NULL, CREATE, EDGE, 0), 0);
	EXPECT_EQ(change(&more, &ch), 0);
	ch.id = 2;
	EXPECT_EQ(change(&more, &ch), -ENOSPC);
	/* Changing the mask needs no further mark. */
	EXPECT_EQ(watch_at(self, EVCHAN_MOD, 5, again[5], NULL, REMOVE, EDGE, 0), 0);
	while (n--)
		close(again[n]);
	channel_close(&more);
	remove_dir(fd);
}

/* Beyond the limit of records of one queue, events are counted. */
TEST_F_TIMEOUT(face, inode_overrun_of_a_queue, 120)
{
	enum { WATCHES = 5, EACH = 3500 };
	unsigned int events = 0, lost = 0;
	int fd = make_dir();
	struct got g;

	if (self->kind != EVCHAN)
		return;
	for (int i = 0; i < WATCHES; i++)
		ASSERT_EQ(watch_fd(self, i, fd, IN_ATTRIB), 0);
	for (int i = 0; i < EACH; i++)
		ASSERT_EQ(fchmod(fd, 0700), 0);
	EXPECT_LE(counter(face_fd(self), "records"), MAX_QUEUED + WATCHES);
	while (face_next(self, &g, 0) == 1) {
		if (g.events == IN_Q_OVERFLOW)
			lost += g.value;
		else
			events++;
	}
	EXPECT_EQ(events, MAX_QUEUED + FACE_SLOTS);
	EXPECT_EQ(events + lost, WATCHES * EACH);
	EXPECT_EQ(counter(face_fd(self), "records"), 0);
	remove_dir(fd);
}

/* The records of all queues of a user have one limit; beyond it events are counted. */
TEST_F(face, inode_overrun_of_a_user)
{
	const char *limit = "/proc/sys/fs/evcore/max_user_records";
	unsigned int room = self->kind == KEVENT ? 0 : FACE_SLOTS;
	int fd = make_dir(), before;
	char old[32] = "", text[32];
	FILE *f = fopen(limit, "r");
	struct got g;

	ASSERT_NE(f, NULL);
	ASSERT_NE(fgets(old, sizeof(old), f), NULL);
	fclose(f);
	ASSERT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	before = settled_user_records(self, 1);
	ASSERT_EQ(before, 1);	/* the record reserved for IN_IGNORED */
	ASSERT_EQ(make("file"), 0);
	while (face_next(self, &g, 0) == 1)
		;
	snprintf(text, sizeof(text), "%d", before + 20);
	ASSERT_EQ(write_file(limit, text), 0);
	for (unsigned int i = 0; i < room + 50; i++) {
		link(in_dir("file"), in_dir("x"));
		unlink(in_dir("x"));
	}
	EXPECT_EQ(counter(face_fd(self), "user_records"), before + 20);
	EXPECT_EQ(watch_fd(self, 2, fd, CREATE), -ENOSPC);
	ASSERT_EQ(write_file(limit, old), 0);
	for (unsigned int i = 0; i < room + 20; i++)
		ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_CREATE));
	ASSERT_EQ(next_bits(self, &g, 0), IN_Q_OVERFLOW);
	EXPECT_EQ(g.value, 30);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(counter(face_fd(self), "user_records"), before);
	remove_dir(fd);
}

/* The limit on inotify watches includes these watches. */
TEST_F(face, inode_limit)
{
	const char *limit = "/proc/sys/user/max_inotify_watches";
	int fd = make_dir(), ret = 0, n;
	char old[32] = "";
	FILE *f = fopen(limit, "r");

	ASSERT_NE(f, NULL);
	ASSERT_NE(fgets(old, sizeof(old), f), NULL);
	fclose(f);
	ASSERT_EQ(write_file(limit, "5"), 0);
	for (n = 0; n < 10 && !ret; n++)
		ret = watch_fd(self, n, fd, CREATE);
	ASSERT_EQ(write_file(limit, old), 0);
	EXPECT_EQ(ret, -ENOSPC);
	EXPECT_EQ(n, 6);
	EXPECT_EQ(face_sources(self), 5);
	remove_dir(fd);
}

TEST_HARNESS_MAIN
