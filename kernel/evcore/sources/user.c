// SPDX-License-Identifier: GPL-2.0-only
/*
 * user: events that a program posts itself, from any thread or process that holds
 * the queue's descriptor. In the ring each event has its own record. Events that wait
 * in overflow are merged: their values are added, and the posts are counted.
 */
#include "sources.h"

static int user_attach(struct evcore_source *s, struct evcore_request *req,
		       u32 *ready)
{
	return 0;
}

static void user_detach(struct evcore_source *s)
{
}

const struct evcore_source_ops evcore_user_ops = {
	.name		= "evcore_user",
	.type		= EVCORE_USER,
	.size		= sizeof(struct evcore_valued),
	.fixed		= EVCORE_COUNTS | EVCORE_SUM_EXTRA,
	.all_events	= EVCORE_CLOSED - 1,
	.attach		= user_attach,
	.detach		= user_detach,
};
