// SPDX-License-Identifier: GPL-2.0-only
/*
 * kevent_ctl(): requests from the program to the core, with the return
 * conventions of 2006. Errors of a single request are reported in the request.
 */
#include <linux/bitops.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <uapi/linux/futex.h>

#include "queue.h"

static_assert(KEVENT_SOCKET == EVCORE_SOCKET && KEVENT_TIMER == EVCORE_TIMER &&
	      KEVENT_POLL == EVCORE_POLL && KEVENT_PIPE == EVCORE_PIPE &&
	      KEVENT_UNOTIFY == EVCORE_USER && KEVENT_SIGNAL == EVCORE_SIGNAL &&
	      KEVENT_MQUEUE == EVCORE_MQUEUE && KEVENT_PROCESS == EVCORE_PROCESS);
static_assert(KEVENT_POSIX_TIMER == EVCORE_POSIX_TIMER);
static_assert(KEVENT_SOCKET_RECV == EVCORE_RECV && KEVENT_SOCKET_SEND == EVCORE_SEND &&
	      KEVENT_SOCKET_ACCEPT == EVCORE_ACCEPT);
static_assert(KEVENT_SIGNAL_DELIVERY == EVCORE_SIGNALED);
static_assert(KEVENT_SIGNAL_OVERRUN == EVCORE_SIGNAL_OVERRUN);
static_assert(KEVENT_SIGNAL_NOMASK == EVCORE_SIGNAL_NOMASK);
static_assert(KEVENT_POSIX_TIMER_FIRED == EVCORE_FIRED);
static_assert(KEVENT_MQUEUE_MESSAGE == EVCORE_MESSAGE);
static_assert(KEVENT_PROCESS_EXITED == EVCORE_EXITED);
static_assert(KEVENT_PROCESS_HIDDEN == EVCORE_EXIT_HIDDEN);
static_assert(KEVENT_INODE == EVCORE_INODE && KEVENT_INODE_UNMOUNT == IN_UNMOUNT &&
	      KEVENT_INODE_OVERRUN == IN_Q_OVERFLOW && KEVENT_INODE_GONE == IN_IGNORED);
static_assert(KEVENT_AIO == EVCORE_AIO && KEVENT_AIO_BIO == EVCORE_DONE);
static_assert(KEVENT_FUTEX == EVCORE_FUTEX && KEVENT_FUTEX_WOKEN == EVCORE_WOKEN &&
	      KEVENT_FUTEX_CHANGED == EVCORE_CHANGED);
static_assert(sizeof(struct ukevent) == 40);

static __always_inline u32 core_flags(const struct evcore_source_ops *ops, u32 req_flags)
{
	u32 flags = req_flags << KEVENT_FLAGS_SHIFT;

	if (req_flags & KEVENT_REQ_ONESHOT)
		flags |= EVCORE_ONESHOT | (req_flags & KEVENT_REQ_KEEP ? 0 : EVCORE_AUTOREMOVE);
	else if (!(req_flags & KEVENT_REQ_ET) && ops->modes & EVCORE_LEVEL)
		flags |= EVCORE_LEVEL;
	if (req_flags & KEVENT_REQ_WAKEUP_ALL)
		flags |= EVCORE_WAKE_ALL;
	if (req_flags & KEVENT_REQ_LAST_CHECK)
		flags |= EVCORE_LAST_CHECK;
	if (req_flags & KEVENT_REQ_EXCLUSIVE)
		flags |= EVCORE_EXCLUSIVE;
	return flags;
}

/* A timer's id is its period. */
static int timer_args(const struct ukevent *uk, struct evcore_request *req)
{
	u64 period = (u64)uk->id.raw[0] * NSEC_PER_SEC + uk->id.raw[1];

	if (uk->id.raw[1] >= NSEC_PER_SEC || !period)
		return -EINVAL;
	req->args[0] = CLOCK_MONOTONIC;
	req->args[1] = period;
	req->args[2] = uk->req_flags & KEVENT_REQ_ONESHOT ? 0 : period;
	return 0;
}

