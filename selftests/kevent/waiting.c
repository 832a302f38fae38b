// SPDX-License-Identifier: GPL-2.0-only
/* kevent: waiting and waking, with one thread and with several. */
#include "queue.h"

static int ready(struct queue *q, uint32_t id)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, id, 1, 0, 0);

	return ctl(q, KEVENT_CTL_READY, &uk, 1) == 1 ? 0 : -1;
}

static int add_user(struct queue *q, uint32_t id, uint32_t flags)
{
	struct ukevent uk = request(KEVENT_UNOTIFY, id, 1, KEVENT_REQ_ET | flags, id);

	return ctl(q, KEVENT_CTL_ADD, &uk, 1);
}

TEST_F(queue, one_event_wakes_one)
{
	struct fetcher f[3];
	int woken = 0;

	ASSERT_EQ(add_user(&self->q, 1, 0), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start_fetcher(&f[i], &self->q), 0);
	for (int n = 1; n <= 3; n++) {
		ASSERT_EQ(ready(&self->q, 1), 0);
		while (woken < n)
			for (int i = 0; i < 3; i++)
				if (f[i].thread && !pthread_tryjoin_np(f[i].thread, NULL)) {
					EXPECT_EQ(f[i].ret, 1);
					f[i].thread = 0;
					woken++;
				}
		EXPECT_EQ(woken, n);
		EXPECT_EQ(counter(self->q.fd, "wakes"), n);
	}
}

