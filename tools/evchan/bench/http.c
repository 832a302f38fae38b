// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small HTTP server, which differs between the interfaces only in the wait, and a client
 * in another process with 1,000 keep-alive connections over loopback.
 *
 * In a round the client sends a request on some of the connections and then reads the
 * responses, each of which must be the right one. No other process runs, and both have the
 * same real-time priority, so they take turns: the server runs when the client waits for a
 * response. The count of a round is that of the whole system: client, server and TCP.
 *
 * In a second run the client tells the server through shared memory which connections are
 * ready, and the server yields instead of waiting. That is the cost without an event
 * interface. The difference is the interface's own share.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define REQUEST_MAX	256
#define BODY		"This is page %u of the server, and this is all there is on it.\n"
#define BATCH		1024
#define BLOCK_REQUESTS	1000
#define TOLD_RUNS	8
#define ACTIVE_MAX	4
#define HEADLINE_ACTIVE	1000	/* all of them are kept busy */
#define POLL_ACTIVE	100	/* with fewer, poll's scans take hours */

/* Memory that the processes share. */
struct told {
	volatile unsigned int rounds;	/* announced so far */
	unsigned int n;
	uint32_t ready[];
};

struct client {
	unsigned int connections, active, blocks, rounds;	/* rounds in a block */
	struct told *told;
	int *fds;
};

static void run_in_turns(void)
{
	struct sched_param p = { .sched_priority = 10 };
	FILE *f = fopen("/proc/sys/kernel/sched_rt_runtime_us", "w");

	if (f) {
		fputs("-1", f);
		fclose(f);
	}
	pin_to_cpu(0);
	if (sched_setscheduler(0, SCHED_FIFO, &p))
		fail("cannot set a real-time priority: %s", strerror(errno));
}

/* --- the server --- */

/* The page that a complete request asks for. */
static unsigned int parse(const char *request, ssize_t n)
{
	unsigned int page;
	char end;

	if (n < 4 || memcmp(request + n - 4, "\r\n\r\n", 4))
		fail("http: the request is incomplete");
	if (sscanf(request, "GET /%u HTTP/1.1%c", &page, &end) != 2 || end != '\r')
		fail("http: the request is not one that this server knows");
	return page;
}

/* Write the response to a request. Return: its length. */
int http_answer(char *request, int n, char *response)
{
	char body[HTTP_RESPONSE_MAX / 2];
	int length;

	request[n] = 0;
	length = snprintf(body, sizeof(body), BODY, parse(request, n));
	return snprintf(response, HTTP_RESPONSE_MAX,
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
			length, body);
}

/* A read that fills less than the buffer has emptied the socket. */
static void serve(int fd)
{
	char request[REQUEST_MAX], response[HTTP_RESPONSE_MAX];
	ssize_t n = read(fd, request, sizeof(request) - 1);
	int length;

	if (n <= 0)
		fail("http: reading a request: %s", n ? strerror(errno) : "closed");
	length = http_answer(request, n, response);
	if (write(fd, response, length) != length)
		fail("http: writing a response: %s", strerror(errno));
}

static void serve_by_events(const struct api *api, void *q, const int *fds, unsigned int total)
{
	uint32_t cookies[BATCH];

	for (unsigned int served = 0; served < total; ) {
		unsigned int n = api->wait(q, cookies, BATCH);

		for (unsigned int i = 0; i < n; i++)
			serve(fds[cookies[i]]);
		served += n;
		if (served > total)
			fail("%s: one event more than expected came", api->name);
	}
}

static void serve_as_told(const struct told *t, const int *fds, unsigned int total)
{
	unsigned int served = 0;

	for (unsigned int round = 0; served < total; round++) {
		while (t->rounds == round)
			sched_yield();
		for (unsigned int i = 0; i < t->n; i++)
			serve(fds[t->ready[i]]);
		served += t->n;
	}
}

/* --- the client --- */

static void ask(int fd, unsigned int page)
{
	char request[REQUEST_MAX];
	int n = snprintf(request, sizeof(request),
			 "GET /%u HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n",
			 page);

	if (write(fd, request, n) != n)
		fail("http: sending a request: %s", strerror(errno));
}

static void read_answer(int fd, unsigned int page)
{
	char response[HTTP_RESPONSE_MAX], body[HTTP_RESPONSE_MAX / 2];
	ssize_t n = read(fd, response, sizeof(response) - 1);
	char *at;

	if (n <= 0)
		fail("http: reading a response: %s", n ? strerror(errno) : "closed");
	response[n] = 0;
	snprintf(body, sizeof(body), BODY, page);
	at = strstr(response, "\r\n\r\n");
	if (strncmp(response, "HTTP/1.1 200 ", 13) || !at || strcmp(at + 4, body))
		fail("http: a response is not the one that was requested");
}

/*
 * The connections of a round: different ones in each, and spread, so that no interface
 * profits from their order.
 */
static void one_round(struct client *c, unsigned int round)
{
	uint32_t *ready = c->told->ready;

	for (unsigned int i = 0; i < c->active; i++) {
		ready[i] = (uint64_t)(round * c->active + i) * 389 % c->connections;
		ask(c->fds[ready[i]], round + ready[i]);
	}
	c->told->n = c->active;
	c->told->rounds++;
	/* Read the last response first: when it has come, all have. */
	for (unsigned int i = c->active; i-- > 0; )
		read_answer(c->fds[ready[i]], round + ready[i]);
}

