// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of operations of a program, which call both interfaces with valid, unusual and
 * hostile arguments and change the state around them; and the state that a program starts
 * with.
 */
#include <fcntl.h>
#include <linux/evchan.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ops.h"

static void (*const ops[])(void) = {
	op_create, op_create, op_init, op_init, op_ctl, op_ctl, op_ctl, op_ctl, op_kctl, op_kctl,
	op_kctl, op_wait, op_wait, op_get, op_get, op_kwait, op_commit, op_fd, op_fd, op_fd,
	op_close, op_close, op_dup, op_epoll, op_poll, op_io, op_io, op_io, op_memory, op_scribble,
	op_scribble, op_fork, op_signal, op_timer, op_mq, op_aio, op_futex, op_fdinfo, op_limits,
	op_graph, op_file, op_time,
};

/* Set up the process for its programs: signals, memory and a directory. */
void ops_begin(void)
{
	char path[64];

	for (int i = 34; i < 65; i++)
		signal(i, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	arena = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	snprintf(path, sizeof(path), "/dev/shm/evfuzz-%d", getpid());
	mkdir(path, 0700);
	directory = open(path, O_RDONLY | O_DIRECTORY);
	rmdir(path);
	memset(fds, -1, sizeof(fds));
}

void execute(const struct program *p)
{
	struct evchan_params params = { .entries = 4 };

	program = p;
	at = 0;
	for (int i = 0; i < FDS; i++)
		if (fds[i] > 2) {
			close(fds[i]);
			fds[i] = -1;
		}
	fds[0] = (int)CALL(565, &params, sizeof(params));
	fds[1] = (int)CALL(560, NULL, 4, 0);
	fds[2] = eventfd(0, EFD_NONBLOCK);
	while (at < p->length)
		ops[byte() % (sizeof(ops) / sizeof(*ops))]();
	own->programs++;
}
