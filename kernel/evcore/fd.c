// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the source types that watch a file have in common: they hook callbacks into the wait
 * queues of the file, call its ->poll(), and are removed with the file at the latest.
 *
 * A wake-up whose key is believed is posted at once, in whatever context it happens. Any other
 * wake-up says only that something may have happened. ->poll() must not be called in that
 * context, so the next wait polls the file.
 *
 * WHICH KEYS ARE BELIEVED
 *
 * Only bits that hold are reported, but many wake-ups carry bits that need not hold. In a key
 * without EPOLLERR, EPOLLHUP and POLLFREE, the following bits are believed:
 *
 * eventfd	Every bit. An eventfd wakes with its lock held, after the count has changed, and
 *		with IN or OUT alone. (A write of 0 wakes without a key: evcore_write_key().)
 * TCP, UDP	IN, OUT, RDHUP. They wake after data was queued, or after room was found. PRI
 *		and RDBAND come with every byte and WRBAND with all room, so these are not
 *		believed. A byte of urgent data wakes with IN too, and is reported as IN.
 * unix stream	The same.
 * other unix	IN. OUT is passed on from the peer, which may have room when the sender has
 *		none.
 * pipe		IN. OUT comes when a byte of a full pipe is read, which need not make room. The
 *		wake-up polls the pipe to verify it, because pipe_poll() takes no lock.
 * character	None. Every driver has keys of its own, and a terminal with VMIN above 1 wakes
 * devices	with IN when it has fewer bytes than that.
 * epoll sets	None. The key is that of a file in the set, and need not hold.
 * other	None. Each protocol wakes in its own way.
 * sockets
 * anything	IN. These are descriptors of the kernel's own objects (timerfd, io_uring,
 * else		queues), which wake when there is something to read.
 *
 * EPOLLERR and EPOLLHUP mean that several conditions have changed at once. After a reset, for
 * example, a TCP socket wakes with IN and ERR, but it is also writable and hung up, and may
 * not be readable. So the file is polled after a key with one of these bits.
 *
 * Floor 7, see Makefile: calls nest.c, busy.c and post.c; called by recheck.c, source.c, file.c,
 * the source types and the faces.
 */
#include <linux/evcore/file.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "internal.h"

#define KEYS_IN		((__force u32)(EPOLLIN | EPOLLRDNORM))
#define KEYS_OUT	((__force u32)(EPOLLOUT | EPOLLWRNORM))

static u32 socket_keys(const struct socket *sock)
{
	const struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	switch (sk->sk_family) {
	case AF_INET:
	case AF_INET6:
		if ((sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP) ||
		    (sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP))
			return EVCORE_KEYS_FULL;
		return 0;
	case AF_UNIX:
		return sk->sk_type == SOCK_STREAM ? EVCORE_KEYS_FULL : KEYS_IN;
	}
	return 0;
}

/* The bits of a wake-up key that are believed, see the head of this file. */
static u32 believed_keys(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	if (sock)
		return socket_keys(sock);
	if (evcore_is_eventfd(file))
		return ~0U;
	if (S_ISCHR(file_inode(file)->i_mode) || evcore_is_epoll(file))
		return 0;
	return KEYS_IN;
}

/**
 * evcore_fd_key_flags - flags of a source that follow from the keys of its file
 * @s: source that watches a file; queue->mutex must be held
 * @events: the events that the source is to report
 *
 * Return: EVCORE_KEYS_PART if not all bits of EVCORE_KEYS_FULL are believed of the file, and
 * EVCORE_UNSURE if the source wants bits that are not believed; or both, or 0.
 */
u32 evcore_fd_key_flags(struct evcore_source *s, u32 events)
{
	u32 keys = believed_keys(container_of(s, struct evcore_fd_source, source)->file);
	u32 flags = EVCORE_KEYS_FULL & ~keys ? EVCORE_KEYS_PART : 0;

	if (evcore_ops_of(s)->from_poll)
		events = EVCORE_KEYS_FULL;
	return events & ~(keys | EVCORE_ALWAYS) ? flags | EVCORE_UNSURE : flags;
}

/* The checks and flags that a file needs unless it is an eventfd. */
static noinline int attach_non_eventfd(struct evcore_source *s, struct file *file)
{
	/* ->poll() of a FUSE file waits for a process; queue->mutex is held here. */
	if (file_inode(file)->i_sb->s_magic == FUSE_SUPER_MAGIC)
		return -EPERM;
	s->flags |= evcore_fd_key_flags(s, s->events);
	return evcore_nest_add(s->queue, file);
}

static u32 fd_bits(struct evcore_source *s, __poll_t poll)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	u32 wanted = READ_ONCE(s->events);

	if (ops->from_poll)
		return ops->from_poll(s, poll) & wanted;
	return (__force u32)poll & (wanted | EVCORE_ALWAYS);
}

