// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of registering and of modifying, and the memory of a registration. Afterwards
 * each source is made ready, to check that it was registered.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define BLOCKS	5

/* The cost per registered source, in the largest batches. */
double bench_register(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	double taken[BLOCKS + 1];

	/* The first block warms up. */
	for (unsigned int b = 0; b <= BLOCKS; b++) {
		void *q = open_queue(api, o, NULL, 0);

		settle();
		taken[b] = meter();
		if (api->add(q, fds, o->sources, 0))
			fail("%s: cannot register %u sources: %s", api->name, o->sources,
			     strerror(errno));
		taken[b] = (meter() - taken[b]) / o->sources;
		if (b == BLOCKS)
			verify_sources(api, q, fds, o->sources);
		api->close(q);
	}
	free_eventfds(fds, o->sources);
	return typical(taken + 1, BLOCKS);
}

/* The cost per modified source; its events are changed to more and back. */
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
				fail("%s: cannot modify: %s", api->name, strerror(errno));
		if (b)	/* the first block warms up */
			taken[b - 1] = (meter() - start) / 2 / o->sources;
	}
	verify_sources(api, q, fds, o->sources);
	api->close(q);
	free_eventfds(fds, o->sources);
	return typical(taken, blocks);
}

/*
 * Bytes that the kernel uses for itself: slabs (including large blocks and the accounting
 * of memory cgroups), vmalloc and per-CPU memory.
 */
static double kernel_memory(void)
{
	static const char *const kinds[] = { "Slab", "VmallocUsed", "Percpu" };
	char line[128], word[32];
	double kb, sum = 0;
	unsigned int found = 0;
	FILE *f;

	/* Free caches, then fold the counts of each processor into the total. */
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
		fail("/proc/meminfo lacks Slab, VmallocUsed or Percpu");
	return sum;
}

/* Bytes of kernel memory per registered source. */
double bench_memory(const struct api *api, const struct options *o)
{
	int *fds = make_eventfds(o->sources);
	unsigned int few = o->sources < 1000 ? o->sources : 1000;
	double used;
	void *q;

	/* Do it once first, for memory that stays allocated, such as the first slab pages. */
	api->close(open_queue(api, o, fds, few));
	q = open_queue(api, o, NULL, 0);
	settle();
	used = kernel_memory();
	if (api->add(q, fds, o->sources, 0))
		fail("%s: cannot register %u sources: %s", api->name, o->sources,
			     strerror(errno));
	used = kernel_memory() - used;
	verify_sources(api, q, fds, o->sources);
	api->close(q);
	free_eventfds(fds, o->sources);
	return used / o->sources;
}
