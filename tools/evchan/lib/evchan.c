// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libevchan: the functions that are not inline in evchan.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evchan.h"

#define NR_EVCHAN_CREATE	565
#define NR_EVCHAN_CTL		566
#define NR_EVCHAN_WAIT		567

int evchan_create(struct evchan_params *params, size_t size)
{
	return (int)syscall(NR_EVCHAN_CREATE, params, size);
}

int evchan_ctl(int fd, struct evchan_change *changes, unsigned int n, size_t size,
	       unsigned int flags)
{
	return (int)syscall(NR_EVCHAN_CTL, fd, changes, n, size, flags);
}

/*
 * A thread may be cancelled after it was woken and before it took its event. Another
 * waiter must be woken in its place. So a thread-specific key has a destructor that does
 * this, and the thread notes in waits_for which channel it waits on. That costs each wait
 * two stores; pthread_cleanup_push() would cost a sigsetjmp().
 */
static struct {
	pthread_once_t once;
	pthread_key_t key;
	int error;
} ends = { .once = PTHREAD_ONCE_INIT };
static __thread int waits_for = -1;
static __thread bool end_noted;

static void wake_other(void *unused)
{
	(void)unused;
	if (waits_for >= 0)
		syscall(NR_EVCHAN_WAIT, waits_for, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0);
	waits_for = -1;
	end_noted = false;
}

static void make_key(void)
{
	ends.error = pthread_key_create(&ends.key, wake_other);
}

/* Make wake_other() run when this thread ends. False without a free key or memory. */
static bool note_end(void)
{
	end_noted = !pthread_once(&ends.once, make_key) && !ends.error &&
		    !pthread_setspecific(ends.key, &ends);
	return end_noted;
}

/* evchan_wait() with a minimum. Inlined because most callers pass constants. */
static inline __attribute__((always_inline)) int
wait_cancellable(int fd, unsigned int min, unsigned int flags,
		 const struct __kernel_timespec *timeout, const sigset_t *sigmask,
		 size_t sigsetsize)
{
	int old, ret, err, outer = waits_for;

	/*
	 * The caller takes an event only after this function, so a thread that is
	 * cancelled anywhere in it has taken nothing.
	 */
	if (__builtin_expect(!end_noted, 0) && !note_end()) {
		errno = ENOMEM;
		return -1;
	}
	/* Volatile: the compiler must not delay the store past a possible cancellation. */
	*(volatile int *)&waits_for = fd;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	ret = (int)syscall(NR_EVCHAN_WAIT, fd, min, flags, timeout, sigmask, sigsetsize);
	err = ret < 0 ? errno : 0;
	pthread_setcanceltype(old, NULL);
	*(volatile int *)&waits_for = outer;
	if (err)
		errno = err;
	return ret;
}

int evchan_wait(int fd, unsigned int min, unsigned int flags,
		const struct __kernel_timespec *timeout, const sigset_t *sigmask,
		size_t sigsetsize)
{
	if (!min)
		return (int)syscall(NR_EVCHAN_WAIT, fd, min, flags, timeout, sigmask,
				    sigsetsize);
	return wait_cancellable(fd, min, flags, timeout, sigmask, sigsetsize);
}

static void set_entries(ec_t ec, uint32_t entries)
{
	ec->mask = entries - 1;
	ec->end = ec->events + entries;
	ec->order = (unsigned int)__builtin_ctz(entries);
	ec->first = 1ULL << 32;
	if (__atomic_load_n(&ec->header->mode, __ATOMIC_RELAXED) & EVCHAN_SINGLE_CONSUMER)
		ec->first |= EC_SINGLE;
}

static ec_t map_channel(int fd, size_t length, size_t events_offset, uint32_t entries)
{
	ec_t ec = calloc(1, sizeof(*ec));
	void *map;

	if (!ec)
		return NULL;
	map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		free(ec);
		return NULL;
	}
	ec->fd = fd;
	ec->length = length;
	ec->header = map;
	ec->events = (struct evchan_event *)((char *)map + events_offset);
	set_entries(ec, entries);
	return ec;
}

ec_t ec_create_sized(unsigned int flags, unsigned int entries)
{
	struct evchan_params params = { .flags = flags, .entries = entries };
	int fd = evchan_create(&params, sizeof(params));
	ec_t ec;

	if (fd < 0)
		return NULL;
	ec = map_channel(fd, params.map_length, params.events_offset, params.entries);
	if (!ec) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return ec;
}

ec_t ec_create(unsigned int flags)
{
	return ec_create_sized(flags, 0);
}

