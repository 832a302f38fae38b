// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll finds out what to report when epoll_wait() returns, and so must this. An event that
 * was posted while the program waits holds, as far as epoll can promise that: it is delivered
 * as it is. An event that was in the ring before may be out of date, because the program may
 * have read from the file, changed the registration, or closed the file. One call of
 * evchan_ctl() asks for all such events what holds (EVCHAN_CHECK), and its answer is
 * delivered. The same call asks for level-triggered conditions that were reported before.
 */
#include <string.h>

#include "deliver.h"

/* Reported only if the program has asked for them; see helper_bits() in face-evchan.c. */
#define BANDS	((uint32_t)(EPOLLRDBAND | EPOLLWRBAND))

/*
 * Move a cursor to the next position that has an event, past those whose event was taken.
 * Return: false if there is none: the cursor is where the next one will be.
 */
static bool find_event(ec_t ec, struct ec_cursor *at)
{
	for (int again = 0; again < 2; again++) {
		uint64_t state = __atomic_load_n(&at->slot->state, __ATOMIC_ACQUIRE);

		if (ec_is_there(state, at->consumed))
			return true;
		ec_seek(ec, at, ec_pass(ec, at->pos));
	}
	return false;
}

unsigned int events_there(struct set *set, uint64_t *first, uint64_t *end)
{
	struct ec_cursor at = ec_begin(set->ec);
	unsigned int n = 0;

	find_event(set->ec, &at);
	*first = at.pos;
	while (n <= set->ec->mask && find_event(set->ec, &at)) {
		n++;
		ec_seek(set->ec, &at, at.pos + 1);
	}
	*end = at.pos;
	return n;
}

/* The registration, unless another process, or another descriptor of the set, may change it. */
static struct registration *known(const struct delivery *to, uint64_t id)
{
	return shared(to->epfd) ? NULL : registration_find(&to->set->registered, id);
}

/* The condition of this registration must be polled again. */
static void note_level(struct set *set, uint64_t id)
{
	for (unsigned int i = 0; i < set->nr_level; i++)
		if (set->level[i] == id)
			return;
	if (set->nr_level < EVRUN_LEVEL)
		set->level[set->nr_level++] = id;
	else
		__atomic_store_n(&set->level_call, true, __ATOMIC_RELAXED);
}

static void put(struct delivery *to, const struct registration *r, uint64_t id, uint32_t events,
		epoll_data_t data, bool level)
{
	events &= r ? r->events | EPOLLERR | EPOLLHUP : ~BANDS;
	if (!events)
		return;
	to->id[to->n] = id;
	to->ev[to->n].events = events;
	to->ev[to->n++].data = data;
	to->level |= level;
	if (level)
		note_level(to->set, id);
}

/* Ask for @n registrations what holds, and deliver that. */
static int deliver_checked(struct delivery *to, struct evchan_change *c, unsigned int n)
{
	count(&stat_syscalls, 1);
	if (evchan_ctl(to->epfd, c, n, sizeof(*c), 0) < 0)
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		/*
		 * ENOENT: deleted, or closed. A level-triggered condition that does not hold is
		 * posted when it does.
		 */
		if (c[i].result)
			continue;
		put(to, known(to, c[i].id), c[i].id, c[i].events, (epoll_data_t){ .u64 = c[i].data },
		    c[i].flags & EVCHAN_LEVEL);
	}
	return to->n;
}

static bool among(const struct evchan_change *c, unsigned int n, uint64_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (c[i].id == id)
			return true;
	return false;
}

static struct evchan_change check_of(uint64_t id)
{
	return (struct evchan_change){
		.op = EVCHAN_CHECK, .type = EVCHAN_POLL, .flags = EVCHAN_BY_ID, .id = id,
	};
}

int deliver_old(struct delivery *to)
{
	struct evchan_change c[EVRUN_BATCH];
	struct set *set = to->set;
	unsigned int n = 0, max = (unsigned int)to->max, nr_level = set->nr_level;
	event_data_t d;

	set->nr_level = 0;
	while (n < max && ec_take(set->ec, &d))
		if (!among(c, n, d.id))
			c[n++] = check_of(d.id);
	for (unsigned int i = 0; i < nr_level; i++) {
		if (among(c, n, set->level[i]))
			continue;
		if (n < max) {
			c[n++] = check_of(set->level[i]);
			continue;
		}
		/* It has its turn after the events that are in the ring now. */
		set->level[set->nr_level++] = set->level[i];
		__atomic_store_n(&set->level_call, true, __ATOMIC_RELAXED);
	}
	return n ? deliver_checked(to, c, n) : 0;
}

/* Add bits to an event of the same registration that is in the array already. */
static bool merged(struct delivery *to, const struct registration *r, const event_data_t *d)
{
	for (int i = 0; i < to->n; i++) {
		if (to->id[i] == d->id) {
			to->ev[i].events |= d->events & (r->events | EPOLLERR | EPOLLHUP);
			return true;
		}
	}
	return false;
}

int deliver_new(struct delivery *to, uint64_t from, bool first)
{
	struct evchan_change c[EVRUN_BATCH];
	struct set *set = to->set;
	unsigned int n = 0;
	struct ec_cursor at;
	event_data_t d;

	ec_seek(set->ec, &at, from);
	while (to->n + (int)n < to->max && ec_next(set->ec, &at, &d)) {
		const struct registration *r = known(to, d.id);

		if (!r || !r->complete || d.flags & EVCHAN_EVENT_OVERFLOWED) {
			if (!among(c, n, d.id))
				c[n++] = check_of(d.id);
		} else if (!merged(to, r, &d)) {
			put(to, r, d.id, d.events, (epoll_data_t){ .u64 = d.data },
			    !(r->events & (EPOLLET | EPOLLONESHOT)));
		}
	}
	if (first)
		ec_end(set->ec, &at);
	return n ? deliver_checked(to, c, n) : to->n;
}
