// SPDX-License-Identifier: GPL-2.0-only
/*
 * kevent_ctl(): translate the requests of a program for the core, and return results as the
 * interface of 2006 did. The error of a single request is written into the request.
 */
#include <linux/bitops.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#include "queue.h"
#include "types.h"

static_assert(sizeof(struct ukevent) == 40);

/*
 * Translate KEVENT_REQ_* to EVCORE_*. The upper half keeps req_flags, which each event returns.
 * Without ONESHOT and ET a source is level-triggered, if its type can be. ONESHOT also removes
 * the source, unless KEEP is set.
 */
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

static noinline bool events_valid(const struct evcore_source_ops *ops, u32 event)
{
	const struct kevent_type *t = kevent_type_of(ops);

	return event == KEVENT_MASK_ALL ||
	       !(event & ~((t->events ?: ops->all_events) | t->unasked_events));
}

/*
 * Refuse what has no meaning in a request of any command, so that it can get a meaning later.
 * ret_flags and ret_data are not checked, because programs of 2006 did not set them; only the
 * futex type takes arguments from ret_data, and checks those itself. Commands that look a
 * request up do not check the fields that only an addition or a modify uses.
 */
static __always_inline int check_request(const struct ukevent *uk,
					 const struct evcore_source_ops *ops)
{
	if (!ops)
		return -ENOSYS;
	if (uk->req_flags & ~KEVENT_REQ_ALL)
		return -EINVAL;
	if (unlikely(uk->event & ~ops->all_events || kevent_type_of(ops)->events) &&
	    !events_valid(ops, uk->event))
		return -EINVAL;
	/* raw[0] alone names a descriptor. Inodes, which use raw[1], are not by_fd. */
	if (unlikely(uk->id.raw[1]) && ops->by_fd)
		return -EINVAL;
	return 0;
}

/* KEEP changes what ONESHOT means, and LAST_CHECK needs a condition that can be polled. */
static noinline bool flags_valid(const struct evcore_source_ops *ops, u32 flags)
{
	if (flags & KEVENT_REQ_KEEP && !(flags & KEVENT_REQ_ONESHOT))
		return false;
	return !(flags & KEVENT_REQ_LAST_CHECK) || ops->check;
}

/*
 * Translate a request that check_request() has accepted. Return: 0; 1 if evcore_prepare() must
 * be called for it; -EINVAL.
 */
static __always_inline int get_request(const struct ukevent *uk,
				       const struct evcore_source_ops *ops,
				       struct evcore_request *req)
{
	const struct kevent_type *t = kevent_type_of(ops);
	int ret;

	if (unlikely(uk->req_flags & (KEVENT_REQ_KEEP | KEVENT_REQ_LAST_CHECK)) &&
	    !flags_valid(ops, uk->req_flags))
		return -EINVAL;
	*req = (struct evcore_request) {
		.type = uk->type,
		/*
		 * READY is left out: each event returns these flags, and in an event READY
		 * means that the program made it ready.
		 */
		.flags = core_flags(ops, uk->req_flags & ~KEVENT_REQ_READY),
		.events = uk->event & ops->all_events,
		.fd = uk->id.raw[0],
		.id = uk->id.raw_u64,
		.hand_back = !(uk->req_flags & KEVENT_REQ_ALWAYS_QUEUE),
	};
	memcpy(&req->data, uk->user, sizeof(uk->user));
	if (unlikely(!req->events))
		req->events = t->default_events;
	if (unlikely(t->translate)) {
		ret = t->translate(uk, req);
		if (ret)
			return ret;
	}
	return unlikely(ops->prepare);
}

/* Post an event although nothing has happened. */
static int make_ready(struct evcore_source *s)
{
	const struct kevent_type *t = kevent_type_of(evcore_ops_of(s));
	struct evcore_record r = { .events = s->events, .made_ready = true };

	if (t->make_ready)
		t->make_ready(&r);
	return evcore_repost(s, &r);
}

/* make_ready() for a new request, if it has no event yet. On error the request is removed. */
static int make_ready_at_add(struct evcore_source *s)
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
		ret = make_ready_at_add(s);
	return ret;
}

/* add_request() for a type with ->prepare(); queue->mutex is released and taken again. */
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

/* Return: true if the request is finished already, because it failed or its condition holds. */
static __always_inline bool do_add(struct kevent_queue *k, struct ukevent *uk,
				   struct evcore_batch *batch)
{
	const struct evcore_source_ops *ops = evcore_ops(uk->type);
	struct evcore_request req __uninitialized;	/* get_request() sets all of it */
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
	kevent_set_ret_data(uk, kevent_type_of(ops), req.ready, req.value);
	return true;
}

/* An operation on a request that was found; @file is the file that it watches, or NULL. */
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

