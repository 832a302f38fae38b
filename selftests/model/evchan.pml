/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spin model of the event channel's protocol: posts by several processors, merging,
 * overflow and drain, several consumers, waiting and waking, withdrawal by a delete,
 * modifications while the file wakes its waiters, and level-triggered sources, which
 * waits recheck.
 *
 * A step that stands for code names the file and the function after "models:"; the runner,
 * selftests/model/run, checks that the function exists. A step makes at most one access to
 * memory that others use without a lock. What only the holder of queue->lock uses is
 * changed in the same step.
 *
 * Memory: each processor has a first-in first-out store buffer, as in TSO: a plain store
 * can become visible after loads that follow it. Locked operations and barriers wait until
 * the buffer is empty. Only those stores use the buffer whose order with a later load
 * matters: the state of the file (COND), the number of sleepers (SLEEP), the bits of
 * interest and the list membership of source 0 (INTEREST, LISTED), the tail in a drain, and,
 * in some of the BREAK_* variants, the state word of a slot. Every other store is followed
 * by a locked operation, with no load of the protocol in between.
 *
 * SCENE chooses the processes and BREAK_* a mistake in the protocol; the runner sets both. With
 * SINGLE the channel has EVCHAN_SINGLE_CONSUMER, and the scene has only one consumer.
 *
 * These properties are checked in every interleaving:
 *   - a slot is not filled before its event was taken;
 *   - an event is taken once and complete, and not before an event that was there (its post
 *     had returned) when the post of this one began;
 *   - a level-triggered source has at most one record at a time;
 *   - when no process can proceed, a consumer has seen everything that happened, after it
 *     had taken an event with the bits for it; no consumer sleeps while its minimum number
 *     of events is there; and no event is in the ring while all sleep;
 *   - a thread that polls the queue is woken by each post that begins after it has polled,
 *     also if nobody takes the events.
 */

/* SCENE */
#define RING		1
#define OVERFLOW	2
#define MERGE		3
#define WAKE		4
#define MINIMUM		5
#define CHOICE		6
#define SIGNAL		7
#define FULL		8
#define POLL		9
#define CANCEL		10
#define MODIFY		11
#define LEVELS		12
#define TOLD		13

#define N	2			/* slots */
#define LAP(p)	((p) / N + 1)		/* lap_of() */
#define ST(l, e) ((l) * 4 + (e))	/* state_of(): lap and events */
#define OVF	128			/* EVCHAN_TAIL_OVERFLOW */
#define NONE	255

#if SCENE == OVERFLOW || SCENE == FULL || SCENE == CANCEL
#define SOURCES	3
#else
#define SOURCES	2
#endif
#define CPUS	4
#define POSTERS	2
#define RECORDS	8

/* Memory, by address. */
#define SLOT	0			/* + slot: evchan_event.state */
#define DATA	(SLOT + N)		/* + slot: the rest of evchan_event: the record's number */
#define TAIL	(DATA + N)		/* evchan_queue.tail */
#define HEAD	(TAIL + 1)		/* evchan_ring_header.head */
#define CONSUMED	(HEAD + 1)		/* evchan_queue.consumed, as a position */
#define SLEEP	(CONSUMED + 1)		/* evcore_queue.sleepers */
#define CLAIMED	(SLEEP + 1)		/* evchan_ring_header.claimed */
#define INTEREST	(CLAIMED + 1)		/* evcore_source.events of source 0: the bit is requested */
#define LAST_RECORD	(INTEREST + 1)		/* + source: evcore_source.last_record, 0: none */
#define COND	(LAST_RECORD + SOURCES)	/* + how many times a processor has made a source's file ready */
#define LEVEL_LIST	(COND + POSTERS * SOURCES)	/* evcore_queue.recheck_level: source 0 is on it */
#define LISTED	(LEVEL_LIST + 1)		/* source 0: evcore_source.recheck_node is linked */
#define WORDS	(LISTED + 1)

#define POLLED	64			/* EVCORE_POLLED */
#define AGAIN	32			/* EVCORE_POLLED_AGAIN */

byte mem[WORDS];

#define DEPTH	2
typedef Buffer {
	byte n;
	byte a[DEPTH];
	byte v[DEPTH];
};
Buffer sb[CPUS];

#define EMPTY	(sb[me].n == 0)
#define MB	EMPTY			/* a full barrier waits until the buffer is empty */
#define STORE(addr, val)						\
	atomic {							\
		sb[me].n < DEPTH ->					\
		sb[me].a[sb[me].n] = addr;				\
		sb[me].v[sb[me].n] = val;				\
		sb[me].n++						\
	}
/* A processor sees its own stores at once. */
#define LOAD(addr, x)							\
	d_step {							\
		if							\
		:: sb[me].n == 2 && sb[me].a[1] == addr -> x = sb[me].v[1] \
		:: else ->						\
			if						\
			:: sb[me].n && sb[me].a[0] == addr -> x = sb[me].v[0] \
			:: else -> x = mem[addr]			\
			fi						\
		fi							\
	}

#define EMPTY_ONE(c)							\
	mem[sb[c].a[0]] = sb[c].v[0];					\
	sb[c].a[0] = sb[c].a[1];					\
	sb[c].v[0] = sb[c].v[1];					\
	sb[c].a[1] = 0;							\
	sb[c].v[1] = 0;							\
	sb[c].n--

/* Protected by queue->lock. */
bool lock;
byte seen;				/* evchan_queue.seen */
byte nr_overflow;			/* evcore_queue.overflow: length, and members in order */
byte overflow[SOURCES];
byte pending[SOURCES];
byte pending_rec[SOURCES];		/* the record that has the pending bits */
bool where[SOURCES];			/* EVCORE_ON_OVERFLOW */
bool muted;				/* evcore_source.muted of source 0 */
bool drained;				/* evcore_source.drained of source 0 */
byte waiting;				/* evcore_queue.waiters, a bit for each processor */
byte woken;				/* evcore_waiter.woken */
byte nr_woken;
byte min_of[CPUS];
bool polling;				/* a thread is on evcore_queue.poll_wait */
byte poll_mark;
byte published;				/* evchan_queue.published */
bool poll_woken;
#if SCENE == TOLD
byte polls;				/* how often the watcher has polled */
bool watching;				/* it has not been woken since */
byte told_of;				/* the last poll before a post that has ended */
#endif

bool recheck;				/* evcore_queue.recheck: source 0 is on it */
bool batch;				/* source 0 is on the list that a wait is rechecking */

