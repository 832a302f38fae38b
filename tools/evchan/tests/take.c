// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's inline functions that take events, with a ring in plain memory that this
 * program fills by the kernel's half of the protocol: no kernel is needed.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evchan.h"

#define ENTRIES 8

static struct evchan_ring_header header;
static struct evchan_event slots[ENTRIES];
static struct evchan chan = {
	&header, slots, slots + ENTRIES, ENTRIES - 1, 3, -1, 0, 1ULL << 32
};
static int single;	/* the channel has EVCHAN_SINGLE_CONSUMER */
static uint64_t tail;
static int n, bad;

static void check(int good, const char *name)
{
	bad |= !good;
	printf("%sok %d libevchan.%s%s\n", good ? "" : "not ", ++n, name,
	       single ? "_single" : "");
}

static void reset(uint64_t start)
{
	memset(&header, 0, sizeof(header));
	memset(slots, 0, sizeof(slots));
	tail = start;
	header.head = start;
	for (uint64_t p = start; p < start + ENTRIES; p++)
		slots[p % ENTRIES].lap = (uint32_t)(p >> 3);
}

/* Reserve and publish a slot, as kernel/evchan/ring.c does; 0 if the ring is full. */
static int post(uint64_t value, uint32_t events)
{
	struct evchan_event *slot = &slots[tail % ENTRIES];
	uint32_t lap = (uint32_t)(tail >> 3) + 1;

	if (single ? tail - header.head == ENTRIES :
		     __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != (uint64_t)(lap - 1) << 32)
		return 0;
	slot->value = value;
	slot->data = ~value;
	__atomic_store_n(&slot->state, (uint64_t)lap << 32 | events, __ATOMIC_RELEASE);
	tail++;
	return 1;
}

static void order(void)
{
	event_data_t d;
	int good = !ec_take(&chan, &d);

	for (uint64_t i = 0; i < 100; i++) {
		good &= post(i, 1) && post(1000 + i, 2);
		good &= ec_take(&chan, &d) && d.value == i && d.events == 1;
		good &= ec_take(&chan, &d) && d.value == 1000 + i && d.events == 2;
		good &= !ec_take(&chan, &d) && header.head == tail;
	}
	check(good, "take_in_order");
}

static void full(void)
{
	event_data_t d;
	int good = 1;

	for (int i = 0; i < ENTRIES; i++)
		good &= post(i, 1);
	good &= !post(99, 1);
	for (int i = 0; i < ENTRIES; i++)
		good &= ec_take(&chan, &d) && d.value == (uint64_t)i;
	check(good && !ec_take(&chan, &d) && post(1, 1), "full_ring");
}

static void cursor(void)
{
	struct ec_cursor at;
	event_data_t d;
	int good = 1;

	for (int round = 0; round < 3 * ENTRIES; round++) {
		for (int i = 0; i < ENTRIES - 1; i++)
			good &= post(i, 1);
		at = ec_begin(&chan);
		for (int i = 0; i < ENTRIES - 1; i++)
			good &= ec_next(&chan, &at, &d) && d.value == (uint64_t)i;
		good &= !ec_next(&chan, &at, &d);
		ec_end(&chan, &at);
		good &= header.head == tail;
	}
	check(good, "several_in_a_row");
}

/* Events that the kernel has withdrawn are passed, also at both ends of the ring. */
static void withdrawn(void)
{
	event_data_t d;
	int good = 1;

	for (uint64_t round = 0; round < 3 * ENTRIES; round++) {
		for (int i = 0; i < 5; i++)
			good &= post(i, 1);
		for (uint64_t p = tail - 5; p < tail; p += 2)
			slots[p % ENTRIES].events = 0;
		good &= ec_take(&chan, &d) && d.value == 1;
		good &= ec_take(&chan, &d) && d.value == 3;
		good &= !ec_take(&chan, &d);
		if (single)
			good &= header.head == tail && header.claimed == tail;
	}
	check(good, "withdrawn");
}

static void stale_head(void)
{
	event_data_t d;
	int good = 1;

	for (int i = 0; i < ENTRIES + 3; i++) {
		good &= post(i, 1);
		good &= ec_take(&chan, &d);
	}
	header.head = 5;	/* as a consumer that died leaves it */
	good &= post(77, 1) && ec_take(&chan, &d) && d.value == 77;
	check(good && header.head == tail, "stale_head");
}

/* A consumer that was stopped before it stored the head stores a value from laps ago. */
static void head_laps_behind(void)
{
	event_data_t d;
	int good = 1;

	for (int i = 0; i < 20 * ENTRIES + 3; i++)
		good &= post(i, 1) && ec_take(&chan, &d);
	header.head = 2;
	good &= !ec_take(&chan, &d);
	for (int i = 0; i < ENTRIES; i++) {
		good &= post(i, 1);
		header.head = 2;
		good &= ec_take(&chan, &d) && d.value == (uint64_t)i && header.head == tail;
	}
	check(good, "head_laps_behind");
}

static void lap_wrap(void)
{
	event_data_t d;
	int good = 1;

	reset(((uint64_t)0xffffffff << 3) - 4);
	for (int i = 0; i < 40; i++)
		good &= post(i, 1) && ec_take(&chan, &d) && d.value == (uint64_t)i;
	check(good, "lap_wrap");
}

static void hostile(void)
{
	unsigned int seed = 1;
	event_data_t d;

	for (int round = 0; round < 20000; round++) {
		for (int i = 0; i < ENTRIES; i++)
			slots[i].state = (uint64_t)rand_r(&seed) << 33 ^ (uint64_t)rand_r(&seed);
		header.head = (uint64_t)rand_r(&seed) << 20;
		ec_take(&chan, &d);
	}
	check(1, "hostile_ring_ends");
}

#define POSTS 20000
#define THREADS 3
static unsigned char seen[POSTS];
static int taken, wrong;

static void *consumer(void *arg)
{
	event_data_t d;

	(void)arg;
	while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < POSTS) {
		if (!ec_take(&chan, &d)) {
			sched_yield();
			continue;
		}
		if (d.data != ~d.value || __atomic_exchange_n(&seen[d.value], 1, __ATOMIC_RELAXED))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void consumers(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, consumer, NULL);
	for (uint64_t i = 0; i < POSTS; )
		if (post(i, 1))
			i++;
		else
			sched_yield();
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	check(taken == POSTS && !wrong, "consumers_take_each_once");
}

int main(void)
{
	printf("TAP version 13\n1..15\n");
	for (single = 0; single < 2; single++) {
		chan.first = 1ULL << 32 | (single ? EC_SINGLE : 0);
		reset(0);
		order();
		reset(0);
		full();
		reset(0);
		cursor();
		reset(0);
		withdrawn();
		lap_wrap();
		reset(0);
		hostile();
	}
	single = 0;
	chan.first = 1ULL << 32;
	reset(0);
	stale_head();
	reset(0);
	head_laps_behind();
	reset(0);
	consumers();
	return bad;
}
