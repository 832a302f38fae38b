// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding, finding, changing and removing sources. All but evcore_retire() runs in
 * process context under queue->mutex, or right before and after it (evcore_prepare(),
 * evcore_finish()), may sleep, and is generic: what differs
 * between types is behind struct evcore_source_ops.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "internal.h"

static __always_inline int check_request(const struct evcore_source_ops *ops,
					 struct evcore_request *req)
{
	/* These are the core's own business, any type may have them. */
	u32 modes = ops->modes | EVCORE_WAKE_ALL | EVCORE_TIMESTAMP | EVCORE_ONESHOT |
		    EVCORE_AUTOREMOVE | EVCORE_LAST_CHECK | EVCORE_FACE_FLAGS;

	if (ops->by_hook != req->by_hook)
		return -EINVAL;
	if (req->flags & ~modes || ops->required & ~req->flags)
		return -EINVAL;
	if (!req->events)
		req->events = ops->default_events;
	if (!req->events || req->events & ~ops->all_events)
		return -EINVAL;
	return 0;
}

/* ->check(), where the caller may have a reference to the watched file already. */
static u32 check_now(struct evcore_source *s, struct file *file)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	return file && ops->check == evcore_fd_check ? evcore_fd_poll(s, file) :
						       ops->check(s);
}

/*
 * Make a source of memory that holds anything. Field by field where that is quicker
 * than clearing it first: what registering costs is mostly this and its like. @quiet:
 * nothing is to be posted for now.
 */
static __always_inline void init_source(struct evcore_source *s, struct evcore_queue *q,
					const struct evcore_source_ops *ops,
					const struct evcore_request *req, struct file *file,
					bool quiet)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);

	s->queue = q;
	s->last_record = 0;
	s->data = req->data;
	s->events = req->events;
	s->flags = req->flags | ops->fixed;
	s->at = (struct evcore_node) { .type = ops->type, .armed = true, .muted = quiet };
	INIT_LIST_HEAD(&s->link);
	init_llist_node(&s->recheck_node);
	s->same_fd = NULL;
	if (ops->by_fd) {
		s->id = (u64)q->next_id << 32 | (u32)req->fd;
		fs->file = file;
		INIT_HLIST_NODE(&fs->file_node);
		fs->hook.wait.func = NULL;
		fs->hook.head = NULL;
		fs->hook.next = NULL;
		if (ops->size > sizeof(*fs))
			memset(fs + 1, 0, ops->size - sizeof(*fs));
		return;
	}
	s->id = req->id;
	memset(s + 1, 0, ops->size - sizeof(*s));
	if (ops->has_records)
		INIT_LIST_HEAD(&evcore_to_record_source(s)->records);
}

/**
 * evcore_prepare - what of a registration must not be done under queue->mutex
 * @q: the queue, its mutex not held
 * @req: what evcore_add() or evcore_modify() is called with next
 *
 * Only types of which evcore_prepares() is true need it. After success the caller
 * takes the mutex, does what is asked for, releases the mutex and then calls
 * evcore_finish(), whatever the outcome.
 *
 * Context: process context, may sleep, fault and wait for a file system.
 *
 * Return: 0, or what the type says of a request that it refuses.
 */
int evcore_prepare(struct evcore_queue *q, struct evcore_request *req)
{
	const struct evcore_source_ops *ops = evcore_ops(req->type);
	int ret;

	evcore_may_wait();
	req->prepared = NULL;
	if (!ops || !ops->prepare)
		return 0;
	ret = check_request(ops, req);
	return ret ?: ops->prepare(q, req);
}

/**
 * evcore_finish - release what a registration left of what was prepared for it
 * @req: the request; evcore_prepare() succeeded
 *
 * Context: as evcore_prepare().
 */
void evcore_finish(struct evcore_request *req)
{
	evcore_may_wait();
	if (!req->prepared)
		return;
	evcore_ops(req->type)->finish(req);
	req->prepared = NULL;
}

/**
 * evcore_add_of - register interest
 * @q: queue, its mutex held
 * @ops: evcore_ops() of the request's type
 * @req: what is wanted; @req->ready and ->value are set with @req->hand_back
 * @out: the source, valid until the mutex is released; NULL when it was handed
 *       back at once and is not registered
 *
 * What is ready already is posted before this returns, unless the caller wants
 * it handed back.
 *
 * Return: 0; -ENOSYS for a type that this kernel does not have; -EINVAL, -EBADF,
 * -EPERM, -ENOTSOCK, -ELOOP for a request that its type refuses; -EEXIST; -ENOMEM;
 * -ENOSPC over the user's limit. After an error nothing is left behind.
 */
