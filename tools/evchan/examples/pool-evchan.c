// SPDX-License-Identifier: MIT
/*
 * Thread pool on the event channel: pool-evchan NUMBER...
 *
 * Counts the primes below each number. The workers sleep in the wait call, and one event
 * wakes one of them. An event says only that there is work. The jobs are in a list, because
 * several events of a source may be merged into one.
 */
#include <evchan.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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
	ec_t ec = *(ec_t *)arg;
	event_data_t ev;
	struct job *job;

	while (!ec_wait_event(ec, &ev)) {
		if (ev.id == QUIT) {
			ec_post(ec, QUIT, 1);	/* for the next worker */
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
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	pthread_t threads[WORKERS];

	if (!jobs || !ec || ec_user(ec, JOB, 0) < 0 || ec_user(ec, QUIT, 0) < 0) {
		ec_perror("pool");
		return 1;
	}
	for (int i = 0; i < WORKERS; i++) {
		if (pthread_create(&threads[i], NULL, worker, &ec))
			return 1;
	}
	for (int i = 1; i < argc; i++) {
		jobs[i].below = strtoul(argv[i], NULL, 0);
		put_job(&jobs[i]);
		ec_post(ec, JOB, 1);
	}
	ec_post(ec, QUIT, 1);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < argc; i++)
		printf("%lu primes below %lu\n", jobs[i].primes, jobs[i].below);
	free(jobs);
	ec_destroy(ec);
	return 0;
}
