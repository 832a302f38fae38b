// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of a program: the calls of both interfaces with good, odd and
 * hostile arguments, and what goes on around them. Descriptors, memory and what else
 * is made are remembered in small tables, from which later operations choose.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/evchan.h>
#include <linux/futex.h>
#include <linux/kevent.h>
#include <linux/time_types.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)
#endif

#define FDS	24
#define MAPS	6
#define MAP_SIZE (16 * 4096)

static const struct program *program;
static uint32_t at;

static int fds[FDS];
static uint8_t *maps[MAPS];
static size_t lengths[MAPS];
static uint8_t *arena;		/* whose pages come and go */
static uint32_t words[16];
static timer_t timers[4];
static aio_context_t aio;
static struct iocb iocbs[8];
static int directory = -1;

/* --- arguments, out of the program's bytes --- */

static uint32_t byte(void)
{
	return at < program->length ? program->bytes[at++] : 0;
}

/* Numbers that lie at the edge of something as often as others. */
static uint64_t number(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 7, 8, 64, 4096, 65535, 65536, 65537, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000ULL, 1000000, 1000000000, 999999999,
		0x7fffffffffffffffULL, 0x8000000000000000ULL, ~0ULL, ~0ULL - 1,
	};
	uint32_t how = byte();

	if (how < 128)
		return how % 16;
	if (how < 200)
		return edges[how % (sizeof(edges) / sizeof(*edges))];
	return (uint64_t)byte() << (how % 57);
}

static uint32_t bits(uint32_t usual)
{
	uint32_t how = byte();

	return how < 200 ? usual & (how | how << 8) : (uint32_t)number();
}

static int descriptor(void)
{
	uint32_t how = byte();

	if (how >= 250)
		return (int)number();
	/* One that is open, from there on. */
	for (uint32_t i = 0; i < FDS; i++)
		if (fds[(how + i) % FDS] >= 0)
			return fds[(how + i) % FDS];
	return -1;
}

/* Memory: good, about to end, read-only, absent, the kernel's, a ring. */
static void *memory(void)
{
	uint32_t how = byte();

	switch (how % 8) {
	case 0: return NULL;
	case 1: return arena + MAP_SIZE - how % 80;
	case 2: return (void *)(0xffff888000000000ULL + number() % 4096);
	case 3: return maps[how / 8 % MAPS] ? maps[how / 8 % MAPS] + how : arena;
	default: return arena + how * 64 % (MAP_SIZE / 2);
	}
}

static void keep(int fd)
{
	uint32_t i = byte() % FDS;

	if (fd < 0) {
		shared->refused++;
		return;
	}
	if (fds[i] > 2)
		close(fds[i]);
	fds[i] = fd;
}

static long counted(long ret)
{
	shared->calls++;
	if (ret < 0)
		shared->refused++;
	return ret;
}

#define CALL(...) counted(syscall(__VA_ARGS__))

static struct __kernel_timespec *timeout(void)
{
	static struct __kernel_timespec ts;
	uint32_t how = byte();

	ts = (struct __kernel_timespec){ 0, how % 4 * 100000 };
	if (how > 250)
		ts = (struct __kernel_timespec){ -(long long)number(), (long long)number() };
	return &ts;
}

/* --- the calls --- */

static void map_queue(int fd, size_t length)
{
	uint32_t i = byte() % MAPS;

	if (maps[i])
		munmap(maps[i], lengths[i]);
	lengths[i] = length;
	maps[i] = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (maps[i] == MAP_FAILED)
		maps[i] = NULL;
}

static void op_create(void)
{
	static const uint32_t sizes[] = { 48, 48, 48, 48, 48, 48, 0, 47, 56, 4096, 4097 };
	static struct { struct evchan_params p; uint8_t tail[4096]; } a;
	uint32_t how = byte();
	int fd;

	memset(&a, 0, sizeof(a));
	a.p.flags = bits(EVCHAN_NONBLOCK | EVCHAN_CLOEXEC | EVCHAN_SINGLE_CONSUMER);
	a.p.entries = how & 1 ? 1u << (how >> 1) % 5 : (uint32_t)number();
	if (a.p.entries > 4096 && how & 2)
		a.p.entries = 4;
	if (how > 240)
		a.p.busy_poll_us = (uint32_t)number();
	if (how > 252)
		a.tail[number() % 4096] = 1;
	fd = (int)CALL(565, how > 245 ? memory() : &a, sizes[byte() % 11]);
	if (fd >= 0)
		map_queue(fd, a.p.map_length);
	keep(fd);
}

