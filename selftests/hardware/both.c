// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread for each face, which hands the face's events to the handler of a hardware
 * path. The threads are stopped by an event too, so that neither sleeps on when the other
 * has finished.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hardware.h"

#define STOP	UINT32_MAX	/* the cookie of the event that stops a thread */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[FACES];
static handler handle;
static int pinned, done, late;

int both_told(struct readable *r, unsigned int face)
{
	r->told |= 1u << face;
	if (r->told != (1u << FACES) - 1)
		return 0;
	/* Clear this before the file is read: what arrives from now on is reported again. */
	r->told = 0;
	return 1;
}

static void stop(void)
{
	done = 1;
	for (unsigned int i = 0; i < FACES; i++)
		face_post(&faces[i], STOP, 0);
}

static void *consumer(void *arg)
{
	struct face *f = arg;
	struct got g;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(pinned < 0 ? 0 : pinned, &set);
	if (pinned >= 0 && sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor %d", pinned);
	__atomic_store_n(&f->tid, gettid(), __ATOMIC_RELEASE);
	for (;;) {
		uint64_t asleep = now_ns();
		int come = face_next(f, &g, PATIENCE_MS), over;

		if (come && g.data == STOP)
			break;
		/* An event that is found only at the timeout has not woken the thread. */
		come = come && now_ns() - asleep < PATIENCE_MS * 1000000ull;
		pthread_mutex_lock(&lock);
		over = done;
		if (!come && over) {
			pthread_mutex_unlock(&lock);
			break;
		}
		if (!come) {
			expect(0, "%s: not woken for %d s, and not all is there", f->name,
			       PATIENCE_MS / 1000);
			late = 1;
			stop();
		} else {
			f->events++;
			if (handle((unsigned int)(f - faces), &g) && !over)
				stop();
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

void both_start(handler event, int cpu)
{
	handle = event;
	pinned = cpu;
	done = late = 0;
	for (unsigned int i = 0; i < FACES; i++) {
		faces[i].tid = 0;
		face_user(&faces[i], STOP);
		if (pthread_create(&threads[i], NULL, consumer, &faces[i]))
			errx(1, "pthread_create");
	}
}

void both_join(const struct readable *watched, unsigned int n)
{
	for (unsigned int i = 0; i < FACES; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; late && i < n; i++) {
		int unread = 0;

		ioctl(watched[i].fd, FIONREAD, &unread);
		for (unsigned int f = 0; unread && f < FACES; f++)
			if (!(watched[i].told & 1u << f))
				note("%s did not say that source %u is readable", faces[f].name, i);
	}
}

void both_drain(handler event)
{
	struct got g;

	for (unsigned int i = 0; i < FACES; i++)
		while (face_next(&faces[i], &g, 0))
			if (g.data != STOP) {
				faces[i].events++;
				event(i, &g);
			}
}