ec_t ec_attach(int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), slots;

	/* Other files can be mapped too, and reading an empty one is fatal. */
	if (evchan_ctl(fd, NULL, 0, sizeof(struct evchan_change), 0) < 0)
		return NULL;
	/* The kernel maps a channel only in its whole length: try each possible length. */
	for (uint32_t entries = 2; entries <= 65536; entries *= 2) {
		ec_t ec;

		slots = (entries * sizeof(struct evchan_event) + page - 1) & ~(page - 1);
		ec = map_channel(fd, page + slots, page, entries);
		if (!ec) {
			if (errno != EINVAL)
				return NULL;
			continue;
		}
		/*
		 * Rings smaller than a page have the same length, so the header tells the
		 * size. Other processes can write to it: it must fit the mapping.
		 */
		entries = __atomic_load_n(&ec->header->entries, __ATOMIC_RELAXED);
		if (entries < 2 || entries & (entries - 1) ||
		    entries > slots / sizeof(struct evchan_event)) {
			munmap(ec->header, ec->length);
			free(ec);
			break;
		}
		set_entries(ec, entries);
		return ec;
	}
	errno = EINVAL;
	return NULL;
}

int ec_destroy(ec_t ec)
{
	int ret = close(ec->fd);

	munmap(ec->header, ec->length);
	free(ec);
	return ret;
}

void ec_perror(const char *what)
{
	int err = errno;

	/* A kernel that has the call refuses the size. */
	if (err == ENOSYS && evchan_create(NULL, 0) < 0 && errno == ENOSYS) {
		fprintf(stderr,
			"%s: this kernel has no event channels; boot one with CONFIG_EVCHAN", what);
		fputs(" (make patch), or use tools/evchan/vm -- COMMAND", stderr); /* Not in the kernel tree. */
		fputs("\n", stderr);
	} else {
		fprintf(stderr, "%s: %s\n", what, strerror(err));
	}
	errno = err;
}

uint64_t ec_pass(ec_t ec, uint64_t pos)
{
	struct ec_cursor at;

	ec_seek(ec, &at, pos);
	/* Whatever the head was, two laps are enough to find the end. */
	for (uint64_t passed = 0; passed <= 2 * ec->mask + 3; passed++) {
		uint64_t state = __atomic_load_n(&at.slot->state, __ATOMIC_ACQUIRE);
		int32_t ahead = (int32_t)((uint32_t)(state >> 32) - (uint32_t)(at.consumed >> 32));

		/* An event, or a slot to which the kernel has not posted yet. */
		if (ec_is_there(state, at.consumed) || ahead < 0)
			return at.pos;
		/*
		 * Consumed. A slot that is some laps ahead tells how far behind the head
		 * was: its event was posted only after the event one lap before it in the
		 * same slot had been consumed, so those laps can be skipped.
		 */
		ec_seek(ec, &at, at.pos + 1 +
			(ahead > 1 ? (uint64_t)(ahead - 1) << ec->order : 0));
	}
	return pos;
}

uint64_t ec_claim_single(ec_t ec, uint64_t *at)
{
	uint64_t pos = *at, found = 0;

	/* As in ec_pass(): two laps are enough, whatever the head was. */
	for (uint64_t passed = 0; passed <= 2 * ec->mask + 3; passed++) {
		struct evchan_event *slot = &ec->events[pos & ec->mask];
		uint32_t lap = (uint32_t)(pos >> ec->order) + 1;
		/* Pairs with the kernel's exchange that publishes the event. */
		uint64_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
		int32_t ahead = (int32_t)((uint32_t)(state >> 32) - lap);

		if (ahead < 0)
			break;
		/* Another thread takes events too, against the promise: go where events can be. */
		if (ahead > 0) {
			pos += 1 + ((uint64_t)(ahead - 1) << ec->order);
			continue;
		}
		/*
		 * A full barrier. The kernel looks here after it has added bits or has withdrawn
		 * the event. Either it sees that this thread takes the event, or this thread
		 * sees what it has changed.
		 */
		__atomic_exchange_n(&ec->header->claimed, pos + 1, __ATOMIC_SEQ_CST);
		state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		if ((uint32_t)(state >> 32) == lap && (uint32_t)state) {
			found = state;
			break;
		}
		/* No events: it was withdrawn. */
		__atomic_store_n(&ec->header->head, ++pos, __ATOMIC_RELEASE);
	}
	*at = pos;
	return found;
}

int ec_poll_slow(ec_t ec, event_data_t *d)
{
	if (evchan_wait(ec->fd, 0, 0, NULL, NULL, 0) < 0)
		return -1;
	if (ec_take(ec, d))
		return 0;
	errno = EAGAIN;
	return -1;
}

