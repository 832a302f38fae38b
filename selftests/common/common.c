// SPDX-License-Identifier: GPL-2.0-only
/*
 * One table of scenarios, each run through every face: the event channel, kevent without a
 * ring, kevent with a ring that the kernel allocated, and kevent with a ring in the
 * program's memory. For each source the same bits, counts and payload must arrive, in the
 * same order of first occurrence, and in no more records than the row allows. The expected
 * outcome is computed from what was done to the sources, never from what a face reported.
 */
#include "face-fixture.h"
#include "operations.h"
#include "processes.h"
#include "sigevents.h"
#include "signals.h"

#define SOURCES_MAX	128
#define STEPS_MAX	12
#define ORDER_MAX	1024

/* The type of all sources of a row. */
enum kind {
	EVENTFD, PIPE, SOCKET, USER, TIMER, SIGNAL, PROCESS, POSIX_TIMER, MQUEUE, INODE,
	FUTEX, AIO,
};

/* How much to read from a source for each of its records. */
enum reading { READ_ALL, READ_ONE };

enum op {
	END,
	ADD,		/* register */
	MODIFY,		/* change the registration to .events; this also re-arms a oneshot */
	REMOVE,		/* remove the registration */
	FIRE,		/* make the source ready .times times */
	EXPIRE,		/* the next ADD arms a timer that will expire */
	HANG_UP,	/* close the other end */
	CLOSE,		/* close the watched file */
	TAKE,		/* fetch until there are no more events */
};

struct step {
	enum op op;
	int first, last;	/* range of sources, inclusive */
	int times;
	uint32_t events;
	enum reading reading;
	bool silent;		/* no event is expected: disarmed, or removed later */
};

struct world {
	int fds[SOURCES_MAX][2];	/* [0] is watched, [1] is the other end */
	timer_t timers[SOURCES_MAX];
	uint64_t sent[SOURCES_MAX];
	uint32_t words[SOURCES_MAX];	/* futex words */
	aio_context_t aio;
};

/* What the face reported, or what it must report. */
struct outcome {
	uint32_t bits[SOURCES_MAX];
	uint64_t count[SOURCES_MAX];	/* payload read, user events, expirations, ... */
	int order[ORDER_MAX];		/* first occurrences; each TAKE ends with -1 */
	int length;
	int records;
};

FIXTURE(scenario)
{
	struct world w;
	struct outcome expected, got;
	struct face face;
};

FIXTURE_VARIANT(scenario)
{
	enum kind kind;
	enum mode mode;
	int sources;
	unsigned int slots;
	uint32_t events;
	int records[FACE_KINDS];	/* upper limit for each face */
	struct step steps[STEPS_MAX];
};

#define ROW(name, ...) FIXTURE_VARIANT_ADD(scenario, name) { __VA_ARGS__ }

#include "scenarios.h"

static uint32_t type_of(enum kind kind)
{
	static const uint32_t types[] = {
		[EVENTFD] = EVCHAN_POLL, [PIPE] = EVCHAN_PIPE, [SOCKET] = EVCHAN_SOCKET,
		[USER] = EVCHAN_USER, [TIMER] = EVCHAN_TIMER, [SIGNAL] = EVCHAN_SIGNAL,
		[PROCESS] = EVCHAN_PROCESS, [POSIX_TIMER] = EVCHAN_POSIX_TIMER,
		[MQUEUE] = EVCHAN_MQUEUE, [INODE] = EVCHAN_INODE, [FUTEX] = EVCHAN_FUTEX,
		[AIO] = EVCHAN_AIO,
	};

	return types[kind];
}

/*
 * What identifies a source: its descriptor, signal, address or id; for a timer, its period
 * in ms.
 */
static uint64_t id_of(const struct world *w, enum kind kind, int i)
{
	if (kind == SIGNAL)
		return (SIGRTMIN + i) | EVCHAN_SIGNAL_NOMASK;
	if (kind == FUTEX)
		return (uintptr_t)&w->words[i];
	return kind == USER ? i : kind == TIMER ? 10 + 10 * i : w->fds[i][0];
}

