// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources with exactly one event per registration: the exit of a process, the wake-up of a
 * futex, a message in an empty message queue, the completion of an AIO operation, the close
 * of a file. The number of a registration is its generation. At most OUTSTANDING
 * registrations are pending; the place of one whose event has come is used again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

struct place {
	int fd;
	pid_t pid;
	uint32_t word;
	struct iocb cb;
	char buffer[8];
};

struct once {
	struct place places[OUTSTANDING];
	aio_context_t ctx;
};

static int once_open(struct source *s)
{
	s->extra = calloc(1, sizeof(struct once));
	return s->extra ? 0 : -1;
}

static void once_close(struct source *s)
{
	free(s->extra);
}

/* The place for the next number; NULL while the event of its previous user is pending. */
static struct place *next_place(struct source *s, bool *used)
{
	uint64_t n = s->sent + 1;
	struct once *o = s->extra;

	if (n >= MAX_GENS)
		return NULL;
	*used = n > OUTSTANDING;
	if (*used && __atomic_load_n(&s->state[n - OUTSTANDING], __ATOMIC_ACQUIRE) < SEEN)
		return NULL;
	return &o->places[n % OUTSTANDING];
}

static uint64_t expect(struct source *s)
{
	uint64_t n = s->sent + 1;

	__atomic_store_n(&s->state[n], EXPECTED, __ATOMIC_RELEASE);
	return cookie_of(s, (uint32_t)n);
}

static int watch(struct source *s, int fd, uint32_t events, uint32_t flags, uint64_t cookie)
{
	if (world->ec)
		return ec_watch(world->ec, s->kind->type, fd, events, flags, cookie);
	return kevent_watch(world->fd, s->kind->type, fd, events, KEVENT_REQ_ONESHOT,
			    (void *)(uintptr_t)cookie);
}

static void unwatch(struct source *s, int fd)
{
	if (world->ec)
		ec_unwatch(world->ec, s->kind->type, fd);
	else
		kevent_unwatch(world->fd, s->kind->type, fd);
}

static int process_produce(struct source *s)
{
	bool used;
	struct place *p = next_place(s, &used);
	uint64_t n = s->sent + 1;

	if (!p)
		return -1;
	if (used) {
		unwatch(s, p->fd);
		close(p->fd);
		waitpid(p->pid, NULL, 0);
	}
	p->pid = fork();
	if (p->pid < 0)
		return -1;
	if (!p->pid)
		_exit((int)(n & 0x7f));
	p->fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return watch(s, p->fd, EVCHAN_EXITED, 0, expect(s));
}

static void process_close(struct source *s)
{
	struct once *o = s->extra;

	for (unsigned int i = 0; i < OUTSTANDING; i++) {
		if (!o->places[i].pid)
			continue;
		close(o->places[i].fd);
		waitpid(o->places[i].pid, NULL, 0);
	}
	once_close(s);
}

/* Wake a futex, or for every third one register with a value that it does not have. */
static int futex_produce(struct source *s)
{
	bool used;
	struct place *p = next_place(s, &used);
	uint64_t n = s->sent + 1, cookie;
	int ret;

	if (!p)
		return -1;
	if (used && world->ec)
		ec_remove(world->ec, EVCHAN_FUTEX, (n - OUTSTANDING) << 8 | s->index);
	p->word = n % 3 == 0;
	cookie = expect(s);
	if (world->ec) {
		ret = ec_watch_futex(world->ec, n << 8 | s->index, &p->word, 0, cookie);
	} else {
		struct ukevent uk = {
			.id.raw_u64 = (uintptr_t)&p->word, .type = KEVENT_FUTEX,
			.event = KEVENT_FUTEX_WOKEN | KEVENT_FUTEX_CHANGED,
			.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE,
			.ret_data = { 0, 0x02 | FUTEX_PRIVATE_FLAG },
			.ptr = (void *)(uintptr_t)cookie,
		};

		ret = kevent_request(world->fd, KEVENT_CTL_ADD, &uk);
	}
	if (ret < 0) {
		complain(s, "number %llu: registering the futex failed: %s", (unsigned long long)n,
			 strerror(errno));
		return -1;
	}
	if (!p->word && syscall(SYS_futex, &p->word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1) != 1)
		complain(s, "number %llu: the wake-up found no waiter", (unsigned long long)n);
	return 0;
}

static int notify_open(struct source *s)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	char name[64];

	snprintf(name, sizeof(name), "/evtorture-%d-%u", getpid(), s->index);
	s->fd = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	mq_unlink(name);
	return s->fd < 0 ? -1 : once_open(s);
}