/* A futex's id is its address, the value is where the answer will be. */
static int futex_args(const struct ukevent *uk, struct evcore_request *req)
{
	req->args[0] = uk->id.raw_u64;
	req->args[1] = uk->ret_data[0];
	req->args[2] = FUTEX_BITSET_MATCH_ANY;
	req->args[3] = uk->ret_data[1];
	return 0;
}

/* Two of the events, as inotify knows them. */
static void inode_args(const struct ukevent *uk, struct evcore_request *req)
{
	req->events = 0;
	if (uk->event & KEVENT_INODE_CREATE)
		req->events |= KEVENT_CORE_CREATE;
	if (uk->event & KEVENT_INODE_REMOVE)
		req->events |= KEVENT_CORE_REMOVE;
}

/* Events that a type reports and nobody has to ask for; naming them is no mistake. */
static u32 unasked_events(const struct evcore_source_ops *ops)
{
	switch (ops->type) {
	case EVCORE_INODE:
		return KEVENT_INODE_UNMOUNT | KEVENT_INODE_OVERRUN | KEVENT_INODE_GONE;
	case EVCORE_SIGNAL:
		return KEVENT_SIGNAL_OVERRUN;
	case EVCORE_PROCESS:
		return KEVENT_PROCESS_HIDDEN;
	default:
		return 0;
	}
}

static noinline bool good_events(const struct evcore_source_ops *ops, u32 event)
{
	u32 asked = ops->type == EVCORE_INODE ? KEVENT_INODE_CREATE | KEVENT_INODE_REMOVE :
						ops->all_events;

	return event == KEVENT_MASK_ALL || !(event & ~(asked | unasked_events(ops)));
}

/*
 * What has no meaning in a request for any command is refused, so that it can get one.
 * Left alone is what programs of 2006 did not set: ret_flags and ret_data, but where they
 * are a futex's; and with commands that look for a request, what else was in it.
 */
static __always_inline int check_request(const struct ukevent *uk,
					 const struct evcore_source_ops *ops)
{
	if (!ops)
		return -ENOSYS;
	if (uk->req_flags & ~KEVENT_REQ_ALL)
		return -EINVAL;
	/* An inode's are not the core's. */
	if (unlikely(uk->event & ~ops->all_events || ops->type == EVCORE_INODE) &&
	    !good_events(ops, uk->event))
		return -EINVAL;
	/* A descriptor is all that names a file; an inode's request has a name besides. */
	if (unlikely(uk->id.raw[1]) && ops->by_fd)
		return -EINVAL;
	return 0;
}

/* Flags that say how another one is meant, or what is done to a condition. */
static noinline bool good_flags(const struct evcore_source_ops *ops, u32 flags)
{
	if (flags & KEVENT_REQ_KEEP && !(flags & KEVENT_REQ_ONESHOT))
		return false;
	return !(flags & KEVENT_REQ_LAST_CHECK) || ops->check;
}

/*
 * For a request that check_request() has let pass. Return: 0; 1 where evcore_prepare() is
 * for it; -EINVAL.
 */
static __always_inline int get_request(const struct ukevent *uk,
				       const struct evcore_source_ops *ops,
				       struct evcore_request *req)
{
	if (unlikely(uk->req_flags & (KEVENT_REQ_KEEP | KEVENT_REQ_LAST_CHECK)) &&
	    !good_flags(ops, uk->req_flags))
		return -EINVAL;
	*req = (struct evcore_request) {
		.type = uk->type,
		/* READY is the kernel's to say, not a wish. */
		.flags = core_flags(ops, uk->req_flags & ~KEVENT_REQ_READY),
		.events = uk->event & ops->all_events,
		.fd = uk->id.raw[0],
		.id = uk->id.raw_u64,
		.hand_back = !(uk->req_flags & KEVENT_REQ_ALWAYS_QUEUE),
	};
	memcpy(&req->data, uk->user, sizeof(uk->user));
	if (uk->type == KEVENT_UNOTIFY && !uk->event)
		req->events = 1;
	switch (uk->type) {
	case KEVENT_TIMER:
		return timer_args(uk, req);
	case KEVENT_FUTEX:
		return futex_args(uk, req) ?: 1;
	case KEVENT_INODE:
		inode_args(uk, req);
		return 1;
	default:
		return 0;
	}
}

