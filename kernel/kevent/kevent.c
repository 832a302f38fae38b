// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kevent system calls that create a queue and fetch events from it: kevent_init(),
 * kevent_get_events(), kevent_wait(), kevent_commit(). kevent_ctl() is in ctl.c.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <trace/events/evcore.h>

#include "queue.h"

static_assert(KEVENT_INIT_NONBLOCK == O_NONBLOCK && KEVENT_INIT_CLOEXEC == O_CLOEXEC);

struct kevent_queue *kevent_fd_queue(struct fd f)
{
	struct evcore_queue *q = evcore_file_queue(fd_file(f));

	return q && q->face == &kevent_face ? to_kevent(q) : NULL;
}

/**
 * sys_kevent_init - create a kevent queue
 * @ring: the caller's memory for the ring, or NULL
 * @num: number of entries of the ring; with @ring NULL, 0 means no ring, and another number
 *       a ring that the program maps (the interface of 2006 did not have that)
 * @flags: KEVENT_INIT_NONBLOCK, KEVENT_INIT_CLOEXEC
 *
 * Return: the descriptor of the queue; -EPERM if the sysctl evcore_disabled forbids it;
 * -EINVAL, -EFAULT, -ENOMEM, -EMFILE, -ENFILE.
 */
SYSCALL_DEFINE3(kevent_init, struct kevent_ring __user *, ring, unsigned int, num,
		unsigned int, flags)
{
	struct kevent_queue *k;
	struct file *file;
	int ret = evcore_may_create();

	if (ret)
		return ret;
	if (flags & ~(KEVENT_INIT_NONBLOCK | KEVENT_INIT_CLOEXEC) ||
	    num == 1 || num > KEVENT_MAX_RING || (ring && !num))
		return -EINVAL;
	k = kzalloc(sizeof(*k), GFP_KERNEL_ACCOUNT);
	if (!k)
		return -ENOMEM;
	ret = evcore_queue_init(&k->queue, &kevent_face);
	if (ret) {
		kfree(k);
		return ret;
	}
	ret = evcore_busy_init(&k->queue, 0);
	if (!ret && ring)
		ret = kevent_ring_pin(k, ring, num);
	else if (!ret && num)
		ret = kevent_ring_alloc(k, num);
	if (ret)
		goto out_put;
	file = evcore_queue_file(&k->queue, flags);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto out_put;
	}
	ret = get_unused_fd_flags(flags & O_CLOEXEC);
	if (ret < 0)
		fput(file);
	else
		fd_install(ret, file);
	return ret;

out_put:
	evcore_queue_put_sleepable(&k->queue);
	return ret;
}

/* Most events that are fetched together. */
#define FETCH_BATCH	16U

struct emit_buf {
	struct ukevent __user	*at;
};

/* Called by evcore_take(). Return: 0; 1 to drop an event that does not hold now; -EFAULT. */
static int emit(struct evcore_source *s, const struct evcore_record *r, void *arg)
{
	const struct evcore_source_ops *ops = evcore_ops_of(s);
	struct evcore_record now = *r;
	struct emit_buf *buf = arg;
	struct ukevent uk;

	if (s->flags & EVCORE_LAST_CHECK && !r->made_ready && ops->check) {
		now.events = s->attached ? ops->check(s) : 0;
		now.events |= r->events & EVCORE_CLOSED;
		if (!now.events)
			return 1;
	}
	kevent_encode(s, &now, &uk);
	if (copy_to_user(buf->at, &uk, sizeof(uk)))
		return -EFAULT;
	buf->at++;
	return 0;
}

/*
 * Copy @nr events of KEVENT_POLL requests to the program. Return: how many were copied.
 * They are copied by fields, so that the compiler keeps an entry in registers.
 */
static __always_inline unsigned int emit_bits(struct evcore_taken *taken, unsigned int nr,
					      struct ukevent __user *to)
{
	struct evcore_source *s;
	struct ukevent uk;
	unsigned int i;

	if (!user_write_access_begin(to, nr * sizeof(*to)))
		return 0;
	for (i = 0; i < nr; i++, to++) {
		s = taken[i].source;
		kevent_fill_poll_entry(&uk, s, taken[i].events);
		unsafe_put_user(uk.id.raw_u64, &to->id.raw_u64, fault);
		unsafe_put_user(uk.type, &to->type, fault);
		unsafe_put_user(uk.event, &to->event, fault);
		unsafe_put_user(uk.req_flags, &to->req_flags, fault);
		unsafe_put_user(uk.ret_flags, &to->ret_flags, fault);
		unsafe_put_user(uk.ret_data[0], &to->ret_data[0], fault);
		unsafe_put_user(uk.ret_data[1], &to->ret_data[1], fault);
		unsafe_put_user(uk.ptr, &to->ptr, fault);
		evcore_set_taken(s);
	}
fault:
	user_write_access_end();
	return i;
}

/*
 * Fetch up to @max events of the most common kind together. Return: how many; 0 if the next event
 * is of another kind, or its entry cannot be written.
 */