static void notify_close(struct source *s)
{
	mq_close(s->fd);
	once_close(s);
}

static int notify_produce(struct source *s)
{
	uint64_t n = s->sent + 1, cookie, got;
	struct sigevent ev;

	if (n >= MAX_GENS ||
	    (n > 1 && __atomic_load_n(&s->state[n - 1], __ATOMIC_ACQUIRE) < SEEN))
		return -1;
	while (mq_receive(s->fd, (char *)&got, sizeof(got), NULL) > 0)
		;
	cookie = expect(s);
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = world->ec ? SIGEV_EVCHAN : SIGEV_KEVENT;
	ev.sigev_value.sival_ptr = (void *)(uintptr_t)cookie;
	memcpy(&ev._sigev_un, &world->fd, sizeof(world->fd));
	if (syscall(SYS_mq_notify, s->fd, &ev)) {
		complain(s, "number %llu: mq_notify() failed: %s", (unsigned long long)n,
			 strerror(errno));
		return -1;
	}
	return mq_send(s->fd, (const char *)&n, sizeof(n), 0);
}

static int aio_open(struct source *s)
{
	struct once *o;

	if (once_open(s))
		return -1;
	o = s->extra;
	s->fd = memfd_create("evtorture", MFD_CLOEXEC);
	for (unsigned int i = 0; i < OUTSTANDING; i++)
		o->places[i].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return ftruncate(s->fd, 4096) ? -1 : (int)syscall(SYS_io_setup, OUTSTANDING, &o->ctx);
}

static void aio_close(struct source *s)
{
	struct once *o = s->extra;

	syscall(SYS_io_destroy, o->ctx);
	for (unsigned int i = 0; i < OUTSTANDING; i++)
		close(o->places[i].fd);
	close(s->fd);
	once_close(s);
}

/* Submit a read, or a poll that completes when its eventfd is written to. */
static int aio_produce(struct source *s)
{
	bool used;
	struct place *p = next_place(s, &used);
	struct once *o = s->extra;
	struct iocb *cb = p ? &p->cb : NULL;
	uint64_t one = 1;

	if (!p)
		return -1;
	*cb = (struct iocb){
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (__u32)s->fd,
		.aio_buf = (uintptr_t)p->buffer, .aio_nbytes = sizeof(p->buffer),
		.aio_flags = IOCB_FLAG_EVCORE, .aio_resfd = (__u32)world->fd,
	};
	if (s->sent & 1) {
		while (read(p->fd, &one, sizeof(one)) > 0)
			;
		cb->aio_lio_opcode = IOCB_CMD_POLL;
		cb->aio_fildes = (__u32)p->fd;
		cb->aio_buf = POLLIN;
		cb->aio_nbytes = 0;
	}
	cb->aio_data = expect(s);
	if (syscall(SYS_io_submit, o->ctx, 1, &cb) != 1) {
		/* The operation was not submitted, so no event is expected. */
		__atomic_store_n(&s->state[s->sent + 1], 0, __ATOMIC_RELEASE);
		return -1;
	}
	one = 1;
	if (s->sent & 1 && write(p->fd, &one, sizeof(one)) != sizeof(one))
		return -1;
	return 0;
}

static int closed_produce(struct source *s)
{
	bool used;
	struct place *p = next_place(s, &used);
	int fd, ret;

	if (!p)
		return -1;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return -1;
	/* Watch for POLLPRI, which never comes: only the close is reported. */
	ret = watch(s, fd, POLLPRI, EVCHAN_REPORT_CLOSE, expect(s));
	close(fd);
	return ret;
}

const struct kind once_kinds[] = {
	{ .name = "process", .class = ONCE, .type = EVCHAN_PROCESS, .modes = 1 << EDGE,
	  .open = once_open, .close = process_close, .produce = process_produce },
	{ .name = "futex", .class = ONCE, .type = EVCHAN_FUTEX, .modes = 1 << EDGE,
	  .open = once_open, .close = once_close, .produce = futex_produce },
	{ .name = "mqueue", .class = ONCE, .type = EVCHAN_MQUEUE, .modes = 1 << EDGE,
	  .open = notify_open, .close = notify_close, .produce = notify_produce },
	{ .name = "aio", .class = ONCE, .type = EVCHAN_AIO, .modes = 1 << EDGE,
	  .open = aio_open, .close = aio_close, .produce = aio_produce },
	{ .name = "closed", .class = ONCE, .type = EVCHAN_POLL, .modes = 1 << EDGE,
	  .evchan_only = true, .open = once_open, .close = once_close,
	  .produce = closed_produce },
};
const unsigned int nr_once = sizeof(once_kinds) / sizeof(*once_kinds);
