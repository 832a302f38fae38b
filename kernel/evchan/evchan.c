// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls of the event channel, which create a channel, change what it
 * watches, and wait. They translate between user space and the event core;
 * evchan_create(2), evchan_ctl(2) and evchan_wait(2) describe them.
 */
#include <linux/compat.h>
#include <linux/eventpoll.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#include "ring.h"

/* The most entries of one evchan_ctl() call. */
#define EVCHAN_MAX_CHANGES	65536

/* The flags that mean the same here and in the core, bit for bit. */
#define EVCHAN_CORE_FLAGS	(EVCHAN_LEVEL | EVCHAN_ONESHOT | EVCHAN_WAKE_ALL | \
				 EVCHAN_REPORT_CLOSE | EVCHAN_TIMESTAMP | EVCHAN_EXCLUSIVE)
static_assert(EVCHAN_LEVEL == EVCORE_LEVEL);
static_assert(EVCHAN_ONESHOT == EVCORE_ONESHOT);
static_assert(EVCHAN_WAKE_ALL == EVCORE_WAKE_ALL);
static_assert(EVCHAN_REPORT_CLOSE == EVCORE_REPORT_CLOSE);
static_assert(EVCHAN_TIMESTAMP == EVCORE_TIMESTAMP);
static_assert(EVCHAN_EXCLUSIVE == EVCORE_EXCLUSIVE);
static_assert(EVCHAN_CLOSED == EVCORE_CLOSED);
static_assert(EVCHAN_TIMER_ABSTIME == EVCORE_TIMER_ABS);
static_assert(EVCHAN_SOCKET == EVCORE_SOCKET && EVCHAN_TIMER == EVCORE_TIMER &&
	      EVCHAN_POLL == EVCORE_POLL && EVCHAN_PIPE == EVCORE_PIPE &&
	      EVCHAN_USER == EVCORE_USER && EVCHAN_SIGNAL == EVCORE_SIGNAL &&
	      EVCHAN_MQUEUE == EVCORE_MQUEUE && EVCHAN_PROCESS == EVCORE_PROCESS &&
	      EVCHAN_FUTEX == EVCORE_FUTEX && EVCHAN_INODE == EVCORE_INODE &&
	      EVCHAN_AIO == EVCORE_AIO);
static_assert(EVCHAN_POSIX_TIMER == EVCORE_POSIX_TIMER);
static_assert(EVCHAN_SIGNALED == EVCORE_SIGNALED);
static_assert(EVCHAN_SIGNAL_OVERRUN == EVCORE_SIGNAL_OVERRUN);
static_assert(EVCHAN_SIGNAL_NOMASK == EVCORE_SIGNAL_NOMASK);
static_assert(EVCHAN_FIRED == EVCORE_FIRED && EVCHAN_MESSAGE == EVCORE_MESSAGE);
static_assert(EVCHAN_EXITED == EVCORE_EXITED);
static_assert(EVCHAN_EXIT_HIDDEN == EVCORE_EXIT_HIDDEN);
static_assert(EVCHAN_WOKEN == EVCORE_WOKEN && EVCHAN_CHANGED == EVCORE_CHANGED &&
	      EVCHAN_DONE == EVCORE_DONE);
static_assert(EVCHAN_NONBLOCK == O_NONBLOCK && EVCHAN_CLOEXEC == O_CLOEXEC);
static_assert(sizeof(struct evchan_event) == 64);
static_assert(sizeof(struct evchan_change) == EVCHAN_CHANGE_SIZE_VER0);
static_assert(sizeof(struct evchan_params) == EVCHAN_PARAMS_SIZE_VER0);

static struct evchan_queue *fd_channel(struct fd f)
{
	struct evcore_queue *q = evcore_file_queue(fd_file(f));

	return q && q->face == &evchan_face ? to_evchan(q) : NULL;
}

