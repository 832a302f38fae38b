// SPDX-License-Identifier: MIT
/*
 * Thread pool on kevent: pool-kevent NUMBER...
 *
 * Counts the primes below each number. The workers sleep in the wait call, and one event
 * wakes one of them. An event says only that there is work. The jobs are in a list, because
 * several events of a source may be merged into one.
 */
#include <kevent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 4, JOB = 1, QUIT = 2 };

struct job {
	struct job *next;
	unsigned long below, primes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *first, **last = &first;

static void put_job(struct job *job)
{
	pthread_mutex_lock(&lock);
	*last = job;
	last = &job->next;
	pthread_mutex_unlock(&lock);
}

static struct job *get_job(void)
{
	struct job *job;

	pthread_mutex_lock(&lock);
	job = first;
	if (job) {
		first = job->next;
		if (!first)
			last = &first;
	}
	pthread_mutex_unlock(&lock);
	return job;
}

static void count_primes(struct job *job)
{
	for (unsigned long n = 2; n < job->below; n++) {
		unsigned long d = 2;

		while (d * d <= n && n % d)
			d++;
		job->primes += d * d > n;
	}
}

static void *worker(void *arg)
{
	int q = *(int *)arg;
	struct ukevent ev;
	struct job *job;

	while (kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		if (ev.id.raw_u64 == QUIT) {
			kevent_post(q, QUIT);	/* for the next worker */
			break;
		}
		while ((job = get_job()))
			count_primes(job);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct job *jobs = calloc((size_t)argc, sizeof(*jobs));
	int q = kevent_init(NULL, 0, KEVENT_INIT_CLOEXEC);
	pthread_t threads[WORKERS];

	if (!jobs || q < 0 || kevent_user(q, JOB, NULL) < 0 || kevent_user(q, QUIT, NULL) < 0) {
		kevent_perror("pool");
		return 1;
	}
	for (int i = 0; i < WORKERS; i++) {
		if (pthread_create(&threads[i], NULL, worker, &q))
			return 1;
	}
	for (int i = 1; i < argc; i++) {
		jobs[i].below = strtoul(argv[i], NULL, 0);
		put_job(&jobs[i]);
		kevent_post(q, JOB);
	}
	kevent_post(q, QUIT);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < argc; i++)
		printf("%lu primes below %lu\n", jobs[i].primes, jobs[i].below);
	free(jobs);
	close(q);
	return 0;
}
