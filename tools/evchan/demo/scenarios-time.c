// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with timers. Whenever its events are counted, each timer must have
 * expired once for every period that passed by the clock.
 */
#include <err.h>
#include <time.h>

#include "demo.h"

#define TIMERS	3
#define TICKS	60	/* expirations of the slowest timer */
#define NOT_LOOKING	10	/* periods of the slowest timer without taking events */
#define LOOKS	9

static const uint64_t period[TIMERS] = { 3000000, 7000000, 20000000 };

/* Each timer was started at some time between these two. */
static uint64_t before[TIMERS], after[TIMERS];

static struct timespec timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
}

/*
 * Take all events, and compare the expirations with the least and the largest number that
 * the clock allows. Return: the number of timers that are wrong.
 */
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
 * An interrupt may be late, if the host does not run that processor of the guest. Its
 * expiration is then counted the next time. So count several times and use the majority:
 * an expiration that is lost is missing every time, except where the start of the timer is
 * not known well enough to tell.
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

/* An event stands for one expiration and for the overruns. */
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
	/* Sleep until the ring is full and further expirations count as overruns. */
	struct timespec until = timespec(after[TIMERS - 1] + NOT_LOOKING * period[TIMERS - 1]);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		;
	count_periods(t, of_posix_timer);
	must_show(t, "an overrun", overruns);
	for (int i = 0; i < TIMERS; i++)
		timer_delete(timer[i]);
}
