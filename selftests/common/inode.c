// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes as event sources, through every face. The event channel must report, event by
 * event, what inotify reports of the same operations; kevent reports creation and removal
 * only.
 */
#include <sys/mount.h>

#include "inode.h"

TEST_F(face, inode_create_and_remove)
{
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(watch_fd(self, 3, fd, CREATE | REMOVE), 0);
	ASSERT_EQ(make("one"), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_CREATE));
	EXPECT_EQ(g.type, EVCHAN_INODE);
	EXPECT_EQ(g.data, 3);
	EXPECT_EQ(g.value, name_value(self, "one"));
	EXPECT_EQ(g.extra, 0);
	if (self->kind == EVCHAN) {
		EXPECT_EQ(g.id, 3);
		EXPECT_EQ(g.length, 3);
	}
	ASSERT_EQ(unlink(in_dir("one")), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_DELETE));
	EXPECT_EQ(g.value, name_value(self, "one"));
	EXPECT_EQ(face_next(self, &g, 0), 0);
	/* After the removal of the watch nothing is reported. */
	ASSERT_GE(watch_at(self, EVCHAN_DEL, 3, fd, NULL, CREATE, EDGE, 0), 0);
	ASSERT_EQ(make("two"), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	remove_dir(fd);
}

/* Both halves of a rename carry the same cookie, as in inotify. */
TEST_F(face, inode_rename)
{
	int fd = make_dir();
	struct got from, to;

	ASSERT_EQ(make("a"), 0);
	ASSERT_EQ(watch_fd(self, 1, fd, CREATE | REMOVE), 0);
	ASSERT_EQ(rename(in_dir("a"), in_dir("b")), 0);
	ASSERT_EQ(next_bits(self, &from, LONG_MS), bits(self, IN_MOVED_FROM));
	ASSERT_EQ(next_bits(self, &to, LONG_MS), bits(self, IN_MOVED_TO));
	EXPECT_EQ(from.value, name_value(self, "a"));
	EXPECT_EQ(to.value, name_value(self, "b"));
	EXPECT_NE(from.extra, 0);
	EXPECT_EQ(from.extra, to.extra);
	remove_dir(fd);
}

/* Do one of everything that inotify reports. */
static void do_everything(int fd)
{
	char c;
	int f;

	make("file");
	mkdir(in_dir("sub"), 0700);
	f = open(in_dir("file"), O_RDWR);
	if (f < 0 || write(f, "xy", 2) != 2 || pread(f, &c, 1, 0) != 1 || ftruncate(f, 1))
		return;
	close(f);
	close(open(in_dir("file"), O_RDONLY));
	chmod(in_dir("file"), 0400);
	link(in_dir("file"), in_dir("other"));
	rename(in_dir("other"), in_dir("third"));
	unlink(in_dir("third"));
	close(open(in_dir("sub"), O_RDONLY | O_DIRECTORY));
	rmdir(in_dir("sub"));
	fchmod(fd, 0755);
}

