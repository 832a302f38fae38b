/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the hardware paths share. Each path is driven through both faces at
 * once, with a thread for each face, over the same files and interrupts.
 */
#ifndef HARDWARE_H
#define HARDWARE_H

#include <stdint.h>

#include "face.h"

#define FACES		2
#define BLOCK		4096	/* of the disk's file */
#define DISK_FILE	"blocks"

/* The amount of load; less on the debug kernel, which is slow. */
struct load {
	const char *kernel;
	unsigned int connections, udp_sockets;
	unsigned int blocks;		/* operations in flight */
	unsigned int timers;		/* for each face */
	uint64_t period_ns;		/* of each */
	unsigned int timer_seconds;
	unsigned int posters, bursts;	/* for each face; of each */
};

/* --- both.c: both faces, and a thread for each --- */

/* A channel and a kevent queue with a ring, of far fewer slots than any load needs. */
extern struct face faces[FACES];

/* The threads that take the events of the faces. */
extern struct consumer {
	int tid;
	unsigned long events;		/* that the thread has handled */
} consumers[FACES];

/* Return @ret, the result of a call of face.h for @f; if that failed, say so and exit. */
int checked(const struct face *f, int ret, const char *what);
void faces_open(void);
/* Close both; unless @may_fit, check that events found the ring full. */
void faces_close(int may_fit);
/* Watch @fd through both faces, edge-triggered. */
void faces_watch(uint32_t type, int fd, uint32_t events, uint64_t data);
/* The next event within @ms; returns 0 if there is none. */
int next_event(unsigned int face, struct got *g, int ms);

/*
 * A file that both faces watch. It is read, to its end, only once both have reported it. If
 * one face loses an event the file is not read any more, and the sender, which waits for an
 * answer, sends no more: so the loss is noticed.
 */
struct readable {
	int fd;
	unsigned int told;	/* a bit for each face that has reported it */
};

/* Handles an event of @face; called with the lock of both.c held. Returns 1 when all is done. */
typedef int (*handler)(unsigned int face, const struct got *g);

/* @face reports that @r is readable; returns 1 if it must be read to its end now. */
int both_told(struct readable *r, unsigned int face);
/* Hand the events of both faces to @event until it returns 1. Threads run on @cpu, -1: on any. */
void both_start(handler event, int cpu);
void both_join(const struct readable *watched, unsigned int n);
/* Hand the events that are still there to @event. */
void both_drain(handler event);

/* --- interrupts.c --- */

/* Interrupts of @name, a device or a line's label, so far; on @cpu, or on all CPUs if -1. */
uint64_t interrupts(const char *name, int cpu);
/* The name of a device in /proc/interrupts: the target of its link in sysfs. */
const char *interrupt_name(const char *link);

/* --- host.c --- */

/* A socket of @type that is connected to @port of the host. */
int host_connect(int type, int port);

/* --- guest.c --- */

/* Report a failure of this path, unless @good. */
void expect(int good, const char *what, ...) __attribute__((format(printf, 2, 3)));
void note(const char *what, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ns(void);
/* In ms: an event that takes longer counts as lost. Long, because a busy host is slow. */
#define PATIENCE_MS	30000

/* --- one file for each path --- */

void path_udp(const struct load *l, int port);
void path_tcp(const struct load *l, int port);
void path_disk(const struct load *l);
void path_timer(const struct load *l);
void path_serial(void);
void path_ipi(const struct load *l);

#endif
