// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo: the table of scenarios, its rows, and what the scenarios share. What
 * is expected comes from the producers - the client on the host, other processes,
 * the clock, threads - and never from the interface under test.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Of the types in Documentation/sources.rst each needs a scenario. */
static const struct type {
	const char *name;
	unsigned int number;
} types[] = {
#define ROW(name, number, modes) { #name, number },
#include "sources.h"	/* made by scripts/sources-table */
#undef ROW
};

static const struct scenario {
	const char *name;
	const char *type;
	unsigned int entries;	/* of the ring; a small one so that it overflows */
	void (*run)(struct tally *t);
} scenarios[] = {
	{ "tcp", "socket", 256, tcp },
	{ "pipe", "pipe", 256, pipe_feed },
	{ "terminal", "poll", 256, terminal },
	{ "overflow", "poll", 8, overflow },
	{ "timer", "timer", 256, timers },
	{ "posix_timer", "posix_timer", 8, posix_timers },
	{ "signal", "signal", 8, signals },
	{ "sigqueue", "signal", 64, queued_signals },
	{ "process", "process", 16, exits },
	{ "threads", "user", 64, user_threads },
	{ "processes", "user", 64, user_processes },
	{ "mqueue", "mqueue", 64, mqueue },
	{ "futex", "futex", 64, futex },
	{ "inode", "inode", 64, files },
	{ "aio", "aio", 64, aio },
};

const struct face *face;
const char *programs;
int port;

static unsigned int type;	/* of the scenario that runs */
static unsigned long long strangers;
static int failed;

static const struct type *type_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	errx(2, "demo: no type '%s' in Documentation/sources.rst", name);
}

static void check_types(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t j = 0;

		while (j < ARRAY_SIZE(scenarios) && type_named(scenarios[j].type) != &types[i])
			j++;
		if (j == ARRAY_SIZE(scenarios))
			errx(2, "demo: no scenario for the type '%s' of Documentation/sources.rst",
			     types[i].name);
	}
}

unsigned long long counter(const char *name)
{
	unsigned long long value = 0;
	char path[64], line[256];
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", face->fd());
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = strtoull(line + len + 1, NULL, 10);
	fclose(f);
	return value;
}

static void row(const struct scenario *s, const struct tally *t)
{
	unsigned long long lost = t->expected > t->delivered ? t->expected - t->delivered : 0;
	unsigned long long corrupt = t->corrupt + strangers;

	/* More than there were is as wrong as fewer. */
	if (t->delivered != t->expected || !t->expected || t->disordered || corrupt)
		failed = 1;
	printf("ROW %-11s %-7s %8llu %9llu %5llu %8llu %10llu %7llu %9.3f\n", s->name,
	       face->name, t->expected, t->delivered, lost + corrupt, t->disordered,
	       counter("overflowed"), counter("merged"),
	       t->delivered ? (double)face->calls() / (double)t->delivered : 0.0);
	fflush(stdout);
}

void tally_stream(struct tally *t, const struct stream *s)
{
	t->expected += s->total;
	t->delivered += s->received;
	t->disordered += s->disordered;
	t->corrupt += s->corrupt + !s->done;
}

void must_show(struct tally *t, const char *what, unsigned long long shown)
{
	if (shown)
		return;
	printf("%s: %s: never happened, so nothing was shown\n", face->name, what);
	t->corrupt++;
}

int next_there(struct happened *h)
{
	if (!face->next(h, 0))
		return 0;
	strangers += h->type != type;
	return 1;
}

/* Generous, a busy host is slow; but once something is lost much else may be. */
int next_event(struct happened *h)
{
	if (!face->next(h, failed ? 2000 : 20000))
		return 0;
	strangers += h->type != type;
	return 1;
}

void nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err(1, "fcntl");
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void make_pipe(int fds[2])
{
	if (pipe(fds))
		err(1, "pipe");
}

pid_t start_child(void)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return child;
}

int end_child(pid_t child, int complete)
{
	int status;

	if (!complete)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	return status;
}

void tell(int fd, const void *what, size_t size)
{
	/* So small that a pipe takes it whole. */
	if (write(fd, what, size) != (ssize_t)size)
		err(1, "demo: telling another process");
}

void hear(int fd, void *what, size_t size)
{
	for (size_t have = 0; have < size;) {
		ssize_t n = read(fd, (char *)what + have, size - have);

		if (n <= 0)
			errx(1, "demo: a process died before it told what it did");
		have += (size_t)n;
	}
}

int read_messages(int fd, struct stream *s, uint32_t sender, int most)
{
	while (most > 0) {
		char *p = (char *)&s->part;
		ssize_t n = read(fd, p + s->have, sizeof(s->part) - s->have);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EAGAIN)
			return 1;
		if (n < 0)
			err(1, "read");
		s->have += (size_t)n;
		if (s->have < sizeof(s->part))
			continue;
		s->have = 0;
		stream_take(s, sender, &s->part);
		most--;
	}
	return 1;
}

int demo_run(const struct face *which, int argc, char **argv)
{
	check_types();
	if (argc == 2 && !strcmp(argv[1], "--rows")) {
		printf("%zu\n", ARRAY_SIZE(scenarios));
		return 0;
	}
	if (argc != 3)
		errx(2, "usage: %s PORT DIRECTORY-OF-THE-DEMO-PROGRAMS, or --rows", argv[0]);
	face = which;
	port = atoi(argv[1]);
	programs = argv[2];
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		struct tally t = { 0 };

		type = type_named(scenarios[i].type)->number;
		strangers = 0;
		face->open(scenarios[i].entries);
		scenarios[i].run(&t);
		row(&scenarios[i], &t);
		face->close();
	}
	return failed;
}