/* Word by word, which is faster than copy_from_user() for so few words. */
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

/* read_ukevent(); waits for a page that is not present with queue->mutex released. */
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
 * The progress of a call: how many requests it has, how many were carried out, and whether a
 * signal has ended it there.
 */
struct progress {
	unsigned int	num;
	unsigned int	done;
	bool		ended;
};

/*
 * After @done requests, if evcore_interrupted() is true: let other tasks run. Return: false if
 * a signal ends the call. Called with queue->mutex held, which may be released meanwhile.
 */
static noinline bool may_continue(struct kevent_queue *k, struct progress *p, unsigned int done)
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
		if (unlikely(evcore_interrupted()) && !may_continue(k, p, i))
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

static int apply_to_request(struct kevent_queue *k, const struct ukevent *uk, request_op op)
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

/* write_result(); waits for a page that is not present with queue->mutex released. */
static __always_inline int write_result_retry(struct kevent_queue *k, struct ukevent __user *uk,
					      int result)
{
	int ret;

	do {
		ret = write_result(uk, result);
	} while (unlikely(ret) && evcore_fault_in(&k->queue, uk, sizeof(*uk), true));
	return ret;
}

/* Apply @op to each request and write its result. Return: how many succeeded, or -EFAULT. */
static int ctl_each(struct kevent_queue *k, struct progress *p, struct ukevent __user *arg,
		    request_op op)
{
	unsigned int succeeded = 0;
	struct ukevent uk;
	int ret;

	for (; p->done < p->num; p->done++) {
		if (unlikely(evcore_interrupted()) && !may_continue(k, p, p->done))
			break;
		if (read_request(k, &uk, &arg[p->done]))
			return -EFAULT;
		ret = apply_to_request(k, &uk, op);
		if (write_result_retry(k, &arg[p->done], ret))
			return -EFAULT;
		succeeded += ret >= 0;
	}
	return succeeded;
}

/* An id as a number: raw[0] is the low half, raw[1] the high half. */
static __always_inline u64 id_number(u64 id)
{
	return IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? ror64(id, 32) : id;
}

/*
 * The fast path of a modify, for requests that change only the events and the cookie of a
 * descriptor. Ends after @n requests, or at one that is another case or cannot be accessed;
 * the caller reads that one again. The result of a request is written in the same access to
 * user memory in which the next one is read. Return: how many requests were modified.
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
		/* If raw[1] is not 0, the number is too large for a descriptor: none is found. */
		if (what.type != KEVENT_POLL || flags & ~KEVENT_REQ_ALL ||
		    !evcore_modify_fast(q, own, id_number(id), flags << KEVENT_FLAGS_SHIFT,
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

/* A modify for a type with ->prepare(); queue->mutex is released and taken again. */
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

/* As ctl_each() with do_modify(), but with a fast path. Return: 0, or -EFAULT. */
static int ctl_modify(struct kevent_queue *k, struct progress *p, struct ukevent __user *arg)
{
	struct ukevent uk;
	unsigned int nr_fast;
	int ret;

	while (p->done < p->num) {
		if (unlikely(evcore_interrupted()) && !may_continue(k, p, p->done))
			break;
		nr_fast = modify_fast(&k->queue, &arg[p->done],
				      min(p->num - p->done, EVCORE_MIN_ENTRIES));
		p->done += nr_fast;
		if (p->done == p->num || nr_fast == EVCORE_MIN_ENTRIES)
			continue;
		if (read_request(k, &uk, &arg[p->done]))
			return -EFAULT;
		ret = evcore_prepares(uk.type) ? modify_prepared(&k->queue, &uk) :
						 apply_to_request(k, &uk, do_modify);
		if (write_result_retry(k, &arg[p->done], ret))
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
 * A signal has ended the call: write -EINTR as the result of each remaining request. ADD copies
 * them, as it does with requests that failed, behind the @ret requests that it has copied to
 * the front of @arg already. A task that is being killed will not read them.
 */
static int fail_remaining(unsigned int cmd, const struct progress *p, struct ukevent __user *arg,
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
 * @num: number of entries of @arg; READY with 0 wakes one waiter
 * @arg: the requests; results are written into them
 *
 * A signal ends the call after EVCORE_MIN_ENTRIES requests or later. The remaining requests
 * are not carried out, and get KEVENT_RET_BROKEN with -EINTR. A signal that kills the process
 * ends the call at once.
 *
 * Return: ADD: how many requests finished at once or failed, which are copied to the front of
 * @arg; READY: how many were made ready; otherwise 0. -EBADF, -EINVAL, -EFAULT; -EINTR if the
 * process is being killed.
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
		ret = fail_remaining(cmd, &p, arg, ret);
out:
	fdput(f);
	return ret;
}
