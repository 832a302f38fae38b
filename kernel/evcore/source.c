// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding, finding, modifying and removing sources. The code is the same for all types; what
 * differs between them is behind struct evcore_source_ops.
 *
 * Everything runs in process context with queue->mutex held, and may sleep, with these
 * exceptions: evcore_prepare() and evcore_finish() run before the mutex is taken and after it
 * is released, and evcore_retire() may run in any context but NMI.
 *
 * Floor 9, see Makefile: calls limits.c, lookup.c, alloc.c, state.c, post.c, records.c, fd.c and
 * recheck.c; called by wait.c, queue_file.c, the source types and the faces.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "internal.h"

static __always_inline int check_request(const struct evcore_source_ops *ops,
					 struct evcore_request *req)
{
	/* The core implements these itself, so every type may have them. */
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

/* ->check(). @file is the watched file if the caller holds a reference to it, or NULL. */
static u32 check_now(struct evcore_source *s, struct file *file)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);

	return file && ops->check == evcore_fd_check ? evcore_fd_poll(s, file) :
						       ops->check(s);
}

/*
 * Initialise a source in uninitialised memory. Where that is faster, fields are set one by one
 * rather than clearing all of the memory first, because such work is most of what a
 * registration costs. @muted: the source starts muted.
 */
static __always_inline void init_source(struct evcore_source *s, struct evcore_queue *q,
					const struct evcore_source_ops *ops,
					const struct evcore_request *req, struct file *file,
					bool muted)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);

	s->queue = q;
	s->last_record = 0;
	s->data = req->data;
	s->events = req->events;
	s->flags = req->flags | ops->fixed;
	s->at = (struct evcore_node) { .type = ops->type, .armed = true, .muted = muted };
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
 * evcore_prepare - do what a request needs that must not be done with queue->mutex held
 * @q: the queue; its mutex must not be held
 * @req: the request that evcore_add() or evcore_modify() is called with next
 *
 * Only types for which evcore_prepares() is true need it. After success the caller takes
 * queue->mutex, carries the request out, releases the mutex, and then calls evcore_finish(),
 * whatever the outcome.
 *
 * Context: process context, may sleep, fault and wait for a file system.
 *
 * Return: 0; -EINVAL, or what ->prepare() of the type returns, for a request that is refused.
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
 * evcore_finish - release what evcore_prepare() made and the request did not use
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

/* Attaching failed. An event may have been posted before. */
static noinline void undo_insert(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;

	raw_spin_lock_irq(&q->lock);
	s->muted = true;
	evcore_unlink(s);
	raw_spin_unlock_irq(&q->lock);
	evcore_recheck_unlist(s);
	evcore_records_purge(s);
	evcore_unhash(s);
	evcore_queue_put(q);
}

/**
 * evcore_add_of - add a source
 * @q: queue; its mutex must be held
 * @ops: evcore_ops() of the request's type
 * @req: the request; ->id is a result, and with ->hand_back so are ->ready and ->value
 * @out: result: the source, valid until queue->mutex is released; NULL if its event was handed
 *       back at once, so that the source is not registered
 *
 * If the condition holds already, its event is posted before this returns, or handed back in
 * @req if ->hand_back is set.
 *
 * Return: 0; -ENOSYS for a type that this kernel does not have; -EINVAL, -EBADF,
 * -EPERM, -ENOTSOCK, -ELOOP for a request that its type refuses; -EEXIST; -ENOMEM;
 * -ENOSPC if the user has reached the limit of sources. After an error nothing is left behind.
 */
int evcore_add_of(struct evcore_queue *q, const struct evcore_source_ops *ops,
		  struct evcore_request *req, struct evcore_source **out)
{
	struct fd f = EMPTY_FD;
	bool muted = req->hand_back && ops && ops->check;
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
	/* An event that is to be handed back must not be posted as well. */
	init_source(s, q, ops, req, fd_file(f), muted);

	ret = evcore_insert(s);
	if (unlikely(ret == -EEXIST || ret == -ENOSPC) && !list_empty(&q->reap)) {
		/* The source that exists, or some of too many, may have ended already. */
		evcore_reap(q);
		ret = evcore_insert(s);
	}
	if (ret)
		goto out_free;
	kref_get(&q->kref);

