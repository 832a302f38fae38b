/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The demo: what each interface has to provide for the scenarios, which are the
 * same for both, and what the scenarios share.
 */
#ifndef DEMO_H
#define DEMO_H

#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "message.h"

#ifndef IOCB_FLAG_EVCORE
#define IOCB_FLAG_EVCORE (1 << 2)	/* linux/aio_abi.h of a kernel that has it */
#endif

enum source {
	SRC_SOCKET, SRC_LISTEN, SRC_PIPE, SRC_POLL, SRC_TIMER, SRC_USER, SRC_SIGNAL,
	SRC_SIGNAL_ONLY, SRC_PROCESS, SRC_INODE,
};

/* What happened, where a source has more than one thing to say. */
enum { INODE_CREATED = 1, INODE_REMOVED = 2, FUTEX_WOKEN = 1, FUTEX_CHANGED = 2 };

/* An event as the scenarios see it. */
struct happened {
	unsigned int type;	/* number of the source's type */
	uint32_t what;		/* inodes: INODE_...; futexes: FUTEX_... */
	uint64_t data;		/* cookie */
	uint64_t count;		/* timers: expirations; user events: posts */
	/*
	 * User events: sum of the values, where there is one. Signals: the payload.
	 * Processes: the status. Inodes: what stands for the name. AIO: the result.
	 * POSIX timers: overruns.
	 */
	int64_t value;
	pid_t sender;		/* of a signal, where it is told */
};

/**
 * struct face - one interface
 * @name: for the table
 * @wide: events have room for more than two words: the sum of the values of user
 *        events, the sender of a signal
 * @open: a queue with a ring of @entries slots
 * @attach: use the queue behind a descriptor that another process made
 * @watch: edge-triggered, but level-triggered for pipes; timers: @arg is the
 *         period in ns, user events: @arg is the id, signals: the number,
 *         otherwise a descriptor. SRC_SIGNAL_ONLY: nothing else happens to it
 * @futex: wait, once, for a wake-up of @word, expected to be @value
 * @posix_timer: make one that posts into the queue
 * @notify: a message in an empty message queue, once
 * @name_value: what stands for a file's name in events
 * @post: a user event, from any thread or process
 * @next: the next event, within @ms milliseconds; 0 if none came
 * @fd: the queue's descriptor
 * @calls: system calls of the interface made so far
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

/* Run every scenario; the exit status for main(). */
int demo_run(const struct face *face, int argc, char **argv);

/* --- for the scenarios --- */

extern const struct face *face;
extern const char *programs;	/* directory of the other programs */
extern int port;		/* for the client on the host */

/* A scenario's account; @expected is what the producers say. */
struct tally {
	unsigned long long expected, delivered, disordered, corrupt;
};

/* Add what came of one sender; a stream whose end did not come is corrupt. */
void tally_stream(struct tally *t, const struct stream *s);

/* Count @shown, of what the scenario is for: that it never happened is a failure. */
void must_show(struct tally *t, const char *what, unsigned long long shown);

/*
 * The next event; 0 if none comes for so long that it must be lost. One of another
 * type than the scenario's is counted as corrupt.
 */
int next_event(struct happened *h);

/* One that is there already. */
int next_there(struct happened *h);

/* A counter of the queue, from /proc/self/fdinfo. */
unsigned long long counter(const char *name);

void nonblocking(int fd);
uint64_t now_ns(void);

/* As pipe() and fork(), but they do not fail. The child dies with its parent. */
void make_pipe(int fds[2]);
pid_t start_child(void);

/* Wait for its end: 0 if all went well. Unless @complete it is not let finish. */
int end_child(pid_t child, int complete);

/* Write and read one whole object; exit with a line on stderr if that fails. */
void tell(int fd, const void *what, size_t size);
void hear(int fd, void *what, size_t size);

/* Read messages that are there, at most @most; 0 at the end of the stream. */
int read_messages(int fd, struct stream *s, uint32_t sender, int most);

/* The scenarios, a file for each group. */
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
