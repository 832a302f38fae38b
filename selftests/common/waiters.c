// SPDX-License-Identifier: GPL-2.0-only
/*
 * A waiter is woken for an event that another thread could not keep, and for one that was
 * missed while its source was disarmed; and no wait goes on after its time, whatever the
 * program does with its ring.
 */
#include <sched.h>
#include <sys/epoll.h>

#include "face-fixture.h"
#include "sleepers.h"
#include "stalled-page.h"

/* One processor for all threads, so that the waiter that is woken is the one that came first. */
static int use_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/*
 * An event wakes a thread that cannot copy it, because a page of its buffer is missing: the
 * event is put back, and a second thread is woken to take it while the first one waits for the
 * page. The next event goes to the first thread.
 */
TEST_F(face, put_back_wakes_another)
{
	struct stalled_page missing;
	struct sleeper first, second;

	if (self->kind != KEVENT)
		return;		/* with a ring, no event is taken before it is copied */
	ASSERT_EQ(use_one_processor(), 0);
	ASSERT_EQ(make_missing_page(&missing), 0);
	first = (struct sleeper){ .buffer = (struct ukevent *)missing.page };
	second = (struct sleeper){ 0 };
	ASSERT_EQ(face_user(self, 1), 0);
	ASSERT_EQ(start_sleeper(&first, self), 0);
	ASSERT_EQ(start_sleeper(&second, self), 0);
	ASSERT_EQ(face_post(self, 1, 0), 0);
	ASSERT_EQ(await_fault(&missing), 0);
	ASSERT_EQ(await_sleeper(&second), 0);
	EXPECT_EQ(second.ret, 1);
	EXPECT_EQ(second.got.data, 1);
	EXPECT_EQ(provide_page(&missing, "", 1), 0);
	ASSERT_EQ(wait_asleep(first.tid, NR_KEVENT_GET_EVENTS), 0);
	ASSERT_EQ(face_post(self, 1, 0), 0);
	ASSERT_EQ(await_sleeper(&first), 0);
	EXPECT_EQ(first.ret, 1);
	EXPECT_EQ(first.got.data, 1);
	EXPECT_EQ(counter(face_fd(self), "waiting"), 0);
	free_missing_page(&missing);
}

/*
 * A thread that fetches several events has room for the first one only: the others are put
 * back in order, and a second thread can take the oldest of them.
 */
TEST_F(face, rest_put_back_in_order)
{
	static const struct sched_param urgent = { 1 }, normal = { 0 };
	/*
	 * More than the kernel takes at once: before the thread waits for the page, events are put
	 * back twice, and reversing all of them twice would not be seen.
	 */
	enum { N = 20 };
	struct stalled_page missing;
	struct sleeper first, second;
	int fds[N];
	struct got g;

	if (self->kind != KEVENT)
		return;
	ASSERT_EQ(use_one_processor(), 0);
	ASSERT_EQ(make_missing_page(&missing), 0);
	first = (struct sleeper){
		.buffer = (struct ukevent *)missing.page - 1, .max = N,
	};
	second = (struct sleeper){ 0 };
	for (int i = 0; i < N; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, fds[i], POLLIN, EDGE, i), 0);
	}
	ASSERT_EQ(start_sleeper(&first, self), 0);
	ASSERT_EQ(start_sleeper(&second, self), 0);
	/* Both threads have the processor of this one, and do not run until all is posted. */
	ASSERT_EQ(sched_setscheduler(0, SCHED_FIFO, &urgent), 0);
	for (int i = 0; i < N; i++)
		raise_eventfd(fds[i]);
	ASSERT_EQ(sched_setscheduler(0, SCHED_OTHER, &normal), 0);
	ASSERT_EQ(await_fault(&missing), 0);
	ASSERT_EQ(await_sleeper(&second), 0);
	EXPECT_EQ(second.ret, 1);
	EXPECT_EQ(provide_page(&missing, "", 1), 0);
	ASSERT_EQ(await_sleeper(&first), 0);
	/* The first thread goes on with what is left. Both threads were woken for an event. */
	ASSERT_EQ(first.ret, N - 1);
	EXPECT_LE(second.got.data, 1);
	for (int i = 0, next = 0; i < N - 1; i++, next++) {
		next += second.got.data == (uint64_t)next;
		EXPECT_EQ(first.buffer[i].user[0], next);
	}
	EXPECT_EQ(face_fetch(self, &g, 0), 0);
	for (int i = 0; i < N; i++)
		close(fds[i]);
	free_missing_page(&missing);
}