	ret = ops->attach(s, req, &ready);
	if (ret) {
		undo_insert(s);
		goto out_free;
	}
	s->attached = true;
	*out = s;
	req->id = s->id;
	if (muted && ready) {
		req->ready = ready;
		req->value = ops->value ? ops->value(s, ready) : 0;
		evcore_del(s);
		*out = NULL;
		goto out_done;
	}
	if (muted) {
		raw_spin_lock_irq(&q->lock);
		s->muted = false;
		raw_spin_unlock_irq(&q->lock);
		/* What happened while the source was muted was not posted. */
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
 * evcore_find - find the source that a request names
 * @q: queue; its mutex must be held
 * @req: the request, with a type, and an id or a descriptor
 * @f: result: the file of the descriptor, if the source was looked up by that. The caller must
 *     call fdput() on it, also after an error.
 *
 * Return: the source, valid until queue->mutex is released; ERR_PTR(-ENOSYS) for an unknown
 * type; ERR_PTR(-EBADF) for a bad descriptor; ERR_PTR(-ENOENT) if there is no such source.
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
	/* Its delivery or evcore_retire() has ended the source, but it is not reaped yet. */
	if (s && READ_ONCE(s->where) == EVCORE_ON_REAP) {
		evcore_reap(q);
		s = NULL;
	}
	return s ?: ERR_PTR(-ENOENT);
}

/*
 * May the ring hold records of the source other than the last one? A source that watches a file
 * has such records only if the file has several wait queue heads, which may wake it at the same
 * time, or if a drain has placed one while a wake-up placed the next one. Other types may have
 * them because their records need not merge.
 */
static bool has_several_records(const struct evcore_source *s)
{
	if (!evcore_ops_of(s)->by_fd)
		return true;
	return s->drained || container_of(s, struct evcore_fd_source, source)->hook.next;
}

/* What evcore_modify() still has to do about records that were posted before it. */
struct modify {
	bool	withdraw;	/* withdraw the last record */
	bool	several;	/* the ring may hold further records */
};

/*
 * Withdraw the last record, and set m->several if the ring may hold more. Called with
 * queue->lock held.
 */
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

/* Withdraw the record that was posted for the old events, and arm the source. */
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
 * evcore_modify - change the events, flags and cookie of a source, and arm it again
 * @s: source; queue->mutex must be held
 * @req: the new values; ->id is a result
 * @file: the watched file if the caller holds a reference to it; NULL: it is pinned here
 *
 * An event that was not taken is withdrawn, and the condition is polled as if the source were
 * new. If the type has no condition, the event would be lost, so it is withdrawn only if the
 * cookie changes.
 *
 * Return: 0; -EINVAL, or what ->modify() of the type returns, with nothing changed.
 */
int evcore_modify(struct evcore_source *s, struct evcore_request *req, struct file *file)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct modify m = { .withdraw = ops->check || s->data != req->data };
	struct evcore_queue *q = s->queue;
	/* Wake-ups may post without queue->lock. */
	bool by_head = ops->by_fd && q->face->cancel;
	u64 old_data = s->data;
	u32 ready = 0, flags;
	int ret;

