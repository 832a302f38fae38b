/* SPDX-License-Identifier: MIT */
/*
 * A lock and a condition variable for programs that must not block. A waiter receives an
 * event in the same loop as those of its sockets and timers.
 *
 * The lock's word is 0 if the lock is free, 1 if it is taken, and 2 if it is taken and may
 * have waiters. The condition's word is a number that every signal increments. A waiter
 * passes the id of a futex registration of its own, a different one for each lock or
 * condition that it waits for. When the event with this id comes, it repeats the call;
 * EVCHAN_WOKEN and EVCHAN_CHANGED both mean that it must test again.
 */
#ifndef EVENT_LOCK_H
#define EVENT_LOCK_H

#include <evchan.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

struct event_lock {
	uint32_t word;
};

struct event_condition {
	uint32_t number;
};

static inline void event_lock_wake(uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

/*
 * Take the lock. Return: 1 if the caller has it; 0 if an event with @id will come, after
 * which the caller must call this again with @waited set; -1 with errno.
 */
static inline int event_lock_take(struct event_lock *l, ec_t ec, uint64_t id, int waited)
{
	uint32_t free = 0;

	/* After a wait there may be other waiters, so the word must become 2, not 1. */
	if (!waited && __atomic_compare_exchange_n(&l->word, &free, 1, 0, __ATOMIC_ACQUIRE,
						   __ATOMIC_RELAXED))
		return 1;
	if (!__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE))
		return 1;
	return ec_watch_futex(ec, id, &l->word, 2, id) < 0 ? -1 : 0;
}

static inline void event_lock_give(struct event_lock *l)
{
	if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
		event_lock_wake(&l->word, 1);
}

/*
 * Wait for a signal that is sent after this call. The caller must hold the lock, which is
 * released. Return: 0 if an event with @id will come, after which the caller takes the lock
 * again and tests its condition; -1 with errno, and with the lock still held.
 */
static inline int event_condition_wait(struct event_condition *c, struct event_lock *l,
				       ec_t ec, uint64_t id)
{
	uint32_t number = __atomic_load_n(&c->number, __ATOMIC_RELAXED);

	if (ec_watch_futex(ec, id, &c->number, number, id) < 0)
		return -1;
	event_lock_give(l);
	return 0;
}

/* Wake up to @n waiters. The caller has changed their condition under the lock. */
static inline void event_condition_signal(struct event_condition *c, int n)
{
	__atomic_fetch_add(&c->number, 1, __ATOMIC_RELEASE);
	event_lock_wake(&c->number, n);
}

#endif
