// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measure the event interfaces, each in every variant that makes a difference.
 *
 * usage: bench [--scale N] [--meter instructions|ns|syscalls] [--api API] [--row ROW] BENCH...
 *
 * --scale 100 does a hundredth of the work. --api measures only that interface; --row is for
 * the bench "lines", and measures only that load. Each figure
 * is printed on one line: bench, api, metric, unit, value. The metric "cost" is that of the
 * default variant for evchan and kevent, and of the best variant for the others. The other
 * figures are "cost:VARIANT", "cost@sources=N" and the like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

static const struct api *const apis[] = {
	&api_evchan, &api_kevent, &api_epoll, &api_io_uring, &api_poll, &api_floor, NULL,
};

static unsigned int scale = 1;
static const char *only;	/* measure only this interface; NULL: all */
static const char *only_row;	/* "lines" measures only this load; NULL: all */

/* A bench: its function, its load, and the interfaces that take part. */
struct bench {
	const char *name;
	const char *per;		/* the unit is what is metered, per this */
	double (*run)(const struct api *api, const struct options *o);
	unsigned int sources, rounds, entries;
	const char *without;		/* names of interfaces that take no part */
	bool extras;			/* measure the api's extras too */
	bool batches;			/* try several batch sizes, if the api has them */
	enum { NO_CURVE, SOURCES, ENTRIES } curve;
};

static const struct bench benches[] = {
	{ "deliver-batch", "event", bench_deliver_batch, 1000, 63, 0, "",
	  .extras = true, .batches = true, .curve = ENTRIES },
	{ "deliver-one", "event", bench_deliver_one, 1, 21 * 2048, 0, "",
	  .extras = true },
	{ "register", "source", bench_register, 10000, 1, 0, "floor poll" },
	{ "modify", "source", bench_modify, 1000, 22, 0, "floor poll" },
	{ "pingpong", "roundtrip", bench_pingpong, 2, 8400, 0, "floor poll",
	  .extras = true },
	{ "overflow", "event", bench_overflow, 1000, 63, 64, "floor poll epoll" },
	{ "level", "event", bench_level, 1000, 63, 0, "floor io_uring", .batches = true },
	{ "memory", "source", bench_memory, 100000, 1, 0, "floor poll" },
	{ "idle-scale", "event", bench_deliver_one, 1000, 11 * 2048, 0, "floor poll",
	  .curve = SOURCES },
	{ "http", "request", bench_http, 1000, 20, 0, "floor" },
	{ 0 }
};

/* Benches that need several processors and measure time: for --meter ns only. */
static const struct {
	const char *name;
	void (*run)(unsigned int scale, unsigned int turns);
} parallel[] = {
	{ "smp", bench_smp }, { "consumers", bench_consumers }, { "producers", bench_producers },
	{ 0 }
};

/* Benches whose guest needs the plugin in the directory lines. */
static const struct {
	const char *name;
	void (*run)(unsigned int scale, const char *only, const char *row);
} modelled[] = {
	{ "lines", bench_lines }, { "lines-test", bench_lines_test }, { 0 }
};

#define TURNS	11	/* in a full run */

static const unsigned int curve_sources[] = { 1000, 10000, 100000, 1000000, 0 };
static const unsigned int curve_entries[] = { 64, 256, 1024, 4096, 16384, 0 };

static unsigned int scaled(unsigned int n)
{
	return n / scale ?: 1;
}

static double measure(const struct bench *b, const struct api *api, struct options o)
{
	/* System calls are counted exactly, so a few rounds are enough. */
	o.rounds = scaled(meter_kind == METER_SYSCALLS ? b->rounds / 4 : b->rounds);
	return b->run(api, &o);
}

static void say(const struct bench *b, const struct api *api, const char *metric, double cost)
{
	static const char *const things[] = { "instructions", "ns", "syscalls" };
	const char *thing = b->run == bench_memory ? "bytes" : things[meter_kind];
	char unit[64], name[96];

	snprintf(unit, sizeof(unit), "%s/%s", thing, b->per);
	snprintf(name, sizeof(name), "%s%s",
		 meter_kind == METER_INSTRUCTIONS ? "cost" : things[meter_kind], metric);
	result(b->name, api->name, name, unit, cost);
}

static bool takes_part(const struct bench *b, const struct api *api)
{
	return !strstr(b->without, api->name);
}

/* Measure one variant, with several batch sizes if they matter. Return: the least cost. */
static double run_variant(const struct bench *b, const struct api *api, const char *variant,
			  struct options o)
{
	static const unsigned int batches[] = { 0, 64, 512, 1 };
	unsigned int n = b->batches && api->batches ? 4 : 1;
	double best = 0;
	char metric[64];

	o.setup.variant = variant;
	for (unsigned int k = 0; k < n; k++) {
		double cost;

		o.setup.batch = batches[k];
		cost = measure(b, api, o);
		if (k)
			snprintf(metric, sizeof(metric), "%s%s@batch=%u", *variant ? ":" : "",
				 variant, batches[k]);
		else
			snprintf(metric, sizeof(metric), ":%s", *variant ? variant : "default");
		say(b, api, metric, cost);
		if (!k || cost < best)
			best = cost;
	}
	return best;
}

