// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of posting, overflow, merging and draining. The face has an array in kernel memory
 * as its ring, so that each step can be examined. One test is of the fast path for wait queue
 * heads with a single waiter (kernel/sched/wake_single.h).
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "internal.h"

#define RING 4

struct test_queue {
	struct evcore_queue	queue;
	struct evcore_record	ring[RING];
	u64			ids[RING];
	u64			head;
	u64			tail;
	bool			blocked;
	bool			need_call;
	bool			*freed;
};

static struct test_queue *to_test(struct evcore_queue *q)
{
	return container_of(q, struct test_queue, queue);
}

static bool test_put(struct evcore_queue *q, struct evcore_source *s,
		     const struct evcore_record *r)
{
	struct test_queue *t = to_test(q);

	if (t->tail - t->head == RING)
		return false;
	t->ring[t->tail % RING] = *r;
	t->ids[t->tail % RING] = s->id;
	s->last_record = ++t->tail;
	return true;
}

static bool test_put_bits(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	struct evcore_record r = { .events = events };

	return test_put(q, s, &r);
}

static bool test_put_overflowed(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	struct evcore_record r = { .events = events, .overflowed = true };

	return test_put(q, s, &r);
}

static unsigned int test_drain(struct evcore_queue *q, unsigned int most)
{
	return evcore_drain_fast(q, most, test_put_overflowed);
}

static bool test_merge(struct evcore_queue *q, struct evcore_source *s, u32 events)
{
	struct test_queue *t = to_test(q);

	if (s->last_record <= t->head)
		return false;
	t->ring[(s->last_record - 1) % RING].events |= events;
	return true;
}

static bool test_taken(struct evcore_queue *q, struct evcore_source *s)
{
	return s->last_record <= to_test(q)->head;
}

static unsigned int test_ready(struct evcore_queue *q, unsigned int limit)
{
	return to_test(q)->tail - to_test(q)->head;
}

static u64 test_nr_posted(struct evcore_queue *q)
{
	return to_test(q)->tail;
}

static void test_set_lockless(struct evcore_queue *q, bool on)
{
	to_test(q)->blocked = !on;
}

static void test_set_need_call(struct evcore_queue *q, bool on)
{
	to_test(q)->need_call = on;
}

static void test_free(struct evcore_queue *q)
{
	*to_test(q)->freed = true;
	kfree(to_test(q));
}

/* Records stay in this ring, so that the tests can examine them. */
static bool test_withdraw(struct evcore_queue *q, struct evcore_source *s, u64 data)
{
	return false;
}

static bool test_all_published(struct evcore_queue *q)
{
	return true;
}

static const struct evcore_face test_face = {
	.name	= "test",
	.post	= evcore_post_slow,
	.put	= test_put,
	.put_bits = test_put_bits,
	.drain	= test_drain,
	.merge	= test_merge,
	.taken	= test_taken,
	.withdraw = test_withdraw,
	.ready	= test_ready,
	.all_published = test_all_published,
	.nr_posted = test_nr_posted,
	.set_lockless = test_set_lockless,
	.set_need_call = test_set_need_call,
	.free	= test_free,
};

struct fixture {
	struct test_queue	*t;
	struct file		*file;
	bool			freed;
};

static int evcore_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->t = kzalloc(sizeof(*f->t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->t);
	f->t->freed = &f->freed;
	KUNIT_ASSERT_EQ(test, evcore_queue_init(&f->t->queue, &test_face), 0);
	f->t->queue.nr_slots = RING;
	f->file = evcore_queue_file(&f->t->queue, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->file);
	test->priv = f;
	return 0;
}

/* Closing the queue must free it, whatever the test has left in it. */
static void evcore_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	__fput_sync(f->file);
	KUNIT_EXPECT_TRUE(test, f->freed);
}