bool head_lock;				/* wait queue head of source 0's file */
bool mutex;				/* queue->mutex */

#define TAKE_LOCK	atomic { EMPTY && !lock -> lock = 1 }
#define DROP_LOCK	atomic { EMPTY -> lock = 0 }
#define TAKE_MUTEX	atomic { EMPTY && !mutex -> mutex = 1 }
#define DROP_MUTEX	atomic { EMPTY -> mutex = 0 }

/* Ghost variables, which exist only to state the properties. */
byte nrec;				/* records made */
byte rec_src[RECORDS];
byte taken_mask;			/* records that were taken or withdrawn */
byte whole;				/* not taken, and the post that made them has returned */
byte snap[CPUS];			/* whole when this processor's post began */
byte before[RECORDS];			/* the records that must be taken before it */
bool filled[N];
byte bits_posted[SOURCES];
byte bits_got[SOURCES];
byte got[POSTERS * SOURCES];		/* COND as a consumer saw it after taking */
byte posting;				/* posts under way */
byte deleted;				/* source 0: DEL returned 0 */
byte asleep;				/* processors whose thread sleeps */
bool live;				/* scene LEVELS: there is a record that was not taken */
byte lazy;				/* times that a consumer does not read the file of its event */

#define BIT(x)	(1 << (x))

inline new_record(s)
{
	assert(nrec < RECORDS);
	assert(!live);
	live = SCENE == LEVELS;
	rec_src[nrec] = s;
	before[nrec] = snap[me];
	mine = mine | BIT(nrec);
	rec = nrec;
	nrec++
}

/* The record is taken or withdrawn: no other record has to wait for it. */
inline record_done(r)
{
	taken_mask = taken_mask | BIT(r);
	whole = whole & ~BIT(r);
	g = 0;
	do
	:: g < RECORDS -> before[g] = before[g] & ~BIT(r); g++
	:: else -> break
	od;
	g = 0;
	do
	:: g < CPUS -> snap[g] = snap[g] & ~BIT(r); g++
	:: else -> break
	od;
	g = 0
}

/*
 * In the same step as the compare-and-swap. The program reads the file later, but reading
 * it at once is the worst case: it finds the least.
 */
inline record_taken(r, e)
{
	assert(!(taken_mask & BIT(r)));		/* once */
	assert(before[r] == 0);			/* not overtaking */
#ifndef SINGLE	/* there it is taken when it is claimed */
	live = 0;
#endif
	record_done(r);
	bits_got[rec_src[r]] = bits_got[rec_src[r]] | (e);
	if
	:: lazy -> lazy--; g = POSTERS	/* level-triggered: it must be posted again */
	:: true
	fi;
	do
	:: g < POSTERS ->
		got[g * SOURCES + rec_src[r]] = mem[COND + g * SOURCES + rec_src[r]];
		g++
	:: else -> break
	od;
	g = 0
}

/* ---- the ring: kernel/evchan/ring.c ---- */

/* models: kernel/evchan/ring.h is_claimed. @p: a position of the kernel, as in last_record. */
#ifdef SINGLE
#define IS_CLAIMED(p)	((p) < mem[CLAIMED] + N)
#else
#define IS_CLAIMED(p)	false
#endif
/* evchan_queue.claimed */
#if defined(SINGLE) && !defined(BREAK_READY_BY_HEAD)
#define TAKEN_TO	mem[CLAIMED]
#else
#define TAKEN_TO	mem[HEAD]
#endif
/* models: kernel/evchan/ring.c has_slot. A single consumer's slots do not tell. */
#ifdef SINGLE
#define HAS_SLOT(p)	true
#else
#define HAS_SLOT(p)	(mem[SLOT + (p) % N] == ST(LAP(p) - 1, 0))
#endif

/*
 * models: kernel/evchan/ring.c read_head
 * In the code a head that does not lie between @tail - N and @tail is ignored.
 */
inline read_head(tail)
{
	u = mem[HEAD];
	if
	:: u <= tail && u + N >= tail -> mem[CONSUMED] = u
	:: else
	fi;
	u = 0
}

/*
 * models: kernel/evchan/ring.c reserve
 * models: kernel/evchan/ring.c known_free
 * models: kernel/evchan/ring.c is_free
 * models: kernel/evchan/ring.h lap_of
 * models: kernel/evchan/ring.h slot_of
 * Sets pos to the position, or NONE. @s: the source whose new record it is, or NONE. If
 * the slot is not known to be free, a post fails at first, and comes back with the same
 * steps as the other callers; so the model does not have POST_FAST.
 */
#define BY_POST		0
#define BY_PUT		1	/* with queue->lock held */
#define BY_DRAIN	2	/* the same with the overflow bit set: no other task moves the tail */
inline reserve(by, s)
{
	t = mem[TAIL];
	do
	:: by == BY_POST && t >= OVF -> pos = NONE; break
	:: else ->
		pos = t % OVF;
		st = NONE;
		if
#ifdef BREAK_FREE_TOO_EARLY
		:: mem[CONSUMED] + N >= pos
#else
		:: mem[CONSUMED] + N > pos
#endif
		:: else ->
			read_head(pos);
			if
			:: mem[CONSUMED] + N > pos
#if defined(SINGLE) && !defined(BREAK_WITHDRAWN_IS_FREE)
			:: else -> st = NONE - 1	/* only the head frees slots */
#else
			:: else -> LOAD(SLOT + pos % N, st)
#endif
			fi
		fi;
		if
#ifdef BREAK_NO_LAP_IN_RESERVE
		:: st != NONE && st % 4 != 0 ->
#else
		:: st != NONE && st != ST(LAP(pos) - 1, 0) ->
#endif
			u = mem[TAIL];
			if
			:: u == t -> pos = NONE; break
			:: else -> t = u
			fi
		:: else ->
			if
			:: by == BY_DRAIN -> STORE(TAIL, t + 1); break
			:: else
			fi;
			atomic {
				EMPTY ->
				if
#ifdef BREAK_PLAIN_TAIL
				:: true -> mem[TAIL] = t + 1; ok = 1;
					if
					:: s != NONE -> new_record(s)
					:: else
					fi
#else
				:: mem[TAIL] == t -> mem[TAIL] = t + 1; ok = 1;
					if
					:: s != NONE -> new_record(s)
					:: else
					fi
#endif
				:: else -> t = mem[TAIL]; ok = 0
				fi
			}
			if
			:: ok -> break
			:: else
			fi
		fi
	od;
	u = 0; t = 0; st = 0
}

