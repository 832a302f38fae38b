/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The adapter for programs that drive every face alike: one way to register a source and to
 * get the next event. The faces are the event channel, kevent without a ring, kevent with a
 * ring of the kernel's, and kevent with a ring in the program's memory. Tests of the harness
 * include face-fixture.h, which runs a test through each of them.
 */
#ifndef SELFTESTS_FACE_H
#define SELFTESTS_FACE_H

#include "events.h"

enum face_kind { EVCHAN, KEVENT, KEVENT_RING, KEVENT_OWN_RING, FACE_KINDS };

enum mode { EDGE, LEVEL, ONESHOT };

struct face {
	enum face_kind kind;
	struct channel c;	/* of EVCHAN; the others have a queue */
	struct queue q;
	void *memory;		/* of KEVENT_OWN_RING's ring */
};

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
	uint64_t count;		/* of expirations or posts; of other types it is the value */
};

static inline const char *face_name(const struct face *f)
{
	static const char *const names[FACE_KINDS] = {
		"evchan", "kevent", "kevent, ring", "kevent, own ring",
	};

	return names[f->kind];
}

/* Open a queue of f->kind whose ring, if it has one, has @slots slots. */
static inline int face_open_sized(struct face *f, unsigned int slots)
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

static inline int face_open(struct face *f)
{
	return face_open_sized(f, FACE_SLOTS);
}

static inline void face_close(struct face *f)
{
	if (f->kind == EVCHAN)
		channel_close(&f->c);
	else
		queue_close(&f->q);
	free(f->memory);
	f->memory = NULL;
}

static inline int face_fd(struct face *f)
{
	return f->kind == EVCHAN ? f->c.fd : f->q.fd;
}

/*
 * How many sources the queue has. Works without the ring, for as long as a file descriptor
 * is open.
 */
static inline long long face_sources(struct face *f)
{
	return counter(face_fd(f), "sources");
}

/*
 * The number of records that are charged to the user, once it is at most @own, which this test
 * has. Records of inodes that earlier tests watched are freed some time later. -1 if they are not.
 */
static inline int settled_user_records(struct face *f, int own)
{
	for (int i = 0; i < LONG_MS; i++) {
		long long n = counter(face_fd(f), "user_records");

		if (n <= own)
			return n;
		usleep(1000);
	}
	return -1;
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

/*
 * Add a source for descriptor @fd of EVCHAN_POLL, EVCHAN_SOCKET or EVCHAN_PIPE. These types and
 * their bits are the same in both interfaces. This and what follows returns 0 or a negative errno.
 */
static inline int face_watch(struct face *f, uint32_t type, int fd, uint32_t events,
			     enum mode mode, uint64_t data)
{
	struct ukevent uk = request(type, fd, events, kevent_mode(mode), data);

	if (f->kind == EVCHAN)
		return watch(&f->c, EVCHAN_ADD, type, fd, events, evchan_mode(mode), data);
	return kevent_request(&f->q, KEVENT_CTL_ADD, &uk);
}

/* Add a periodic timer. Its name is @data in the event channel, and its period in kevent. */
static inline int face_timer(struct face *f, uint64_t period_ns, uint64_t data)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = data, .data = data,
		.args = { CLOCK_MONOTONIC, period_ns, period_ns },
	};
	struct ukevent uk = request(KEVENT_TIMER, 0, KEVENT_TIMER_FIRED, kevent_mode(EDGE), data);

	if (f->kind == EVCHAN)
		return change(&f->c, &ch);
	uk.id.raw[0] = period_ns / 1000000000;
	uk.id.raw[1] = period_ns % 1000000000;
	return kevent_request(&f->q, KEVENT_CTL_ADD, &uk);
}

/* Add a source of user events, whose cookie is its name. */
static inline int face_user(struct face *f, uint32_t id)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = id, .data = id };
	struct ukevent uk = request(KEVENT_UNOTIFY, id, 1, kevent_mode(EDGE), id);

	return f->kind == EVCHAN ? change(&f->c, &ch) :
				   kevent_request(&f->q, KEVENT_CTL_ADD, &uk);
}

/* Post a user event. Only the event channel's has a value. */
static inline int face_post(struct face *f, uint32_t id, uint64_t value)
{
	struct evchan_change ch = {
		.op = EVCHAN_POST, .type = EVCHAN_USER, .id = id, .args = { value },
	};
	struct ukevent uk = request(KEVENT_UNOTIFY, id, 0, 0, 0);
	int ret;

	if (f->kind == EVCHAN)
		return change(&f->c, &ch);
	ret = kevent_request(&f->q, KEVENT_CTL_READY, &uk);
	return ret < 0 ? ret : 0;	/* it returns how many it made ready */
}

static inline void from_evchan_event(struct got *g, const struct evchan_event *e)
{
	*g = (struct got){
		.type = e->type, .events = e->events, .id = e->id, .data = e->data,
		.value = e->value, .extra = e->extra[0], .length = e->extra[1],
		.count = e->type == EVCHAN_USER ? e->extra[0] : e->value,
	};
}

static inline void from_ukevent(struct got *g, const struct ukevent *uk)
{
	*g = (struct got){
		.type = uk->type, .events = uk->event, .id = uk->id.raw_u64,
		.data = uk->user[0] | (uint64_t)uk->user[1] << 32,
		.value = uk->ret_data[0], .extra = uk->ret_data[1],
		.count = uk->ret_data[uk->type == KEVENT_TIMER],
	};
}

/* Wait up to @ms for the next event: 1, 0 if there is none, or a negative errno. */
static inline int face_next(struct face *f, struct got *g, long ms)
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
		from_evchan_event(g, &e);
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

/*
 * The same with the call that copies events, also if there is a ring: any number of threads may
 * call it at once, and it skips events that were withdrawn.
 */
static inline int face_fetch(struct face *f, struct got *g, long ms)
{
	struct ukevent uk;
	int n;

	if (f->kind == EVCHAN)
		return face_next(f, g, ms);
	n = get_events(&f->q, ms ? 1 : 0, 1, ms, &uk);
	if (n > 0)
		from_ukevent(g, &uk);
	return n;
}

#endif
