// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads that sleep in one call each. One that has returned from its call says so
 * and then sleeps for good, so that nothing but the call and its end is measured.
 */
#include <pthread.h>
#include <unistd.h>

#include "latency.h"

#define STACK_SIZE	16384
/* After the last one has begun, until all sleep; in steps while they wake up. */
#define SETTLE_US	100000
#define STEP_US		1000

static void (*sleep_in)(unsigned int i);
static unsigned int begun, woken;

static void *one(void *arg)
{
	__atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
	sleep_in((unsigned int)(uintptr_t)arg);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

/* Start @n threads; returns when all of them sleep in @sleep. */
void crowd_start(unsigned int n, void (*sleep)(unsigned int i))
{
	pthread_attr_t attr;
	pthread_t thread;

	sleep_in = sleep;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (unsigned int i = 0; i < n; i++)
		if (pthread_create(&thread, &attr, one, (void *)(uintptr_t)i))
			fail("no more than %u threads", i);
	while (__atomic_load_n(&begun, __ATOMIC_SEQ_CST) < n)
		usleep(STEP_US);
	usleep(SETTLE_US);
}

/* Wait until @n of them have returned from their call. */
void crowd_await(unsigned int n)
{
	for (unsigned int i = 0; __atomic_load_n(&woken, __ATOMIC_SEQ_CST) < n; i++) {
		if (i == 10000)
			fail("only %u of %u threads were woken", woken, n);
		usleep(STEP_US);
	}
}
