/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event channel's protocol, for spin: posting by several processors, merging,
 * overflow and drain, taking by several consumers, waiting and waking, withdrawing
 * by a delete, changing interest while the file wakes its waiters, level-triggered
 * conditions, which waits look at again.
 *
 * A step that stands for code says so, the file and the function after "models:", and
 * selftests/model/run checks that the function exists. What one step does to memory that others use
 * without a lock is one access; what only the holder of queue->lock uses goes
 * along with it.
 *
 * Memory: each processor has a store buffer, first in first out, as TSO has it: a
 * plain store becomes visible some time after the loads that follow it. Locked
 * operations and barriers wait until it is empty. Only those stores go through it
 * after which a load matters: what has happened to the file (COND), the number of
 * sleepers (SLEEP), and in mutants the slot's word. The others are followed by a
 * locked operation with no load of the protocol in between.
 *
 * SCENE chooses the processes and BREAK_* the mistake; both are set by the runner.
 *
 * What is checked, for every interleaving:
 *   - a slot is not filled before its event was taken;
 *   - an event is taken once, whole, and not before one that was there (its post
 *     had returned) when it first happened;
 *   - of a level-triggered source there is one record at a time;
 *   - once nothing moves any more: whatever happened was seen by a consumer after
 *     it had taken an event that tells of it, with its bits; nobody sleeps with
 *     his minimum there, and no event lies in the ring while all sleep.
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

#define N	2			/* slots */
#define LAP(p)	((p) / N + 1)		/* lap_of() */
#define ST(l, e) ((l) * 4 + (e))	/* state_of(): lap and events */
#define OVF	128			/* EVCHAN_TAIL_OVERFLOW */
#define NONE	255

#if SCENE == OVERFLOW || SCENE == FULL
#define SOURCES	3
#else
#define SOURCES	2
#endif
#define CPUS	4
#define POSTERS	2
#define RECORDS	8

/* Memory, by address. */
#define SLOT	0			/* + slot: evchan_event.state */
#define DATA	(SLOT + N)		/* + slot: the rest of it: the record's number */
#define TAIL	(DATA + N)		/* evchan_queue.tail */
#define HEAD	(TAIL + 1)		/* evchan_ring_header.head */
#define SLEEP	(HEAD + 1)		/* evcore_queue.sleepers */
#define QUICK	(SLEEP + 1)		/* evcore_source.quick, of source 0 */
#define POSTED	(QUICK + 1)		/* + source: evcore_source.posted, 0: none */
#define COND	(POSTED + SOURCES)	/* + what a processor has done to a source's file */
#define LEVEL_LIST	(COND + POSTERS * SOURCES)	/* evcore_queue.recheck_level: source 0 is there */
#define LISTED	(LEVEL_LIST + 1)		/* evcore_source.recheck_node.next of source 0 says so */
#define WORDS	(LISTED + 1)

#define POLLED	64			/* EVCORE_POLLED */

byte mem[WORDS];

#define DEPTH	2
typedef Buffer {
	byte n;
	byte a[DEPTH];
	byte v[DEPTH];
};
Buffer sb[CPUS];

#define EMPTY	(sb[me].n == 0)
#define MB	EMPTY			/* a full barrier waits for the buffer */
#define STORE(addr, val)						\
	atomic {							\
		sb[me].n < DEPTH ->					\
		sb[me].a[sb[me].n] = addr;				\
		sb[me].v[sb[me].n] = val;				\
		sb[me].n++						\
	}
/* One's own stores are seen at once. */
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

/* Under queue->lock. */
bool lock;
byte seen;				/* evchan_queue.seen */
byte novf;				/* evcore_queue.overflow: */
byte ovf[SOURCES];
byte pending[SOURCES];
byte prec[SOURCES];			/* record of what is pending */
bool where[SOURCES];			/* ON_OVERFLOW */
bool gone;				/* of source 0 */
byte waiting;				/* evcore_queue.waiters, a bit for each */
byte woken;				/* evcore_waiter.woken */
byte nr_woken;
byte min_of[CPUS];
bool polling;				/* somebody is on poll_wait */
byte poll_mark;
byte published;				/* evchan_queue.published */
bool poll_woken;

bool recheck;				/* evcore_queue.recheck: source 0 is there */
bool batch;				/* the same while a wait works on them */

bool head_lock;				/* wait queue head of source 0's file */
bool mutex;				/* queue->mutex */

#define TAKE_LOCK	atomic { EMPTY && !lock -> lock = 1 }
#define DROP_LOCK	atomic { EMPTY -> lock = 0 }
#define TAKE_MUTEX	atomic { EMPTY && !mutex -> mutex = 1 }
#define DROP_MUTEX	atomic { EMPTY -> mutex = 0 }

