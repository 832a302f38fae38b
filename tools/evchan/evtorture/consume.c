// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consumers: threads and processes that take events, write them into the log and handle
 * them. On an event channel, a consumer notes the event before the compare-and-swap that
 * takes it, so that the last event of a killed consumer is known.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "torture.h"

/* If the owner was killed, it may have read a message without counting it. */
void lock_source(struct source *s)
{
	if (pthread_mutex_lock(&s->lock) != EOWNERDEAD)
		return;
	pthread_mutex_consistent(&s->lock);
	s->resync = true;
	s->unsure = true;
}

/* Read at most @most messages, and arm a oneshot source of generation @gen again. */
void drain(struct source *s, uint32_t gen, uint32_t most)
{
	uint64_t first, count, cookie = cookie_of(s, s->gen);
	int ret = 0;

	lock_source(s);
	cookie = cookie_of(s, s->gen);
	while (most--) {
		ret = s->kind->consume(s, &first, &count);
		if (ret <= 0)
			break;
		if (first != s->received + 1 && !(s->resync && first > s->received))
			complain(s, "expected number %llu, read %llu",
				 (unsigned long long)s->received + 1, (unsigned long long)first);
		s->resync = false;
		__atomic_store_n(&s->received, first + count - 1, __ATOMIC_RELEASE);
	}
	if (ret < 0)
		complain(s, "reading failed after number %llu: %s",
			 (unsigned long long)s->received, strerror(errno));
	ret = 0;
	if (s->mode == ONESHOT && s->there && gen == s->gen)
		ret = world->ec || s->keep ? queue_mod(s, cookie) : queue_add(s, cookie);
	if (ret < 0)
		complain(s, "cannot arm the source again: %s", strerror(-ret));
	pthread_mutex_unlock(&s->lock);
}

