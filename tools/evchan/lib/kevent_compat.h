/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The kevent interface in the forms that programs of 2006 use, on top of libkevent.
 *
 * A program includes this in place of <linux/ukevent.h> or <linux/kevent.h> of that
 * time, and defines the generation that it was written for:
 *
 *	#define KEVENT_GENERATION 1	take 1: kevent_ctl(fd, buf), ioctl()
 *	#define KEVENT_GENERATION 2	takes 2 to 12, and 13 to 23 with /dev/kevent
 *	#define KEVENT_GENERATION 3	takes 24 to 31: kevent_init(); the default
 *
 * In generations 1 and 2 a timer's id.raw[0] is in milliseconds. Units changed within
 * takes 13 to 23: a program of these takes defines KEVENT_TAKE as the number of the take
 * in place of KEVENT_GENERATION. kevent_control(3) describes all forms.
 *
 * The calls are macros. They tell the forms of a call apart by the number of arguments and
 * by the type of the timeout. If the program declares a call itself, which the macro
 * recognizes by a second or last argument that begins with a type, the macro ends there
 * and the program's own function is used. syscall() is a macro too, so the calls of that
 * function arrive here as well.
 *
 * This file is C89 except for variadic macros and _Generic.
 */
#ifndef KEVENT_COMPAT_H
#define KEVENT_COMPAT_H

#if !defined(KEVENT_GENERATION) && defined(KEVENT_TAKE)
#if KEVENT_TAKE == 1
#define KEVENT_GENERATION	1
#elif KEVENT_TAKE < 24
#define KEVENT_GENERATION	2
#endif
#endif
#ifndef KEVENT_GENERATION
#define KEVENT_GENERATION	3
#endif
#if KEVENT_GENERATION < 1 || KEVENT_GENERATION > 3
#error "KEVENT_GENERATION is 1, 2 or 3"
#endif
#ifndef KEVENT_TAKE
#define KEVENT_TAKE	(KEVENT_GENERATION == 1 ? 1 : KEVENT_GENERATION == 2 ? 12 : 31)
#define KEVENT_COMPAT_TAKE_UNSAID
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * In generation 1 the requests begin 12 bytes into the buffer, so their alignment is 4,
 * also in a structure of the program that has both.
 */
#if KEVENT_GENERATION == 1
#include <linux/types.h>
#pragma pack(push, 4)
#pragma push_macro("__aligned_u64")
#undef __aligned_u64
#define __aligned_u64 __u64
#include <linux/kevent.h>
#pragma pop_macro("__aligned_u64")
#pragma pack(pop)
#endif
#include "kevent.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- names and values that changed after 2006 or between generations --- */

struct kevent_user_control {
	unsigned int cmd;
	unsigned int num;
	unsigned int timeout;	/* milliseconds; 0: wait for one event, at most a second */
};

#if KEVENT_GENERATION == 2
#undef KEVENT_CTL_READY		/* this generation uses its value for INIT */
#define KEVENT_CTL_INIT		3
#else
#define KEVENT_CTL_WAIT		3	/* for the call with two arguments */
#define KEVENT_CTL_INIT		4
#endif
#if KEVENT_GENERATION == 1
#define KEVENT_USER_SYMBOL	'K'
#define KEVENT_USER_CTL		_IOWR(KEVENT_USER_SYMBOL, 0, struct kevent_user_control)
#define KEVENT_USER_WAIT	_IOWR(KEVENT_USER_SYMBOL, 1, struct kevent_user_control)
#endif
#if KEVENT_GENERATION == 2
#define KEVENT_REQ_WAKEUP_ONE	0	/* waking one waiter is the default */
#endif
#define KEVENT_MAX		(KEVENT_GENERATION == 3 ? 10 : 6)

/* --- the calls --- */

#define KEVENT_COMPAT_FN	static __inline__ __attribute__((unused))

int kevent_sys_control(int fd, void *buf);
#if KEVENT_GENERATION != 1 || defined(__cplusplus)
int kevent_control(int fd, void *buf);
#endif

