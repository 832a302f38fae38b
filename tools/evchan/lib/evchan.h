/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libevchan: event channels for programs.
 *
 * The five ec_* calls are Drepper's of November 2006; the rest is convenience.
 * Taking an event that is there is inline and makes no system call.
 *
 * Any number of threads may use one channel at once. Every call returns 0 (or a
 * count) on success and -1 with errno set on failure, unless it says otherwise.
 */
#ifndef EVCHAN_H
#define EVCHAN_H

#include <linux/aio_abi.h>
#include <linux/evchan.h>
#include <linux/time_types.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE	(1 << 2)	/* linux/aio_abi.h of a kernel that has it */
#endif

typedef struct evchan_event event_data_t;

/* A channel as the library sees it; use it through the calls only. */
struct evchan {
	struct evchan_ring_header *header;
	struct evchan_event *events, *end;	/* the slots */
	uint64_t mask;
	unsigned int order;
	int fd;
	size_t length;
};
typedef struct evchan *ec_t;

/* --- system calls, as the manual pages in section 2 describe them --- */

int evchan_create(struct evchan_params *params, size_t size);
int evchan_ctl(int fd, struct evchan_change *changes, unsigned int n, size_t size,
	       unsigned int flags);
int evchan_wait(int fd, unsigned int min, unsigned int flags,
		const struct __kernel_timespec *timeout, const sigset_t *sigmask,
		size_t sigsetsize);

/* --- channels --- */

/**
 * ec_create - make a channel with a ring of the default size
 * @flags: EVCHAN_CLOEXEC, EVCHAN_NONBLOCK
 *
 * Return: the channel, to be given to ec_destroy(); NULL with errno ENOSYS
 * without the kernel's support, ENOMEM, EMFILE, EINVAL.
 */
ec_t ec_create(unsigned int flags);

/* The same with a ring of @entries slots at least, 0 for the default. */
ec_t ec_create_sized(unsigned int flags, unsigned int entries);

/**
 * ec_attach - use a channel that another process made
 * @fd: its descriptor, received over a unix socket; ec_destroy() closes it
 *
 * Return: the channel, or NULL with errno.
 */
ec_t ec_attach(int fd);

/* Unmap and close; events not taken are gone with the last descriptor. */
int ec_destroy(ec_t ec);

/* The descriptor: for poll(2), for passing on. */
static inline int ec_fd(ec_t ec)
{
	return ec->fd;
}

/* --- taking events --- */

/*
 * A place in the ring, for taking several events in a row: ec_begin(), ec_next() as
 * long as it returns 1, ec_end(). It belongs to one thread; others may take at the
 * same time, each with its own or with ec_take().
 */
struct ec_cursor {
	uint64_t pos;			/* position of the next event */
	struct evchan_event *slot;	/* where that is */
	uint64_t consumed;		/* its state once consumed: lap, no events */
};

/* Go to a position. */
static inline void ec_seek(ec_t ec, struct ec_cursor *at, uint64_t pos)
{
	at->pos = pos;
	at->slot = &ec->events[pos & ec->mask];
	at->consumed = ((pos >> ec->order) << 32) + (1ULL << 32);
}

/* Begin where the last one to take events left off. */
static inline struct ec_cursor ec_begin(ec_t ec)
{
	struct ec_cursor at;

	ec_seek(ec, &at, __atomic_load_n(&ec->header->head, __ATOMIC_RELAXED));
	return at;
}

/*
 * Leave off. All before the cursor is consumed, whoever did it. A hint: another
 * thread's store may take it back.
 */
static inline void ec_end(ec_t ec, const struct ec_cursor *at)
{
	__atomic_store_n(&ec->header->head, at->pos, __ATOMIC_RELEASE);
}

/* Is the event of this lap there? One comparison for "this lap" and "has events". */
static inline int ec_is_there(uint64_t state, uint64_t consumed)
{
	return state - consumed - 1 < UINT32_MAX;
}

/*
 * What ec_next() does seldom: from @pos pass the slots that were consumed, by whomever.
 * Return: where there is an event, or where the ring ends; @pos itself if neither was
 * found, for the slots hold what the kernel never puts there.
 */
uint64_t ec_pass(ec_t ec, uint64_t pos);

/**
 * ec_next - take the next event that is in the ring
 * @ec: the channel
 * @at: the cursor, which moves on
 * @d: filled in
 *
 * No system call. The copy comes before the compare-and-swap that claims and
 * frees the slot at once, so a thread that dies in between has taken nothing.
 *
 * Return: 1, or 0 if the ring has none; others may wait outside it, see
 * ec_must_call().
 */
