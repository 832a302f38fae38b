// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with communication between threads and processes: user events,
 * POSIX message queues and futexes.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "demo.h"

#define POSTERS		4
#define POSTS		500
#define SENDERS		3
#define MQ_MESSAGES	300	/* of each sender */
#define LOCKSTEP	200	/* messages that are put in while the main thread waits */
#define FREE		1000	/* messages that are put in at any time */

/* The posts of one poster. */
struct posted {
	uint64_t posts, sum;
};

static struct posted post_all(uint64_t id)
{
	struct posted p = { 0 };

	for (uint64_t i = 1; i <= POSTS; i++) {
		face->post(id, i);
		p.posts++;
		p.sum += i;
	}
	return p;
}

/* Take events until all posts were received or no event comes any more. */
static void take_posts(struct posted *got)
{
	struct happened h;

	for (uint64_t all = 0; all < (uint64_t)POSTERS * POSTS && next_event(&h);) {
		got[h.data].posts += h.count;
		got[h.data].sum += (uint64_t)h.value;
		all += h.count;
	}
}

/* If posts were merged, the sum of their values shows that none is missing. */
static void tally_posts(struct tally *t, const struct posted *got, const struct posted *told)
{
	struct happened h;

	for (int i = 0; i < POSTERS; i++) {
		t->expected += told[i].posts;
		t->delivered += got[i].posts;
		t->corrupt += got[i].posts != told[i].posts ||
			      (face->wide && got[i].sum != told[i].sum);
	}
	t->corrupt += (unsigned int)next_there(&h);
}

static struct posted by_thread[POSTERS];

static void *poster(void *arg)
{
	uintptr_t id = (uintptr_t)arg;

	by_thread[id] = post_all(id);
	return NULL;
}

void user_threads(struct tally *t)
{
	struct posted got[POSTERS] = { 0 };
	pthread_t threads[POSTERS];

	for (uintptr_t i = 0; i < POSTERS; i++)
		face->watch(SRC_USER, i, i);
	for (uintptr_t i = 0; i < POSTERS; i++)
		if (pthread_create(&threads[i], NULL, poster, (void *)i))
			errx(1, "pthread_create");
	take_posts(got);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	tally_posts(t, got, by_thread);
}

/* Control message that passes a descriptor over a unix socket. */
union passed {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

static void pass_descriptor(int to, int fd)
{
	union passed control = { .space = "" };
	struct iovec io = { "", 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(to, &m, 0) != 1)
		err(1, "cannot pass the queue's descriptor over a unix socket");
}

static int passed_descriptor(int from)
{
	union passed control;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(from, &m, 0) != 1 || m.msg_controllen < CMSG_LEN(sizeof(fd)))
		errx(1, "received no descriptor over a unix socket");
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* Processes post. Half of them inherit the queue; the others receive its descriptor. */
void user_processes(struct tally *t)
{
	struct posted got[POSTERS] = { 0 }, told[POSTERS];
	pid_t child[POSTERS];
	int line[POSTERS][2];

	for (uint64_t i = 0; i < POSTERS; i++) {
		face->watch(SRC_USER, i, i);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, line[i]))
			err(1, "socketpair");
	}
	for (uint64_t i = 0; i < POSTERS; i++) {
		child[i] = start_child();
		if (!child[i]) {
			struct posted mine;

			if (i % 2) {
				close(face->fd());
				face->attach(passed_descriptor(line[i][1]));
			}
			mine = post_all(i);
			tell(line[i][1], &mine, sizeof(mine));
			_exit(0);
		}
		close(line[i][1]);
		if (i % 2)
			pass_descriptor(line[i][0], face->fd());
	}
	take_posts(got);
	for (int i = 0; i < POSTERS; i++) {
		hear(line[i][0], &told[i], sizeof(told[i]));
		t->corrupt += end_child(child[i], 1) != 0;
		close(line[i][0]);
	}
	tally_posts(t, got, told);
}

static void send_messages(const char *name, uint32_t me)
{
	mqd_t mq = mq_open(name, O_WRONLY);

	for (uint32_t seq = 0; seq <= MQ_MESSAGES; seq++) {
		struct message m = message_make(me, seq, seq == MQ_MESSAGES ? seq : 0);

		if (mq_send(mq, (char *)&m, sizeof(m), 0))
			_exit(1);
	}
	_exit(0);
}