int evcore_add_of(struct evcore_queue *q, const struct evcore_source_ops *ops,
		  struct evcore_request *req, struct evcore_source **out)
{
	struct fd f = EMPTY_FD;
	bool quiet = req->hand_back && ops && ops->check;
	struct evcore_source *s;
	u32 ready = 0;
	int ret;

	if (!ops)
		return -ENOSYS;
	ret = check_request(ops, req);
	if (ret)
		return ret;
	if (ops->by_fd) {
		f = fdget(req->fd);
		if (!fd_file(f))
			return -EBADF;
		q->next_id++;
	}

	ret = evcore_charge_source(q->user);
	if (ret)
		goto out_fd;
	ret = -ENOMEM;
	s = evcore_alloc_source(ops, req->batch);
	if (!s)
		goto out_uncharge;
	/* What is to be handed back must not be posted as well. */
	init_source(s, q, ops, req, fd_file(f), quiet);

	ret = evcore_insert(s);
	if (unlikely(ret == -EEXIST) && !list_empty(&q->reap)) {
		/* The one that is in the way may be over. */
		evcore_reap(q);
		ret = evcore_insert(s);
	}
	if (ret)
		goto out_free;
	kref_get(&q->kref);

	ret = ops->attach(s, req, &ready);
	if (ret) {
		/* It may have been posted before attaching failed. */
		raw_spin_lock_irq(&q->lock);
		s->muted = true;
		evcore_unlink(s);
		raw_spin_unlock_irq(&q->lock);
		evcore_recheck_unlist(s);
		evcore_records_purge(s);
		evcore_unhash(s);
		evcore_queue_put(q);
		goto out_free;
	}
	s->attached = true;
	*out = s;
	req->id = s->id;
	if (quiet && ready) {
		req->ready = ready;
		req->value = ops->value ? ops->value(s, ready) : 0;
		evcore_del(s);
		*out = NULL;
		goto out_done;
	}
	if (quiet) {
		raw_spin_lock_irq(&q->lock);
		s->muted = false;
		raw_spin_unlock_irq(&q->lock);
		/* What happened in the meantime was not posted. */
		ready = check_now(s, fd_file(f));
	}
	if (ready)
		evcore_post_found(s, ready);
out_done:
	fdput(f);
	return 0;

out_free:
	kmem_cache_free(evcore_cache(ops), s);
out_uncharge:
	evcore_uncharge_source(q->user);
out_fd:
	fdput(f);
	return ret;
}

/**
 * evcore_find - look a source up
 * @q: queue, its mutex held
 * @req: type and id, or descriptor
 * @f: the descriptor's file, where it was found by that; the caller puts it
 *
 * Return: the source, valid until the mutex is released; ERR_PTR(-ENOSYS) for
 * an unknown type, -EBADF for a bad descriptor, -ENOENT.
 */
struct evcore_source *evcore_find(struct evcore_queue *q,
				  const struct evcore_request *req, struct fd *f)
{
	const struct evcore_source_ops *ops = evcore_ops(req->type);
	struct evcore_source *s;

	*f = EMPTY_FD;
	if (!ops)
		return ERR_PTR(-ENOSYS);
	if (!ops->by_fd || req->by_id) {
		s = evcore_lookup_id(q, ops, ops->single ? 0 : req->id);
	} else {
		*f = fdget(req->fd);
		if (!fd_file(*f))
			return ERR_PTR(-EBADF);
		s = evcore_lookup_fd(q, req->type, req->fd, fd_file(*f));
	}
	/* Its delivery has removed it, or its hook, and it was not reaped yet. */
	if (s && READ_ONCE(s->where) == EVCORE_ON_REAP) {
		evcore_reap(q);
		s = NULL;
	}
	return s ?: ERR_PTR(-ENOENT);
}

/*
 * Can more of its records than the last lie in the ring? Those of types whose events all
 * count do not merge, and two wait queue heads can be woken at once.
 */
static bool has_several_records(const struct evcore_source *s)
{
	if (!evcore_ops_of(s)->by_fd)
		return true;
	return container_of(s, struct evcore_fd_source, source)->hook.next;
}

/* What a modify changes, for rearm(). */
struct modify {
	bool	withdraw;	/* the last record, which was posted before */
	bool	several;	/* there may be more records */
};

/* Withdraw the last record, and say whether there may be more; queue->lock held. */
static void withdraw_last(struct evcore_source *s, struct modify *m)
{
	struct evcore_queue *q = s->queue;

	m->several = q->face->cancel ? s->last_record && has_several_records(s) :
				       !q->face->taken(q, s);
	if (s->last_record && q->face->cancel)
		q->face->cancel(q, s);
	WRITE_ONCE(s->last_record, 0);
	m->withdraw = false;
}