/* --- the faces --- */

static int evchan_change_one(struct channel *c, int op, enum kind kind, enum mode mode,
			     uint64_t id, uint32_t events, int i)
{
	struct evchan_change ch = {
		.op = op, .type = type_of(kind), .events = events, .data = i, .id = id,
		.flags = evchan_mode(mode),
	};

	if (kind == TIMER) {
		ch.args[0] = CLOCK_MONOTONIC;
		ch.args[1] = id * 1000000ULL;
	} else if (kind != USER && kind != SIGNAL) {
		ch.args[0] = id;
	}
	if (kind == FUTEX) {
		ch.args[2] = UINT32_MAX;
		ch.args[3] = FUTEX_PRIVATE_U32;
	}
	if (op == EVCHAN_DEL)
		ch = removal(&ch);
	if (op == EVCHAN_POST)
		ch = (struct evchan_change){
			.op = op, .type = ch.type, .id = id, .events = events, .args = { 1 },
		};
	return change(c, &ch);
}

static struct ukevent kevent_entry(enum kind kind, enum mode mode, uint64_t id, uint32_t events,
				   int i)
{
	struct ukevent uk = request(type_of(kind), id, events, kevent_mode(mode), i);

	if (kind == TIMER) {
		uk.id.raw[0] = 0;
		uk.id.raw[1] = id * 1000000;
	} else if (kind == SIGNAL || kind == FUTEX) {
		uk.id.raw_u64 = id;
	}
	if (kind == FUTEX)
		uk.ret_data[1] = FUTEX_PRIVATE_U32;
	if (kind == INODE)
		uk.event = KEVENT_INODE_CREATE;
	return uk;
}

/* A delivered oneshot no longer exists in kevent, so re-arming it is an ADD. */
static int kevent_again(struct queue *q, struct ukevent *uk)
{
	struct ukevent copy = *uk;

	if (ctl(q, KEVENT_CTL_MODIFY, &copy, 1) < 0 || copy.ret_flags & KEVENT_RET_BROKEN)
		return ctl(q, KEVENT_CTL_ADD, uk, 1);
	return 0;
}

/* Register a source whose call takes a struct sigevent: mq_notify() or timer_create(). */
static int apply_sigevent(struct world *w, enum kind kind, int notify, int fd, int i)
{
	struct sigevent ev = queue_event(notify, fd, i);

	if (kind == MQUEUE)
		return notify_queue(w->fds[i][0], &ev);
	return create_timer(CLOCK_MONOTONIC, &ev, &w->timers[i]) ?:
	       set_timer(w->timers[i], 10000000LL * (i + 1), 0);
}

/* Register, change, remove or post source @i; returns 0 if that succeeded. */
static int apply(FIXTURE_DATA(scenario) *self, const FIXTURE_VARIANT(scenario) *variant,
		 const struct step *st, int i)
{
	bool is_evchan = self->face.kind == EVCHAN;
	uint32_t events = st->events ?: variant->events;
	uint64_t id = id_of(&self->w, variant->kind, i);
	struct queue *q = &self->face.q;
	int fd = face_fd(&self->face);
	struct ukevent uk;

	if (variant->kind == MQUEUE || variant->kind == POSIX_TIMER)
		return apply_sigevent(&self->w, variant->kind,
				      is_evchan ? SIGEV_EVCHAN : SIGEV_KEVENT, fd, i);
	if (variant->kind == AIO)
		return submit_read(self->w.aio, fd, self->w.fds[i][0], i + 1, i);

	if (is_evchan) {
		int op = st->op == ADD ? EVCHAN_ADD : st->op == MODIFY ? EVCHAN_MOD :
			 st->op == REMOVE ? EVCHAN_DEL : EVCHAN_POST;

		return evchan_change_one(&self->face.c, op, variant->kind, variant->mode, id,
					 events, i);
	}
	uk = kevent_entry(variant->kind, variant->mode, id, events, i);
	switch (st->op) {
	case ADD:
		return ctl(q, KEVENT_CTL_ADD, &uk, 1);
	case MODIFY:
		return kevent_again(q, &uk);
	case REMOVE:
		return ctl(q, KEVENT_CTL_REMOVE, &uk, 1) ?:
		       (int)(uk.ret_flags & KEVENT_RET_BROKEN);
	default:
		return ctl(q, KEVENT_CTL_READY, &uk, 1) - 1;
	}
}