/* A thread gives an event back that it has taken: another thread is woken for it. */
TEST_F(face, event_given_back_wakes_another)
{
	struct evchan_change back;
	struct sleeper other = { 0 };
	int fd = eventfd(0, EFD_NONBLOCK);
	struct got g;

	if (self->kind != EVCHAN)
		return;		/* kevent has no such call */
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, EDGE, 7), 0);
	raise_eventfd(fd);
	ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
	ASSERT_EQ(start_sleeper(&other, self), 0);
	back = (struct evchan_change){
		.op = EVCHAN_POST, .type = g.type, .flags = EVCHAN_BY_ID, .id = g.id,
		.events = g.events, .args = { g.value, g.extra, g.length },
	};
	ASSERT_EQ(change(&self->c, &back), 0);
	ASSERT_EQ(await_sleeper(&other), 0);
	EXPECT_EQ(other.ret, 1);
	EXPECT_EQ(other.got.data, 7);
	EXPECT_EQ(other.got.events, POLLIN);
	EXPECT_EQ(face_fetch(self, &g, 0), 0);
	close(fd);
}

/* Arm a oneshot source again after it has fired. */
static int arm_again(struct face *f, uint32_t type, int fd, uint32_t events, bool kept,
		     uint64_t data)
{
	struct ukevent uk = request(type, fd, events, kevent_mode(ONESHOT) |
				    (kept ? KEVENT_REQ_KEEP : 0), data);

	if (f->kind == EVCHAN)
		return watch(&f->c, EVCHAN_MOD, type, fd, events, EVCHAN_ONESHOT, data);
	return kevent_request(&f->q, kept ? KEVENT_CTL_MODIFY : KEVENT_CTL_ADD, &uk);
}

/*
 * What happens while a oneshot source is disarmed is missed. Once the source is armed again,
 * the condition is an event, which wakes a thread that sleeps already.
 */
TEST_F(face, missed_oneshot_wakes_when_armed)
{
	static const struct {
		uint32_t type, events;
	} types[] = {
		{ EVCHAN_POLL, POLLIN }, { EVCHAN_SOCKET, EVCHAN_RECV },
		{ EVCHAN_PIPE, EVCHAN_RECV },
	};

	for (unsigned int i = 0; i < 3 * 2; i++) {
		uint32_t type = types[i / 2].type, events = types[i / 2].events;
		struct sleeper s = { 0 };
		bool kept = i % 2;
		struct ukevent uk;
		struct got g;
		int fd[2];

		ASSERT_EQ(type == EVCHAN_PIPE ? pipe(fd) :
			  socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		uk = request(type, fd[0], events, kevent_mode(ONESHOT) |
			     (kept ? KEVENT_REQ_KEEP : 0), 1);
		ASSERT_EQ(self->kind == EVCHAN ?
			  face_watch(self, type, fd[0], events, ONESHOT, 1) :
			  kevent_request(&self->q, KEVENT_CTL_ADD, &uk), 0);
		ASSERT_EQ(write(fd[1], "a", 1), 1);
		ASSERT_EQ(face_fetch(self, &g, LONG_MS), 1);
		ASSERT_EQ(read(fd[0], &g, 1), 1);
		ASSERT_EQ(start_sleeper(&s, self), 0);
		ASSERT_EQ(write(fd[1], "b", 1), 1);
		EXPECT_EQ(wait_asleep(s.tid, self->kind == EVCHAN ? NR_EVCHAN_WAIT :
				      NR_KEVENT_GET_EVENTS), 0);
		EXPECT_EQ(pthread_tryjoin_np(s.thread, NULL), EBUSY);
		ASSERT_EQ(arm_again(self, type, fd[0], events, kept, 2), 0);
		ASSERT_EQ(await_sleeper(&s), 0);
		EXPECT_EQ(s.ret, 1);
		EXPECT_EQ(s.got.data, 2);
		EXPECT_TRUE(s.got.events & events);
		EXPECT_EQ(face_fetch(self, &g, 0), 0);
		close(fd[0]);
		close(fd[1]);
	}
}

static void *fetch_now(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = get_events(&s->f->q, 0, 1, 0, &s->own);
	return NULL;
}

struct set_reader {
	struct stalled_page missing;
	pthread_t thread;
	int set, ret;
};

static void *read_set(void *arg)
{
	struct set_reader *r = arg;

	r->ret = epoll_wait(r->set, (struct epoll_event *)r->missing.page, 1, 0);
	return NULL;
}

/*
 * A thread finds that the condition of a oneshot event is over, and arms the source again. It
 * does not wait itself, so another thread that sleeps is woken to test the condition: what
 * happened meanwhile was not posted. To keep the first thread between the two, the source
 * watches an epoll set whose mutex is held by a third thread that waits for a page.
 */
TEST_F(face, checked_oneshot_wakes_another)
{
	struct epoll_event in = { .events = EPOLLIN };
	struct set_reader reader = { 0 };
	struct sleeper taker = { .f = self }, other = { 0 };
	int fd = eventfd(0, EFD_NONBLOCK);
	struct ukevent uk;
	long long wakes;
	struct got g;

	if (self->kind != KEVENT)
		return;		/* with a ring the condition is not tested on delivery */
	reader.set = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(reader.set, EPOLL_CTL_ADD, fd, &in), 0);
	uk = request(KEVENT_POLL, reader.set, POLLIN, kevent_mode(ONESHOT) | KEVENT_REQ_KEEP |
		     KEVENT_REQ_LAST_CHECK, 5);
	raise_eventfd(fd);
	ASSERT_EQ(kevent_request(&self->q, KEVENT_CTL_ADD, &uk), 0);
	ASSERT_EQ(counter(self->q.fd, "waiting"), 1);
	wakes = counter(self->q.fd, "wakes");

	ASSERT_EQ(make_missing_page(&reader.missing), 0);
	ASSERT_EQ(pthread_create(&reader.thread, NULL, read_set, &reader), 0);
	ASSERT_EQ(await_fault(&reader.missing), 0);
	ASSERT_EQ(pthread_create(&taker.thread, NULL, fetch_now, &taker), 0);
	while (!__atomic_load_n(&taker.tid, __ATOMIC_ACQUIRE))
		sched_yield();
	/* It has taken the event off the queue, and waits for the set's mutex. */
	ASSERT_EQ(wait_asleep(taker.tid, NR_KEVENT_GET_EVENTS), 0);
	ASSERT_EQ(start_sleeper(&other, self), 0);
	read_eventfd(fd);
	ASSERT_EQ(provide_page(&reader.missing, "", 1), 0);
	pthread_join(reader.thread, NULL);
	pthread_join(taker.thread, NULL);
	EXPECT_EQ(taker.ret, 0);
	EXPECT_EQ(counter(self->q.fd, "wakes"), wakes + 1);
	raise_eventfd(fd);
	ASSERT_EQ(await_sleeper(&other), 0);
	EXPECT_EQ(other.ret, 1);
	EXPECT_EQ(other.got.data, 5);
	EXPECT_EQ(face_fetch(self, &g, 0), 0);
	close(reader.set);
	close(fd);
	free_missing_page(&reader.missing);
}

