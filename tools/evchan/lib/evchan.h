/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libevchan: event channels for programs.
 *
 * ec_create(), ec_destroy(), ec_poll_event(), ec_wait_event() and ec_timedwait_event()
 * are the calls that Drepper proposed in 2006; the others are additions. Taking an event
 * that is in the ring is inline and makes no system call.
 *
 * Any number of threads may use one channel at the same time. If it was created with
 * EVCHAN_SINGLE_CONSUMER, only one thread may use the calls that take events. Every call
 * returns 0 or a count on success, and -1 with errno set on failure, unless its comment says
 * otherwise.
 */
#ifndef EVCHAN_H
#define EVCHAN_H

/* The kernel's header has an anonymous structure, which ISO C++ does not. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <linux/evchan.h>
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
#include <linux/aio_abi.h>
#include <linux/time_types.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
/* These have sigset_t, clockid_t and timer_t in strict ISO C too. */
#include <sys/select.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE	(1 << 2)	/* as in a linux/aio_abi.h that has the flag */
#endif

/* libevchan-ffi has the inline functions as ordinary ones, for other languages than C and C++. */
#ifndef EC_INLINE
#define EC_INLINE	static inline
/* So that the cursor and the event can stay in registers. */
#define EC_ALWAYS_INLINE static inline __attribute__((__always_inline__))
#else
#define EC_ALWAYS_INLINE EC_INLINE
#endif

typedef struct evchan_event event_data_t;

/* The library's state of a channel. Programs must use it only through the calls below. */
struct evchan {
	struct evchan_ring_header *header;	/* start of the mapping */
	struct evchan_event *events, *end;	/* first slot, and the end of the last */
	uint64_t mask;				/* number of slots - 1 */
	unsigned int order;			/* log2 of the number of slots */
	int fd;
	size_t length;				/* of the mapping, in bytes */
	uint64_t first;				/* ec_cursor.consumed of position 0 */
};
typedef struct evchan *ec_t;

/* --- system calls; section 2 of the manual describes them --- */

int evchan_create(struct evchan_params *params, size_t size);
int evchan_ctl(int fd, struct evchan_change *changes, unsigned int n, size_t size,
	       unsigned int flags);
int evchan_wait(int fd, unsigned int min, unsigned int flags,
		const struct __kernel_timespec *timeout, const sigset_t *sigmask,
		size_t sigsetsize);

/* --- channels --- */

/**
 * ec_create - create a channel with a ring of the default size
 * @flags: EVCHAN_CLOEXEC, EVCHAN_NONBLOCK and EVCHAN_SINGLE_CONSUMER, or 0
 *
 * Return: the channel, which the caller must release with ec_destroy(); NULL with errno
 * ENOSYS if the kernel has no event channels, EPERM if they are disabled, EINVAL for an
 * unknown flag, ENOMEM without memory or over RLIMIT_MEMLOCK, EMFILE, ENFILE.
 */
ec_t ec_create(unsigned int flags);

/**
 * ec_create_sized - create a channel with a ring of a given size
 * @flags: as for ec_create()
 * @entries: least number of slots, at most 65536; 0: the default
 *
 * Return: as ec_create(); errno is EINVAL also if @entries is too large.
 */
ec_t ec_create_sized(unsigned int flags, unsigned int entries);

/**
 * ec_attach - map a channel that another process created
 * @fd: the channel's descriptor, inherited or received over a unix socket. It belongs to
 *      the channel afterwards and ec_destroy() closes it; on failure it stays open.
 *
 * Return: the channel, which the caller must release with ec_destroy(); NULL with errno
 * EBADF if @fd is not open, EINVAL if it is not a channel, ENOSYS if the kernel has no
 * event channels, ENOMEM, or another error of mmap().
 */
ec_t ec_attach(int fd);

/**
 * ec_destroy - unmap a channel, close its descriptor and free it
 * @ec: the channel, which must not be used afterwards, whatever the result is
 *
 * Events that were not taken are lost when the last descriptor of the channel is closed.
 *
 * Return: 0, or -1 with errno of close().
 */
int ec_destroy(ec_t ec);