/*
 * Several processes send to one message queue. A notification is for one message that
 * arrives in the empty queue. It is requested again before the queue is emptied, so no
 * message is missed.
 */
void mqueue(struct tally *t)
{
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = sizeof(struct message) };
	struct stream streams[SENDERS] = { 0 };
	int left = SENDERS;
	pid_t child[SENDERS];
	struct happened h;
	struct message m;
	char name[32];
	mqd_t mq;

	snprintf(name, sizeof(name), "/evcore-demo-%d", (int)getpid());
	mq = mq_open(name, O_CREAT | O_EXCL | O_RDONLY | O_NONBLOCK, 0600, &attr);
	if (mq < 0)
		err(1, "mq_open");
	face->notify(mq, 1);
	for (uint32_t i = 0; i < SENDERS; i++) {
		child[i] = start_child();
		if (!child[i])
			send_messages(name, i);
	}
	while (left && next_event(&h)) {
		t->corrupt += h.value != mq;
		face->notify(mq, 1);
		while (mq_receive(mq, (char *)&m, sizeof(m), NULL) == sizeof(m)) {
			if (m.sender >= SENDERS) {
				t->corrupt++;
				continue;
			}
			stream_take(&streams[m.sender], m.sender, &m);
			left -= m.total != 0;
		}
		if (errno != EAGAIN)
			err(1, "mq_receive");
	}
	for (int i = 0; i < SENDERS; i++) {
		t->corrupt += end_child(child[i], streams[i].done) != 0;
		tally_stream(t, &streams[i]);
	}
	mq_unlink(name);
	mq_close(mq);
}

/* A mailbox: number of messages in it, and how many waiters the wake-ups found. */
static struct {
	atomic_uint count;
	struct message messages[LOCKSTEP + FREE];
	sem_t awaited;
	unsigned long woken, missed;
} box;

static void *put_messages(void *unused)
{
	for (uint32_t seq = 0; seq < LOCKSTEP + FREE; seq++) {
		long n;

		if (seq < LOCKSTEP)
			sem_wait(&box.awaited);
		box.messages[seq] = message_make(7, seq, 0);
		atomic_store(&box.count, seq + 1);
		n = syscall(SYS_futex, &box.count, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		box.woken += n > 0 ? (unsigned long)n : 0;
		box.missed += seq < LOCKSTEP && n != 1;
	}
	return unused;
}

/*
 * A thread puts messages into memory and wakes the waiter. futex(2) returns how many
 * waiters a wake-up found; that many events are expected. A wake-up that finds no waiter
 * loses nothing, because the next wait finds a changed value. In the end every message must
 * have been received.
 */
void futex(struct tally *t)
{
	uint32_t taken = 0, count;
	struct stream s = { 0 };
	struct happened h;
	pthread_t thread;

	atomic_store(&box.count, 0);
	box.woken = 0;
	box.missed = 0;
	sem_init(&box.awaited, 0, 0);
	if (pthread_create(&thread, NULL, put_messages, NULL))
		errx(1, "pthread_create");
	face->futex((uint32_t *)&box.count, 0, 1);
	sem_post(&box.awaited);
	while (next_event(&h)) {
		if (h.what == FUTEX_WOKEN)
			t->delivered++;
		else
			t->corrupt += h.what != FUTEX_CHANGED;
		count = atomic_load(&box.count);
		while (taken < count)
			stream_take(&s, 7, &box.messages[taken++]);
		if (count == LOCKSTEP + FREE)
			break;
		face->futex((uint32_t *)&box.count, count, 1);
		sem_post(&box.awaited);
	}
	/* Let the thread finish, even if an event was lost. */
	for (int i = 0; i < LOCKSTEP; i++)
		sem_post(&box.awaited);
	pthread_join(thread, NULL);
	sem_destroy(&box.awaited);
	t->expected = box.woken;
	t->disordered = s.disordered;
	t->corrupt += s.corrupt + box.missed + (s.received != LOCKSTEP + FREE);
}
