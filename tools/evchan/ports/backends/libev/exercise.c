// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libev promises to its users, on one backend. Debian's libev has no tests of its own.
 *
 * usage: exercise epoll|evchan
 *
 * Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ev.h"

#define MANY	2000	/* more than a ring has slots */

static struct ev_loop *loop;
static unsigned int backend;
static int reads, writes, timeouts;

static void on_io(struct ev_loop *l, ev_io *w, int revents)
{
	char byte;

	(void)l;
	if (revents & EV_READ) {
		reads++;
		/* One byte for each event; there may be none. */
		if (read(w->fd, &byte, 1) < 0 && errno != EAGAIN)
			reads = -1000;
	}
	if (revents & EV_WRITE)
		writes++;
}

static void on_timer(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	timeouts++;
	ev_break(l, EVBREAK_ONE);
}

/* Run the loop for a time. */
static void run_for(double seconds)
{
	ev_timer t;

	ev_timer_init(&t, on_timer, seconds, 0);
	ev_now_update(loop);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
	ev_timer_stop(loop, &t);
}

static void make_pair(int s[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s)) {
		perror("socketpair");
		exit(1);
	}
}

static void put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		perror("write");
}

static void watch(ev_io *w, int fd, int events)
{
	reads = writes = 0;
	ev_io_init(w, on_io, fd, events);
	ev_io_start(loop, w);
}

static bool level(void)
{
	int s[2], seen;
	ev_io w;

	make_pair(s);
	watch(&w, s[0], EV_READ);
	put(s[1], "abcde");
	run_for(0.05);
	/* The last one may find nothing. */
	seen = reads;
	ev_io_stop(loop, &w);
	close(s[0]);
	close(s[1]);
	return seen == 5 || seen == 6;
}

static bool two_directions(void)
{
	int s[2], both;
	ev_io r, w;

	make_pair(s);
	watch(&r, s[0], EV_READ);
	watch(&w, s[0], EV_WRITE);
	put(s[1], "a");
	ev_run(loop, EVRUN_ONCE);
	ev_run(loop, EVRUN_NOWAIT);
	both = reads && writes;
	ev_io_stop(loop, &w);
	ev_run(loop, EVRUN_NOWAIT);
	writes = reads = 0;
	put(s[1], "b");
	run_for(0.02);
	both = both && reads && !writes;
	ev_io_stop(loop, &r);
	close(s[0]);
	close(s[1]);
	return both;
}

static bool hangup(void)
{
	int s[2], seen;
	ev_io w;

	make_pair(s);
	watch(&w, s[0], EV_READ);
	close(s[1]);
	ev_run(loop, EVRUN_ONCE);
	seen = reads;
	ev_io_stop(loop, &w);
	close(s[0]);
	return seen > 0;
}

/* The number of a descriptor is used again, while the old file is ready and still open. */
static bool reused(void)
{
	int old[2], new[2], copy, good;
	ev_io w, w2;

	make_pair(old);
	make_pair(new);
	watch(&w, old[0], EV_READ);
	ev_run(loop, EVRUN_NOWAIT);
	copy = dup(old[0]);
	ev_io_stop(loop, &w);
	dup2(new[0], old[0]);
	watch(&w2, old[0], EV_READ);
	put(old[1], "x");
	run_for(0.02);
	good = reads == 0;
	put(new[1], "y");
	run_for(0.02);
	good = good && (reads == 1 || reads == 2);
	ev_io_stop(loop, &w2);
	close(copy);
	for (int i = 0; i < 2; i++) {
		close(old[i]);
		close(new[i]);
	}
	return good;
}

static bool timer(void)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	timeouts = 0;
	run_for(0.03);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return timeouts == 1 && (b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec) >= 29e6;
}

static int signals;

static void on_signal(struct ev_loop *l, ev_signal *w, int revents)
{
	(void)l, (void)w, (void)revents;
	signals++;
}

static void nothing(int sig)
{
	(void)sig;
}

/* One signal that libev watches, and many that only interrupt its wait. */
static bool interrupted(void)
{
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	struct sigaction sa = { .sa_handler = nothing };
	ev_signal w;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	ev_signal_init(&w, on_signal, SIGUSR1);
	ev_signal_start(loop, &w);
	kill(getpid(), SIGUSR1);
	timeouts = 0;
	run_for(0.05);
	setitimer(ITIMER_REAL, &never, NULL);
	ev_signal_stop(loop, &w);
	return signals == 1 && timeouts == 1;
}

static void on_counter(struct ev_loop *l, ev_io *w, int revents)
{
	uint64_t n;

	(void)l, (void)revents;
	reads += read(w->fd, &n, sizeof(n)) == sizeof(n);
}