/* --- sources --- */

/* A process that exits with status @i + 1 when fire() tells it to. */
static int make_process(int *fds, int i)
{
	struct child c;

	if (!start_child(&c)) {
		await_word(&c);
		_exit(i + 1);
	}
	fds[0] = c.pidfd;
	fds[1] = c.told[1];
	close(c.told[0]);
	return c.pid < 0 || c.pidfd < 0;
}

static int make_source(struct world *w, enum kind kind, int i)
{
	int *fds = w->fds[i];

	w->sent[i] = 0;
	fds[0] = -1;
	fds[1] = -1;
	switch (kind) {
	case EVENTFD:
		fds[0] = eventfd(0, EFD_NONBLOCK);
		return fds[0] < 0;
	case PIPE:
		return pipe2(fds, O_NONBLOCK);
	case SOCKET:
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	case PROCESS:
		return make_process(fds, i);
	case MQUEUE:
		fds[0] = open_mqueue("/common-notify");
		return fds[0] < 0;
	case INODE:
		fds[0] = make_directory();
		return fds[0] < 0;
	case FUTEX:
		w->words[i] = 0;
		return 0;
	case AIO:
		if (!i) {
			w->aio = 0;
			if (syscall(SYS_io_setup, 64, &w->aio))
				return -errno;
		}
		fds[0] = make_readable(i + 1);
		return fds[0] < 0;
	default:
		return 0;
	}
}

/* Make source @i ready. What is written to it is its message number. */
static int fire(struct world *w, enum kind kind, int i)
{
	siginfo_t info;

	switch (kind) {
	case EVENTFD:
		return raise_eventfd(w->fds[i][0]);
	case SIGNAL:
		return send_value(SIGRTMIN + i, w->sent[i]);
	case PROCESS:	/* return only once it has exited; it stays a zombie */
		return write(w->fds[i][1], "", 1) != 1 ||
		       waitid(P_PIDFD, w->fds[i][0], &info, WEXITED | WNOWAIT);
	case MQUEUE:
		return mq_send(w->fds[i][0], "", 0, 0);
	case INODE:
		return make_file(w->fds[i][0], w->sent[i]);
	case FUTEX:
		return !wake_futex(&w->words[i]);
	default:
		break;
	}
	return write(w->fds[i][1], &w->sent[i], 8) == 8 ? 0 : -1;
}

/* How many occurrences a record of source @i itself reports; -1 if its payload is wrong. */
static int64_t read_record(const struct world *w, enum kind kind, int i, uint64_t value,
			   uint64_t had)
{
	switch (kind) {
	case SIGNAL:
		return (uint32_t)value == had + 1 ? 1 : -1;
	case PROCESS:
		return (int)value == (i + 1) << 8 ? 1 : -1;
	case MQUEUE:
		return (int)value == w->fds[i][0] ? 1 : -1;
	case INODE:
		return is_name_of(value, had + 1) ? 1 : -1;
	case FUTEX:
		return 1;
	case AIO:
		return (int)value == i + 1 ? 1 : -1;
	case POSIX_TIMER:
		return 1 + value;
	default:
		return value;
	}
}

