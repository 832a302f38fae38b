// SPDX-License-Identifier: GPL-2.0-only
/*
 * mqueue: mq_notify() with SIGEV_KEVENT or SIGEV_EVCHAN. One event, when a message
 * comes into the empty message queue and nobody waits in mq_receive(); then the
 * registration is gone, as with a signal. The value is the message queue's
 * descriptor, as the process that registered knows it.
 */
#include <linux/err.h>

#include "sigev.h"

/**
 * evcore_mqueue_create - prepare what mq_notify() is asked for
 * @event: from the program, NULL to remove a registration
 * @mqdes: the message queue's descriptor
 *
 * Return: the tie, NULL where no queue is asked for, or an ERR_PTR() as
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
 * evcore_mqueue_set - the message queue takes the registration
 * @at: where it keeps it
 * @notify: where it keeps sigev_notify
 * @n: what evcore_mqueue_create() made, NULL afterwards
 * @event: from the program
 *
 * Context: the message queue's lock is held.
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
 * evcore_mqueue_fire - a message came into the empty message queue
 * @at: where it keeps its registration, which is over
 *
 * The source goes once its event is delivered.
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
 * evcore_mqueue_drop - the registration is removed without an event
 * @at: where the message queue keeps it
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
	.attach		= evcore_sigev_attach,
	.detach		= evcore_sigev_detach,
};
