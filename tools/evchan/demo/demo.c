// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios. What is expected comes from the producers - the client
 * on the host, the other process, the clock, the threads - and never from the
 * interface under test.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "message.h"

/* Nothing for so long means lost: generous, a busy host is slow. */
#define PATIENCE_MS	20000
#define CONNECTIONS	16
#define PIPE_MESSAGES	2000
#define TIMERS		3
#define TIMER_TICKS	60	/* of the slowest */
#define THREADS		4
#define POSTS		500
#define SOURCES		300
#define ROUNDS		20
#define SMALL_RING	8

static const struct face *face;
static const char *dir;		/* of the other programs */
static int failed;

/* Counters of /proc/self/fdinfo. */
static unsigned long long counter(const char *name)
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

static void row(const char *source, unsigned long long expected,
		unsigned long long delivered, unsigned long long disordered,
		unsigned long long corrupt)
{
	unsigned long long lost = expected > delivered ? expected - delivered : 0;

	/* More than there were is as wrong as fewer. */
	if (delivered != expected || disordered || corrupt)
		failed = 1;
	printf("ROW %-9s %-7s %8llu %9llu %5llu %8llu %10llu %7llu %9.3f\n", source,
	       face->name, expected, delivered, lost + corrupt, disordered,
	       counter("overflowed"), counter("merged"),
	       delivered ? (double)face->calls() / (double)delivered : 0.0);
	fflush(stdout);
}

static void nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err(1, "fcntl");
}

/* Read what is there, at most @most messages; 0 at the end of the stream. */
static int read_messages(int fd, struct stream *s, uint32_t sender, int most)
{
	struct message m;
	char *p = (char *)&m;

	while (most-- > 0) {
		size_t have = 0;

		while (have < sizeof(m)) {
			ssize_t n = read(fd, p + have, sizeof(m) - have);

			if (n == 0)
				return 0;
			if (n < 0 && errno == EAGAIN) {
				if (!have)
					return 1;
				continue;	/* the rest is on its way */
			}
			if (n < 0)
				err(1, "read");
			have += (size_t)n;
		}
		/* The first message of a connection says which one it is. */
		if (sender == UINT32_MAX)
			sender = m.sender;
		stream_take(s, sender, &m);
	}
	return 1;
}

/* A TCP server that the client on the host reaches through the network card. */
static void tcp(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	static struct stream streams[CONNECTIONS];
	unsigned long long expected = 0, received = 0, disordered = 0, corrupt = 0;
	int fds[CONNECTIONS], n = 0, open_streams = 0, one = 1;
	struct happened h;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 64))
		err(1, "port %d", port);
	face->open(256);
	face->watch(SRC_LISTEN, (uint64_t)listener, CONNECTIONS);
	printf("ready for the client on port %d\n", port);
	fflush(stdout);
	while (n < CONNECTIONS || open_streams) {
		if (!face->next(&h, PATIENCE_MS * 4))
			break;
		if (h.data == CONNECTIONS) {
			int fd;

			while (n < CONNECTIONS && (fd = accept(listener, NULL, NULL)) >= 0) {
				nonblocking(fd);
				fds[n] = fd;
				if (write(fd, "!", 1) != 1)
					err(1, "write");
				face->watch(SRC_SOCKET, (uint64_t)fd, (uint64_t)n);
				n++;
				open_streams++;
			}
			continue;
		}
		struct stream *s = &streams[h.data];
		int was = s->done;

		/* Senders are numbered in the order in which they connect. */
		read_messages(fds[h.data], s, (uint32_t)h.data, 1 << 20);
		if (s->done && !was) {
			if (write(fds[h.data], &s->received, sizeof(s->received)) !=
			    sizeof(s->received))
				err(1, "write");
			open_streams--;
		}
	}
	for (int i = 0; i < n; i++) {
		expected += streams[i].total;
		received += streams[i].received;
		disordered += streams[i].disordered;
		corrupt += streams[i].corrupt + !streams[i].done;
		close(fds[i]);
	}
	row("tcp", expected, received, disordered, corrupt + (unsigned int)(CONNECTIONS - n));
	close(listener);
	face->close();
}