static __always_inline unsigned int fetch_bits(struct evcore_queue *q,
					       struct ukevent __user *to, unsigned int max)
{
	struct evcore_taken taken[FETCH_BATCH] __uninitialized;
	unsigned int nr, done;

	if (trace_evcore_drain_enabled())
		return 0;
	nr = evcore_take_bits(q, taken, min(max, FETCH_BATCH));
	if (!nr)
		return 0;
	done = emit_bits(taken, nr, to);
	if (unlikely(done < nr) || evcore_take_must_end(q))
		evcore_take_end(q, taken, nr, done);
	return done;
}

/*
 * Fetch events of a queue without a ring, which all wait in overflow. Conditions that are to be
 * polled again come first, as in evcore_wait().
 */
static int fetch_queued(struct kevent_queue *k, struct ukevent __user *buf, unsigned int max)
{
	struct emit_buf out = { .at = buf };
	unsigned int n = 0, nr;
	int ret = 0;

	evcore_lock_user(&k->queue);
	if (READ_ONCE(k->queue.todo) & EVCORE_TODO_RECHECK)
		evcore_recheck(&k->queue);
	while (n < max && READ_ONCE(k->queue.nr_overflow)) {
		if (n && unlikely(evcore_interrupted()) && evcore_pause(&k->queue, n))
			break;
		nr = fetch_bits(&k->queue, out.at, max - n);
		out.at += nr;
		n += nr;
		if (nr)
			continue;
		ret = evcore_take(&k->queue, emit, &out);
		n += ret > 0;
		/* The page is present now. Another event may be first: the mutex was released. */
		if (ret == -EFAULT && evcore_fault_in(&k->queue, out.at, sizeof(*out.at), true))
			ret = 0;
		else if (ret <= 0)
			break;
	}
	evcore_unlock_user(&k->queue);
	/* The event that could not be copied is still queued; another waiter may take it. */
	if (ret < 0)
		evcore_wake_slow(&k->queue);
	return n ?: ret;
}

/* Fetch events from a ring; this takes no mutex, see kevent_ring_take(). */
static int fetch_ring(struct kevent_queue *k, struct ukevent __user *buf, unsigned int max)
{
	int ret = kevent_ring_take(k, buf, max);
	int n = ret;

	while (ret > 0) {
		evcore_drain_all(&k->queue);
		if (n == max)
			return n;
		ret = kevent_ring_take(k, buf + n, max - n);
		if (ret > 0)
			n += ret;
	}
	if (ret < 0)
		evcore_wake_slow(&k->queue);	/* as above */
	return n;
}

/* Fetch up to @max events without waiting. Return: their number, or an errno if there is none. */
static int fetch(struct kevent_queue *k, struct ukevent __user *buf, unsigned int max)
{
	return k->ring ? fetch_ring(k, buf, max) : fetch_queued(k, buf, max);
}

/*
 * Are there @nr events in a queue without a ring, and no work that evcore_wait() would do first,
 * except what fetch_queued() does as well? Then evcore_wait() is not called.
 */
static bool need_not_wait(struct kevent_queue *k, unsigned int nr)
{
	struct evcore_queue *q = &k->queue;

	return !k->ring && READ_ONCE(q->nr_overflow) >= nr &&
	       !(READ_ONCE(q->todo) & ~EVCORE_TODO_RECHECK);
}

/* Wait for events, until @min are fetched; @n are fetched already. */
static __always_inline int wait_and_fetch(struct kevent_queue *k, unsigned int n,
					  unsigned int min, unsigned int max,
					  unsigned int timeout_ms, struct ukevent __user *buf)
{
	struct evcore_timeout to = { .expires = KTIME_MAX, .clock = CLOCK_MONOTONIC };
	unsigned int wanted = min - n;
	int nr_ready, ret;

	if (timeout_ms != UINT_MAX)
		to.expires = timeout_ms ? ktime_add_ms(ktime_get(), timeout_ms) : 0;
	for (;;) {
		nr_ready = evcore_wait(&k->queue, wanted, &to);
		ret = nr_ready > 0 ? fetch(k, buf + n, max - n) : nr_ready;
		if (ret < 0)
			return n ?: ret;
		n += ret;
		if (likely(n && n >= min))
			return n;
		/* Wait again only if other threads have fetched some of the events. */
		if ((n || !nr_ready) && (n >= min || (unsigned int)nr_ready < wanted))
			return n;
		wanted = min - n;
	}
}

/* kevent_get_events() of queue @k. */
static __always_inline int get_events(struct kevent_queue *k, unsigned int min,
				      unsigned int max, unsigned int timeout_ms,
				      struct ukevent __user *buf)
{
	int n = 0;

	if (need_not_wait(k, max(min, 1U))) {
		n = fetch_queued(k, buf, max);
		if (likely(n < 0 || n >= (int)max(min, 1U)))
			return n;
		/* Other threads have fetched some of the events. */
	}
	return wait_and_fetch(k, n, min, max, timeout_ms, buf);
}