/* Withdraw what was posted for the old events, and arm. */
static void rearm(struct evcore_source *s, void *arg)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct evcore_queue *q = s->queue;
	struct modify *m = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (m->withdraw)
		withdraw_last(s, m);
	/*
	 * A oneshot source that fired before the other records are withdrawn could have that
	 * event withdrawn too, and would not be armed for what is found afterwards.
	 */
	if (m->several && ops->check && s->flags & EVCORE_ONESHOT)
		evcore_disarm(s);
	else
		evcore_arm(s);
	if (ops->by_fd)
		s->pending &= s->events | EVCORE_ALWAYS;
	if (s->where == EVCORE_ON_RECHECK ||
	    (s->where == EVCORE_ON_OVERFLOW && !s->pending))
		evcore_unlink(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_modify - change events, flags and cookie, and arm again
 * @s: source, its queue's mutex held
 * @req: the new values
 * @file: the watched file, where the caller has a reference; NULL: pin it here
 *
 * The condition is polled right away, as if the source were new, and an event that was
 * not taken is withdrawn. Where there is no condition that would tell again what it
 * told, it is withdrawn only if it has another cookie.
 *
 * Return: 0 or -EINVAL, with nothing changed.
 */
int evcore_modify(struct evcore_source *s, struct evcore_request *req, struct file *file)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct modify m = { .withdraw = ops->check || s->data != req->data };
	struct evcore_queue *q = s->queue;
	/* Wake-ups post without queue->lock. */
	bool by_head = ops->by_fd && q->face->cancel;
	u64 old_data = s->data;
	u32 ready = 0, flags;
	int ret;

	ret = check_request(ops, req);
	if (ret)
		return ret;
	/* Its place in the wait queue cannot be changed; epoll refuses it too. */
	if ((s->flags | req->flags) & EVCORE_EXCLUSIVE)
		return -EINVAL;
	if (ops->modify) {
		ret = ops->modify(s, req);
		if (ret)
			return ret;
	}
	flags = req->flags | ops->fixed;
	if (ops->by_fd)
		flags |= evcore_fd_key_flags(s, req->events);
	raw_spin_lock_irq(&q->lock);
	if (m.withdraw && !ops->by_fd) {
		s->pending = 0;
		if (s->where == EVCORE_ON_OVERFLOW)
			evcore_unlink(s);
	}
	/*
	 * Where posts take this lock, the records of before have the old cookie, and those
	 * that follow have the new one and are remembered.
	 */
	if (m.withdraw && !by_head)
		withdraw_last(s, &m);
	if (ops->check && flags & EVCORE_ONESHOT)
		evcore_disarm(s);	/* until what was posted before is gone */
	WRITE_ONCE(s->events, req->events);
	WRITE_ONCE(s->flags, flags);
	WRITE_ONCE(s->data, req->data);
	raw_spin_unlock_irq(&q->lock);
	/*
	 * A wake-up that still saw the old ones has posted after this. Its event goes
	 * as those before it do, and it may have disarmed a oneshot.
	 */
	if (ops->by_fd) {
		evcore_fd_modified(s);
		evcore_fd_with_head_locked(s, rearm, &m);
	} else {
		rearm(s, &m);
	}
	if (unlikely(m.several)) {
		/* A wake-up by another head may have posted beside rearm(). */
		if (by_head)
			evcore_fd_modified(s);
		q->face->withdraw(q, s, old_data);
		if (by_head && old_data != req->data)
			q->face->withdraw(q, s, req->data);
		raw_spin_lock_irq(&q->lock);
		evcore_arm(s);
		raw_spin_unlock_irq(&q->lock);
	}
	req->id = s->id;
	/* Finds what was withdrawn, or was not reported for the old events. */
	if (ops->modified)
		ops->modified(s, req);
	if (ops->check)
		ready = check_now(s, file);
	if (ready)
		evcore_post_found(s, ready);
	return 0;
}

/* What evcore_repost() delivers, and what came of it. */
struct repost {
	const struct evcore_record *record;
	struct evcore_record_node *node;
	int ret;
};

