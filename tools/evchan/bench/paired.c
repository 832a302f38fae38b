// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs several loads with several interfaces in turn, many times, on real processors. Other
 * work of the machine affects all interfaces of a turn alike, so each is compared with the
 * epoll run of the same turn. The results are medians and quartiles over the turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* The interfaces to compare; the others are compared with the first. */
static const struct api *const apis[] = { &api_epoll, &api_evchan, &api_kevent, &api_io_uring };

#define NR_APIS	(sizeof(apis) / sizeof(apis[0]))

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void say(const char *bench, const char *api, const char *what, const char *load,
		const char *unit, double *values, unsigned int n)
{
	char metric[96];

	qsort(values, n, sizeof(*values), compare);
	snprintf(metric, sizeof(metric), "%s%s", what, load);
	result(bench, api, metric, unit, values[n / 2]);
	snprintf(metric, sizeof(metric), "%s.low%s", what, load);
	result(bench, api, metric, unit, values[n / 4]);
	snprintf(metric, sizeof(metric), "%s.high%s", what, load);
	result(bench, api, metric, unit, values[n - 1 - n / 4]);
}

static void report(const char *bench, const struct paired_load *load, unsigned int turns,
		   double *rates, bool (*takes_part)(const struct api *api, void *arg))
{
	double *ratios = calloc(turns, sizeof(*ratios));

	/* say() sorts its values, and all need epoll's rates by turn: do epoll last. */
	for (int i = NR_APIS - 1; i >= 0; i--) {
		double *mine = rates + i * turns;

		if (!takes_part(apis[i], load->arg))
			continue;
		for (unsigned int t = 0; t < turns; t++)
			ratios[t] = mine[t] / rates[t];
		if (i)
			say(bench, apis[i]->name, "ratio", load->name, "to-epoll", ratios, turns);
		say(bench, apis[i]->name, "rate", load->name, "events/s", mine, turns);
		if (load->headline)
			result(bench, apis[i]->name, "cost", "events/s", mine[turns / 2]);
	}
	free(ratios);
}

/*
 * @rate runs a load once and returns events per second. A turn runs each load once with
 * each interface, so that other work of the machine that lasts some seconds affects a few
 * turns of every load, and not all turns of one load.
 */
void run_paired(const char *bench, const struct paired_load *loads, unsigned int n,
		unsigned int turns, double (*rate)(const struct api *api, void *arg),
		bool (*takes_part)(const struct api *api, void *arg))
{
	double *rates = calloc(n * NR_APIS * turns, sizeof(*rates));

	for (unsigned int t = 0; t < turns; t++)
		for (unsigned int l = 0; l < n; l++)
			for (unsigned int i = 0; i < NR_APIS; i++)
				if (takes_part(apis[i], loads[l].arg))
					rates[(l * NR_APIS + i) * turns + t] =
						rate(apis[i], loads[l].arg);
	for (unsigned int l = 0; l < n; l++)
		report(bench, loads + l, turns, rates + l * NR_APIS * turns, takes_part);
	free(rates);
}
