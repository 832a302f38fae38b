/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The adapter for tests that run through every face: one way to register a source and to
 * get the next event. The faces are the event channel, kevent without a ring, kevent with a
 * ring of the kernel's, and kevent with a ring in the program's memory.
 */
#ifndef SELFTESTS_FACE_H
#define SELFTESTS_FACE_H

#include "events.h"

enum face_kind { EVCHAN, KEVENT, KEVENT_RING, KEVENT_OWN_RING, FACES };

enum mode { EDGE, LEVEL, ONESHOT };

FIXTURE(face)
{
	enum face_kind kind;
	struct channel c;
	struct queue q;
	void *memory;
};

FIXTURE_VARIANT(face)
{
	enum face_kind kind;
};

FIXTURE_VARIANT_ADD(face, evchan) { EVCHAN };
FIXTURE_VARIANT_ADD(face, kevent) { KEVENT };
FIXTURE_VARIANT_ADD(face, kevent_ring) { KEVENT_RING };
FIXTURE_VARIANT_ADD(face, kevent_own_ring) { KEVENT_OWN_RING };

#define FACE FIXTURE_DATA(face)

#define FACE_SLOTS 8

/* An event in the form that tests see, whichever face it came through. */
struct got {
	uint32_t type;
	uint32_t events;
	uint64_t id;
	uint64_t data;
	uint64_t value;		/* kevent: ret_data[0] */
	uint64_t extra;		/* kevent: ret_data[1] */
	uint64_t length;	/* extra[1]; event channel only */
};

/* Open a queue of f->kind whose ring, if it has one, has @slots slots. */
static inline int face_open_sized(FACE *f, unsigned int slots)
{
	switch (f->kind) {
	case EVCHAN:
		return channel_open(&f->c, slots, 0);
	case KEVENT_OWN_RING:
		f->memory = aligned_alloc(4096, 4096);
		return queue_open_own(&f->q, slots, f->memory);
	default:
		return queue_open(&f->q, f->kind == KEVENT ? 0 : slots, 0);
	}
}

static inline int face_open(FACE *f)
{
	return face_open_sized(f, FACE_SLOTS);
}

static inline void face_close(FACE *f)
{
	if (f->kind == EVCHAN)
		channel_close(&f->c);
	else
		queue_close(&f->q);
	free(f->memory);
	f->memory = NULL;
}

FIXTURE_SETUP(face)
{
	self->kind = variant->kind;
	ASSERT_EQ(face_open(self), 0);
}

FIXTURE_TEARDOWN(face)
{
	face_close(self);
}

static inline int face_fd(FACE *f)
{
	return f->kind == EVCHAN ? f->c.fd : f->q.fd;
}

/*
 * How many sources the queue has. Works without the ring, for as long as a file descriptor
 * is open.
 */
static inline long long face_sources(FACE *f)
{
	return counter(face_fd(f), "sources");
}

static inline uint32_t evchan_mode(enum mode mode)
{
	return mode == LEVEL ? EVCHAN_LEVEL : mode == ONESHOT ? EVCHAN_ONESHOT : 0;
}

static inline uint32_t kevent_mode(enum mode mode)
{
	return KEVENT_REQ_ALWAYS_QUEUE | (mode == EDGE ? KEVENT_REQ_ET :
					  mode == ONESHOT ? KEVENT_REQ_ONESHOT : 0);
}

/* Carry out one kevent request: 0, 1 if it finished at once, or a negative errno. */
static inline int kevent_request(struct queue *q, unsigned int cmd, struct ukevent *uk)
{
	int ret = ctl(q, cmd, uk, 1);

	if (ret < 0)
		return ret;
	return uk->ret_flags & KEVENT_RET_BROKEN ? (int)uk->ret_data[1] : ret;
}

static inline void from_ukevent(struct got *g, const struct ukevent *uk)
{
	*g = (struct got){
		.type = uk->type, .events = uk->event, .id = uk->id.raw_u64,
		.data = uk->user[0] | (uint64_t)uk->user[1] << 32,
		.value = uk->ret_data[0], .extra = uk->ret_data[1],
	};
}

/* Wait up to @ms for the next event: 1, 0 if there is none, or a negative errno. */
static inline int face_next(FACE *f, struct got *g, long ms)
{
	struct evchan_event e;
	struct ukevent uk;
	int n;

	switch (f->kind) {
	case EVCHAN:
		if (!take(&f->c, &e)) {
			n = wait_events(&f->c, ms ? 1 : 0, ms);
			if (n < 0 || !take(&f->c, &e))
				return n < 0 ? n : 0;
		}
		*g = (struct got){
			.type = e.type, .events = e.events, .id = e.id, .data = e.data,
			.value = e.value, .extra = e.extra[0], .length = e.extra[1],
		};
		return 1;
	case KEVENT_RING:
		n = queue_wait(&f->q, 1, f->q.uidx, ms);
		if (n <= 0)
			return n;
		from_ukevent(g, ring_entry(&f->q, 0));
		return commit_entries(&f->q, 1) == 1 ? 1 : -EPROTO;
	default:
		n = get_events(&f->q, ms ? 1 : 0, 1, ms, &uk);
		if (n > 0)
			from_ukevent(g, &uk);
		return n;
	}
}

#endif
