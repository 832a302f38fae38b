/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the hardware paths share. Each path is driven through both
 * faces at once, a thread for each, over the same files and interrupts.
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

/* How much of everything: less on a kernel that checks whatever it does. */
struct load {
	const char *kernel;
	unsigned int connections, udp_sockets;
	unsigned int blocks;		/* operations in flight */
	unsigned int timers;		/* for each face */
	uint64_t period_ns;		/* of each */
	unsigned int timer_seconds;
	unsigned int posters, bursts;	/* for each face; of each */
};

/* --- faces.c: the two faces alike --- */

struct got {
	uint64_t data;		/* cookie */
	uint64_t count;		/* expirations, posts */
	int64_t value;		/* sum of the values posted; an operation's result */
};

struct face {
	const char *name;
	ec_t ec;			/* one of these two */
	struct kevent_queue queue;
	int tid;			/* who waits */
	unsigned long events;		/* that it had */
};

extern struct face faces[FACES];

void faces_open(void);
/* Close; unless @may_fit, events must have found the ring full. */
void faces_close(int may_fit);
int face_fd(struct face *f);
/* Have both watch @fd, edge-triggered; types and bits are the same in both. */
void faces_watch(unsigned int type, int fd, uint32_t events, uint64_t data);
void face_timer(struct face *f, uint64_t period_ns, uint64_t data);
void face_user(struct face *f, uint64_t id);
void face_post(struct face *f, uint64_t id, uint64_t value);
/* The next event within @ms; 0: none. */
int face_next(struct face *f, struct got *g, int ms);

/* --- both.c: a thread for each face --- */

/*
 * A file that both watch. It is read only when both have said that there is
 * something, and then to the end; what one of them keeps to itself is never
 * read, and its sender, who waits for an answer, sends no more.
 */
struct readable {
	int fd;
	unsigned int told;	/* a bit for each face that has said so */
};

/* Handles an event of @face, alone; 1: that was all. */
typedef int (*handler)(unsigned int face, const struct got *g);

/* @face says that @r is readable; 1: it is to be read now, to the end. */
int both_told(struct readable *r, unsigned int face);
/* Hand the events of both faces on until all is done. Threads run on @cpu, -1: any. */
void both_start(handler event, int cpu);
void both_join(const struct readable *watched, unsigned int n);
/* What is there beyond that. */
void both_drain(handler event);

/* --- interrupts.c --- */

/* Interrupts of @name, a device's or a line's label, so far; of @cpu, -1: of all. */
uint64_t interrupts(const char *name, int cpu);
/* The name under which a device's interrupts appear: where its link in sysfs leads. */
const char *interrupt_name(const char *link);

/* --- host.c --- */

/* A socket of @type, connected to a port of the host's. */
int host_connect(int type, int port);

/* --- guest.c --- */

/* Say what is wrong, unless @good; the path fails. */
void expect(int good, const char *what, ...) __attribute__((format(printf, 2, 3)));
void note(const char *what, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ns(void);
/* For how long nothing may come before it counts as lost: a busy host is slow. */
#define PATIENCE_MS	30000

/* --- one file for each --- */

void path_udp(const struct load *l, int port);
void path_tcp(const struct load *l, int port);
void path_disk(const struct load *l);
void path_timer(const struct load *l);
void path_serial(void);
void path_ipi(const struct load *l);

#endif