TEST_F(queue, wake_all_is_asked_for)
{
	struct fetcher f[3];

	ASSERT_EQ(add_user(&self->q, 1, KEVENT_REQ_WAKEUP_ALL), 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(start_fetcher(&f[i], &self->q), 0);
	ASSERT_EQ(ready(&self->q, 1), 0);
	EXPECT_EQ(counter(self->q.fd, "wakes"), 3);
	/* One thread got it; the others sleep until there are more. */
	for (int i = 0; i < 3; i++) {
		while (pthread_tryjoin_np(f[i].thread, NULL)) {
			ASSERT_EQ(ready(&self->q, 1), 0);
			sched_yield();
		}
		EXPECT_GE(f[i].ret, 1);
	}
}

/* All events of a queue without a ring wait for a call, which is no overflow. */
TEST(fdinfo_without_ring)
{
	struct ukevent out[4];
	struct fetcher f;
	struct queue q;

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	ASSERT_EQ(add_user(&q, 1, 0), 0);
	ASSERT_EQ(add_user(&q, 2, 0), 0);
	ASSERT_EQ(ready(&q, 1), 0);
	ASSERT_EQ(ready(&q, 2), 0);
	ASSERT_EQ(ready(&q, 2), 0);
	EXPECT_EQ(counter(q.fd, "ring"), 0);
	EXPECT_EQ(counter(q.fd, "waiting"), 2);
	EXPECT_EQ(counter(q.fd, "posted"), 2);
	EXPECT_EQ(counter(q.fd, "merged"), 1);
	EXPECT_EQ(counter(q.fd, "overflowed"), 0);
	EXPECT_EQ(counter(q.fd, "waiters"), 0);
	EXPECT_EQ(get_events(&q, 1, 4, 0, out), 2);
	EXPECT_EQ(counter(q.fd, "waiting"), 0);
	EXPECT_EQ(counter(q.fd, "drained"), 0);
	ASSERT_EQ(start_fetcher(&f, &q), 0);
	EXPECT_EQ(counter(q.fd, "waiters"), 1);
	ASSERT_EQ(ready(&q, 1), 0);
	pthread_join(f.thread, NULL);
	queue_close(&q);
}

static void *fetch_badly(void *arg)
{
	struct fetcher *f = arg;

	__atomic_store_n(&f->tid, gettid(), __ATOMIC_RELEASE);
	f->ret = get_events(f->q, 1, 4, UINT32_MAX, NULL);
	return NULL;
}

/* The thread that is woken has a bad buffer and cannot take the event: another thread gets it. */
TEST_F(queue, bad_buffer_leaves_events_to_others)
{
	struct fetcher bad, good;

	ASSERT_EQ(add_user(&self->q, 1, 0), 0);
	for (int round = 0; round < 50; round++) {
		bad = (struct fetcher){ .q = &self->q };
		ASSERT_EQ(pthread_create(&bad.thread, NULL, fetch_badly, &bad), 0);
		while (!__atomic_load_n(&bad.tid, __ATOMIC_ACQUIRE))
			sched_yield();
		ASSERT_EQ(wait_asleep(bad.tid, NR_KEVENT_GET_EVENTS), 0);
		ASSERT_EQ(start_fetcher(&good, &self->q), 0);
		ASSERT_EQ(ready(&self->q, 1), 0);
		pthread_join(good.thread, NULL);
		EXPECT_EQ(good.ret, 1);
		/* Whether it was woken or not, no event is left, so post until it returns. */
		while (pthread_tryjoin_np(bad.thread, NULL)) {
			ready(&self->q, 1);
			sched_yield();
		}
		EXPECT_EQ(bad.ret, -EFAULT);
		for (struct ukevent out[4]; get_events(&self->q, 0, 4, 0, out) > 0;)
			;
	}
}

TEST_F(queue, minimum_is_waited_for)
{
	struct ukevent out[8];

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(add_user(&self->q, i, 0), 0);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(ready(&self->q, i), 0);
	EXPECT_EQ(get_events(&self->q, 3, 8, 20, out), 2);	/* timeout: what is there */
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(ready(&self->q, i), 0);
	EXPECT_EQ(get_events(&self->q, 3, 8, LONG_MS, out), 3);
}

TEST_F(queue, timeouts)
{
	struct timespec a, b;
	struct ukevent out[4];
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &a);
	EXPECT_EQ(get_events(&self->q, 1, 4, 50, out), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	EXPECT_GE(ms, 49);
	if (!self->q.ring)
		return;
	EXPECT_EQ(queue_wait(&self->q, 1, 0, 50), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	ms = (a.tv_sec - b.tv_sec) * 1000 + (a.tv_nsec - b.tv_nsec) / 1000000;
	EXPECT_GE(ms, 49);
}

/* An absolute timeout is a time of CLOCK_REALTIME, as in 2006. */
TEST_F(queue, wait_until_a_time)
{
	struct __kernel_timespec at = at_ms(CLOCK_REALTIME, 30), past = { time(NULL) - 10, 0 };
	struct timespec b;

	if (!self->q.ring) {
		EXPECT_EQ(syscall(NR_KEVENT_WAIT, self->q.fd, 1, 0, &at, KEVENT_FLAGS_ABSTIME), -1);
		EXPECT_EQ(errno, EINVAL);
		return;
	}
	EXPECT_EQ(syscall(NR_KEVENT_WAIT, self->q.fd, 1, 0, &past, KEVENT_FLAGS_ABSTIME), 0);
	EXPECT_EQ(syscall(NR_KEVENT_WAIT, self->q.fd, 1, 0, &at, KEVENT_FLAGS_ABSTIME), 0);
	clock_gettime(CLOCK_REALTIME, &b);
	EXPECT_TRUE(b.tv_sec > at.tv_sec || (b.tv_sec == at.tv_sec && b.tv_nsec >= at.tv_nsec));
}

static void on_signal(int sig)
{
	(void)sig;
}

struct interrupter {
	pid_t tid;
	long nr;
};

static void *interrupt(void *arg)
{
	struct interrupter *i = arg;

	if (!wait_asleep(i->tid, i->nr))
		syscall(SYS_tgkill, getpid(), i->tid, SIGUSR1);
	return NULL;
}

TEST_F(queue, interrupted)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct interrupter in = { .tid = gettid(), .nr = NR_KEVENT_GET_EVENTS };
	struct ukevent out[4];
	pthread_t t;

	sigaction(SIGUSR1, &act, NULL);
	ASSERT_EQ(add_user(&self->q, 1, 0), 0);
	ASSERT_EQ(pthread_create(&t, NULL, interrupt, &in), 0);
	EXPECT_EQ(get_events(&self->q, 1, 4, LONG_MS, out), -EINTR);
	pthread_join(t, NULL);
	/* An event takes precedence over the signal. */
	ASSERT_EQ(pthread_create(&t, NULL, interrupt, &in), 0);
	ASSERT_EQ(ready(&self->q, 1), 0);
	EXPECT_EQ(get_events(&self->q, 2, 4, LONG_MS, out), 1);
	pthread_join(t, NULL);
	if (!self->q.ring)
		return;
	in.nr = NR_KEVENT_WAIT;
	ASSERT_EQ(pthread_create(&t, NULL, interrupt, &in), 0);
	EXPECT_EQ(queue_wait(&self->q, 1, 1, LONG_MS), -EINTR);
	pthread_join(t, NULL);
}

#define POSTS 2000
#define CONSUMERS 4

static unsigned int taken[POSTS];
static unsigned int total;

static void *consume(void *arg)
{
	struct ukevent out[4];

	while (__atomic_load_n(&total, __ATOMIC_RELAXED) < POSTS) {
		int n = get_events(arg, 1, 4, 50, out);

		for (int i = 0; i < n; i++) {
			__atomic_add_fetch(&taken[out[i].user[0]], 1, __ATOMIC_RELAXED);
			__atomic_add_fetch(&total, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

/* Many more events than slots, several threads: each event goes to one of them. */
TEST_F(queue, consumers_take_each_once)
{
	pthread_t t[CONSUMERS];

	for (int i = 0; i < POSTS; i++)
		ASSERT_EQ(add_user(&self->q, i, KEVENT_REQ_ONESHOT), 0);
	for (int i = 0; i < CONSUMERS; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, consume, &self->q), 0);
	for (int i = 0; i < POSTS; i++)
		ASSERT_EQ(ready(&self->q, i), 0);
	for (int i = 0; i < CONSUMERS; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(total, POSTS);
	for (int i = 0; i < POSTS; i++)
		ASSERT_EQ(taken[i], 1);
}

#define NUMBER		8
#define NUMBER_ROUNDS	2000	/* at most; a busy machine ends them after this time */
#define NUMBER_SECONDS	40

struct number {
	struct queue *q;
	unsigned int round;	/* both threads call when it changes; 0: they end */
	unsigned int got;	/* how many times one of them got all */
};

static void *wait_for_number(void *arg)
{
	struct ukevent out[NUMBER];
	struct number *n = arg;
	unsigned int round, last = 1;

	for (;;) {
		while ((round = __atomic_load_n(&n->round, __ATOMIC_ACQUIRE)) == last)
			sched_yield();
		if (!round)
			return NULL;
		last = round;
		while (get_events(n->q, NUMBER, NUMBER, 2 * LONG_MS, out) != NUMBER)
			;
		__atomic_add_fetch(&n->got, 1, __ATOMIC_RELEASE);
	}
}

static int make_number_ready(struct queue *q)
{
	struct ukevent uk[NUMBER];

	for (int i = 0; i < NUMBER; i++)
		uk[i] = request(KEVENT_UNOTIFY, i, 1, 0, 0);
	return ctl(q, KEVENT_CTL_READY, uk, NUMBER);
}

/* False if that does not happen in time. */
static bool wait_until_got(struct number *n, unsigned int times)
{
	struct __kernel_timespec end = at_ms(CLOCK_MONOTONIC, LONG_MS), now;

	while (__atomic_load_n(&n->got, __ATOMIC_ACQUIRE) < times) {
		now = at_ms(CLOCK_MONOTONIC, 0);
		if (now.tv_sec > end.tv_sec)
			return false;
		sched_yield();
	}
	return true;
}

/*
 * Two threads ask for as many events as there are: one of them gets all. If each took a
 * part, both would wait for ever.
 */
TEST_F(queue, one_thread_gets_its_minimum)
{
	struct __kernel_timespec end = at_ms(CLOCK_MONOTONIC, NUMBER_SECONDS * 1000);
	struct number n = { .q = &self->q, .round = 1 };
	pthread_t t[2];

	for (int i = 0; i < NUMBER; i++)
		ASSERT_EQ(add_user(&self->q, i, KEVENT_REQ_ET), 0);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, wait_for_number, &n), 0);
	for (unsigned int round = 1; round <= NUMBER_ROUNDS; round++) {
		if (at_ms(CLOCK_MONOTONIC, 0).tv_sec > end.tv_sec)
			break;
		ASSERT_EQ(make_number_ready(&self->q), NUMBER);
		__atomic_store_n(&n.round, round + 1, __ATOMIC_RELEASE);
		ASSERT_TRUE(wait_until_got(&n, 2 * round - 1)) {
			TH_LOG("round %u: nobody has the %u events", round, NUMBER);
		}
		ASSERT_EQ(make_number_ready(&self->q), NUMBER);
		ASSERT_TRUE(wait_until_got(&n, 2 * round));
	}
	__atomic_store_n(&n.round, 0, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

enum call { INIT, CTL, GET_EVENTS, WAIT, COMMIT, CALLS };

struct caller {
	struct queue *q;
	enum call call;
	unsigned int done;
	struct ukevent out[4];
};

static void *call_on(void *arg)
{
	struct caller *k = arg;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		switch (k->call) {
		case INIT:
			syscall(SYS_close, syscall(NR_KEVENT_INIT, NULL, 8, 0));
			break;
		case CTL:
			ready(k->q, 1);
			break;
		case GET_EVENTS:
			get_events(k->q, 1, 4, 1, k->out);
			break;
		case WAIT:
			queue_wait(k->q, 4, k->q->uidx, 1);
			break;
		default:
			commit(k->q, k->q->uidx, 0);
		}
		__atomic_add_fetch(&k->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A thread is cancelled anywhere in any call: the queue works as before. */
TEST_F(queue, cancelled_in_every_call)
{
	struct ukevent out[8];

	ASSERT_EQ(add_user(&self->q, 1, 0), 0);
	ASSERT_EQ(add_user(&self->q, 2, 0), 0);
	for (int call = 0; call < CALLS; call++) {
		for (unsigned int round = 0; round < 40; round++) {
			struct caller k = { .q = &self->q, .call = call };
			int mine = 0, its = 0, n;
			pthread_t t;

			ASSERT_EQ(pthread_create(&t, NULL, call_on, &k), 0);
			while (__atomic_load_n(&k.done, __ATOMIC_RELAXED) < round)
				sched_yield();
			if (call == GET_EVENTS)
				ASSERT_EQ(ready(&self->q, 2), 0);
			pthread_cancel(t);
			pthread_join(t, NULL);
			while ((n = get_events(&self->q, 0, 8, 0, out)) > 0)
				mine += n;
			ASSERT_EQ(n, 0);
			/*
			 * The cancelled thread has the event in its buffer, or it is still in
			 * the queue.
			 */
			for (int i = 0; i < 4; i++)
				its += k.out[i].user[0] == 2;
			if (call == GET_EVENTS) {
				ASSERT_EQ(mine + its, 1);
			} else if (call != CTL) {
				ASSERT_EQ(mine, 0);
			}
		}
	}
	EXPECT_EQ(counter(self->q.fd, "sources"), 2);
}

TEST_HARNESS_MAIN
