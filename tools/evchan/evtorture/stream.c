// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources whose events have a number or stand for consecutive numbers: user events,
 * realtime signals and entries of a directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

static int nothing_open(struct source *s)
{
	(void)s;
	return 0;
}

static void nothing_close(struct source *s)
{
	(void)s;
}

/* If there is no registration, the post fails and the number is used again. */
static int user_produce(struct source *s)
{
	return queue_post(s, s->sent + 1) ? -1 : 0;
}

static int realtime_open(struct source *s)
{
	s->fd = SIGRTMIN + (int)s->index;
	/* Without a registration the signal must not kill the process. */
	signal(s->fd, SIG_IGN);
	return 0;
}

static int realtime_produce(struct source *s)
{
	return sigqueue(getpid(), s->fd, (union sigval){ .sival_int = (int)(s->sent + 1) });
}

static void directory_name(const struct source *s, char *path, size_t length)
{
	snprintf(path, length, "/dev/shm/evtorture-%d-%u", (int)s->wfd, s->index);
}

static int inode_open(struct source *s)
{
	char path[64];

	s->wfd = getpid();
	directory_name(s, path, sizeof(path));
	if (mkdir(path, 0700))
		return -1;
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->fd < 0 ? -1 : 0;
}

static void inode_close(struct source *s)
{
	char path[64];

	directory_name(s, path, sizeof(path));
	close(s->fd);
	rmdir(path);
}

static int inode_produce(struct source *s)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%llu", (unsigned long long)(s->sent + 1));
	fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	unlinkat(s->fd, name, 0);
	return 0;
}

const struct kind stream_kinds[] = {
	{ .name = "user", .class = STREAM, .type = EVCHAN_USER, .events = 1,
	  .modes = 1 << EDGE, .open = nothing_open, .close = nothing_close,
	  .produce = user_produce },
	{ .name = "realtime", .class = STREAM, .type = EVCHAN_SIGNAL, .events = 1,
	  .modes = 1 << EDGE, .open = realtime_open, .close = nothing_close,
	  .produce = realtime_produce },
	{ .name = "inode", .class = STREAM, .type = EVCHAN_INODE, .events = IN_CREATE,
	  .modes = 1 << EDGE, .open = inode_open, .close = inode_close,
	  .produce = inode_produce },
};
const unsigned int nr_stream = sizeof(stream_kinds) / sizeof(*stream_kinds);