/*
 * Wait for @min events for at most @ms, by one of the calls that wait; @n selects it. Returns
 * how many there are, or a negative errno.
 */
static int wait_for(struct face *f, unsigned int min, long ms, int n)
{
	struct ukevent out[FACE_SLOTS];

	if (f->kind == EVCHAN)
		return wait_events(&f->c, min, ms);
	if (f->q.ring && n % 2)
		return queue_wait(&f->q, FACE_SLOTS, n / 2 % f->q.num, ms);
	return get_events(&f->q, min, FACE_SLOTS, ms, out);
}

/* Beyond this a wait of WAIT_MS has not ended on time, however slow the machine is. */
#define WAIT_MS		50
#define TOO_LONG_MS	5000

/*
 * Do waits with and without a timeout end on time? Each is in a process of its own, because it
 * might not end at all. Returns how many did not; the first that does not is the last.
 */
static int late_waits(struct face *f, unsigned int min)
{
	int late = 0;

	for (int i = 0; i < 20 && !late; i++) {
		long ms = i % 2 ? WAIT_MS : 0;
		pid_t pid = fork();
		int n;

		if (!pid)
			_exit(wait_for(f, i % 4 < 2 ? 0 : min, ms, i / 4) < 0);
		for (n = 0; n < TOO_LONG_MS && waitpid(pid, NULL, WNOHANG) != pid; n++)
			usleep(1000);
		if (n < TOO_LONG_MS)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		late++;
	}
	return late;
}

struct disturber {
	struct face *f;
	int fd;			/* of a level-triggered source */
	pthread_t thread;
	int stop;
	uint64_t times;
};

static bool goes_on(struct disturber *d)
{
	d->times++;
	return !__atomic_load_n(&d->stop, __ATOMIC_RELAXED);
}

/* Make level-triggered conditions hold for a moment, and take the events of them. */
static void *post_and_take(void *arg)
{
	struct disturber *d = arg;
	struct ukevent out[FACE_SLOTS];
	struct evchan_event e;

	while (goes_on(d)) {
		raise_eventfd(d->fd);
		if (d->f->kind != EVCHAN)
			get_events(&d->f->q, 0, FACE_SLOTS, 0, out);
		else
			while (take(&d->f->c, &e))
				;
		read_eventfd(d->fd);
	}
	return NULL;
}