/* A wake-up with POLLFREE has announced that its wait queue head will be freed. */
static void head_freed(wait_queue_entry_t *wait)
{
	struct evcore_wait_hook *hook = container_of(wait, struct evcore_wait_hook, wait);

	list_del_init(&wait->entry);
	/* The last access to the hook. Pairs with smp_load_acquire() in unhook_one(). */
	smp_store_release(&hook->head, NULL);
}

/*
 * Are all bits of the key that the source wants believed? If the file is a pipe, the bits that
 * do not hold are removed from the key. The lock of the wait queue head is held by the caller,
 * which keeps the file from being freed.
 */
static bool is_sure(struct evcore_source *s, __poll_t *poll)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;
	__poll_t sure;

	if (*poll & (EPOLLERR | EPOLLHUP))
		return false;
	if (!(READ_ONCE(s->flags) & EVCORE_UNSURE))
		return true;
	/* pipe_poll() takes no lock, and a pipe wakes without holding its mutex. */
	if (get_pipe_info(file, false)) {
		*poll &= file->f_op->poll(file, NULL);
		return true;
	}
	sure = (__force __poll_t)believed_keys(file);
	return !fd_bits(s, *poll & ~sure);
}

/**
 * evcore_fd_wake - wait queue callback of a source that watches a file
 * @wait: entry of the hook
 * @mode: unused
 * @sync: unused
 * @key: poll bits and POLLFREE, or NULL
 *
 * Context: any, with the lock of the wait queue head held.
 *
 * Return: 1. An exclusive source returns 0 if it does not want the event, or if no task waits
 * for its queue: then the next exclusive entry of the wait queue is woken too.
 */
int evcore_fd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	/* Read before posting, which removes the waiter that it wakes. */
	bool waiting = READ_ONCE(s->queue->sleepers);
	bool exclusive = READ_ONCE(s->flags) & EVCORE_EXCLUSIVE;
	__poll_t poll = key_to_poll(key);
	u32 events = 1;

	if (unlikely(s->queue->busy_us))
		evcore_busy_note(s);
	if (!(poll & ~POLLFREE)) {
		evcore_need_recheck(s);
	} else if (!is_sure(s, &poll)) {
		events = fd_bits(s, poll);
		if (events)
			evcore_need_recheck(s);
	} else {
		events = fd_bits(s, poll);
		if (events)
			evcore_post(s, events, ops->value ? ops->value(s, events) : 0, 0);
	}
	if (unlikely(poll & POLLFREE))
		head_freed(wait);
	return !exclusive || (events && waiting);
}

/* Wait queue callback of a muted source that is still hooked in: it posts nothing. */
static int muted_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	if (key_to_poll(key) & POLLFREE)
		head_freed(wait);
	return 0;
}

/*
 * Wait queue callback of an EVCORE_POLL source whose only mode is EVCORE_LEVEL. It is fast for
 * wake-ups that have only bits of the other direction, which are many, and for wake-ups that
 * find the last record consumed, which are most of the rest.
 */
static int level_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	u32 events = evcore_fast_events(s, key);

	if (events ? evcore_post_level(s, events) : evcore_key_is_other(key))
		return 1;
	return evcore_fd_wake(wait, 0, 0, key);	/* which does not use them */
}

struct fd_poll_table {
	poll_table		pt;
	struct evcore_fd_source	*fs;
	bool			no_memory;
};

/*
 * Choose the wait queue callback of a source. Another type than EVCORE_POLL may have its own. The
 * fast ones are only for EVCORE_POLL sources without a mode, or with EVCORE_LEVEL alone.
 * ->wake_level() of a face must not run twice at the same time for a source. The lock of the wait
 * queue head ensures that, so the file must not have more than one.
 */