/**
 * ec_fd - the descriptor of a channel
 * @ec: the channel
 *
 * The descriptor can be polled and passed to other processes. The channel still owns it.
 *
 * Return: the descriptor.
 */
EC_INLINE int ec_fd(ec_t ec)
{
	return ec->fd;
}

/**
 * ec_perror - print the error in errno, as perror() does
 * @what: what failed
 *
 * If the kernel has no event channels, this prints which kernel is needed. It does not
 * change errno.
 */
void ec_perror(const char *what);

/* --- taking events --- */

/**
 * struct ec_cursor - a position in the ring, for taking several events in a row
 * @pos: position of the next event
 * @slot: slot of that position
 * @consumed: state word of that slot once its event is consumed: the lap, no events. If the
 *            channel has a single consumer, no state word is the next of this one, so that
 *            ec_next() calls ec_claim_single()
 *
 * Call ec_begin(), then ec_next() until it returns 0, then ec_end(). Only one thread may
 * use a cursor; other threads may take events at the same time, each with its own cursor
 * or with ec_take().
 */
struct ec_cursor {
	uint64_t pos;
	struct evchan_event *slot;
	uint64_t consumed;
};

/* In evchan.first and ec_cursor.consumed: the channel has a single consumer. */
#define EC_SINGLE	(1ULL << 63)

/* Move a cursor to a position. Internal. */
EC_INLINE void ec_seek(ec_t ec, struct ec_cursor *at, uint64_t pos)
{
	at->pos = pos;
	at->slot = &ec->events[pos & ec->mask];
	at->consumed = ((pos >> ec->order) << 32) + ec->first;
}

/**
 * ec_begin - start to take events in a row
 * @ec: the channel
 *
 * The cursor begins at the position that the last ec_end() stored, or ec_next() if the channel
 * has a single consumer. Slots that other threads have consumed since are skipped by ec_next().
 *
 * Return: the cursor.
 */
EC_INLINE struct ec_cursor ec_begin(ec_t ec)
{
	struct ec_cursor at;

	ec_seek(ec, &at, __atomic_load_n(&ec->header->head, __ATOMIC_RELAXED));
	return at;
}

/**
 * ec_end - stop taking events with a cursor
 * @ec: the channel
 * @at: the cursor
 *
 * All slots before the cursor are consumed, by this or by other threads. The position is
 * stored for the next ec_begin(), and tells the kernel which slots it can fill without
 * reading them. A store of another thread may move it back.
 */
EC_INLINE void ec_end(ec_t ec, const struct ec_cursor *at)
{
	__atomic_store_n(&ec->header->head, at->pos, __ATOMIC_RELEASE);
}

/*
 * Does the slot hold an event of this lap? One unsigned comparison tests both that the
 * lap is right and that there are event bits. Internal.
 */
EC_INLINE int ec_is_there(uint64_t state, uint64_t consumed)
{
	return state - consumed - 1 < UINT32_MAX;
}

/*
 * Slow path of ec_next(): skip the slots from @pos on that were consumed, by any thread.
 * Internal.
 * Return: the position of the next event, or the position up to which the kernel has
 * posted. @pos itself if neither was found, because slots have states that the kernel
 * never stores.
 */
uint64_t ec_pass(ec_t ec, uint64_t pos);

/*
 * The first half of ec_next() for a channel with a single consumer, which does not write the
 * slot: find the next event from @pos on, and store the position behind it in header->claimed
 * before its state is loaded for the last time. Internal.
 * Return: the state of the event, with its position in @pos, after which the caller copies the
 * event and stores header->head; 0 if there is no event.
 */
uint64_t ec_claim_single(ec_t ec, uint64_t *pos);

/**
 * ec_next - take the next event from the ring
 * @ec: the channel
 * @at: the cursor, which is moved behind the event
 * @d: the event is copied here
 *
 * This makes no system call. The event is copied first; then one compare-and-swap claims
 * the event and frees its slot. A thread that dies before the compare-and-swap has taken
 * nothing. If the channel has a single consumer, a store of header->head takes the place of
 * the compare-and-swap.
 *
 * Return: 1 if an event was taken, 0 if the ring has none. Further events may wait
 * outside the ring, see ec_must_call().
 */
