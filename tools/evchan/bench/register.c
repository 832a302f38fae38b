// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registering, changing, and what a registration takes of memory. Afterwards
 * each source is made ready, to see that it was registered.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define BLOCKS	5

/* For each source registered, in the largest batches there are. */
double bench_register(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	double taken[BLOCKS + 1];

	/* The first is warming up. */
	for (unsigned int b = 0; b <= BLOCKS; b++) {
		void *q = open_queue(api, o, NULL, 0);

		settle();
		taken[b] = meter();
		if (api->add(q, fds, o->sources, 0))
			fail("%s: adding: %s", api->name, strerror(errno));
		taken[b] = (meter() - taken[b]) / o->sources;
		if (b == BLOCKS)
			verify_sources(api, q, fds, o->sources);
		api->close(q);
	}
	free_eventfds(fds, o->sources);
	return typical(taken + 1, BLOCKS);
}

/* For each source whose events are changed, to more and back. */
double bench_modify(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	void *q = open_queue(api, o, fds, o->sources);
	unsigned int blocks = o->rounds / 2 ?: 1;
	double taken[blocks];

	for (unsigned int b = 0; b <= blocks; b++) {
		double start = meter();

		for (int more = 1; more >= 0; more--)
			if (api->modify(q, fds, o->sources, more ? POLLIN | POLLPRI : POLLIN))
				fail("%s: changing: %s", api->name, strerror(errno));
		if (b)	/* the first is warming up */
			taken[b - 1] = (meter() - start) / 2 / o->sources;
	}
	verify_sources(api, q, fds, o->sources);
	api->close(q);
	free_eventfds(fds, o->sources);
	return typical(taken, blocks);
}

/*
 * Bytes that the kernel has taken for itself: pages of slabs (large blocks and
 * the memory cgroups' bookkeeping included), of vmalloc and of per-CPU memory.
 */
static double kernel_memory(void)
{
	static const char *const kinds[] = { "Slab", "VmallocUsed", "Percpu" };
	char line[128], word[32];
	double kb, sum = 0;
	unsigned int found = 0;
	FILE *f;

	/* What could be freed is; then the processors' own counts are added in. */
	f = fopen("/proc/sys/vm/drop_caches", "w");
	if (f) {
		fputs("3\n", f);
		fclose(f);
	}
	f = fopen("/proc/sys/vm/stat_refresh", "w");
	if (f) {
		fputs("1\n", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31[^:]: %lf kB", word, &kb) != 2)
			continue;
		for (unsigned int i = 0; i < 3; i++) {
			if (!is(word, kinds[i]))
				continue;
			sum += kb * 1024;
			found++;
		}
	}
	if (f)
		fclose(f);
	if (found != 3)
		fail("/proc/meminfo does not say what the kernel uses");
	return sum;
}

/* Bytes of kernel memory for each source, whatever they are used for. */
double bench_memory(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	unsigned int few = o->sources < 1000 ? o->sources : 1000;
	double used;
	void *q;

	/* Once for the pages that stay: slabs' first ones, the process's own. */
	api->close(open_queue(api, o, fds, few));
	q = open_queue(api, o, NULL, 0);
	settle();
	used = kernel_memory();
	if (api->add(q, fds, o->sources, 0))
		fail("%s: adding: %s", api->name, strerror(errno));
	used = kernel_memory() - used;
	verify_sources(api, q, fds, o->sources);
	api->close(q);
	free_eventfds(fds, o->sources);
	return used / o->sources;
}
