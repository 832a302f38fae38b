/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The harness's stand-in for the kernel around the two rings: queues, which are found by a
 * descriptor, and sources. core.c and the two files that include the rings have it; the program
 * calls it as a system call, or as the wake-up of what a source watches.
 */
#ifndef BOUNCE_CORE_H
#define BOUNCE_CORE_H

#include <stddef.h>
#include <stdint.h>

struct evchan_params;
struct evcore_queue;

/* Sources of one queue that become ready in turn; each is posted as by a wake-up of a file. */
struct producer;
struct producer *producer_new(int queue_fd, unsigned int sources);
void producer_post(struct producer *p, unsigned int n);

/* Call at the start of a thread. */
void core_thread(unsigned int cpu);

/* For the files that include a ring. */
int core_add_queue(struct evcore_queue *q);
int create_evchan(struct evchan_params *params);
int create_kevent(unsigned int num);
int commit_kevent(struct evcore_queue *q, unsigned int new_uidx, unsigned int over);
int count_kevent(struct evcore_queue *q, unsigned int num, unsigned int old_uidx);

#endif
