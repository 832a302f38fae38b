// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll through the event channel. A wait makes one call: evchan_wait(), which also polls again
 * what has to be polled; or, if there are events in the ring before, the call that asks which
 * of them hold, see deliver.c. If nothing has to be polled and the ring is empty, a wait that
 * does not sleep makes none.
 */
#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "pending.h"

/*
 * Slots of a ring; further events wait in the kernel. Rings count against RLIMIT_MEMLOCK, and
 * cannot be smaller than a page and their header. A process with one set gets a larger one.
 */
#define ENTRIES		64
#define ENTRIES_FIRST	256

static int create(bool cloexec)
{
	ec_t ec;
	int fd;

	count(&stat_syscalls, 1);
	ec = ec_create_sized(cloexec ? EVCHAN_CLOEXEC : 0, sets_none() ? ENTRIES_FIRST : ENTRIES);
	if (!ec)
		return -1;
	fd = ec->fd;
	/* Forget a set that had this number and was closed without our notice. */
	set_forget(fd);
	if (set_new(fd, ec, true)) {
		ec_destroy(ec);
		errno = ENOMEM;
		return -1;
	}
	return fd;
}

static unsigned int change_flags(uint32_t events)
{
	unsigned int flags = 0;

	if (events & EPOLLONESHOT)
		flags |= EVCHAN_ONESHOT;
	else if (!(events & EPOLLET))
		flags |= EVCHAN_LEVEL;
	if (events & EPOLLEXCLUSIVE)
		flags |= EVCHAN_EXCLUSIVE;
	return flags;
}

/*
 * Bits that are asked for in addition, and not reported to the program. A socket wakes with
 * these bits whenever it wakes with those that the program wants, and the kernel does not
 * believe them. So it polls the socket during evchan_wait(), as epoll does, and posts all bits
 * that hold. Without them it would post the bits of the wake-up at once.
 */
static uint32_t helper_bits(uint32_t events)
{
	uint32_t bits = 0;

	if (events & (EPOLLEXCLUSIVE | EPOLLONESHOT))
		return 0;
	if (events & (EPOLLIN | EPOLLRDNORM))
		bits |= EPOLLRDBAND;
	if (events & (EPOLLOUT | EPOLLWRNORM))
		bits |= EPOLLWRBAND;
	return bits;
}

/*
 * Does an event have every bit that holds? One of a socket has. Other files wake with one
 * direction, which is all if the program wants no other.
 */
static bool is_complete(int fd, uint32_t events)
{
	uint32_t wanted = events & EVRUN_BITS & (uint32_t)~(EPOLLRDHUP | EPOLLERR | EPOLLHUP);

	if (wanted == EPOLLIN || wanted == EPOLLOUT)
		return true;
	return wanted == (EPOLLIN | EPOLLOUT) && helper_bits(events) && is_socket(fd);
}

/* Remember a change that succeeded; set->mutex must be held. */
static void note(struct set *set, const struct evchan_change *c, const struct epoll_event *ev)
{
	int fd = (int)c->args[0];
	struct registration *r = registration_of(&set->registered, fd);
	struct set *inner;

	if (!r)
		return;
	if (c->op == EVCHAN_DEL) {
		r->id = 0;
		return;
	}
	if (c->op == EVCHAN_ADD) {
		inner = set_find(fd);
		r->id = c->id;
		r->generation = fd_generation(fd);
		r->nested = inner;
		if (inner)
			set_put(inner);
	}
	if (c->op == EVCHAN_ADD || ev->events != r->events)
		r->complete = !r->nested && is_complete(fd, ev->events);
	r->events = ev->events;
}

/*
 * Make a change, and before it those that are pending in the set, in one call. The set's mutex
 * must be held. Returns 0 or an error, that of the change.
 */
static int make_change(struct set *set, int epfd, struct evchan_change *c)
{
	struct evchan_change all[EVRUN_PENDING + 1];
	unsigned int n = pending_take(set, all);
	int ret;

	all[n] = *c;
	count(&stat_syscalls, 1);
	ret = evchan_ctl(epfd, all, n + 1, sizeof(*c), 0);
	*c = all[n];
	return ret < 0 ? errno : c->result < 0 ? -c->result : 0;
}

/* The same for a set that is not known here. */
static int make_change_of(int epfd, struct evchan_change *c)
{
	count(&stat_syscalls, 1);
	return evchan_ctl(epfd, c, 1, sizeof(*c), 0) < 0 ? errno : c->result < 0 ? -c->result : 0;
}

/* change() of a set that is known here, with its mutex held. */
static int change_locked(struct set *set, int epfd, struct evchan_change *c,
			 const struct epoll_event *ev)
{
	struct registration *r = c->op == EVCHAN_MOD ?
				 registration_of(&set->registered, (int)c->args[0]) : NULL;
	int err = pending_keep(set, epfd, r, c) ? 0 : make_change(set, epfd, c);

	if (!err)
		note(set, c, ev);
	return err;
}

static int ctl(int epfd, int op, int fd, const struct epoll_event *ev)
{
	struct evchan_change c = {
		.op = op == EPOLL_CTL_ADD ? EVCHAN_ADD :
		      op == EPOLL_CTL_MOD ? EVCHAN_MOD : EVCHAN_DEL,
		.type = EVCHAN_POLL, .args = { (uint64_t)fd },
	};
	struct set *set = set_find(epfd);
	int err, before = errno;

	/* A removal takes only the descriptor, whatever event the caller passes. */
	if (ev && op != EPOLL_CTL_DEL) {
		c.events = (ev->events & EVRUN_BITS) | helper_bits(ev->events);
		c.flags = change_flags(ev->events);
		c.data = ev->data.u64;
	}
	/* What happens in a set that is in another one must be known there at once. */
	if (op == EPOLL_CTL_ADD)
		pending_expose(fd);
	if (set) {
		pthread_mutex_lock(&set->mutex);
		err = change_locked(set, epfd, &c, ev);
		pthread_mutex_unlock(&set->mutex);
		set_put(set);
	} else {
		err = make_change_of(epfd, &c);
	}
	errno = err ? err : before;
	return err ? -1 : 0;
}