static void op_init(void)
{
	uint32_t how = byte(), num = how & 1 ? 2 + how % 7 : (uint32_t)number() % 100000;
	void *ring = how % 3 == 0 ? memory() : how % 3 == 1 ? arena + 4096 * (how % 8) : NULL;
	int fd = (int)CALL(560, ring, num, bits(KEVENT_INIT_NONBLOCK | KEVENT_INIT_CLOEXEC));

	if (fd >= 0 && !ring && num)
		map_queue(fd, (8 + (size_t)num * 40 + 4095) & ~4095UL);
	keep(fd);
}

static uint16_t type(void)
{
	static const uint16_t types[] = { 0, 1, 2, 3, 3, 3, 5, 6, 6, 7, 8, 9, 9, 16, 17, 18 };
	uint32_t how = byte();

	return how < 250 ? types[how % 16] : (uint16_t)number();
}

static void fill_change(struct evchan_change *c)
{
	static const uint16_t ops[] = { 1, 1, 1, 4, 4, 2, 2, 3, 3, 5, 5, 6 };
	uint32_t how = byte();

	*c = (struct evchan_change){
		.op = how < 250 ? ops[how % 12] : (uint16_t)number(),
		.type = type(), .id = number() & 7, .data = how,
		.flags = bits(EVCHAN_LEVEL | EVCHAN_ONESHOT | EVCHAN_WAKE_ALL |
			      EVCHAN_REPORT_CLOSE | EVCHAN_TIMESTAMP | EVCHAN_BY_ID |
			      EVCHAN_EXCLUSIVE),
		.events = bits(0x5 | POLLIN | POLLOUT | POLLRDHUP | IN_CREATE | IN_DELETE),
	};
	/* One mode, mostly. */
	if (how & 1)
		c->flags &= EVCHAN_LEVEL | EVCHAN_BY_ID;
	switch (c->type) {
	case EVCHAN_TIMER:
		c->args[0] = how & 4 ? 1 : number();
		c->args[1] = 1 + number();
		c->args[2] = how & 8 ? 1000000 : number();
		c->args[3] = how > 200;
		break;
	case EVCHAN_SIGNAL:
		c->id = 32 + number() % 34;
		c->id |= EVCHAN_SIGNAL_NOMASK;
		break;
	case EVCHAN_FUTEX:
		c->flags = EVCHAN_ONESHOT;
		c->args[0] = how & 8 ? (uintptr_t)memory() : (uintptr_t)&words[how % 16];
		c->args[1] = how > 200;
		c->args[2] = how > 100 ? ~0U : number();
		c->args[3] = how > 240 ? number() : 0x82;
		break;
	case EVCHAN_INODE:
		c->args[0] = how & 8 ? (uint64_t)directory : (uint64_t)descriptor();
		c->args[1] = how > 200 ? (uintptr_t)memory() : 0;
		break;
	default:
		c->args[0] = (uint64_t)descriptor();
		break;
	}
	if (how > 252)
		c->args[number() % 4] = number();
}

static void op_ctl(void)
{
	static struct evchan_change c[8];
	uint32_t how = byte(), n = 1 + how % 4;
	int fd = descriptor();

	for (uint32_t i = 0; i < n; i++)
		fill_change(&c[i]);
	if (how > 248)
		CALL(566, fd, memory(), number(), number(), number());
	else
		CALL(566, fd, c, n, sizeof(*c), how > 200 ? EVCHAN_CTL_STOP : 0);
}

static void op_kctl(void)
{
	static struct ukevent uk[8];
	uint32_t how = byte(), n = how % 5, cmd = byte();
	int fd = descriptor();

	for (uint32_t i = 0; i < n; i++) {
		uint32_t what = byte();

		uk[i] = (struct ukevent){
			.id.raw = { (uint32_t)descriptor(), what & 1 ? 0 : what % 8 }, .type = type(),
			.event = bits(0x7 | POLLIN | POLLOUT), .req_flags = bits(0xff),
			.user = { what, how },
		};
		if (uk[i].type == KEVENT_TIMER)
			uk[i].id.raw[0] = what % 2, uk[i].id.raw[1] = 1000000 * (what % 9);
		if (uk[i].type == KEVENT_UNOTIFY)
			uk[i].id.raw[0] = what % 4;
		if (uk[i].type == KEVENT_SIGNAL)
			uk[i].id.raw_u64 = KEVENT_SIGNAL_NOMASK | (34 + what % 30);
		if (uk[i].type == KEVENT_FUTEX) {
			uk[i].id.raw_u64 = what > 200 ? (uintptr_t)memory() :
							(uintptr_t)&words[what % 16];
			uk[i].req_flags |= KEVENT_REQ_ONESHOT;
			uk[i].ret_data[1] = 0x82;
		}
	}
	if (how > 248)
		CALL(561, fd, cmd, number(), memory());
	else
		CALL(561, fd, cmd % 4, n, uk);
}