static void client(struct client *c, double *cost)
{
	double taken[c->blocks];
	unsigned int round = 0;

	for (unsigned int b = 0; b <= c->blocks; b++) {
		double start = meter();

		for (unsigned int i = 0; i < c->rounds; i++)
			one_round(c, round++);
		if (b)	/* the first block warms up */
			taken[b - 1] = (meter() - start) / c->rounds / c->active;
	}
	*cost = typical(taken, c->blocks);
}

/* --- both --- */

static void http_result(const struct api *api, const char *metric, double cost, double all)
{
	char name[128];

	if (meter_kind == METER_SYSCALLS) {
		snprintf(name, sizeof(name), "syscalls%s", metric);
		result("http", api->name, name, "syscalls/request", cost);
		return;
	}
	snprintf(name, sizeof(name), "cost%s", metric);
	result("http", api->name, name, "instructions/request", cost);
	snprintf(name, sizeof(name), "total%s", metric);
	result("http", api->name, name, "instructions/request", all);
}

static void no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Make @n connections to this process over loopback. */
void connect_all(unsigned int n, int *servers, int *clients)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int listening = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(at);

	if (bind(listening, (struct sockaddr *)&at, size) || listen(listening, 128) ||
	    getsockname(listening, (struct sockaddr *)&at, &size))
		fail("http: cannot listen: %s", strerror(errno));
	for (unsigned int i = 0; i < n; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(clients[i], (struct sockaddr *)&at, size))
			fail("http: cannot connect: %s", strerror(errno));
		servers[i] = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		if (servers[i] < 0)
			fail("http: cannot accept: %s", strerror(errno));
		no_delay(clients[i]);
		no_delay(servers[i]);
	}
	close(listening);
}

/*
 * Instructions of the whole system per request, or system calls of the server. With @api
 * NULL the server is told which connections are ready.
 */
static double run(const struct api *api, const struct options *o, unsigned int active)
{
	unsigned int connections = o->sources;
	size_t length = sizeof(double) + sizeof(struct told) + connections * sizeof(uint32_t);
	struct client c = {
		.connections = connections, .active = active,
		/* A difference of two large numbers needs many blocks, most for the headline. */
		.blocks = active == connections ? o->rounds : (o->rounds + 2) / 3,
		.rounds = BLOCK_REQUESTS / active ?: 1, .fds = calloc(connections, sizeof(int)),
	};
	unsigned int total = (c.blocks + 1) * c.rounds * active;
	int *servers = calloc(connections, sizeof(int)), status;
	double *shared, cost = 0, start = 0;
	bool completions = api && is(o->setup.variant, "completions");
	void *q = NULL;
	pid_t pid;

	shared = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	c.told = (struct told *)(shared + 1);
	connect_all(connections, servers, c.fds);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_in_turns();
		for (unsigned int i = 0; i < connections; i++)
			close(servers[i]);
		/* Give the server time to register. */
		usleep(100000);
		client(&c, shared);
		_exit(0);
	}
	for (unsigned int i = 0; i < connections; i++)
		close(c.fds[i]);
	if (api && !completions)
		q = open_queue(api, o, servers, connections);
	run_in_turns();
	if (meter_kind == METER_SYSCALLS) {
		meter_start(false);
		start = meter();
	}
	if (completions)
		http_serve_by_completions(servers, connections, total);
	else if (api)
		serve_by_events(api, q, servers, total);
	else
		serve_as_told(c.told, servers, total);
	/* Subtract the read() and the write() of each request. */
	if (meter_kind == METER_SYSCALLS)
		cost = (meter() - start) / total - (completions ? 0 : 2);
	if (waitpid(pid, &status, 0) != pid || status)
		fail("http: the client failed");
	if (meter_kind != METER_SYSCALLS)
		cost = *shared;
	if (q)
		api->close(q);
	for (unsigned int i = 0; i < connections; i++)
		close(servers[i]);
	munmap(shared, length);
	free(servers);
	free(c.fds);
	return cost;
}

/*
 * The cost of a request if the server is told which connections are ready. It is the same
 * for every interface. It is measured several times, each time with new connections.
 */
static double told_cost(const struct options *o, unsigned int active, unsigned int which)
{
	static double costs[ACTIVE_MAX];

	if (meter_kind == METER_SYSCALLS)
		return 0;
	if (!costs[which]) {
		for (unsigned int i = 0; i < TOLD_RUNS; i++)
			costs[which] += run(NULL, o, active) / TOLD_RUNS;
	}
	return costs[which];
}

/* The share of the event interface, with fewer and fewer connections ready at once. */
double bench_http(const struct api *api, const struct options *o)
{
	static const unsigned int active[ACTIVE_MAX] = { 1000, 100, 10, 1 };
	double headline = 0;

	for (unsigned int i = 0; i < ACTIVE_MAX; i++) {
		unsigned int n = active[i] < o->sources ? active[i] : o->sources;
		const char *variant = o->setup.variant;
		double all, cost;
		char metric[96];

		if (api->always_level && active[i] < POLL_ACTIVE)
			break;
		all = run(api, o, n);
		cost = all - told_cost(o, n, i);
		snprintf(metric, sizeof(metric), "%s%s@active=%u", *variant ? ":" : "", variant,
			 active[i]);
		http_result(api, metric, cost, all);
		if (active[i] == HEADLINE_ACTIVE)
			headline = cost;
	}
	return headline;
}
