// SPDX-License-Identifier: MIT
/*
 * Follow all files of a directory, as tail -F does: an inotify descriptor in a loop with a
 * timer that reports how much came. A child process writes, and waits for what is printed.
 */
#include <errno.h>
#include <evchan.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES	4
#define SUMMARY	300000000	/* nanoseconds */

enum { CHANGES = 1, TICK, CHILD };

static struct file {
	char name[32];
	int fd;
	long seen;
} files[FILES];

static int acks[2];
static long total;

static struct file *find(const char *name)
{
	for (int i = 0; i < FILES; i++) {
		if (files[i].fd > 0 && !strcmp(files[i].name, name))
			return &files[i];
		if (!files[i].fd) {
			snprintf(files[i].name, sizeof(files[i].name), "%s", name);
			return &files[i];
		}
	}
	return NULL;
}

/* Print what was added to a file, and let the writer go on after each line. */
static void follow(struct file *f)
{
	char text[256], *line = text, *end;
	ssize_t n = pread(f->fd, text, sizeof(text) - 1, f->seen);

	if (n <= 0)
		return;
	text[n] = 0;
	while ((end = strchr(line, '\n'))) {
		*end++ = 0;
		printf("%s: %s\n", f->name, line);
		total += end - line;
		f->seen += end - line;
		line = end;
		if (write(acks[1], "", 1) != 1)
			perror("ack");
	}
}

static void changed(const char *directory, const struct inotify_event *e)
{
	struct file *f = find(e->name);
	char path[128];

	if (!f)
		return;
	snprintf(path, sizeof(path), "%s/%s", directory, e->name);
	if (e->mask & (IN_CREATE | IN_MOVED_TO) && f->fd <= 0) {
		f->fd = open(path, O_RDONLY | O_CLOEXEC);
		f->seen = 0;
		if (e->mask & IN_MOVED_TO)
			f->seen = lseek(f->fd, 0, SEEK_END);
	} else if (e->mask & (IN_DELETE | IN_MOVED_FROM) && f->fd > 0) {
		printf("%s: %s\n", f->name, e->mask & IN_DELETE ? "deleted" : "rotated");
		close(f->fd);
		f->fd = -1;
		f->name[0] = 0;
	}
	if (f->fd > 0)
		follow(f);
}

static void read_changes(int ifd, const char *directory)
{
	char buffer[4096] __attribute__((aligned(8)));
	const struct inotify_event *e;
	ssize_t n;

	while ((n = read(ifd, buffer, sizeof(buffer))) > 0) {
		for (char *p = buffer; p < buffer + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(void *)p;
			changed(directory, e);
		}
	}
	if (n < 0 && errno != EAGAIN)
		perror("inotify");
}

/* Append a line, and wait until it was printed. */
static void append(const char *name, const char *text)
{
	FILE *f = fopen(name, "a");
	char c;

	if (!f)
		exit(1);
	fprintf(f, "%s\n", text);
	fclose(f);
	if (read(acks[0], &c, 1) != 1)
		exit(1);
}

static void be_writer(const char *directory)
{
	if (chdir(directory))
		exit(1);
	append("a.log", "first");
	append("b.log", "of another file");
	append("a.log", "second");
	rename("a.log", "a.log.1");
	append("a.log", "of the new file");
	append("a.log.1", "late, for the old file");
	unlink("b.log");
	unlink("a.log.1");
	unlink("a.log");
	exit(0);
}

int main(void)
{
	char directory[] = "/tmp/tail.XXXXXX";
	int ifd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), gone[2], reports = 0, ended = 0;
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	if (!ec || !mkdtemp(directory) || pipe(acks) || pipe(gone) ||
	    inotify_add_watch(ifd, directory, IN_CREATE | IN_MODIFY | IN_MOVE | IN_DELETE) < 0 ||
	    ec_watch(ec, EVCHAN_POLL, ifd, POLLIN, EVCHAN_LEVEL, CHANGES) < 0 ||
	    ec_watch(ec, EVCHAN_PIPE, gone[0], EVCHAN_RECV, EVCHAN_LEVEL, CHILD) < 0 ||
	    ec_timer(ec, TICK, CLOCK_MONOTONIC, SUMMARY, SUMMARY, TICK) < 0) {
		ec_perror("tail");
		return 1;
	}
	if (!fork()) {
		close(gone[0]);
		be_writer(directory);
	}
	close(gone[1]);
	/* It ends after two reports that follow the end of the writer. */
	while (reports < 2 && !ec_wait_event(ec, &ev)) {
		if (ev.data == CHANGES) {
			read_changes(ifd, directory);
		} else if (ev.data == CHILD) {
			ended = 1;
			ec_unwatch(ec, EVCHAN_PIPE, gone[0]);
		} else if (ended && ev.value) {
			reports++;
		}
	}
	ec_remove(ec, EVCHAN_TIMER, TICK);
	wait(NULL);
	printf("%ld bytes\n", total);
	rmdir(directory);
	ec_destroy(ec);
	return 0;
}