static inline int ec_next(ec_t ec, struct ec_cursor *at, event_data_t *d)
{
	for (;;) {
		/* Pairs with the kernel's exchange that published it. */
		uint64_t state = __atomic_load_n(&at->slot->state, __ATOMIC_ACQUIRE);
		uint64_t next;

		if (__builtin_expect(!ec_is_there(state, at->consumed), 0)) {
			/* Not yet posted: the ring ends here. */
			if ((int32_t)((uint32_t)(state >> 32) - (uint32_t)(at->consumed >> 32)) < 0)
				return 0;
			next = ec_pass(ec, at->pos);
			if (next == at->pos)
				return 0;
			/* What is there may be taken before it is looked at here. */
			ec_seek(ec, at, next);
			continue;
		}
		*d = *at->slot;
		d->state = state;
		/*
		 * Release: the copy is complete before the kernel may fill again. Merged or
		 * taken meanwhile, it is looked at again.
		 */
		if (__builtin_expect(__atomic_compare_exchange_n(&at->slot->state, &state,
				at->consumed, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED), 1))
			break;
	}
	at->pos++;
	if (__builtin_expect(++at->slot == ec->end, 0)) {
		at->slot = ec->events;
		at->consumed += 1ULL << 32;
	}
	return 1;
}

/* Take one event: 1, or 0 if the ring has none. As ec_next(), which see. */
static inline int ec_take(ec_t ec, event_data_t *d)
{
	struct ec_cursor at = ec_begin(ec);

	if (!ec_next(ec, &at, d))
		return 0;
	ec_end(ec, &at);
	return 1;
}

/* Does the kernel hold events that only a call can fetch? */
static inline int ec_must_call(ec_t ec)
{
	return __atomic_load_n(&ec->header->flags, __ATOMIC_RELAXED) & EVCHAN_RING_CALL;
}

/* ec_poll_event()'s second half: let the kernel fetch, then look again. */
int ec_poll_slow(ec_t ec, event_data_t *d);

/**
 * ec_poll_event - take an event, never wait
 * @ec: the channel
 * @d: filled in
 *
 * With an empty ring it asks the kernel for what waits outside it, which
 * includes level-triggered conditions that still hold.
 *
 * Return: 0, or -1 with errno EAGAIN if there is none.
 */
static inline int ec_poll_event(ec_t ec, event_data_t *d)
{
	return ec_take(ec, d) ? 0 : ec_poll_slow(ec, d);
}

/**
 * ec_wait_event - take an event, wait for one if there is none
 * @ec: the channel
 * @d: filled in
 *
 * A cancellation point while it waits; a thread cancelled has taken nothing.
 *
 * Return: 0, or -1 with errno EINTR; EAGAIN for an EVCHAN_NONBLOCK channel.
 */
int ec_wait_event(ec_t ec, event_data_t *d);

/**
 * ec_timedwait_event - as ec_wait_event(), for a time
 * @to: how long, relative
 *
 * Return: 0, or -1 with errno ETIMEDOUT as well.
 */
int ec_timedwait_event(ec_t ec, event_data_t *d, struct timespec *to);

/* The same until @at on @clock, CLOCK_MONOTONIC or CLOCK_REALTIME, with @mask. */
int ec_wait_until(ec_t ec, event_data_t *d, clockid_t clock, const struct timespec *at,
		  const sigset_t *mask);

/**
 * ec_wait_events - take several events at once
 * @ec: the channel
 * @d: room for @max
 * @min: wait until there are so many; 0: do not wait
 * @max: take no more
 * @to: how long, relative; NULL: for ever
 *
 * With an empty ring it asks the kernel, as ec_poll_event() does. With several
 * consumers it may take fewer than @min.
 *
 * Return: how many, fewer than @min when the time is up, or -1 with errno EINTR,
 * EINVAL; EAGAIN for an EVCHAN_NONBLOCK channel.
 */
int ec_wait_events(ec_t ec, event_data_t *d, unsigned int min, unsigned int max,
		   const struct timespec *to);

/* --- what is watched --- */

/**
 * ec_change - one change
 * @c: the entry; result and, for an addition, id are filled in
 *
 * Return: the entry's result if it is not negative, or -1 with errno.
 */
int ec_change(ec_t ec, struct evchan_change *c);

/**
 * ec_watch - watch a descriptor, or change how it is watched
 * @type: EVCHAN_POLL, EVCHAN_SOCKET, EVCHAN_PIPE
 * @fd: the descriptor
 * @events: bits of the type
 * @flags: EVCHAN_LEVEL, EVCHAN_ONESHOT ...
 * @data: returned with each event
 */
int ec_watch(ec_t ec, unsigned int type, int fd, uint32_t events, unsigned int flags,
	     uint64_t data);