EC_ALWAYS_INLINE int ec_next(ec_t ec, struct ec_cursor *at, event_data_t *d)
{
	for (;;) {
		/* Pairs with the kernel's exchange that publishes the event. */
		__u64 state = __atomic_load_n(&at->slot->state, __ATOMIC_ACQUIRE);
		uint64_t next;

		if (__builtin_expect(!ec_is_there(state, at->consumed), 0)) {
			if (ec->first & EC_SINGLE) {
				next = at->pos;
				state = ec_claim_single(ec, &next);
				ec_seek(ec, at, next);
				if (!state)
					return 0;
				*d = *at->slot;
				d->state = state;
				/* Release: the copy is complete before the slot is filled again. */
				__atomic_store_n(&ec->header->head, next + 1, __ATOMIC_RELEASE);
				break;
			}
			/* The kernel has not posted at this position yet. */
			if ((int32_t)((uint32_t)(state >> 32) - (uint32_t)(at->consumed >> 32)) < 0)
				return 0;
			next = ec_pass(ec, at->pos);
			if (next == at->pos)
				return 0;
			/* Another thread may take that event first: test its slot too. */
			ec_seek(ec, at, next);
			continue;
		}
		*d = *at->slot;
		d->state = state;
		/*
		 * Release: the copy is complete before the kernel may reuse the slot. This
		 * fails if another thread took the event or the kernel merged bits into it;
		 * then read the slot again.
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

/**
 * ec_take - take one event from the ring
 * @ec: the channel
 * @d: the event is copied here
 *
 * This makes no system call.
 *
 * Return: 1 if an event was taken, 0 if the ring has none; see ec_next().
 */
EC_INLINE int ec_take(ec_t ec, event_data_t *d)
{
	struct ec_cursor at = ec_begin(ec);

	if (!ec_next(ec, &at, d))
		return 0;
	ec_end(ec, &at);
	return 1;
}

/**
 * ec_must_call - are there events that only a system call can deliver?
 * @ec: the channel
 *
 * A program that takes events only with ec_take() or ec_next() calls ec_poll_event() if
 * this is true: events wait outside the ring, or conditions must be rechecked.
 *
 * Return: 0 if not, another value if so.
 */
EC_INLINE int ec_must_call(ec_t ec)
{
	return __atomic_load_n(&ec->header->flags, __ATOMIC_RELAXED) & EVCHAN_RING_CALL;
}

/* Slow path of ec_poll_event(): call the kernel, then try the ring again. Internal. */
int ec_poll_slow(ec_t ec, event_data_t *d);

/**
 * ec_poll_event - take an event without waiting
 * @ec: the channel
 * @d: the event is copied here
 *
 * If the ring is empty, this calls the kernel, which moves events that wait outside the
 * ring into it and rechecks level-triggered conditions.
 *
 * Return: 0, or -1 with errno EAGAIN if there is no event.
 */
EC_INLINE int ec_poll_event(ec_t ec, event_data_t *d)
{
	return ec_take(ec, d) ? 0 : ec_poll_slow(ec, d);
}

/**
 * ec_wait_event - take an event, and wait if there is none
 * @ec: the channel
 * @d: the event is copied here
 *
 * This is a cancellation point while it waits. A thread that is cancelled in it has taken
 * nothing.
 *
 * Return: 0, or -1 with errno EINTR if a signal came; EAGAIN if the channel is
 * non-blocking and empty; ENOMEM if the handler with which a cancelled thread wakes
 * another waiter could not be registered.
 */
int ec_wait_event(ec_t ec, event_data_t *d);

/**
 * ec_timedwait_event - take an event, and wait for a limited time if there is none
 * @ec: the channel
 * @d: the event is copied here
 * @to: the longest time to wait, relative; NULL: no limit. It is not modified.
 *
 * Return: as ec_wait_event(); errno is also ETIMEDOUT if no event came in time, and EINVAL
 * for an invalid time.
 */
int ec_timedwait_event(ec_t ec, event_data_t *d, struct timespec *to);

/**
 * ec_wait_until - take an event, and wait until a given time if there is none
 * @ec: the channel
 * @d: the event is copied here
 * @clock: CLOCK_MONOTONIC or CLOCK_REALTIME
 * @at: absolute time on @clock at which to give up; NULL: no limit
 * @mask: signal mask of the thread during the wait; NULL: unchanged
 *
 * Return: as ec_wait_event(); errno is also ETIMEDOUT if no event came in time, and EINVAL
 * for another clock or an invalid time.
 */
int ec_wait_until(ec_t ec, event_data_t *d, clockid_t clock, const struct timespec *at,
		  const sigset_t *mask);

/**
 * ec_wait_events - take several events
 * @ec: the channel
 * @d: array of @max elements; the events are copied here
 * @min: wait until there are this many events; 0: do not wait
 * @max: take at most this many events, at least 1
 * @to: the longest time to wait, relative; NULL: no limit
 *
 * If the ring has fewer than @min events or none, this calls the kernel as ec_poll_event()
 * does. It is a cancellation point if it waits; the events that a thread has taken before
 * it is cancelled are lost.
 *
 * Return: the number of events taken, which is smaller than @min if the time expired, a
 * signal came or other consumers took events first; or -1 with errno EINTR if a signal
 * came and nothing was taken; EAGAIN if the channel is non-blocking and empty; EINVAL if
 * @max is 0 or smaller than @min, or for an invalid time; ENOMEM as ec_wait_event().
 */
int ec_wait_events(ec_t ec, event_data_t *d, unsigned int min, unsigned int max,
		   const struct timespec *to);

/* --- registrations --- */

/**
 * ec_change - carry out one change
 * @ec: the channel
 * @c: the change, as in evchan_ctl(2). Its result is filled in; so is its id by EVCHAN_ADD
 *     and EVCHAN_SET, and its events, flags and data by EVCHAN_CHECK.
 *
 * For EVCHAN_DEL only op, type, id and what names a descriptor are used.
 *
 * Return: the result of @c if it is not negative, otherwise -1 with errno: the error of
 * the entry or of the call, see evchan_ctl(2).
 */
int ec_change(ec_t ec, struct evchan_change *c);

/**
 * ec_watch - register a descriptor, or modify its registration
 * @ec: the channel
 * @type: EVCHAN_POLL, EVCHAN_SOCKET or EVCHAN_PIPE
 * @fd: the descriptor. The channel holds no reference that keeps the file open.
 * @events: bits of the type to report
 * @flags: EVCHAN_EDGE, EVCHAN_LEVEL or EVCHAN_ONESHOT, and further flags of evchan_change
 * @data: cookie that each event carries
 *
 * Return: 0, or -1 with errno EBADF, EINVAL; EPERM if the file cannot be polled; ENOTSOCK;
 * ELOOP for queues that watch each other; ENOMEM; ENOSPC over the user's limit.
 */
int ec_watch(ec_t ec, unsigned int type, int fd, uint32_t events, unsigned int flags,
	     uint64_t data);

/**
 * ec_unwatch - remove the registration of a descriptor
 * @ec: the channel
 * @type: type that the descriptor was registered with
 * @fd: the descriptor
 *
 * After 0 no event of the registration can be taken.
 *
 * Return: 0; 1 if its last event was already taken and another thread may still be
 * processing it; -1 with errno EBADF, EINVAL, ENOENT.
 */
int ec_unwatch(ec_t ec, unsigned int type, int fd);

/**
 * ec_watch_signal - post an event when a signal is sent to this process
 * @ec: the channel
 * @sig: number of the signal. With EVCHAN_SIGNAL_NOMASK or-ed in, the event is all that
 *       happens; otherwise the signal is also delivered in the usual way.
 * @flags: EVCHAN_ONESHOT or 0, and further flags of evchan_change
 * @data: cookie that each event carries
 *
 * The event's value is what the signal carries: the value of sigqueue(), or a child's
 * status. Each realtime signal has an event of its own, in order. Remove the registration
 * with ec_remove(), EVCHAN_SIGNAL and @sig as it was given here; exec and exit remove it
 * too, and fork does not inherit it.
 *
 * Return: 0, or -1 with errno EINVAL for a signal that cannot be watched, such as SIGKILL,
 * SIGSTOP and those that the C library uses itself; EEXIST if the channel has the signal
 * in the other form; ENOMEM; ENOSPC over a limit.
 */
int ec_watch_signal(ec_t ec, uint64_t sig, unsigned int flags, uint64_t data);

/**
 * ec_signal_code - si_code of the signal that an EVCHAN_SIGNAL event reports
 * @d: the event
 *
 * Return: the code.
 */
EC_INLINE int ec_signal_code(const event_data_t *d)
{
	return (int)(uint32_t)d->extra[0];
}

/**
 * ec_signal_pid - process id of the sender of the signal of an EVCHAN_SIGNAL event
 * @d: the event
 *
 * Return: the process id.
 */
EC_INLINE pid_t ec_signal_pid(const event_data_t *d)
{
	return (pid_t)(uint32_t)d->extra[1];
}

/**
 * ec_signal_uid - user id of the sender of the signal of an EVCHAN_SIGNAL event
 * @d: the event
 *
 * Return: the user id.
 */
EC_INLINE uid_t ec_signal_uid(const event_data_t *d)
{
	return (uid_t)(d->extra[1] >> 32);
}

/**
 * ec_watch_process - post an event when a process exits
 * @ec: the channel
 * @pidfd: pidfd of the process. ec_unwatch() with EVCHAN_PROCESS removes the registration.
 * @data: cookie that the event carries
 *
 * One event is posted, at once if the process has exited already. Its value is the status
 * in the form of wait(2), for WIFEXITED() and the like; the parent must still wait for the
 * process. EVCHAN_EXIT_HIDDEN in the events says that the caller may not see the status,
 * or that the process had already been waited for.
 *
 * Return: 0, or -1 with errno EBADF, EINVAL, ENOMEM; ENOSPC over the user's limit.
 */
int ec_watch_process(ec_t ec, int pidfd, uint64_t data);

/**
 * ec_timer_create - create a POSIX timer that posts into the channel
 * @ec: the channel
 * @clock: any clock that timer_create() takes
 * @data: cookie that each event carries
 * @timer: filled in with the timer, which timer_settime() starts and timer_delete() deletes
 *
 * The event's value is the overrun count.
 *
 * Return: 0, or -1 with errno of timer_create(); ENOSPC over the user's limit.
 */
int ec_timer_create(ec_t ec, clockid_t clock, uintptr_t data, timer_t *timer);

/**
 * ec_mq_notify - post one event when a message arrives in an empty message queue
 * @ec: the channel
 * @mq: descriptor of the message queue. mq_notify() without a sigevent removes the
 *      registration.
 * @data: cookie that the event carries
 *
 * The event's value is @mq.
 *
 * Return: 0, or -1 with errno of mq_notify(); ENOSPC over the user's limit.
 */
int ec_mq_notify(ec_t ec, int mq, uintptr_t data);

/**
 * ec_timer - set a timer
 * @ec: the channel
 * @id: the program's name for the timer. A timer of the channel with this name is modified.
 * @clock: clock to measure with
 * @first_ns: time until the first expiry, in nanoseconds
 * @period_ns: time between expiries, in nanoseconds; 0: expire once
 * @data: cookie that each event carries
 *
 * The event's value is the number of expirations since the last event. Remove the timer
 * with ec_remove() and EVCHAN_TIMER.
 *
 * Return: 0, or -1 with errno EINVAL, ENOMEM; ENOSPC over the user's limit.
 */
int ec_timer(ec_t ec, uint64_t id, clockid_t clock, uint64_t first_ns,
	     uint64_t period_ns, uint64_t data);

/**
 * ec_user - register a source of user events
 * @ec: the channel
 * @id: the program's name for the source
 * @data: cookie that each event carries
 *
 * Remove the source with ec_remove() and EVCHAN_USER.
 *
 * Return: 0, or -1 with errno ENOMEM; ENOSPC over the user's limit.
 */
int ec_user(ec_t ec, uint64_t id, uint64_t data);

/**
 * ec_post - post a user event
 * @ec: the channel
 * @id: name of a source that ec_user() registered
 * @value: value to post
 *
 * Any thread, and any process that has the channel, may post. Posts that were not taken
 * yet may be merged into one event: its value is the sum of the posted values, and its
 * extra[0] is the number of posts.
 *
 * Return: 0, or -1 with errno ENOENT.
 */
int ec_post(ec_t ec, uint64_t id, uint64_t value);

/**
 * ec_watch_path - watch a file or directory, or modify how it is watched
 * @ec: the channel
 * @id: the program's name for the registration. The last event, IN_IGNORED, ends the
 *      registration.
 * @path: the file, relative to the current directory
 * @mask: events of inotify(7), with IN_ONLYDIR, IN_DONT_FOLLOW and IN_EXCL_UNLINK
 * @data: cookie that each event carries
 *
 * The event's value is ec_name_hash() of the name concerned, and its extra[0] is the
 * cookie that connects the two events of a rename. Remove the registration with
 * ec_remove() and EVCHAN_INODE.
 *
 * Return: 0, or -1 with errno EACCES, EFAULT, EINVAL, ENOENT, ENOMEM, ENOTDIR; ENOSPC over
 * a limit of the user.
 */
int ec_watch_path(ec_t ec, uint64_t id, const char *path, uint32_t mask, uint64_t data);

/**
 * ec_name_hash - the value that stands for a name in the events of a directory
 * @name: the name
 *
 * Return: the 64-bit FNV-1a hash of the bytes of @name.
 */
EC_INLINE uint64_t ec_name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3ULL;
	return hash;
}

/**
 * ec_watch_futex - wait once for a wake-up of a futex of this process
 * @ec: the channel
 * @id: the program's name for the registration
 * @word: the futex
 * @value: the value expected in @word
 * @data: cookie that the event carries
 *
 * A wake-up posts EVCHAN_WOKEN. If @word has another value, EVCHAN_CHANGED is posted at
 * once. Calling this again with the same @id waits again. Remove the registration with
 * ec_remove() and EVCHAN_FUTEX.
 *
 * Return: 0, or -1 with errno EFAULT, EINVAL, ENOMEM; ENOSPC over RLIMIT_NPROC or the
 * user's limit of registrations.
 */
int ec_watch_futex(ec_t ec, uint64_t id, uint32_t *word, uint32_t value, uint64_t data);

/**
 * ec_aio - prepare a request so that it completes into the channel
 * @ec: the channel
 * @request: a request that is then given to io_submit(). Its aio_data is the cookie of the
 *           event, whose value is the result of the operation.
 */
EC_INLINE void ec_aio(ec_t ec, struct iocb *request)
{
	request->aio_flags |= IOCB_FLAG_EVCORE;
	request->aio_resfd = (uint32_t)ec->fd;
}

/**
 * ec_remove - remove a registration by its name
 * @ec: the channel
 * @type: EVCHAN_TIMER, EVCHAN_USER, EVCHAN_SIGNAL, EVCHAN_INODE, EVCHAN_FUTEX or another
 *        type
 * @id: the name that the registration was given, or the id of one of its events
 *
 * After 0 no event of the registration can be taken.
 *
 * Return: 0; 1 if its last event was already taken and another thread may still be
 * processing it, or if a futex was woken; -1 with errno EINVAL, ENOENT.
 */
int ec_remove(ec_t ec, unsigned int type, uint64_t id);

/**
 * ec_give_back - post an event that was taken once more
 * @ec: the channel
 * @d: the event
 *
 * Any consumer can take the event again.
 *
 * Return: 0, or -1 with errno ENOENT if the registration is gone; EALREADY if it is
 * oneshot and disarmed; EAGAIN over the user's limit of records; ENOMEM.
 */
int ec_give_back(ec_t ec, const event_data_t *d);

/**
 * ec_hand_over - wake another waiting thread in place of this one
 * @ec: the channel
 *
 * This is for a thread that was woken for an event that it is not going to take.
 *
 * Return: 0, or -1 with errno.
 */
int ec_hand_over(ec_t ec);

#ifdef __cplusplus
}
#endif
#endif /* EVCHAN_H */