	ret = check_request(ops, req);
	if (ret)
		return ret;
	/*
	 * An exclusive source cannot be modified, and no source can become exclusive, because
	 * its place in the wait queue cannot change. epoll refuses both as well.
	 */
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
	 * If all posts take this lock, every record so far has the old cookie, and every later
	 * one has the new cookie and is the one that ->last_record names.
	 */
	if (m.withdraw && !by_head)
		withdraw_last(s, &m);
	if (ops->check && flags & EVCORE_ONESHOT)
		evcore_disarm(s);	/* until the earlier records are withdrawn */
	WRITE_ONCE(s->events, req->events);
	WRITE_ONCE(s->flags, flags);
	WRITE_ONCE(s->data, req->data);
	raw_spin_unlock_irq(&q->lock);
	/*
	 * After evcore_fd_modified() every wake-up that still used the old values has posted.
	 * rearm() treats its event like those before it, and arms the source again, which the
	 * wake-up may have disarmed.
	 */
	if (ops->by_fd) {
		evcore_fd_modified(s);
		evcore_fd_with_head_locked(s, rearm, &m);
	} else {
		rearm(s, &m);
	}
	if (unlikely(m.several)) {
		/* A wake-up of another head may have posted while rearm() ran. */
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
	/* These find again what was withdrawn, and what the old events did not ask for. */
	if (ops->modified)
		ops->modified(s, req);
	if (ops->check)
		ready = check_now(s, file);
	if (ready)
		evcore_post_found(s, ready);
	return 0;
}

/* The event that evcore_repost() posts, and its result. */
struct repost {
	const struct evcore_record *record;
	struct evcore_record_node *node;
	int ret;
};

static void repost(struct evcore_source *s, void *arg)
{
	struct evcore_queue *q = s->queue;
	struct repost *rp = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	if (!s->armed)
		rp->ret = -EALREADY;
	else if (rp->node)
		evcore_post_record_locked(s, rp->node);
	else if (evcore_post_locked(s, rp->record))
		evcore_wake_posted(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * evcore_repost - post an event once more, or an event that the program makes
 * @s: the source; queue->mutex must be held
 * @r: the event
 *
 * Return: 0; -EALREADY if a oneshot source has fired already; -EAGAIN if the user has reached
 * the limit of records; -ENOMEM.
 */
int evcore_repost(struct evcore_source *s, const struct evcore_record *r)
{
	struct repost rp = { .record = r };

	if (evcore_ops_of(s)->has_records) {
		rp.node = evcore_record_alloc(s->queue->user, GFP_KERNEL);
		if (IS_ERR(rp.node))
			return PTR_ERR(rp.node);
		rp.node->record = *r;
	}
	if (evcore_ops_of(s)->by_fd)
		evcore_fd_with_head_locked(s, repost, &rp);
	else
		repost(s, &rp);
	if (rp.node && rp.ret)
		evcore_record_free(rp.node);
	return rp.ret;
}

/*
 * Unhook a source, take it off every list, and free it. A watched file must be pinned, or must
 * have been released already.
 */
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
 * The entries of kevent's ring have a type and a descriptor number, but do not say which file
 * they are for. A number that was used again can have another source of the same type, and then
 * withdrawing the entries of @s may have withdrawn those of the other source too. Have each such
 * source polled again: it posts what still holds.
 */
static void recheck_same_fd(struct evcore_source *s)
{
	struct evcore_source *other;

	for (other = evcore_fd_first(s->queue, s->id); other; other = other->same_fd)
		if (other != s && other->type == s->type)
			evcore_need_recheck(other);
}

/* Withdraw the records of a source that is not posted any more; 1 if the last one was taken. */
static int withdraw(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	unsigned long flags;
	bool taken = false;

	/* The ring of a closed queue is not used any more. */
	if (!s->last_record || q->dead)
		return 0;
	if (q->face->cancel) {
		raw_spin_lock_irqsave(&q->lock, flags);
		taken = q->face->cancel(q, s) != EVCORE_CANCELLED;
		raw_spin_unlock_irqrestore(&q->lock, flags);
		if (has_several_records(s))
			taken |= q->face->withdraw(q, s, s->data);
		return taken;
	}
	if (q->face->taken(q, s))
		return 1;
	taken = q->face->withdraw(q, s, s->data);
	if (evcore_ops_of(s)->by_fd)
		recheck_same_fd(s);
	return taken;
}

/**
 * evcore_del - remove a source
 * @s: source; queue->mutex must be held. The caller must not use it afterwards.
 *
 * Its events in overflow are dropped, and those in the ring that were not taken are withdrawn.
 * No event of the source is delivered afterwards.
 *
 * Return: 0; 1 if its last event was taken and another thread may be handling it, or if the
 * source has had another effect that cannot be undone (->used()).
 */
int evcore_del(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	struct file *file = NULL;
	unsigned long flags;
	int ret;

	/* Both in one lock hold, so that no drain in between delivers the event. */
	raw_spin_lock_irqsave(&q->lock, flags);
	s->muted = true;
	evcore_unlink(s);
	raw_spin_unlock_irqrestore(&q->lock, flags);

	evcore_records_purge(s);
	if (evcore_ops_of(s)->by_fd) {
		file = evcore_fd_pin(s);
		if (!file) {
			/* The release of the file, which is under way, removes the source. */
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
 * evcore_retire - end a source in a context that must not sleep
 * @s: the source; the caller holds a lock that keeps it from being detached
 *
 * Nothing is posted for the source afterwards. The next call for the queue removes it, see
 * evcore_reap().
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
 * evcore_reap - remove the sources that their delivery or evcore_retire() has ended
 * @q: queue; its mutex must be held
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
				continue;	/* the release of the file removes it */
		}
		destroy_source(s);
		if (file)
			fput(file);
		cond_resched();
	}
}