static void op_wait(void)
{
	uint32_t how = byte();

	CALL(567, descriptor(), how < 128 ? how % 3 : number(), how < 200 ? how & 4 : number(),
	     how > 250 ? memory() : timeout(), how % 8 ? NULL : memory(), how > 240 ? number() : 8);
}

static void op_get(void)
{
	uint32_t how = byte();

	CALL(562, descriptor(), how % 2, how > 250 ? number() : 1 + how % 9, how % 3,
	     how % 4 ? arena : memory(), how > 250 ? number() : 0);
}

static void op_kwait(void)
{
	uint32_t how = byte();

	CALL(563, descriptor(), how > 240 ? number() : 1 + how % 8, how % 9,
	     how > 250 ? memory() : timeout(), how > 240 ? number() : 0);
}

static void op_commit(void)
{
	CALL(564, descriptor(), number(), byte() % 4);
}

/* --- around them --- */

static void op_fd(void)
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

static void op_close(void)
{
	uint32_t i = byte() % FDS;

	if (fds[i] > 2)
		close(fds[i]);
	fds[i] = -1;
}

static void op_dup(void)
{
	keep(dup(descriptor()));
}

static void op_epoll(void)
{
	uint32_t how = byte();
	struct epoll_event e = { .events = how & 1 ? EPOLLIN : EPOLLIN | EPOLLET };

	counted(epoll_ctl(descriptor(), 1 + (int)(how >> 1) % 3, descriptor(), &e));
}

static void op_poll(void)
{
	struct pollfd p = { .fd = descriptor(), .events = POLLIN | POLLOUT };
	struct epoll_event e;

	counted(poll(&p, 1, 0));
	counted(epoll_wait(p.fd, &e, 1, 0));
}

static void op_io(void)
{
	uint64_t buf[8] = { 1 };
	int fd = descriptor();

	/* What blocks is not here: all are non-blocking, or always ready. */
	if (fd < 3)
		return;
	if (byte() & 1)
		counted(write(fd, buf, 8));
	else if (fcntl(fd, F_GETFL) & O_NONBLOCK)
		counted(read(fd, buf, sizeof(buf)));
}

static void op_memory(void)
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
		/* Nobody answers its faults: whoever touches it waits until it is closed. */
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

/* Any word of a ring that can be written to; what cannot is told by read(). */
static void op_scribble(void)
{
	uint32_t i = byte() % MAPS;
	uint64_t value = number();
	size_t where = byte() * 8 + (byte() & 1 ? 4096 : 0);
	int z;

	if (!maps[i] || where + 8 > lengths[i])
		return;
	/* Through a system call, which answers where a store would kill. */
	z = open("/dev/zero", O_RDONLY);
	if (read(z, maps[i] + where, 8) == 8 && byte() & 1)
		__atomic_store_n((uint64_t *)(maps[i] + where), value, __ATOMIC_RELAXED);
	close(z);
}

static void op_fork(void)
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

static void op_signal(void)
{
	uint32_t how = byte();

	counted(sigqueue(getpid(), 34 + (int)how % 30, (union sigval){ .sival_int = (int)how }));
}

static void op_timer(void)
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

static void op_mq(void)
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

static void op_aio(void)
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

static void op_futex(void)
{
	uint32_t how = byte();

	words[how % 16] ^= how > 128;
	CALL(SYS_futex, &words[how % 16], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1 + how / 64);
	if (how > 200)
		CALL(SYS_futex, &words[how % 16], FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 4,
		     &words[byte() % 16]);
}

static void op_fdinfo(void)
{
	char path[64], buf[512];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", descriptor());
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	shared->calls++;
}

static void op_limits(void)
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

static void op_graph(void)
{
	uint32_t shape = byte();

	build_graph(shape, byte());
}

static void op_file(void)
{
	char name[8];
	int fd;

	snprintf(name, sizeof(name), "%u", byte());
	fd = openat(directory, name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	unlinkat(directory, name, 0);
	shared->calls += 2;
}

static void op_time(void)
{
	usleep(byte() * 2);
}

static void (*const ops[])(void) = {
	op_create, op_create, op_init, op_init, op_ctl, op_ctl, op_ctl, op_ctl, op_kctl, op_kctl,
	op_kctl, op_wait, op_wait, op_get, op_get, op_kwait, op_commit, op_fd, op_fd, op_fd,
	op_close, op_close, op_dup, op_epoll, op_poll, op_io, op_io, op_io, op_memory, op_scribble,
	op_scribble, op_fork, op_signal, op_timer, op_mq, op_aio, op_futex, op_fdinfo, op_limits,
	op_graph, op_file, op_time,
};

/* What every program finds: two queues, and something to watch. */
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
	shared->programs++;
}