TEST_F(face, inode_same_as_inotify)
{
	char buf[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	int fd = make_dir(), ino = inotify_init1(IN_NONBLOCK), n, at = 0, events = 0;
	struct got g, last = { 0 };

	if (self->kind != EVCHAN)
		return;
	ASSERT_GE(inotify_add_watch(ino, dir, IN_ALL_EVENTS), 0);
	ASSERT_EQ(watch_fd(self, 1, fd, IN_ALL_EVENTS), 0);
	do_everything(fd);
	n = read(ino, buf, sizeof(buf));
	ASSERT_GT(n, 0);
	while (at < n) {
		struct inotify_event *e = (void *)(buf + at);
		const char *name = e->len ? e->name : "";
		uint64_t hash = *name ? fnv1a(name) : 0;

		/*
		 * inotify merges an event into an equal one just before it; the channel need
		 * not.
		 */
		do {
			ASSERT_EQ(face_next(self, &g, 0), 1);
		} while (events && g.events == last.events && g.value == last.value &&
			 (g.events != e->mask || g.value != hash));
		ASSERT_EQ(g.events, e->mask) {
			TH_LOG("event %d, of '%s'", events, name);
		}
		EXPECT_EQ(g.value, hash);
		EXPECT_EQ(g.length, strlen(name));
		EXPECT_EQ(g.extra, e->cookie);
		last = g;
		events++;
		at += sizeof(*e) + e->len;
	}
	while (face_next(self, &g, 0) == 1)
		EXPECT_EQ(g.events, last.events);
	EXPECT_GT(events, 15);
	close(ino);
	remove_dir(fd);
}

/* Several watches of one inode, in one queue and in another. */
TEST_F(face, inode_duplicates)
{
	int fd = make_dir(), again = open(dir, O_RDONLY);
	struct channel other;
	struct evchan_event e;
	struct got g;
	uint64_t seen = 0;

	ASSERT_EQ(channel_open(&other, 8, 0), 0);
	ASSERT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	ASSERT_EQ(watch_fd(self, 2, fd, CREATE | REMOVE), 0);
	ASSERT_EQ(watch_fd(self, 3, again, REMOVE), 0);
	EXPECT_EQ(watch_fd(self, 3, again, REMOVE), -EEXIST);
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .id = 4, .events = IN_CREATE,
		.args = { (uint64_t)fd },
	};
	ASSERT_EQ(change(&other, &ch), 0);
	ASSERT_EQ(make("one"), 0);
	while (face_next(self, &g, 0) == 1)
		seen |= 1 << g.data;
	EXPECT_EQ(seen, 0x6);
	EXPECT_EQ(take(&other, &e), 1);
	EXPECT_EQ(e.id, 4);
	close(again);
	close(fd);	/* the descriptor is needed only to find the inode */
	ASSERT_EQ(unlink(in_dir("one")), 0);
	seen = 0;
	while (face_next(self, &g, 0) == 1)
		seen |= 1 << g.data;
	EXPECT_EQ(seen, 0xc);
	channel_close(&other);
	remove_dir(-1);
}

TEST_F(face, inode_modified)
{
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	ASSERT_EQ(watch_at(self, EVCHAN_MOD, 1, fd, NULL, REMOVE, EDGE, 5), 0);
	ASSERT_EQ(make("one"), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(unlink(in_dir("one")), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_DELETE));
	EXPECT_EQ(g.data, 5);
	EXPECT_EQ(face_sources(self), 1);
	remove_dir(fd);
}

/* A modify can name another inode, which is then watched in place of the first. */
TEST_F(face, inode_modified_to_another)
{
	int fd = make_dir();
	struct got g;

	if (self->kind != EVCHAN)	/* in kevent the inode is part of the id */
		return;
	ASSERT_EQ(mkdir(in_dir("sub"), 0700), 0);
	ASSERT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	ASSERT_EQ(watch_at(self, EVCHAN_MOD, 1, fd, "sub", CREATE, EDGE, 2), 0);
	ASSERT_EQ(make("one"), 0);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(make("sub/two"), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), IN_CREATE);
	EXPECT_EQ(g.value, fnv1a("two"));
	ASSERT_EQ(watch_at(self, EVCHAN_MOD, 1, fd, "nothing", CREATE, EDGE, 3), -ENOENT);
	ASSERT_EQ(make("sub/three"), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), IN_CREATE);
	EXPECT_EQ(g.data, 2);
	unlink(in_dir("sub/two"));
	unlink(in_dir("sub/three"));
	remove_dir(fd);
}

TEST_F(face, inode_oneshot)
{
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(watch_at(self, EVCHAN_ADD, 1, fd, NULL, CREATE, ONESHOT, 1), 0);
	ASSERT_EQ(make("one"), 0);
	ASSERT_EQ(make("two"), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_CREATE));
	EXPECT_EQ(face_next(self, &g, 0), 0);
	ASSERT_EQ(watch_at(self, self->kind == EVCHAN ? EVCHAN_MOD : EVCHAN_ADD, 1, fd, NULL,
			   CREATE, ONESHOT, 2), 0);
	ASSERT_EQ(make("three"), 0);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_CREATE));
	EXPECT_EQ(g.value, name_value(self, "three"));
	remove_dir(fd);
}

