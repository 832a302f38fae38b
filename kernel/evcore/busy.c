// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy polling: a wait that finds no events polls a receive queue of a network device for a
 * while before it sleeps. This is off unless the program or net.core.busy_poll asks for it.
 *
 * The receive queue is that of the watched socket which was woken last, known by its NAPI id.
 * evcore_fd_wake() records it, so the sources of a queue that busy polls have no faster wait
 * queue callback.
 *
 * Floor 5, see Makefile: calls no other file of the core; called by fd.c, wait.c and the faces.
 */
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/busy_poll.h>
#include <net/sock.h>

#include "internal.h"

#ifdef CONFIG_NET_RX_BUSY_POLL

/**
 * evcore_busy_note - record the receive queue of a watched file that has woken its waiters
 * @s: source that watches the file, which need not be a socket
 *
 * Context: any, with the lock of the wait queue head held.
 */
void evcore_busy_note(struct evcore_source *s)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;
	struct socket *sock = sock_from_file(file);
	struct sock *sk = sock ? READ_ONCE(sock->sk) : NULL;
	unsigned int id = sk ? READ_ONCE(sk->sk_napi_id) : 0;

	if (id >= MIN_NAPI_ID)
		WRITE_ONCE(s->queue->napi_id, id);
}

struct busy_wait {
	struct evcore_queue	*queue;
	unsigned int		min;
	ktime_t			until;
};

/* Should busy polling end? napi_busy_loop() calls this after each poll of the receive queue. */
static bool busy_poll_done(void *arg, unsigned long start_time)
{
	struct busy_wait *b = arg;
	struct evcore_queue *q = b->queue;
	unsigned long flags;
	bool done;

	raw_spin_lock_irqsave(&q->lock, flags);
	q->busy_polls++;
	done = evcore_must_recheck(q) || q->todo & EVCORE_TODO_HAND_OVER ||
	       evcore_ready(q, b->min) >= b->min;
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return done || signal_pending(current) || ktime_get() >= b->until;
}

/**
 * evcore_busy_poll - poll the network device for at most queue->busy_us
 * @q: the queue
 * @min: return when there are this many events
 * @expires: when the wait ends, on CLOCK_MONOTONIC
 *
 * Context: process context, may sleep.
 */
void evcore_busy_poll(struct evcore_queue *q, unsigned int min, ktime_t expires)
{
	unsigned int id = READ_ONCE(q->napi_id);
	struct busy_wait b = { .queue = q, .min = min };

	if (id < MIN_NAPI_ID || signal_pending(current))
		return;
	b.until = min(ktime_add_us(ktime_get(), q->busy_us), expires);
	napi_busy_loop(id, busy_poll_done, &b, false, BUSY_POLL_BUDGET);
}

/**
 * evcore_busy_init - set how long the waits of a new queue busy poll
 * @q: the queue, which has no sources yet
 * @us: microseconds; 0: the value of net.core.busy_poll, up to EVCORE_BUSY_MAX_US
 *
 * Return: 0, or -EINVAL for more than EVCORE_BUSY_MAX_US. A kernel without
 * CONFIG_NET_RX_BUSY_POLL accepts only 0.
 */
int evcore_busy_init(struct evcore_queue *q, u32 us)
{
	if (us > EVCORE_BUSY_MAX_US)
		return -EINVAL;
	q->busy_us = us ?: min_t(unsigned long, net_busy_loop_on(), EVCORE_BUSY_MAX_US);
	return 0;
}

#else

int evcore_busy_init(struct evcore_queue *q, u32 us)
{
	return us ? -EINVAL : 0;
}

#endif /* CONFIG_NET_RX_BUSY_POLL */
