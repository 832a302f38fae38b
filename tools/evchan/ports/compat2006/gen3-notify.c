// SPDX-License-Identifier: MIT
/*
 * Private events of take 30: one thread makes requests ready, the other takes the events.
 * The system calls are static functions of the program itself, with the kernel's numbers.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

static inline int kevent_init(struct kevent_ring *ring, unsigned int num, unsigned int flags)
{
	return syscall(__NR_kevent_init, ring, num, flags);
}

static inline int kevent_ctl(int fd, unsigned int cmd, unsigned int num, struct ukevent *arg)
{
	return syscall(__NR_kevent_ctl, fd, cmd, num, arg);
}

static inline int kevent_get_events(int fd, unsigned int min_nr, unsigned int max_nr,
				    struct timespec timeout, struct ukevent *buf, unsigned int flags)
{
	return syscall(__NR_kevent_get_events, fd, min_nr, max_nr, timeout, buf, flags);
}

static int kfd;

static void *make_ready(void *arg)
{
	struct ukevent uk;
	int i, n = 0;

	(void)arg;
	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_UNOTIFY;
	for (i = 0; i < 10; i++) {
		uk.id.raw_u64 = i % 2;
		n += kevent_ctl(kfd, KEVENT_CTL_READY, 1, &uk);
	}
	return (void *)(long)n;
}

int main(void)
{
	struct timespec tm = { 5, 0 };
	struct ukevent uk[4];
	unsigned int count[3] = { 0, 0, 0 };
	pthread_t t;
	void *made;
	int i, n;

	kfd = kevent_init(NULL, 0, 0);
	if (kfd < 0) {
		perror("kevent_init");
		return 1;
	}
	memset(uk, 0, sizeof(uk));
	for (i = 0; i < 3; i++) {
		uk[i].type = KEVENT_UNOTIFY;
		uk[i].id.raw_u64 = i;
		uk[i].event = 1;
		uk[i].user[0] = i;
		uk[i].req_flags = KEVENT_REQ_ET;
	}
	/* The last request is ready from the start. */
	uk[2].req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_READY;
	printf("added: %d\n", kevent_ctl(kfd, KEVENT_CTL_ADD, 3, uk));
	n = kevent_get_events(kfd, 1, 4, tm, uk, 0);
	printf("ready from the start: %d, number %u\n", n, uk[0].user[0]);
	pthread_create(&t, NULL, make_ready, NULL);
	while (count[0] + count[1] < 10) {
		n = kevent_get_events(kfd, 1, 4, tm, uk, 0);
		if (n <= 0) {
			printf("nothing came\n");
			return 1;
		}
		for (i = 0; i < n; i++)
			count[uk[i].user[0]] += uk[i].ret_data[0];
	}
	pthread_join(t, &made);
	printf("made ready %ld, taken %u and %u\n", (long)made, count[0], count[1]);
	/* READY with no requests wakes a waiter. */
	printf("for nothing: %d\n", kevent_ctl(kfd, KEVENT_CTL_READY, 0, NULL));
	return close(kfd);
}