static struct evcore_source *add_user(struct kunit *test, u64 id, u32 flags)
{
	struct fixture *f = test->priv;
	struct evcore_request req = {
		.type = EVCORE_USER, .id = id, .events = 0xff, .flags = flags,
	};
	struct evcore_source *s = NULL;

	mutex_lock(&f->t->queue.mutex);
	KUNIT_EXPECT_EQ(test, evcore_add(&f->t->queue, &req, &s), 0);
	mutex_unlock(&f->t->queue.mutex);
	KUNIT_ASSERT_NOT_NULL(test, s);
	return s;
}

/* Make a source of a type whose bits merge, unlike those of user events. */
static struct evcore_source *add_merging(struct kunit *test, u64 id)
{
	struct evcore_source *s = add_user(test, id, 0);

	s->flags &= ~(EVCORE_COUNTS | EVCORE_SUM_EXTRA);
	return s;
}

static void ring_in_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct test_queue *t = f->t;
	int i;

	for (i = 0; i < RING; i++)
		evcore_post(add_user(test, i, 0), 1, 10 + i, 1);
	KUNIT_EXPECT_EQ(test, t->tail, RING);
	for (i = 0; i < RING; i++) {
		KUNIT_EXPECT_EQ(test, t->ids[i], i);
		KUNIT_EXPECT_EQ(test, t->ring[i].value, 10 + i);
		KUNIT_EXPECT_FALSE(test, t->ring[i].overflowed);
	}
	KUNIT_EXPECT_EQ(test, t->queue.nr_overflow, 0);
	KUNIT_EXPECT_FALSE(test, t->need_call);
}

static void merge_in_slot(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evcore_source *s = add_merging(test, 1);

	evcore_post(s, 1, 0, 0);
	evcore_post(s, 4, 0, 0);
	KUNIT_EXPECT_EQ(test, f->t->tail, 1);
	KUNIT_EXPECT_EQ(test, f->t->ring[0].events, 5);
	f->t->head = 1;
	evcore_post(s, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, f->t->tail, 2);
	KUNIT_EXPECT_EQ(test, f->t->ring[1].events, 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->t->queue.merged), 1);
}

static void overflow_in_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct test_queue *t = f->t;
	struct evcore_source *s[3 * RING];
	int i;

	for (i = 0; i < 3 * RING; i++)
		s[i] = add_user(test, i, 0);
	for (i = 0; i < 3 * RING; i++)
		evcore_post(s[i], 1, i, 1);
	KUNIT_EXPECT_EQ(test, t->queue.nr_overflow, 2 * RING);
	KUNIT_EXPECT_TRUE(test, t->blocked);
	KUNIT_EXPECT_TRUE(test, t->need_call);
	for (i = 0; i < 3 * RING; i++) {
		KUNIT_EXPECT_LT(test, t->head, t->tail);
		KUNIT_EXPECT_EQ(test, t->ids[t->head % RING], i);
		KUNIT_EXPECT_EQ(test, t->ring[t->head % RING].overflowed, i >= RING);
		t->head++;
		evcore_drain_all(&t->queue);
	}
	KUNIT_EXPECT_EQ(test, t->head, t->tail);
	KUNIT_EXPECT_FALSE(test, t->blocked);
	KUNIT_EXPECT_FALSE(test, t->need_call);
	KUNIT_EXPECT_EQ(test, t->queue.drained, 2 * RING);
}

/* An event that is posted while others wait goes behind them, even if there is a free slot. */
static void overflow_not_overtaken(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct test_queue *t = f->t;
	struct evcore_source *s[RING + 3];
	int i;

	for (i = 0; i < RING + 3; i++)
		s[i] = add_user(test, i, 0);
	for (i = 0; i < RING + 2; i++)
		evcore_post(s[i], 1, 0, 1);
	t->head += 1;
	evcore_post(s[RING + 2], 1, 0, 1);
	/* The one free slot went to the event that had waited longest. */
	KUNIT_EXPECT_EQ(test, t->ids[(t->tail - 1) % RING], RING);
	KUNIT_EXPECT_EQ(test, t->queue.nr_overflow, 2);
	t->head = t->tail;
	evcore_drain_all(&t->queue);
	KUNIT_EXPECT_EQ(test, t->ids[(t->tail - 2) % RING], RING + 1);
	KUNIT_EXPECT_EQ(test, t->ids[(t->tail - 1) % RING], RING + 2);
}