/* Stop watching a descriptor; 1: its last event may be in a thread's hands. */
int ec_unwatch(ec_t ec, unsigned int type, int fd);

/**
 * ec_watch_signal - have a signal of this process come through the channel
 * @sig: its number; with EVCHAN_SIGNAL_NOMASK or-ed in it comes through the channel
 *       only, otherwise also in the usual way
 * @flags: EVCHAN_ONESHOT ...
 * @data: returned with each event
 *
 * The event's value is what the signal carries: the value of sigqueue(), a child's
 * status. Realtime signals come one by one, in order. ec_remove() with EVCHAN_SIGNAL
 * and @sig as it was given undoes it; so do exec and exit, and fork does not
 * inherit it.
 *
 * Return: 0, or -1 with errno EINVAL (SIGKILL and SIGSTOP too), ENOMEM, ENOSPC.
 */
int ec_watch_signal(ec_t ec, uint64_t sig, unsigned int flags, uint64_t data);

/* Of a signal's event: si_code, and who sent it. */
static inline int ec_signal_code(const event_data_t *d)
{
	return (int)(uint32_t)d->extra[0];
}

static inline pid_t ec_signal_pid(const event_data_t *d)
{
	return (pid_t)(uint32_t)d->extra[1];
}

static inline uid_t ec_signal_uid(const event_data_t *d)
{
	return (uid_t)(d->extra[1] >> 32);
}

/**
 * ec_watch_process - be told when a process exits
 * @pidfd: of the process; ec_unwatch() with EVCHAN_PROCESS undoes it
 * @data: returned with the event
 *
 * One event, at once if it has exited already. Its value is the status as wait(2)
 * has it, for WIFEXITED() and the like; the process is still to be waited for.
 * EVCHAN_EXIT_HIDDEN in the events says that the status may not be seen, or is gone.
 */
int ec_watch_process(ec_t ec, int pidfd, uint64_t data);

/**
 * ec_timer_create - a POSIX timer that posts into the channel
 * @clock: any that timer_create() takes
 * @data: returned with each event; only as many bits as a pointer has
 * @timer: the timer, for timer_settime() and timer_delete()
 *
 * The event's value is the overrun count.
 */
int ec_timer_create(ec_t ec, clockid_t clock, uintptr_t data, timer_t *timer);

/**
 * ec_mq_notify - be told, once, when a message comes into an empty message queue
 * @mq: its descriptor; mq_notify() without a sigevent undoes it
 * @data: returned with the event; only as many bits as a pointer has
 *
 * The event's value is @mq.
 */
int ec_mq_notify(ec_t ec, int mq, uintptr_t data);

/* A timer: first expiry and period in ns from now; @period 0 fires once. */
int ec_timer(ec_t ec, uint64_t id, clockid_t clock, uint64_t first_ns,
	     uint64_t period_ns, uint64_t data);

/* A source of user events, and an event of it from any thread or process. */
int ec_user(ec_t ec, uint64_t id, uint64_t data);
int ec_post(ec_t ec, uint64_t id, uint64_t value);

/**
 * ec_watch_path - watch a file or directory, or change how it is watched
 * @id: names the watch; its last event, IN_IGNORED, frees it
 * @path: from the current directory
 * @mask: bits of inotify(7), with IN_ONLYDIR, IN_DONT_FOLLOW, IN_EXCL_UNLINK
 * @data: returned with each event, whose value is ec_name_hash() of the name
 *        concerned, extra[0] the cookie of a rename
 */
int ec_watch_path(ec_t ec, uint64_t id, const char *path, uint32_t mask, uint64_t data);

/* The hash that stands for a name in events of a directory. */
static inline uint64_t ec_name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3ULL;
	return hash;
}

/**
 * ec_watch_futex - wait for a wake-up of a futex of this process, once
 * @id: names the wait
 * @word: the futex
 * @value: expected there; another is an event (EVCHAN_CHANGED) at once
 * @data: returned with the event
 */
int ec_watch_futex(ec_t ec, uint64_t id, uint32_t *word, uint32_t value, uint64_t data);

/* Let a request of io_submit() complete into the channel: aio_data is its cookie. */
static inline void ec_aio(ec_t ec, struct iocb *request)
{
	request->aio_flags |= IOCB_FLAG_EVCORE;
	request->aio_resfd = (uint32_t)ec->fd;
}

/* Remove a timer, a source of user events, a signal, a watched path or futex. */
int ec_remove(ec_t ec, unsigned int type, uint64_t id);

/* Give an event back: it is delivered again, to whoever takes it. */
int ec_give_back(ec_t ec, const event_data_t *d);

/* Wake another waiting thread in place of this one. */
int ec_hand_over(ec_t ec);

#ifdef __cplusplus
}
#endif
#endif /* EVCHAN_H */