static int create_channel(struct evchan_params *params, struct evchan_queue **out)
{
	u32 entries = params->entries ?: EVCHAN_DEFAULT_ENTRIES;
	struct evchan_queue *c;
	int ret;

	if (params->flags & ~(EVCHAN_NONBLOCK | EVCHAN_CLOEXEC | EVCHAN_SINGLE_CONSUMER) ||
	    entries > EVCHAN_MAX_ENTRIES)
		return -EINVAL;
	/* Must be 0 on entry, so that programs can ask for something here one day. */
	if (params->features || params->map_offset || params->map_length ||
	    params->events_offset || params->event_size)
		return -EINVAL;
	entries = roundup_pow_of_two(max_t(u32, entries, EVCHAN_MIN_ENTRIES));
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	ret = evcore_queue_init(&c->queue, &evchan_face);
	if (ret) {
		kfree(c);
		return ret;
	}
	ret = evcore_busy_init(&c->queue, params->busy_poll_us);
	if (!ret)
		ret = evchan_ring_init(c, entries, params->flags & EVCHAN_SINGLE_CONSUMER);
	if (ret) {
		evcore_queue_put_sleepable(&c->queue);
		return ret;
	}
	params->entries = entries;
	params->features = EVCHAN_FEAT_OVERFLOW | EVCHAN_FEAT_LEVEL | EVCHAN_FEAT_TIMESTAMP |
			   EVCHAN_FEAT_SINGLE_CONSUMER |
			   (IS_ENABLED(CONFIG_AIO) ? EVCHAN_FEAT_AIO : 0);
	if (IS_ENABLED(CONFIG_NET_RX_BUSY_POLL))
		params->features |= EVCHAN_FEAT_BUSY_POLL;
	params->map_offset = 0;
	params->map_length = c->map_length;
	params->events_offset = PAGE_SIZE;
	params->event_size = sizeof(struct evchan_event);
	*out = c;
	return 0;
}

/**
 * sys_evchan_create - create an event channel
 * @uparams: in: the wanted properties; out: the actual ones
 * @size: the size of *@uparams as the caller knows it
 *
 * Return: the descriptor of the channel; -EPERM if the sysctl evcore_disabled forbids it;
 * -EINVAL, -E2BIG, -EFAULT, -ENOMEM, -EMFILE, -ENFILE.
 */
