// SPDX-License-Identifier: MIT
/*
 * A process supervisor: it starts services one after the other, starts those again that
 * fail, after a while, and obeys signals. Exits come from pidfds, so no handler is needed.
 */
#define _GNU_SOURCE
#include <evchan.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF	50000000	/* nanoseconds */
#define PROBE	20000000
#define SERVICES 3

/* A service exits with this status as often as it fails, and then with 0. */
struct service {
	const char *name;
	int failures, status;
	int forever;
	int starts, pidfd;
	pid_t pid;
};

static struct service services[SERVICES] = {
	{ .name = "once" },
	{ .name = "flaky", .failures = 2, .status = 3 },
	{ .name = "daemon", .forever = 1 },
};

enum { RESTART = 1, LIVE };	/* timers */

static struct service *current;
static int reloads, probes;

static int start(ec_t ec, struct service *s)
{
	int fails = s->starts++ < s->failures;
	sigset_t none;

	current = s;
	printf("%s: start %d\n", s->name, s->starts);
	fflush(stdout);
	s->pid = fork();
	if (s->pid < 0)
		return -1;
	if (!s->pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		while (s->forever)
			pause();
		_exit(fails ? s->status : 0);
	}
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	return s->pidfd < 0 ? -1 : ec_watch_process(ec, s->pidfd, (uintptr_t)s);
}

static int start_next(ec_t ec)
{
	struct service *s = current ? current + 1 : services;

	if (s == services + SERVICES)
		return 0;
	if (start(ec, s) < 0) {
		perror(s->name);
		return 0;
	}
	/* Tell ourselves what an administrator would. */
	if (s->forever)
		kill(getpid(), SIGHUP);
	return 1;
}

/* A service ended. Return: 0 if there is nothing left to do. */
static int ended(ec_t ec, struct service *s, int status)
{
	waitpid(s->pid, NULL, 0);
	close(s->pidfd);
	if (WIFSIGNALED(status)) {
		printf("%s: signal %d\n", s->name, WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		printf("%s: status %d, again later\n", s->name, WEXITSTATUS(status));
		return ec_timer(ec, RESTART, CLOCK_MONOTONIC, BACKOFF, 0, RESTART) >= 0;
	} else {
		printf("%s: done\n", s->name);
	}
	return start_next(ec);
}

static void obey(int sig)
{
	if (sig == SIGHUP) {
		printf("reload %d\n", ++reloads);
	} else {
		printf("stop %s\n", current->name);
		kill(current->pid, SIGTERM);
	}
}

/* The daemon is alive as long as it takes signals; three probes are enough. */
static void probe(ec_t ec)
{
	if (kill(current->pid, 0) || ++probes != 3)
		return;
	printf("alive\n");
	ec_remove(ec, EVCHAN_TIMER, LIVE);
	kill(getpid(), SIGTERM);
}

int main(void)
{
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;
	sigset_t all;
	int more;

	sigemptyset(&all);
	sigaddset(&all, SIGHUP);
	sigaddset(&all, SIGTERM);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (!ec || ec_watch_signal(ec, SIGHUP | EVCHAN_SIGNAL_NOMASK, 0, 0) < 0 ||
	    ec_watch_signal(ec, SIGTERM | EVCHAN_SIGNAL_NOMASK, 0, 0) < 0) {
		ec_perror("supervisor");
		return 1;
	}
	more = start_next(ec);
	while (more && !ec_wait_event(ec, &ev)) {
		switch (ev.type) {
		case EVCHAN_PROCESS:
			more = ended(ec, (struct service *)(uintptr_t)ev.data, (int)ev.value);
			break;
		case EVCHAN_SIGNAL:
			obey((int)ev.id & 0xff);
			if (reloads == 1 && !probes)
				ec_timer(ec, LIVE, CLOCK_MONOTONIC, PROBE, PROBE, LIVE);
			break;
		case EVCHAN_TIMER:
			if (ev.data == RESTART)
				more = start(ec, current) >= 0;
			else
				probe(ec);
			break;
		}
	}
	for (int i = 0; i < SERVICES; i++)
		printf("%s: %d starts\n", services[i].name, services[i].starts);
	ec_destroy(ec);
	return 0;
}
