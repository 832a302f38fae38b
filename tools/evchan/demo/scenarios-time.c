// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with timers. Each timer must have fired once for every
 * period that passed, by the clock, whenever its events were looked at.
 */
#include <err.h>
#include <time.h>

#include "demo.h"

#define TIMERS	3
#define TICKS	60	/* of the slowest */
#define NOT_LOOKING	10	/* of these nobody takes events for so long */
#define LOOKS	9

static const uint64_t period[TIMERS] = { 3000000, 7000000, 20000000 };

/* When each was started: after the one and before the other. */
static uint64_t before[TIMERS], after[TIMERS];

static struct timespec timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
}

/* Take what is there; what was due before that, and what can have been after. */
static unsigned long long account(struct tally *t, uint64_t *got,
				  uint64_t (*expirations)(const struct happened *h))
{
	uint64_t stop = now_ns(), end;
	struct happened h;

	while (next_there(&h))
		got[h.data] += expirations(&h);
	end = now_ns();
	*t = (struct tally){ 0 };
	for (int i = 0; i < TIMERS; i++) {
		uint64_t most = (end - before[i]) / period[i];
		uint64_t least = (stop - after[i]) / period[i];
		uint64_t right = got[i] > most ? most : got[i] < least ? least : got[i];

		t->expected += right;
		t->delivered += got[i];
		t->disordered += right != got[i];
	}
	return t->disordered;
}

/*
 * An interrupt may be late, on a processor that does not run just now, and is there
 * at the next look: most looks count. What is lost is missing in all of them, and
 * hidden in those where a timer's start is not known well enough.
 */
static void count_periods(struct tally *t, uint64_t (*expirations)(const struct happened *h))
{
	struct tally right = { 0 }, wrong = { 0 };
	uint64_t got[TIMERS] = { 0 };
	struct happened h;
	int good = 0;

	while (got[TIMERS - 1] < TICKS && next_event(&h))
		got[h.data] += expirations(&h);
	for (int i = 0; i < LOOKS; i++) {
		struct tally look;

		if (account(&look, got, expirations)) {
			wrong = look;
		} else {
			right = look;
			good++;
		}
		if (next_event(&h))
			got[h.data] += expirations(&h);
	}
	*t = good > LOOKS / 2 ? right : wrong;
}

static uint64_t of_timer(const struct happened *h)
{
	return h->count;
}

void timers(struct tally *t)
{
	for (int i = 0; i < TIMERS; i++) {
		before[i] = now_ns();
		face->watch(SRC_TIMER, period[i], (uint64_t)i);
		after[i] = now_ns();
	}
	count_periods(t, of_timer);
}

static unsigned long long overruns;

/* Its event stands for one expiration, and for those that had none. */
static uint64_t of_posix_timer(const struct happened *h)
{
	overruns += (uint64_t)h->value;
	return 1 + (uint64_t)h->value;
}

void posix_timers(struct tally *t)
{
	timer_t timer[TIMERS];

	overruns = 0;
	for (int i = 0; i < TIMERS; i++) {
		struct itimerspec its = { timespec(period[i]), timespec(period[i]) };

		face->posix_timer(CLOCK_MONOTONIC, (uint64_t)i, &timer[i]);
		before[i] = now_ns();
		if (timer_settime(timer[i], 0, &its, NULL))
			err(1, "timer_settime");
		after[i] = now_ns();
	}
	/* Until the ring is full and what expires then is counted. */
	struct timespec until = timespec(after[TIMERS - 1] + NOT_LOOKING * period[TIMERS - 1]);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		;
	count_periods(t, of_posix_timer);
	must_show(t, "an overrun", overruns);
	for (int i = 0; i < TIMERS; i++)
		timer_delete(timer[i]);
}