/* Read from source @i; returns the number of messages, or -1 if one is out of order. */
static int64_t read_source(struct world *w, enum kind kind, int i, enum reading reading,
			   uint64_t had)
{
	uint64_t message, n = 0;

	if (kind == EVENTFD)
		return read_eventfd(w->fds[i][0]);
	while (read(w->fds[i][0], &message, 8) == 8) {
		if (message != had + ++n)
			return -1;
		if (reading == READ_ONE)
			break;
	}
	return n;
}

/* --- running a row --- */

static void occurred(struct outcome *o, int i)
{
	for (int at = o->length - 1; at >= 0 && o->order[at] >= 0; at--)
		if (o->order[at] == i)
			return;
	if (o->length < ORDER_MAX)
		o->order[o->length++] = i;
}

static void phase_ends(struct outcome *o)
{
	if (o->length < ORDER_MAX)
		o->order[o->length++] = -1;
}

static void record(struct __test_metadata *_metadata, FIXTURE_DATA(scenario) *self,
		   const FIXTURE_VARIANT(scenario) *variant, const struct step *st,
		   const struct got *g)
{
	struct outcome *o = &self->got;
	uint32_t bits = g->events;
	uint64_t i = g->data;
	int64_t n;

	ASSERT_LT(i, (uint64_t)variant->sources);
	ASSERT_LT(++o->records, 4 * ORDER_MAX);		/* ends an endless stream of records */
	/* kevent has its own values for the events of an inode. */
	if (self->face.kind != EVCHAN && variant->kind == INODE && bits == KEVENT_INODE_CREATE)
		bits = IN_CREATE;
	o->bits[i] |= bits;
	occurred(o, i);
	n = variant->kind < USER ?
	    read_source(&self->w, variant->kind, i, st->reading, o->count[i]) :
	    read_record(&self->w, variant->kind, i, g->count, o->count[i]);
	EXPECT_GE(n, 0) {
		TH_LOG("source %d: a message lost, wrong, or out of order", (int)i);
	}
	o->count[i] += n;
}

static bool expires(enum kind kind)
{
	return kind == TIMER || kind == POSIX_TIMER;
}

/* Fetch everything. With timers, wait until each source has reported. */
static void take_all(struct __test_metadata *_metadata, FIXTURE_DATA(scenario) *self,
		     const FIXTURE_VARIANT(scenario) *variant, const struct step *st)
{
	struct channel *c = &self->face.c;
	struct queue *q = &self->face.q;
	long ms = expires(variant->kind) ? LONG_MS : 0;
	struct evchan_event e;
	struct ukevent out[5];
	struct got g;
	int n;

	for (;;) {
		if (ms && self->got.records == variant->sources)
			return;
		switch (self->face.kind) {
		case EVCHAN:
			if (wait_events(c, ms ? 1 : 0, ms) <= 0)
				return;
			while (take(c, &e)) {
				from_evchan_event(&g, &e);
				record(_metadata, self, variant, st, &g);
			}
			break;
		case KEVENT_RING:
			n = queue_wait(q, variant->slots, q->uidx, ms);
			ASSERT_GE(n, 0);
			if (!n)
				return;
			for (int k = 0; k < n; k++) {
				from_ukevent(&g, ring_entry(q, k));
				record(_metadata, self, variant, st, &g);
			}
			ASSERT_EQ(commit_entries(q, n), n);
			break;
		default:
			n = get_events(q, ms ? 1 : 0, 5, ms, out);
			ASSERT_GE(n, 0);
			if (!n)
				return;
			for (int k = 0; k < n; k++) {
				from_ukevent(&g, &out[k]);
				record(_metadata, self, variant, st, &g);
			}
		}
	}
}

