// SPDX-License-Identifier: GPL-2.0-only
/*
 * mqueue: mq_notify() with SIGEV_KEVENT or SIGEV_EVCHAN. One event is posted when a
 * message arrives in an empty message queue and no task waits in mq_receive(). That
 * ends the registration, as it does with a signal. The value is the descriptor of the
 * message queue in the process that registered.
 */
#include <linux/err.h>

#include "sigev.h"

/**
 * evcore_mqueue_create - create the source for a call of mq_notify()
 * @event: from the program, NULL to remove a registration
 * @mqdes: the message queue's descriptor
 *
 * Context: process context, may sleep.
 *
 * Return: the connection; NULL if @event names no queue; or an ERR_PTR() as
 * evcore_sigev_create().
 */
struct evcore_sigev *evcore_mqueue_create(const struct sigevent *event, int mqdes)
{
	struct evcore_sigev *n;

	if (!event || !evcore_sigev(event->sigev_notify))
		return NULL;
	n = evcore_sigev_create(event, EVCORE_MQUEUE, mqdes);
	if (!IS_ERR(n))
		n->value = mqdes;
	return n;
}

/**
 * evcore_mqueue_set - hand a struct evcore_sigev over to the message queue
 * @at: the message queue's pointer to it
 * @notify: the message queue's copy of sigev_notify, which is set, because mq_notify() sets it
 *          only for the kinds of notification that it knows
 * @n: *@n is the result of evcore_mqueue_create(). If it is not NULL the message queue owns it
 *     afterwards, and *@n is set to NULL, so that the caller does not free it.
 * @event: the kernel's copy of what the program passed
 *
 * Called by the macro evcore_mqueue_register(), with the message queue's lock held.
 */
void evcore_mqueue_set(struct evcore_sigev **at, int *notify, struct evcore_sigev **n,
		       const struct sigevent *event)
{
	if (!*n)
		return;
	*at = *n;
	*n = NULL;
	*notify = event->sigev_notify;
}

/**
 * evcore_mqueue_fire - post that a message arrived in the empty message queue
 * @at: the message queue's pointer to its connection, NULL afterwards
 *
 * This ends the registration. The source is removed when its event is delivered.
 *
 * Context: the message queue's lock is held.
 */
void evcore_mqueue_fire(struct evcore_sigev **at)
{
	struct evcore_sigev *n = *at;

	if (!n)
		return;
	*at = NULL;
	evcore_sigev_post(n, n->value);
	evcore_queue_put(n->queue);
	evcore_sigev_put(n);
}

/**
 * evcore_mqueue_drop - end the registration without an event
 * @at: the message queue's pointer to its connection, NULL afterwards
 *
 * Context: the message queue's lock is held.
 */
void evcore_mqueue_drop(struct evcore_sigev **at)
{
	if (!*at)
		return;
	evcore_sigev_drop(*at);
	*at = NULL;
}

const struct evcore_source_ops evcore_mqueue_ops = {
	.name		= "evcore_mqueue",
	.type		= EVCORE_MQUEUE,
	.size		= sizeof(struct sigev_source),
	.fixed		= EVCORE_ONESHOT | EVCORE_AUTOREMOVE,
	.all_events	= EVCORE_MESSAGE,
	.event_names	= EVCORE_NAMES("message"),
	.attach		= evcore_sigev_attach,
	.detach		= evcore_sigev_detach,
};
