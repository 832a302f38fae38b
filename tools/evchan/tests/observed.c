// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program for the tests of evstat and evtrace, which know everything that it does.
 *
 * observed queues COMMAND...: make queues and run a command, with the number of this process
 * in the environment as OBSERVED. observed calls: make calls of both interfaces. observed
 * threads: two threads, one of which waits until the other posts. observed child: calls in a
 * child process. observed waits: wait for a timer again and again. observed stopped: make queues
 * with all that the gdb script shows, and read the fdinfo of one, where gdb stops the kernel.
 * observed status N: exit with N. observed signal: die by SIGTERM.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <evchan.h>
#include <kevent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (!ok)
		err(99, "%s", what);
}

static int listener(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(7777),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, 5),
	     "listen on 127.0.0.1:7777");
	return fd;
}

static int queues(char **command)
{
	struct evchan_change post = { .op = EVCHAN_POST, .type = EVCHAN_USER, .args = { 1 } };
	ec_t ec = ec_create_sized(EVCHAN_CLOEXEC, 8);	/* descriptor 3 */
	int tcp = listener(), ends[2], status, queue;	/* 4, 5 and 6, 7 */
	char number[16];
	pid_t pid;

	must(ec && !pipe(ends), "channel and pipe");
	must(ec_watch(ec, EVCHAN_SOCKET, tcp, EVCHAN_ACCEPT, EVCHAN_LEVEL, 1) >= 0 &&
	     ec_watch(ec, EVCHAN_POLL, ends[0], POLLIN | POLLRDHUP, 0, 2) >= 0 &&
	     ec_timer(ec, 1, CLOCK_MONOTONIC, 3600000000000, 100000000, 3) >= 0 &&
	     ec_watch_signal(ec, SIGUSR1 | EVCHAN_SIGNAL_NOMASK, EVCHAN_ONESHOT, 4) >= 0,
	     "sources");
	for (post.id = 0; post.id < 10; post.id++)
		must(ec_user(ec, post.id, 0) >= 0 && ec_change(ec, &post) >= 0, "post");
	queue = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	must(queue == 7 && !kevent_watch(queue, KEVENT_PIPE, ends[0], KEVENT_SOCKET_RECV, 0, NULL),
	     "kevent queue");
	must(!kevent_user(queue, 5, NULL) && !kevent_post(queue, 5), "user event");

	snprintf(number, sizeof(number), "%d", getpid());
	setenv("OBSERVED", number, 1);
	pid = fork();
	if (!pid) {
		execvp(command[0], command);
		err(99, "%s", command[0]);
	}
	must(waitpid(pid, &status, 0) == pid, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void channel_calls(void)
{
	struct evchan_change c[2] = {
		{ .op = EVCHAN_ADD, .type = EVCHAN_TIMER, .id = 9, .data = 0x42, .args =
			{ CLOCK_MONOTONIC, 2000000000, 0 } },
		{ .op = EVCHAN_SET, .type = EVCHAN_SOCKET, .flags = EVCHAN_LEVEL | EVCHAN_ONESHOT,
		  .events = EVCHAN_RECV | EVCHAN_SEND, .args = { 99 } },
	};
	struct evchan_change user[2] = {
		{ .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 5, .events = 1 },
		{ .op = EVCHAN_POST, .type = EVCHAN_USER, .id = 5, .args = { 7 } },
	};
	struct __kernel_timespec limit = { 0, 1000000 };
	ec_t ec = ec_create_sized(EVCHAN_CLOEXEC, 8);
	event_data_t ev;

	must(ec != NULL, "channel");
	must(evchan_ctl(ec_fd(ec), c, 2, sizeof(*c), 0) == 1, "changes");
	must(evchan_wait(ec_fd(ec), 1, 0, NULL, NULL, 0) == 1, "wait");
	must(ec_take(ec, &ev) == 1 && ev.data == 0x42, "take");
	must(evchan_ctl(ec_fd(ec), user, 2, sizeof(*user), EVCHAN_CTL_STOP) == 2, "post");
	/* Posted and taken without a call in between. */
	must(ec_take(ec, &ev) == 1 && ev.value == 7, "take the second");
	must(!evchan_wait(ec_fd(ec), 1, 0, &limit, NULL, 0), "timeout");
	must(evchan_wait(-1, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0) < 0, "no channel");
	ec_destroy(ec);
}

static void queue_calls(void)
{
	struct ukevent uk = {
		.type = KEVENT_UNOTIFY, .id.raw_u64 = 3, .event = 1, .user = { 1, 2 },
		.req_flags = KEVENT_REQ_ALWAYS_QUEUE,
	};
	struct {
		struct kevent_ring ring;
		struct ukevent event[8];
	} *own = aligned_alloc(4096, 4096);
	int queue = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	struct ukevent got[4];

	must(queue >= 0, "queue");
	must(!kevent_ctl(queue, KEVENT_CTL_ADD, 1, &uk), "add");
	kevent_ctl(queue, KEVENT_CTL_READY, 1, &uk);
	must(kevent_get_events(queue, 1, 4, 1000, got, 0) == 1, "get");
	must(kevent_commit(queue, 0, 0) < 0, "no ring");
	close(queue);

	queue = kevent_init(&own->ring, 8, KEVENT_INIT_NONBLOCK);
	uk.ret_flags = 0;
	must(queue >= 0 && !kevent_ctl(queue, KEVENT_CTL_ADD, 1, &uk), "ring");
	kevent_ctl(queue, KEVENT_CTL_READY, 1, &uk);
	must(kevent_wait(queue, 8, 0, NULL, 0) == 1, "ring wait");
	must(kevent_commit(queue, 1, 0) == 1, "commit");
	close(queue);
}

static _Atomic pid_t waiting_tid;

static void *waiting(void *arg)
{
	ec_t ec = arg;

	waiting_tid = gettid();
	evchan_wait(ec_fd(ec), 1, 0, NULL, NULL, 0);
	return NULL;
}

/* Is the thread in its call? */
static int is_waiting(void)
{
	char path[64], line[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", waiting_tid);
	f = waiting_tid ? fopen(path, "r") : NULL;
	if (f && !fgets(line, sizeof(line), f))
		*line = 0;
	if (f)
		fclose(f);
	return !strncmp(line, "567 ", 4);
}

static int threads(void)
{
	ec_t ec = ec_create_sized(EVCHAN_CLOEXEC, 2);
	pthread_t thread;

	must(ec && ec_user(ec, 1, 1) >= 0, "channel of two threads");
	pthread_create(&thread, NULL, waiting, ec);
	while (!is_waiting())
		usleep(1000);
	ec_post(ec, 1, 1);
	pthread_join(thread, NULL);
	return ec_destroy(ec);
}

static int waits(void)
{
	ec_t ec = ec_create_sized(EVCHAN_CLOEXEC, 8);
	event_data_t ev;

	must(ec && ec_timer(ec, 1, CLOCK_MONOTONIC, 1, 20000000, 7) >= 0, "timer");
	while (!ec_wait_event(ec, &ev) || errno == EINTR)
		;
	return 99;
}

static void *waiting_for_three(void *arg)
{
	ec_t ec = arg;

	pthread_setname_np(pthread_self(), "three");
	waiting_tid = gettid();
	evchan_wait(ec_fd(ec), 3, 0, NULL, NULL, 0);
	return NULL;
}

/* Start a thread, and return when it is in its call. */
static void start_waiter(void *(*wait)(void *), ec_t ec)
{
	pthread_t thread;

	waiting_tid = 0;
	must(!pthread_create(&thread, NULL, wait, ec), "thread");
	while (!is_waiting())
		usleep(1000);
}

/* Descriptor 3: a full ring; 4: kevent with a ring; 5: a channel with waiters and sources. */
static int stopped(void)
{
	static uint32_t word = 7;
	ec_t full = ec_create_sized(EVCHAN_CLOEXEC, 2), idle;
	int queue = kevent_init(NULL, 4, KEVENT_INIT_CLOEXEC), ends[2], self;
	char line[256];
	FILE *f;

	must(full && queue == 4, "queues");
	for (int id = 0; id < 4; id++)
		must(ec_user(full, id, 0x100 + id) >= 0 && !ec_post(full, id, 0x200 + id), "post");
	for (int id = 0; id < 2; id++)
		must(!kevent_user(queue, id, NULL) && !kevent_post(queue, id), "kevent post");
	idle = ec_create_sized(EVCHAN_CLOEXEC, 8);
	must(idle && ec_fd(idle) == 5 && !pipe(ends), "channel and pipe");	/* 6, 7 */
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);			/* 8 */
	must(ec_watch(idle, EVCHAN_POLL, ends[0], POLLIN, EVCHAN_ONESHOT, 1) >= 0 &&
	     ec_watch(idle, EVCHAN_SOCKET, listener(), EVCHAN_ACCEPT, EVCHAN_LEVEL, 2) >= 0 &&
	     ec_watch_process(idle, self, 3) >= 0 && ec_watch_path(idle, 9, "/dev/shm", IN_CREATE, 7) >= 0 &&
	     ec_timer(idle, 1, CLOCK_MONOTONIC, 3600000000000, 100000000, 4) >= 0 &&
	     ec_watch_signal(idle, SIGUSR1 | EVCHAN_SIGNAL_NOMASK, 0, 5) >= 0 &&
	     ec_watch_futex(idle, 1, &word, 7, 6) >= 0, "sources");
	start_waiter(waiting, idle);
	start_waiter(waiting_for_three, idle);
	f = fopen("/proc/self/fdinfo/5", "r");
	must(f && fgets(line, sizeof(line), f), "fdinfo");
	return 0;
}

static int child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		queue_calls();
		_exit(0);
	}
	return waitpid(pid, &status, 0) != pid || status;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	close_range(3, ~0U, 0);
	if (!strcmp(what, "queues") && argc > 2)
		return queues(argv + 2);
	if (!strcmp(what, "status") && argc > 2)
		return atoi(argv[2]);
	if (!strcmp(what, "signal"))
		return raise(SIGTERM);
	if (!strcmp(what, "child"))
		return child();
	if (!strcmp(what, "threads"))
		return threads();
	if (!strcmp(what, "waits"))
		return waits();
	if (!strcmp(what, "stopped"))
		return stopped();
	if (strcmp(what, "calls"))
		errx(99, "usage: observed queues COMMAND... | calls | threads | child | waits | stopped | status N | signal");
	channel_calls();
	queue_calls();
	return 0;
}
