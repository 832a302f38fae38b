// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll through the event channel. Events are taken out of the ring, and one call of
 * evchan_ctl() asks for all of them what still holds (EVCHAN_CHECK), because meanwhile the
 * program may have read from the file, changed the registration, or closed the file. What
 * that call answers is delivered, including the cookie.
 *
 * evchan_wait() rechecks level-triggered conditions, so a set with such registrations calls
 * it each time. A set with edge-triggered registrations only is served from the ring for as
 * long as the ring has events.
 */
#include <errno.h>
#include <string.h>

#include "preload.h"
#include "sets.h"

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
	if (set_new(fd, ec)) {
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

static int ctl(int epfd, int op, int fd, const struct epoll_event *ev)
{
	struct evchan_change c = {
		.op = op == EPOLL_CTL_ADD ? EVCHAN_ADD :
		      op == EPOLL_CTL_MOD ? EVCHAN_MOD : EVCHAN_DEL,
		.type = EVCHAN_POLL, .args = { (uint64_t)fd },
	};
	struct set *set = set_find(epfd);
	int ret, err;

	/* A removal takes only the descriptor, whatever event the caller passes. */
	if (ev && op != EPOLL_CTL_DEL) {
		/* epoll reports errors even if they are not asked for. */
		c.events = (ev->events & EVRUN_BITS) | EPOLLERR | EPOLLHUP;
		c.flags = change_flags(ev->events);
		c.data = ev->data.u64;
	}
	count(&stat_syscalls, 1);
	if (set)
		pthread_mutex_lock(&set->mutex);
	if (set && c.flags & EVCHAN_LEVEL)
		__atomic_store_n(&set->level, true, __ATOMIC_RELAXED);
	ret = evchan_ctl(epfd, &c, 1, sizeof(c), 0);
	err = ret < 0 ? errno : c.result < 0 ? -c.result : 0;
	if (set) {
		pthread_mutex_unlock(&set->mutex);
		set_put(set);
	}
	if (!err)
		return 0;
	errno = err;
	return -1;
}

/* Take up to @max events, and make an EVCHAN_CHECK entry for each registration among them. */
static int take(struct set *set, struct evchan_change *c, int max)
{
	uint64_t seen = 0;
	event_data_t d;
	int n = 0;

	while (n < max && ec_take(set->ec, &d)) {
		uint64_t bit = 1ULL << ((d.id ^ d.id >> 32) & 63);
		bool twice = false;

		for (int i = 0; seen & bit && i < n && !twice; i++)
			twice = c[i].id == d.id;
		if (twice)
			continue;
		seen |= bit;
		c[n++] = (struct evchan_change){
			.op = EVCHAN_CHECK, .type = d.type, .flags = EVCHAN_BY_ID, .id = d.id,
		};
	}
	return n;
}

/* Take the events of the ring that still hold; set->mutex must be held. */
static int collect(int epfd, struct set *set, struct epoll_event *ev, int max, bool *level)
{
	struct evchan_change c[EVRUN_BATCH];
	int out = 0, n;

	do {
		n = take(set, c, max);
		if (!n)
			break;
		count(&stat_syscalls, 1);
		if (evchan_ctl(epfd, c, (unsigned int)n, sizeof(*c), 0) < 0)
			return -1;
		for (int i = 0; i < n; i++) {
			/* ENOENT: deleted, or closed. */
			if (c[i].result || !c[i].events)
				continue;
			ev[out].events = c[i].events;
			ev[out++].data.u64 = c[i].data;
			*level |= !!(c[i].flags & EVCHAN_LEVEL);
		}
	} while (!out);
	return out;
}

struct waiting {
	struct set *set;
	bool asleep;
};

static void leave(void *arg)
{
	struct waiting *w = arg;

	if (w->asleep)
		__atomic_fetch_sub(&w->set->sleeping, 1, __ATOMIC_RELAXED);
	set_put(w->set);
}

static int wait_ring(int epfd, struct waiting *w, const struct deadline *d,
		     const sigset_t *mask)
{
	struct __kernel_timespec at = { d->at.tv_sec, d->at.tv_nsec };
	int n;

	count(&stat_syscalls, 1);
	if (d->now)
		return evchan_wait(epfd, 0, 0, NULL, mask, EVRUN_SIGSET);
	w->asleep = true;
	__atomic_fetch_add(&w->set->sleeping, 1, __ATOMIC_RELAXED);
	n = evchan_wait(epfd, 1, EVCHAN_WAIT_ABSTIME, d->none ? NULL : &at, mask, EVRUN_SIGSET);
	__atomic_fetch_sub(&w->set->sleeping, 1, __ATOMIC_RELAXED);
	w->asleep = false;
	return n;
}

static int wait_set(int epfd, struct waiting *w, struct epoll_event *ev, int max,
		    const struct deadline *d, const sigset_t *mask)
{
	struct set *set = w->set;
	bool must = __atomic_load_n(&set->level, __ATOMIC_RELAXED) || shared(epfd) ||
		    ec_must_call(set->ec);
	bool level = false;
	int there = 1, n;

	if (max > EVRUN_BATCH)
		max = EVRUN_BATCH;
	for (;;) {
		if (must)
			there = wait_ring(epfd, w, d, mask);
		if (there < 0)
			return -1;
		pthread_mutex_lock(&set->mutex);
		n = collect(epfd, set, ev, max, &level);
		pthread_mutex_unlock(&set->mutex);
		if (n || !there)
			break;
		must = true;
	}
	/* A level-triggered condition that holds must be reported to every waiter: wake another. */
	if (level && (shared(epfd) || __atomic_load_n(&set->sleeping, __ATOMIC_RELAXED))) {
		count(&stat_syscalls, 1);
		evchan_wait(epfd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0);
	}
	return n;
}

static int wait(int epfd, struct epoll_event *ev, int max, const struct timespec *timeout,
		const sigset_t *mask)
{
	struct waiting w = { .set = set_get(epfd) };
	struct deadline d;
	int n;

	if (!w.set)
		return -1;
	deadline_set(&d, timeout);
	pthread_cleanup_push(leave, &w);
	n = wait_set(epfd, &w, ev, max, &d, mask);
	pthread_cleanup_pop(1);
	return n;
}

const struct face face_evchan = {
	.name	= "evchan",
	.create	= create,
	.ctl	= ctl,
	.wait	= wait,
	.forget	= set_forget,
	.forked	= sets_forked,
};
