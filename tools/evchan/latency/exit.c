// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that has much of everything is killed. The peer has an epoll set, timerfds,
 * inotify and signalfds in place of the queue and its sources.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evchan.h>

#include "latency.h"

#define NS	1000000000ULL
#define WAIT_US	100000

static pid_t victim;

static void add_timers(enum side s, int queue, unsigned int n)
{
	struct itimerspec its = { .it_value = { 3600, 0 } };
	uint64_t when = now_ns() + 3600 * NS;

	for (unsigned int i = 0; i < n; i++) {
		int fd;

		if (s != PEER) {
			add_timer(s, queue, i, when, 0);
			continue;
		}
		fd = (int)MUST(timerfd_create(CLOCK_MONOTONIC, 0));
		MUST(timerfd_settime(fd, 0, &its, NULL));
		add_epoll(queue, fd);
	}
}

static void add_posix_timers(enum side s, int queue, unsigned int n)
{
	struct itimerspec its = { .it_value = { 3600, 0 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };

	for (unsigned int i = 0; i < n; i++) {
		int id;

		if (s == PEER)
			MUST(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id));
		else
			id = add_posix_timer(s, queue);
		MUST(syscall(SYS_timer_settime, id, 0, &its, NULL));
	}
}

static void add_aio(enum side s, int queue, unsigned int n)
{
	int file = new_eventfd(), result = new_eventfd();
	aio_context_t ctx = 0;
	struct iocb iocb, *list = &iocb;

	if (s == PEER)
		add_epoll(queue, result);
	MUST(syscall(SYS_io_setup, n, &ctx));
	for (unsigned int i = 0; i < n; i++) {
		memset(&iocb, 0, sizeof(iocb));
		iocb.aio_lio_opcode = IOCB_CMD_POLL;
		iocb.aio_fildes = (uint32_t)file;
		iocb.aio_buf = EPOLLIN;
		iocb.aio_flags = s == PEER ? IOCB_FLAG_RESFD : IOCB_FLAG_EVCORE;
		iocb.aio_resfd = (uint32_t)(s == PEER ? result : queue);
		MUST(syscall(SYS_io_submit, ctx, 1, &list));
	}
}

static void add_signals(enum side s, int queue, unsigned int n)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	if (s == PEER)
		add_epoll(queue, (int)MUST(signalfd(-1, &set, 0)));
	else
		add_signal(s, queue, SIGRTMIN + 1, false);
	for (unsigned int i = 0; i < n; i++)
		MUST(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ 0 }));
}

static void add_marks(enum side s, int queue, unsigned int n)
{
	char name[] = "/dev/shm/latency.XXXXXX";
	int directory, fd;

	if (!mkdtemp(name))
		fail("no directory in /dev/shm");
	directory = (int)MUST(open(name, O_RDONLY));
	for (unsigned int i = 0; i < n; i++) {
		if (s != PEER) {
			add_inode(s, queue, i, directory, IN_CREATE);
			continue;
		}
		fd = (int)MUST(inotify_init1(0));
		MUST(inotify_add_watch(fd, name, IN_CREATE));
		add_epoll(queue, fd);
	}
}

static void add_futexes(enum side s, int queue, unsigned int n)
{
	uint32_t *words = calloc(n, sizeof(*words));

	for (unsigned int i = 0; s != PEER && i < n; i++)
		add_futex(s, queue, i, &words[i]);
}

/*
 * Much of everything; of AIO little, for the kernel itself cancels all operations with
 * interrupts off, and would hide the rest.
 */
static void have_everything(enum side s, unsigned int n)
{
	int queue = s == PEER ? new_epoll() : queue_open(s, s == EVCHAN ? 2 : 0);

	for (unsigned int i = 0; i < n; i++) {
		int fd = new_eventfd();

		if (s == PEER)
			add_epoll(queue, fd);
		else
			add_poll(s, queue, fd);
		write_eventfd(fd);
	}
	add_timers(s, queue, n);
	add_futexes(s, queue, n);
	add_posix_timers(s, queue, n / 5);
	add_aio(s, queue, 50);
	add_signals(s, queue, n);
	add_marks(s, queue, 100);
}

static void prepare(enum side s, unsigned int n)
{
	int ready[2];
	char byte;

	MUST(pipe(ready));
	victim = (pid_t)MUST(fork());
	if (!victim) {
		have_everything(s, n);
		MUST(write(ready[1], "", 1));
		pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fail("the process to be killed could not have everything");
}

static void act(enum side s, unsigned int n)
{
	(void)s;
	(void)n;
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	usleep(WAIT_US);
}

const struct test exit_tests[] = {
	{ "exit", "exit of a process that watches so many of everything",
	  "of one with epoll, timerfd and inotify", { 4000, 4000, 4000 }, prepare, act },
	{ 0 }
};
