// SPDX-License-Identifier: GPL-2.0-only
/*
 * kevent: events are read in the ring, and a commit frees half a ring at once. In the
 * variant "get_events" and with several threads, kevent_get_events() fetches them.
 */
#include <errno.h>
#include <kevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ADD_BATCH	512
#define DEFAULT_ENTRIES	1024
#define LINE		64	/* bytes of a cache line */

struct queue {
	int fd;
	unsigned int num, flags, most;
	unsigned int uidx;	/* index of the next event to read */
	unsigned int taken;	/* events read and not committed */
	bool threads;		/* several threads: do not read the ring */
	void *memory;
	size_t length;
	struct kevent_ring *ring;	/* in @memory; NULL: no ring, events are fetched */
	struct ukevent *fetched;
};

/*
 * Allocate memory for a ring. Its events begin at the start of a cache line, so that a number of
 * events lies in as few lines as possible. In the mapping of a queue's descriptor they would not.
 */
static void ring_alloc(struct queue *q)
{
	q->length = (LINE + q->num * sizeof(struct ukevent) + 4095) & ~4095UL;
	q->memory = mmap(NULL, q->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (q->memory == MAP_FAILED)
		fail("kevent: mmap: %s", strerror(errno));
	q->ring = (void *)((char *)q->memory + LINE - sizeof(*q->ring));
}

static void *queue_open(const struct setup *s)
{
	struct queue *q = calloc(1, sizeof(*q));

	q->num = is(s->variant, "get_events") ? 0 : s->entries ?: DEFAULT_ENTRIES;
	q->flags = (s->level ? 0 : KEVENT_REQ_ET) | KEVENT_REQ_ALWAYS_QUEUE;
	if (q->num)
		ring_alloc(q);
	q->fd = kevent_init(q->ring, q->num, 0);
	if (q->fd < 0) {
		if (q->memory)
			munmap(q->memory, q->length);
		free(q);
		return NULL;
	}
	q->threads = s->threads;
	q->most = s->batch ?: 4096;
	if (!q->threads)
		q->fetched = calloc(q->most, sizeof(*q->fetched));
	return q;
}

static int change_all(struct queue *q, unsigned int cmd, const int *fds, unsigned int n,
		      unsigned int first, uint32_t events)
{
	struct ukevent batch[ADD_BATCH];

	/* Set the common fields once for all batches. */
	for (unsigned int i = 0; i < ADD_BATCH && i < n; i++)
		batch[i] = (struct ukevent){
			.type = KEVENT_POLL, .event = events, .req_flags = q->flags,
		};
	for (unsigned int done = 0; done < n; ) {
		unsigned int part = n - done < ADD_BATCH ? n - done : ADD_BATCH;

		for (unsigned int i = 0; i < part; i++) {
			batch[i].id.raw[0] = fds[done + i];
			batch[i].user[0] = first + done + i;
		}
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

/* An index equal to the kernel's frees nothing, so a full ring needs two commits. */
static void commit(struct queue *q)
{
	while (q->taken) {
		unsigned int to = q->uidx, over;
		int n;

		if (q->taken == q->num)
			to = to ? to - 1 : q->num - 1;
		over = __atomic_load_n(&q->ring->ring_over, __ATOMIC_ACQUIRE);
		n = kevent_commit(q->fd, to, over);
		if (n < 0)
			fail("kevent_commit: %s", strerror(errno));
		q->taken -= n;
	}
}

/* Read up to @max of the next @there entries. */
static inline unsigned int take(struct queue *q, uint32_t *cookies, unsigned int max,
			 unsigned int there)
{
	unsigned int n, idx = q->uidx;

	if (there > max)
		there = max;
	for (n = 0; n < there; n++) {
		cookies[n] = q->ring->event[idx].user[0];
		if (++idx == q->num)
			idx = 0;
	}
	q->uidx = idx;
	q->taken += n;
	if (q->taken >= q->num / 2)
		commit(q);
	return n;
}

/* Number of entries up to the kernel's index; 0 also if the ring is full. */
static unsigned int there(struct queue *q)
{
	unsigned int kidx = __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE);

	return kidx >= q->uidx ? kidx - q->uidx : kidx + q->num - q->uidx;
}

static unsigned int fetch(struct queue *q, uint32_t *cookies, unsigned int max, bool wait)
{
	struct ukevent mine[64], *fetched = q->fetched;
	int n;

	if (max > q->most)
		max = q->most;
	if (!fetched) {
		fetched = mine;
		if (max > 64)
			max = 64;
	}
	n = kevent_get_events(q->fd, wait, max, wait ? UINT32_MAX : 0, fetched, 0);
	for (int i = 0; i < n; i++)
		cookies[i] = fetched[i].user[0];
	return n < 0 ? 0 : n;
}

static unsigned int queue_collect(void *p, uint32_t *cookies, unsigned int max)
{
	const struct __kernel_timespec none = { 0 };
	struct queue *q = p;
	unsigned int n;
	int more;

	if (!q->ring || q->threads)
		return fetch(q, cookies, max, false);
	n = take(q, cookies, max, there(q));
	if (n)
		return n;
	/* Let the kernel move events that wait outside the ring into it. */
	commit(q);
	more = kevent_wait(q->fd, q->num, q->uidx, &none, 0);
	return more > 0 ? take(q, cookies, max, more) : 0;
}

static unsigned int queue_wait(void *p, uint32_t *cookies, unsigned int max)
{
	struct queue *q = p;
	unsigned int n;

	if (!q->ring || q->threads)
		return fetch(q, cookies, max, true);
	n = there(q);
	if (n)
		return take(q, cookies, max, n);
	/* One call waits, takes one event and commits it; read the others in the ring. */
	commit(q);
	n = fetch(q, cookies, 1, true);
	q->uidx = (q->uidx + n) % q->num;
	return n && max > 1 ? n + take(q, cookies + n, max - n, there(q)) : n;
}

static void queue_close(void *p)
{
	struct queue *q = p;

	if (q->memory)
		munmap(q->memory, q->length);
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
