// SPDX-License-Identifier: GPL-2.0-only
/*
 * hrtimer interrupts: periodic timers of both faces. By the clock, each must have expired
 * once for every period that has passed.
 *
 * An interrupt may be late, so the time alone does not show that a timer has expired.
 * Therefore all timers are armed on processor 0, which runs them in the order in which they
 * are due. The sleep of the thread that counts at the end is a timer of processor 0 too:
 * whatever was due before it has expired when the thread wakes.
 */
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "hardware.h"

static struct timer {
	uint64_t period, before, after;	/* armed between before and after */
	uint64_t got, events;
} *timers;
static unsigned int each;
static uint64_t until;

static int event(unsigned int face, const struct got *g)
{
	struct timer *t = &timers[face * each + g->data];

	if (g->data >= each || !g->count) {
		expect(0, "%s: an event of timer %llu with %llu expirations", face_name(&faces[face]),
		       (unsigned long long)g->data, (unsigned long long)g->count);
		return 0;
	}
	t->got += g->count;
	t->events++;
	return now_ns() >= until;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Take what was due by @stop; more may have become due meanwhile. */
static void take_due(uint64_t stop)
{
	for (unsigned int f = 0; f < FACES; f++) {
		struct got g;
		unsigned int behind;

		do {
			behind = 0;
			for (struct timer *t = &timers[f * each]; t < &timers[(f + 1) * each]; t++)
				behind += t->got < (stop - t->after) / t->period;
			if (!behind || !next_event(f, &g, 0))
				break;
			if (g.data < each)
				event(f, &g);
		} while (1);
	}
}

void path_timer(const struct load *l)
{
	cpu_set_t first, anywhere;
	uint64_t irqs = interrupts("LOC", -1), start = now_ns(), stop, expired = 0, events = 0, most_events = 0;

	each = l->timers;
	timers = calloc((size_t)FACES * each, sizeof(*timers));
	if (!timers)
		err(1, "calloc");
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_getaffinity(0, sizeof(anywhere), &anywhere) ||
	    sched_setaffinity(0, sizeof(first), &first) || prctl(PR_SET_TIMERSLACK, 1))
		err(1, "processor 0");
	faces_open();
	for (unsigned int i = 0; i < FACES * each; i++) {
		struct timer *t = &timers[i];

		/*
		 * Spread the timers in time, and in period: in kevent the period identifies the
		 * timer.
		 */
		sleep_until(start + i * l->period_ns / (FACES * each));
		t->period = l->period_ns + (uint64_t)i * 1000;
		t->before = now_ns();
		checked(&faces[i / each], face_timer(&faces[i / each], t->period, i % each),
			"adding a timer");
		t->after = now_ns();
	}
	until = now_ns() + l->timer_seconds * 1000000000ull;
	/* By then all timers have expired, and the rings are full. */
	sleep_until(now_ns() + 2 * l->period_ns);
	if (sched_setaffinity(0, sizeof(anywhere), &anywhere))
		err(1, "processors");
	both_start(event, -1);
	both_join(NULL, 0);
	if (sched_setaffinity(0, sizeof(first), &first))
		err(1, "processor 0");
	stop = now_ns() + l->period_ns;
	sleep_until(stop);
	take_due(stop);
	uint64_t end = now_ns();

	if (sched_setaffinity(0, sizeof(anywhere), &anywhere))
		err(1, "processors");
	irqs = interrupts("LOC", -1) - irqs;
	for (unsigned int i = 0; i < FACES * each; i++) {
		const struct timer *t = &timers[i];
		uint64_t least = (stop - t->after) / t->period, most = (end - t->before) / t->period;

		expect(t->got >= least && t->got <= most, "%s: timer %u: %llu expirations, not %llu to %llu",
		       face_name(&faces[i / each]), i % each, (unsigned long long)t->got,
		       (unsigned long long)least, (unsigned long long)most);
		expired += t->got;
		events += t->events;
		if (t->events > most_events)
			most_events = t->events;
	}
	note("timer: %llu expirations in %llu events, %llu in a second; %llu interrupts of LOC, %llu in a second",
	     (unsigned long long)expired, (unsigned long long)events,
	     (unsigned long long)(expired * 1000000000ull / (end - start)), (unsigned long long)irqs,
	     (unsigned long long)(irqs * 1000000000ull / (end - start)));
	/* One interrupt runs a timer that is due again at once at most three times. */
	expect(irqs >= most_events / 3, "LOC: only %llu interrupts", (unsigned long long)irqs);
	faces_close(0);
	free(timers);
}
