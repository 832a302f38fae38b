// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll: any file that can be polled, with the bits of poll(2). Errors and
 * hang-ups are always reported. And the short way to change which are asked for.
 */
#include "sources.h"

const struct evcore_source_ops evcore_poll_ops = {
	.name		= "evcore_poll",
	.type		= EVCORE_POLL,
	.size		= sizeof(struct evcore_fd_source),
	.modes		= EVCORE_LEVEL | EVCORE_REPORT_CLOSE | EVCORE_EXCLUSIVE,
	.all_events	= EVCORE_POLLFREE - 1,
	.by_fd		= true,
	.attach		= evcore_fd_attach,
	.detach		= evcore_fd_detach,
	.check		= evcore_fd_check,
};

/*
 * Take over new events and cookie; false if something of the source is under way.
 *
 * With the lock of its only wait queue head held and queue->mutex, nobody posts of it.
 * Then it is in nobody's hands if it is on no list and its record was taken, so that
 * queue->lock is not needed. What a wake-up has done before is seen by the look that
 * follows, a later one finds the new events: as in evcore_fd_modified().
 */
static __always_inline bool change_bits(struct evcore_source *s, u32 events, u64 data)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_head_t *head;
	bool done = false;

	local_irq_disable();
	/* As in unhook_one(): with interrupts off, this is an RCU reader. */
	head = smp_load_acquire(&fs->hook.head);
	if (likely(head)) {
		spin_lock(&head->lock);
		/* Pairs with the release where a drain takes a source off overflow. */
		if (likely(smp_load_acquire(&s->where) == EVCORE_IDLE && !s->check) &&
		    (!s->posted || s->queue->face->taken(s->queue, s))) {
			WRITE_ONCE(s->events, events);
			WRITE_ONCE(s->data, data);
			WRITE_ONCE(s->posted, 0);
			done = true;
		}
		spin_unlock(&head->lock);
	}
	local_irq_enable();
	return done;
}

/* @file: what the caller's descriptor stands for, which is kept from going. */
static __always_inline bool modify_watching(struct evcore_source *s, struct file *file,
					    u32 events, u64 data)
{
	u32 ready;

	/* Who is found by a lookup has a file. */
	if (file != container_of(s, struct evcore_fd_source, source)->file ||
	    !change_bits(s, events, data))
		return false;
	ready = (__force u32)vfs_poll(file, NULL) & (s->events | EVCORE_ALWAYS);
	if (ready)
		evcore_fd_found(s, ready);
	return true;
}

static noinline bool modify_shared(struct evcore_source *s, u32 fd, u32 events, u64 data)
{
	struct file *file = fget(fd);
	bool done = modify_watching(s, file, events, data);

	if (file)
		fput(file);
	return done;
}

/**
 * evcore_modify_bits - change the events and the cookie of a poll source
 * @q: queue, its mutex held
 * @fd: the descriptor that it watches
 * @flags: its flags, which do not change
 * @mask: those of them that the face has looked at
 * @events: the new events
 * @data: the new cookie
 *
 * What evcore_find() and evcore_modify() come to where there is no more to it: an
 * EVCORE_POLL source that has no mode of EVCORE_SLOW, of which there is no event that was
 * not taken, and whose file has one wait queue head and keys that are believed. Servers
 * do this all the time.
 *
 * Context: process context.
 *
 * Return: whether it was that; if not, nothing was changed.
 */
bool evcore_modify_bits(struct evcore_queue *q, u32 fd, u32 flags, u32 mask, u32 events,
			u64 data)
{
	struct evcore_source *s = evcore_fd_first(q, fd);
	struct files_struct *own = evcore_own_files();

	lockdep_assert_held(&q->mutex);
	/* Only bits that need no other wake-up function than those before. */
	if (!s || !events || events & ~EVCORE_KEYS_FULL)
		return false;
	if (s->type != EVCORE_POLL || (s->flags ^ flags) & mask ||
	    s->flags & (EVCORE_SLOW | EVCORE_KEYS_PART) ||
	    container_of(s, struct evcore_fd_source, source)->hook.next)
		return false;
	/* There, the head's lock may sleep. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	if (unlikely(!own))
		return modify_shared(s, fd, events, data);
	return modify_watching(s, files_lookup_fd_raw(own, fd), events, data);
}
