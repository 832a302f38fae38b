// SPDX-License-Identifier: GPL-2.0-only
/*
 * A modification (EPOLL_CTL_MOD) need not be a system call of its own: several that a program
 * makes before it waits are one call of evchan_ctl(), and of several for one descriptor only
 * the last is carried out. That is done where nobody can see the difference:
 *
 * - It cannot fail. The descriptor is that of a socket, this process has registered it, and
 *   neither has been closed or replaced since, see fd_generation(). Additions and removals are
 *   made at once. So is anything with EPOLLEXCLUSIVE.
 * - Nobody waits for what it makes ready. No thread sleeps in the set; and the set is not in
 *   another one, is not polled, and was not duplicated, sent, or shared with another process or
 *   program, see fork() and exec().
 *
 * What is pending in a set is carried out before the next wait and before the next other change
 * in it, and before a descriptor that it is about is closed.
 *
 * Locks: the mutex of a set, then that of the list.
 */
#include <string.h>

#include "pending.h"

#define MAX_FD	(1 << 20)

/* The sets in which something is or was pending. Each has a reference of the list. */
static struct set *listed;
static pthread_mutex_t list = PTHREAD_MUTEX_INITIALIZER;
/* The descriptors that something is or was pending for. */
static unsigned char marks[MAX_FD / 8];

static bool marked(int fd)
{
	return fd >= 0 && fd < MAX_FD &&
	       __atomic_load_n(&marks[fd / 8], __ATOMIC_RELAXED) & 1U << fd % 8;
}

static void mark(int fd)
{
	__atomic_fetch_or(&marks[fd / 8], (unsigned char)(1U << fd % 8), __ATOMIC_RELAXED);
}

static void put_on_list(struct set *set)
{
	pthread_mutex_lock(&list);
	if (!set->listed) {
		__atomic_fetch_add(&set->users, 1, __ATOMIC_RELAXED);
		set->listed = true;
		set->next = listed;
		listed = set;
	}
	pthread_mutex_unlock(&list);
}

bool pending_keep(struct set *set, int epfd, const struct registration *r,
		  const struct evchan_change *c)
{
	unsigned int i;

	if (!set->private || shared(epfd) || __atomic_load_n(&set->sleeping, __ATOMIC_RELAXED))
		return false;
	if (!r || !r->id || r->nested || r->events & EPOLLEXCLUSIVE || r->fd >= MAX_FD ||
	    c->flags & EVCHAN_EXCLUSIVE ||
	    !known_socket(r->fd) || r->generation != fd_generation(r->fd))
		return false;
	for (i = 0; i < set->nr_pending; i++)
		if (set->pending[i].args[0] == c->args[0])
			break;
	if (i == EVRUN_PENDING)
		return false;
	set->pending[i] = *c;
	if (i < set->nr_pending)
		return true;
	set->nr_pending++;
	mark(r->fd);
	put_on_list(set);
	return true;
}

unsigned int pending_take(struct set *set, struct evchan_change *c)
{
	unsigned int n = set->nr_pending;

	memcpy(c, set->pending, n * sizeof(*c));
	set->nr_pending = 0;
	return n;
}

void pending_flush(struct set *set)
{
	struct evchan_change c[EVRUN_PENDING];
	unsigned int n = pending_take(set, c);

	if (!n)
		return;
	count(&stat_syscalls, 1);
	evchan_ctl(set->ec->fd, c, n, sizeof(*c), 0);
}

static void flush_all(bool expose)
{
	struct set *set;

	for (;;) {
		pthread_mutex_lock(&list);
		set = listed;
		if (set) {
			listed = set->next;
			set->listed = false;
		}
		pthread_mutex_unlock(&list);
		if (!set)
			return;
		pthread_mutex_lock(&set->mutex);
		if (expose)
			set->private = false;
		pending_flush(set);
		pthread_mutex_unlock(&set->mutex);
		set_put(set);
	}
}

void pending_close(int fd)
{
	if (!marked(fd))
		return;
	__atomic_fetch_and(&marks[fd / 8], (unsigned char)~(1U << fd % 8), __ATOMIC_RELAXED);
	flush_all(false);
}

static void expose_set(struct set *set)
{
	pthread_mutex_lock(&set->mutex);
	set->private = false;
	pending_flush(set);
	pthread_mutex_unlock(&set->mutex);
}

void pending_expose(int epfd)
{
	struct set *set = set_find(epfd);

	if (!set)
		return;
	expose_set(set);
	set_put(set);
}

void pending_forked(void)
{
	pthread_mutex_init(&list, NULL);
	listed = NULL;
	sets_forked();
}

void pending_expose_all(void)
{
	sets_each(expose_set);
	flush_all(true);
}