/* models: kernel/evchan/ring.c fill */
inline fill()
{
	atomic {
		assert(!filled[pos % N]);
		filled[pos % N] = 1;
		mem[DATA + pos % N] = rec
	}
}

/* models: kernel/evchan/ring.c publish */
inline publish(s, e)
{
	mem[LAST_RECORD + s] = pos + N;
#ifdef BREAK_PUBLISH_PLAIN
	STORE(SLOT + pos % N, ST(LAP(pos), e));
#else
	atomic { EMPTY -> mem[SLOT + pos % N] = ST(LAP(pos), e) }
#endif
}

/* From reserved to published, as in evchan_put() and post_record(). */
inline place(s, e)
{
#ifdef BREAK_PUBLISH_FIRST
	publish(s, e);
	fill()
#else
	fill();
	publish(s, e)
#endif
}

/*
 * models: kernel/evchan/ring.c last_consumed
 * models: kernel/evchan/ring.c evchan_taken
 * Sets ok if the last record is consumed. The code does not read the head here; in the model
 * it may, as another post may do at any time.
 */
inline last_consumed(s)
{
	p = mem[LAST_RECORD + s];
	if
	:: p >= mem[CONSUMED] + N -> read_head(mem[TAIL] % OVF)
	:: true
	fi;
	if
	:: p < mem[CONSUMED] + N -> ok = 1
	:: else ->
		LOAD(SLOT + p % N, st);
		ok = st % 4 == 0 || st / 4 != p / N
	fi;
	p = 0; st = 0
}

/*
 * models: kernel/evchan/ring.c merge
 * models: kernel/evchan/ring.c evchan_merge
 * Sets ok if it has merged. The code bounds the tries, but only against hostile programs.
 */
inline merge(s, e)
{
	p = mem[LAST_RECORD + s];
	LOAD(SLOT + p % N, st);
	do
	:: IS_CLAIMED(p) -> ok = 0; break
#ifdef BREAK_MERGE_NO_LAP
	:: st % 4 == 0 || !p -> ok = 0; break
#else
	:: st / 4 != p / N || st % 4 == 0 || !p -> ok = 0; break
#endif
#ifdef BREAK_MERGE_WITHOUT_SWAP
	:: st / 4 == p / N && ((st % 4) & (e)) -> ok = 1; break
#endif
	:: else ->
		atomic {
			EMPTY ->
			if
			:: mem[SLOT + p % N] == st -> ok = 1;
#ifdef BREAK_MERGE_OVERWRITES
				mem[SLOT + p % N] = ST(st / 4, e)
#else
				mem[SLOT + p % N] = ST(st / 4, (st % 4) | (e))
#endif
			:: else -> st = mem[SLOT + p % N]; ok = 0
			fi
		}
#if defined(SINGLE) && !defined(BREAK_MERGE_INTO_CLAIMED)
		if
		:: ok -> ok = !IS_CLAIMED(p); break
		:: else
		fi
#else
		if
		:: ok -> break
		:: else
		fi
#endif
	od;
	st = 0; p = 0
}

/*
 * models: kernel/evchan/count.c evchan_ready
 * models: kernel/evcore/internal.h evcore_ready
 * Sets n to the number of events, which is exact up to the limit.
 */
inline ready(limit)
{
	atomic {
		tt = mem[TAIL] % OVF;
		n = 0;
		if
		:: TAKEN_TO >= seen && TAKEN_TO <= tt -> seen = TAKEN_TO
		:: else
		fi
	}
	do
	:: atomic { seen != tt && mem[SLOT + seen % N] == ST(LAP(seen), 0) -> seen++ }
	:: else -> break
	od;
	if
	:: tt - seen < (limit) -> n = tt - seen
	:: else ->
		w = seen;
		do
		:: w != tt && n < (limit) ->
			atomic {
				if
				:: mem[SLOT + w % N] / 4 == LAP(w) && mem[SLOT + w % N] % 4 -> n++
				:: else
				fi;
				w++
			}
		:: else -> break
		od
	fi;
	atomic {
#ifndef BREAK_COUNT_RING_ONLY
		n = n + nr_overflow;
#endif
		w = 0; tt = 0
	}
}

/* ---- posting: kernel/evcore/post.c, overflow.c ---- */

/* models: kernel/evchan/ring.c evchan_set_lockless */
/* models: kernel/evcore/state.c evcore_overflow_add */
inline overflow_add(s, e)
{
	atomic {
		EMPTY ->
		if
#ifndef BREAK_NO_OVERFLOW_BIT
		:: nr_overflow == 0 -> mem[TAIL] = mem[TAIL] | OVF
#endif
		:: else
		fi;
		new_record(s);
		overflow[nr_overflow] = s;
		nr_overflow++;
		where[s] = 1;
		pending[s] = e;
		pending_rec[s] = rec
	}
}

inline overflow_unlink_first()
{
	g = 0;
	do
	:: g + 1 < SOURCES -> overflow[g] = overflow[g + 1]; g++
	:: else -> break
	od;
	g = 0;
	nr_overflow--;
	if
	:: nr_overflow == 0 -> mem[TAIL] = mem[TAIL] & 127
	:: else
	fi
}

/*
 * models: kernel/evcore/overflow.c evcore_drain
 * models: kernel/evcore/face.h evcore_drain_fast
 * models: kernel/evchan/ring.c evchan_drain
 * models: kernel/evchan/ring.c put_bits
 * models: kernel/evcore/overflow.c drain_source
 * models: kernel/evcore/state.c evcore_overflow_remove
 * models: kernel/evchan/ring.c evchan_put
 * Move at most @most sources from overflow into the ring, in order; sets moved to how many.
 */
inline drain(most)
{
	moved = 0;
	do
	:: moved < most && nr_overflow ->
		d = overflow[0];
#ifdef BREAK_UNLINK_FIRST
		atomic { EMPTY -> overflow_unlink_first() }
#endif
		reserve(BY_DRAIN, NONE);
		if
		:: pos == NONE ->
#ifdef BREAK_UNLINK_FIRST
			atomic {
				EMPTY ->
				g = nr_overflow;
				do
				:: g -> overflow[g] = overflow[g - 1]; g--
				:: else -> break
				od;
				overflow[0] = d; nr_overflow++; mem[TAIL] = mem[TAIL] | OVF
			}
#endif
			break
		:: else ->
			rec = pending_rec[d];
			place(d, pending[d]);
			atomic {
				EMPTY ->
				pending[d] = 0; pending_rec[d] = 0; where[d] = 0; moved++;
				drained = drained || d == 0;
#if SCENE == LEVELS
				recheck = recheck | !batch;
#endif
#ifndef BREAK_UNLINK_FIRST
				overflow_unlink_first()
#endif
			}
		fi
	:: else -> break
	od;
	pos = 0; rec = 0; d = 0
}