static void repost(struct evcore_source *s, void *arg)
{
	struct evcore_queue *q = s->queue;
	struct repost *g = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (!s->armed)
		g->ret = -EALREADY;
	else if (g->node)
		evcore_post_record_locked(s, g->node);
	else if (evcore_post_locked(s, g->record))
		evcore_wake_posted(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_repost - deliver an event once more, or one that the program makes
 * @s: the source, its queue's mutex held
 * @r: the event
 *
 * Return: 0; -EALREADY if a oneshot source has fired already; -EAGAIN over the user's
 * limit of records; -ENOMEM.
 */
int evcore_repost(struct evcore_source *s, const struct evcore_record *r)
{
	struct repost g = { .record = r };

	if (evcore_ops_of(s)->has_records) {
		g.node = evcore_record_alloc(s->queue->user, GFP_KERNEL);
		if (IS_ERR(g.node))
			return PTR_ERR(g.node);
		g.node->record = *r;
	}
	if (evcore_ops_of(s)->by_fd)
		evcore_fd_with_head_locked(s, repost, &g);
	else
		repost(s, &g);
	if (g.node && g.ret)
		evcore_record_free(g.node);
	return g.ret;
}

/* Unhook, take off every list, free. The watched file is pinned or gone. */
static void destroy_source(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;

	evcore_unhash(s);
	if (s->attached) {
		evcore_ops_of(s)->detach(s);
		s->attached = false;
	}
	evcore_recheck_unlist(s);
	raw_spin_lock_irqsave(&q->lock, flags);
	evcore_unlink(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
	evcore_records_purge(s);
	evcore_free_source(s);
}

/*
 * Where entries do not say which file they are about, those of another source with the same
 * descriptor number and cookie were withdrawn too: what holds of its file is told again.
 */
static void recheck_same_fd(struct evcore_source *s)
{
	struct evcore_source *other;

	for (other = evcore_fd_first(s->queue, s->id); other; other = other->same_fd)
		if (other != s && other->type == s->type)
			evcore_need_recheck(other);
}

/* Withdraw its records, nothing is posted any more; 1 if the last was taken. */
static int withdraw(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;
	bool taken = false;

	/* A queue that is closed takes its ring along. */
	if (!s->last_record || q->dead)
		return 0;
	if (q->face->cancel) {
		raw_spin_lock_irqsave(&q->lock, flags);
		taken = !q->face->cancel(q, s);
		raw_spin_unlock_irqrestore(&q->lock, flags);
	} else if (q->face->taken(q, s)) {
		return 1;
	}
	if (q->face->cancel && !has_several_records(s))
		return taken;
	q->face->withdraw(q, s, s->data);
	if (!q->face->cancel && evcore_ops_of(s)->by_fd)
		recheck_same_fd(s);
	return taken;
}

/**
 * evcore_del - remove a source
 * @s: source, its queue's mutex held; gone afterwards
 *
 * Events that wait in overflow go with it, those that lie in the ring and were not
 * taken are withdrawn. None of it comes any more.
 *
 * Return: 0, or 1 if its last event was taken and may be in another thread's
 * hands, or if it has had something else that cannot be undone.
 */
int evcore_del(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	struct file *file = NULL;
	unsigned long flags;
	int ret;

	/* In one hold, or a drain in between would still deliver it. */
	raw_spin_lock_irqsave(&q->lock, flags);
	s->muted = true;
	evcore_unlink(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);

	evcore_records_purge(s);
	if (evcore_ops_of(s)->by_fd) {
		file = evcore_fd_pin(s);
		if (!file) {
			/* Its last reference is going: that release removes it. */
			evcore_unhash(s);
			evcore_fd_mute(s);
			return withdraw(s);
		}
	}
	if (s->attached) {
		evcore_ops_of(s)->detach(s);
		s->attached = false;
	}
	ret = withdraw(s);
	if (evcore_ops_of(s)->used && evcore_ops_of(s)->used(s))
		ret = 1;
	destroy_source(s);
	if (file)
		fput(file);
	return ret;
}

/**
 * evcore_retire - remove a source where nobody may sleep
 * @s: the source; what keeps its hook from detaching it is held
 *
 * Nothing is posted any more. The rest is done with the next call for the queue.
 *
 * Context: any but NMI.
 */
void evcore_retire(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (!s->muted) {
		evcore_unlink(s);
		s->muted = true;
		evcore_reap_add(s);
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_reap - remove the sources that their delivery has ended, or their hook
 * @q: queue, its mutex held
 */
void evcore_reap(struct evcore_queue *q)
{
	struct evcore_source *s;
	struct file *file;

	while (!list_empty(&q->reap)) {
		raw_spin_lock_irq(&q->lock);
		s = list_first_entry_or_null(&q->reap, struct evcore_source, link);
		if (s)
			evcore_unlink(s);
		raw_spin_unlock_irq(&q->lock);
		if (!s)
			break;
		evcore_unhash(s);
		file = NULL;
		if (evcore_ops_of(s)->by_fd && s->attached) {
			file = evcore_fd_pin(s);
			if (!file)
				continue;	/* left to the file's release */
		}
		destroy_source(s);
		if (file)
			fput(file);
	}
}
