// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * haproxy's poller for the event channel. haproxy prefers it to epoll; "noevchan" in the global
 * section disables it.
 *
 * Each thread has a channel. The changes that haproxy collects until it polls are one call.
 * Descriptors are level-triggered, or edge-triggered where haproxy can cope with that. Events
 * that arrived meanwhile are taken out of the ring without a call. A condition whose event was
 * taken is polled again by the next call: before the thread sleeps, or after LAPS rounds.
 *
 * Any thread may close a descriptor, whose number may be used again while an event of the closed
 * one is in a ring. So each thread has the ids of its registrations, and ignores events with
 * another id. A change is made with a reference held, without which haproxy closes no descriptor.
 */
#define _GNU_SOURCE	/* POLLRDHUP */
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include <haproxy/activity.h>
#include <haproxy/cfgparse.h>
#include <haproxy/clock.h>
#include <haproxy/fd.h>
#include <haproxy/ticks.h>

#include <evchan.h>

#define LAPS	8	/* most rounds in a row that only take events from the ring */
#define BATCH	64	/* most changes of a call */

static ec_t channels[MAX_THREADS];
static uint64_t *ids[MAX_THREADS];	/* of the registrations, by descriptor; 0: none */
static THREAD_LOCAL struct evchan_change changes[BATCH];
static THREAD_LOCAL int nr_changes, laps;	/* rounds since the last call */

/* Make the changes that were collected, and drop the references of their descriptors. */
static void make_changes(void)
{
	if (nr_changes)
		evchan_ctl(ec_fd(channels[tid]), changes, nr_changes, sizeof(*changes), 0);
	for (int i = 0; i < nr_changes; i++) {
		int fd = (int)changes[i].args[0];

		/* An addition returns its id; a modification leaves it as it is. */
		if (changes[i].op == EVCHAN_DEL || changes[i].id)
			__atomic_exchange_n(&ids[tid][fd], changes[i].id, __ATOMIC_SEQ_CST);
		/* Another thread is closing it, and its closing() may have been too early. */
		if (!__atomic_load_n(&fdtab[fd].thread_mask, __ATOMIC_SEQ_CST)) {
			ec_unwatch(channels[tid], EVCHAN_POLL, fd);
			ids[tid][fd] = 0;
		}
		fd_drop_tgid(fd);
	}
	nr_changes = 0;
}

/* Watch a descriptor for what haproxy wants now. This or make_changes() drops its reference. */
static void update(int fd)
{
	struct polled_mask *polled = &polled_mask[fd];
	bool reads = polled->poll_recv & tid_bit, writes = polled->poll_send & tid_bit;
	unsigned int state = fdtab[fd].state;
	bool read = state & FD_EV_ACTIVE_R, write = state & FD_EV_ACTIVE_W;

	/* What was read until nothing was left is going to be read again. */
	if (!(state & FD_EV_READY_R) && (write || reads || writes))
		read = true;
	if (state & FD_ET_POSSIBLE || !(fdtab[fd].thread_mask & tid_bit))
		read = write = state & FD_ET_POSSIBLE;
	activity[tid].poll_drop_fd += !fdtab[fd].owner;
	if (!fdtab[fd].owner || (read == reads && write == writes)) {
		fd_drop_tgid(fd);
		return;
	}
	__atomic_fetch_xor(&polled->poll_recv, read != reads ? tid_bit : 0, __ATOMIC_RELAXED);
	__atomic_fetch_xor(&polled->poll_send, write != writes ? tid_bit : 0, __ATOMIC_RELAXED);
	changes[nr_changes++] = (struct evchan_change){
		.op = read || write ? EVCHAN_SET : EVCHAN_DEL, .type = EVCHAN_POLL,
		.flags = state & FD_ET_POSSIBLE ? EVCHAN_EDGE : EVCHAN_LEVEL,
		.events = (read ? POLLIN | POLLRDHUP : 0) | (write ? POLLOUT : 0),
		.data = (uint64_t)fd, .args = { (uint64_t)fd },
	};
	if (nr_changes == BATCH)
		make_changes();
}

/*
 * The descriptor after @fd in the list that the threads share. @next is -2 while a thread moves
 * @fd, and -4 minus its successor when it has been removed.
 */
static int next_shared(int fd)
{
	int next;

	do
		next = __atomic_load_n(&fdtab[fd].update.next, __ATOMIC_ACQUIRE);
	while (next == -2);
	return next <= -3 ? -4 - next : next;
}

static void update_if_due(int fd)
{
	if (!fd_grab_tgid(fd, 1)) {
		activity[tid].poll_drop_fd++;
	} else if (!(fdtab[fd].update_mask & tid_bit)) {
		fd_drop_tgid(fd);
	} else {
		done_update_polling(fd);
		update(fd);
	}
}

