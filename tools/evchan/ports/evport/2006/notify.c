// SPDX-License-Identifier: MIT
/* Private events between threads: the queue is in what the thread is given. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

#define POSTS 50

struct job {
	int queue;
	unsigned int number;
};

static int user_add(int queue, unsigned int number, void *cookie)
{
	struct ukevent uk = {
		.type = KEVENT_UNOTIFY,
		.event = 1,
		.id.raw_u64 = number,
		.req_flags = KEVENT_REQ_ET,
		.ptr = cookie,
	};

	return kevent_ctl(queue, KEVENT_CTL_ADD, 1, &uk);
}

static void *post(void *arg)
{
	struct job *job = arg;
	struct ukevent uk;
	int i;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_UNOTIFY;
	uk.id.raw_u64 = job->number;
	for (i = 0; i < POSTS; i++)
		if (kevent_ctl(job->queue, KEVENT_CTL_READY, 1, &uk) != 1)
			perror("ready");
	return NULL;
}

int main(void)
{
	struct job jobs[2];
	struct timespec tm = { 5, 0 };
	unsigned int count[2] = { 0, 0 };
	struct ukevent ev[2];
	pthread_t t[2];
	int q, i, n;

	q = kevent_init(NULL, 0, 0);
	if (q < 0) {
		perror("queue");
		return 1;
	}
	for (i = 0; i < 2; i++) {
		jobs[i].queue = q;
		jobs[i].number = i;
		if (user_add(q, i, &jobs[i]))
			return 1;
	}
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, post, &jobs[i]);
	while (count[0] + count[1] < 2 * POSTS) {
		n = kevent_get_events(q, 1, 2, tm, ev, 0);
		if (n <= 0)
			return 1;
		for (i = 0; i < n; i++) {
			struct job *job = ev[i].ptr;

			count[job->number] += ev[i].ret_data[0];
		}
	}
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("posts %u and %u\n", count[0], count[1]);
	close(q);
	return 0;
}