/* An event without anything having happened. */
static int make_ready(struct evcore_source *s)
{
	struct evcore_record r = { .events = s->events, .marked = true };

	if (s->type == KEVENT_TIMER)
		r.extra[0] = ktime_get_ns() + evcore_time_offset(CLOCK_MONOTONIC);
	else if (s->type == KEVENT_UNOTIFY)
		r.extra[0] = 1;
	return evcore_repost(s, &r);
}

/* The same for a request just added, where it has no event yet; removed on error. */
static int added_ready(struct evcore_source *s)
{
	struct evcore_queue *q = s->queue;
	bool has_event;
	int ret;

	raw_spin_lock_irq(&q->lock);
	has_event = s->last_record || s->where == EVCORE_ON_OVERFLOW;
	raw_spin_unlock_irq(&q->lock);
	if (has_event)
		return 0;
	ret = make_ready(s);
	if (ret)
		evcore_del(s);
	return ret;
}

static __always_inline int add_request(struct evcore_queue *q,
				       const struct evcore_source_ops *ops,
		       const struct ukevent *uk, struct evcore_request *req)
{
	struct evcore_source *s;
	int ret = evcore_add_of(q, ops, req, &s);

	if (!ret && uk->req_flags & KEVENT_REQ_READY && !req->ready)
		ret = added_ready(s);
	return ret;
}

/* The same for a type that prepares outside the mutex, which is released meanwhile. */
static noinline int add_prepared(struct evcore_queue *q, const struct evcore_source_ops *ops,
				 const struct ukevent *uk, struct evcore_request *req)
{
	int ret;

	evcore_unlock_user(q);
	ret = evcore_prepare(q, req);
	evcore_lock_user(q);
	if (ret)
		return ret;
	ret = add_request(q, ops, uk, req);
	evcore_unlock_user(q);
	evcore_finish(req);
	evcore_lock_user(q);
	return ret;
}

/* True if the request finished at once: failed, or ready already. */
static __always_inline bool do_add(struct kevent_queue *k, struct ukevent *uk,
				   struct evcore_batch *batch)
{
	const struct evcore_source_ops *ops = evcore_ops(uk->type);
	struct evcore_request req;
	int ret = check_request(uk, ops) ?: get_request(uk, ops, &req);

	uk->ret_flags = 0;
	uk->ret_data[0] = 0;
	uk->ret_data[1] = 0;
	req.batch = batch;
	if (!ret)
		ret = add_request(&k->queue, ops, uk, &req);
	else if (ret > 0)
		ret = add_prepared(&k->queue, ops, uk, &req);
	if (ret) {
		uk->ret_flags = KEVENT_RET_BROKEN | KEVENT_RET_DONE;
		uk->ret_data[1] = ret;
		return true;
	}
	if (!req.ready)
		return false;
	uk->ret_flags = KEVENT_RET_DONE;
	uk->event = req.ready;
	uk->ret_data[0] = uk->type == KEVENT_POLL ? req.ready : lower_32_bits(req.value);
	uk->ret_data[1] = upper_32_bits(req.value);
	return true;
}

/* Operations on a request that was found; @file is its file where it has one. */
typedef int (*request_op)(struct evcore_source *s, const struct ukevent *uk,
			  struct file *file);

static int do_remove(struct evcore_source *s, const struct ukevent *uk, struct file *file)
{
	return evcore_del(s);
}

static int do_modify(struct evcore_source *s, const struct ukevent *uk, struct file *file)
{
	struct evcore_request req;
	int ret = get_request(uk, evcore_ops_of(s), &req);

	return ret ?: evcore_modify(s, &req, file);
}

