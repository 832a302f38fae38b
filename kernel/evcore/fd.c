// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the types that watch a file have in common: hooking into its wait
 * queues, asking ->poll(), and living no longer than the file.
 *
 * A wake-up whose key is believed posts at once, in whatever context it comes. Any
 * other says only that something may have happened, and ->poll() may not be called
 * there, so the next wait polls the file.
 *
 * WHICH KEYS ARE BELIEVED
 *
 * Only bits that hold are reported, but many wake-ups carry bits that need not hold.
 * Believed are, of a key without EPOLLERR, EPOLLHUP and POLLFREE:
 *
 * eventfd	every bit: it is woken with its lock held after the count has changed, by
 *		IN or OUT alone (a write of 0 has no key, see evcore_write_key())
 * TCP, UDP	IN, OUT, RDHUP: woken after data was queued, or room was found. PRI
 *		and RDBAND come with every byte, WRBAND with all room: not believed. A
 *		byte of urgent data wakes with IN, too; that is reported as IN.
 * unix stream	the same
 * other unix	IN. OUT is passed on from the peer, which has room when the sender
 *		may have none.
 * pipe		IN. OUT comes when a byte of a full pipe is read, which need not make
 *		room; it is verified on the spot, because pipe_poll() takes no lock.
 * character	nothing: every driver has its own keys, and a terminal with VMIN above 1
 * devices	wakes with IN below that
 * epoll sets	nothing: a file in the set was woken, and that file's key need not hold
 * other	nothing: each protocol wakes in its own way
 * sockets
 * anything	IN: descriptors of the kernel's own objects (timerfd, io_uring, queues),
 * else		woken when there is something to read
 *
 * EPOLLERR and EPOLLHUP say that much has changed at once: after a reset a TCP socket is
 * woken with IN and ERR, while it is also writable, hung up, and perhaps not readable.
 * So a key with one of them has the file polled.
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
 * evcore_fd_key_flags - which way the wake-ups of a source have to take
 * @s: source that watches a file, queue->mutex held
 * @events: what it is to be watched for
 *
 * Return: EVCORE_KEYS_PART where not all of EVCORE_KEYS_FULL is believed of its file,
 * EVCORE_UNSURE where it wants bits that are not believed.
 */
u32 evcore_fd_key_flags(struct evcore_source *s, u32 events)
{
	u32 keys = believed_keys(container_of(s, struct evcore_fd_source, source)->file);
	u32 flags = EVCORE_KEYS_FULL & ~keys ? EVCORE_KEYS_PART : 0;

	if (evcore_ops_of(s)->from_poll)
		events = EVCORE_KEYS_FULL;
	return events & ~(keys | EVCORE_ALWAYS) ? flags | EVCORE_UNSURE : flags;
}

/* What has to be seen to with files other than eventfds. */
static noinline int attach_other(struct evcore_source *s, struct file *file)
{
	/* Its ->poll() waits for a process, which queue->mutex must not. */
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

/* A wait queue head has announced its end. */
static void head_freed(wait_queue_entry_t *wait)
{
	struct evcore_wait_hook *hook = container_of(wait, struct evcore_wait_hook, wait);

	list_del_init(&wait->entry);
	/* The last access to the hook. Pairs with smp_load_acquire() in unhook_one(). */
	smp_store_release(&hook->head, NULL);
}

/*
 * Are the bits of a key that the source is interested in believed? Those of a pipe are
 * replaced by what holds. The hook's lock is held, so the file is there.
 */
static bool is_sure(struct evcore_source *s, __poll_t *poll)
{
	struct file *file = container_of(s, struct evcore_fd_source, source)->file;
	__poll_t sure;

	if (*poll & (EPOLLERR | EPOLLHUP))
		return false;
	if (!(READ_ONCE(s->flags) & EVCORE_UNSURE))
		return true;
	/* It has no lock to take, and wakes without its own. */
	if (get_pipe_info(file, false)) {
		*poll &= file->f_op->poll(file, NULL);
		return true;
	}
	sure = (__force __poll_t)believed_keys(file);
	return !fd_bits(s, *poll & ~sure);
}

/**
 * evcore_fd_wake - the watched file has woken its waiters
 * @wait: the hook's
 * @mode: not looked at
 * @sync: not looked at
 * @key: poll bits, POLLFREE, or nothing
 *
 * Context: any, with the wait queue head's lock held.
 *
 * Return: whether somebody was woken; always 1 but for an exclusive source, after
 * which the next is woken too where nobody was waiting.
 */
int evcore_fd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	/* Before posting, which takes the waiter it wakes off. */
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

/* Of a source that is gone and still hooked in: nothing is posted. */
static int muted_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	if (key_to_poll(key) & POLLFREE)
		head_freed(wait);
	return 0;
}

/*
 * The same for a poll source whose only mode is level: many wake-ups are of the other
 * direction, and most others find its last record consumed.
 */
static int level_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct evcore_source *s = wait->private;
	u32 events = evcore_fast_events(s, key);

	if (events ? evcore_post_level(s, events) : evcore_key_is_other(key))
		return 1;
	return evcore_fd_wake(wait, mode, sync, key);
}

struct fd_poll_table {
	poll_table		pt;
	struct evcore_fd_source	*fs;
	bool			no_memory;
};

