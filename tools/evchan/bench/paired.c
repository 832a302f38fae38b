// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of several interfaces one after the other, again and again, on real
 * processors: what else the machine does hits them alike, so each is compared
 * with the epoll run of the same turn. Medians over the turns, and quartiles.
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

/*
 * @load names what is run, as ":one@threads=2"; @rate runs it once and returns
 * events for each second; @headline: this load's rate is the bench's "cost" too.
 */
void run_paired(const char *bench, const char *load, bool headline, unsigned int turns,
		double (*rate)(const struct api *api, void *arg), void *arg,
		bool (*takes_part)(const struct api *api, void *arg))
{
	double *rates = calloc(NR_APIS * turns, sizeof(*rates));
	double *ratios = calloc(turns, sizeof(*ratios));

	for (unsigned int t = 0; t < turns; t++)
		for (unsigned int i = 0; i < NR_APIS; i++)
			if (takes_part(apis[i], arg))
				rates[i * turns + t] = rate(apis[i], arg);
	/* Sorting mixes the turns up, so epoll's come last. */
	for (int i = NR_APIS - 1; i >= 0; i--) {
		double *mine = rates + i * turns;

		if (!takes_part(apis[i], arg))
			continue;
		for (unsigned int t = 0; t < turns; t++)
			ratios[t] = mine[t] / rates[t];
		if (i)
			say(bench, apis[i]->name, "ratio", load, "to-epoll", ratios, turns);
		say(bench, apis[i]->name, "rate", load, "events/s", mine, turns);
		if (headline)
			result(bench, apis[i]->name, "cost", "events/s", mine[turns / 2]);
	}
	free(rates);
	free(ratios);
}