/* A timeout of any form, relative or absolute. */
struct kevent_compat_time {
	long long sec;		/* -1: no limit */
	long nsec;
};

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of(long long sec, long nsec)
{
	struct kevent_compat_time t;

	t.sec = sec;
	t.nsec = nsec;
	return t;
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_ns(unsigned long long ns)
{
	return ns == ULLONG_MAX ? kevent_compat_of(-1, 0) :
				  kevent_compat_of((long long)(ns / 1000000000),
						   (long)(ns % 1000000000));
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_ms(unsigned int ms)
{
	if (KEVENT_TAKE >= 13 && KEVENT_TAKE <= 23)
		return kevent_compat_of_ns(ms == UINT_MAX ? ULLONG_MAX : ms);
	return ms == UINT_MAX ? kevent_compat_of(-1, 0) :
				kevent_compat_of(ms / 1000, ms % 1000 * 1000000L);
}

/* Where unsigned long has 64 bits it may be the __u64 of takes 13 to 23: nanoseconds. */
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_ul(unsigned long time)
{
	return sizeof(time) == 8 ? kevent_compat_of_ns(time) :
				   kevent_compat_of_ms((unsigned int)time);
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_ts(struct timespec ts)
{
	return kevent_compat_of(ts.tv_sec, ts.tv_nsec);
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_kts(struct __kernel_timespec ts)
{
	return kevent_compat_of(ts.tv_sec, (long)ts.tv_nsec);
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_tsp(const struct timespec *ts)
{
	return ts ? kevent_compat_of_ts(*ts) : kevent_compat_of(-1, 0);
}

KEVENT_COMPAT_FN struct kevent_compat_time
kevent_compat_of_ktsp(const struct __kernel_timespec *ts)
{
	return ts ? kevent_compat_of_kts(*ts) : kevent_compat_of(-1, 0);
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_of_null(const void *none)
{
	(void)none;
	return kevent_compat_of(-1, 0);
}

KEVENT_COMPAT_FN int kevent_compat_bad(struct kevent_compat_time t)
{
	if (t.sec >= -1 && t.nsec >= -1 && t.nsec < 1000000000)
		return 0;
	errno = EINVAL;
	return 1;
}

/* The remaining time in milliseconds, rounded up. */
KEVENT_COMPAT_FN unsigned int kevent_compat_left(struct kevent_compat_time t, unsigned int flags)
{
	struct timespec now;

	if (t.sec == -1)
		return UINT_MAX;
	if (flags & KEVENT_FLAGS_ABSTIME) {
#ifdef CLOCK_REALTIME
		clock_gettime(CLOCK_REALTIME, &now);
#else
		timespec_get(&now, TIME_UTC);	/* strict ISO C */
#endif
		t.sec -= now.tv_sec;
		t.nsec -= now.tv_nsec;
		if (t.nsec < 0) {
			t.sec--;
			t.nsec += 1000000000;
		}
		if (t.sec < 0)
			return 0;
	}
	if (t.sec > INT_MAX / 1000 - 1)
		return INT_MAX;
	return (unsigned int)t.sec * 1000 + (unsigned int)((t.nsec + 999999) / 1000000);
}

/* In 2006 a signal ended a wait like a timeout, with the events that are there. */
KEVENT_COMPAT_FN int kevent_compat_waited(int n)
{
	return n < 0 && errno == EINTR ? 0 : n;
}

KEVENT_COMPAT_FN int kevent_compat_get(int fd, unsigned int min_nr, unsigned int max_nr,
				       struct kevent_compat_time t, void *buf,
				       unsigned int flags)
{
	unsigned int ms;

	if (kevent_compat_bad(t))
		return -1;
	ms = kevent_compat_left(t, flags);
	flags &= ~(unsigned int)KEVENT_FLAGS_ABSTIME;
	return kevent_compat_waited(KEVENT_TAKE < 16 ?
		kevent_sys_get_events_ms(fd, min_nr, max_nr, ms, buf, flags) :
		kevent_sys_get_events(fd, min_nr, max_nr, ms, buf, flags));
}

KEVENT_COMPAT_FN int kevent_compat_wait(int fd, unsigned int num, unsigned int old_uidx,
					struct kevent_compat_time t, unsigned int flags)
{
	struct __kernel_timespec ts;

	if (kevent_compat_bad(t))
		return -1;
	ts.tv_sec = t.sec;
	ts.tv_nsec = t.nsec;
	return kevent_compat_waited(kevent_sys_wait(fd, num, old_uidx,
						    t.sec == -1 ? NULL : &ts, flags));
}

/* The calls of generation 3 under other names; earlier versions of this header had these. */
KEVENT_COMPAT_FN int kevent_get_events_ts(int fd, unsigned int min_nr, unsigned int max_nr,
					  struct timespec timeout, struct ukevent *buf,
					  unsigned int flags)
{
	return kevent_compat_get(fd, min_nr, max_nr, kevent_compat_of_ts(timeout), buf, flags);
}

KEVENT_COMPAT_FN int kevent_wait_ts(int fd, unsigned int num, unsigned int old_uidx,
				    struct timespec timeout, unsigned int flags)
{
	return kevent_compat_wait(fd, num, old_uidx, kevent_compat_of_ts(timeout), flags);
}

KEVENT_COMPAT_FN int kevent_compat_init_2(struct kevent_ring *ring, unsigned int num)
{
	return kevent_sys_init(ring, num, 0);
}

KEVENT_COMPAT_FN int kevent_compat_init_3(struct kevent_ring *ring, unsigned int num,
					  unsigned int flags)
{
	return kevent_sys_init(ring, num, flags);
}

KEVENT_COMPAT_FN int kevent_compat_commit(int fd, unsigned int new_uidx, unsigned int over)
{
	return kevent_sys_commit(fd, new_uidx, over);
}

KEVENT_COMPAT_FN int kevent_compat_ctl(int fd, unsigned int cmd, unsigned int num, void *arg)
{
	if (cmd == KEVENT_CTL_INIT)
		return kevent_sys_init(NULL, 0, 0);
	return KEVENT_TAKE < 16 ? kevent_sys_ctl_ms(fd, cmd, num, arg) :
				  kevent_sys_ctl(fd, cmd, num, (struct ukevent *)arg);
}

/* Take 2 also had the form with two arguments, with the commands of generation 2. */
KEVENT_COMPAT_FN int kevent_compat_control(int fd, void *buf)
{
	unsigned int cmd;

	memcpy(&cmd, buf, sizeof(cmd));
	return KEVENT_GENERATION == 2 && cmd == KEVENT_CTL_INIT ? kevent_sys_init(NULL, 0, 0) :
								  kevent_sys_control(fd, buf);
}

/* --- the ways in which programs made the calls: the device, ioctl(), syscall() --- */

#if KEVENT_GENERATION < 3
/* Opening the device /dev/kevent creates a queue. */
KEVENT_COMPAT_FN int kevent_compat_open(const char *path, int flags, ...)
{
	int mode = 0;
	va_list ap;

	if (!strcmp(path, "/dev/kevent"))
		return kevent_sys_init(NULL, 0, (unsigned int)flags &
				       (KEVENT_INIT_NONBLOCK | KEVENT_INIT_CLOEXEC));
	if (flags & (O_CREAT | 020000000)) {	/* O_TMPFILE */
		va_start(ap, flags);
		mode = va_arg(ap, int);
		va_end(ap);
	}
	return open(path, flags, mode);
}
#ifndef __cplusplus
#define open		kevent_compat_open
#endif
#endif

#if KEVENT_GENERATION == 1
KEVENT_COMPAT_FN int kevent_compat_ioctl(int fd, unsigned long request, ...)
{
	unsigned int cmd = KEVENT_CTL_WAIT;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == KEVENT_USER_WAIT)
		memcpy(arg, &cmd, sizeof(cmd));
	else if (request != KEVENT_USER_CTL)
		return ioctl(fd, request, arg);
	return kevent_sys_control(fd, arg);
}
#ifndef __cplusplus
#define ioctl		kevent_compat_ioctl
#endif
#endif

/* Numbers that only this file's syscall() accepts, for calls in the program's form. */
#undef __NR_kevent_init
#undef __NR_kevent_ctl
#undef __NR_kevent_get_events
#undef __NR_kevent_wait
#undef __NR_kevent_commit
#define __NR_kevent_init	(INT_MAX - 4)
#define __NR_kevent_ctl		(INT_MAX - 3)
#define __NR_kevent_get_events	(INT_MAX - 2)
#define __NR_kevent_wait	(INT_MAX - 1)
#define __NR_kevent_commit	INT_MAX
#define SYS_kevent_init		__NR_kevent_init
#define SYS_kevent_ctl		__NR_kevent_ctl
#define SYS_kevent_get_events	__NR_kevent_get_events
#define SYS_kevent_wait		__NR_kevent_wait
#define SYS_kevent_commit	__NR_kevent_commit

#ifdef __USE_MISC
/* The timeout is passed by value, so its type decides how many words it takes. */
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_arg(va_list *ap)
{
	if (KEVENT_GENERATION == 3)
		return kevent_compat_of_ts(va_arg(*ap, struct timespec));
	if (KEVENT_TAKE >= 13)
		return kevent_compat_of_ns(va_arg(*ap, unsigned long long));
	return kevent_compat_of_ms(va_arg(*ap, unsigned int));
}

KEVENT_COMPAT_FN long kevent_compat_syscall(long nr, ...)
{
	struct kevent_compat_time t;
	long a[6], ret;
	va_list ap;
	int i;

	va_start(ap, nr);
	if (nr == __NR_kevent_get_events || nr == __NR_kevent_wait) {
		for (i = 0; i < 3; i++)
			a[i] = va_arg(ap, long);
		t = kevent_compat_arg(&ap);
		a[3] = nr == __NR_kevent_wait ? 0 : va_arg(ap, long);
		a[4] = va_arg(ap, long);
		va_end(ap);
		return nr == __NR_kevent_wait ?
		       kevent_compat_wait((int)a[0], (unsigned int)a[1], (unsigned int)a[2], t,
					  (unsigned int)a[4]) :
		       kevent_compat_get((int)a[0], (unsigned int)a[1], (unsigned int)a[2], t,
					 (void *)a[3], (unsigned int)a[4]);
	}
	/* Six is the most that a system call has; it ignores those that were not passed. */
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == __NR_kevent_init)
		ret = kevent_sys_init((struct kevent_ring *)a[0], (unsigned int)a[1],
				      KEVENT_TAKE < 26 ? 0 : (unsigned int)a[2]);
	else if (nr == __NR_kevent_commit)
		ret = kevent_sys_commit((int)a[0], (unsigned int)a[1], (unsigned int)a[2]);
	else if (nr == __NR_kevent_ctl && KEVENT_GENERATION == 1)
		ret = kevent_sys_control((int)a[0], (void *)a[1]);
	else if (nr == __NR_kevent_ctl)
		ret = kevent_compat_ctl((int)a[0], (unsigned int)a[1], (unsigned int)a[2],
					(void *)a[3]);
	else
		ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret;
}
#define syscall		kevent_compat_syscall
#endif

#ifdef __cplusplus
}

KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(int ms)
{
	return kevent_compat_of_ms((unsigned int)ms);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(long ms)
{
	return kevent_compat_of_ms((unsigned int)ms);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(unsigned int ms)
{
	return kevent_compat_of_ms(ms);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(unsigned long time)
{
	return kevent_compat_of_ul(time);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(unsigned long long ns)
{
	return kevent_compat_of_ns(ns);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(long long ns)
{
	return kevent_compat_of_ns((unsigned long long)ns);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(struct timespec ts)
{
	return kevent_compat_of_ts(ts);
}
KEVENT_COMPAT_FN struct kevent_compat_time kevent_compat_any(const struct timespec *ts)
{
	return kevent_compat_of_tsp(ts);
}
#else
#define kevent_compat_any(t)						\
	__extension__ _Generic((t),					\
		struct timespec: kevent_compat_of_ts,			\
		struct __kernel_timespec: kevent_compat_of_kts,		\
		struct timespec *: kevent_compat_of_tsp,		\
		const struct timespec *: kevent_compat_of_tsp,		\
		struct __kernel_timespec *: kevent_compat_of_ktsp,	\
		const struct __kernel_timespec *: kevent_compat_of_ktsp, \
		void *: kevent_compat_of_null,				\
		unsigned long: kevent_compat_of_ul,			\
		unsigned long long: kevent_compat_of_ns,		\
		long long: kevent_compat_of_ns,				\
		default: kevent_compat_of_ms)(t)
#endif

/* --- the names of 2006 --- */

#define KEVENT_COMPAT_CAT_(a, b)	a##b
#define KEVENT_COMPAT_CAT(a, b)		KEVENT_COMPAT_CAT_(a, b)
#define KEVENT_COMPAT_NTH_(a, b, c, d, e, f, g, n, ...) n
#define KEVENT_COMPAT_COUNT(...)	KEVENT_COMPAT_NTH_(__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1, 0)

/* 1 if an argument begins with a type: then this is a declaration, not a call. */
#define KEVENT_COMPAT_2ND_(a, b, ...)	b
#define KEVENT_COMPAT_2ND(...)		KEVENT_COMPAT_2ND_(__VA_ARGS__)
#define KEVENT_COMPAT_PAREN(...)	~, 1,
#define KEVENT_COMPAT_TYPED(x)							\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_TYPED_,					\
			  KEVENT_COMPAT_2ND(KEVENT_COMPAT_PAREN x, 0, ~))(x)
#define KEVENT_COMPAT_TYPED_1(x)	0
#define KEVENT_COMPAT_TYPED_0(x)						\
	KEVENT_COMPAT_2ND(KEVENT_COMPAT_CAT_(KEVENT_COMPAT_IS_, x), 0, ~)
#define KEVENT_COMPAT_IS_unsigned	~, 1,
#define KEVENT_COMPAT_IS_int		~, 1,
#define KEVENT_COMPAT_IS_long		~, 1,
#define KEVENT_COMPAT_IS_const		~, 1,
#define KEVENT_COMPAT_IS_register	~, 1,
#define KEVENT_COMPAT_IS___u32		~, 1,
#define KEVENT_COMPAT_IS_u32		~, 1,
#define KEVENT_COMPAT_IS_uint32_t	~, 1,
#define KEVENT_COMPAT_IS_u_int32_t	~, 1,
#define KEVENT_COMPAT_IS_u_int		~, 1,
#define KEVENT_COMPAT_IS_uint		~, 1,
#define KEVENT_COMPAT_IS_size_t		~, 1,
#define KEVENT_COMPAT_USE(name, arg)						\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_##name##_, KEVENT_COMPAT_TYPED(arg))

/*
 * The names that a program's own declarations get. If the program declares a call and does
 * not define it, the function is libkevent's, which does not depend on KEVENT_TAKE.
 */
#if KEVENT_GENERATION == 3
#define KEVENT_COMPAT_OWN_CTL	kevent_ctl
#define KEVENT_COMPAT_OWN_GET	kevent_3_get_events
#define KEVENT_COMPAT_OWN_WAIT	kevent_3_wait
#elif KEVENT_GENERATION == 2 && defined(KEVENT_COMPAT_TAKE_UNSAID)
#define KEVENT_COMPAT_OWN_CTL	kevent_2_ctl
#define KEVENT_COMPAT_OWN_GET	kevent_2_get_events
#define KEVENT_COMPAT_OWN_WAIT	kevent_own_wait
#else
#define KEVENT_COMPAT_OWN_CTL	kevent_own_ctl
#define KEVENT_COMPAT_OWN_GET	kevent_own_get_events
#define KEVENT_COMPAT_OWN_WAIT	kevent_own_wait
#endif

#undef kevent_ctl
#if KEVENT_GENERATION < 3
#define kevent_ctl KEVENT_COMPAT_OWN_CTL
#endif
#pragma push_macro("kevent_ctl")
#undef kevent_ctl
#define kevent_ctl(...)								\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_CTL_, KEVENT_COMPAT_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define KEVENT_COMPAT_CTL_4(fd, cmd, num, arg)					\
	KEVENT_COMPAT_USE(CTL, cmd)(fd, cmd, num, arg)
#define KEVENT_COMPAT_CTL_0(...)	kevent_compat_ctl(__VA_ARGS__)
#define KEVENT_COMPAT_CTL_1(...)						\
	_Pragma("pop_macro(\"kevent_ctl\")") KEVENT_COMPAT_OWN_CTL(__VA_ARGS__)

/*
 * In generation 1 nothing declares kevent_control(), so its first use declares it. It can
 * then be libkevent's function, or the program's own kevent_ctl, static or not.
 */
#if KEVENT_GENERATION == 1 && !defined(__cplusplus)
#pragma GCC diagnostic ignored "-Wimplicit-function-declaration"
#define KEVENT_COMPAT_CTL_2(...)	kevent_control(__VA_ARGS__)
#else
#define KEVENT_COMPAT_CTL_2(...)	kevent_compat_control(__VA_ARGS__)
#endif

#undef kevent_get_events
#define kevent_get_events KEVENT_COMPAT_OWN_GET
#pragma push_macro("kevent_get_events")
#undef kevent_get_events
#define kevent_get_events(...)							\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_GET_OF_, KEVENT_COMPAT_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define KEVENT_COMPAT_GET_OF_6(fd, min_nr, max_nr, timeout, buf, flags)		\
	KEVENT_COMPAT_USE(GET, min_nr)(fd, min_nr, max_nr, timeout, buf, flags)
/* A compound literal as timeout contains a comma and counts as two arguments. */
#define KEVENT_COMPAT_GET_OF_7(fd, min_nr, max_nr, sec, nsec, buf, flags)	\
	KEVENT_COMPAT_GET_0(fd, min_nr, max_nr, (sec, nsec), buf, flags)
#define KEVENT_COMPAT_GET_0(fd, min_nr, max_nr, timeout, buf, flags)		\
	kevent_compat_get(fd, min_nr, max_nr, kevent_compat_any(timeout), buf, flags)
#define KEVENT_COMPAT_GET_1(...)						\
	_Pragma("pop_macro(\"kevent_get_events\")") KEVENT_COMPAT_OWN_GET(__VA_ARGS__)

#undef kevent_wait
#define kevent_wait KEVENT_COMPAT_OWN_WAIT
#pragma push_macro("kevent_wait")
#undef kevent_wait
#define kevent_wait(...)							\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_WAIT_OF_, KEVENT_COMPAT_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define KEVENT_COMPAT_WAIT_OF_5(fd, num, old_uidx, timeout, flags)		\
	KEVENT_COMPAT_USE(WAIT, num)(fd, num, old_uidx, timeout, flags)
#define KEVENT_COMPAT_WAIT_OF_6(fd, num, old_uidx, sec, nsec, flags)		\
	KEVENT_COMPAT_WAIT_0(fd, num, old_uidx, (sec, nsec), flags)
#define KEVENT_COMPAT_WAIT_0(fd, num, old_uidx, timeout, flags)			\
	kevent_compat_wait(fd, num, old_uidx, kevent_compat_any(timeout), flags)
#define KEVENT_COMPAT_WAIT_1(...)						\
	_Pragma("pop_macro(\"kevent_wait\")") KEVENT_COMPAT_OWN_WAIT(__VA_ARGS__)

#pragma push_macro("kevent_commit")
#undef kevent_commit
#define kevent_commit(fd, new_uidx, over)					\
	KEVENT_COMPAT_USE(COMMIT, over)(fd, new_uidx, over)
#define KEVENT_COMPAT_COMMIT_0(...)	kevent_compat_commit(__VA_ARGS__)
#define KEVENT_COMPAT_COMMIT_1(...)						\
	_Pragma("pop_macro(\"kevent_commit\")") kevent_commit(__VA_ARGS__)

#pragma push_macro("kevent_init")
#undef kevent_init
#define kevent_init(ring, ...)							\
	KEVENT_COMPAT_CAT(KEVENT_COMPAT_INIT_OF_, KEVENT_COMPAT_COUNT(ring, __VA_ARGS__))\
		(ring, __VA_ARGS__)
#define KEVENT_COMPAT_INIT_OF_2(ring, num)					\
	KEVENT_COMPAT_USE(INIT, num)(ring, num)
#define KEVENT_COMPAT_INIT_OF_3(ring, num, flags)				\
	KEVENT_COMPAT_USE(INIT, num)(ring, num, flags)
#define KEVENT_COMPAT_INIT_0(...)						\
	KEVENT_COMPAT_CAT(kevent_compat_init_, KEVENT_COMPAT_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define KEVENT_COMPAT_INIT_1(...)						\
	_Pragma("pop_macro(\"kevent_init\")") kevent_init(__VA_ARGS__)

#endif /* KEVENT_COMPAT_H */