static void happens(struct __test_metadata *_metadata, FIXTURE_DATA(scenario) *self,
		    const FIXTURE_VARIANT(scenario) *variant, const struct step *st, int i)
{
	struct outcome *o = &self->expected;

	switch (st->op) {
	case FIRE:
		if (!st->silent) {
			o->bits[i] |= variant->events;
			occurred(o, i);
		}
		for (int t = 0; t < st->times; t++) {
			int ret;

			self->w.sent[i]++;
			ret = variant->kind == USER || variant->kind == AIO ?
			      apply(self, variant, st, i) :
			      fire(&self->w, variant->kind, i);
			ASSERT_EQ(ret, 0);
		}
		break;
	case EXPIRE:
		o->bits[i] |= variant->events;
		o->count[i]++;
		occurred(o, i);
		break;
	case HANG_UP:
		close(self->w.fds[i][1]);
		self->w.fds[i][1] = -1;
		break;
	case CLOSE:
		close(self->w.fds[i][0]);
		self->w.fds[i][0] = -1;
		self->w.sent[i] = 0;	/* can no longer be read */
		break;
	default:
		if (st->op == MODIFY) {		/* the condition holds already */
			o->bits[i] |= st->events;
			occurred(o, i);
		}
		if (st->op == REMOVE)
			self->w.sent[i] = 0;
		ASSERT_EQ(apply(self, variant, st, i), 0);
	}
}

static void run_row(struct __test_metadata *_metadata, FIXTURE_DATA(scenario) *self,
		    const FIXTURE_VARIANT(scenario) *variant, enum face_kind kind)
{
	const struct step *st;

	memset(&self->expected, 0, sizeof(self->expected));
	memset(&self->got, 0, sizeof(self->got));
	for (int i = 0; i < variant->sources; i++)
		ASSERT_EQ(make_source(&self->w, variant->kind, i), 0);
	self->face.kind = kind;
	ASSERT_EQ(face_open_sized(&self->face, variant->slots), 0);

	for (st = variant->steps; st < variant->steps + STEPS_MAX && st->op != END; st++) {
		if (st->op == TAKE) {
			take_all(_metadata, self, variant, st);
			phase_ends(&self->got);
			phase_ends(&self->expected);
			continue;
		}
		for (int i = st->first; i <= st->last; i++)
			happens(_metadata, self, variant, st, i);
	}
	for (int i = 0; i < variant->sources; i++) {
		/* All that was sent must be read, except from what was closed. */
		if (!expires(variant->kind))
			self->expected.count[i] = self->w.sent[i];
		if (variant->kind == INODE)
			remove_directory(self->w.fds[i][0]);
		if (self->w.fds[i][0] >= 0)
			close(self->w.fds[i][0]);
		if (self->w.fds[i][1] >= 0)
			close(self->w.fds[i][1]);
		if (variant->kind == POSIX_TIMER)
			timer_delete(self->w.timers[i]);
		if (variant->kind == PROCESS)
			wait(NULL);
	}
	if (variant->kind == AIO)
		syscall(SYS_io_destroy, self->w.aio);
	face_close(&self->face);
}

FIXTURE_SETUP(scenario)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(scenario)
{
}

TEST_F(scenario, same)
{
	for (int face = 0; face < FACE_KINDS; face++) {
		const struct outcome *got = &self->got, *expected = &self->expected;

		run_row(_metadata, self, variant, face);
		EXPECT_LE(got->records, variant->records[face]) {
			TH_LOG("%s: too many records", face_name(&self->face));
		}
		ASSERT_EQ(got->length, expected->length) {
			TH_LOG("%s: %d records", face_name(&self->face), got->records);
		}
		for (int at = 0; at < got->length; at++) {
			ASSERT_EQ(got->order[at], expected->order[at]) {
				TH_LOG("%s: order, at %d", face_name(&self->face), at);
			}
		}
		for (int i = 0; i < variant->sources; i++) {
			EXPECT_EQ(got->bits[i], expected->bits[i]) {
				TH_LOG("%s: bits of source %d", face_name(&self->face), i);
			}
			EXPECT_EQ(got->count[i], expected->count[i]) {
				TH_LOG("%s: count of source %d", face_name(&self->face), i);
			}
		}
	}
}

TEST_HARNESS_MAIN
