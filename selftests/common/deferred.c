// SPDX-License-Identifier: GPL-2.0-only
/*
 * One wake-up causes hundreds of events: the first are posted at once, and a work item posts
 * the others (kernel/evcore/sources/deferred.c). Nobody can tell from the events which were
 * which: they are in order, later events come behind them, and none comes after its source was
 * removed. The trace of work items shows that there was something to be told.
 */
#include <linux/futex.h>

#include "face-fixture.h"
#include "operations.h"
#include "work-trace.h"

#define N	400	/* events of one wake-up */
#define ROUNDS	60	/* at most; the rounds end when the work item has run in a few */
#define ENOUGH	3

struct operations {
	aio_context_t context;
	int pipe[2];
	struct iocb cb[N + 1];
};

/* Submit a poll of the pipe; its completion goes to @queue, or if that is -1, to the AIO ring. */
static int submit_poll(struct operations *o, int queue, int i)
{
	struct iocb *cb = &o->cb[i];

	*cb = (struct iocb){
		.aio_data = i, .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = o->pipe[0],
		.aio_buf = POLLIN, .aio_flags = queue < 0 ? 0 : IOCB_FLAG_EVCORE,
		.aio_resfd = queue < 0 ? 0 : queue,
	};
	return syscall(SYS_io_submit, o->context, 1, &cb) == 1 ? 0 : -1;
}

static int submit_polls(struct operations *o, int queue)
{
	for (int i = 0; i < N; i++)
		if (submit_poll(o, queue, i))
			return -1;
	return 0;
}

static int operations_open(struct operations *o)
{
	o->context = 0;
	return syscall(SYS_io_setup, 2 * N, &o->context) || pipe2(o->pipe, O_NONBLOCK);
}

static void operations_close(struct operations *o)
{
	syscall(SYS_io_destroy, o->context);
	close(o->pipe[0]);
	close(o->pipe[1]);
}

/* The order in which the completions come: as they come to the AIO ring. */
static int aio_order(struct operations *o, uint64_t *order)
{
	static struct io_event e[N];
	char c;

	if (submit_polls(o, -1) || write(o->pipe[1], "x", 1) != 1 ||
	    syscall(SYS_io_getevents, o->context, N, N, e, NULL) != N ||
	    read(o->pipe[0], &c, 1) != 1)
		return -1;
	for (int i = 0; i < N; i++)
		order[i] = e[i].data;
	return 0;
}

/*
 * The debug kernel can be so slow that never more than 64 operations complete within 100 us,
 * and so none is left to the work item.
 */
static bool may_never_defer(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

/* Operations that one wake-up completes, and one that is submitted and completes after that. */
TEST_F_TIMEOUT(face, deferred_completions_in_order, 120)
{
	static struct operations o;
	uint64_t order[N];
	int met = 0;
	struct got g;
	char c;

	ASSERT_EQ(operations_open(&o), 0);
	ASSERT_EQ(aio_order(&o, order), 0);
	ASSERT_EQ(trace_work(), 0);
	for (int round = 0; round < ROUNDS && met < ENOUGH; round++) {
		ASSERT_EQ(submit_polls(&o, face_fd(self)), 0);
		ASSERT_EQ(write(o.pipe[1], "x", 1), 1);
		ASSERT_EQ(submit_poll(&o, face_fd(self), N), 0);
		for (int i = 0; i < N; i++) {
			ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
			ASSERT_EQ(g.data, order[i]) {
				TH_LOG("round %d, event %d", round, i);
			}
		}
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.data, N);
		ASSERT_EQ(face_fetch(self, &g, 0), 0);
		ASSERT_EQ(read(o.pipe[0], &c, 1), 1);
		met += work_has_run("post_deferred");
	}
	trace_work_end();
	operations_close(&o);
	if (!met && may_never_defer())
		SKIP(return, "no completion was left to the work item");
	EXPECT_GT(met, 0);
}

/* The source of the completions is removed while they are posted: no more of them come. */
TEST_F_TIMEOUT(face, deferred_completions_deleted, 120)
{
	struct evchan_change del = { .op = EVCHAN_DEL, .type = EVCHAN_AIO };
	struct ukevent uk = { .type = KEVENT_AIO };
	static struct operations o;
	int met = 0;
	struct got g;
	char c;

	ASSERT_EQ(operations_open(&o), 0);
	ASSERT_EQ(trace_work(), 0);
	for (int round = 0; round < ROUNDS && met < ENOUGH; round++) {
		ASSERT_EQ(submit_polls(&o, face_fd(self)), 0);
		ASSERT_EQ(write(o.pipe[1], "x", 1), 1);
		ASSERT_GE(self->kind == EVCHAN ? change(&self->c, &del) :
			  kevent_request(&self->q, KEVENT_CTL_REMOVE, &uk), 0);
		ASSERT_EQ(face_fetch(self, &g, 0), 0);
		/* This one makes a new source. */
		ASSERT_EQ(submit_poll(&o, face_fd(self), N), 0);
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.data, N);
		ASSERT_EQ(face_fetch(self, &g, 1), 0);
		ASSERT_EQ(read(o.pipe[0], &c, 1), 1);
		met += work_has_run("post_deferred");
	}
	trace_work_end();
	ASSERT_EQ(counter(face_fd(self), "records"), 0);
	operations_close(&o);
	if (!met && may_never_defer())
		SKIP(return, "no completion was left to the work item");
	EXPECT_GT(met, 0);
}