/* Is the time over at which a wait with these flags gives up? */
static __attribute__((noinline)) bool expired(unsigned int flags,
					      const struct __kernel_timespec *at)
{
	struct timespec now;

	if (!at)
		return false;
	clock_gettime(flags & EVCHAN_WAIT_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

/* The ring was empty: wait and try to take, until an event was taken or an error. */
static inline __attribute__((always_inline)) int
wait_event(ec_t ec, event_data_t *d, unsigned int flags,
	   const struct __kernel_timespec *to, const sigset_t *mask)
{
	int n;

	for (;;) {
		/* The call rechecks level-triggered conditions even if the ring has events. */
		n = wait_cancellable(ec->fd, 1, flags, to, mask, mask ? 8 : 0);
		if (n < 0)
			return -1;
		if (n && ec_take(ec, d))
			return 0;
		/*
		 * Another thread took the event, or something has been written into the ring,
		 * and the call says each time that there is an event which cannot be taken.
		 */
		if (!n || expired(flags, to)) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

static __attribute__((noinline)) int wait_for_ever(ec_t ec, event_data_t *d)
{
	return wait_event(ec, d, 0, NULL, NULL);
}

int ec_wait_event(ec_t ec, event_data_t *d)
{
	return ec_take(ec, d) ? 0 : wait_for_ever(ec, d);
}

int ec_wait_until(ec_t ec, event_data_t *d, clockid_t clock, const struct timespec *at,
		  const sigset_t *mask)
{
	struct __kernel_timespec to;
	unsigned int flags = EVCHAN_WAIT_ABSTIME;

	if (clock == CLOCK_REALTIME) {
		flags |= EVCHAN_WAIT_REALTIME;
	} else if (clock != CLOCK_MONOTONIC) {
		errno = EINVAL;
		return -1;
	}
	if (ec_take(ec, d))
		return 0;
	if (at)
		to = (struct __kernel_timespec){ at->tv_sec, at->tv_nsec };
	return wait_event(ec, d, flags, at ? &to : NULL, mask);
}

int ec_timedwait_event(ec_t ec, event_data_t *d, struct timespec *to)
{
	struct timespec at;

	if (!to)
		return ec_wait_event(ec, d);
	if (to->tv_nsec < 0 || to->tv_nsec >= 1000000000 || to->tv_sec < 0) {
		errno = EINVAL;
		return -1;
	}
	/* Absolute, so that waiting again does not extend the time. */
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += to->tv_nsec;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	/* A time that cannot be represented is never reached. */
	if (__builtin_add_overflow(at.tv_sec, to->tv_sec, &at.tv_sec))
		return ec_wait_event(ec, d);
	return ec_wait_until(ec, d, CLOCK_MONOTONIC, &at, NULL);
}

static unsigned int take_events(ec_t ec, event_data_t *d, unsigned int max)
{
	struct ec_cursor at = ec_begin(ec);
	unsigned int n = 0;

	while (n < max && ec_next(ec, &at, &d[n]))
		n++;
	if (n)
		ec_end(ec, &at);
	return n;
}

int ec_wait_events(ec_t ec, event_data_t *d, unsigned int min, unsigned int max,
		   const struct timespec *to)
{
	struct __kernel_timespec ts;
	unsigned int n;

	if (min > max || !max) {
		errno = EINVAL;
		return -1;
	}
	n = take_events(ec, d, max);
	if (n && n >= min)
		return (int)n;
	if (to)
		ts = (struct __kernel_timespec){ to->tv_sec, to->tv_nsec };
	if (evchan_wait(ec->fd, min - n, 0, to ? &ts : NULL, NULL, 0) < 0)
		return n ? (int)n : -1;
	return (int)(n + take_events(ec, d + n, max - n));
}

/* Does the kernel find the registration by the descriptor in args[0]? */
static bool by_fd(const struct evchan_change *c)
{
	return !(c->flags & EVCHAN_BY_ID) &&
	       (c->type == EVCHAN_SOCKET || c->type == EVCHAN_POLL ||
		c->type == EVCHAN_PIPE || c->type == EVCHAN_PROCESS);
}

/* The C library uses these signals itself; its sigaction() refuses them too. */
static bool is_library_signal(const struct evchan_change *c)
{
	uint64_t number = c->id & ~EVCHAN_SIGNAL_NOMASK;

	return c->type == EVCHAN_SIGNAL && number >= 32 && number < (uint64_t)SIGRTMIN;
}

int ec_change(ec_t ec, struct evchan_change *c)
{
	c->result = 0;
	if (is_library_signal(c)) {
		c->result = -EINVAL;
	} else if (c->op == EVCHAN_DEL) {
		/*
		 * Pass only the name: the kernel refuses a removal with arguments or event
		 * bits that the type does not have.
		 */
		struct evchan_change del = {
			.op = EVCHAN_DEL, .type = c->type, .flags = c->flags & EVCHAN_BY_ID,
			.id = c->id, .args = { by_fd(c) ? c->args[0] : 0 },
		};

		if (evchan_ctl(ec->fd, &del, 1, sizeof(del), 0) < 0)
			return -1;
		c->result = del.result;
	} else if (evchan_ctl(ec->fd, c, 1, sizeof(*c), 0) < 0) {
		return -1;
	}
	if (c->result >= 0)
		return c->result;
	errno = -c->result;
	return -1;
}

int ec_watch(ec_t ec, unsigned int type, int fd, uint32_t events, unsigned int flags,
	     uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = (__u16)type, .flags = flags, .events = events,
		.data = data, .args = { (__u64)fd },
	};

	return ec_change(ec, &c);
}

int ec_unwatch(ec_t ec, unsigned int type, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_DEL, .type = (__u16)type, .args = { (__u64)fd },
	};

	return ec_change(ec, &c);
}

int ec_timer(ec_t ec, uint64_t id, clockid_t clock, uint64_t first_ns,
	     uint64_t period_ns, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = EVCHAN_TIMER, .id = id, .data = data,
		.args = { (__u64)clock, first_ns, period_ns },
	};

	return ec_change(ec, &c);
}

int ec_watch_signal(ec_t ec, uint64_t sig, unsigned int flags, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = EVCHAN_SIGNAL, .flags = flags, .id = sig,
		.data = data,
	};

	return ec_change(ec, &c);
}