/**
 * sys_kevent_get_events - fetch events
 * @ctl_fd: the queue
 * @min_nr: wait until there are this many events
 * @max_nr: fetch no more than this
 * @timeout_ms: how many milliseconds to wait; UINT_MAX: without limit, 0: do not wait
 * @buf: room for @max_nr struct ukevent
 * @flags: must be 0
 *
 * If the queue has a ring, the events are copied from the ring and committed.
 *
 * A non-blocking queue does not wait, whatever the timeout.
 *
 * Return: the number of events, which is less than @min_nr, or 0, after a timeout; -EBADF,
 * -EINVAL; -EFAULT, with no event lost; -EINTR if a signal came and there is no event.
 */
SYSCALL_DEFINE6(kevent_get_events, int, ctl_fd, unsigned int, min_nr,
		unsigned int, max_nr, unsigned int, timeout_ms, void __user *, buf,
		unsigned int, flags)
{
	struct kevent_queue *k;
	int ret = -EINVAL;
	struct fd f;

	if (flags || !max_nr || min_nr > max_nr)
		return -EINVAL;
	f = fdget(ctl_fd);
	if (!fd_file(f))
		return -EBADF;
	k = kevent_fd_queue(f);
	if (!k || (k->ring && min_nr > k->num))
		goto out;
	if (fd_file(f)->f_flags & O_NONBLOCK)
		timeout_ms = 0;
	ret = get_events(k, min_nr, max_nr, timeout_ms, buf);
out:
	fdput(f);
	return ret;
}

/* The number of uncommitted entries from the caller's index on. Takes queue->lock. */
static int entries_from(struct kevent_queue *k, u32 uidx)
{
	u32 ahead, used;

	raw_spin_lock_irq(&k->queue.lock);
	used = k->tail - k->committed;
	ahead = uidx >= k->uidx ? uidx - k->uidx : uidx + k->num - k->uidx;
	raw_spin_unlock_irq(&k->queue.lock);
	/* An index beyond the entries is one from before another thread committed. */
	return ahead <= used ? used - ahead : used;
}

/**
 * sys_kevent_wait - wait for events in the ring
 * @ctl_fd: the queue
 * @num: return no more than this
 * @old_uidx: the caller's index; if it is not the kernel's, the call does not wait
 * @timeout: how long to wait; NULL: without limit
 * @flags: KEVENT_FLAGS_ABSTIME: the timeout is a time of CLOCK_REALTIME
 *
 * The call also drains overflow into the ring and rechecks level-triggered conditions. A
 * non-blocking queue does not wait, whatever the timeout.
 *
 * Return: the number of uncommitted entries from @old_uidx on, 0 after a timeout; -EBADF,
 * -EINVAL, -EFAULT; -EINTR if a signal came and there is no event.
 */
SYSCALL_DEFINE5(kevent_wait, int, ctl_fd, unsigned int, num, unsigned int, old_uidx,
		const struct __kernel_timespec __user *, timeout, unsigned int, flags)
{
	struct evcore_timeout to;
	struct kevent_queue *k;
	bool moved;
	struct fd f;
	int ret;

	if (flags & ~KEVENT_FLAGS_ABSTIME || !num)
		return -EINVAL;
	ret = evcore_get_timeout(&to, timeout, flags & KEVENT_FLAGS_ABSTIME,
				 flags & KEVENT_FLAGS_ABSTIME ? CLOCK_REALTIME :
								CLOCK_MONOTONIC);
	if (ret)
		return ret;
	f = fdget(ctl_fd);
	if (!fd_file(f))
		return -EBADF;
	ret = -EINVAL;
	k = kevent_fd_queue(f);
	if (!k || !k->ring || old_uidx >= k->num)
		goto out;
	moved = old_uidx != READ_ONCE(k->uidx);
	ret = evcore_wait(&k->queue, !moved && !(fd_file(f)->f_flags & O_NONBLOCK), &to);
	if (ret >= 0)
		ret = min_t(unsigned int, entries_from(k, old_uidx), num);
out:
	fdput(f);
	return ret;
}

/**
 * sys_kevent_commit - consume all entries before an index
 * @ctl_fd: the queue
 * @new_uidx: the index; the current one consumes nothing, so consuming a full ring takes two
 *            calls
 * @over: the caller's copy of the wrap counter
 *
 * Return: the number of entries that were freed; -EOVERFLOW for a stale @over; -EINVAL for an
 * impossible index or a queue without a ring; -EBADF.
 */
SYSCALL_DEFINE3(kevent_commit, int, ctl_fd, unsigned int, new_uidx, unsigned int, over)
{
	struct fd f = fdget(ctl_fd);
	struct kevent_queue *k;
	int ret = -EINVAL;

	if (!fd_file(f))
		return -EBADF;
	k = kevent_fd_queue(f);
	if (k && k->ring) {
		ret = kevent_ring_commit(k, new_uidx, over);
		if (ret > 0)
			evcore_drain_all(&k->queue);
	}
	fdput(f);
	return ret;
}
