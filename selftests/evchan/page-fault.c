// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call that faults on a page of its own program's memory may block for as long as user
 * space likes. It must not block anybody else: neither other threads that use the queue,
 * nor the last close() of a file that the queue watches.
 */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "events.h"
#include "kselftest_harness.h"

struct stalled {
	int uffd;
	char *page;	/* an access blocks until release_page() */
	pthread_t thread;
	pid_t tid;
	int fd;		/* the queue's descriptor */
	long ret;
};

static int make_page(struct stalled *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->uffd = syscall(SYS_userfaultfd, 0);
	s->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)s->page;
	reg.range.len = 4096;
	return s->uffd < 0 || s->page == MAP_FAILED || ioctl(s->uffd, UFFDIO_API, &api) ||
	       ioctl(s->uffd, UFFDIO_REGISTER, &reg);
}

static int wait_fault(struct stalled *s)
{
	struct pollfd p = { s->uffd, POLLIN, 0 };
	struct uffd_msg msg;

	return poll(&p, 1, LONG_MS) != 1 || read(s->uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	       msg.event != UFFD_EVENT_PAGEFAULT;
}

static int release_page(struct stalled *s, const void *content, size_t size)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .dst = (unsigned long)s->page,
				    .src = (unsigned long)page, .len = sizeof(page) };

	memset(page, 0, sizeof(page));
	memcpy(page, content, size);
	return ioctl(s->uffd, UFFDIO_COPY, &copy);
}

static void *ctl_channel(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_EVCHAN_CTL, s->fd, s->page, 1, sizeof(struct evchan_change), 0);
	return NULL;
}

static void *ctl_queue(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_KEVENT_CTL, s->fd, KEVENT_CTL_ADD, 1, s->page);
	return NULL;
}

static void *fetch_from_queue(void *arg)
{
	struct stalled *s = arg;

	s->ret = syscall(NR_KEVENT_GET_EVENTS, s->fd, 1, 1, 0, s->page, 0);
	return NULL;
}

/* Start @call in a thread; returns once it blocks on the page. */
static int stall(struct stalled *s, int fd, void *(*call)(void *))
{
	s->fd = fd;
	return make_page(s) || pthread_create(&s->thread, NULL, call, s) || wait_fault(s);
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
	munmap(s->page, 4096);
	close(s->uffd);
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
	ASSERT_EQ(release_page(&s, &ch, sizeof(ch)), 0);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(s.ret, 1);
	done = (struct evchan_change *)s.page;
	EXPECT_EQ(done->result, 0);
	EXPECT_EQ(counter(c.fd, "sources"), 2);
	munmap(s.page, 4096);
	close(s.uffd);
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
	ASSERT_EQ(release_page(&s, &uk, sizeof(uk)), 0);
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
	ASSERT_EQ(release_page(&s, "", 1), 0);
	end_stalled(&s);
	EXPECT_EQ(s.ret, 0);
	queue_close(&q);
}

TEST_HARNESS_MAIN