/* Register for a wake-up of @word, whose value is 0. */
static int add_futex(struct face *f, uint32_t *word, uint64_t data)
{
	struct evchan_change ch = {
		.op = EVCHAN_ADD, .type = EVCHAN_FUTEX, .flags = EVCHAN_ONESHOT, .data = data,
		.id = (uintptr_t)word,
		.args = { (uintptr_t)word, 0, UINT32_MAX, FUTEX_PRIVATE_U32 },
	};
	struct ukevent uk = {
		.id.raw_u64 = (uintptr_t)word, .type = KEVENT_FUTEX, .event = KEVENT_FUTEX_WOKEN,
		.req_flags = kevent_mode(ONESHOT) | KEVENT_REQ_KEEP, .user = { data },
		.ret_data = { 0, FUTEX_PRIVATE_U32 },
	};

	return f->kind == EVCHAN ? change(&f->c, &ch) :
				   kevent_request(&f->q, KEVENT_CTL_ADD, &uk);
}

/* Returns 1 if it was woken; 0, or a negative errno. */
static int delete_futex(struct face *f, uint32_t *word)
{
	struct evchan_change ch = {
		.op = EVCHAN_DEL, .type = EVCHAN_FUTEX, .id = (uintptr_t)word,
	};
	struct ukevent uk = { .id.raw_u64 = (uintptr_t)word, .type = KEVENT_FUTEX };
	int ret;

	if (f->kind == EVCHAN)
		return change(&f->c, &ch);
	ret = kevent_request(&f->q, KEVENT_CTL_REMOVE, &uk);
	return ret < 0 ? ret : (int)uk.ret_data[0];
}

/* Have sources wait for all words, and requeue them to the first word in order. */
static int add_futexes(struct face *f, uint32_t *words)
{
	for (int i = 0; i < N; i++) {
		if (add_futex(f, &words[i], i))
			return -1;
		if (i && syscall(SYS_futex, &words[i], FUTEX_CMP_REQUEUE_PRIVATE, 0, 1, words,
				 0) != 1)
			return -1;
	}
	return 0;
}

static int wake_futexes(uint32_t *words)
{
	return syscall(SYS_futex, words, FUTEX_WAKE_PRIVATE, N, NULL, NULL, 0);
}

/* Sources that one call wakes, and one that is woken by the next call. */
TEST_F_TIMEOUT(face, deferred_wake_ups_in_order, 120)
{
	static uint32_t words[N + 1];
	int met = 0;
	struct got g;

	ASSERT_EQ(trace_work(), 0);
	for (int round = 0; round < ROUNDS && met < ENOUGH; round++) {
		ASSERT_EQ(add_futexes(self, words), 0);
		ASSERT_EQ(add_futex(self, &words[N], N), 0);
		ASSERT_EQ(wake_futexes(words), N);
		ASSERT_TRUE(wake_futex(&words[N]));
		for (int i = 0; i <= N; i++) {
			ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
			ASSERT_EQ(g.data, (uint64_t)i) {
				TH_LOG("round %d, event %d", round, i);
			}
			ASSERT_EQ(delete_futex(self, &words[i]), 1);
		}
		ASSERT_EQ(face_fetch(self, &g, 0), 0);
		met += work_has_run("post_deferred");
	}
	trace_work_end();
	EXPECT_GT(met, 0);
}

/*
 * Sources are removed while a work item posts their wake-ups, the youngest first. Each says
 * that it was woken, and no event of any comes. The event of a source that is woken later shows
 * that everything was posted that was going to be.
 */
TEST_F_TIMEOUT(face, deferred_wake_ups_deleted, 120)
{
	static uint32_t words[N + 1];
	int met = 0;
	struct got g;

	ASSERT_EQ(trace_work(), 0);
	for (int round = 0; round < ROUNDS && met < ENOUGH; round++) {
		ASSERT_EQ(add_futexes(self, words), 0);
		ASSERT_EQ(add_futex(self, &words[N], N), 0);
		ASSERT_EQ(wake_futexes(words), N);
		for (int i = N - 1; i >= 0; i--) {
			ASSERT_EQ(delete_futex(self, &words[i]), 1) {
				TH_LOG("round %d, source %d", round, i);
			}
		}
		ASSERT_TRUE(wake_futex(&words[N]));
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		ASSERT_EQ(g.data, N);
		ASSERT_EQ(face_fetch(self, &g, 0), 0);
		ASSERT_EQ(delete_futex(self, &words[N]), 1);
		ASSERT_EQ(face_sources(self), 0);
		met += work_has_run("post_deferred");
	}
	trace_work_end();
	EXPECT_GT(met, 0);
}

TEST_HARNESS_MAIN