/*
 * models: kernel/evchan/count.c evchan_all_published
 * Set n to whether no record is reserved and not published yet.
 */
inline all_published()
{
	atomic {
		tt = mem[TAIL] % OVF;
		if
		:: published < seen || published > tt -> published = seen
		:: else
		fi
	}
	do
	:: atomic {
		published != tt && mem[SLOT + published % N] / 4 == LAP(published) -> published++
	   }
	:: else -> break
	od;
	atomic { n = (published == tt); tt = 0 }
}

/*
 * models: kernel/evcore/wake.c evcore_wake_pollers
 * models: kernel/evchan/count.c evchan_nr_posted
 * A thread that polls is woken once, and then again only after it has polled again, or has
 * taken what was there.
 */
inline wake_pollers()
{
	u = mem[TAIL] % OVF;
	ready(NONE - 1);
	t = n - nr_overflow;
#ifdef BREAK_POLL_MARK_OVER_GAP
	n = 1;
#else
	all_published();
#endif
	LOAD(SLEEP, st);
	if
	:: st & AGAIN || u - t >= poll_mark || u < t -> STORE(SLEEP, st & ~AGAIN); st = 1
	:: else -> st = 0
	fi;
	atomic {
		if
		:: st ->
			poll_woken = 1;
			if
			:: n -> poll_mark = u
			:: else
			fi
		:: else
		fi;
		u = 0; t = 0; n = 0; st = 0
	}
}

/*
 * models: kernel/evcore/wake.h evcore_wake_repollers
 * Called with queue->lock held, for an event that made no new record.
 */
inline wake_repollers()
{
#ifndef BREAK_MERGE_TELLS_NOBODY
	LOAD(SLEEP, st);
	if
	:: st & AGAIN -> wake_pollers()
	:: else
	fi;
#endif
	st = 0
}

/*
 * models: kernel/evchan/ring.c merge_counted
 * models: kernel/evcore/wake.c evcore_wake_pollers_slow
 */
inline merged()
{
#if SCENE == POLL || SCENE == TOLD
	LOAD(SLEEP, st);
	if
	:: st & AGAIN -> TAKE_LOCK; wake_repollers(); DROP_LOCK
	:: else
	fi;
	st = 0
#else
	skip
#endif
}

/*
 * models: kernel/evcore/wake.c evcore_wake_locked
 * models: kernel/evcore/wake.c wake_one
 * Wake one waiter whose minimum is there. The code prefers one on this processor; the model
 * allows an order that does not matter for correctness.
 */
inline wake_locked()
{
	if
	:: polling -> wake_pollers()
	:: else
	fi;
	left = waiting;
	do
	:: left ->
		if
		:: left & BIT(CPUS - 1) -> k = CPUS - 1
		:: left & BIT(CPUS - 2) -> k = CPUS - 2
		fi;
		if
		:: min_of[k] > 1 -> ready(min_of[k])
		:: else -> n = 1	/* the posted event is enough for this waiter */
		fi;
		if
		:: n >= min_of[k] ->
			LOAD(SLEEP, st);
			STORE(SLEEP, st - 1);
			atomic {
				waiting = waiting & ~BIT(k);
				woken = woken | BIT(k);
				nr_woken++;
				left = 0
			}
#ifdef BREAK_WAKE_FIRST_ONLY
		:: else -> left = 0
#else
		:: else -> left = left & ~BIT(k)
#endif
		fi
	:: else -> break
	od;
	k = 0; n = 0; st = 0
}

/* models: kernel/evcore/wake.c evcore_wake_slow */
inline wake_slow()
{
	TAKE_LOCK;
	wake_locked();
	DROP_LOCK
}

/*
 * models: kernel/evcore/post.c evcore_post_slow
 * models: kernel/evcore/post.c evcore_post_locked
 * models: kernel/evcore/post.c evcore_deliver
 * models: kernel/evcore/post.c evcore_wake_posted
 * models: kernel/evcore/state.c evcore_overflow_merge
 * models: kernel/evcore/post.c recheck_add_level
 * models: kernel/evcore/state.c evcore_delivered
 */
#if SCENE == LEVELS
#define RECHECK_ADD_LEVEL	recheck = !batch	/* on one of the two lists */
#else
#define RECHECK_ADD_LEVEL	skip
#endif
inline post_slow(s, e)
{
	TAKE_LOCK;
	if
	:: muted && s == 0
	:: else ->
		if
		:: where[s] ->
#ifdef BREAK_OVERFLOW_LOSES_BITS
			pending[s] = e;
#else
			pending[s] = pending[s] | (e);
#endif
			wake_repollers();
			drain(1);
			ok = !moved
		:: else ->
			merge(s, e);
			if
			:: ok -> RECHECK_ADD_LEVEL; wake_repollers()
			:: else ->
				pos = NONE;
				if
				:: nr_overflow == 0 -> reserve(BY_PUT, s)
				:: else
				fi;
				if
				:: pos != NONE -> place(s, e); RECHECK_ADD_LEVEL
				:: else -> overflow_add(s, e); drain(1)
				fi;
				ok = 0
			fi
		fi;
		if
		:: !ok -> wake_locked()
		:: else
		fi
	fi;
	DROP_LOCK
}

/*
 * models: kernel/evchan/ring.c wake_overflow
 * models: kernel/evchan/ring.c has_slot
 * models: kernel/evchan/ring.c await_slot
 * models: kernel/evcore/face.h evcore_overflow_fast
 * Overflow is not empty and the ring is full: append the source, without trying to drain.
 */
inline wake_overflow(s, e)
{
	TAKE_LOCK;
	p = mem[TAIL] % OVF;
	if
	:: !HAS_SLOT(p) && nr_overflow && !where[s] && !(muted && s == 0) ->
		overflow_add(s, e);
		ok = 1;
		wake_locked()
	:: else -> ok = 0
	fi;
	p = 0;
	DROP_LOCK
}

