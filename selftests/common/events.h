/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all tests share: the bare system calls, independent of the libraries; a consumer of
 * the channel's ring; and helpers that wait for a condition. It does not need the harness.
 */
#ifndef SELFTESTS_EVENTS_H
#define SELFTESTS_EVENTS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <linux/time_types.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_KEVENT_INIT		560
#define NR_KEVENT_CTL		561
#define NR_KEVENT_GET_EVENTS	562
#define NR_KEVENT_WAIT		563
#define NR_KEVENT_COMMIT	564
#define NR_EVCHAN_CREATE	565
#define NR_EVCHAN_CTL		566
#define NR_EVCHAN_WAIT		567

/* Longer than anything takes in a slow guest, shorter than a test's own limit. In ms. */
#define LONG_MS	10000

static inline struct __kernel_timespec from_ms(long ms)
{
	return (struct __kernel_timespec){ ms / 1000, ms % 1000 * 1000000LL };
}

/* The absolute time @ms from now. */
static inline struct __kernel_timespec at_ms(clockid_t clock, long ms)
{
	struct timespec now;

	clock_gettime(clock, &now);
	now.tv_nsec += ms % 1000 * 1000000L;
	return (struct __kernel_timespec){ now.tv_sec + ms / 1000 + now.tv_nsec / 1000000000L,
					   now.tv_nsec % 1000000000L };
}

