// SPDX-License-Identifier: GPL-2.0-only
/* kevent: events lie in the ring, a commit frees them; or are fetched by a call. */
#include <errno.h>
#include <kevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ADD_BATCH	512
#define DEFAULT_ENTRIES	1024

struct queue {
	int fd;
	unsigned int num, uidx, flags, most;
	size_t length;
	struct kevent_ring *ring;	/* NULL: events are fetched by a call */
	struct ukevent *fetched;
};

static void *queue_open(const struct setup *s)
{
	struct queue *q = calloc(1, sizeof(*q));

	q->num = is(s->variant, "get_events") ? 0 : s->entries ?: DEFAULT_ENTRIES;
	q->flags = (s->level ? 0 : KEVENT_REQ_ET) | KEVENT_REQ_ALWAYS_QUEUE;
	q->fd = kevent_init(NULL, q->num, 0);
	if (q->fd < 0) {
		free(q);
		return NULL;
	}
	if (!q->num) {
		q->most = s->batch ?: 4096;
		q->fetched = calloc(q->most, sizeof(*q->fetched));
		return q;
	}
	q->length = (sizeof(*q->ring) + q->num * sizeof(struct ukevent) + 4095) & ~4095UL;
	q->ring = mmap(NULL, q->length, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	if (q->ring == MAP_FAILED)
		fail("kevent: mmap: %s", strerror(errno));
	return q;
}

static int change_all(struct queue *q, unsigned int cmd, const int *fds, unsigned int n,
		      unsigned int first, uint32_t events)
{
	struct ukevent batch[ADD_BATCH];

	for (unsigned int done = 0; done < n; ) {
		unsigned int part = n - done < ADD_BATCH ? n - done : ADD_BATCH;

		for (unsigned int i = 0; i < part; i++)
			batch[i] = (struct ukevent){
				.id.raw = { fds[done + i] }, .type = KEVENT_POLL,
				.event = events, .req_flags = q->flags,
				.user = { first + done + i },
			};
		if (kevent_ctl(q->fd, cmd, part, batch))
			return -1;
		done += part;
	}
	return 0;
}

static int queue_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	return change_all(q, KEVENT_CTL_ADD, fds, n, first, KEVENT_POLL_POLLIN);
}

static int queue_modify(void *q, const int *fds, unsigned int n, uint32_t events)
{
	return change_all(q, KEVENT_CTL_MODIFY, fds, n, 0, events);
}

/* Read up to @max entries of the ring, and say so. */
static unsigned int take(struct queue *q, uint32_t *cookies, unsigned int max)
{
	unsigned int kidx = __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE);
	unsigned int n = 0, idx = q->uidx;
	uint32_t over = __atomic_load_n(&q->ring->ring_over, __ATOMIC_ACQUIRE);

	while (idx != kidx && n < max) {
		cookies[n++] = q->ring->event[idx].user[0];
		idx = idx + 1 == q->num ? 0 : idx + 1;
	}
	if (!n)
		return 0;
	if (kevent_commit(q->fd, idx, over) < 0)
		fail("kevent_commit: %s", strerror(errno));
	q->uidx = idx;
	return n;
}

/* The index cannot tell a full ring from an empty one: ask, and take it in two. */
static unsigned int take_full(struct queue *q, uint32_t *cookies, unsigned int max, bool wait)
{
	const struct __kernel_timespec none = { 0 };
	int n = kevent_wait(q->fd, q->num, q->uidx, wait ? NULL : &none, 0);
	unsigned int idx = q->uidx;

	if (n <= 0)
		return 0;
	if ((unsigned int)n == q->num)
		n--;
	if ((unsigned int)n > max)
		n = max;
	for (int i = 0; i < n; i++) {
		cookies[i] = q->ring->event[idx].user[0];
		idx = idx + 1 == q->num ? 0 : idx + 1;
	}
	if (kevent_commit(q->fd, idx, q->ring->ring_over) < 0)
		fail("kevent_commit: %s", strerror(errno));
	q->uidx = idx;
	return n;
}

static unsigned int fetch(struct queue *q, uint32_t *cookies, unsigned int max, bool wait)
{
	int n = kevent_get_events(q->fd, wait, max < q->most ? max : q->most, wait ? UINT32_MAX : 0, q->fetched, 0);

	for (int i = 0; i < n; i++)
		cookies[i] = q->fetched[i].user[0];
	return n < 0 ? 0 : n;
}

static unsigned int queue_collect(void *p, uint32_t *cookies, unsigned int max)
{
	struct queue *q = p;

	if (!q->ring)
		return fetch(q, cookies, max, false);
	return take(q, cookies, max) ?: take_full(q, cookies, max, false);
}

static unsigned int queue_wait(void *p, uint32_t *cookies, unsigned int max)
{
	struct queue *q = p;

	if (!q->ring)
		return fetch(q, cookies, max, true);
	return take(q, cookies, max) ?: take_full(q, cookies, max, true);
}

static void queue_close(void *p)
{
	struct queue *q = p;

	if (q->ring)
		munmap(q->ring, q->length);
	close(q->fd);
	free(q->fetched);
	free(q);
}

static const char *const variants[] = { "", "get_events", NULL };

const struct api api_kevent = {
	.name = "kevent", .variants = variants, .batches = true, .open = queue_open,
	.add = queue_add, .modify = queue_modify, .collect = queue_collect,
	.wait = queue_wait, .close = queue_close,
};
