/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evtorture: declarations that its files share.
 *
 * A round is a process with one queue, some sources, producers, consumers and a controller
 * that disturbs them. Its log is in shared memory, so that processes may die at any time.
 * judge.c reads the log after the events have stopped.
 *
 * The cookie of a registration contains its source and a generation. A deletion, or a
 * modification to a new cookie, ends a generation. After that call has returned, the
 * generation is marked with the next number of the epoch counter. A consumer reads the
 * epoch counter before it tries to take an event. If it then takes an event of a generation
 * that had ended at or before that number, the event came after its registration was gone.
 */
#ifndef EVTORTURE_H
#define EVTORTURE_H

#include <evchan.h>
#include <kevent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_SOURCES	16
#define MAX_GENS	16384		/* generations or numbers of a source in a round */
#define MAX_CONSUMERS	6
#define MAX_LOG		(1 << 18)
#define OUTSTANDING	8		/* one-event registrations pending at a time */

enum face { EVCHAN, KEVENT, KEVENT_RING, KEVENT_OWN_RING, FACES };
enum mode { EDGE, LEVEL, ONESHOT };

/* How the events of a source are checked. */
enum class {
	CONTENT,	/* an event says that there are data to read, which are numbered */
	STREAM,		/* events have consecutive numbers, in order */
	MERGED,		/* an event stands for all earlier ones that were not taken */
	CLOCK,		/* an event has the number of periods that passed */
	ONCE,		/* each registration has exactly one event */
};

struct source;

struct kind {
	const char *name;
	enum class class;
	uint16_t type;
	uint32_t events;
	unsigned int modes;		/* bit for each enum mode */
	bool evchan_only;
	bool no_modify;
	int (*open)(struct source *s);
	void (*close)(struct source *s);
	/* Make the event with the number s->sent + 1. 0, or -1 if that is not possible now. */
	int (*produce)(struct source *s);
	/* CONTENT: read the next message. 1; 0 if there is none; -1 on an error. */
	int (*consume)(struct source *s, uint64_t *first, uint64_t *count);
	/* Add and delete the registration, if this is not done by a call of the queue. */
	int (*add)(struct source *s, uint64_t cookie);
	int (*del)(struct source *s);
};

struct source {
	const struct kind *kind;
	unsigned int index;
	enum mode mode;
	bool keep;			/* kevent: ONESHOT with KEEP */
	pthread_mutex_t lock;		/* robust; protects the registration and reading */
	bool there;			/* registered */
	int fd, wfd;			/* descriptors to watch and to write to */
	void *extra;			/* private data of the kind, set up before any fork */
	uint64_t period;
	timer_t timer;
	uint32_t gen;
	uint64_t sent;			/* last number made; only the producer writes it */
	uint64_t received;		/* CONTENT: last number read */
	bool resync, unsure;		/* a reader was killed while it held the lock */
	uint64_t last_send;		/* MERGED: time before the last signal was sent, ns */
	uint64_t done;			/* ONCE: events seen */
	uint64_t dead[MAX_GENS];	/* epoch at which a generation ended */
	uint64_t sent_at[MAX_GENS];	/* value of sent when the generation began */
	uint64_t begin[MAX_GENS], began[MAX_GENS], end[MAX_GENS]; /* CLOCK: ns */
	uint8_t state[MAX_GENS];	/* ONCE: 0, EXPECTED, SEEN, MAYBE */
};

enum { EXPECTED = 1, SEEN = 2, MAYBE = 3 };	/* MAYBE: a killed consumer may have taken it */

/* An event that was taken, or that a killed process may have taken. */
struct entry {
	uint64_t pos;			/* position in the ring, if known */
	uint64_t seen;			/* epoch before the consumer tried to take it */
	uint64_t time, value, extra;
	uint32_t gen, events;
	uint16_t source, flags;
	uint8_t killed, valid;
};

struct consumer {
	bool used, process, cancelled;
	volatile bool stop;
	pid_t pid;
	pthread_t thread;
	pthread_mutex_t cancel_lock;	/* held while the thread is being cancelled */
	uint64_t seed;
	struct entry hand;		/* the event that it is about to take */
};

struct world {
	uint64_t seed, epoch;
	unsigned int round, slots, nr_sources, nr_consumers;
	enum face face;
	bool by_commit;			/* kevent ring: read and committed, not fetched */
	bool in_order;			/* the log is in the order of the queue */
	bool leave_out_deleted;
	volatile bool stop_producing, stop;
	int fd;
	ec_t ec;
	struct kevent_ring *ring;
	size_t ring_length;
	pthread_mutex_t ring_lock;
	uint32_t uidx;
	uint64_t failures, kills, cancels, changes, deletes;
	uint64_t nr_log;
	struct source sources[MAX_SOURCES];
	struct consumer consumers[MAX_CONSUMERS];
	struct entry log[MAX_LOG];
};

extern struct world *world;

/* main.c */
void complain(const struct source *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
uint64_t now_ns(void);

/* random.c */
uint64_t mix(uint64_t a, uint64_t b);
uint32_t pick(uint64_t *seed, uint32_t n);
bool one_in(uint64_t *seed, uint32_t n);

/* queue.c */
int queue_open(unsigned int slots);
void queue_close(void);
int queue_add(struct source *s, uint64_t cookie);
int queue_mod(struct source *s, uint64_t cookie);
int queue_del(struct source *s);
int queue_post(struct source *s, uint64_t value);
void queue_hand_over(void);

/* consume.c */
void *consumer_thread(void *arg);
void take_all(struct consumer *c);
void consumer_process(struct consumer *c);
void drain(struct source *s, uint32_t gen, uint32_t most);
void lock_source(struct source *s);
void cancel_consumer(struct consumer *c);
void note_killed(struct consumer *c);

/* kinds.c */
extern const struct kind *const *kinds;
extern unsigned int nr_kinds;
void kinds_begin(void);
extern const struct kind content_kinds[], stream_kinds[], once_kinds[], clock_kinds[];
extern const unsigned int nr_content, nr_stream, nr_once, nr_clock;

/* source.c */
int source_begin(struct source *s, unsigned int index, const struct kind *kind,
		 uint64_t *seed);
void source_end(struct source *s);
int source_add(struct source *s);
int source_del(struct source *s);
int source_mod(struct source *s);
static inline uint64_t cookie_of(const struct source *s, uint32_t gen)
{
	return (uint64_t)gen << 8 | s->index;
}

/* control.c */
void disturb(uint64_t *seed);
int start_consumer(struct consumer *c, uint64_t seed, bool process);
void stop_consumers(bool all);

/* round.c */
int run_round(uint64_t seed, unsigned int round, const char *only, double seconds,
	      bool leave_out_deleted);

/* judge.c */
bool quiet(uint64_t since);
void judge(uint64_t since);

#endif