TEST_F(face, inode_errors)
{
	int fd = make_dir(), path_fd = open(dir, O_PATH);

	ASSERT_GE(path_fd, 0);
	EXPECT_EQ(watch_at(self, EVCHAN_ADD, 1, fd, NULL, CREATE, LEVEL, 0),
		  self->kind == EVCHAN ? -EINVAL : 0);	/* kevent treats it as edge-triggered */
	EXPECT_EQ(watch_fd(self, 2, path_fd, CREATE), -EBADF);
	EXPECT_EQ(watch_fd(self, 2, -1, CREATE), -EBADF);
	EXPECT_EQ(watch_fd(self, 2, fd, 0), -EINVAL);
	if (self->kind == EVCHAN) {
		EXPECT_EQ(watch_fd(self, 2, fd, IN_ONLYDIR), -EINVAL);
		EXPECT_EQ(watch_fd(self, 2, fd, IN_CREATE | IN_ONESHOT), -EINVAL);
		EXPECT_EQ(watch_fd(self, 2, fd, IN_CREATE | IN_MASK_ADD), -EINVAL);
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 2, fd, "nothing", CREATE, EDGE, 0), -ENOENT);
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 2, fd, (char *)8, CREATE, EDGE, 0), -EFAULT);
		ASSERT_EQ(make("file"), 0);
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 2, fd, "file", IN_OPEN | IN_ONLYDIR, EDGE,
				   0), -ENOTDIR);
		ASSERT_EQ(symlink("nothing", in_dir("link")), 0);
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 2, fd, "link", IN_ATTRIB, EDGE, 0), -ENOENT);
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 2, fd, "link", IN_ATTRIB | IN_DONT_FOLLOW,
				   EDGE, 0), 0);
		/* A relative path starts at the current directory, as in inotify. */
		EXPECT_EQ(watch_at(self, EVCHAN_ADD, 3, AT_FDCWD, dir, CREATE, EDGE, 0), 0);
	}
	close(path_fd);
	remove_dir(fd);
}

/* As in inotify, a watch needs read permission now, whatever mode the file was opened with. */
TEST_F(face, inode_permission)
{
	int fd = make_dir(), file, status;
	pid_t pid;

	ASSERT_EQ(make("secret"), 0);
	file = open(in_dir("secret"), O_RDONLY);
	pid = fork();
	if (!pid) {
		if (setuid(65534))
			_exit(1);
		_exit(watch_fd(self, 1, file, CREATE | REMOVE) != -EACCES ||
		      inotify_add_watch(inotify_init(), in_dir("secret"), IN_OPEN) != -1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(watch_fd(self, 1, file, CREATE | REMOVE), 0);
	close(file);
	remove_dir(fd);
}

/* The removal of the inode is reported, after all earlier events, and ends the watch. */
TEST_F(face, inode_removed)
{
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(mkdir(in_dir("sub"), 0700), 0);
	int sub = open(in_dir("sub"), O_RDONLY | O_DIRECTORY);

	ASSERT_EQ(watch_fd(self, 1, sub, CREATE | REMOVE), 0);
	close(sub);
	for (int i = 0; i < 20; i++) {	/* more than the ring has slots */
		char name[32];

		snprintf(name, sizeof(name), "sub/%d", i);
		ASSERT_EQ(make(name), 0);
		ASSERT_EQ(unlink(in_dir(name)), 0);
	}
	ASSERT_EQ(rmdir(in_dir("sub")), 0);
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_CREATE));
		EXPECT_EQ(g.value, name_value(self, name));
		ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_DELETE));
		EXPECT_EQ(g.value, name_value(self, name));
	}
	ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_DELETE_SELF));
	ASSERT_EQ(next_bits(self, &g, 0), bits(self, IN_IGNORED));
	EXPECT_EQ(g.data, 1);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(face_sources(self), 0);
	remove_dir(fd);
}

/* A disarmed oneshot is told too that its inode no longer exists. */
TEST_F(face, inode_removed_when_disarmed)
{
	int fd = make_dir();
	struct got g;

	if (self->kind != EVCHAN)	/* in kevent it is removed by its delivery */
		return;
	ASSERT_EQ(mkdir(in_dir("sub"), 0700), 0);
	ASSERT_EQ(watch_at(self, EVCHAN_ADD, 1, fd, "sub", CREATE, ONESHOT, 1), 0);
	ASSERT_EQ(make("sub/one"), 0);
	ASSERT_EQ(next_bits(self, &g, 0), IN_CREATE);
	ASSERT_EQ(unlink(in_dir("sub/one")), 0);
	ASSERT_EQ(rmdir(in_dir("sub")), 0);
	ASSERT_EQ(next_bits(self, &g, 0), IN_IGNORED);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(face_sources(self), 0);
	remove_dir(fd);
}

