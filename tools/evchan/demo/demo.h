/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The demo: the functions that each interface provides for the scenarios, which are the
 * same for both, and the functions that the scenarios share.
 */
#ifndef DEMO_H
#define DEMO_H

#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "message.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)	/* as in a linux/aio_abi.h that has the flag */
#endif

enum source {
	SRC_SOCKET, SRC_LISTEN, SRC_PIPE, SRC_POLL, SRC_TIMER, SRC_USER, SRC_SIGNAL,
	SRC_SIGNAL_ONLY, SRC_PROCESS, SRC_INODE,
};

/* What happened, for the types that report more than one kind of event. */
enum { INODE_CREATED = 1, INODE_REMOVED = 2, FUTEX_WOKEN = 1, FUTEX_CHANGED = 2 };

/* An event as the scenarios see it. */
struct happened {
	unsigned int type;	/* number of the source's type */
	uint32_t what;		/* inodes: INODE_...; futexes: FUTEX_... */
	uint64_t data;		/* cookie */
	uint64_t count;		/* timers: expirations; user events: posts */
	/*
	 * User events: sum of the values, if the interface is wide. Signals: the payload.
	 * Processes: the status. Inodes: the hash of the name. AIO: the result.
	 * POSIX timers: the overruns.
	 */
	int64_t value;
	pid_t sender;		/* of a signal, if the interface is wide */
};

/**
 * struct face - one interface
 * @name: as in the table
 * @wide: events have room for more than two words: the sum of the values of user
 *        events, the sender of a signal
 * @open: create a queue with a ring of @entries slots
 * @attach: use the queue of a descriptor that another process created
 * @watch: register a source with the cookie @data, level-triggered for pipes and
 *         edge-triggered otherwise. @arg is the period in ns for timers, the id for user
 *         events, the number for signals, and a descriptor otherwise. A signal of
 *         SRC_SIGNAL_ONLY is only posted and not delivered.
 * @futex: wait once for a wake-up of @word, which is expected to contain @value
 * @posix_timer: create a POSIX timer that posts into the queue
 * @notify: watch once for a message in an empty message queue
 * @name_value: the value that stands for a file's name in events
 * @post: post a user event; any thread or process may call it
 * @next: take the next event, waiting for at most @ms milliseconds; 0 if none came
 * @fd: the queue's descriptor
 * @calls: number of system calls of the interface so far
 * @close: free the queue
 */
struct face {
	const char *name;
	int wide;
	void (*open)(unsigned int entries);
	void (*attach)(int fd);
	void (*watch)(enum source type, uint64_t arg, uint64_t data);
	void (*futex)(uint32_t *word, uint32_t value, uint64_t data);
	void (*posix_timer)(clockid_t clock, uint64_t data, timer_t *timer);
	void (*notify)(int mq, uint64_t data);
	int64_t (*name_value)(const char *name);
	void (*post)(uint64_t id, uint64_t value);
	int (*next)(struct happened *h, int ms);
	int (*fd)(void);
	unsigned long (*calls)(void);
	void (*close)(void);
};

/* Run every scenario. Return: the exit status for main(). */
int demo_run(const struct face *face, int argc, char **argv);

/* --- shared by the scenarios --- */

extern const struct face *face;
extern const char *programs;	/* directory of the demo's other programs */
extern int port;		/* on which the client on the host connects */

/* The counts of a scenario; the producers supply @expected. */
struct tally {
	unsigned long long expected, delivered, disordered, corrupt;
};

/* Add the counts of one sender. A stream without its last message is corrupt. */
void tally_stream(struct tally *t, const struct stream *s);

/* Fail unless @shown, the count of what the scenario is to show, is more than 0. */
void must_show(struct tally *t, const char *what, unsigned long long shown);

/*
 * Take the next event. 0 if none comes for so long that it must be lost. An event of
 * another type than the scenario's is counted as corrupt.
 */
int next_event(struct happened *h);

/* Take an event without waiting; 0 if there is none. */
int next_there(struct happened *h);

/* A counter of the queue, from /proc/self/fdinfo. */
unsigned long long counter(const char *name);

void nonblocking(int fd);
uint64_t now_ns(void);

/* Like pipe() and fork(); they exit on failure. The child dies with its parent. */
void make_pipe(int fds[2]);
pid_t start_child(void);

/* Wait for a child and return its status. Without @complete, kill it first. */
int end_child(pid_t child, int complete);

/* Write or read one whole object; exit with a message if that fails. */
void tell(int fd, const void *what, size_t size);
void hear(int fd, void *what, size_t size);

/* Read up to @most messages without waiting. Return: 0 at the end of the stream, else 1. */
int read_messages(int fd, struct stream *s, uint32_t sender, int most);

/* The scenarios; each group of them has a file. */
void tcp(struct tally *t);
void pipe_feed(struct tally *t);
void terminal(struct tally *t);
void overflow(struct tally *t);
void timers(struct tally *t);
void posix_timers(struct tally *t);
void signals(struct tally *t);
void queued_signals(struct tally *t);
void exits(struct tally *t);
void user_threads(struct tally *t);
void user_processes(struct tally *t);
void mqueue(struct tally *t);
void futex(struct tally *t);
void files(struct tally *t);
void aio(struct tally *t);

#endif
