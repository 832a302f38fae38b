// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations around the calls: descriptors to watch, memory, processes, signals, timers and
 * limits.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/evchan.h>
#include <linux/futex.h>
#include <linux/kevent.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "ops.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)
#endif

static timer_t timers[4];
static aio_context_t aio;
static struct iocb iocbs[8];

void op_fd(void)
{
	int p[2] = { -1, -1 };
	uint32_t how = byte();

	switch (how % 14) {
	case 0: case 1:
		keep(eventfd(how & 1, EFD_NONBLOCK));
		break;
	case 2: case 3:
		if (!pipe2(p, O_NONBLOCK))
			keep(p[0]), keep(p[1]);
		break;
	case 4:
		if (!socketpair(AF_UNIX, (how & 16 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0, p))
			keep(p[0]), keep(p[1]);
		break;
	case 5:
		p[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (how & 16)
			listen(p[0], 1);
		keep(p[0]);
		break;
	case 6:
		keep(epoll_create1(0));
		break;
	case 7:
		keep(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
		break;
	case 8:
		keep(inotify_init1(IN_NONBLOCK));
		break;
	case 9:
		keep((int)syscall(SYS_pidfd_open, getpid(), 0));
		break;
	case 10:
		keep(open(how & 16 ? "/" : "/dev/null", how & 32 ? O_PATH : O_RDONLY));
		break;
	case 11:
		keep(memfd_create("evfuzz", 0));
		break;
	case 12:
		keep((int)syscall(SYS_userfaultfd, O_NONBLOCK | 1));
		break;
	default:
		p[0] = fork();
		if (!p[0])
			_exit(3);
		keep((int)syscall(SYS_pidfd_open, p[0], 0));
		if (how & 16)
			waitpid(p[0], NULL, 0);
		break;
	}
}

void op_close(void)
{
	uint32_t i = byte() % FDS;

	if (fds[i] > 2)
		close(fds[i]);
	fds[i] = -1;
}

void op_dup(void)
{
	keep(dup(descriptor()));
}

void op_epoll(void)
{
	uint32_t how = byte();
	struct epoll_event e = { .events = how & 1 ? EPOLLIN : EPOLLIN | EPOLLET };

	counted(epoll_ctl(descriptor(), 1 + (int)(how >> 1) % 3, descriptor(), &e));
}

void op_poll(void)
{
	struct pollfd p = { .fd = descriptor(), .events = POLLIN | POLLOUT };
	struct epoll_event e;

	counted(poll(&p, 1, 0));
	counted(epoll_wait(p.fd, &e, 1, 0));
}

void op_io(void)
{
	uint64_t buf[8] = { 1 };
	int fd = descriptor();

	/* The operations must not block: read only from non-blocking descriptors. */
	if (fd < 3)
		return;
	if (byte() & 1)
		counted(write(fd, buf, 8));
	else if (fcntl(fd, F_GETFL) & O_NONBLOCK)
		counted(read(fd, buf, sizeof(buf)));
}

void op_memory(void)
{
	uint32_t how = byte(), i = how % MAPS;
	uint8_t *p = how & 64 ? arena + 4096 * (how % 15) : maps[i];
	struct uffdio_register r = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	if (!p)
		return;
	switch (byte() % 6) {
	case 0:
		mprotect(p, 4096, how & 128 ? PROT_READ : PROT_NONE);
		break;
	case 1:
		mprotect(p, 4096, PROT_READ | PROT_WRITE);
		break;
	case 2:
		madvise(p, 4096, MADV_DONTNEED);
		break;
	case 3:
		if (p == maps[i]) {
			munmap(p, lengths[i]);
			maps[i] = NULL;
			break;
		}
		mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 4:
		/* Faults are not handled: an access waits until the userfaultfd is closed. */
		r.range.start = (uintptr_t)arena + 15 * 4096;
		r.range.len = 4096;
		ioctl(descriptor(), UFFDIO_API, &api);
		ioctl(descriptor(), UFFDIO_REGISTER, &r);
		break;
	default:
		mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	}
}

/* Overwrite any word of a mapped ring. */
void op_scribble(void)
{
	uint32_t i = byte() % MAPS;
	uint64_t value = number();
	size_t where = byte() * 8 + (byte() & 1 ? 4096 : 0);
	int z;

	if (!maps[i] || where + 8 > lengths[i])
		return;
	/* read() tests whether the word is writable: it fails where a store would kill. */
	z = open("/dev/zero", O_RDONLY);
	if (read(z, maps[i] + where, 8) == 8 && byte() & 1)
		__atomic_store_n((uint64_t *)(maps[i] + where), value, __ATOMIC_RELAXED);
	close(z);
}

void op_fork(void)
{
	uint32_t how = byte();
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < FDS; i++)
			if (how & 1 << i % 8)
				close(fds[i]);
		if (how & 1)
			syscall(567, fds[how % FDS], 1, 0, timeout(), NULL, 8);
		if (how & 2)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (how & 4)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void op_signal(void)
{
	uint32_t how = byte();

	counted(sigqueue(getpid(), 34 + (int)how % 30, (union sigval){ .sival_int = (int)how }));
}

void op_timer(void)
{
	struct sigevent ev = { .sigev_notify = byte() & 1 ? SIGEV_EVCHAN : SIGEV_KEVENT };
	struct itimerspec its = { .it_value = { 0, 1 + (long)(byte() * 10000) } };
	uint32_t how = byte();
	int fd = descriptor(), id;

	its.it_interval.tv_nsec = how & 1 ? 0 : 1 + how * 1000;
	memcpy(&ev._sigev_un, &fd, sizeof(fd));
	switch (how % 4) {
	case 0: case 1:
		if (CALL(SYS_timer_create, how & 8 ? 1 : number() % 12, &ev, &id))
			break;
		timers[how / 16 % 4] = (timer_t)(intptr_t)id;
		CALL(SYS_timer_settime, id, 0, &its, NULL);
		break;
	case 2:
		CALL(SYS_timer_delete, (int)(intptr_t)timers[how / 16 % 4]);
		break;
	default:
		CALL(SYS_timer_getoverrun, (int)(intptr_t)timers[how / 16 % 4]);
		break;
	}
}

void op_mq(void)
{
	struct sigevent ev = { .sigev_notify = byte() & 1 ? SIGEV_EVCHAN : SIGEV_KEVENT };
	uint32_t how = byte();
	char name[32];
	int fd = descriptor(), q;

	snprintf(name, sizeof(name), "evfuzz-%d", getpid());
	memcpy(&ev._sigev_un, &fd, sizeof(fd));
	switch (how % 4) {
	case 0:
		q = (int)CALL(SYS_mq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, NULL);
		CALL(SYS_mq_unlink, name);
		keep(q);
		break;
	case 1:
		CALL(SYS_mq_notify, descriptor(), how & 16 ? NULL : &ev);
		break;
	case 2:
		CALL(SYS_mq_timedsend, descriptor(), "x", 1, 0, NULL);
		break;
	default:
		CALL(SYS_mq_timedreceive, descriptor(), arena, 8192, NULL, timeout());
		break;
	}
}

void op_aio(void)
{
	uint32_t how = byte();
	struct iocb *cb = &iocbs[how % 8];
	struct io_event e[8];
	struct timespec none = { 0, 0 };

	if (!aio && CALL(SYS_io_setup, 8, &aio))
		return;
	switch (how / 8 % 6) {
	case 0:
		CALL(SYS_io_destroy, aio);
		aio = 0;
		break;
	case 1:
		CALL(SYS_io_cancel, aio, cb, e);
		break;
	case 2:
		CALL(SYS_io_getevents, aio, 0, 8, e, &none);
		break;
	default:
		*cb = (struct iocb){
			.aio_lio_opcode = how & 64 ? IOCB_CMD_POLL : IOCB_CMD_PREAD,
			.aio_fildes = (__u32)descriptor(),
			.aio_buf = how & 64 ? POLLIN : (uintptr_t)arena,
			.aio_nbytes = how & 64 ? 0 : 16,
			.aio_flags = how > 250 ? (__u32)number() : IOCB_FLAG_EVCORE,
			.aio_resfd = (__u32)descriptor(), .aio_data = how,
		};
		CALL(SYS_io_submit, aio, 1, &cb);
		break;
	}
}

void op_futex(void)
{
	uint32_t how = byte();

	words[how % 16] ^= how > 128;
	CALL(SYS_futex, &words[how % 16], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1 + how / 64);
	if (how > 200)
		CALL(SYS_futex, &words[how % 16], FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 4,
		     &words[byte() % 16]);
}

void op_fdinfo(void)
{
	char path[64], buf[512];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", descriptor());
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	own->calls++;
}

void op_limits(void)
{
	uint32_t how = byte();
	struct rlimit r = { 16 + how % 48, 64 };

	if (how & 1) {
		setrlimit(RLIMIT_NOFILE, &r);
		return;
	}
	r.rlim_cur = how & 2 ? 4096 * (how % 8) : 8 << 20;
	r.rlim_max = 8 << 20;
	setrlimit(RLIMIT_MEMLOCK, &r);
	r.rlim_max = 64;
	r.rlim_cur = how % 64;
	setrlimit(RLIMIT_SIGPENDING, &r);
}

void op_graph(void)
{
	uint32_t shape = byte();

	build_graph(shape, byte());
}

void op_file(void)
{
	char name[8];
	int fd;

	snprintf(name, sizeof(name), "%u", byte());
	fd = openat(directory, name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	unlinkat(directory, name, 0);
	own->calls += 2;
}

void op_time(void)
{
	usleep(byte() * 2);
}