/* The position after that of the newest event in the ring. */
static uint64_t ring_end(struct channel *c)
{
	unsigned int order = __builtin_ctz(c->params.entries);
	uint64_t end = 0;

	for (unsigned int i = 0; i < c->params.entries; i++) {
		uint64_t lap = __atomic_load_n(&c->events[i].state, __ATOMIC_RELAXED) >> 32;

		if (lap && ((lap - 1) << order | i) + 1 > end)
			end = ((lap - 1) << order | i) + 1;
	}
	return end;
}

/*
 * The same, but the head of the ring is moved past each event before it is posted, so that no
 * wait finds an event although events are posted all the time.
 */
static void *post_and_hide(void *arg)
{
	struct disturber *d = arg;
	struct channel *c = &d->f->c;

	while (goes_on(d)) {
		__atomic_store_n(&c->header->head, ring_end(c) + 1, __ATOMIC_RELAXED);
		raise_eventfd(d->fd);
		read_eventfd(d->fd);
		for (unsigned int i = 0; i < c->params.entries; i++)
			__atomic_store_n(&c->events[i].events, 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Write anything into the ring. */
static void *scribble(void *arg)
{
	struct disturber *d = arg;
	struct face *f = d->f;
	unsigned int seed = 1;

	while (goes_on(d)) {
		uint64_t *words = f->kind == EVCHAN ? (uint64_t *)f->c.events :
						      (uint64_t *)f->q.ring;
		size_t length = f->kind == EVCHAN ? FACE_SLOTS * sizeof(*f->c.events) :
						    FACE_SLOTS * sizeof(*f->q.ring->event);

		for (int i = 0; i < 16; i++)
			words[rand_r(&seed) % (length / 8)] = rand_r(&seed) * 0x100000001ULL;
		if (f->kind == EVCHAN)
			f->c.header->head = rand_r(&seed);
		if (!(d->times % 16))
			face_post(f, 1, 0);
	}
	return NULL;
}

/*
 * Level-triggered sources of which none holds for long: two have an unconsumed event of a
 * condition that is over. Another thread posts and takes all the time. A wait that finds too
 * few events ends when its time is over, and one without a timeout at once.
 */
static void test_end_on_time(struct __test_metadata *_metadata, struct face *self,
			     void *(*disturb)(void *))
{
	struct disturber d = { .f = self };
	int fds[4];

	ASSERT_EQ(face_user(self, 1), 0);
	for (int i = 0; i < 4; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_EQ(face_watch(self, EVCHAN_POLL, fds[i], POLLIN, LEVEL, 10 + i), 0);
		if (i < 2) {
			raise_eventfd(fds[i]);
			read_eventfd(fds[i]);
		}
	}
	d.fd = fds[3];
	ASSERT_EQ(pthread_create(&d.thread, NULL, disturb, &d), 0);
	EXPECT_EQ(late_waits(self, FACE_SLOTS), 0);
	EXPECT_EQ(late_waits(self, 1), 0);
	__atomic_store_n(&d.stop, 1, __ATOMIC_RELAXED);
	pthread_join(d.thread, NULL);
	EXPECT_GT(d.times, 100);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

TEST_F_TIMEOUT(face, waits_end_while_others_take, 300)
{
	test_end_on_time(_metadata, self, post_and_take);
}

/*
 * The head of the ring is moved past an event that is still marked unconsumed, of a condition
 * that is over. No wait finds that event, and none goes on because of it.
 */
TEST_F_TIMEOUT(face, waits_end_with_an_event_behind_the_head, 60)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	if (self->kind != EVCHAN)
		return;
	ASSERT_EQ(face_watch(self, EVCHAN_POLL, fd, POLLIN, LEVEL, 1), 0);
	raise_eventfd(fd);
	ASSERT_EQ(wait_events(&self->c, 1, 0), 1);
	read_eventfd(fd);
	__atomic_store_n(&self->c.header->head, 1, __ATOMIC_RELAXED);
	EXPECT_EQ(late_waits(self, 1), 0);
	EXPECT_EQ(wait_events(&self->c, 1, 0), 0);
	close(fd);
}

TEST_F_TIMEOUT(face, waits_end_with_hidden_events, 300)
{
	if (self->kind == EVCHAN)
		test_end_on_time(_metadata, self, post_and_hide);
}

TEST_F_TIMEOUT(face, waits_end_with_a_hostile_ring, 300)
{
	if (self->kind != KEVENT)
		test_end_on_time(_metadata, self, scribble);
}

TEST_HARNESS_MAIN