/* models: kernel/evcore/face.h evcore_recheck_level_add */
inline recheck_level_add()
{
#if SCENE == LEVELS
	LOAD(LISTED, st);
	if
	:: st
	:: else ->
		STORE(LISTED, 1);
		atomic { EMPTY -> mem[LEVEL_LIST] = 1 }
	fi;
	st = 0
#else
	skip
#endif
}

/*
 * models: kernel/evchan/ring.c evchan_wake
 * models: kernel/evchan/ring.c evchan_post
 * models: kernel/evchan/ring.c wake_slow
 * models: kernel/evchan/ring.c post_record
 * models: kernel/evchan/ring.c needs_after_post
 * models: kernel/evchan/ring.c after_post
 * models: kernel/evcore/face.h evcore_fast_events
 */
inline post(s, e)
{
#if SCENE == LEVELS
	/* models: kernel/evchan/ring.c evchan_wake_level */
	last_consumed(s);
	p = mem[LAST_RECORD + s];
	ok = ok || IS_CLAIMED(p);
	p = 0;
	if
	:: !ok -> post_slow(s, e)	/* models: kernel/evchan/ring.c wake_level_slow */
#else
	last_consumed(s);
	if
	:: ok -> ok = 0
	:: else -> merge(s, e)
	fi;
	if
	:: ok -> merged()
#endif
	:: else ->
		reserve(BY_POST, s);
		if
		:: pos != NONE ->
			place(s, e);
			recheck_level_add();
			LOAD(SLEEP, st);
			if
			:: st -> st = 0; wake_slow()
			:: else
			fi
#if SCENE == LEVELS
		:: else -> post_slow(s, e)
#else
		:: else ->
			wake_overflow(s, e);
			if
			:: ok
			:: else -> post_slow(s, e)
			fi
#endif
		fi
	fi;
	pos = 0; rec = 0; ok = 0; moved = 0
}

/* ---- user space: tools/evchan/lib/evchan.h ---- */

#ifdef SINGLE
/*
 * models: tools/evchan/lib/evchan.c ec_claim_single
 * models: tools/evchan/lib/evchan.h ec_next
 * Sets r to the record that was taken, or NONE. It is taken when the state is loaded for the
 * last time.
 */
inline take()
{
	LOAD(HEAD, pos);
	r = NONE;
	do
	:: LOAD(SLOT + pos % N, st);
		if
		:: st / 4 == LAP(pos) ->
#ifdef BREAK_CLAIM_PLAIN
			STORE(CLAIMED, pos + 1);
			live = 0;
#else
			atomic { EMPTY -> mem[CLAIMED] = pos + 1; live = 0 }
#endif
			atomic {
#ifndef BREAK_STATE_LOADED_ONCE
				LOAD(SLOT + pos % N, st);
#endif
				r = mem[DATA + pos % N];
				if
				:: st % 4 ->
					assert(!(deleted && rec_src[r] == 0));	/* withdrawn */
					record_taken(r, st % 4)
				:: else -> r = NONE
				fi
			}
			atomic {
				sb[me].n < DEPTH ->
				assert(r == NONE || r == mem[DATA + pos % N]);	/* whole */
				filled[pos % N] = 0;
				STORE(HEAD, pos + 1)
			}
			pos++;
			if
			:: r != NONE -> break
			:: else
			fi
		:: else -> break
		fi
	od;
	pos = 0; st = 0
}
#else
/*
 * models: tools/evchan/lib/evchan.h ec_take
 * models: tools/evchan/lib/evchan.h ec_next
 * models: tools/evchan/lib/evchan.c ec_pass
 * Sets r to the record that was taken, or NONE.
 */
inline take()
{
	pos = mem[HEAD];
	r = NONE;
	do
	:: LOAD(SLOT + pos % N, st);
		if
		:: st / 4 == LAP(pos) && st % 4 ->
			r = mem[DATA + pos % N];
#ifdef BREAK_HEAD_FIRST
			mem[HEAD] = pos + 1;
#endif
			atomic {
#ifdef BREAK_TAKE_PLAIN
				sb[me].n < DEPTH ->
				sb[me].a[sb[me].n] = SLOT + pos % N;
				sb[me].v[sb[me].n] = ST(LAP(pos), 0);
				sb[me].n++;
				ok = 1;
				filled[pos % N] = 0;
				record_taken(r, st % 4)
#else
				EMPTY ->
				if
				:: mem[SLOT + pos % N] == st ->
					ok = 1;
					mem[SLOT + pos % N] = ST(LAP(pos), 0);
					assert(r == mem[DATA + pos % N]);	/* whole */
					assert(!(deleted && rec_src[r] == 0));	/* withdrawn */
					filled[pos % N] = 0;
					record_taken(r, st % 4)
				:: else -> ok = 0; r = NONE
				fi
#endif
			}
			if
			:: ok -> mem[HEAD] = pos + 1; break
			:: else
			fi
		:: st / 4 < LAP(pos) -> break
		:: else ->
			pos = pos + 1 + (st / 4 > LAP(pos) + 1 -> (st / 4 - LAP(pos) - 1) * N : 0)
		fi
	od;
	ok = 0; pos = 0; st = 0
}
#endif

#if SCENE == MODIFY || SCENE == CANCEL || SCENE == LEVELS
#define TAKE_HEAD	atomic { EMPTY && !head_lock -> head_lock = 1 }
#define DROP_HEAD	atomic { EMPTY -> head_lock = 0 }
#else
#define TAKE_HEAD	skip
#define DROP_HEAD	skip
#endif

inline begin_post()
{
	atomic { snap[me] = whole; mine = 0; posting++; st = 0 }
}

inline end_post()
{
	atomic { whole = whole | (mine & ~taken_mask); snap[me] = 0; mine = 0; posting-- }
}

/* ---- waiting: kernel/evcore/wait.c ---- */

/* models: kernel/evcore/wake.h evcore_pass_on */
inline pass_on(takes)
{
	if
	:: waiting ->
		ready(takes + nr_woken + 1);
		if
		:: n > takes + nr_woken -> wake_locked()
		:: else
		fi
	:: else
	fi
}

/* models: kernel/evcore/evcore.h evcore_drain_all */
inline drain_all()
{
	if
	:: nr_overflow -> TAKE_LOCK; drain(8); DROP_LOCK
	:: else
	fi
}