/* Between the end of the inode and the delivery of IN_IGNORED the watch cannot be modified. */
TEST_F(face, inode_removed_in_overflow)
{
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(mkdir(in_dir("sub"), 0700), 0);
	int sub = open(in_dir("sub"), O_RDONLY | O_DIRECTORY);

	ASSERT_EQ(watch_fd(self, 1, sub, CREATE), 0);
	for (int i = 0; i < 10; i++) {
		char name[32];

		snprintf(name, sizeof(name), "sub/%d", i);
		ASSERT_EQ(make(name), 0);
		ASSERT_EQ(unlink(in_dir(name)), 0);
	}
	ASSERT_EQ(rmdir(in_dir("sub")), 0);
	/* The inode is removed when its last user closes it. */
	if (self->kind == EVCHAN)
		close(sub);
	if (self->kind == EVCHAN) {
		EXPECT_EQ(watch_at(self, EVCHAN_MOD, 1, fd, NULL, CREATE, EDGE, 1), -ENOENT);
		EXPECT_EQ(watch_fd(self, 1, fd, CREATE), -EEXIST);
		for (int i = 0; i < 10; i++)
			ASSERT_EQ(next_bits(self, &g, 0), IN_CREATE);
		ASSERT_EQ(next_bits(self, &g, 0), IN_IGNORED);
		EXPECT_EQ(watch_fd(self, 1, fd, CREATE), 0);
	} else {
		ASSERT_GE(watch_at(self, EVCHAN_DEL, 1, sub, NULL, CREATE, EDGE, 1), 0);
		close(sub);
	}
	remove_dir(fd);
}

TEST_F(face, inode_unmounted)
{
	int fd = make_dir(), root;
	struct got g;

	ASSERT_EQ(mkdir(in_dir("mnt"), 0700), 0);
	ASSERT_EQ(mount("none", in_dir("mnt"), "tmpfs", 0, NULL), 0);
	root = open(in_dir("mnt"), O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(watch_fd(self, 1, root, CREATE), 0);
	close(root);
	ASSERT_EQ(make("mnt/one"), 0);
	ASSERT_EQ(umount(in_dir("mnt")), 0);	/* the watch does not keep the mount busy */
	ASSERT_EQ(next_bits(self, &g, LONG_MS), bits(self, IN_CREATE));
	ASSERT_EQ(next_bits(self, &g, LONG_MS) & ~IN_ISDIR, IN_UNMOUNT);
	ASSERT_EQ(next_bits(self, &g, LONG_MS), IN_IGNORED);
	EXPECT_EQ(face_next(self, &g, 0), 0);
	EXPECT_EQ(face_sources(self), 0);
	remove_dir(fd);
}

/* The queue is closed while events are outstanding. */
TEST_F(face, inode_closed_with_events)
{
	int fd = make_dir();

	ASSERT_EQ(watch_fd(self, 1, fd, CREATE | REMOVE), 0);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(make("x"), 0);
		ASSERT_EQ(unlink(in_dir("x")), 0);
	}
	remove_dir(fd);
}

struct maker {
	pthread_t thread;
	int stop;
	int made;
};

static void *make_thread(void *arg)
{
	struct maker *m = arg;

	while (!__atomic_load_n(&m->stop, __ATOMIC_ACQUIRE)) {
		make("x");
		unlink(in_dir("x"));
		m->made++;
	}
	return NULL;
}

/* Watches are added, changed and removed while events occur. */
TEST_F(face, inode_removed_under_load)
{
	struct maker m = { 0 };
	int fd = make_dir();
	struct got g;

	ASSERT_EQ(pthread_create(&m.thread, NULL, make_thread, &m), 0);
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(watch_fd(self, 1, fd, CREATE | REMOVE), 0);
		if (i % 4 == 0)
			ASSERT_EQ(face_next(self, &g, LONG_MS), 1);
		ASSERT_EQ(watch_at(self, EVCHAN_MOD, 1, fd, NULL, CREATE, EDGE, 1), 0);
		ASSERT_GE(watch_at(self, EVCHAN_DEL, 1, fd, NULL, CREATE, EDGE, 1), 0);
		while (face_next(self, &g, 0) == 1)
			;
	}
	__atomic_store_n(&m.stop, 1, __ATOMIC_RELEASE);
	pthread_join(m.thread, NULL);
	EXPECT_GT(m.made, 0);
	remove_dir(fd);
}

TEST_HARNESS_MAIN