/* Another process at the far end; level-triggered, one message at a time. */
static void pipe_feed(void)
{
	struct stream s = { 0 };
	struct happened h;
	int p[2], status;
	pid_t child;

	if (pipe(p))
		err(1, "pipe");
	child = fork();
	if (!child) {
		char path[4096], count[16];

		snprintf(path, sizeof(path), "%s/demo-feed", dir);
		snprintf(count, sizeof(count), "%d", PIPE_MESSAGES);
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl(path, path, count, (char *)NULL);
		err(1, "%s", path);
	}
	close(p[1]);
	nonblocking(p[0]);
	face->open(256);
	face->watch(SRC_PIPE, (uint64_t)p[0], 1);
	while (!s.done && face->next(&h, PATIENCE_MS))
		read_messages(p[0], &s, 0, 1);
	waitpid(child, &status, 0);
	row("pipe", s.total, s.received, s.disordered, s.corrupt + !s.done);
	close(p[0]);
	face->close();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * Periodic timers against the clock: each must have fired once for every period
 * that passed, whenever its events were looked at.
 */
static void timers(void)
{
	static const uint64_t period[TIMERS] = { 3000000, 7000000, 20000000 };
	uint64_t before[TIMERS], after[TIMERS], got[TIMERS] = { 0 };
	unsigned long long expected = 0, delivered = 0, wrong = 0;
	struct happened h;

	face->open(256);
	for (int i = 0; i < TIMERS; i++) {
		before[i] = now_ns();
		face->watch(SRC_TIMER, period[i], (uint64_t)i);
		after[i] = now_ns();
	}
	while (got[TIMERS - 1] < TIMER_TICKS && face->next(&h, PATIENCE_MS))
		got[h.data] += h.count;
	/* What was due by then must be there. */
	uint64_t stop = now_ns();

	while (face->next(&h, 0))
		got[h.data] += h.count;
	uint64_t end = now_ns();

	for (int i = 0; i < TIMERS; i++) {
		/* Started between before and after; read between stop and end. */
		uint64_t most = (end - before[i]) / period[i];
		uint64_t least = (stop - after[i]) / period[i];
		uint64_t right = got[i] > most ? most : got[i] < least ? least : got[i];

		expected += right;
		delivered += got[i];
		wrong += right != got[i];
	}
	row("timer", expected, delivered, wrong, 0);
	face->close();
}

static void *poster(void *arg)
{
	uint64_t id = (uint64_t)(uintptr_t)arg;

	for (uint64_t i = 1; i <= POSTS; i++)
		face->post(id, i);
	return NULL;
}

/* Threads that post; values and posts must add up. */
static void user(void)
{
	const uint64_t sum = (uint64_t)POSTS * (POSTS + 1) / 2;
	uint64_t posts[THREADS] = { 0 }, values[THREADS] = { 0 }, all = 0, wrong = 0;
	pthread_t threads[THREADS];
	struct happened h;

	face->open(64);
	for (uintptr_t i = 0; i < THREADS; i++)
		face->watch(SRC_USER, i, i);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, poster, (void *)i))
			errx(1, "pthread_create");
	while (all < (uint64_t)THREADS * POSTS && face->next(&h, PATIENCE_MS)) {
		posts[h.data] += h.count;
		values[h.data] += h.value;
		all += h.count;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		wrong += posts[i] != POSTS || (face->values && values[i] != sum);
	}
	row("user", (unsigned long long)THREADS * POSTS, all, 0, wrong);
	face->close();
}

/*
 * Hundreds of sources and a ring of eight slots. Another process makes each
 * ready again and again while nobody takes; then everything must come, the
 * sources in the order in which they were first ready, and what was merged must
 * add up to what that process has written.
 */
static void overflow(void)
{
	uint64_t sums[SOURCES] = { 0 }, told = 0, got = 0, disordered = 0, wrong = 0;
	int fds[SOURCES], report[2], next = 0, status;
	struct happened h;
	pid_t child;

	face->open(SMALL_RING);
	for (int i = 0; i < SOURCES; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		if (fds[i] < 0)
			err(1, "eventfd");
		face->watch(SRC_EVENTFD, (uint64_t)fds[i], (uint64_t)i);
	}
	if (pipe(report))
		err(1, "pipe");
	child = fork();
	if (!child) {
		uint64_t total = 0;

		for (uint64_t r = 1; r <= ROUNDS; r++) {
			for (int i = 0; i < SOURCES; i++) {
				uint64_t v = r * (uint64_t)(i + 1);

				if (write(fds[i], &v, sizeof(v)) != sizeof(v))
					_exit(1);
				total += v;
			}
		}
		if (write(report[1], &total, sizeof(total)) != sizeof(total))
			_exit(1);
		_exit(0);
	}
	if (read(report[0], &told, sizeof(told)) != sizeof(told))
		errx(1, "demo: the writing process died");
	waitpid(child, &status, 0);
	while (got < told && face->next(&h, PATIENCE_MS / 4)) {
		uint64_t v = 0;

		if (h.data >= SOURCES) {
			wrong++;
			continue;
		}
		if (read(fds[h.data], &v, sizeof(v)) == sizeof(v)) {
			if ((int)h.data != next)
				disordered++;
			next = (int)h.data + 1;
		}
		sums[h.data] += v;
		got += v;
	}
	for (int i = 0; i < SOURCES; i++)
		wrong += sums[i] != (uint64_t)ROUNDS * (ROUNDS + 1) / 2 * (uint64_t)(i + 1);
	/* In sources: each of them must have come. */
	row("overflow", SOURCES, SOURCES - wrong, disordered, 0);
	if (counter("overflowed") == 0) {
		printf("the ring of %d slots never overflowed: nothing was shown\n", SMALL_RING);
		failed = 1;
	}
	for (int i = 0; i < SOURCES; i++)
		close(fds[i]);
	face->close();
}

int demo_run(const struct face *which, int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: %s PORT DIRECTORY-OF-THE-DEMO-PROGRAMS", argv[0]);
	face = which;
	dir = argv[2];
	tcp(atoi(argv[1]));
	pipe_feed();
	timers();
	user();
	overflow();
	return failed;
}