SYSCALL_DEFINE2(evchan_create, struct evchan_params __user *, uparams, size_t, size)
{
	struct evchan_params params;
	struct evchan_queue *c;
	struct file *file;
	int ret, fd;

	ret = evcore_may_create();
	if (ret)
		return ret;
	if (size < EVCHAN_PARAMS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&params, sizeof(params), uparams, size);
	if (ret)
		return ret;
	ret = create_channel(&params, &c);
	if (ret)
		return ret;
	file = evcore_queue_file(&c->queue, params.flags & (O_NONBLOCK | O_CLOEXEC));
	if (IS_ERR(file)) {
		evcore_queue_put_sleepable(&c->queue);
		return PTR_ERR(file);
	}
	fd = get_unused_fd_flags(params.flags & O_CLOEXEC);
	if (fd < 0) {
		fput(file);
		return fd;
	}
	/* Write no more than the caller knows. What it knows beyond this kernel stays zero. */
	if (copy_to_user(uparams, &params, min(size, sizeof(params)))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;
}

/* An entry of evchan_ctl(), translated for the core. */
struct change {
	u16			op;
	const struct evcore_source_ops *ops;	/* of req.type, NULL if that is unknown */
	struct evcore_request	req;
};

/* Set what is in the first word of an entry: op, type, flags. */
static void set_first_word(struct change *ch, u64 word)
{
	struct evchan_change first;

	memcpy(&first, &word, sizeof(word));
	ch->op = first.op;
	ch->req.type = first.type;
	ch->req.flags = first.flags;
}

/*
 * How many of its args an entry may use. For all operations except POST these are the args of
 * an addition, so that a program can use the entry again that it added a source with.
 */
static unsigned int nr_args(const struct change *ch)
{
	const struct evcore_source_ops *ops = ch->ops;

	switch (ch->op) {
	case EVCHAN_POST:
		if (ops->type == EVCHAN_USER)
			return 2;
		return 3 + (ops->by_fd && !ch->req.by_id);
	default:
		return max_t(unsigned int, ops->nr_args, ops->by_fd);
	}
}

/* Refuse args that have no meaning for the entry. */
static noinline int check_args(const struct change *ch)
{
	const struct evcore_source_ops *ops = ch->ops;
	const struct evcore_request *req = &ch->req;
	unsigned int i;

	if (!ops)
		return 0;	/* the core refuses it */
	for (i = nr_args(ch); i < ARRAY_SIZE(req->args); i++)
		if (req->args[i])
			return -EINVAL;
	/* A descriptor is an int, extended to 64 bits with or without its sign. */
	if ((ops->type == EVCHAN_INODE || (ops->by_fd && ch->op != EVCHAN_POST)) &&
	    req->args[0] != (u64)req->fd && req->args[0] != (u32)req->fd)
		return -EINVAL;
	if (ops->by_fd && ch->op == EVCHAN_POST && !req->by_id && req->args[0] != (u64)req->fd)
		return -EINVAL;
	/* A queue has one source of such a type, so an id has no meaning. */
	if (ops->single && req->id && ch->op != EVCHAN_POST)
		return -EINVAL;
	return 0;
}

/*
 * Read one entry, word by word, which is faster than copy_from_user() for so few words. The id
 * is not read if the source is found by its descriptor, and fields of @ch that are the same
 * for all entries are not set.
 *
 * Return: 0; 1 if prepared_change() must carry the entry out, because its type has
 * ->prepare(); or a negative errno.
 */
static int read_change(struct change *ch, const struct evchan_change __user *uch,
		       size_t size)
{
	struct evcore_request *req = &ch->req;
	u64 word, arg0, more[3];
	bool by_number;
	int ret;

	if (size > sizeof(*uch)) {
		ret = check_zeroed_user(uch + 1, size - sizeof(*uch));
		if (ret <= 0)
			return ret ?: -E2BIG;
	}
	if (!user_read_access_begin(uch, sizeof(*uch)))
		return -EFAULT;
	unsafe_get_user(word, (const u64 __user *)uch, fault);
	set_first_word(ch, word);
	unsafe_get_user(req->events, &uch->events, fault);
	unsafe_get_user(req->data, &uch->data, fault);
	unsafe_get_user(arg0, &uch->args[0], fault);
	unsafe_get_user(more[0], &uch->args[1], fault);
	unsafe_get_user(more[1], &uch->args[2], fault);
	unsafe_get_user(more[2], &uch->args[3], fault);
	req->fd = arg0;
	ch->ops = evcore_ops(req->type);
	by_number = ch->ops && ch->ops->by_fd && !(req->flags & EVCHAN_BY_ID) &&
		    ch->op != EVCHAN_POST;
	if (unlikely(!by_number))
		unsafe_get_user(req->id, &uch->id, fault);
	user_read_access_end();
	if (likely(by_number)) {
		req->by_id = false;
		/* The only argument is a descriptor, which is an int. */
		return likely(!((arg0 ^ (u64)req->fd) | more[0] | more[1] | more[2])) ?
		       0 : -EINVAL;
	}
	req->by_id = req->flags & EVCHAN_BY_ID;
	req->args[0] = arg0;
	memcpy(req->args + 1, more, sizeof(more));
	return check_args(ch) ?: evcore_prepares(req->type);
fault:
	user_read_access_end();
	return -EFAULT;
}

/* The events of an entry that names none: the only bit of the type, or 1 for user events. */
static u32 default_events(const struct evcore_source_ops *ops)
{
	if (!ops)
		return 0;
	if (is_power_of_2(ops->all_events))
		return ops->all_events;
	return ops->type == EVCHAN_USER;
}

/*
 * Refuse what has no meaning for the operation, so that it can get a meaning later. The core
 * checks what depends on the type.
 */
static int check_change(struct change *ch)
{
	struct evcore_request *req = &ch->req;

	if (req->flags & ~(EVCHAN_CORE_FLAGS | EVCHAN_BY_ID))
		return -EINVAL;
	req->flags &= EVCHAN_CORE_FLAGS;
	switch (ch->op) {
	case EVCHAN_SET:
		if (req->by_id)
			return -EINVAL;
		fallthrough;
	case EVCHAN_MOD:
		if (unlikely(!req->events))
			req->events = default_events(ch->ops);
		return 0;
	case EVCHAN_POST:
		return req->flags ? -EINVAL : 0;
	case EVCHAN_DEL:
	case EVCHAN_CHECK:
		/* The events that it was added with may be there. They have no effect. */
		return ch->ops && req->events & ~ch->ops->all_events ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* Post a user event, or repost an event that a thread has taken. */
static int post_change(struct evcore_source *s, const struct evcore_request *req)
{
	bool user = s->type == EVCHAN_USER;
	/* args[0] is the descriptor if the source is found by that. */
	const u64 *args = req->args + (evcore_by_fd(s->type) && !req->by_id);
	struct evcore_record r = {
		.events = req->events ?: s->events,
		.value = args[0],
		.extra = { args[1], args[2] },
	};

	if (evcore_ops_of(s)->single) {
		r.own_id = true;
		r.extra[0] = req->data;
		r.extra[1] = req->id;
	} else if (user && !args[1]) {
		r.extra[0] = 1;		/* one post, unless the program reposts several */
	}
	/* Only bits that a source of the type can post. */
	if (r.events & ~(evcore_ops_of(s)->all_events | EVCHAN_CLOSED))
		return -EINVAL;
	if (user && r.events & ~s->events)
		return -EINVAL;
	return evcore_repost(s, &r);
}

/* Tell a program that has taken an event which bits hold now, and how the source is set. */
static int last_check(struct evcore_source *s, struct evcore_request *req)
{
	if (!evcore_ops_of(s)->check)
		return -EINVAL;
	req->events = evcore_last_check(s);
	req->flags = s->flags & EVCHAN_CORE_FLAGS;
	req->data = s->data;
	return 0;
}

/* The fast path for ADD. */
static __always_inline int do_add(struct evcore_queue *q, struct change *ch)
{
	struct evcore_request *req = &ch->req;
	struct evcore_source *s;

	if (req->flags & ~EVCHAN_CORE_FLAGS)	/* EVCHAN_BY_ID has no meaning either */
		return -EINVAL;
	if (unlikely(!req->events))
		req->events = default_events(ch->ops);
	return evcore_add_of(q, ch->ops, req, &s);
}

/* Carry out one entry; called with queue->mutex held. */
static __always_inline int do_change(struct evcore_queue *q, struct change *ch)
{
	struct evcore_request *req = &ch->req;
	struct evcore_source *s;
	struct fd f;
	int ret;

	if (ch->op == EVCHAN_ADD)
		return do_add(q, ch);
	ret = check_change(ch);
	if (ret)
		return ret;
	s = evcore_find(q, req, &f);
	if (IS_ERR(s))
		ret = ch->op == EVCHAN_SET && s == ERR_PTR(-ENOENT) ?
		      evcore_add_of(q, ch->ops, req, &s) : PTR_ERR(s);
	else if (ch->op == EVCHAN_MOD || ch->op == EVCHAN_SET)
		ret = evcore_modify(s, req, fd_file(f));
	else if (ch->op == EVCHAN_DEL)
		ret = evcore_del(s);
	else if (ch->op == EVCHAN_CHECK)
		ret = last_check(s, req);
	else
		ret = post_change(s, req);
	fdput(f);
	return ret;
}

/*
 * do_change() for a type with ->prepare(), which is called with queue->mutex released. Called
 * and returns with the mutex held.
 */
static noinline int prepared_change(struct evcore_queue *q, struct change *ch)
{
	struct evcore_request *req = &ch->req;
	int ret;

	if (ch->op != EVCHAN_ADD && ch->op != EVCHAN_MOD && ch->op != EVCHAN_SET)
		return do_change(q, ch);
	/* For ADD, do_add() checks after ->prepare(); evcore_finish() releases the result. */
	ret = ch->op == EVCHAN_ADD ? 0 : check_change(ch);
	if (ret)
		return ret;
	evcore_unlock_user(q);
	ret = evcore_prepare(q, req);
	evcore_lock_user(q);
	if (ret)
		return ret;
	ret = do_change(q, ch);
	evcore_unlock_user(q);
	evcore_finish(req);
	evcore_lock_user(q);
	return ret;
}

/*
 * Write the result of an entry back, with the id of a source that was added or set, or with
 * the answer to CHECK.
 */
static int write_result(struct evchan_change __user *uch, const struct change *ch,
			int result)
{
	if (!user_write_access_begin(uch, sizeof(*uch)))
		return -EFAULT;
	unsafe_put_user(result, &uch->result, fault);
	if (result >= 0 && (ch->op == EVCHAN_ADD || ch->op == EVCHAN_SET))
		unsafe_put_user(ch->req.id, &uch->id, fault);
	if (result >= 0 && ch->op == EVCHAN_CHECK) {
		unsafe_put_user(ch->req.events, &uch->events, fault);
		unsafe_put_user(ch->req.flags, &uch->flags, fault);
		unsafe_put_user(ch->req.data, &uch->data, fault);
	}
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/*
 * The fast path of MOD, for entries that change only the events and the cookie of a source
 * that is found by its descriptor. Ends after @n entries, or at one that is another case, that
 * has an argument without a meaning, or that cannot be accessed; the caller reads that one
 * again. The result of an entry is written in the same access to user memory in which the
 * next one is read.
 *
 * Return: how many entries were carried out.
 */
static noinline unsigned int modify_fast(struct evcore_queue *q,
					 struct evchan_change __user *uch, unsigned int n)
{
	struct files_struct *own = evcore_own_files();
	struct change ch __uninitialized;	/* only what set_first_word() sets is used */
	u64 word, data, fd, arg1, arg2, arg3;
	unsigned int done = 0;
	u32 events;

	if (!user_access_begin(uch, sizeof(*uch)))
		return 0;
	for (;;) {
		unsafe_get_user(word, (const u64 __user *)uch, fault);
		unsafe_get_user(events, &uch->events, fault);
		unsafe_get_user(data, &uch->data, fault);
		unsafe_get_user(fd, &uch->args[0], fault);
		unsafe_get_user(arg1, &uch->args[1], fault);
		unsafe_get_user(arg2, &uch->args[2], fault);
		unsafe_get_user(arg3, &uch->args[3], fault);
		user_access_end();
		set_first_word(&ch, word);
		if (ch.op != EVCHAN_MOD || ch.req.type != EVCHAN_POLL || arg1 | arg2 | arg3 ||
		    !evcore_modify_fast(q, own, fd, ch.req.flags, ~0, events, data))
			return done;
		if (!user_access_begin(uch, 2 * sizeof(*uch)))
			return done;
		unsafe_put_user(0, &uch->result, fault);
		uch++;
		if (++done == n)
			break;
	}
fault:
	user_access_end();
	return done;
}

/* A signal has ended the call: set the result of the @n entries that were not carried out. */
static int fail_remaining(void __user *at, unsigned int n, size_t size)
{
	struct evchan_change __user *uch;

	if (fatal_signal_pending(current))
		return -EINTR;
	for (; n; n--, at += size) {
		uch = at;
		if (put_user(-EINTR, &uch->result))
			return -EFAULT;
	}
	return 0;
}

/**
 * sys_evchan_ctl - change what a channel watches, or post events
 * @fd: the channel
 * @changes: the entries; results and ids are written into them
 * @n: number of entries
 * @size: the size of one entry as the caller knows it
 * @flags: EVCHAN_CTL_STOP
 *
 * A signal ends the call after EVCORE_MIN_ENTRIES entries or later; the result of the entries
 * that were not carried out is -EINTR. A signal that kills the process ends the call at once.
 *
 * Return: how many entries succeeded. If that is 0: 0, or -EFAULT if an entry could not be
 * read or answered, or -EINTR if the process is being killed. -EBADF, -EINVAL, -E2BIG.
 */
SYSCALL_DEFINE5(evchan_ctl, int, fd, struct evchan_change __user *, changes,
		unsigned int, n, size_t, size, unsigned int, flags)
{
	struct evcore_batch batch __uninitialized;
	/* read_change() sets the fields that differ from entry to entry. */
	struct change ch = { .op = EVCHAN_MOD, .req.batch = &batch };
	void __user *at = changes;
	unsigned int i, nr_fast, rest = 0;
	struct evchan_queue *c;
	int done = 0, ret = 0;
	struct fd f;

	if (flags & ~EVCHAN_CTL_STOP || n > EVCHAN_MAX_CHANGES ||
	    size < EVCHAN_CHANGE_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	f = fdget(fd);
	if (!fd_file(f))
		return -EBADF;
	c = fd_channel(f);
	if (!c) {
		fdput(f);
		return -EINVAL;
	}
	batch.nr = 0;
	evcore_lock_user(&c->queue);
	evcore_reap(&c->queue);
	for (i = 0; i < n; ) {
		int result;

		if (unlikely(evcore_interrupted()) && evcore_pause(&c->queue, i)) {
			/* With STOP only the first of them fails; the call ends there. */
			rest = flags & EVCHAN_CTL_STOP ? 1 : n - i;
			break;
		}
		/* Try the fast path only after a MOD: most calls have entries of one kind. */
		if (ch.op == EVCHAN_MOD && size == sizeof(struct evchan_change)) {
			nr_fast = modify_fast(&c->queue, at, min(n - i, EVCORE_MIN_ENTRIES));
			done += nr_fast;
			i += nr_fast;
			at += nr_fast * size;
			if (i == n || nr_fast == EVCORE_MIN_ENTRIES)
				continue;
		}
		do {
			result = read_change(&ch, at, size);
		} while (unlikely(result == -EFAULT) &&
			 evcore_fault_in(&c->queue, at, size, false));
		batch.left = n - i;
		if (result == -EFAULT) {
			ret = -EFAULT;
			break;
		}
		if (!result)
			result = do_change(&c->queue, &ch);
		else if (result > 0)
			result = prepared_change(&c->queue, &ch);
		do {
			ret = write_result(at, &ch, result);
		} while (unlikely(ret) && evcore_fault_in(&c->queue, at, size, true));
		if (ret)
			break;
		at += size;
		i++;
		if (result >= 0)
			done++;
		else if (flags & EVCHAN_CTL_STOP)
			break;
	}
	evcore_unlock_user(&c->queue);
	if (unlikely(rest))
		ret = fail_remaining(at, rest, size);
	evcore_batch_end(&batch);
	fdput(f);
	return done ?: ret;
}

static bool wait_flags_valid(unsigned int flags, bool may_wait)
{
	if (flags & ~(EVCHAN_WAIT_ABSTIME | EVCHAN_WAIT_REALTIME | EVCHAN_WAKE_OTHER))
		return false;
	/* A delay is the same on both clocks, so the flag is a mistake. */
	if (flags & EVCHAN_WAIT_REALTIME && !(flags & EVCHAN_WAIT_ABSTIME))
		return false;
	/* Waking another waiter does not wait, so a minimum or a timeout has no meaning. */
	return !(flags & EVCHAN_WAKE_OTHER) || (!may_wait && flags == EVCHAN_WAKE_OTHER);
}

static int do_wait(int fd, unsigned int min, unsigned int flags,
		   const struct __kernel_timespec __user *timeout)
{
	struct evcore_timeout to;
	struct evchan_queue *c;
	struct fd f;
	int ret;

	if (unlikely(flags) && !wait_flags_valid(flags, min || timeout))
		return -EINVAL;
	ret = evcore_get_timeout(&to, timeout, flags & EVCHAN_WAIT_ABSTIME,
				 flags & EVCHAN_WAIT_REALTIME ? CLOCK_REALTIME :
								CLOCK_MONOTONIC);
	if (ret)
		return ret;
	f = fdget(fd);
	if (!fd_file(f))
		return -EBADF;
	ret = -EINVAL;
	c = fd_channel(f);
	if (!c || min > c->mask + 1)
		goto out;
	if (flags & EVCHAN_WAKE_OTHER) {
		ret = evcore_wake_other(&c->queue, false);
	} else if (fd_file(f)->f_flags & O_NONBLOCK && min) {
		ret = evcore_wait(&c->queue, 0, &to);
		if (ret < (int)min)
			ret = ret ?: -EAGAIN;
	} else {
		ret = evcore_wait(&c->queue, min, &to);
	}
	if (ret > (int)(c->mask + 1))
		ret = c->mask + 1;
out:
	fdput(f);
	return ret;
}

/**
 * sys_evchan_wait - wait until events are in the ring
 * @fd: the channel
 * @min: wait for this many events; 0: recheck conditions, drain overflow and do not wait
 * @flags: EVCHAN_WAIT_ABSTIME, EVCHAN_WAIT_REALTIME, EVCHAN_WAKE_OTHER
 * @timeout: how long to wait; NULL: without limit
 * @sigmask: signal mask during the wait, as in ppoll(); may be NULL
 * @sigsetsize: size of *@sigmask
 *
 * Return: how many events there are, which is fewer than @min after a timeout; -EBADF,
 * -EINVAL, -EFAULT; -EINTR if a signal came and there is no event; -EAGAIN if the channel is
 * non-blocking and has no event.
 */
SYSCALL_DEFINE6(evchan_wait, int, fd, unsigned int, min, unsigned int, flags,
		const struct __kernel_timespec __user *, timeout,
		const sigset_t __user *, sigmask, size_t, sigsetsize)
{
	int ret;

	if (sigmask && flags & EVCHAN_WAKE_OTHER)
		return -EINVAL;
	ret = set_user_sigmask(sigmask, sigsetsize);
	if (ret)
		return ret;
	ret = do_wait(fd, min, flags, timeout);
	restore_saved_sigmask_unless(ret == -EINTR);
	return ret;
}

#ifdef CONFIG_COMPAT
COMPAT_SYSCALL_DEFINE6(evchan_wait, int, fd, unsigned int, min, unsigned int, flags,
		       const struct __kernel_timespec __user *, timeout,
		       const compat_sigset_t __user *, sigmask,
		       compat_size_t, sigsetsize)
{
	int ret;

	if (sigmask && flags & EVCHAN_WAKE_OTHER)
		return -EINVAL;
	ret = set_compat_user_sigmask(sigmask, sigsetsize);
	if (ret)
		return ret;
	ret = do_wait(fd, min, flags, timeout);
	restore_saved_sigmask_unless(ret == -EINTR);
	return ret;
}
#endif