static int do_ready(struct evcore_source *s, const struct ukevent *uk, struct file *file)
{
	return make_ready(s);
}

/* Word by word: that is faster than a copy of so few. */
static __always_inline int read_ukevent(struct ukevent *uk, const struct ukevent __user *from)
{
	if (!user_read_access_begin(from, sizeof(*from)))
		return -EFAULT;
	unsafe_get_user(uk->id.raw_u64, &from->id.raw_u64, fault);
	unsafe_get_user(uk->type, &from->type, fault);
	unsafe_get_user(uk->event, &from->event, fault);
	unsafe_get_user(uk->req_flags, &from->req_flags, fault);
	unsafe_get_user(uk->ret_flags, &from->ret_flags, fault);
	unsafe_get_user(uk->ret_data[0], &from->ret_data[0], fault);
	unsafe_get_user(uk->ret_data[1], &from->ret_data[1], fault);
	unsafe_get_user(uk->user[0], &from->user[0], fault);
	unsafe_get_user(uk->user[1], &from->user[1], fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* read_ukevent(), with a wait for the page, without the mutex, where it is not there. */
static __always_inline int read_request(struct kevent_queue *k, struct ukevent *uk,
					struct ukevent __user *from)
{
	int ret;

	do {
		ret = read_ukevent(uk, from);
	} while (unlikely(ret) && evcore_fault_in(&k->queue, from, sizeof(*from), false));
	return ret;
}

static bool write_request(struct kevent_queue *k, struct ukevent __user *to,
			  const struct ukevent *uk)
{
	unsigned long left;

	do {
		left = copy_to_user(to, uk, sizeof(*uk));
	} while (unlikely(left) && evcore_fault_in(&k->queue, to, sizeof(*to), true));
	return !left;
}

/*
 * Where a call with many requests is: how many were carried out, and whether a signal has
 * ended it there.
 */
struct progress {
	unsigned int	num;
	unsigned int	done;
	bool		ended;
};

/*
 * Between two requests, @done of them carried out: may the next one be? evcore_interrupted()
 * has asked for it; queue->mutex held.
 */
static noinline bool go_on(struct kevent_queue *k, struct progress *p, unsigned int done)
{
	if (done)
		p->ended = evcore_pause(&k->queue, done);
	return !p->ended;
}

static int ctl_add(struct kevent_queue *k, struct progress *p, struct ukevent __user *arg)
{
	struct evcore_batch batch __uninitialized;
	unsigned int i, n = p->num, finished = 0;
	struct ukevent uk;
	bool fault = false;

	batch.nr = 0;
	for (i = 0; i < n; i++) {
		if (unlikely(evcore_interrupted()) && !go_on(k, p, i))
			break;
		batch.left = n - i;
		fault = read_request(k, &uk, &arg[i]);
		if (unlikely(fault))
			break;
		if (!do_add(k, &uk, &batch))
			continue;
		fault = !write_request(k, &arg[finished], &uk);
		if (fault)
			break;
		finished++;
	}
	p->done = i;
	evcore_batch_end(&batch);
	return fault ? -EFAULT : finished;
}

static int find_and(struct kevent_queue *k, const struct ukevent *uk, request_op op)
{
	struct evcore_request req = {
		.type = uk->type, .fd = uk->id.raw[0], .id = uk->id.raw_u64,
	};
	struct evcore_source *s;
	struct fd f;
	int ret = check_request(uk, evcore_ops(uk->type));

	if (ret)
		return ret;
	s = evcore_find(&k->queue, &req, &f);
	ret = IS_ERR(s) ? PTR_ERR(s) : op(s, uk, fd_file(f));
	fdput(f);
	return ret;
}

static __always_inline int write_result(struct ukevent __user *uk, int ret)
{
	if (!user_write_access_begin(uk, sizeof(*uk)))
		return -EFAULT;
	unsafe_put_user(KEVENT_RET_DONE | (ret < 0 ? KEVENT_RET_BROKEN : 0), &uk->ret_flags,
			fault);
	unsafe_put_user(max(ret, 0), &uk->ret_data[0], fault);
	unsafe_put_user(min(ret, 0), &uk->ret_data[1], fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static __always_inline int answer(struct kevent_queue *k, struct ukevent __user *uk, int result)
{
	int ret;

	do {
		ret = write_result(uk, result);
	} while (unlikely(ret) && evcore_fault_in(&k->queue, uk, sizeof(*uk), true));
	return ret;
}

/* Every entry gets its answer; returns how many there was no error for. */
static int ctl_each(struct kevent_queue *k, struct progress *p, struct ukevent __user *arg,
		    request_op op)
{
	unsigned int good = 0;
	struct ukevent uk;
	int ret;

	for (; p->done < p->num; p->done++) {
		if (unlikely(evcore_interrupted()) && !go_on(k, p, p->done))
			break;
		if (read_request(k, &uk, &arg[p->done]))
			return -EFAULT;
		ret = find_and(k, &uk, op);
		if (answer(k, &arg[p->done], ret))
			return -EFAULT;
		good += ret >= 0;
	}
	return good;
}

/* raw[0] of an id, and above it raw[1]. */
static __always_inline u64 fd_of(u64 id)
{
	return IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? ror64(id, 32) : id;
}

/*
 * Of @n requests those that are modified in no more than the events and the cookie of a
 * descriptor: read, done and answered, until one is another case or cannot be accessed,
 * which is read anew by the caller. Each is answered in one access to user memory with
 * reading the next. Return: how many.
 */
static noinline unsigned int modify_fast(struct evcore_queue *q, struct ukevent __user *arg,
					 unsigned int n)
{
	struct files_struct *own = evcore_own_files();
	struct { u32 type, event; } what;
	unsigned int done = 0;
	u64 id, word, data;
	u32 flags;

	if (!user_access_begin(arg, sizeof(*arg)))
		return 0;
	for (;;) {
		unsafe_get_user(id, &arg->id.raw_u64, fault);
		unsafe_get_user(word, (const u64 __user *)&arg->type, fault);
		unsafe_get_user(flags, &arg->req_flags, fault);
		unsafe_get_user(data, (const u64 __user *)&arg->user, fault);
		user_access_end();
		memcpy(&what, &word, sizeof(what));
		/* With anything in raw[1] the id is no descriptor's number. */
		if (what.type != KEVENT_POLL || flags & ~KEVENT_REQ_ALL ||
		    !evcore_modify_fast(q, own, fd_of(id), flags << KEVENT_FLAGS_SHIFT,
					EVCORE_FACE_FLAGS, what.event, data))
			return done;
		if (!user_access_begin(arg, 2 * sizeof(*arg)))
			return done;
		unsafe_put_user(KEVENT_RET_DONE, &arg->ret_flags, fault);
		unsafe_put_user(0, &arg->ret_data[0], fault);
		unsafe_put_user(0, &arg->ret_data[1], fault);
		arg++;
		if (++done == n)
			break;
	}
fault:
	user_access_end();
	return done;
}

/* A modify for a type that prepares outside the mutex, which is released meanwhile. */
static noinline int modify_prepared(struct evcore_queue *q, const struct ukevent *uk)
{
	struct evcore_request req;
	struct evcore_source *s;
	struct fd f;
	const struct evcore_source_ops *ops = evcore_ops(uk->type);
	int ret = check_request(uk, ops) ?: get_request(uk, ops, &req);

	if (ret < 0)
		return ret;
	evcore_unlock_user(q);
	ret = evcore_prepare(q, &req);
	evcore_lock_user(q);
	if (ret)
		return ret;
	s = evcore_find(q, &req, &f);
	ret = IS_ERR(s) ? PTR_ERR(s) : evcore_modify(s, &req, fd_file(f));
	fdput(f);
	evcore_unlock_user(q);
	evcore_finish(&req);
	evcore_lock_user(q);
	return ret;
}

/* As ctl_each() with do_modify(), for which there is a short way; returns 0. */
static int ctl_modify(struct kevent_queue *k, struct progress *p, struct ukevent __user *arg)
{
	struct ukevent uk;
	unsigned int bits;
	int ret;

	while (p->done < p->num) {
		if (unlikely(evcore_interrupted()) && !go_on(k, p, p->done))
			break;
		bits = modify_fast(&k->queue, &arg[p->done],
				   min(p->num - p->done, EVCORE_MIN_ENTRIES));
		p->done += bits;
		if (p->done == p->num || bits == EVCORE_MIN_ENTRIES)
			continue;
		if (read_request(k, &uk, &arg[p->done]))
			return -EFAULT;
		ret = evcore_prepares(uk.type) ? modify_prepared(&k->queue, &uk) :
						 find_and(k, &uk, do_modify);
		if (answer(k, &arg[p->done], ret))
			return -EFAULT;
		p->done++;
	}
	return 0;
}

static int do_ctl(struct kevent_queue *k, unsigned int cmd, struct progress *p,
		  struct ukevent __user *arg)
{
	int ret;

	switch (cmd) {
	case KEVENT_CTL_ADD:
		return ctl_add(k, p, arg);
	case KEVENT_CTL_REMOVE:
		ret = ctl_each(k, p, arg, do_remove);
		return min(ret, 0);
	case KEVENT_CTL_MODIFY:
		return ctl_modify(k, p, arg);
	case KEVENT_CTL_READY:
		return ctl_each(k, p, arg, do_ready);
	default:
		return -EINVAL;
	}
}

/*
 * A signal has ended the call. The requests that are left were not carried out, and say
 * so: of an addition they are handed back behind the @ret others, as broken ones are.
 */
static int refuse_rest(unsigned int cmd, const struct progress *p, struct ukevent __user *arg,
		       int ret)
{
	struct ukevent uk;
	unsigned int i;

	if (fatal_signal_pending(current))
		return -EINTR;
	for (i = p->done; i < p->num; i++) {
		if (cmd != KEVENT_CTL_ADD) {
			if (write_result(&arg[i], -EINTR))
				return -EFAULT;
			continue;
		}
		if (read_ukevent(&uk, &arg[i]))
			return -EFAULT;
		uk.ret_flags = KEVENT_RET_BROKEN | KEVENT_RET_DONE;
		uk.ret_data[0] = 0;
		uk.ret_data[1] = -EINTR;
		if (copy_to_user(&arg[ret++], &uk, sizeof(uk)))
			return -EFAULT;
	}
	return ret;
}

/**
 * sys_kevent_ctl - add, remove, modify requests, or make them ready
 * @fd: the queue
 * @cmd: KEVENT_CTL_*
 * @num: entries of @arg; READY with 0 wakes one waiter
 * @arg: the requests; results are written back
 *
 * A signal ends the call after EVCORE_MIN_ENTRIES requests or later; those that were not carried
 * out are broken, with -EINTR.
 *
 * Return: ADD: how many finished at once, copied to the front of @arg; READY:
 * how many were made ready; otherwise 0. -EBADF, -EINVAL, -EFAULT.
 */
SYSCALL_DEFINE4(kevent_ctl, int, fd, unsigned int, cmd, unsigned int, num,
		struct ukevent __user *, arg)
{
	struct progress p = { .num = num };
	struct fd f = fdget(fd);
	struct kevent_queue *k;
	int ret = -EINVAL;

	if (!fd_file(f))
		return -EBADF;
	k = kevent_fd_queue(f);
	if (!k || num > KEVENT_MAX_CHANGES || (!num && cmd != KEVENT_CTL_READY))
		goto out;
	if (!num) {
		evcore_wake_other(&k->queue, true);
		ret = 0;
		goto out;
	}
	evcore_lock_user(&k->queue);
	evcore_reap(&k->queue);
	ret = do_ctl(k, cmd, &p, arg);
	evcore_unlock_user(&k->queue);
	if (unlikely(p.ended))
		ret = refuse_rest(cmd, &p, arg, ret);
out:
	fdput(f);
	return ret;
}