/* Ghosts: what is known, but not to the program. */
byte nrec;				/* records made */
byte rec_src[RECORDS];
byte taken_mask;			/* of them taken */
byte whole;				/* not taken, and the post that made them returned */
byte snap[CPUS];			/* whole when this processor's post began */
byte before[RECORDS];			/* what is to be taken before it */
bool filled[N];
byte bits_posted[SOURCES];
byte bits_got[SOURCES];
byte got[POSTERS * SOURCES];		/* COND as a consumer saw it after taking */
byte posting;				/* posts under way */
byte deleted;				/* source 0: DEL said 0 */
byte asleep;				/* who sleeps */
bool live;				/* level-triggered: there is a record */
byte lazy;				/* times that a consumer does not read what it has taken */

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

/* It is gone: nothing has to wait for it. */
inline record_gone(r)
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
 * Together with the compare-and-swap. The program looks at the file after that;
 * nobody sees less of it than who looks at once.
 */
inline record_taken(r, e)
{
	assert(!(taken_mask & BIT(r)));		/* once */
	assert(before[r] == 0);			/* not overtaking */
	live = 0;
	record_gone(r);
	bits_got[rec_src[r]] = bits_got[rec_src[r]] | (e);
	if
	:: lazy -> lazy--; g = POSTERS	/* level-triggered: it will be told again */
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

/*
 * models: kernel/evchan/ring.c reserve
 * models: kernel/evchan/ring.c lap_of
 * The position in pos, or NONE. For a source it is a new record.
 */
#define BY_POST		0
#define BY_PUT		1	/* under the lock */
#define BY_DRAIN	2	/* and with the overflow bit: the tail is its own */
inline reserve(who, s)
{
	t = mem[TAIL];
	do
	:: who == BY_POST && t >= OVF -> pos = NONE; break
	:: else ->
		pos = t % OVF;
		LOAD(SLOT + pos % N, st);
#ifdef BREAK_NO_LAP_IN_RESERVE
		if
		:: st % 4 != 0 ->
#else
		if
		:: st != ST(LAP(pos) - 1, 0) ->
#endif
			u = mem[TAIL];
			if
			:: u == t -> pos = NONE; break
			:: else -> t = u
			fi
		:: else ->
			if
			:: who == BY_DRAIN -> STORE(TAIL, t + 1); break
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
	mem[POSTED + s] = pos + N;
#ifdef BREAK_PUBLISH_PLAIN
	STORE(SLOT + pos % N, ST(LAP(pos), e));
#else
	atomic { EMPTY -> mem[SLOT + pos % N] = ST(LAP(pos), e) }
#endif
}

/* Reserved to published, as the faces' put() and post_quick() have it. */
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
 * models: kernel/evchan/ring.c merge
 * models: kernel/evchan/ring.c evchan_merge
 * models: kernel/evchan/ring.c remembered
 * ok tells. The number of tries is bounded against hostile user space only.
 */
inline merge(s, e)
{
	p = mem[POSTED + s];
	LOAD(SLOT + p % N, st);
	do
#ifdef BREAK_MERGE_NO_LAP
	:: st % 4 == 0 || !p -> ok = 0; break
#else
	:: st / 4 != p / N || st % 4 == 0 || !p -> ok = 0; break
#endif
#ifdef BREAK_MERGE_LOOKS_ONLY
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
		if
		:: ok -> break
		:: else
		fi
	od;
	st = 0; p = 0
}

/*
 * models: kernel/evchan/ring.c evchan_ready
 * models: kernel/evcore/internal.h evcore_ready
 * Count into n, exactly up to the limit.
 */
inline ready(limit)
{
	atomic {
		tt = mem[TAIL] % OVF;
		n = 0;
		if
		:: mem[HEAD] >= seen && mem[HEAD] <= tt -> seen = mem[HEAD]
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
		n = n + novf;
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
#ifndef BREAK_NO_BLOCK
		:: novf == 0 -> mem[TAIL] = mem[TAIL] | OVF
#endif
		:: else
		fi;
		new_record(s);
		ovf[novf] = s;
		novf++;
		where[s] = 1;
		pending[s] = e;
		prec[s] = rec
	}
}

inline overflow_unlink_first()
{
	g = 0;
	do
	:: g + 1 < SOURCES -> ovf[g] = ovf[g + 1]; g++
	:: else -> break
	od;
	g = 0;
	novf--;
	if
	:: novf == 0 -> mem[TAIL] = mem[TAIL] & 127
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
 * Of those that wait, at most so many go into the ring, in order; moved counts.
 */
inline drain(most)
{
	moved = 0;
	do
	:: moved < most && novf ->
		d = ovf[0];
#ifdef BREAK_UNLINK_FIRST
		atomic { EMPTY -> overflow_unlink_first() }
#endif
		reserve(BY_DRAIN, NONE);
		if
		:: pos == NONE ->
#ifdef BREAK_UNLINK_FIRST
			atomic {
				EMPTY ->
				g = novf;
				do
				:: g -> ovf[g] = ovf[g - 1]; g--
				:: else -> break
				od;
				ovf[0] = d; novf++; mem[TAIL] = mem[TAIL] | OVF
			}
#endif
			break
		:: else ->
			rec = prec[d];
			place(d, pending[d]);
			atomic {
				EMPTY ->
				pending[d] = 0; prec[d] = 0; where[d] = 0; moved++;
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
 * models: kernel/evchan/ring.c evchan_all_published
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
 * models: kernel/evcore/wake.c wake_pollers
 * models: kernel/evchan/ring.c evchan_posted
 * Those who poll are woken once until they have taken what was there then.
 */
inline wake_pollers()
{
	u = mem[TAIL] % OVF;
	ready(NONE - 1);
	t = n - novf;
#ifdef BREAK_POLL_MARK_OVER_GAP
	n = 1;
#else
	all_published();
#endif
	atomic {
		if
		:: u - t >= poll_mark || u < t ->
			poll_woken = 1;
			if
			:: n -> poll_mark = u
			:: else
			fi
		:: else
		fi;
		u = 0; t = 0; n = 0
	}
}

/*
 * models: kernel/evcore/wake.c evcore_wake_locked
 * models: kernel/evcore/wake.c wake_one
 * One whose minimum is there, whichever comes first. The search for the one on
 * this processor is any order.
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
		:: else -> n = 1	/* what was posted is enough for who wants one */
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
 * models: kernel/evcore/post.c watch_level
 * models: kernel/evcore/state.c evcore_delivered
 */
#if SCENE == LEVELS
#define WATCH_LEVEL	recheck = !batch	/* on one of the two */
#else
#define WATCH_LEVEL	skip
#endif
inline post_slow(s, e)
{
	TAKE_LOCK;
	if
	:: gone && s == 0
	:: else ->
		if
		:: where[s] ->
#ifdef BREAK_OVERFLOW_LOSES_BITS
			pending[s] = e;
#else
			pending[s] = pending[s] | (e);
#endif
			drain(1);
			ok = !moved
		:: else ->
			merge(s, e);
			if
			:: ok -> WATCH_LEVEL
			:: else ->
				pos = NONE;
				if
				:: novf == 0 -> reserve(BY_PUT, s)
				:: else
				fi;
				if
				:: pos != NONE -> place(s, e); WATCH_LEVEL
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
 * models: kernel/evchan/ring.c wake_behind
 * models: kernel/evchan/ring.c has_slot
 * models: kernel/evchan/ring.c await_slot
 * models: kernel/evcore/face.h evcore_overflow_fast
 * Others wait and the ring is full: linked behind them, with no try to drain.
 */
inline wake_behind(s, e)
{
	TAKE_LOCK;
	p = mem[TAIL] % OVF;
	if
	:: mem[SLOT + p % N] != ST(LAP(p) - 1, 0) && novf && !where[s] && !(gone && s == 0) ->
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
 * models: kernel/evchan/ring.c wake_merge
 * models: kernel/evchan/ring.c post_quick
 * models: kernel/evchan/ring.c anything_after
 * models: kernel/evchan/ring.c after_post
 * models: kernel/evcore/face.h evcore_fast_events
 */
inline post(s, e)
{
#if SCENE == LEVELS
	/* models: kernel/evchan/ring.c evchan_wake_level */
	p = mem[POSTED + s];
	LOAD(SLOT + p % N, st);
	ok = p && st % 4 && st / 4 == p / N;
	p = 0; st = 0;
	if
	:: ok -> post_slow(s, e)	/* models: kernel/evchan/ring.c wake_level_slow */
#else
	merge(s, e);
	if
	:: ok
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
			wake_behind(s, e);
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

/*
 * models: tools/evchan/lib/evchan.h ec_take
 * models: tools/evchan/lib/evchan.h ec_next
 * models: tools/evchan/lib/evchan.c ec_pass
 * The record in r, or NONE.
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
	:: novf -> TAKE_LOCK; drain(8); DROP_LOCK
	:: else
	fi
}

#if SCENE == LEVELS
/* Of source 0: is its record consumed? ok tells. models: kernel/evchan/ring.c evchan_taken */
inline taken()
{
	p = mem[POSTED + 0];
	LOAD(SLOT + p % N, st);
	ok = !p || st % 4 == 0 || st / 4 != p / N;
	p = 0; st = 0
}

/*
 * models: kernel/evcore/face.h evcore_recheck_one
 * models: kernel/evcore/fd.c evcore_fd_found
 * Does the condition hold: is there what nobody has read?
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
#ifndef BREAK_LOOK_WITHOUT_HEAD_LOCK
		TAKE_HEAD;	/* models: kernel/evcore/fd.c evcore_fd_with_head_locked */
#endif
		begin_post();
		post_slow(0, 1);
		pos = 0; rec = 0; ok = 0; moved = 0;
		end_post();
#ifndef BREAK_LOOK_WITHOUT_HEAD_LOCK
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
#ifndef BREAK_NO_BARRIER_IN_LOOK
		MB;
#endif
		taken();
		if
		:: ok
		:: else ->	/* models: kernel/evcore/recheck.c evcore_recheck_unconsumed */
			TAKE_LOCK;
#ifndef BREAK_STILL_DUE_UNSEEN
			taken();
#endif
			if
			:: !ok && !where[0] -> WATCH_LEVEL
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
 * models: kernel/evcore/wait.c serve
 * The lock is held, and dropped only if there is anything to do.
 */
inline service()
{
	if
	:: novf -> DROP_LOCK; drain_all(); TAKE_LOCK
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
 * With may_die a signal may come at any time, after which the program never
 * takes anything.
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
#ifdef BREAK_NO_SECOND_LOOK
		n = 0;
#else
		ready(min_of[me]);
#if SCENE == LEVELS && !defined(BREAK_NO_LOOK_AT_DUE)
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
 * A processor on which source s becomes ready, once for each bit. In some scenes
 * the wait queue head's lock matters; elsewhere a source may have several heads.
 */
/* Each step either the next source, or the same with the next bit. */
proctype Poster(byte me; byte s; byte times; bool next)
{
	WORK;
	byte e = 1;

	do
	:: times ->
		TAKE_HEAD;
		LOAD(COND + me * SOURCES + s, st);
		STORE(COND + me * SOURCES + s, st + 1);
		begin_post();
#if SCENE == MODIFY || SCENE == CANCEL
		LOAD(QUICK, st);
		if
		:: st || s -> bits_posted[s] = bits_posted[s] | e; post(s, e)
		:: else
		fi;
#else
		bits_posted[s] = bits_posted[s] | e;
		post(s, e);
#endif
		end_post();
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
/* A thread that takes what is there and waits for more. */
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
/* A thread that polls the ring, fetches what waits outside it or not, never sleeps. */
proctype Taker(byte me; bool never_calls)
{
	WORK;
	byte r;

	do
	:: take();
		if
		:: r == NONE ->
end_idle:		/* Looking again makes a difference only then. */
			if
			:: novf && !never_calls -> drain_all()
			:: mem[SLOT] % 4
			:: mem[SLOT + 1] % 4
			fi
		:: else
		fi
	od
}
#endif

#if SCENE == POLL
/*
 * models: kernel/evcore/queue_file.c queue_poll
 * models: kernel/evcore/queue.c evcore_poll_work
 * A thread in edge-triggered epoll: when woken it looks, takes all, sleeps again.
 */
proctype Poller(byte me)
{
	WORK;
	byte r;

	polling = 1;				/* poll_wait() */
	do
	:: TAKE_LOCK;
		LOAD(SLEEP, st);
		STORE(SLEEP, st | POLLED);
		st = 0;
#ifndef BREAK_NO_BARRIER_IN_POLL
		MB;
#endif
		ready(1);
		DROP_LOCK;
		do
		:: n ->
			take();
			if
			:: r == NONE && novf -> drain_all()
			:: r == NONE && !novf -> break
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

#if SCENE == MODIFY
/*
 * models: kernel/evcore/source.c evcore_modify
 * models: kernel/evcore/fd.c evcore_fd_check
 * models: kernel/evcore/face.h evcore_change_bits
 * models: kernel/evcore/face.h evcore_modify_own
 * Source 0 was of no interest; from now on it is. The short way has the wait queue
 * head's lock in place of queue->lock.
 */
proctype Modifier(byte me)
{
	WORK;

	if
	:: TAKE_LOCK;
		STORE(QUICK, 1);
		DROP_LOCK;
#ifndef BREAK_MODIFY_WITHOUT_HEAD_LOCK
		/* models: kernel/evcore/fd.c evcore_fd_modified */
		TAKE_HEAD;
		DROP_HEAD;
#endif
		MB
	:: true ->
#ifndef BREAK_SHORT_MODIFY_WITHOUT_HEAD_LOCK
		TAKE_HEAD;
		STORE(QUICK, 1);
		DROP_HEAD
#else
		STORE(QUICK, 1);
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
/*
 * models: kernel/evcore/source.c evcore_del
 * models: kernel/evcore/fd.c unhook_one
 * models: kernel/evchan/ring.c evchan_cancel
 * models: kernel/evcore/state.c evcore_unlink
 */
proctype Deleter(byte me)
{
	WORK;

	TAKE_LOCK;
	atomic {
		gone = 1;
		if
		:: where[0] ->
			if
			:: ovf[0] != 0 -> ovf[1] = ovf[0]	/* it becomes the first */
			:: else
			fi;
			overflow_unlink_first();
			record_gone(prec[0]);
			where[0] = 0; pending[0] = 0
		:: else
		fi
	}
	DROP_LOCK;
#ifndef BREAK_CANCEL_BEFORE_UNHOOK
	/* Under the head's lock: no wake-up runs afterwards. */
	TAKE_HEAD;
	mem[QUICK] = 0;
	DROP_HEAD;
#endif
	TAKE_LOCK;
	p = mem[POSTED + 0];
	LOAD(SLOT + p % N, st);
	do
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
				filled[p % N] = 0;
				d = mem[DATA + p % N];
				/* Said to be withdrawn: then nobody has it. */
				assert(!(taken_mask & BIT(d)));
				record_gone(d)
			:: else -> st = mem[SLOT + p % N]; ok = 0
			fi
		}
		if
		:: ok -> break
		:: else
		fi
	od;
	deleted = ok;
	DROP_LOCK
}
#endif

/* When nothing moves any more. */
proctype Judge()
{
	byte i, n, w;

	timeout;
	d_step {
		assert(!lock && !head_lock && !mutex && !posting);
		/* Published and not taken, and what waits. */
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
		n = n + novf;
		do
		:: i < CPUS ->
			/* Nobody sleeps with his minimum there. */
			assert(!(asleep & BIT(i)) || n < min_of[i]);
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: n == 0 && i < POSTERS * SOURCES ->
			assert(got[i] == mem[COND + i] || (gone && i % SOURCES == 0));
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: n == 0 && i < SOURCES ->
			assert((bits_got[i] & bits_posted[i]) == bits_posted[i] || (gone && !i));
			i++
		:: else -> break
		od
	}
}

init
{
	atomic {
#if SCENE == RING	/* several on both sides, and a full ring */
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Taker(2, 0);
		run Taker(3, 0);
#elif SCENE == OVERFLOW	/* merging there, draining, not overtaking */
		run Poster(0, 0, 2, 1);
		run Poster(1, 2, 2, 0);
		run Taker(3, 0);
#elif SCENE == MERGE	/* one source, from two sides */
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
#elif SCENE == CHOICE	/* two who wait, not for the same */
		run Poster(0, 0, 1, 0);
		run Consumer(2, 2, 0);
		run Consumer(3, 1, 0);
#elif SCENE == SIGNAL	/* one who waits has a signal */
		run Poster(0, 0, 1, 0);
		run Consumer(2, 1, 1);
		run Consumer(3, 1, 0);
#elif SCENE == FULL	/* one who waits, one who empties the ring and never calls */
		run Poster(0, 0, 3, 1);
		run Taker(2, 1);
		run Consumer(3, 1, 0);
#elif SCENE == POLL
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Poller(3);
		min_of[3] = 1;
#elif SCENE == CANCEL
		mem[QUICK] = 1;
		run Poster(0, 0, 2, 0);
		run Poster(1, 1, 1, 0);
		run Deleter(2);
		run Consumer(3, 1, 0);
#elif SCENE == LEVELS	/* one of two who take leaves something unread */
		lazy = 1;
		run Poster(0, 0, 2, 0);
		run Consumer(2, 1, 0);
		run Consumer(3, 1, 0);
#elif SCENE == MODIFY
		run Poster(0, 0, 1, 0);
		run Modifier(1);
		run Consumer(3, 1, 0);
#endif
		run Judge()
	}
	/* The store buffers empty themselves, in order, at any time. */
end_memory:
	do
	:: d_step { sb[0].n -> EMPTY_ONE(0) }
	:: d_step { sb[1].n -> EMPTY_ONE(1) }
	:: d_step { sb[2].n -> EMPTY_ONE(2) }
	:: d_step { sb[3].n -> EMPTY_ONE(3) }
	od
}