static void overflow_merges(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct test_queue *t = f->t;
	struct evcore_source *counting, *bits;
	int i;

	for (i = 0; i < RING; i++)
		evcore_post(add_user(test, i, 0), 1, 0, 1);
	counting = add_user(test, 100, 0);
	bits = add_merging(test, 101);
	for (i = 1; i <= 3; i++) {
		evcore_post(counting, 1 << i, i, 1);
		evcore_post(bits, 1 << i, i, 0);
	}
	KUNIT_EXPECT_EQ(test, t->queue.nr_overflow, 2);
	t->head = t->tail;
	evcore_drain_all(&t->queue);
	KUNIT_EXPECT_EQ(test, t->tail - t->head, 2);
	KUNIT_EXPECT_EQ(test, t->ring[t->head % RING].events, 0xe);
	KUNIT_EXPECT_EQ(test, t->ring[t->head % RING].value, 6);
	KUNIT_EXPECT_EQ(test, t->ring[t->head % RING].extra[0], 3);
	KUNIT_EXPECT_EQ(test, t->ring[(t->head + 1) % RING].events, 0xe);
	KUNIT_EXPECT_EQ(test, t->ring[(t->head + 1) % RING].value, 3);
}

static void oneshot_disarms(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evcore_source *s = add_user(test, 1, EVCORE_ONESHOT);
	struct evcore_request req = {
		.type = EVCORE_USER, .id = 1, .events = 0xff, .flags = EVCORE_ONESHOT,
	};

	evcore_post(s, 1, 0, 1);
	evcore_post(s, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, f->t->tail, 1);
	mutex_lock(&f->t->queue.mutex);
	KUNIT_EXPECT_EQ(test, evcore_modify(s, &req, NULL), 0);
	mutex_unlock(&f->t->queue.mutex);
	evcore_post(s, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, f->t->tail, 2);
}

static void autoremove_is_reaped(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evcore_queue *q = &f->t->queue;
	struct evcore_request req = { .type = EVCORE_USER, .id = 1 };
	struct fd fd;

	evcore_post(add_user(test, 1, EVCORE_ONESHOT | EVCORE_AUTOREMOVE), 1, 0, 1);
	raw_spin_lock_irq(&q->lock);
	evcore_service(q);
	raw_spin_unlock_irq(&q->lock);
	mutex_lock(&q->mutex);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(evcore_find(q, &req, &fd)), -ENOENT);
	mutex_unlock(&q->mutex);
}

/* Removing a source that waits in overflow drops its event, but not those of other sources. */
static void delete_in_overflow(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct test_queue *t = f->t;
	struct evcore_source *s[RING + 2];
	int i;

	for (i = 0; i < RING + 2; i++)
		s[i] = add_user(test, i, 0);
	for (i = 0; i < RING + 2; i++)
		evcore_post(s[i], 1, 0, 1);
	mutex_lock(&t->queue.mutex);
	evcore_del(s[RING]);
	mutex_unlock(&t->queue.mutex);
	KUNIT_EXPECT_EQ(test, t->queue.nr_overflow, 1);
	t->head = t->tail;
	evcore_drain_all(&t->queue);
	KUNIT_EXPECT_EQ(test, t->tail - t->head, 1);
	KUNIT_EXPECT_EQ(test, t->ids[t->head % RING], RING + 1);
	KUNIT_EXPECT_FALSE(test, t->blocked);
}