/* Measure a variant for several numbers of sources or several ring sizes. */
static void run_curve(const struct bench *b, const struct api *api, const char *variant,
		      struct options o)
{
	bool sources = b->curve == SOURCES;
	char metric[64];

	o.setup.variant = variant;
	for (const unsigned int *n = sources ? curve_sources : curve_entries; *n; n++) {
		double cost;

		if (sources)
			o.sources = scaled(*n);
		else
			o.setup.entries = *n;
		cost = measure(b, api, o);
		snprintf(metric, sizeof(metric), "@%s=%u", sources ? "sources" : "entries", *n);
		say(b, api, metric, cost);
		if (sources && meter_kind == METER_SYSCALLS)
			break;	/* idle sources cause no system calls */
	}
}

/* Measure every variant. The cost is that of the best one, for evchan and kevent the first. */
static void run(const struct bench *b, const struct api *api)
{
	bool ours = is(api->name, "evchan") || is(api->name, "kevent");
	bool ring = ours || is(api->name, "io_uring");
	struct options o = {
		.sources = b->sources > 100 ? scaled(b->sources) : b->sources,
		.setup = { .entries = b->entries },
	};
	const char *best_variant = "";
	double best = 0;

	for (int v = 0; api->variants[v]; v++) {
		double cost = run_variant(b, api, api->variants[v], o);

		if (v && (ours || cost >= best))
			continue;
		best = cost;
		best_variant = api->variants[v];
	}
	/* io_uring can also receive and send by itself. */
	if (b->run == bench_http && api == &api_io_uring) {
		double cost = run_variant(b, api, "completions", o);

		if (cost < best)
			best = cost;
	}
	say(b, api, "", best);
	for (int v = 0; b->extras && api->extras && api->extras[v]; v++)
		run_variant(b, api, api->extras[v], o);
	if (b->curve == SOURCES || (b->curve == ENTRIES && ring))
		run_curve(b, api, best_variant, o);
}

/* Raise the limits that a bench would reach. A limit that does not exist is ignored. */
static void lift_limits(void)
{
	static const char *const limits[] = {
		"/proc/sys/fs/evcore/max_user_sources", "/proc/sys/fs/epoll/max_user_watches",
	};
	struct rlimit files = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
	for (unsigned int i = 0; i < 2; i++) {
		FILE *f = fopen(limits[i], "w");

		if (f) {
			fputs("4000000\n", f);
			fclose(f);
		}
	}
}

static void run_named(const char *name, bool floor)
{
	const struct bench *b = benches;

	for (int i = 0; modelled[i].name; i++) {
		if (!is(modelled[i].name, name))
			continue;
		modelled[i].run(scale, only, only_row);
		return;
	}
	for (int i = 0; parallel[i].name; i++) {
		if (!is(parallel[i].name, name))
			continue;
		if (meter_kind == METER_INSTRUCTIONS)
			fail("%s measures time: use --meter ns, without --icount", name);
		parallel[i].run(scale, scale > 1 ? 1 : TURNS);
		return;
	}
	while (b->name && !is(b->name, name))
		b++;
	if (!b->name)
		fail("no bench '%s'; see the tables in bench.c", name);
	/* Run on one processor even if there are more. */
	pin_to_cpu(0);
	/* Memory does not depend on the meter: measure it once. */
	if (b->run == bench_memory && meter_kind != METER_INSTRUCTIONS)
		return;
	for (int i = 0; apis[i]; i++)
		if (takes_part(b, apis[i]) && (floor || apis[i] != &api_floor) &&
		    (!only || is(only, apis[i]->name)))
			run(b, apis[i]);
}

int main(int argc, char **argv)
{
	bool floor = !access("/sys/kernel/debug/evcore_floor", W_OK);
	int arg = 1;

	for (; arg + 1 < argc && argv[arg][0] == '-'; arg += 2) {
		if (is(argv[arg], "--scale"))
			scale = atoi(argv[arg + 1]);
		else if (is(argv[arg], "--api"))
			only = argv[arg + 1];
		else if (is(argv[arg], "--row"))
			only_row = argv[arg + 1];
		else if (is(argv[arg], "--meter") && is(argv[arg + 1], "ns"))
			meter_kind = METER_NS;
		else if (is(argv[arg], "--meter") && is(argv[arg + 1], "syscalls"))
			meter_kind = METER_SYSCALLS;
		else if (!is(argv[arg], "--meter") || !is(argv[arg + 1], "instructions"))
			arg = argc;
	}
	if (!scale || arg >= argc) {
		fprintf(stderr,
			"usage: bench [--scale N] [--meter instructions|ns|syscalls] [--api API]\n"
			"             [--row ROW] BENCH...\n");
		return 2;
	}
	lift_limits();
	mlockall(MCL_CURRENT);
	meter_start(true);
	for (; arg < argc; arg++)
		run_named(argv[arg], floor);
	return 0;
}