int ec_watch_process(ec_t ec, int pidfd, uint64_t data)
{
	return ec_watch(ec, EVCHAN_PROCESS, pidfd, EVCHAN_EXITED, 0, data);
}

/*
 * A sigevent as the kernel expects it, with the descriptor first in the union. The C
 * library need not know SIGEV_EVCHAN.
 */
static struct sigevent channel_event(ec_t ec, uintptr_t data)
{
	struct sigevent ev = { .sigev_notify = SIGEV_EVCHAN };

	ev.sigev_value.sival_ptr = (void *)data;
	memcpy(&ev._sigev_un, &ec->fd, sizeof(ec->fd));
	return ev;
}

int ec_timer_create(ec_t ec, clockid_t clock, uintptr_t data, timer_t *timer)
{
	struct sigevent ev = channel_event(ec, data);
	int id;

	if (syscall(SYS_timer_create, clock, &ev, &id))
		return -1;
	/* The C library represents a timer without a thread by its kernel id. */
	*timer = (timer_t)(intptr_t)id;
	return 0;
}

int ec_mq_notify(ec_t ec, int mq, uintptr_t data)
{
	struct sigevent ev = channel_event(ec, data);

	return (int)syscall(SYS_mq_notify, mq, &ev);
}

int ec_user(ec_t ec, uint64_t id, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = EVCHAN_USER, .id = id, .data = data,
	};

	return ec_change(ec, &c);
}

int ec_post(ec_t ec, uint64_t id, uint64_t value)
{
	struct evchan_change c = {
		.op = EVCHAN_POST, .type = EVCHAN_USER, .id = id, .args = { value },
	};

	return ec_change(ec, &c);
}

int ec_watch_path(ec_t ec, uint64_t id, const char *path, uint32_t mask, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = EVCHAN_INODE, .id = id, .events = mask,
		.data = data, .args = { (__u64)AT_FDCWD, (uintptr_t)path },
	};

	return ec_change(ec, &c);
}

int ec_watch_futex(ec_t ec, uint64_t id, uint32_t *word, uint32_t value, uint64_t data)
{
	struct evchan_change c = {
		.op = EVCHAN_SET, .type = EVCHAN_FUTEX, .id = id, .flags = EVCHAN_ONESHOT,
		.data = data,
		.args = { (uintptr_t)word, value, UINT32_MAX,
			  0x02 | FUTEX_PRIVATE_FLAG },	/* FUTEX2_SIZE_U32, _PRIVATE */
	};

	return ec_change(ec, &c);
}

int ec_remove(ec_t ec, unsigned int type, uint64_t id)
{
	struct evchan_change c = {
		.op = EVCHAN_DEL, .type = (__u16)type, .flags = EVCHAN_BY_ID, .id = id,
	};

	return ec_change(ec, &c);
}

int ec_give_back(ec_t ec, const event_data_t *d)
{
	struct evchan_change c = {
		.op = EVCHAN_POST, .type = d->type, .flags = EVCHAN_BY_ID, .id = d->id,
		.events = d->events, .args = { d->value, d->extra[0], d->extra[1] },
	};

	/* For other types the kernel uses the cookie of the registration. */
	if (d->type == EVCHAN_AIO)
		c.data = d->data;

	return ec_change(ec, &c);
}

int ec_hand_over(ec_t ec)
{
	return evchan_wait(ec->fd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0) < 0 ? -1 : 0;
}
