// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy polling: a wait that finds nothing runs the receive queue of the network
 * device that last had something for a watched socket, for a while, before it
 * sleeps. Off unless the program or net.core.busy_poll asks for it.
 *
 * Which receive queue: the NAPI id of the socket that was woken last. Queues
 * that poll have no lock-free wake function for sockets, because this is noted
 * there.
 */
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/busy_poll.h>
#include <net/sock.h>

#include "internal.h"

#ifdef CONFIG_NET_RX_BUSY_POLL

/**
 * evcore_busy_note - a watched file was woken, it may be a socket
 * @s: source that watches it
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

/* For napi_busy_loop(), between two rounds of the device's queue. */
static bool busy_enough(void *arg, unsigned long start_time)
{
	struct busy_wait *b = arg;
	struct evcore_queue *q = b->queue;
	unsigned long flags;
	bool enough;

	raw_spin_lock_irqsave(&q->lock, flags);
	q->busy_polls++;
	enough = evcore_must_recheck(q) || evcore_ready(q, b->min) >= b->min;
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return enough || signal_pending(current) || ktime_get() >= b->until;
}

/**
 * evcore_busy_poll - poll the network device for a while
 * @q: the queue
 * @min: end when so many events are there
 * @expires: end of the wait, CLOCK_MONOTONIC
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
	napi_busy_loop(id, busy_enough, &b, false, BUSY_POLL_BUDGET);
}

/**
 * evcore_busy_init - how long the waits of a new queue poll
 * @q: the queue, without sources
 * @us: microseconds, 0: what net.core.busy_poll says
 *
 * Return: 0, or -EINVAL for more than EVCORE_BUSY_MAX_US.
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
