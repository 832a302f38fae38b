/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the types that are registered with a struct sigevent; see sigev.c. */
#ifndef _EVCORE_SIGEV_H
#define _EVCORE_SIGEV_H

#include <linux/evcore/sigev.h>
#include <linux/refcount.h>
#include <linux/signal.h>

#include "sources.h"

/**
 * struct evcore_sigev - connects a kernel object to the source that it posts to
 * @refs: one reference of the object, and one of the source while it is attached
 * @lock: serialises posting and detaching
 * @source: set before the object can post; cleared by detaching, with queue->mutex and
 *          @lock held
 * @queue: the queue of the source; the object holds a reference
 * @value: for the type of the object
 */
struct evcore_sigev {
	refcount_t		refs;
	raw_spinlock_t		lock;	/* see above */
	struct evcore_source	*source;
	struct evcore_queue	*queue;
	u64			value;
};

/* A source of these types. */
struct sigev_source {
	struct evcore_valued	valued;
	struct evcore_sigev	*sigev;
};

struct evcore_sigev *evcore_sigev_create(const struct sigevent *event, u32 type, u32 id);
bool evcore_sigev_post(struct evcore_sigev *n, u64 value);
bool evcore_sigev_attached(struct evcore_sigev *n);
void evcore_sigev_drop(struct evcore_sigev *n);
void evcore_sigev_put(struct evcore_sigev *n);

int evcore_sigev_attach(struct evcore_source *s, struct evcore_request *req, u32 *ready);
void evcore_sigev_detach(struct evcore_source *s);

#endif /* _EVCORE_SIGEV_H */