static inline int raise_eventfd(int fd)
{
	uint64_t one = 1;

	return write(fd, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

static inline uint64_t read_eventfd(int fd)
{
	uint64_t v;

	return read(fd, &v, sizeof(v)) == sizeof(v) ? v : 0;
}

/* Counter @name of /proc/self/fdinfo/@fd, or -1 if there is no such line. */
static inline long long counter(int fd, const char *name)
{
	char path[64], line[256];
	long long value = -1;
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = strtoll(line + len + 1, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	int ret = fd < 0 || write(fd, text, strlen(text)) < 0;

	close(fd);
	return ret;
}

/* Wait until a thread sleeps in system call @nr; returns 0, or -1 if it never does. */
static inline int wait_asleep(pid_t tid, long nr)
{
	for (int i = 0; i < LONG_MS; i++) {
		struct timespec pause = { 0, 1000000 };
		char path[64], line[256] = "", state[256] = "";
		long in = -1;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
		f = fopen(path, "r");
		if (!f) {
			snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
			f = fopen(path, "r");
		}
		if (f && fgets(line, sizeof(line), f) && sscanf(line, "%ld", &in) == 1 &&
		    in == nr) {
			fclose(f);
			return 0;
		}
		if (f)
			fclose(f);
		/*
		 * If that file cannot be read, take a thread that has slept for a while as good
		 * enough.
		 */
		snprintf(path, sizeof(path), "/proc/%d/stat", tid);
		f = fopen(path, "r");
		if (f && fgets(state, sizeof(state), f)) {
			char *p = strrchr(state, ')');

			if (p && p[2] == 'S' && access("/proc/self/syscall", R_OK) && i > 20) {
				fclose(f);
				return 0;
			}
		}
		if (f)
			fclose(f);
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* --- event channel --- */

struct channel {
	int fd;
	struct evchan_params params;
	struct evchan_ring_header *header;
	struct evchan_event *events;
	uint64_t head;
};

static inline int channel_map(struct channel *c)
{
	void *map = mmap(NULL, c->params.map_length, PROT_READ | PROT_WRITE, MAP_SHARED,
			 c->fd, c->params.map_offset);

	if (map == MAP_FAILED)
		return -1;
	c->header = map;
	c->events = (void *)((char *)map + c->params.events_offset);
	return 0;
}

static inline int channel_open_params(struct channel *c, const struct evchan_params *params)
{
	memset(c, 0, sizeof(*c));
	c->params = *params;
	c->fd = syscall(NR_EVCHAN_CREATE, &c->params, sizeof(c->params));
	return c->fd < 0 ? -1 : channel_map(c);
}

static inline int channel_open(struct channel *c, unsigned int entries, unsigned int flags)
{
	struct evchan_params params = { .entries = entries, .flags = flags };

	return channel_open_params(c, &params);
}

static inline void channel_close(struct channel *c)
{
	munmap(c->header, c->params.map_length);
	close(c->fd);
}

/*
 * take() for a channel with EVCHAN_SINGLE_CONSUMER. @pause, unless it is NULL, is called at
 * each point where the kernel may change something.
 */
static inline int take_single(struct channel *c, struct evchan_event *e, void (*pause)(void *),
			      void *arg)
{
	uint64_t pos = c->header->head, mask = c->params.entries - 1;
	unsigned int order = __builtin_ctz(c->params.entries);

	for (;;) {
		struct evchan_event *slot = &c->events[pos & mask];
		uint32_t lap = (uint32_t)(pos >> order) + 1;
		uint64_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);

		if (state >> 32 != lap)
			return 0;
		if (pause)
			pause(arg);
		__atomic_exchange_n(&c->header->claimed, ++pos, __ATOMIC_SEQ_CST);
		state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		if (pause)
			pause(arg);
		*e = *slot;
		e->state = state;
		__atomic_store_n(&c->header->head, pos, __ATOMIC_RELEASE);
		if ((uint32_t)state)
			return 1;
	}
}

/*
 * Take one event; returns 1, or 0 if the ring has none. Several threads may call this, unless
 * the channel has EVCHAN_SINGLE_CONSUMER.
 */
static inline int take(struct channel *c, struct evchan_event *e)
{
	uint64_t mask = c->params.entries - 1;
	unsigned int order = __builtin_ctz(c->params.entries);
	uint64_t pos = __atomic_load_n(&c->header->head, __ATOMIC_RELAXED), hint = pos;

	if (c->params.flags & EVCHAN_SINGLE_CONSUMER)
		return take_single(c, e, NULL, NULL);
	for (;;) {
		struct evchan_event *slot = &c->events[pos & mask];
		uint32_t lap = (uint32_t)(pos >> order) + 1;
		uint64_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
		int32_t ahead = (int32_t)((uint32_t)(state >> 32) - lap);

		if (ahead < 0)
			return 0;
		if (ahead > 0 || !(uint32_t)state) {
			pos++;
			continue;
		}
		*e = *slot;
		e->state = state;
		if (!__atomic_compare_exchange_n(&slot->state, &state, (uint64_t)lap << 32, 0,
						 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		pos++;
		while ((int64_t)(pos - hint) > 0 &&
		       !__atomic_compare_exchange_n(&c->header->head, &hint, pos, 0,
						    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			;
		return 1;
	}
}

/* Apply one change; returns its result, or the call's negative errno. */
static inline int change(struct channel *c, struct evchan_change *ch)
{
	ch->result = 0;
	if (syscall(NR_EVCHAN_CTL, c->fd, ch, 1, sizeof(*ch), 0) < 0)
		return -errno;
	return ch->result;
}

/* The entry that removes what @ch registers: it has the name of the source and nothing else. */
static inline struct evchan_change removal(const struct evchan_change *ch)
{
	struct evchan_change del = { .op = EVCHAN_DEL, .type = ch->type };

	if (ch->type == EVCHAN_POLL || ch->type == EVCHAN_SOCKET || ch->type == EVCHAN_PIPE ||
	    ch->type == EVCHAN_PROCESS)
		del.args[0] = ch->args[0];
	else
		del.id = ch->id;
	return del;
}

static inline int watch(struct channel *c, int op, int type, int fd, uint32_t events,
			uint32_t flags, uint64_t data)
{
	struct evchan_change ch = {
		.op = op, .type = type, .flags = flags, .events = events, .data = data,
		.args = { (uint64_t)fd },
	};

	return change(c, &ch);
}

static inline int wait_events(struct channel *c, unsigned int min, long ms)
{
	struct __kernel_timespec ts = from_ms(ms);
	int ret = syscall(NR_EVCHAN_WAIT, c->fd, min, 0, ms < 0 ? NULL : &ts, NULL, 8);

	return ret < 0 ? -errno : ret;
}

/* --- kevent --- */

struct queue {
	int fd;
	unsigned int num;
	unsigned int uidx;
	size_t length;
	struct kevent_ring *ring;
};

static inline int queue_open(struct queue *q, unsigned int num, unsigned int flags)
{
	memset(q, 0, sizeof(*q));
	q->num = num;
	q->fd = syscall(NR_KEVENT_INIT, NULL, num, flags);
	if (q->fd < 0)
		return -1;
	if (!num)
		return 0;
	q->length = (sizeof(*q->ring) + num * sizeof(struct ukevent) + 4095) & ~4095UL;
	q->ring = mmap(NULL, q->length, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	return q->ring == MAP_FAILED ? -1 : 0;
}

/* Create a queue whose ring is in the caller's own memory. */
static inline int queue_open_own(struct queue *q, unsigned int num, void *memory)
{
	memset(q, 0, sizeof(*q));
	q->num = num;
	q->ring = memory;
	q->fd = syscall(NR_KEVENT_INIT, memory, num, 0);
	return q->fd < 0 ? -1 : 0;
}

static inline void queue_close(struct queue *q)
{
	if (q->length)
		munmap(q->ring, q->length);
	close(q->fd);
}

static inline struct ukevent request(uint32_t type, int fd, uint32_t event,
				     uint32_t req_flags, uint32_t user)
{
	return (struct ukevent){ .id.raw = { (uint32_t)fd }, .type = type, .event = event,
				 .req_flags = req_flags, .user = { user } };
}

static inline int ctl(struct queue *q, unsigned int cmd, struct ukevent *uk, unsigned int n)
{
	int ret = syscall(NR_KEVENT_CTL, q->fd, cmd, n, uk);

	return ret < 0 ? -errno : ret;
}

static inline int get_events(struct queue *q, unsigned int min, unsigned int max,
			     unsigned int ms, struct ukevent *buf)
{
	int ret = syscall(NR_KEVENT_GET_EVENTS, q->fd, min, max, ms, buf, 0);

	return ret < 0 ? -errno : ret;
}

static inline int queue_wait(struct queue *q, unsigned int num, unsigned int uidx, long ms)
{
	struct __kernel_timespec ts = from_ms(ms);
	int ret = syscall(NR_KEVENT_WAIT, q->fd, num, uidx, ms < 0 ? NULL : &ts, 0);

	return ret < 0 ? -errno : ret;
}

static inline int commit(struct queue *q, unsigned int uidx, unsigned int over)
{
	int ret = syscall(NR_KEVENT_COMMIT, q->fd, uidx, over);

	return ret < 0 ? -errno : ret;
}

/* Entry @n of those that are not committed yet. */
static inline struct ukevent *ring_entry(struct queue *q, unsigned int n)
{
	return &q->ring->event[(q->uidx + n) % q->num];
}

/*
 * Commit the first @n entries; returns how many slots that freed, or a negative errno. The
 * entry at the current index is not freed, so a full ring takes two commits.
 */
static inline int commit_entries(struct queue *q, unsigned int n)
{
	unsigned int part = n == q->num ? 1 : n;
	int done = 0, ret;

	for (; n; n -= part, part = n) {
		ret = commit(q, (q->uidx + part) % q->num,
			     __atomic_load_n(&q->ring->ring_over, __ATOMIC_ACQUIRE));
		if (ret < 0)
			return ret;
		q->uidx = (q->uidx + part) % q->num;
		done += ret;
	}
	return done;
}

#endif
