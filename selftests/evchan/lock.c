// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock and the condition variable of event-lock.h, waited for in the same loop as sockets: a
 * bounded buffer between threads that block nowhere but in the wait for events.
 */
#include <evchan.h>

#include "event-lock.h"
#include "events.h"
#include "harness.h"

#define THREADS	3		/* of each kind */
#define ITEMS	400		/* sent to each producer */
#define ROOM	4

/* The cookies of a thread's events; the first two are also ids of its futex sources. */
enum { LOCK, CONDITION, SOCKET };

static struct {
	struct event_lock lock;
	struct event_condition room, items;
	uint32_t item[ROOM];
	int n;
	int inside;		/* threads that are inside work() */
	uint64_t sum, taken;
} buffer;

struct worker {
	pthread_t thread;
	int socket;
	int produces;
	int failed;
	uint32_t in_hand;	/* the item a producer wants to put; 0: none */
	enum { IDLE, WANTS_LOCK, WAITS } state;
};

/*
 * Called with the lock held: put or take items. Returns true if the caller must wait for
 * the condition.
 */
static int work(struct worker *w)
{
	if (__atomic_fetch_add(&buffer.inside, 1, __ATOMIC_SEQ_CST))
		w->failed = 1;	/* two threads have the lock */
	if (w->produces && buffer.n < ROOM) {
		buffer.item[buffer.n++] = w->in_hand;
		w->in_hand = 0;
		event_condition_signal(&buffer.items, 1);
	}
	if (!w->produces && buffer.n) {
		buffer.sum += buffer.item[--buffer.n];
		buffer.taken++;
		event_condition_signal(&buffer.room, 1);
	}
	__atomic_fetch_sub(&buffer.inside, 1, __ATOMIC_SEQ_CST);
	return w->produces ? w->in_hand != 0 : buffer.taken < THREADS * ITEMS;
}

/* Proceed until the lock or the condition must be waited for. */
static void go_on(struct worker *w, ec_t ec, int waited)
{
	int ret = event_lock_take(&buffer.lock, ec, LOCK, waited);

	while (ret > 0) {
		if (!work(w)) {
			/* Consumers that still wait must see that there are no more items. */
			if (!w->produces)
				event_condition_signal(&buffer.items, INT32_MAX);
			event_lock_give(&buffer.lock);
			w->state = IDLE;
			return;
		}
		if (!w->produces && buffer.n)
			continue;
		if (event_condition_wait(w->produces ? &buffer.room : &buffer.items,
					 &buffer.lock, ec, CONDITION)) {
			w->failed = 1;
			event_lock_give(&buffer.lock);
		}
		w->state = WAITS;
		return;
	}
	w->failed |= ret < 0;
	w->state = WANTS_LOCK;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	ec_t ec = ec_create(0);
	event_data_t e;
	int open = 1;

	if (!w->produces)
		go_on(w, ec, 0);
	while ((open || w->state != IDLE) && !w->failed) {
		struct timespec limit = { LONG_MS / 1000, 0 };

		/* Ask for the next item when the last one is done with. */
		if (open && w->state == IDLE)
			ec_watch(ec, EVCHAN_SOCKET, w->socket, EVCHAN_RECV, EVCHAN_ONESHOT,
				 SOCKET);

		if (ec_timedwait_event(ec, &e, &limit)) {
			w->failed = 1;
			break;
		}
		if (e.data == LOCK && w->state == WANTS_LOCK)
			go_on(w, ec, 1);
		else if (e.data == CONDITION && w->state == WAITS)
			go_on(w, ec, 0);
		else if (e.data == SOCKET && w->state == IDLE) {
			ssize_t n = recv(w->socket, &w->in_hand, sizeof(w->in_hand), MSG_DONTWAIT);

			if (n > 0)
				go_on(w, ec, 0);
			else if (!n)
				open = 0;
		}
	}
	ec_destroy(ec);
	return NULL;
}

TEST(lock_and_condition_in_one_loop)
{
	struct worker workers[2 * THREADS] = { 0 };
	uint64_t sent = 0;
	int ends[2 * THREADS];

	for (int i = 0; i < 2 * THREADS; i++) {
		int pair[2];

		ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		workers[i].socket = pair[0];
		workers[i].produces = i % 2;
		ends[i] = pair[1];
		ASSERT_EQ(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (uint32_t item = 1; item <= ITEMS; item++)
		for (int i = 1; i < 2 * THREADS; i += 2) {
			uint32_t value = item * 8 + i;

			ASSERT_EQ(write(ends[i], &value, sizeof(value)), sizeof(value));
			sent += value;
		}
	for (int i = 0; i < 2 * THREADS; i++)
		close(ends[i]);
	for (int i = 0; i < 2 * THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(workers[i].failed, 0) {
			TH_LOG("thread %d, state %d", i, workers[i].state);
		}
		close(workers[i].socket);
	}
	EXPECT_EQ(buffer.taken, THREADS * ITEMS);
	EXPECT_EQ(buffer.sum, sent);
	EXPECT_EQ(buffer.n, 0);
}

TEST_HARNESS_MAIN