static void add_errors(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evcore_queue *q = &f->t->queue;
	struct evcore_request req = { .type = EVCORE_USER, .id = 1, .events = 1 };
	struct evcore_source *s;

	add_user(test, 1, 0);
	mutex_lock(&q->mutex);
	KUNIT_EXPECT_EQ(test, evcore_add(q, &req, &s), -EEXIST);
	req.id = 2;
	req.flags = EVCORE_LEVEL;
	KUNIT_EXPECT_EQ(test, evcore_add(q, &req, &s), -EINVAL);
	req.flags = 0;
	req.events = 0;
	KUNIT_EXPECT_EQ(test, evcore_add(q, &req, &s), -EINVAL);
	req.events = 1;
	req.type = EVCORE_NR_TYPES;
	KUNIT_EXPECT_EQ(test, evcore_add(q, &req, &s), -ENOSYS);
	mutex_unlock(&q->mutex);
	KUNIT_EXPECT_EQ(test, q->nr_sources, 1);
}

struct test_waiter {
	wait_queue_entry_t	wait;
	int			ret;
	unsigned int		calls;
};

/*
 * Like most waiters, this one leaves the list when it is woken. Its flags change, because
 * they must not be read after the callback.
 */
static int test_woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct test_waiter *w = container_of(wait, struct test_waiter, wait);

	w->calls++;
	if (w->ret > 0) {
		list_del_init(&wait->entry);
		wait->flags ^= WQ_FLAG_EXCLUSIVE;
	}
	return w->ret;
}

/* wake_single_or_walk() must wake and count the same waiters as the walk. */
static void single_waiter(struct kunit *test)
{
	static const struct { unsigned int flags; int ret, counted; } cases[] = {
		{ 0, 1, 0 }, { 0, 0, 0 }, { 0, -1, 0 },
		{ WQ_FLAG_EXCLUSIVE, 1, 1 }, { WQ_FLAG_EXCLUSIVE, 0, 0 },
		{ WQ_FLAG_EXCLUSIVE, -1, 0 },
	};
	struct wait_queue_head head;
	struct test_waiter w[2];
	unsigned int i, n;

	init_waitqueue_head(&head);
	KUNIT_EXPECT_EQ(test, __wake_up(&head, TASK_NORMAL, 1, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (n = 1; n <= 2; n++) {
			memset(w, 0, sizeof(w));
			for (unsigned int k = 0; k < n; k++) {
				init_waitqueue_func_entry(&w[k].wait, test_woken);
				w[k].wait.flags = cases[i].flags;
				w[k].ret = cases[i].ret;
				__add_wait_queue_entry_tail(&head, &w[k].wait);
			}
			KUNIT_EXPECT_EQ(test, __wake_up(&head, TASK_NORMAL, 1, NULL),
					cases[i].counted);
			KUNIT_EXPECT_EQ(test, w[0].calls, 1);
			/* The second is woken unless the first was counted or ended the walk. */
			KUNIT_EXPECT_EQ(test, w[1].calls,
					n == 2 && !cases[i].counted && cases[i].ret >= 0);
			INIT_LIST_HEAD(&head.head);
		}
	}
}

static struct kunit_case evcore_test_cases[] = {
	KUNIT_CASE(single_waiter),
	KUNIT_CASE(ring_in_order),
	KUNIT_CASE(merge_in_slot),
	KUNIT_CASE(overflow_in_order),
	KUNIT_CASE(overflow_not_overtaken),
	KUNIT_CASE(overflow_merges),
	KUNIT_CASE(oneshot_disarms),
	KUNIT_CASE(autoremove_is_reaped),
	KUNIT_CASE(delete_in_overflow),
	KUNIT_CASE(add_errors),
	{}
};

static struct kunit_suite evcore_test_suite = {
	.name = "evcore",
	.init = evcore_test_init,
	.exit = evcore_test_exit,
	.test_cases = evcore_test_cases,
};

kunit_test_suite(evcore_test_suite);
