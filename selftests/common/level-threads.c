// SPDX-License-Identifier: GPL-2.0-only
/* Several threads ask at once for the event of one level-triggered source. */
#include "face-fixture.h"

enum { THREADS = 4, TURNS = 2000 };

struct asker {
	struct face *face;
	pthread_t thread;
	long ms;	/* how long to wait; 0: not at all */
	int missed;	/* calls that said that there is no event, or slept although it held */
};

/* Take the event. Return: 1, or what the call returned instead. */
static int take_one(struct face *f, long ms)
{
	unsigned int min = ms ? 1 : 0;
	struct evchan_event e;
	struct ukevent uk;
	int n;

	if (f->kind != EVCHAN)
		return get_events(&f->q, min, 1, ms, &uk);
	do {
		n = wait_events(&f->c, min, ms);
	} while (n > 0 && !take(&f->c, &e));
	return n > 0 ? 1 : n;
}

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct timespec begin, end;

	for (int i = 0; i < TURNS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &begin);
		a->missed += take_one(a->face, a->ms) != 1;
		clock_gettime(CLOCK_MONOTONIC, &end);
		a->missed += end.tv_sec - begin.tv_sec >= LONG_MS / 1000 - 1;
	}
	return NULL;
}

/*
 * The condition holds all the time, so no call may say that there is no event, nor sleep until
 * its time is over: neither while another thread polls the condition, nor after another thread
 * has taken the event.
 */
TEST_F(face, level_holds_for_every_thread)
{
	struct asker askers[THREADS] = {};
	int fd = eventfd(1, 0);

	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, LEVEL, 1), 0);
	for (int i = 0; i < THREADS; i++) {
		askers[i].face = self;
		askers[i].ms = i % 2 ? LONG_MS : 0;
		ASSERT_EQ(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		EXPECT_EQ(askers[i].missed, 0);
	}
	close(fd);
}

TEST_HARNESS_MAIN