static void handle(struct consumer *c, const struct entry *e)
{
	struct source *s = &world->sources[e->source];
	uint8_t expected = EXPECTED;

	switch (s->kind->class) {
	case CONTENT:
		drain(s, e->gen, s->mode == LEVEL ? 1 + pick(&c->seed, 3) : UINT32_MAX);
		break;
	case ONCE:
		if (e->gen < MAX_GENS &&
		    __atomic_compare_exchange_n(&s->state[e->gen], &expected, SEEN, 0,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			break;
		if (expected == MAYBE)
			s->state[e->gen] = SEEN;
		else
			complain(s, "the event of number %u came %s", e->gen,
				 expected == SEEN ? "twice" : "without a registration");
		break;
	default:
		break;
	}
}

static void write_log(struct entry *e)
{
	uint64_t n = __atomic_fetch_add(&world->nr_log, 1, __ATOMIC_SEQ_CST);

	if (n >= MAX_LOG) {
		world->stop_producing = true;
		return;
	}
	/* kevent: consumers share no lock, so use the order of the log. */
	if (!world->ec)
		e->pos = n;
	e->time = now_ns();
	world->log[n] = *e;
	world->log[n].valid = 1;
}

/* Get source and generation from a cookie. False if no registration had this cookie. */
static bool decode(struct entry *e, uint64_t cookie)
{
	e->source = cookie & 0xff;
	e->gen = (uint32_t)(cookie >> 8);
	if (e->source < world->nr_sources && e->gen && e->gen < MAX_GENS)
		return true;
	complain(NULL, "an event with the unknown cookie %llx", (unsigned long long)cookie);
	return false;
}

static uint64_t epoch(void)
{
	return __atomic_load_n(&world->epoch, __ATOMIC_SEQ_CST);
}

/* As ec_take(), but note the event and its position in c->hand before taking it. */
static bool take(ec_t ec, struct consumer *c, struct evchan_event *d)
{
	struct ec_cursor at = ec_begin(ec);
	struct entry *hand = &c->hand;
	bool known;

	for (;;) {
		uint64_t seen = epoch();
		uint64_t state = __atomic_load_n(&at.slot->state, __ATOMIC_ACQUIRE), next;

		if (!ec_is_there(state, at.consumed)) {
			if ((int32_t)((uint32_t)(state >> 32) - (uint32_t)(at.consumed >> 32)) < 0)
				return false;
			next = ec_pass(ec, at.pos);
			if (next == at.pos)
				return false;
			ec_seek(ec, &at, next);
			continue;
		}
		*d = *at.slot;
		d->state = state;
		*hand = (struct entry){
			.pos = at.pos, .seen = seen, .events = d->events, .flags = d->flags,
			.value = d->value, .extra = d->extra[0],
			.source = d->data & 0xff, .gen = (uint32_t)(d->data >> 8),
		};
		__atomic_store_n(&hand->valid, 1, __ATOMIC_RELEASE);
		if (__atomic_compare_exchange_n(&at.slot->state, &state, at.consumed, 0,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			break;
		__atomic_store_n(&hand->valid, 0, __ATOMIC_RELEASE);
	}
	known = decode(hand, d->data);
	if (known)
		write_log(hand);
	ec_seek(ec, &at, at.pos + 1);
	ec_end(ec, &at);
	if (known)
		handle(c, hand);
	__atomic_store_n(&hand->valid, 0, __ATOMIC_RELEASE);
	return true;
}

/*
 * A process was killed: log the event that it had noted, if it may have taken it. That is
 * so if the event is no longer in its slot.
 */
void note_killed(struct consumer *c)
{
	struct entry *hand = &c->hand;
	struct source *s;
	ec_t ec = world->ec;
	struct ec_cursor at;
	uint8_t expected = EXPECTED;

	if (hand->valid && hand->source < world->nr_sources && hand->gen < MAX_GENS) {
		ec_seek(ec, &at, hand->pos);
		if (!ec_is_there(__atomic_load_n(&at.slot->state, __ATOMIC_ACQUIRE), at.consumed)) {
			s = &world->sources[hand->source];
			hand->killed = 1;
			write_log(hand);
			if (s->kind->class == ONCE)
				__atomic_compare_exchange_n(&s->state[hand->gen], &expected, MAYBE,
							    0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		}
	}
	hand->valid = 0;
	/* It may have taken the event of data that no other consumer was told to read. */
	for (unsigned int i = 0; i < world->nr_sources; i++) {
		s = &world->sources[i];
		if (s->kind->class == CONTENT)
			drain(s, s->gen, UINT32_MAX);
	}
}

static void took_ukevent(struct consumer *c, const struct ukevent *uk, uint64_t seen)
{
	struct entry e = { .seen = seen, .events = uk->event };
	uint64_t cookie;

	/* The kernel has withdrawn the event. */
	if (!uk->event)
		return;
	memcpy(&cookie, uk->user, sizeof(cookie));
	if (!decode(&e, cookie))
		return;
	e.value = uk->ret_data[0];
	e.extra = uk->ret_data[1];
	if (uk->type == KEVENT_TIMER)
		e.value = uk->ret_data[1];
	if (uk->type == KEVENT_UNOTIFY)
		e.extra = uk->ret_data[0];
	write_log(&e);
	handle(c, &e);
}

/* Read and commit one entry. The ring's lock keeps the log in the order of the ring. */
static bool take_committed(struct consumer *c)
{
	struct __kernel_timespec none = { 0, 0 };
	struct world *w = world;
	struct ukevent uk;
	uint64_t seen;
	int n, ret;

	pthread_mutex_lock(&w->ring_lock);
	n = kevent_wait(w->fd, 1, w->uidx, &none, 0);
	if (n > 0) {
		seen = epoch();
		uk = w->ring->event[w->uidx];
		w->uidx = (w->uidx + 1) % w->slots;
		ret = kevent_commit(w->fd, w->uidx,
				    __atomic_load_n(&w->ring->ring_over, __ATOMIC_ACQUIRE));
		if (ret != 1)
			complain(NULL, "kevent_commit() of one entry returned %d (%s)", ret,
				 strerror(errno));
		took_ukevent(c, &uk, seen);
	}
	pthread_mutex_unlock(&w->ring_lock);
	return n > 0;
}

/*
 * Let a thread be cancelled from now on, or no longer. glibc before 2.41 sends its signal some time
 * after it has seen that the thread may be cancelled. Its handler can then run in a later read()
 * or write(), and there it ends the thread although cancellation is disabled (glibc's bug 12683).
 * The locks that the thread holds would stay locked. So wait until the signal has been sent, and
 * let a system call that is no cancellation point receive it.
 */
static void allow_cancel(struct consumer *c, bool on)
{
	pthread_setcancelstate(on ? PTHREAD_CANCEL_ENABLE : PTHREAD_CANCEL_DISABLE, NULL);
	if (on)
		return;
	pthread_mutex_lock(&c->cancel_lock);
	pthread_mutex_unlock(&c->cancel_lock);
	syscall(SYS_gettid);
}

/* Cancel a thread in its next wait, where it has taken nothing. */
void cancel_consumer(struct consumer *c)
{
	pthread_mutex_lock(&c->cancel_lock);
	pthread_cancel(c->thread);
	pthread_mutex_unlock(&c->cancel_lock);
	pthread_join(c->thread, NULL);
}

static bool take_fetched(struct consumer *c, unsigned int ms)
{
	struct ukevent uk[4];
	uint64_t seen;
	unsigned int max = 1 + pick(&c->seed, 4);
	int n;

	if (max > world->slots && world->ring)
		max = world->slots;
	pthread_testcancel();
	allow_cancel(c, false);
	seen = epoch();
	n = kevent_get_events(world->fd, ms ? 1 : 0, max, ms, uk, 0);
	for (int i = 0; i < n; i++)
		took_ukevent(c, &uk[i], seen);
	return n > 0;
}

static void wait_channel(ec_t ec, struct consumer *c)
{
	struct __kernel_timespec to = { 0, (1 + pick(&c->seed, 20)) * 1000000 };
	unsigned int min = one_in(&c->seed, 8) ? 2 : 1;

	allow_cancel(c, true);
	evchan_wait(ec->fd, min, 0, &to, NULL, 0);
	allow_cancel(c, false);
}

static void consume(struct consumer *c, ec_t ec)
{
	struct __kernel_timespec to = { 0, 10000000 };
	struct evchan_event d;

	allow_cancel(c, false);
	while (!c->stop && !world->stop) {
		if (ec) {
			if (!take(ec, c, &d) || one_in(&c->seed, 16))
				wait_channel(ec, c);
			if (one_in(&c->seed, 64))
				queue_hand_over();
		} else if (world->by_commit) {
			bool taken = take_committed(c);

			/* Test each time: if events come quickly, the thread never waits. */
			allow_cancel(c, true);
			pthread_testcancel();
			if (!taken)
				kevent_wait(world->fd, 1, *(volatile uint32_t *)&world->uidx, &to,
					    0);
			allow_cancel(c, false);
		} else {
			allow_cancel(c, true);
			take_fetched(c, 10);
		}
	}
}

void *consumer_thread(void *arg)
{
	consume(arg, world->ec);
	return NULL;
}

void consumer_process(struct consumer *c)
{
	ec_t ec = world->ec;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Some consumers map the ring a second time. */
	if (ec && one_in(&c->seed, 3))
		ec = ec_attach(dup(ec_fd(ec)));
	if (ec || !world->ec)
		consume(c, ec);
	_exit(0);
}

/* Take all remaining events. There is no other consumer. */
void take_all(struct consumer *c)
{
	struct __kernel_timespec none = { 0, 0 };
	struct evchan_event d;

	for (int idle = 0; idle < 2;) {
		if (world->ec) {
			evchan_wait(world->fd, 0, 0, &none, NULL, 0);
			idle += !take(world->ec, c, &d);
		} else if (world->by_commit) {
			idle += !take_committed(c);
		} else {
			idle += !take_fetched(c, 0);
		}
	}
}
