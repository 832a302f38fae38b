/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the hardware paths share. Each path is driven through both faces at
 * once, with a thread for each face, over the same files and interrupts.
 */
#ifndef HARDWARE_H
#define HARDWARE_H

#include <stdint.h>

#include "evchan.h"
#include "kevent.h"

#define RING		8	/* slots, far fewer than any load needs */
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

/* --- faces.c: an adapter for both faces --- */

struct got {
	uint64_t data;		/* cookie */
	uint64_t count;		/* expirations or posts */
	int64_t value;		/* sum of the values posted, or the result of an operation */
};

struct face {
	const char *name;
	ec_t ec;			/* this or queue is used */
	struct kevent_queue queue;
	int tid;			/* of the thread that waits */
	unsigned long events;		/* that the thread has handled */
};

extern struct face faces[FACES];

void faces_open(void);
/* Close both; unless @may_fit, check that events found the ring full. */
void faces_close(int may_fit);
int face_fd(struct face *f);
/* Watch @fd through both faces, edge-triggered; the types and bits of both are the same. */
void faces_watch(unsigned int type, int fd, uint32_t events, uint64_t data);
void face_timer(struct face *f, uint64_t period_ns, uint64_t data);
void face_user(struct face *f, uint64_t id);
void face_post(struct face *f, uint64_t id, uint64_t value);
/* The next event within @ms; returns 0 if there is none. */
int face_next(struct face *f, struct got *g, int ms);

/* --- both.c: a thread for each face --- */

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
