/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that sleep in the call that waits, through every face, and take one event each. */
#ifndef SELFTESTS_SLEEPERS_H
#define SELFTESTS_SLEEPERS_H

#include "face.h"

struct sleeper {
	pthread_t thread;
	struct face *f;
	struct ukevent *buffer;	/* of kevent: where to copy the events; NULL: to @own */
	unsigned int max;	/* of kevent: fetch no more than this */
	struct ukevent own;
	struct got got;
	pid_t tid;
	int ret;		/* how many events it took, or a negative errno */
};

static inline void *sleep_for_event(void *arg)
{
	struct sleeper *s = arg;
	struct evchan_event e;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	if (s->f->kind == EVCHAN) {
		do {
			s->ret = wait_events(&s->f->c, 1, -1);
		} while (s->ret > 0 && !take(&s->f->c, &e));
		if (s->ret > 0)
			from_evchan_event(&s->got, &e);
	} else {
		s->ret = get_events(&s->f->q, 1, s->max ?: 1, UINT32_MAX, s->buffer ?: &s->own);
		if (s->ret > 0)
			from_ukevent(&s->got, s->buffer ?: &s->own);
	}
	return NULL;
}

/* Start a thread; returns 0 once it sleeps in the call, or -1. */
static inline int start_sleeper(struct sleeper *s, struct face *f)
{
	s->f = f;
	if (pthread_create(&s->thread, NULL, sleep_for_event, s))
		return -1;
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_asleep(s->tid, f->kind == EVCHAN ? NR_EVCHAN_WAIT : NR_KEVENT_GET_EVENTS);
}

/* Wait until the thread has ended; 0, or -1 if it does not. */
static inline int await_sleeper(struct sleeper *s)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += LONG_MS / 1000;
	return pthread_timedjoin_np(s->thread, NULL, &end) ? -1 : 0;
}

#endif
