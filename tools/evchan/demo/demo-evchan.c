// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo through the event channel: events are taken from the ring, the
 * kernel is called when the ring is empty.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "demo.h"
#include "evchan.h"

static ec_t ec;
static atomic_ulong calls;

static void face_open(unsigned int entries)
{
	ec = ec_create_sized(EVCHAN_CLOEXEC, entries);
	if (!ec)
		err(1, "evchan_create");
	atomic_store(&calls, 1);
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
	case SRC_EVENTFD:
		ret = ec_watch(ec, EVCHAN_POLL, (int)arg, POLLIN, 0, data);
		break;
	case SRC_TIMER:
		ret = ec_timer(ec, data, CLOCK_MONOTONIC, arg, arg, data);
		break;
	case SRC_USER:
		ret = ec_user(ec, arg, data);
		break;
	}
	if (ret < 0)
		err(1, "evchan_ctl");
}

static void face_post(uint64_t id, uint64_t value)
{
	if (ec_post(ec, id, value) < 0)
		err(1, "evchan_ctl(POST)");
	atomic_fetch_add(&calls, 1);
}

static int face_next(struct happened *h, int ms)
{
	struct __kernel_timespec to = { ms / 1000, ms % 1000 * 1000000LL };
	event_data_t d;

	while (!ec_take(ec, &d)) {
		int n = evchan_wait(ec->fd, 1, 0, &to, NULL, 0);

		atomic_fetch_add(&calls, 1);
		if (n < 0 && errno != EINTR)
			err(1, "evchan_wait");
		if (n == 0)
			return 0;
	}
	h->data = d.data;
	h->count = d.type == EVCHAN_USER ? d.extra[0] : d.value;
	h->value = d.value;
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
		.name = "evchan", .values = 1, .open = face_open, .watch = face_watch,
		.post = face_post, .next = face_next, .fd = face_fd,
		.calls = face_calls, .close = face_close,
	};

	return demo_run(&evchan, argc, argv);
}
