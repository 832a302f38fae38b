// SPDX-License-Identifier: GPL-2.0-only
/*
 * A source of a round and its registrations, each of which has its own generation. Callers
 * must hold the source's lock to change the registration.
 */
#include <errno.h>
#include <string.h>

#include "torture.h"

int source_begin(struct source *s, unsigned int index, const struct kind *kind,
		 uint64_t *seed)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	s->index = index;
	s->kind = kind;
	s->fd = s->wfd = -1;
	/* kevent identifies a timer by its period, so all periods must differ. */
	s->period = (2 + pick(seed, 10)) * 1000000ULL + index * 1000;
	s->keep = one_in(seed, 2);
	do {
		s->mode = (enum mode)pick(seed, 3);
	} while (!(kind->modes & 1U << s->mode));
	return kind->open(s);
}

void source_end(struct source *s)
{
	s->kind->close(s);
	pthread_mutex_destroy(&s->lock);
}

/* Start a new generation. Its events cannot come before this. Return: its cookie. */
static uint64_t begin(struct source *s)
{
	s->gen++;
	s->begin[s->gen] = now_ns();
	return cookie_of(s, s->gen);
}

static void began(struct source *s)
{
	__atomic_store_n(&s->sent_at[s->gen], __atomic_load_n(&s->sent, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELAXED);
	s->began[s->gen] = now_ns();
}

static void ended(struct source *s, uint32_t gen)
{
	s->end[gen] = now_ns();
	__atomic_store_n(&s->dead[gen], __atomic_add_fetch(&world->epoch, 1, __ATOMIC_SEQ_CST),
			 __ATOMIC_RELEASE);
}

int source_add(struct source *s)
{
	uint64_t cookie;
	int ret;

	if (s->gen + 1 >= MAX_GENS)
		return -1;
	cookie = begin(s);
	ret = s->kind->add ? s->kind->add(s, cookie) : queue_add(s, cookie);
	if (ret < 0) {
		complain(s, "adding the registration failed: %s", strerror(-ret));
		return -1;
	}
	began(s);
	s->there = true;
	return 0;
}

int source_del(struct source *s)
{
	int ret = s->kind->del ? s->kind->del(s) : queue_del(s);

	s->there = false;
	__atomic_add_fetch(&world->deletes, 1, __ATOMIC_RELAXED);
	/* kevent removes a oneshot request when it delivers the event: ENOENT is no fault. */
	if (ret == -ENOENT && s->mode == ONESHOT && !world->ec && !s->keep)
		return 0;
	if (ret < 0) {
		complain(s, "deleting the registration failed: %s", strerror(-ret));
		return -1;
	}
	ended(s, s->gen);
	return 0;
}

int source_mod(struct source *s)
{
	uint32_t old = s->gen;
	uint64_t cookie;
	int ret;

	if (s->kind->no_modify || s->gen + 1 >= MAX_GENS)
		return -1;
	if (!world->ec && s->mode == ONESHOT && !s->keep)
		return -1;
	cookie = begin(s);
	ret = queue_mod(s, cookie);
	if (ret < 0) {
		complain(s, "modifying the registration failed: %s", strerror(-ret));
		return -1;
	}
	began(s);
	ended(s, old);
	return 0;
}