static __always_inline wait_queue_func_t wake_func(const struct evcore_source *s)
{
	bool one_head = !container_of(s, struct evcore_fd_source, source)->hook.next;
	u32 slow = s->flags & EVCORE_SLOW;

	if (s->type != EVCORE_POLL)
		return evcore_ops_of(s)->wake ?: evcore_fd_wake;
	if (s->queue->busy_us)
		return evcore_fd_wake;
	/* The fast callbacks need interrupts disabled, but on RT the head's lock leaves them on. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return evcore_fd_wake;
	if (slow == EVCORE_LEVEL)
		return one_head && s->queue->face->wake_level ? s->queue->face->wake_level :
								level_wake;
	return slow ? evcore_fd_wake : s->queue->face->wake ?: evcore_fd_wake;
}

/*
 * Change the callback of a hook. On return no wake-up runs the old callback any more, and the
 * next one calls the new callback.
 */
static void set_wake(struct evcore_wait_hook *hook, wait_queue_func_t func)
{
	wait_queue_head_t *head;

	rcu_read_lock();
	/* Acquire as in unhook_one(). NULL also if the hook was never used. */
	head = smp_load_acquire(&hook->head);
	if (head) {
		spin_lock_irq(&head->lock);
		hook->wait.func = func;
		spin_unlock_irq(&head->lock);
	}
	rcu_read_unlock();
}

static __always_inline void hook_in(struct evcore_fd_source *fs, struct evcore_wait_hook *hook,
				    wait_queue_head_t *head)
{
	init_waitqueue_func_entry(&hook->wait, wake_func(&fs->source));
	hook->wait.private = &fs->source;
	hook->head = head;
	if (unlikely(fs->source.flags & EVCORE_EXCLUSIVE))
		add_wait_queue_exclusive(head, &hook->wait);
	else
		add_wait_queue(head, &hook->wait);
}

/*
 * Hook into a further wait queue head. The first hook then needs a callback that may run for
 * several heads at the same time.
 */
static noinline void hook_in_further(struct fd_poll_table *table, wait_queue_head_t *head)
{
	struct evcore_wait_hook *hook = kmalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
	struct evcore_fd_source *fs = table->fs;

	if (!hook) {
		table->no_memory = true;
		return;
	}
	hook->next = fs->hook.next;
	fs->hook.next = hook;
	set_wake(&fs->hook, wake_func(&fs->source));
	hook_in(fs, hook, head);
}

/* ->poll() calls this for each wait queue head of the file; there may be several. */
static void fd_queue_proc(struct file *file, wait_queue_head_t *head,
			  poll_table *pt)
{
	struct fd_poll_table *table = container_of(pt, struct fd_poll_table, pt);

	if (unlikely(table->fs->hook.wait.func))
		hook_in_further(table, head);
	else
		hook_in(table->fs, &table->fs->hook, head);
}

/* Take a hook off its wait queue, unless the wait queue head was freed before the file. */
static void unhook_one(struct evcore_wait_hook *hook)
{
	wait_queue_head_t *head;

	rcu_read_lock();
	/*
	 * NULL: a wake-up with POLLFREE has announced that the head will be freed, and
	 * head_freed() has taken the hook off. Otherwise the head exists at least until
	 * rcu_read_unlock(). The acquire pairs with smp_store_release() in head_freed(), which
	 * is its last access to the hook, so that the caller may free the hook.
	 */
	head = smp_load_acquire(&hook->head);
	if (head)
		remove_wait_queue(head, &hook->wait);
	rcu_read_unlock();
}

static void unhook_all(struct evcore_fd_source *fs)
{
	struct evcore_wait_hook *hook, *next;

	if (fs->hook.wait.func)
		unhook_one(&fs->hook);
	for (hook = fs->hook.next; hook; hook = next) {
		next = hook->next;
		unhook_one(hook);
		kfree(hook);
	}
	fs->hook.next = NULL;
}

/**
 * evcore_fd_modified - finish wake-ups that use the old events and flags of a source
 * @s: the source, which has its new events and flags already
 *
 * A wake-up that runs at the same time may use the old events and flags, with the lock of its
 * wait queue head held. This takes the lock of every head. So on return each such wake-up has
 * posted its event, and ->poll() sees everything that became ready before it. A later wake-up
 * uses the new events, flags and callback.
 *
 * Barriers could not replace the lock: a wake-up has no barrier between the change of the
 * condition and its read of the events.
 *
 * Context: process context. queue->mutex must be held, and no lock that nests inside it.
 */
void evcore_fd_modified(struct evcore_source *s)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_func_t func = wake_func(s);
	struct evcore_wait_hook *hook;

	for (hook = &fs->hook; hook; hook = hook->next)
		set_wake(hook, func);
}

/**
 * evcore_fd_mute - keep the wake-ups of a source from posting
 * @s: source whose file is being released, which will remove its hooks
 *
 * Context: process context. queue->mutex must be held.
 */
void evcore_fd_mute(struct evcore_source *s)
{
	struct evcore_wait_hook *hook;

	for (hook = &container_of(s, struct evcore_fd_source, source)->hook; hook;
	     hook = hook->next)
		set_wake(hook, muted_wake);
}

/**
 * evcore_fd_with_head_locked - call a function with the lock of the first wait queue head held
 * @s: source that watches a file; queue->mutex must be held
 * @fn: the function; must not sleep
 * @arg: argument for @fn
 *
 * If the file has only one head, no wake-up can post the source while @fn runs. If it has
 * several, a wake-up of another head can. If the first head has announced its end (POLLFREE),
 * or there never was a head, @fn is called without a lock, because no wake-up of that head can
 * come.
 *
 * Context: process context.
 */
