// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings as the two threads use them. The event channel and kevent are posted by the kernel's
 * code, and are taken by the code of libevchan and libkevent. Two rings are only for comparison.
 */
#include <errno.h>
#include <evchan.h>
#include <kevent.h>
#include <stdlib.h>
#include <string.h>

#include "bounce.h"
#include "core.h"

static void *lines(size_t size)
{
	void *p = aligned_alloc(128, (size + 127) & ~(size_t)127);

	if (!p)
		fail("no memory for a ring of %zu bytes; use a machine with more", size);
	return memset(p, 0, (size + 127) & ~(size_t)127);
}

bool single_consumer;

/* --- the event channel: a cursor takes the events, as in the other benches --- */

static struct {
	struct producer *producer APART;
	ec_t ec APART;
} evchan;

static void evchan_open(unsigned int entries, unsigned int sources)
{
	evchan.ec = ec_create_sized(single_consumer ? EVCHAN_SINGLE_CONSUMER : 0, entries);
	if (!evchan.ec)
		fail("event channel: %s", strerror(errno));
	evchan.producer = producer_new(ec_fd(evchan.ec), sources);
}

static void evchan_post(unsigned int n)
{
	producer_post(evchan.producer, n);
}

static unsigned int evchan_take(uint32_t *cookies, unsigned int max)
{
	struct ec_cursor at = ec_begin(evchan.ec);
	unsigned int n = 0;
	event_data_t e;

	while (n < max && ec_next(evchan.ec, &at, &e))
		cookies[n++] = (uint32_t)e.data;
	if (n)
		ec_end(evchan.ec, &at);
	return n;
}

/* --- kevent: libkevent's reader, which commits when it knows of no more events --- */

static struct {
	struct producer *producer APART;
	struct kevent_queue q APART;
} kevent;

static void kevent_ring_open(unsigned int entries, unsigned int sources)
{
	if (kevent_open(&kevent.q, entries, 0))
		fail("kevent: %s", strerror(errno));
	kevent.producer = producer_new(kevent.q.fd, sources);
}

static void kevent_ring_post(unsigned int n)
{
	producer_post(kevent.producer, n);
}

static unsigned int kevent_ring_take(uint32_t *cookies, unsigned int max)
{
	struct kevent_queue *q = &kevent.q;
	const struct ukevent *uk;
	unsigned int n = 0;

	while (n < max) {
		/* Like a program that polls: make no call while the ring has nothing. */
		if (!q->there && __atomic_load_n(&q->ring->ring_kidx, __ATOMIC_ACQUIRE) == q->uidx)
			break;
		uk = kevent_next(q, 0);
		if (!uk)
			fail("kevent: %s", strerror(errno));
		cookies[n++] = uk->user[0];
	}
	return n;
}

/*
 * --- a ring of io_uring's shape: entries of 16 bytes, and a head and a tail in one line ---
 *
 * It has what a completion ring needs between one producer and one consumer, and nothing else:
 * no lock, no overflow, no request behind an entry. The tail is stored after each event, as the
 * other rings publish each event.
 */
struct entry16 {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

static struct {
	struct { uint32_t head, tail; } *shared;	/* in a line */
	struct entry16 *entries;
	uint32_t mask;
	unsigned int sources;
	struct { uint32_t tail, head, next; } producer APART;	/* the head as it was last read */
} ring16;

static void ring16_open(unsigned int entries, unsigned int sources)
{
	ring16.shared = lines(sizeof(*ring16.shared));
	ring16.entries = lines(entries * sizeof(*ring16.entries));
	ring16.mask = entries - 1;
	ring16.sources = sources;
}

static __attribute__((noinline)) void ring16_post_one(uint64_t cookie)
{
	uint32_t tail = ring16.producer.tail;

	if (tail - ring16.producer.head > ring16.mask) {
		ring16.producer.head = __atomic_load_n(&ring16.shared->head, __ATOMIC_ACQUIRE);
		if (tail - ring16.producer.head > ring16.mask)
			fail("io_uring's shape: the ring is full; make the window smaller");
	}
	ring16.entries[tail & ring16.mask] = (struct entry16){ .user_data = cookie, .res = 1 };
	ring16.producer.tail = tail + 1;
	__atomic_store_n(&ring16.shared->tail, tail + 1, __ATOMIC_RELEASE);
}

static void ring16_post(unsigned int n)
{
	while (n--) {
		ring16_post_one(ring16.producer.next);
		ring16.producer.next = ring16.producer.next + 1 == ring16.sources ?
				       0 : ring16.producer.next + 1;
	}
}

static unsigned int ring16_take(uint32_t *cookies, unsigned int max)
{
	uint32_t head = ring16.shared->head;
	uint32_t tail = __atomic_load_n(&ring16.shared->tail, __ATOMIC_ACQUIRE);
	unsigned int n = 0;

	while (n < max && head != tail)
		cookies[n++] = (uint32_t)ring16.entries[head++ & ring16.mask].user_data;
	if (n)
		__atomic_store_n(&ring16.shared->head, head, __ATOMIC_RELEASE);
	return n;
}

/*
 * --- bare lines: a ring of which an entry is a word in a line of its own ---
 *
 * The word is the number of the event, plus 1, and 0 after it was taken. It is what any ring with
 * a word of hand-over for each event, and a line for each event, cannot do without.
 */
struct line {
	uint64_t word __attribute__((aligned(64)));
};

static struct {
	struct line *line;
	uint64_t mask;
	unsigned int sources;
	uint64_t posted APART, taken APART;
} bare;

static void bare_open(unsigned int entries, unsigned int sources)
{
	bare.line = lines(entries * sizeof(*bare.line));
	bare.mask = entries - 1;
	bare.sources = sources;
}

static void bare_post(unsigned int n)
{
	for (; n--; bare.posted++)
		__atomic_store_n(&bare.line[bare.posted & bare.mask].word, bare.posted + 1,
				 __ATOMIC_RELEASE);
}

static unsigned int bare_take(uint32_t *cookies, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++, bare.taken++) {
		uint64_t *word = &bare.line[bare.taken & bare.mask].word;
		uint64_t there = __atomic_load_n(word, __ATOMIC_ACQUIRE);

		if (!there)
			break;
		cookies[n] = (uint32_t)((there - 1) & (bare.sources - 1));
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	}
	return n;
}

const struct ring rings[NR_RINGS] = {
	[EVCHAN] = { "evchan", evchan_open, evchan_post, evchan_take },
	[KEVENT] = { "kevent", kevent_ring_open, kevent_ring_post, kevent_ring_take },
	[RING16] = { "ring16", ring16_open, ring16_post, ring16_take },
	[BARE] = { "bare", bare_open, bare_post, bare_take },
};
