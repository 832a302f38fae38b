// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call that faults on a page of its own program's memory may block for as long as user
 * space likes. It must not block anybody else: neither other threads that use the queue,
 * nor the last close() of a file that the queue watches.
 */
#include "harness.h"
#include "stalled-page.h"

struct stalled {
	struct stalled_page missing;
	pthread_t thread;
	int fd;		/* the queue's descriptor */
	long ret;
};

static void *ctl_channel(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_EVCHAN_CTL, s->fd, s->missing.page, 1, sizeof(struct evchan_change),
			 0);
	return NULL;
}

static void *ctl_queue(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_KEVENT_CTL, s->fd, KEVENT_CTL_ADD, 1, s->missing.page);
	return NULL;
}

static void *fetch_from_queue(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_KEVENT_GET_EVENTS, s->fd, 1, 1, 0, s->missing.page, 0);
	return NULL;
}

/* Start @call in a thread; returns once it blocks on the page. */
static int stall(struct stalled *s, int fd, void *(*call)(void *))
{
	s->fd = fd;
	return make_missing_page(&s->missing) || pthread_create(&s->thread, NULL, call, s) ||
	       await_fault(&s->missing);
}

/*
 * Use the queue and close @watched, in another process because this could hang. 0 if done
 * in time.
 */
static int in_time(struct __test_metadata *_metadata, int watched, struct channel *c,
		   struct queue *q)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 99 };
		struct ukevent uk = { .id.raw = { 99 }, .type = KEVENT_UNOTIFY };

		_exit(c ? change(c, &ch) : ctl(q, KEVENT_CTL_ADD, &uk, 1));
	}
	for (int i = 0; i < LONG_MS && !waitpid(pid, &status, WNOHANG); i++)
		usleep(1000);
	if (status == -1)
		kill(pid, SIGKILL);
	close(watched);
	return status;
}

static void end_stalled(struct stalled *s)
{
	pthread_join(s->thread, NULL);
	free_missing_page(&s->missing);
}

TEST(change_that_waits_for_a_page)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1, .data = 7 };
	int fd = eventfd(0, 0);
	struct evchan_change *done;
	struct stalled s = { 0 };
	struct channel c;

	ASSERT_EQ(channel_open(&c, 8, 0), 0);
	ASSERT_EQ(watch(&c, EVCHAN_ADD, EVCHAN_POLL, fd, POLLIN, 0, 1), 0);
	ASSERT_EQ(stall(&s, c.fd, ctl_channel), 0);
	EXPECT_EQ(in_time(_metadata, fd, &c, NULL), 0);
	ASSERT_EQ(provide_page(&s.missing, &ch, sizeof(ch)), 0);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(s.ret, 1);
	done = (struct evchan_change *)s.missing.page;
	EXPECT_EQ(done->result, 0);
	EXPECT_EQ(counter(c.fd, "sources"), 2);
	free_missing_page(&s.missing);
	channel_close(&c);
}

TEST(request_that_waits_for_a_page)
{
	struct ukevent uk = { .id.raw = { 1 }, .type = KEVENT_UNOTIFY, .user = { 7 } };
	int fd = eventfd(0, 0);
	struct stalled s = { 0 };
	struct queue q;

	ASSERT_EQ(queue_open(&q, 8, 0), 0);
	ASSERT_EQ(stall(&s, q.fd, ctl_queue), 0);
	EXPECT_EQ(in_time(_metadata, fd, NULL, &q), 0);
	ASSERT_EQ(provide_page(&s.missing, &uk, sizeof(uk)), 0);
	end_stalled(&s);
	EXPECT_EQ(s.ret, 0);
	EXPECT_EQ(counter(q.fd, "sources"), 2);
	queue_close(&q);
}

/* An event whose fetch blocks on a page can be fetched by another thread. */
TEST(event_that_waits_for_a_page)
{
	struct ukevent out, uk = { .id.raw = { 1 }, .type = KEVENT_UNOTIFY, .user = { 7 } };
	int fd = eventfd(0, 0);
	struct stalled s = { 0 };
	struct queue q;

	ASSERT_EQ(queue_open(&q, 0, 0), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_ADD, &uk, 1), 0);
	ASSERT_EQ(ctl(&q, KEVENT_CTL_READY, &uk, 1), 1);
	ASSERT_EQ(stall(&s, q.fd, fetch_from_queue), 0);
	EXPECT_EQ(in_time(_metadata, fd, NULL, &q), 0);
	EXPECT_EQ(get_events(&q, 1, 1, 0, &out), 1);
	EXPECT_EQ(out.user[0], 7);
	ASSERT_EQ(provide_page(&s.missing, "", 1), 0);
	end_stalled(&s);
	EXPECT_EQ(s.ret, 0);
	queue_close(&q);
}

TEST_HARNESS_MAIN
