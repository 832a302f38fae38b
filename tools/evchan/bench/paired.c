// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of several loads with several interfaces one after the other, again and again,
 * on real processors: what else the machine does hits the interfaces alike, so each is
 * compared with the epoll run of the same turn. Medians over the turns, and quartiles.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Interfaces that can be compared; the first is what they are compared to. */
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

	/* Sorting mixes the turns up, so epoll's come last. */
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
 * @rate runs a load once and returns events for each second. A turn is once each load
 * with each interface: what else goes on for some seconds is in few turns of each load
 * in place of all of one.
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
