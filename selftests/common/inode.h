/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of inodes share: a temporary directory, and watches through a face. */
#ifndef SELFTESTS_INODE_H
#define SELFTESTS_INODE_H

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "face-fixture.h"

#define CREATE	(IN_CREATE | IN_MOVED_TO)
#define REMOVE	(IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF)

static char dir[64];

static inline char *in_dir(const char *name)
{
	static char path[4][512];
	static int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static inline int make(const char *name)
{
	int fd = open(in_dir(name), O_CREAT | O_RDWR, 0600);

	return fd < 0 ? -1 : close(fd);
}

/* Create a temporary directory, and return its open descriptor. */
static inline int make_dir(void)
{
	strcpy(dir, "/tmp/evcore-XXXXXX");
	return mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY) : -1;
}

static inline void remove_dir(int fd)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (unlink(in_dir(entry->d_name)))
			rmdir(in_dir(entry->d_name));
	if (d)
		closedir(d);
	rmdir(dir);
	close(fd);
}

static inline uint64_t fnv1a(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3ULL;
	return hash;
}

/* The hash of @name as this face reports it: kevent folds it to 32 bits. */
static inline uint64_t name_value(struct face *f, const char *name)
{
	uint64_t hash = fnv1a(name);

	return f->kind == EVCHAN ? hash : (uint32_t)(hash ^ hash >> 32);
}

/*
 * Watch @fd, or the @path relative to it. @mask is inotify's; kevent uses create and remove
 * only.
 */
static inline int watch_at(struct face *f, int op, uint64_t id, int fd, const char *path,
			   uint32_t mask, enum mode mode, uint64_t data)
{
	struct evchan_change ch = {
		.op = op, .type = EVCHAN_INODE, .id = id, .events = mask, .data = data,
		.flags = evchan_mode(mode), .args = { (uint64_t)fd, (uintptr_t)path },
	};
	struct ukevent uk = {
		.id.raw = { fd, id }, .type = KEVENT_INODE, .user = { data },
		.event = (mask & CREATE ? KEVENT_INODE_CREATE : 0) |
			 (mask & REMOVE ? KEVENT_INODE_REMOVE : 0),
		.req_flags = kevent_mode(mode),
	};

	if (op == EVCHAN_DEL)
		ch = removal(&ch);
	if (f->kind == EVCHAN)
		return change(&f->c, &ch);
	return kevent_request(&f->q, op == EVCHAN_ADD ? KEVENT_CTL_ADD :
			      op == EVCHAN_MOD ? KEVENT_CTL_MODIFY : KEVENT_CTL_REMOVE, &uk);
}

static inline int watch_fd(struct face *f, uint64_t id, int fd, uint32_t mask)
{
	return watch_at(f, EVCHAN_ADD, id, fd, NULL, mask, EDGE, id);
}

/* The bits of the next event, in the face's own values; 0 if there is none. */
static inline uint32_t next_bits(struct face *f, struct got *g, long ms)
{
	return face_next(f, g, ms) == 1 ? g->events : 0;
}

static inline uint32_t bits(struct face *f, uint32_t mask)
{
	if (f->kind == EVCHAN)
		return mask;
	return (mask & CREATE ? KEVENT_INODE_CREATE : 0) |
	       (mask & REMOVE ? KEVENT_INODE_REMOVE : 0) |
	       (mask & (IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED));
}

#endif
