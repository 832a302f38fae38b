/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benches know of an event interface, and what the interfaces share.
 *
 * A bench is written once against struct api. The events of all sources carry
 * the source's number as cookie; a collecting call fills in an array of those,
 * so that every bench can check that each event came, once.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a queue is set up for a run. */
struct setup {
	const char *variant;	/* of the interface, "" for its default */
	unsigned int entries;	/* slots of the ring, 0: the interface's default */
	unsigned int batch;	/* most events asked for in one call, 0: many */
	bool level;
	bool no_rearm;		/* io_uring: leave polls ended that overflow ended */
	bool threads;		/* several threads use the queue */
};

/**
 * struct api - an event interface
 * @name: as in the results
 * @variants: names of set-ups to try, NULL at the end; the first is the default
 * @extras: further ones, that change what is measured or who may use the queue;
 *          never an interface's headline; may be NULL
 * @batches: are results different for other values of setup.batch?
 * @always_level: reports what is ready each time, whatever is asked for
 * @one_thread: a queue is used by the thread that made it
 * @open: make a queue; NULL with errno set if that does not work here
 * @add: register @n descriptors for reading with cookies from @first on; 0 or -1
 * @modify: change what is asked for to @events; NULL where there is no such thing
 * @collect: fetch up to @max cookies of what is there, without waiting
 * @wait: the same, but wait until there is one
 * @close: the end
 */
struct api {
	const char *name;
	const char *const *variants;
	const char *const *extras;
	bool batches;
	bool always_level;
	bool one_thread;
	void *(*open)(const struct setup *s);
	int (*add)(void *q, const int *fds, unsigned int n, unsigned int first);
	int (*modify)(void *q, const int *fds, unsigned int n, uint32_t events);
	unsigned int (*collect)(void *q, uint32_t *cookies, unsigned int max);
	unsigned int (*wait)(void *q, uint32_t *cookies, unsigned int max);
	void (*close)(void *q);
};

extern const struct api api_evchan, api_kevent, api_epoll, api_io_uring, api_poll, api_floor;

/* One bench: run it for an interface with a set-up and return the cost. */
struct options {
	unsigned int sources;
	unsigned int rounds;
	struct setup setup;
};

/* meter.c: what is counted, instructions unless told otherwise */
enum meter { METER_INSTRUCTIONS, METER_NS, METER_SYSCALLS };
extern enum meter meter_kind;
void meter_start(bool children);
double meter(void);
double typical(double *values, unsigned int n);

/* common.c */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void result(const char *bench, const char *api, const char *metric, const char *unit,
	    double value);
int *make_eventfds(unsigned int n);
void free_eventfds(int *fds, unsigned int n);
const int *idle_eventfds(unsigned int n);
void raise_one(int fd);
void raise_all(const int *fds, unsigned int n);
void read_all(const int *fds, unsigned int n);
void *open_queue(const struct api *api, const struct options *o, const int *fds,
		 unsigned int n);
void check_once(const char *who, const uint32_t *cookies, unsigned int got, unsigned int n,
		uint32_t *marks, uint32_t round);
unsigned int collect_all(const struct api *api, void *q, uint32_t *cookies, unsigned int n,
			 unsigned int batch);
void verify_sources(const struct api *api, void *q, const int *fds, unsigned int n);
void settle(void);
double seconds(void);
void pin_to_cpu(unsigned int cpu);

static inline bool is(const char *a, const char *b)
{
	return !__builtin_strcmp(a, b);
}

double bench_deliver_batch(const struct api *api, const struct options *o);
double bench_deliver_one(const struct api *api, const struct options *o);
double bench_level(const struct api *api, const struct options *o);
double bench_overflow(const struct api *api, const struct options *o);
double bench_register(const struct api *api, const struct options *o);
double bench_modify(const struct api *api, const struct options *o);
double bench_memory(const struct api *api, const struct options *o);
double bench_pingpong(const struct api *api, const struct options *o);
double bench_http(const struct api *api, const struct options *o);

/* http.c, http-io_uring.c */
#define HTTP_RESPONSE_MAX	512
int http_answer(char *request, int n, char *response);
void http_serve_by_completions(const int *fds, unsigned int n, unsigned int total);

/**
 * struct paired_load - what is run with all interfaces by turns, on real processors
 * @name: as ":one@threads=2", for the metrics
 * @headline: its rate is the bench's "cost" too
 * @arg: what the bench knows of it
 */
struct paired_load {
	char name[64];
	bool headline;
	void *arg;
};

void run_paired(const char *bench, const struct paired_load *loads, unsigned int n,
		unsigned int turns, double (*rate)(const struct api *api, void *arg),
		bool (*takes_part)(const struct api *api, void *arg));
void bench_smp(unsigned int scale, unsigned int turns);
void bench_consumers(unsigned int scale, unsigned int turns);

#endif
