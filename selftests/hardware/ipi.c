// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inter-processor interrupts: threads on processor 1 post numbered sequences to faces that
 * sleep on processor 0, through a user source and a pipe.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hardware.h"

#define BURST	24	/* posts before a poster waits for all to be taken */

static struct readable *pipes;		/* one for each poster; both faces watch it */
static struct poster {
	int write_end;
	uint64_t in_pipe;		/* next number expected */
	uint64_t posted[FACES];		/* the same for the user events of each face */
	pthread_t thread;
} *posters;
static unsigned int n_posters, bursts, open_posters;
/* Protects @begun and @taken: posters that have made a burst, and the bursts taken from each. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;
static unsigned int *taken, begun;

/* Returns whether a thread is asleep. */
static int sleeps(int tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	/* The consumer thread has given up, so the poster ends too. */
	if (!f)
		pthread_exit(NULL);
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		err(1, "%s", path);
	fclose(f);
	return state == 'S';
}

/* A burst must wake the consumers, so wait until both are asleep. */
static void until_asleep(void)
{
	for (unsigned int i = 0; i < FACES; i++) {
		int tid = __atomic_load_n(&consumers[i].tid, __ATOMIC_ACQUIRE);

		while (!tid || !sleeps(tid)) {
			sched_yield();
			tid = __atomic_load_n(&consumers[i].tid, __ATOMIC_ACQUIRE);
		}
	}
}

static void burst(struct poster *p, uint64_t first)
{
	for (uint64_t n = first; n < first + BURST; n++) {
		if (write(p->write_end, &n, sizeof(n)) != sizeof(n))
			err(1, "pipe");
		for (unsigned int f = 0; f < FACES; f++)
			checked(&faces[f], face_post(&faces[f], n_posters + (uint32_t)(p - posters), n),
				"posting");
	}
}

static void *post(void *arg)
{
	struct poster *p = arg;
	unsigned int me = (unsigned int)(p - posters);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor 1");
	for (unsigned int b = 0; b < bursts; b++) {
		/* The first burst is made before the consumers run, and overflows the rings. */
		if (b)
			until_asleep();
		burst(p, (uint64_t)b * BURST);
		pthread_mutex_lock(&lock);
		begun += !b;
		pthread_cond_broadcast(&progress);
		while (taken[me] <= b)
			pthread_cond_wait(&progress, &lock);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* If the whole burst of @p has arrived by all ways, let @p go on. */
static void all_taken(struct poster *p)
{
	unsigned int me = (unsigned int)(p - posters);
	uint64_t due;

	pthread_mutex_lock(&lock);
	due = (uint64_t)(taken[me] + 1) * BURST;
	if (p->in_pipe >= due && p->posted[0] >= due && p->posted[1] >= due) {
		open_posters -= ++taken[me] == bursts;
		pthread_cond_broadcast(&progress);
	}
	pthread_mutex_unlock(&lock);
}

static int event(unsigned int face, const struct got *g)
{
	struct poster *p = &posters[g->data % n_posters];
	uint64_t n;

	if (g->data >= 2 * n_posters) {
		expect(0, "%s: cookie %llu", face_name(&faces[face]), (unsigned long long)g->data);
		return 0;
	}
	if (g->data >= n_posters) {
		uint64_t first = p->posted[face];

		/*
		 * The sum of the values must be that of g->count consecutive numbers from
		 * @first on.
		 */
		if (faces[face].kind == EVCHAN)
			expect(g->value == g->count * first + g->count * (g->count - 1) / 2,
			       "%s: %llu posts with the sum %lld, the first was %llu", face_name(&faces[face]),
			       (unsigned long long)g->count, (long long)g->value,
			       (unsigned long long)first);
		p->posted[face] += g->count;
	} else if (both_told(&pipes[p - posters], face)) {
		ssize_t r;

		while ((r = read(pipes[p - posters].fd, &n, sizeof(n))) == sizeof(n)) {
			expect(n == p->in_pipe, "pipe: %llu came, not %llu", (unsigned long long)n,
			       (unsigned long long)p->in_pipe);
			p->in_pipe++;
		}
		if (r >= 0 || errno != EAGAIN)
			err(1, "pipe");
	}
	all_taken(p);
	return !open_posters;
}

void path_ipi(const struct load *l)
{
	const uint64_t all = (uint64_t)l->bursts * BURST;
	uint64_t before, came;

	n_posters = open_posters = l->posters;
	bursts = l->bursts;
	posters = calloc(n_posters, sizeof(*posters));
	taken = calloc(n_posters, sizeof(*taken));
	pipes = calloc(n_posters, sizeof(*pipes));
	if (!posters || !taken || !pipes)
		err(1, "calloc");
	faces_open();
	for (unsigned int i = 0; i < n_posters; i++) {
		int fd[2];

		if (pipe(fd) || fcntl(fd[0], F_SETFL, O_NONBLOCK))
			err(1, "pipe");
		pipes[i].fd = fd[0];
		posters[i].write_end = fd[1];
		faces_watch(EVCHAN_PIPE, fd[0], EVCHAN_RECV, i);
		for (unsigned int f = 0; f < FACES; f++)
			checked(&faces[f], face_user(&faces[f], n_posters + i), "adding user events");
	}
	before = interrupts("RES", 0) + interrupts("CAL", 0);
	for (unsigned int i = 0; i < n_posters; i++)
		if (pthread_create(&posters[i].thread, NULL, post, &posters[i]))
			errx(1, "pthread_create");
	/* Wait until each poster has made its first burst; nobody takes events until then. */
	pthread_mutex_lock(&lock);
	while (begun < n_posters)
		pthread_cond_wait(&progress, &lock);
	pthread_mutex_unlock(&lock);
	both_start(event, 0);
	both_join(pipes, n_posters);
	came = interrupts("RES", 0) + interrupts("CAL", 0) - before;
	for (unsigned int i = 0; i < n_posters; i++) {
		struct poster *p = &posters[i];

		expect(p->in_pipe == all && p->posted[0] == all && p->posted[1] == all,
		       "poster %u: %llu each; pipe %llu, evchan %llu, kevent %llu", i,
		       (unsigned long long)all, (unsigned long long)p->in_pipe,
		       (unsigned long long)p->posted[0], (unsigned long long)p->posted[1]);
		/* A poster that waits for a lost event cannot be joined. */
		if (p->in_pipe == all && p->posted[0] == all && p->posted[1] == all)
			pthread_join(p->thread, NULL);
	}
	note("ipi: %u posters, %llu posts of each in each way; %llu interrupts of RES and CAL on processor 0",
	     n_posters, (unsigned long long)all, (unsigned long long)came);
	expect(came >= bursts, "RES and CAL: only %llu interrupts", (unsigned long long)came);
	faces_close(0);
	free(pipes);
}
