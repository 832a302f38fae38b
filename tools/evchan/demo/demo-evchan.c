// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo through the event channel: events are taken from the ring, and the kernel is
 * called when the ring is empty.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/inotify.h>

#include "demo.h"
#include "evchan.h"

static ec_t ec;
static atomic_ulong calls;

static void face_open(unsigned int entries)
{
	ec = ec_create_sized(EVCHAN_CLOEXEC, entries);
	if (!ec) {
		ec_perror("demo-evchan");
		exit(1);
	}
	atomic_store(&calls, 1);
}

static void face_attach(int fd)
{
	ec = ec_attach(fd);
	if (!ec)
		err(1, "ec_attach: cannot map the channel");
	atomic_store(&calls, 0);
}

/* Watch the descriptor's own file; ec_watch_path() needs a path. */
static int watch_inode(int fd, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_INODE, .id = data, .data = data,
		.events = IN_CREATE | IN_DELETE, .args = { (uint64_t)fd },
	};

	return ec_change(ec, &c);
}

static void face_watch(enum source type, uint64_t arg, uint64_t data)
{
	int ret = -1;

	atomic_fetch_add(&calls, 1);
	switch (type) {
	case SRC_LISTEN:
		ret = ec_watch(ec, EVCHAN_SOCKET, (int)arg, EVCHAN_ACCEPT, 0, data);
		break;
	case SRC_SOCKET:
		ret = ec_watch(ec, EVCHAN_SOCKET, (int)arg, EVCHAN_RECV, 0, data);
		break;
	case SRC_PIPE:
		ret = ec_watch(ec, EVCHAN_PIPE, (int)arg, EVCHAN_RECV, EVCHAN_LEVEL, data);
		break;
	case SRC_POLL:
		ret = ec_watch(ec, EVCHAN_POLL, (int)arg, POLLIN, 0, data);
		break;
	case SRC_TIMER:
		ret = ec_timer(ec, data, CLOCK_MONOTONIC, arg, arg, data);
		break;
	case SRC_USER:
		ret = ec_user(ec, arg, data);
		break;
	case SRC_SIGNAL:
		ret = ec_watch_signal(ec, arg, 0, data);
		break;
	case SRC_SIGNAL_ONLY:
		ret = ec_watch_signal(ec, arg | EVCHAN_SIGNAL_NOMASK, 0, data);
		break;
	case SRC_PROCESS:
		ret = ec_watch_process(ec, (int)arg, data);
		break;
	case SRC_INODE:
		ret = watch_inode((int)arg, data);
		break;
	}
	if (ret < 0)
		err(1, "evchan_ctl");
}

static void face_futex(uint32_t *word, uint32_t value, uint64_t data)
{
	if (ec_watch_futex(ec, data, word, value, data) < 0)
		err(1, "evchan_ctl(futex)");
	atomic_fetch_add(&calls, 1);
}

static void face_posix_timer(clockid_t clock, uint64_t data, timer_t *timer)
{
	if (ec_timer_create(ec, clock, (uintptr_t)data, timer))
		err(1, "timer_create");
	atomic_fetch_add(&calls, 1);
}

static void face_notify(int mq, uint64_t data)
{
	if (ec_mq_notify(ec, mq, (uintptr_t)data))
		err(1, "mq_notify");
	atomic_fetch_add(&calls, 1);
}

static int64_t face_name_value(const char *name)
{
	return (int64_t)ec_name_hash(name);
}

static void face_post(uint64_t id, uint64_t value)
{
	if (ec_post(ec, id, value) < 0)
		err(1, "evchan_ctl(POST)");
	atomic_fetch_add(&calls, 1);
}

/* The kind of event, in the demo's constants. */
static uint32_t what(const event_data_t *d)
{
	if (d->type == EVCHAN_INODE)
		return d->events == IN_CREATE ? INODE_CREATED :
		       d->events == IN_DELETE ? INODE_REMOVED : 0;
	if (d->type == EVCHAN_FUTEX)
		return d->events == EVCHAN_WOKEN ? FUTEX_WOKEN :
		       d->events == EVCHAN_CHANGED ? FUTEX_CHANGED : 0;
	return d->events;
}

static int face_next(struct happened *h, int ms)
{
	struct __kernel_timespec to = { ms / 1000, ms % 1000 * 1000000LL };
	uint64_t until = 0;
	event_data_t d;

	while (!ec_take(ec, &d)) {
		int n;

		/* evchan_wait() may report events that cannot be taken any more. */
		if (until && now_ns() >= until)
			return 0;
		until = until ? until : now_ns() + (uint64_t)ms * 1000000;
		/* A minimum of 0 does not wait. */
		n = evchan_wait(ec->fd, ms ? 1 : 0, 0, &to, NULL, 0);
		atomic_fetch_add(&calls, 1);
		if (n < 0 && errno != EINTR)
			err(1, "evchan_wait");
		if (n == 0)
			return 0;
	}
	*h = (struct happened){
		.type = d.type, .what = what(&d), .data = d.data,
		.count = d.type == EVCHAN_USER ? d.extra[0] : d.value,
		.value = (int64_t)d.value,
		.sender = d.type == EVCHAN_SIGNAL ? ec_signal_pid(&d) : 0,
	};
	return 1;
}

static int face_fd(void)
{
	return ec_fd(ec);
}

static unsigned long face_calls(void)
{
	return atomic_load(&calls);
}

static void face_close(void)
{
	ec_destroy(ec);
}

int main(int argc, char **argv)
{
	static const struct face evchan = {
		.name = "evchan", .wide = 1, .open = face_open, .attach = face_attach,
		.watch = face_watch, .futex = face_futex, .posix_timer = face_posix_timer,
		.notify = face_notify, .name_value = face_name_value, .post = face_post,
		.next = face_next, .fd = face_fd, .calls = face_calls, .close = face_close,
	};

	return demo_run(&evchan, argc, argv);
}