/* More descriptors are ready at once than the ring has slots. */
static bool full(void)
{
	static ev_io w[MANY];
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	reads = 0;
	for (int i = 0; i < MANY; i++) {
		ev_io_init(&w[i], on_counter, eventfd(1, EFD_NONBLOCK), EV_READ);
		ev_io_start(loop, &w[i]);
	}
	for (int turn = 0; turn < 20 && reads < MANY; turn++)
		ev_run(loop, EVRUN_NOWAIT);
	for (int i = 0; i < MANY; i++) {
		ev_io_stop(loop, &w[i]);
		close(w[i].fd);
	}
	return reads == MANY;
}

/* Neither interface can watch an ordinary file, which is always ready. */
static bool ordinary_file(void)
{
	int fd = open("/etc/passwd", O_RDONLY), seen;
	ev_io w;

	watch(&w, fd, EV_READ);
	ev_run(loop, EVRUN_ONCE);
	ev_run(loop, EVRUN_ONCE);
	seen = reads;
	ev_io_stop(loop, &w);
	close(fd);
	reads = 0;
	run_for(0.01);
	return seen == 2 && !reads;
}

/* A child has a queue of its own: what it stops, its parent still watches. */
static bool forked(void)
{
	int s[2], status;
	bool good;
	ev_io w;
	pid_t pid;

	make_pair(s);
	watch(&w, s[0], EV_READ);
	ev_run(loop, EVRUN_NOWAIT);
	pid = fork();
	if (!pid) {
		ev_loop_fork(loop);
		put(s[1], "c");
		run_for(0.02);
		good = reads == 1 || reads == 2;
		ev_io_stop(loop, &w);
		ev_run(loop, EVRUN_NOWAIT);
		ev_loop_destroy(loop);
		_exit(!good);
	}
	good = waitpid(pid, &status, 0) == pid && !status;
	run_for(0.01);
	reads = 0;
	put(s[1], "p");
	run_for(0.02);
	good = good && (reads == 1 || reads == 2);
	ev_io_stop(loop, &w);
	close(s[0]);
	close(s[1]);
	return good;
}

static ev_async wake;
static int woken;

static void on_async(struct ev_loop *l, ev_async *w, int revents)
{
	(void)w, (void)revents;
	woken++;
	ev_break(l, EVBREAK_ONE);
}

static void *send_async(void *unused)
{
	(void)unused;
	usleep(10000);
	ev_async_send(loop, &wake);
	return NULL;
}

static bool thread(void)
{
	pthread_t t;

	ev_async_init(&wake, on_async);
	ev_async_start(loop, &wake);
	pthread_create(&t, NULL, send_async, NULL);
	ev_run(loop, 0);
	pthread_join(t, NULL);
	ev_async_stop(loop, &wake);
	return woken == 1;
}

/* A loop is watched by another one. */
static bool embedded(void)
{
	struct ev_loop *outer = ev_loop_new(EVBACKEND_POLL);
	int s[2], seen;
	ev_embed e;
	ev_io w;

	make_pair(s);
	watch(&w, s[0], EV_READ);
	ev_embed_init(&e, NULL, loop);
	ev_embed_start(outer, &e);
	ev_run(outer, EVRUN_NOWAIT);
	put(s[1], "a");
	ev_run(outer, EVRUN_ONCE);
	seen = reads;
	ev_embed_stop(outer, &e);
	ev_loop_destroy(outer);
	ev_io_stop(loop, &w);
	close(s[0]);
	close(s[1]);
	return seen == 1;
}

static const struct {
	const char *name;
	bool (*test)(void);
} tests[] = {
	{ "level", level }, { "two_directions", two_directions }, { "hangup", hangup },
	{ "reused", reused }, { "timer", timer }, { "interrupted", interrupted },
	{ "full", full }, { "ordinary_file", ordinary_file }, { "forked", forked },
	{ "thread", thread }, { "embedded", embedded },
};

int main(int argc, char **argv)
{
	int n = sizeof(tests) / sizeof(tests[0]), failed = 0;

	if (argc != 2)
		return fprintf(stderr, "usage: exercise epoll|evchan\n"), 2;
	backend = strcmp(argv[1], "epoll") ? EVBACKEND_EVCHAN : EVBACKEND_EPOLL;
	loop = ev_default_loop(backend);
	if (!loop || ev_backend(loop) != backend)
		return fprintf(stderr, "exercise: libev does not use %s\n", argv[1]), 1;
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		bool good;

		fflush(stdout);
		alarm(60);
		good = tests[i].test();
		failed += !good;
		printf("%sok %d %s\n", good ? "" : "not ", i + 1, tests[i].name);
	}
	return failed > 0;
}