#if SCENE == LEVELS
/* Sets ok if the record of source 0 is consumed. models: kernel/evchan/ring.c evchan_taken */
inline taken()
{
	p = mem[LAST_RECORD + 0];
	LOAD(SLOT + p % N, st);
	ok = !p || st % 4 == 0 || st / 4 != p / N || IS_CLAIMED(p);
	p = 0; st = 0
}

/*
 * models: kernel/evcore/face.h evcore_recheck_one
 * models: kernel/evcore/fd.c evcore_fd_found
 * The condition holds if the file has data that was not read.
 */
inline recheck_one()
{
	atomic {
		ok = 0;
		do
		:: g < POSTERS -> ok = ok || got[g * SOURCES] != mem[COND + g * SOURCES]; g++
		:: else -> break
		od;
		g = 0
	}
	if
	:: ok ->
#ifndef BREAK_RECHECK_WITHOUT_HEAD_LOCK
		TAKE_HEAD;	/* models: kernel/evcore/fd.c evcore_fd_with_head_locked */
#endif
		begin_post();
		post_slow(0, 1);
		pos = 0; rec = 0; ok = 0; moved = 0;
		end_post();
#ifndef BREAK_RECHECK_WITHOUT_HEAD_LOCK
		DROP_HEAD
#else
		skip
#endif
	:: else
	fi
}

/*
 * models: kernel/evcore/recheck.c evcore_recheck
 * models: kernel/evcore/face.h evcore_recheck_level
 * models: kernel/evcore/recheck.c next_to_recheck
 */
inline recheck_all()
{
	TAKE_LOCK;
	atomic { batch = recheck; recheck = 0 }
	DROP_LOCK;
	atomic { EMPTY -> st = mem[LEVEL_LIST]; mem[LEVEL_LIST] = 0 }
	if
	:: st ->
		st = 0;
		STORE(LISTED, 0);
#ifndef BREAK_NO_BARRIER_IN_RECHECK
		MB;
#endif
		taken();
		if
		:: ok
		:: else ->	/* models: kernel/evcore/recheck.c evcore_recheck_unconsumed */
			TAKE_LOCK;
#ifndef BREAK_UNCONSUMED_NOT_TESTED_AGAIN
			taken();
#endif
			if
			:: !ok && !where[0] -> RECHECK_ADD_LEVEL
			:: else
			fi;
			DROP_LOCK
		fi;
		if
		:: ok && !where[0] && !recheck && !batch -> recheck_one()
		:: else
		fi
	:: else
	fi;
	TAKE_LOCK;
	if
	:: batch ->
		taken();
		atomic { batch = 0; recheck = recheck | !ok };
		DROP_LOCK;
		if
		:: ok -> recheck_one()
		:: else
		fi
	:: else -> DROP_LOCK
	fi;
	ok = 0
}
#endif

/*
 * models: kernel/evcore/wait.c evcore_service
 * models: kernel/evcore/wait.c do_service
 * Called with queue->lock held, which is dropped only if there is work.
 */
inline service()
{
	if
	:: nr_overflow -> DROP_LOCK; drain_all(); TAKE_LOCK
	:: else
	fi;
#if SCENE == LEVELS
	if
	:: recheck || mem[LEVEL_LIST] ->
		DROP_LOCK;
		TAKE_MUTEX;
		recheck_all();
		DROP_MUTEX;
		TAKE_LOCK
	:: else
	fi
#endif
}

/*
 * models: kernel/evcore/wait.c evcore_wait
 * models: kernel/evcore/wake.h evcore_waiter_add
 * models: kernel/evcore/wake.h evcore_waiter_del
 * models: kernel/evcore/wait.c sleep_until
 * With may_die a signal may arrive at any time; after it the program never takes anything.
 */
inline wait(may_die)
{
	was_woken = 0;
	TAKE_LOCK;
	do
	:: service();
		ready(min_of[me]);
		if
		:: n >= min_of[me] -> break
		:: may_die -> died = 1; break
		:: n < min_of[me] && !died
		fi;
#ifndef BREAK_NO_PASS_ON
		if
		:: was_woken -> pass_on(0)
		:: else
		fi;
#endif
		was_woken = 0;
		waiting = waiting | BIT(me);
		LOAD(SLEEP, st);
		STORE(SLEEP, st + 1);
		st = 0;
#ifndef BREAK_NO_BARRIER_IN_WAIT
		MB;
#endif
#ifdef BREAK_NO_SECOND_COUNT
		n = 0;
#else
		ready(min_of[me]);
#if SCENE == LEVELS && !defined(BREAK_LEVEL_LIST_NOT_TESTED)
		LOAD(LEVEL_LIST, st);
#endif
#endif
		if
		:: st || n >= min_of[me] ->
			waiting = waiting & ~BIT(me);
			LOAD(SLEEP, st);
			STORE(SLEEP, st - 1);
			st = 0
		:: else ->
			DROP_LOCK;
			asleep = asleep | BIT(me);
end_asleep:		if
			:: woken & BIT(me)
			:: may_die -> died = 1
			fi;
			asleep = asleep & ~BIT(me);
			TAKE_LOCK;
			if
			:: woken & BIT(me) ->
				woken = woken & ~BIT(me);
				nr_woken--;
				was_woken = 1
			:: else ->
				waiting = waiting & ~BIT(me);
				LOAD(SLEEP, st);
				STORE(SLEEP, st - 1);
				st = 0
			fi
		fi
	od;
#ifndef BREAK_NO_PASS_ON
	if
	:: n >= min_of[me] && !died -> pass_on(min_of[me])
	:: else -> pass_on(0)
	fi;
#endif
	DROP_LOCK;
	n = 0
}

/* ---- the processes ---- */

#define WORK	byte pos, t, u, st, p, rec, n, w, tt, k, left, moved, d, g, mine; bool ok

/*
 * A processor that makes files ready @times times, starting with that of source s: with
 * @next each time that of the next source, otherwise the same with the next bit. In some
 * scenes the wait queue head's lock matters; in the others a file may have several heads.
 */
proctype Poster(byte me; byte s; byte times; bool next)
{
	WORK;
	byte e = 1;
#if SCENE == TOLD
	byte since;			/* the watcher's last poll before the post */
#endif

	do
	:: times ->
		TAKE_HEAD;
		LOAD(COND + me * SOURCES + s, st);
		STORE(COND + me * SOURCES + s, st + 1);
		begin_post();
#if SCENE == MODIFY || SCENE == CANCEL
		LOAD(INTEREST, st);
		if
		:: st || s -> bits_posted[s] = bits_posted[s] | e; post(s, e)
		:: else
		fi;
#else
		bits_posted[s] = bits_posted[s] | e;
#if SCENE == TOLD
		since = (watching -> polls : 0);
#endif
		post(s, e);
#endif
		end_post();
#if SCENE == TOLD
		atomic {
			if
			:: since -> told_of = since
			:: else
			fi;
			since = 0
		}
#endif
		DROP_HEAD;
		atomic {
			times--;
			if
			:: next -> s++
			:: else -> e = e * 2
			fi
		}
	:: else -> break
	od
}