/* Take the first event. Returns 1, 0 if there is none after that time, or -1 on a signal. */
static int first_event(int ms, struct ec_cursor *at, event_data_t *e)
{
	struct __kernel_timespec to = { ms / 1000, ms % 1000 * 1000000L };
	ec_t ec = channels[tid];

	*at = ec_begin(ec);
	if (laps++ < LAPS && !ec_must_call(ec) && (ec_next(ec, at, e) || !ms))
		return e->events != 0;
	laps = 0;
	/* This returns at once if the ring has events. */
	if (evchan_wait(ec_fd(ec), ms != 0, 0, &to, NULL, 0) < 0)
		return -1;
	return ec_next(ec, at, e);
}

static void deliver(const event_data_t *e)
{
	int fd = (int)e->data;
	uint io = (e->events & POLLIN ? FD_EV_READY_R : 0) | (e->events & POLLOUT ? FD_EV_READY_W : 0);
	uint end = e->events & POLLHUP ? FD_EV_SHUT_RW : e->events & POLLRDHUP ? FD_EV_SHUT_R : 0;

	if (__atomic_load_n(&ids[tid][fd], __ATOMIC_ACQUIRE) == e->id)
		fd_update_events(fd, io | end | (e->events & POLLERR ? FD_EV_ERR_RW : 0));
	else
		activity[tid].poll_drop_fd++;
}

static void poll_events(struct poller *p, int exp, int wake)
{
	bool busy = global.tune.options & GTUNE_BUSY_POLLING;
	int wait_time = wake ? 0 : compute_poll_timeout(exp), ms = busy ? 0 : wait_time, status;
	struct ec_cursor at;
	event_data_t e = { 0 };

	for (int i = 0; i < fd_nbupdt; i++)
		update_if_due(fd_updt[i]);
	fd_nbupdt = 0;
	for (int fd = update_list.first; fd >= 0; fd = next_shared(fd))
		update_if_due(fd);
	make_changes();
	thread_idle_now();
	thread_harmless_now();
	clock_entering_poll();
	do {
		status = first_event(ms, &at, &e);
		clock_update_date(ms, status);
	} while (busy && !status && wait_time && !tick_is_expired(exp, now_ms));
	activity[tid].poll_io += status != 0;
	clock_leaving_poll(wait_time, status);
	thread_harmless_end();
	thread_idle_end();
	if (sleeping_thread_mask & tid_bit)
		_HA_ATOMIC_AND(&sleeping_thread_mask, ~tid_bit);
	for (int n = 1; status > 0; n++) {
		deliver(&e);
		status = n < global.tune.maxpollevents && ec_next(channels[tid], &at, &e);
	}
	ec_end(channels[tid], &at);
}

/* The descriptor is about to be closed. If the file stays open, its registrations would stay. */
static void closing(int fd)
{
	for (int i = 0; i < global.nbthread; i++)
		if (ids[i] && __atomic_exchange_n(&ids[i][fd], 0, __ATOMIC_SEQ_CST) &&
		    fdtab[fd].state & (FD_CLONED | FD_DISOWN))
			ec_unwatch(channels[i], EVCHAN_POLL, fd);
}

/* In a new thread, or in the child after a fork, which must not use the parent's channel. */
static int start(struct poller *p)
{
	if (channels[tid])
		ec_destroy(channels[tid]);
	free(ids[tid]);
	channels[tid] = ec_create(EVCHAN_CLOEXEC);
	ids[tid] = calloc(global.maxsock, sizeof(uint64_t));
	return channels[tid] && ids[tid];
}

static int start_thread(void)
{
	/* The first thread has started, but alone, so which threads want a descriptor may change. */
	for (int fd = 0; fd < global.maxsock; fd++)
		updt_fd_polling(fd);
	return !tid || start(NULL);
}

static void end(struct poller *p)
{
	for (int i = 0; i < MAX_THREADS; i++) {
		if (channels[i])
			ec_destroy(channels[i]);
		channels[i] = NULL;
		ha_free(&ids[i]);
	}
	p->pref = 0;
}

static int init(struct poller *p)
{
	if (start(p))
		hap_register_per_thread_init(start_thread);
	else
		end(p);
	return p->pref > 0;
}

static int test(struct poller *p)
{
	ec_t ec = ec_create(EVCHAN_CLOEXEC);

	return ec && !ec_destroy(ec);
}

static int noevchan()
{
	disable_poller("evchan");
	return 0;
}

static struct cfg_kw_list keywords = { {}, { { CFG_GLOBAL, "noevchan", noevchan }, { 0 } } };

static void add_poller(void)
{
	cfg_register_keywords(&keywords);
	if (nbpollers < MAX_POLLERS)
		pollers[nbpollers++] = (struct poller){
			.name = "evchan", .pref = 400, .flags = HAP_POLL_F_RDHUP | HAP_POLL_F_ERRHUP,
			.clo = closing, .poll = poll_events, .test = test, .init = init, .term = end,
			.fork = start,
		};
}

INITCALL0(STG_REGISTER, add_poller);
