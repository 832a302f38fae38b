/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benches' view of an event interface, and the functions that the benches share.
 *
 * A bench is written once, against struct api. The cookie of an event is the number of its
 * source. A call that collects events fills in an array of cookies, so that every bench
 * can check that each event came exactly once.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The configuration of a queue for one run. */
struct setup {
	const char *variant;	/* a variant of the interface; "": its default */
	unsigned int entries;	/* slots of the ring, 0: the interface's default */
	unsigned int batch;	/* most events requested in one call, 0: many */
	bool level;
	bool no_rearm;		/* io_uring: do not arm polls again that overflow ended */
	bool threads;		/* several threads use the queue */
};

/**
 * struct api - an event interface
 * @name: as in the results
 * @variants: names of the variants to try, ends with NULL; the first is the default
 * @extras: further variants, which change what is measured or which threads may use the
 *          queue; never an interface's headline; may be NULL
 * @batches: do the results depend on setup.batch?
 * @always_level: reports ready descriptors each time, whatever setup.level is
 * @one_thread: only the thread that created a queue may use it
 * @open: create a queue; NULL with errno set if that fails
 * @add: register @n descriptors for reading, with cookies from @first on; 0 or -1
 * @modify: change the events of @n descriptors to @events; 0 or -1. NULL if the interface
 *          has no such call
 * @collect: fetch the cookies of up to @max events without waiting; their number
 * @wait: like @collect, but wait until there is an event
 * @close: free the queue
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

/* The load of a bench, which bench_*() runs on an interface and returns the cost of. */
struct options {
	unsigned int sources;
	unsigned int rounds;
	struct setup setup;
	unsigned int cpus[2];	/* pingpong: processors of the two threads */
	/* pingpong: called after each block, and before each write; NULL: no function */
	void (*lap)(void);
	void (*pause)(void);
};

/* meter.c: what is counted; instructions by default */
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

/* pingpong.c: round trips in a block */
#define PINGPONG_BLOCK	100

/* http.c, http-io_uring.c */
void connect_all(unsigned int n, int *servers, int *clients);
#define HTTP_RESPONSE_MAX	512
int http_answer(char *request, int n, char *response);
void http_serve_by_completions(const int *fds, unsigned int n, unsigned int total);

/**
 * struct paired_load - a load that all interfaces run in turn, on real processors
 * @name: suffix of the metrics' names, such as ":one@threads=2"
 * @headline: is its rate also the bench's "cost"?
 * @arg: passed to the bench's functions
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
void bench_producers(unsigned int scale, unsigned int turns);

/* lines.c, lines-test.c */
void bench_lines(unsigned int scale, const char *only, const char *row);
void bench_lines_test(unsigned int scale, const char *only, const char *row);

#endif