#if SCENE == WAKE || SCENE == MINIMUM || SCENE == CHOICE || SCENE == SIGNAL || \
    SCENE == FULL || SCENE == CANCEL || SCENE == MODIFY || SCENE == LEVELS
/* A thread that takes all events and waits for more. */
proctype Consumer(byte me; byte min; bool may_die)
{
	WORK;
	byte r;
	bool was_woken, died;

	min_of[me] = min;
	do
	:: take();
		if
		:: r == NONE ->
			wait(may_die);
			if
			:: died -> break
			:: else
			fi
		:: else
		fi
	od
}
#endif

#if SCENE == RING || SCENE == OVERFLOW || SCENE == MERGE || SCENE == FULL
/* A thread that polls the ring and never sleeps; it drains overflow unless never_calls. */
proctype Taker(byte me; bool never_calls)
{
	WORK;
	byte r;

	do
	:: take();
		if
		:: r == NONE ->
end_idle:		/* Wait until another attempt can find something. */
			if
			:: nr_overflow && !never_calls -> drain_all()
#ifdef SINGLE
			:: EMPTY && mem[SLOT + mem[HEAD] % N] / 4 == LAP(mem[HEAD])
#else
			:: mem[SLOT] % 4
			:: mem[SLOT + 1] % 4
#endif
			fi
		:: else
		fi
	od
}
#endif

#if SCENE == POLL
/*
 * models: kernel/evcore/queue_file.c queue_poll
 * models: kernel/evcore/wake.c evcore_poll_work
 * A thread that is woken edge-triggered: it takes all events and sleeps again. In an epoll set
 * it polls before, in a queue that watches this one it need not.
 */
proctype Poller(byte me)
{
	WORK;
	byte r;
	bool polled;

	polling = 1;				/* poll_wait() */
	do
	:: true ->
		if
		:: polled -> n = 1
		:: TAKE_LOCK;
			LOAD(SLEEP, st);
			STORE(SLEEP, st | POLLED | AGAIN);
			st = 0;
#ifndef BREAK_NO_BARRIER_IN_POLL
			MB;
#endif
			ready(1);
			polled = 1;
			DROP_LOCK
		fi;
		do
		:: n ->
			take();
			if
			:: r == NONE && nr_overflow -> drain_all()
			:: r == NONE && !nr_overflow -> break
			:: else
			fi
		:: else -> break
		od;
		n = 0;
		asleep = asleep | BIT(me);
end_asleep:	atomic { poll_woken -> poll_woken = 0 };
		asleep = asleep & ~BIT(me)
	od
}
#endif

#if SCENE == TOLD
/* The same, but the thread takes no event: it polls, sleeps until it is told, polls again. */
proctype Watcher(byte me)
{
	WORK;

	polling = 1;
	do
	:: TAKE_LOCK;
		LOAD(SLEEP, st);
		STORE(SLEEP, st | POLLED | AGAIN);
		MB;
		ready(1);
		DROP_LOCK;
		atomic { st = 0; n = 0; polls++; watching = 1 };
end_asleep:	atomic { poll_woken -> poll_woken = 0; watching = 0 }
	od
}
#endif

#if SCENE == MODIFY
/*
 * models: kernel/evcore/source.c evcore_modify
 * models: kernel/evcore/fd.c evcore_fd_check
 * models: kernel/evcore/face.h evcore_change_bits
 * models: kernel/evcore/face.h evcore_modify_own
 * Requests the bit of source 0. The fast path holds the wait queue head's lock in place of
 * queue->lock.
 */
proctype Modifier(byte me)
{
	WORK;

	if
	:: TAKE_LOCK;
		STORE(INTEREST, 1);
		DROP_LOCK;
#ifndef BREAK_MODIFY_WITHOUT_HEAD_LOCK
		/* models: kernel/evcore/fd.c evcore_fd_modified */
		TAKE_HEAD;
		DROP_HEAD;
#endif
		MB
	:: true ->
#ifndef BREAK_FAST_MODIFY_WITHOUT_HEAD_LOCK
		TAKE_HEAD;
		STORE(INTEREST, 1);
		DROP_HEAD
#else
		STORE(INTEREST, 1);
		MB
#endif
	fi;
	LOAD(COND + 0, st);
	if
	:: st -> begin_post(); post(0, 1); end_post()
	:: else
	fi
}
#endif

#if SCENE == CANCEL
/* In the step that withdraws record d from the slot of position @p of the kernel. */
inline record_withdrawn(p)
{
#ifdef SINGLE
	/*
	 * The slot stays in use until the consumer has passed it. Then it may be reserved for the
	 * next lap, and publishing stores the whole state.
	 */
	withdrawn = mem[HEAD] + N <= p && !(taken_mask & BIT(d));
	if
	:: withdrawn -> record_done(d)
	:: else
	fi
#else
	filled[p % N] = 0;
	/* A delete that reports a withdrawal: no consumer has the event. */
	assert(!(taken_mask & BIT(d)));
	record_done(d)
#endif
}

/* Clears ok if a single consumer is copying. models: kernel/evchan/withdraw.c is_copying */
inline not_copying()
{
#ifdef SINGLE
	t = mem[CLAIMED];
	ok = ok && !(t > mem[HEAD] && rec_src[mem[DATA + (t + N - 1) % N]] == 0);
	t = 0
#else
	skip
#endif
}

/*
 * models: kernel/evcore/source.c evcore_del
 * models: kernel/evcore/source.c has_several_records
 * models: kernel/evcore/fd.c unhook_one
 * models: kernel/evchan/withdraw.c evchan_cancel
 * models: kernel/evchan/withdraw.c evchan_withdraw
 * models: kernel/evchan/withdraw.c withdraw_at
 * models: kernel/evcore/state.c evcore_unlink
 */
