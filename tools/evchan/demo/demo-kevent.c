// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo through kevent: events are read from the mapped ring, and committed when the
 * ring is empty.
 */
#include <err.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "demo.h"
#include "kevent.h"

static struct kevent_queue queue;
static atomic_ulong calls;

static void face_open(unsigned int entries)
{
	if (kevent_open(&queue, entries, KEVENT_INIT_CLOEXEC)) {
		kevent_perror("demo-kevent");
		exit(1);
	}
	atomic_store(&calls, 1);
}

static void face_attach(int fd)
{
	/* Do not map the ring: a process that only posts needs the descriptor alone. */
	queue = (struct kevent_queue){ .fd = fd };
	atomic_store(&calls, 0);
}

/* Add a request, or modify it if it exists. */
static void request(struct ukevent *uk)
{
	atomic_fetch_add(&calls, 1);
	if (!kevent_request(queue.fd, KEVENT_CTL_ADD, uk))
		return;
	atomic_fetch_add(&calls, 1);
	if (errno != EEXIST || kevent_request(queue.fd, KEVENT_CTL_MODIFY, uk))
		err(1, "kevent_ctl");
}

static void face_watch(enum source type, uint64_t arg, uint64_t data)
{
	struct ukevent uk = {
		.id.raw = { (uint32_t)arg },
		.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE,
		.user = { (uint32_t)data },
	};

	switch (type) {
	case SRC_LISTEN:
		uk.type = KEVENT_SOCKET;
		uk.event = KEVENT_SOCKET_ACCEPT;
		break;
	case SRC_SOCKET:
		uk.type = KEVENT_SOCKET;
		uk.event = KEVENT_SOCKET_RECV;
		break;
	case SRC_PIPE:
		uk.type = KEVENT_PIPE;
		uk.event = KEVENT_SOCKET_RECV;
		uk.req_flags = KEVENT_REQ_ALWAYS_QUEUE;
		break;
	case SRC_POLL:
		uk.type = KEVENT_POLL;
		uk.event = KEVENT_POLL_POLLIN;
		break;
	case SRC_TIMER:
		uk.type = KEVENT_TIMER;
		uk.event = KEVENT_TIMER_FIRED;
		uk.id.raw[0] = (uint32_t)(arg / 1000000000u);
		uk.id.raw[1] = (uint32_t)(arg % 1000000000u);
		break;
	case SRC_USER:
		uk.type = KEVENT_UNOTIFY;
		uk.event = 1;
		uk.id.raw_u64 = arg;
		break;
	case SRC_SIGNAL:
	case SRC_SIGNAL_ONLY:
		uk.type = KEVENT_SIGNAL;
		uk.event = KEVENT_SIGNAL_DELIVERY;
		uk.id.raw_u64 = arg | (type == SRC_SIGNAL ? 0 : KEVENT_SIGNAL_NOMASK);
		break;
	case SRC_PROCESS:
		uk.type = KEVENT_PROCESS;
		uk.event = KEVENT_PROCESS_EXITED;
		break;
	case SRC_INODE:
		uk.type = KEVENT_INODE;
		uk.event = KEVENT_INODE_CREATE | KEVENT_INODE_REMOVE;
		break;
	}
	request(&uk);
}

static void face_futex(uint32_t *word, uint32_t value, uint64_t data)
{
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)word, .type = KEVENT_FUTEX,
		.event = KEVENT_FUTEX_WOKEN | KEVENT_FUTEX_CHANGED,
		.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE,
		.ret_data = { value, 0x02 | FUTEX_PRIVATE_FLAG },	/* FUTEX2_SIZE_U32 */
		.user = { (uint32_t)data },
	};

	request(&uk);
}

static void face_posix_timer(clockid_t clock, uint64_t data, timer_t *timer)
{
	if (kevent_timer_create(queue.fd, clock, (void *)(uintptr_t)data, timer))
		err(1, "timer_create");
	atomic_fetch_add(&calls, 1);
}

/* Call the kernel directly: the C library may not pass SIGEV_KEVENT on. */
static void face_notify(int mq, uint64_t data)
{
	struct sigevent ev = { .sigev_notify = SIGEV_KEVENT };

	ev.sigev_value.sival_ptr = (void *)(uintptr_t)data;
	/* The queue's descriptor is first in the union. */
	memcpy(&ev._sigev_un, &queue.fd, sizeof(queue.fd));
	if (syscall(SYS_mq_notify, mq, &ev))
		err(1, "mq_notify");
	atomic_fetch_add(&calls, 1);
}

/* The 64-bit FNV-1a hash of the name, both halves xored. */
static int64_t face_name_value(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3ULL;
	return (uint32_t)(hash ^ hash >> 32);
}

/* kevent carries no value: make the request ready; the kernel counts how often. */
static void face_post(uint64_t id, uint64_t value)
{
	struct ukevent uk = { .id.raw = { (uint32_t)id }, .type = KEVENT_UNOTIFY };

	(void)value;
	if (kevent_ctl(queue.fd, KEVENT_CTL_READY, 1, &uk) != 1)
		err(1, "kevent_ctl(READY)");
	atomic_fetch_add(&calls, 1);
}

/* An AIO result may be negative; signal payloads and overrun counts have two words. */
static int64_t value(const struct ukevent *uk)
{
	switch (uk->type) {
	case KEVENT_AIO:
		return (int32_t)uk->ret_data[0];
	case KEVENT_SIGNAL:
	case KEVENT_POSIX_TIMER:
		return (int64_t)(uk->ret_data[0] | (uint64_t)uk->ret_data[1] << 32);
	default:
		return uk->ret_data[0];
	}
}

static int face_next(struct happened *h, int ms)
{
	const struct ukevent *uk;

	/* On an empty ring kevent_next() commits, twice if the ring was full, and waits. */
	if (!queue.there)
		atomic_fetch_add(&calls, 1 + (queue.taken > 0) + (queue.taken == queue.num));
	uk = kevent_next(&queue, ms);
	if (!uk) {
		if (errno != ETIMEDOUT && errno != EINTR)
			err(1, "kevent_wait");
		return 0;
	}
	*h = (struct happened){
		.type = uk->type, .data = uk->user[0], .value = value(uk),
		.count = uk->type == KEVENT_TIMER ? uk->ret_data[1] : uk->ret_data[0],
		.what = uk->event,
	};
	return 1;
}

static int face_fd(void)
{
	return queue.fd;
}

static unsigned long face_calls(void)
{
	return atomic_load(&calls);
}

static void face_close(void)
{
	kevent_close(&queue);
}

int main(int argc, char **argv)
{
	static const struct face kevent = {
		.name = "kevent", .wide = 0, .open = face_open, .attach = face_attach,
		.watch = face_watch, .futex = face_futex, .posix_timer = face_posix_timer,
		.notify = face_notify, .name_value = face_name_value, .post = face_post,
		.next = face_next, .fd = face_fd, .calls = face_calls, .close = face_close,
	};

	return demo_run(&kevent, argc, argv);
}