void evcore_fd_with_head_locked(struct evcore_source *s, evcore_source_fn_t fn, void *arg)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_head_t *head;

	rcu_read_lock();
	/* Pairs with the release in head_freed(). RCU keeps the head from being freed meanwhile. */
	head = smp_load_acquire(&fs->hook.head);
	if (head) {
		spin_lock_irq(&head->lock);
		fn(s, arg);
		spin_unlock_irq(&head->lock);
	} else {
		fn(s, arg);
	}
	rcu_read_unlock();
}

/**
 * evcore_fd_unhook - undo evcore_fd_attach()
 * @fs: the source; no wake-up posts for it afterwards
 *
 * Context: process context. queue->mutex must be held, and the file must be pinned, or be
 * released by the caller.
 */
void evcore_fd_unhook(struct evcore_fd_source *fs)
{
	struct evcore_queue *q = fs->source.queue;
	struct file *file = fs->file;

	unhook_all(fs);
	spin_lock(&file->f_lock);
	hlist_del_init(&fs->file_node);
	spin_unlock(&file->f_lock);
	evcore_nest_del(q, file);
	/* A drain reads ->file with queue->lock held, for the value of a waiting event. */
	raw_spin_lock_irq(&q->lock);
	fs->file = NULL;
	raw_spin_unlock_irq(&q->lock);
}

/**
 * evcore_fd_detach - ->detach() of the types that watch a file
 * @s: the source
 */
void evcore_fd_detach(struct evcore_source *s)
{
	evcore_fd_unhook(container_of(s, struct evcore_fd_source, source));
}

/**
 * evcore_fd_attach - ->attach() of the types that watch a file
 * @s: the source; its ->file is set, and the caller holds a reference to the file
 * @req: the request
 * @ready: result: bits that hold already
 *
 * Return: 0; -EPERM for a file that cannot be polled, or that is on FUSE; -ELOOP or -EINVAL
 * for a queue that must not be watched; -ENOMEM.
 */
int evcore_fd_attach(struct evcore_source *s, struct evcore_request *req, u32 *ready)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	struct fd_poll_table table __uninitialized;
	struct file *file = fs->file;
	int ret;

	if (!file_can_poll(file))
		return -EPERM;
	if (unlikely(!evcore_is_eventfd(file))) {
		ret = attach_non_eventfd(s, file);
		if (ret)
			return ret;
	}
	spin_lock(&file->f_lock);
	hlist_add_head(&fs->file_node, &file->f_evcore);
	spin_unlock(&file->f_lock);

	init_poll_funcptr(&table.pt, fd_queue_proc);
	table.fs = fs;
	table.no_memory = false;
	*ready = fd_bits(s, vfs_poll(file, &table.pt));
	if (!table.no_memory)
		return 0;
	evcore_fd_unhook(fs);
	return -ENOMEM;
}

/**
 * evcore_fd_pin - take a reference to the watched file
 * @s: source that watches a file
 *
 * Return: the file; NULL if its last reference was dropped. In that case the release of the
 * file waits for queue->mutex, which the caller must hold, and then removes the source.
 */
struct file *evcore_fd_pin(struct evcore_source *s)
{
	return get_file_active(&container_of(s, struct evcore_fd_source, source)->file);
}

/**
 * evcore_fd_polls_others - is the watched file an epoll set, which polls the files in it?
 * @s: source that watches a file; queue->mutex must be held
 */
bool evcore_fd_polls_others(struct evcore_source *s)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;

	return file && evcore_is_epoll(file);
}

static __always_inline u32 poll_now(struct evcore_source *s, struct file *file)
{
	poll_table pt;

	init_poll_funcptr(&pt, NULL);
	return fd_bits(s, vfs_poll(file, &pt));
}

/**
 * evcore_fd_poll - poll the file of a source
 * @s: the source
 * @file: the file that it watches; the caller holds a reference
 *
 * Return: the source's events that hold now.
 */
u32 evcore_fd_poll(struct evcore_source *s, struct file *file)
{
	return poll_now(s, file);
}

/**
 * evcore_fd_check - ->check() of the types that watch a file
 * @s: the source
 */
u32 evcore_fd_check(struct evcore_source *s)
{
	struct file *file = evcore_fd_pin(s);
	u32 bits;

	if (!file)
		return 0;
	bits = poll_now(s, file);
	fput(file);
	return bits;
}

static void post_bits(struct evcore_source *s, void *bits)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	u32 events = *(u32 *)bits;

	evcore_post_slow(s, events, ops->value ? ops->value(s, events) : 0, 0);
}

/**
 * evcore_fd_found - post what polling a file has found
 * @s: source that watches a file; queue->mutex must be held
 * @bits: the bits that hold
 *
 * This holds the lock of the wait queue head, so that a wake-up does not post the same
 * condition at the same time: one event is enough.
 *
 * Context: process context.
 */
void evcore_fd_found(struct evcore_source *s, u32 bits)
{
	evcore_fd_with_head_locked(s, post_bits, &bits);
}