proctype Deleter(byte me)
{
	WORK;
#ifdef SINGLE
	bool withdrawn;			/* the consumer will not take it */
#endif

	TAKE_LOCK;
	atomic {
		muted = 1;
		if
		:: where[0] ->
			if
			:: overflow[0] != 0 ->		/* make source 0 the first, to unlink it */
#if SOURCES == 3
				if
				:: overflow[1] != 0 -> overflow[2] = overflow[1]
				:: else
				fi;
#endif
				overflow[1] = overflow[0]
			:: else
			fi;
			overflow_unlink_first();
			record_done(pending_rec[0]);
			where[0] = 0; pending[0] = 0
		:: else
		fi
	}
	DROP_LOCK;
#ifndef BREAK_CANCEL_BEFORE_UNHOOK
	/* Removed with the head's lock held: no wake-up runs afterwards. */
	TAKE_HEAD;
	mem[INTEREST] = 0;
	DROP_HEAD;
#endif
	TAKE_LOCK;
	p = mem[LAST_RECORD + 0];
	LOAD(SLOT + p % N, st);
	do
	:: IS_CLAIMED(p) && p -> ok = 0; break
	:: !p -> ok = 1; break
	:: p && (st / 4 != p / N || st % 4 == 0) -> ok = 0; break
	:: else ->
		atomic {
			EMPTY ->
			if
#ifdef BREAK_CANCEL_PLAIN
			:: true ->
#else
			:: mem[SLOT + p % N] == st ->
#endif
				ok = 1;
				mem[SLOT + p % N] = ST(p / N, 0);
				d = mem[DATA + p % N];
				record_withdrawn(p)
			:: else -> st = mem[SLOT + p % N]; ok = 0
			fi
		}
#ifdef SINGLE
		if
		:: ok ->
#ifndef BREAK_CLAIM_NOT_TESTED_AGAIN
			ok = !IS_CLAIMED(p);	/* else EVCORE_PERHAPS_TAKEN */
#endif
#ifndef BREAK_COPY_NOT_SEEN
			not_copying();
#endif
			assert(!ok || withdrawn);
			break
		:: else
		fi
#else
		if
		:: ok -> break
		:: else
		fi
#endif
	od;
	DROP_LOCK;
#ifndef BREAK_DRAINED_NOT_REMEMBERED
	if
	:: drained ->
		w = 0;
		do
		:: w < N ->
			st = mem[SLOT + w];
			p = st / 4 * N + w;
			if
			:: st % 4 && rec_src[mem[DATA + w]] == 0 ->
				atomic {
					EMPTY ->
					if
					:: mem[SLOT + w] == st ->
						mem[SLOT + w] = st - st % 4;
						d = mem[DATA + w];
						record_withdrawn(p)
					:: else
					fi
				}
			:: else
			fi;
			w++
		:: else -> break
		od;
		not_copying()
	:: else
	fi;
#endif
	deleted = ok
}
#endif

/* Checks the final state, when no other process can proceed. */
proctype Judge()
{
	byte i, n, w;

	timeout;
	d_step {
		assert(!lock && !head_lock && !mutex && !posting);
#if SCENE == TOLD
		assert(!watching || told_of != polls);
#endif
		/* Count the events that are published and not taken, and overflow. */
		w = mem[HEAD];
		do
		:: w != mem[TAIL] % OVF ->
			if
			:: mem[SLOT + w % N] / 4 == LAP(w) && mem[SLOT + w % N] % 4 -> n++
			:: else
			fi;
			w++
		:: else -> break
		od;
		n = n + nr_overflow;
		do
		:: i < CPUS ->
			/* No consumer sleeps while its minimum is there. */
			assert(!(asleep & BIT(i)) || n < min_of[i]);
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: n == 0 && i < POSTERS * SOURCES ->
			assert(got[i] == mem[COND + i] || (muted && i % SOURCES == 0));
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: n == 0 && i < SOURCES ->
			assert((bits_got[i] & bits_posted[i]) == bits_posted[i] || (muted && !i));
			i++
		:: else -> break
		od
	}
}

init
{
	atomic {
#if SCENE == RING	/* several posters and consumers, and a full ring */
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Taker(2, 0);
		run Taker(3, 0);
#elif SCENE == OVERFLOW	/* merge in overflow, drain, no overtaking */
		run Poster(0, 0, 2, 1);
		run Poster(1, 2, 2, 0);
		run Taker(3, 0);
#elif SCENE == MERGE	/* one source, posted by two processors */
		run Poster(0, 0, 1, 0);
		run Poster(1, 0, 2, 0);
		run Taker(3, 0);
#elif SCENE == WAKE
		run Poster(0, 0, 1, 0);
		run Poster(1, 1, 1, 0);
		run Consumer(3, 1, 0);
#elif SCENE == MINIMUM
		run Poster(0, 0, 1, 0);
		run Poster(1, 1, 1, 0);
		run Consumer(3, 2, 0);
#elif SCENE == CHOICE	/* two waiters with different minimums */
		run Poster(0, 0, 1, 0);
		run Consumer(2, 2, 0);
		run Consumer(3, 1, 0);
#elif SCENE == SIGNAL	/* one of two waiters gets a signal */
		run Poster(0, 0, 1, 0);
		run Consumer(2, 1, 1);
		run Consumer(3, 1, 0);
#elif SCENE == FULL	/* a waiter, and a thread that polls the ring and never calls */
		run Poster(0, 0, 3, 1);
		run Taker(2, 1);
		run Consumer(3, 1, 0);
#elif SCENE == POLL
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Poller(3);
		min_of[3] = 1;
#elif SCENE == TOLD
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Watcher(3);
#elif SCENE == CANCEL
		mem[INTEREST] = 1;
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 2, 1);
		run Deleter(2);
		run Consumer(3, 1, 0);
#elif SCENE == LEVELS	/* one of two consumers leaves data unread once */
		lazy = 1;
		run Poster(0, 0, 2, 0);
#ifndef SINGLE
		run Consumer(2, 1, 0);
#endif
		run Consumer(3, 1, 0);
#elif SCENE == MODIFY
		run Poster(0, 0, 1, 0);
		run Modifier(1);
		run Consumer(3, 1, 0);
#endif
		run Judge()
	}
	/* At any time the oldest store of any buffer may become visible. */
end_memory:
	do
	:: d_step { sb[0].n -> EMPTY_ONE(0) }
	:: d_step { sb[1].n -> EMPTY_ONE(1) }
	:: d_step { sb[2].n -> EMPTY_ONE(2) }
	:: d_step { sb[3].n -> EMPTY_ONE(3) }
	od
}
