/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The demo's scenarios, the same for both interfaces, and what each interface
 * has to provide for them.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdint.h>

enum source { SRC_SOCKET, SRC_LISTEN, SRC_PIPE, SRC_TIMER, SRC_USER, SRC_EVENTFD };

/* An event as the scenarios see it. */
struct happened {
	uint64_t data;		/* cookie */
	uint64_t count;		/* timers: expirations; user events: posts */
	uint64_t value;		/* user events: sum of the values, where there is one */
};

/**
 * struct face - one interface
 * @name: for the table
 * @values: user events carry a value
 * @open: a queue with a ring of @entries slots
 * @watch: edge-triggered, but level-triggered for pipes; timers: @arg is the
 *         period in ns, user events: @arg is the id, otherwise a descriptor
 * @post: a user event, from any thread
 * @next: the next event, within @ms milliseconds; 0 if none came
 * @fd: the queue's descriptor
 * @calls: system calls of the interface made so far
 * @close: free the queue
 */
struct face {
	const char *name;
	int values;
	void (*open)(unsigned int entries);
	void (*watch)(enum source type, uint64_t arg, uint64_t data);
	void (*post)(uint64_t id, uint64_t value);
	int (*next)(struct happened *h, int ms);
	int (*fd)(void);
	unsigned long (*calls)(void);
	void (*close)(void);
};

/* Run every scenario; the exit status for main(). */
int demo_run(const struct face *face, int argc, char **argv);

#endif
