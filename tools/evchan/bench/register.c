// SPDX-License-Identifier: GPL-2.0-only
/* Registering, changing, and what a registration takes of memory. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static void *open_or_fail(const struct api *api, const struct options *o)
{
	void *q = api->open(&o->setup);

	if (!q)
		fail("%s: %s", api->name, strerror(errno));
	return q;
}

/* Instructions for each source registered, in the largest batches there are. */
double bench_register(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	double cost = 0;

	for (unsigned int round = 0; round < 3; round++) {
		void *q = open_or_fail(api, o);
		double start = now();

		if (api->add(q, fds, o->sources, 0))
			fail("%s: adding: %s", api->name, strerror(errno));
		cost = now() - start;	/* of the last: caches are warm */
		api->close(q);
	}
	free_eventfds(fds, o->sources);
	return cost / o->sources;
}

/* Instructions for each source whose events are changed, to more and back. */
double bench_modify(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	void *q = open_or_fail(api, o);
	double start = 0;

	if (api->add(q, fds, o->sources, 0))
		fail("%s: adding: %s", api->name, strerror(errno));
	for (unsigned int round = 0; round < o->rounds + 2; round++) {
		if (round == 2)
			start = now();
		if (api->modify(q, fds, o->sources, round & 1 ? POLLIN : POLLIN | POLLPRI))
			fail("%s: changing: %s", api->name, strerror(errno));
	}
	start = now() - start;
	api->close(q);
	free_eventfds(fds, o->sources);
	return start / o->rounds / o->sources;
}

/* Free memory of the system, bytes. */
static double free_memory(void)
{
	char line[128];
	double kb = -1;
	FILE *f;

	/* What could be freed is, so that it does not come and go. */
	f = fopen("/proc/sys/vm/drop_caches", "w");
	if (f) {
		fputs("3\n", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %lf kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	if (kb < 0)
		fail("no MemFree in /proc/meminfo");
	return kb * 1024;
}

/* Bytes of kernel memory for each source, whatever they are used for. */
double bench_memory(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	double before, used;
	void *q;

	/* Once for the pages that stay: slabs' first ones, the process's own. */
	q = open_or_fail(api, o);
	if (api->add(q, fds, o->sources < 1000 ? o->sources : 1000, 0))
		fail("%s: adding: %s", api->name, strerror(errno));
	api->close(q);
	q = open_or_fail(api, o);
	before = free_memory();
	if (api->add(q, fds, o->sources, 0))
		fail("%s: adding: %s", api->name, strerror(errno));
	used = before - free_memory();
	api->close(q);
	free_eventfds(fds, o->sources);
	return used / o->sources;
}
