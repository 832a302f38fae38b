/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * latency: what its files share.
 *
 * A case has up to three sides: the event channel, kevent, and the peer, which is what a
 * program uses without either. Each side is measured in a process of its own, so a case
 * keeps its state in static variables and leaves the cleaning up to exit.
 */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum side { EVCHAN, KEVENT, PEER, SIDES };

/**
 * struct test - one case
 * @name: of the case
 * @what: the action that is measured
 * @peer: what the peer does instead
 * @size: how many of each side there are; 0: the side does not have this case
 * @prepare: sets everything up, before the tracer is on
 * @act: the action, with the tracer on
 */
struct test {
	const char	*name;
	const char	*what;
	const char	*peer;
	unsigned int	size[SIDES];
	void		(*prepare)(enum side side, unsigned int n);
	void		(*act)(enum side side, unsigned int n);
};

extern const struct test signal_tests[], waiter_tests[], timer_tests[], watcher_tests[],
			 close_tests[], record_tests[], exit_tests[];

/* Where the longest section was. */
struct section {
	char	from[64];	/* function in which it began */
	char	to[64];		/* function in which it ended */
	char	stack[512];	/* callers at its end, the innermost first */
};

/*
 * A queue with a backlog, of which there is one: more events than the kernel looks at in
 * one lock hold. Where there are many: as many as fit into RLIMIT_MEMLOCK by default, with
 * a little less.
 */
#define BACKLOG_SLOTS	4096
#define BACKLOG		2048
#define SMALL_SLOTS	1024
#define SMALL_BACKLOG	1000

/* main.c */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
long must(long ret, const char *what);
#define MUST(call)	must((long)(call), #call)
uint64_t now_ns(void);

/* tracer.c */
void tracer_begin(void);
void tracer_choose(const char *name);
void tracer_on(void);
void tracer_off(void);
unsigned long tracer_longest(struct section *where, const char *save);

/* queue.c */
int queue_open(enum side side, unsigned int slots);
void queue_fill(enum side side, int queue, unsigned int n);
int queue_with_backlog(enum side side, unsigned int slots, unsigned int events);
unsigned int backlog_min(enum side side, unsigned int slots, unsigned int events);
void queue_wait(enum side side, int queue, unsigned int min);
void add_user(enum side side, int queue, uint64_t id, bool wake_all);
void post_user(enum side side, int queue, uint64_t id);
void delete_user(int queue, uint64_t id);
void add_poll(enum side side, int queue, int fd);
void add_level(enum side side, int queue, int fd);
void add_process(enum side side, int queue, int pidfd);
void add_timer(enum side side, int queue, uint64_t id, uint64_t when, uint64_t interval);
void add_signal(enum side side, int queue, int sig, bool wake_all);
void delete_signal(enum side side, int queue, int sig);
void add_futex(enum side side, int queue, uint64_t id, uint32_t *word);
void add_inode(enum side side, int queue, unsigned int id, int fd, uint32_t mask);
int add_posix_timer(enum side side, int queue);
void add_epoll(int epoll, int fd);
int new_eventfd(void);
int new_epoll(void);
void write_eventfd(int fd);

/* crowd.c */
void crowd_start(unsigned int n, void (*sleep)(unsigned int i));
void crowd_await(unsigned int n);

#endif