struct waiting {
	struct set *set;
	bool asleep;
};

static void leave(void *arg)
{
	struct waiting *w = arg;

	/* Cancelled, and perhaps before the call polled anything. */
	if (w->asleep) {
		__atomic_fetch_sub(&w->set->sleeping, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&w->set->level_call, true, __ATOMIC_RELAXED);
	}
	set_put(w->set);
}

/*
 * Call evchan_wait(); sleep in it unless there are events, or the program does not wait. The
 * caller has counted a thread that sleeps.
 */
static int wait_ring(int epfd, struct waiting *w, bool sleep, const struct deadline *d,
		     const sigset_t *mask)
{
	struct __kernel_timespec at = { d->at.tv_sec, d->at.tv_nsec };
	int n;

	count(&stat_syscalls, 1);
	if (!sleep)
		return evchan_wait(epfd, 0, 0, NULL, mask, EVRUN_SIGSET);
	n = evchan_wait(epfd, 1, EVCHAN_WAIT_ABSTIME, d->none ? NULL : &at, mask, EVRUN_SIGSET);
	__atomic_fetch_sub(&w->set->sleeping, 1, __ATOMIC_RELAXED);
	w->asleep = false;
	return n;
}

/* Is there anything that only evchan_wait() finds out? */
static bool must_call(int epfd, const struct set *set)
{
	return __atomic_load_n(&set->level_call, __ATOMIC_RELAXED) || shared(epfd) ||
	       ec_must_call(set->ec);
}

/*
 * Deliver events that are in the ring already, unless it is the turn of those that need
 * evchan_wait(). Returns -1 on errors.
 */
static int without_wait(struct delivery *to, bool must)
{
	struct set *set = to->set;
	uint64_t first, end;
	bool turn;

	if (!events_there(set, &first, &end))
		return 0;
	turn = set->call_first && (int64_t)(first - set->turn) < 0;
	if (must && set->call_first && !turn)
		return 0;
	if (!turn)
		set->turn = end;
	set->call_first = true;
	return deliver_old(to);
}

/* Call evchan_wait(), and deliver. Returns -1 on errors; *@over: the time is over. */
static int with_wait(struct delivery *to, struct waiting *w, struct deadline *d,
		     const sigset_t *mask, bool *over)
{
	struct set *set = to->set;
	struct timespec left;
	unsigned int old;
	uint64_t first, end;
	int there, n;

	pthread_mutex_lock(&set->mutex);
	old = events_there(set, &first, &end);
	/* What this posts is new. */
	pending_flush(set);
	/* Before the call, because it does not poll for events that are taken later. */
	set->nr_level = 0;
	__atomic_store_n(&set->level_call, false, __ATOMIC_RELAXED);
	w->asleep = !old && !d->now;
	if (w->asleep)
		__atomic_fetch_add(&set->sleeping, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&set->mutex);
	there = wait_ring(to->epfd, w, w->asleep, d, mask);
	if (there < 0) {
		__atomic_store_n(&set->level_call, true, __ATOMIC_RELAXED);
		return -1;
	}
	pthread_mutex_lock(&set->mutex);
	n = deliver_new(to, end, !old);
	set->call_first = false;
	if (!n && old)
		n = deliver_old(to);
	pthread_mutex_unlock(&set->mutex);
	/* What is in the ring may be anything, so the clock decides. */
	if (!n)
		*over = d->now || (!there && !old) || (!d->none && !deadline_left(d, &left));
	return n;
}

static int wait_set(struct delivery *to, struct waiting *w, struct deadline *d,
		    const sigset_t *mask)
{
	struct set *set = to->set;
	uint64_t first, end;
	bool must, over;
	int n = 0;

	pthread_mutex_lock(&set->mutex);
	must = must_call(to->epfd, set);
	if (set->nr_pending && !events_there(set, &first, &end)) {
		must = true;
	} else {
		pending_flush(set);
		n = without_wait(to, must);
	}
	over = !n && d->now && !must && !set->nr_level;
	pthread_mutex_unlock(&set->mutex);
	while (!n && !over)
		n = with_wait(to, w, d, mask, &over);
	/* A level-triggered condition that holds must be reported to every waiter: wake another. */
	if (to->level && (shared(to->epfd) || __atomic_load_n(&set->sleeping, __ATOMIC_RELAXED))) {
		count(&stat_syscalls, 1);
		evchan_wait(to->epfd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0);
	}
	return n;
}

static int wait(int epfd, struct epoll_event *ev, int max, const struct timespec *timeout,
		const sigset_t *mask)
{
	struct waiting w = { .set = set_get(epfd) };
	struct delivery to;
	struct deadline d;
	int n;

	if (!w.set)
		return -1;
	to.epfd = epfd;
	to.set = w.set;
	to.ev = ev;
	to.max = max < EVRUN_BATCH ? max : EVRUN_BATCH;
	to.n = 0;
	to.level = false;
	deadline_set(&d, timeout);
	pthread_cleanup_push(leave, &w);
	n = wait_set(&to, &w, &d, mask);
	pthread_cleanup_pop(1);
	return n;
}

const struct face face_evchan = {
	.name	= "evchan",
	.create	= create,
	.ctl	= ctl,
	.wait	= wait,
	.forget	= set_forget,
	.closing = pending_close,
	.expose	= pending_expose,
	.expose_all = pending_expose_all,
	.forked	= pending_forked,
};