/*
 * The quick ones are for the plain cases only; that of a face for level-triggered sources
 * is for one wait queue head, whose lock keeps it from running twice.
 */
static __always_inline wait_queue_func_t wake_func(const struct evcore_source *s)
{
	bool one_head = !container_of(s, struct evcore_fd_source, source)->hook.next;
	u32 slow = s->flags & EVCORE_SLOW;

	if (s->type != EVCORE_POLL || s->queue->busy_us)
		return evcore_fd_wake;
	/* There, the head's lock leaves interrupts on. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return evcore_fd_wake;
	if (slow == EVCORE_LEVEL)
		return one_head && s->queue->face->wake_level ? s->queue->face->wake_level :
								level_wake;
	return slow ? evcore_fd_wake : s->queue->face->wake ?: evcore_fd_wake;
}

/*
 * Give a hook another function. Afterwards a wake-up that was under way has ended, and
 * the next one uses it.
 */
static void set_wake(struct evcore_wait_hook *hook, wait_queue_func_t func)
{
	wait_queue_head_t *head;

	rcu_read_lock();
	/* As in unhook_one(); NULL too where nothing was hooked in. */
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

/* A further wait queue head; from now on the first one is not the only one. */
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

/* ->poll() hands over a wait queue head; there may be several. */
static void fd_queue_proc(struct file *file, wait_queue_head_t *head,
			  poll_table *pt)
{
	struct fd_poll_table *table = container_of(pt, struct fd_poll_table, pt);

	if (unlikely(table->fs->hook.wait.func))
		hook_in_further(table, head);
	else
		hook_in(table->fs, &table->fs->hook, head);
}

static void unhook_one(struct evcore_wait_hook *hook)
{
	wait_queue_head_t *head;

	rcu_read_lock();
	/*
	 * The memory of a head that announced its end with POLLFREE stays for
	 * a grace period. Pairs with smp_store_release() in evcore_fd_wake().
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
 * evcore_fd_modified - the source has other events and flags now
 * @s: the source
 *
 * A wake-up that is under way may use the former ones, and does so under the lock of
 * the wait queue head. So after this lock was held here, it has posted what it was to
 * post, and whatever became ready before it is seen by ->poll(); a later one uses the
 * new events, flags and function. No barrier does that: the wake-up has none between
 * what becomes ready and its look at the events.
 *
 * Context: queue->mutex held, and no lock inside it.
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
 * evcore_fd_mute - nothing more is to be posted by wake-ups
 * @s: source whose file is going, and with it soon its hooks
 *
 * Context: queue->mutex held.
 */
void evcore_fd_mute(struct evcore_source *s)
{
	struct evcore_wait_hook *hook;

	for (hook = &container_of(s, struct evcore_fd_source, source)->hook; hook;
	     hook = hook->next)
		set_wake(hook, muted_wake);
}

/**
 * evcore_fd_with_head_locked - do something while no wake-up posts of a source
 * @s: source that watches a file, queue->mutex held
 * @fn: what; may not sleep
 * @arg: for @fn
 *
 * So there is one record of it at a time, whoever posts; but for a file with several
 * wait queue heads, of which this holds the first.
 *
 * Context: process context.
 */
void evcore_fd_with_head_locked(struct evcore_source *s, evcore_source_fn_t fn, void *arg)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	wait_queue_head_t *head;

	rcu_read_lock();
	/* As in unhook_one(); NULL too where there never was one. */
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
 * @fs: the source; nothing is posted for it afterwards
 *
 * Context: queue->mutex held; the file is pinned, or being released by the
 * caller.
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
	/* A drain asks for the value of what waits, from the file. */
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
 * @s: the source, its file set and referenced by the caller
 * @req: the request
 * @ready: bits that hold already
 *
 * Return: 0; -EPERM for a file that cannot be polled; -ELOOP, -EINVAL for a
 * queue that must not be watched; -ENOMEM.
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
		ret = attach_other(s, file);
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
 * Return: the file, or NULL if its last reference has gone; then its release
 * waits for queue->mutex, which the caller holds, and removes the source.
 */
struct file *evcore_fd_pin(struct evcore_source *s)
{
	return get_file_active(&container_of(s, struct evcore_fd_source, source)->file);
}

/**
 * evcore_fd_polls_others - is the watched file an epoll set, which polls what is in it?
 * @s: source that watches a file, queue->mutex held
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
 * evcore_fd_poll - what of a source's events holds now
 * @s: the source
 * @file: the file it watches, referenced by the caller
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
 * evcore_fd_found - post what a look has found
 * @s: source that watches a file, queue->mutex held
 * @bits: what holds
 *
 * Not beside a wake-up, which may post it as well: one event is enough.
 *
 * Context: process context.
 */
void evcore_fd_found(struct evcore_source *s, u32 bits)
{
	evcore_fd_with_head_locked(s, post_bits, &bits);
}

/**
 * evcore_fd_recheck - look at a source, and post what holds
 * @s: source that watches a file, queue->mutex held
 *
 * Context: process context, may sleep.
 */
void evcore_fd_recheck(struct evcore_source *s)
{
	u32 bits = evcore_fd_check(s);

	if (bits)
		evcore_fd_found(s, bits);
}
