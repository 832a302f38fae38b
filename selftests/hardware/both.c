// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both faces, opened and watched together, and one thread for each, which hands the face's
 * events to the handler of a hardware path. The threads are stopped by an event too, so that
 * neither sleeps on when the other has finished.
 */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hardware.h"

#define STOP	UINT32_MAX	/* the cookie of the event that stops a thread */

struct face faces[FACES] = { { .kind = EVCHAN }, { .kind = KEVENT_RING } };
struct consumer consumers[FACES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[FACES];
static handler handle;
static int pinned, done, late;

int checked(const struct face *f, int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	err(1, "%s: %s", face_name(f), what);
}

void faces_open(void)
{
	for (unsigned int i = 0; i < FACES; i++) {
		if (face_open(&faces[i]))
			err(1, "%s: opening", face_name(&faces[i]));
		consumers[i].events = 0;
	}
}

void faces_close(int may_fit)
{
	for (unsigned int i = 0; i < FACES; i++) {
		const char *name = face_name(&faces[i]);
		long long n = counter(face_fd(&faces[i]), "overflowed");

		note("%s: %lu events, %lld of them found the ring full", name,
		     consumers[i].events, n);
		expect(may_fit || n > 0, "%s: the ring of %d was never full", name, FACE_SLOTS);
		face_close(&faces[i]);
	}
}

void faces_watch(uint32_t type, int fd, uint32_t events, uint64_t data)
{
	for (struct face *f = faces; f < faces + FACES; f++)
		checked(f, face_watch(f, type, fd, events, EDGE, data), "watching");
}

int next_event(unsigned int face, struct got *g, int ms)
{
	return checked(&faces[face], face_next(&faces[face], g, ms), "waiting");
}

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
		checked(&faces[i], face_post(&faces[i], STOP, 0), "posting");
}

static void *consume(void *arg)
{
	struct consumer *c = arg;
	unsigned int face = (unsigned int)(c - consumers);
	struct got g;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(pinned < 0 ? 0 : pinned, &set);
	if (pinned >= 0 && sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor %d", pinned);
	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	for (;;) {
		uint64_t asleep = now_ns();
		int come = next_event(face, &g, PATIENCE_MS), over;

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
			expect(0, "%s: not woken for %d s, and not all is there",
			       face_name(&faces[face]), PATIENCE_MS / 1000);
			late = 1;
			stop();
		} else {
			c->events++;
			if (handle(face, &g) && !over)
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
		consumers[i].tid = 0;
		checked(&faces[i], face_user(&faces[i], STOP), "adding user events");
		if (pthread_create(&threads[i], NULL, consume, &consumers[i]))
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
				note("%s did not say that source %u is readable",
				     face_name(&faces[f]), i);
	}
}

void both_drain(handler event)
{
	struct got g;

	for (unsigned int i = 0; i < FACES; i++)
		while (next_event(i, &g, 0))
			if (g.data != STOP) {
				consumers[i].events++;
				event(i, &g);
			}
}
