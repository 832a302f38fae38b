// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo through kevent: events are read from the mapped ring, committed when
 * it is empty.
 */
#include <err.h>
#include <errno.h>
#include <stdatomic.h>

#include "demo.h"
#include "kevent.h"

static struct kevent_queue queue;
static atomic_ulong calls;

static void face_open(unsigned int entries)
{
	if (kevent_open(&queue, entries, KEVENT_INIT_CLOEXEC))
		err(1, "kevent_init");
	atomic_store(&calls, 1);
}

static void face_watch(enum source type, uint64_t arg, uint64_t data)
{
	struct ukevent uk = {
		.id.raw = { (uint32_t)arg },
		.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE,
		.user = { (uint32_t)data },
	};

	atomic_fetch_add(&calls, 1);
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
	case SRC_EVENTFD:
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
		break;
	}
	if (kevent_ctl(queue.fd, KEVENT_CTL_ADD, 1, &uk)) {
		errno = -(int)uk.ret_data[1];
		err(1, "kevent_ctl(ADD)");
	}
}

/* There is no value to give: it is made ready, and that is counted. */
static void face_post(uint64_t id, uint64_t value)
{
	struct ukevent uk = { .id.raw = { (uint32_t)id }, .type = KEVENT_UNOTIFY };

	(void)value;
	if (kevent_ctl(queue.fd, KEVENT_CTL_READY, 1, &uk) != 1)
		err(1, "kevent_ctl(READY)");
	atomic_fetch_add(&calls, 1);
}

static int face_next(struct happened *h, int ms)
{
	const struct ukevent *uk;

	/* The calls that an empty ring costs: commit, twice if it was full; wait. */
	if (!queue.there)
		atomic_fetch_add(&calls, 1 + (queue.taken > 0) + (queue.taken == queue.num));
	uk = kevent_next(&queue, ms);
	if (!uk) {
		if (errno != ETIMEDOUT && errno != EINTR)
			err(1, "kevent_wait");
		return 0;
	}
	h->data = uk->user[0];
	h->count = uk->type == KEVENT_TIMER ? uk->ret_data[1] : uk->ret_data[0];
	h->value = 0;
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
		.name = "kevent", .values = 0, .open = face_open, .watch = face_watch,
		.post = face_post, .next = face_next, .fd = face_fd,
		.calls = face_calls, .close = face_close,
	};

	return demo_run(&kevent, argc, argv);
}
