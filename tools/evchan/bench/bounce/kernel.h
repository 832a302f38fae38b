/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sources of the two rings use of Linux, for a program: just enough to compile
 * kernel/evchan/ring.c and kernel/kevent/ring.c as they are.
 *
 * What posting executes is made to cost what it costs in the kernel: atomic operations, barriers,
 * the queued spin lock without contention, and the layout of structures. What it does not execute
 * is only made to compile; a function that must not be reached ends the program.
 *
 * The makefile makes every <linux/...> header that those sources include from one line: it
 * includes this file.
 */
#ifndef BOUNCE_KERNEL_H
#define BOUNCE_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <linux/eventpoll.h>
#include <linux/time_types.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef unsigned int gfp_t;
typedef int clockid_t;
typedef s64 ktime_t;

#define CONFIG_EVCORE		1
#define IS_ENABLED(option)	true
#define U32_MAX			UINT32_MAX
#define PAGE_SIZE		4096UL
#define PAGE_SHIFT		12
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define SMP_CACHE_BYTES		64
/* No older kernel than the newest that compat.h knows: it defines nothing then. */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(7, 3, 0)

#define prefetchw(p)	asm volatile("prefetchw %0" : : "m" (*(const char *)(p)))

/* --- the compiler --- */

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define noinline		__attribute__((noinline))
#define __uninitialized		__attribute__((uninitialized))
#define ____cacheline_aligned_in_smp __attribute__((aligned(SMP_CACHE_BYTES)))
#define __user
#define __force
#define data_race(x)		(x)
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile typeof(x) *)&(x) = (value))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define struct_group_tagged(tag, name, ...) \
	union { struct { __VA_ARGS__ }; struct tag { __VA_ARGS__ } name; }

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define ALIGN(x, to)		(((x) + (to) - 1) & ~((to) - 1))
#define PAGE_ALIGN(x)		ALIGN((unsigned long)(x), PAGE_SIZE)
#define IS_ALIGNED(x, to)	(!((x) & ((to) - 1)))
#define offset_in_page(x)	((x) & ~PAGE_MASK)
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define lower_32_bits(x)	((u32)(x))
#define upper_32_bits(x)	((u32)((u64)(x) >> 32))
#define ilog2(x)		(31 - __builtin_clz(x))
#define array_size(n, size)	((size_t)(n) * (size))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof(*(p)->member) * (size_t)(n))
#define array_index_nospec(i, n) (i)
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-4095)
#define USEC_PER_SEC		1000000L

/* --- memory ordering, as x86-64 and other processors have it in the kernel --- */

#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, x)	__atomic_store_n(p, x, __ATOMIC_RELEASE)
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xchg(p, x)		__atomic_exchange_n(p, x, __ATOMIC_SEQ_CST)
#define try_cmpxchg(p, old, x) \
	__atomic_compare_exchange_n(p, old, x, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

#define atomic_read_acquire(v)	smp_load_acquire(&(v)->counter)
#define atomic64_read(v)	READ_ONCE((v)->counter)
#define atomic64_set(v, x)	WRITE_ONCE((v)->counter, x)
#define atomic64_inc(v)		((void)__atomic_fetch_add(&(v)->counter, 1, __ATOMIC_RELAXED))
#define atomic64_fetch_or(x, v)	__atomic_fetch_or(&(v)->counter, x, __ATOMIC_SEQ_CST)
#define atomic64_fetch_andnot(x, v) __atomic_fetch_and(&(v)->counter, ~(x), __ATOMIC_SEQ_CST)
#define atomic64_try_cmpxchg(v, old, x) try_cmpxchg(&(v)->counter, old, (s64)(x))

/*
 * A spin lock is one word. Taking it is a compare-and-swap, and releasing it a store, as long
 * as nobody else wants it. Interrupts are not modelled, nor is the counter of preemption.
 */
typedef struct { u32 value; } raw_spinlock_t, spinlock_t;

static inline void raw_spin_lock(raw_spinlock_t *lock)
{
	u32 unlocked = 0;

	while (!__atomic_compare_exchange_n(&lock->value, &unlocked, 1, 0, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		while (__atomic_load_n(&lock->value, __ATOMIC_RELAXED))
			;
		unlocked = 0;
	}
}

static inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	__atomic_store_n(&lock->value, 0, __ATOMIC_RELEASE);
}

#define raw_spin_lock_irq	raw_spin_lock
#define raw_spin_unlock_irq	raw_spin_unlock
#define spin_lock		raw_spin_lock
#define spin_unlock		raw_spin_unlock
#define local_irq_save(flags)	((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define local_irq_disable()	((void)0)
#define local_irq_enable()	((void)0)
#define lockdep_assert_held(lock) ((void)0)
#define lockdep_assert_irqs_disabled() ((void)0)
#define cond_resched()		((void)0)

/* The number of the processor is one load, as in the kernel. */
extern __thread u32 bounce_cpu;
#define raw_smp_processor_id()	bounce_cpu

void bounce_unreachable(const char *function) __attribute__((noreturn, cold));

/* --- structures: the sizes are those of the kernel where posting depends on them --- */

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };
struct rb_root_cached { void *root, *leftmost; };
struct rhash_head { void *next; };
struct rcu_head { void *next, (*func)(void); };
struct rhashtable { void *table; };
struct mutex { spinlock_t lock; };
struct kref { int count; };
struct irq_work { struct rcu_head work; };
struct work_struct { struct rcu_head work; };
struct fd { struct file *file; };
struct page;
struct vm_area_struct;

typedef struct { spinlock_t lock; struct list_head head; } wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_entry_t;
typedef int (*wait_queue_func_t)(wait_queue_entry_t *, unsigned int, int, void *);

struct wait_queue_entry {
	unsigned int		flags;
	void			*private;
	wait_queue_func_t	func;
	struct list_head	entry;
};

struct file_operations { __poll_t (*poll)(struct file *file, void *wait); };
struct file {
	const struct file_operations *f_op;
	void *private_data;
	struct hlist_head f_evcore;
};
struct files_struct { atomic_t count; };
struct task_struct { struct files_struct *files; };

/* --- lists: only overflow has any, and the loads keep the rings from getting full --- */

#define list_add_tail(entry, head) bounce_unreachable("list_add_tail")
#define __list_del_entry(entry)	bounce_unreachable("__list_del_entry")
#define list_del_init(entry)	bounce_unreachable("list_del_init")
#define list_empty(head)	((head)->next == (head))
#define list_first_entry(head, type, member) container_of((head)->next, type, member)
#define INIT_HLIST_HEAD(head)	((head)->first = NULL)
#define hlist_empty(head)	(!(head)->first)
#define llist_entry		container_of

/* --- what these loads do not reach --- */

#define UNREACHABLE(value)	(bounce_unreachable(__func__), (value))

#define POLLFREE		0x4000
#define SIGEV_EVCHAN		16
#define current			((struct task_struct *)UNREACHABLE(NULL))
#define fatal_signal_pending(task) ((bool)UNREACHABLE(false))
#define files_lookup_fd_raw(files, fd) ((struct file *)UNREACHABLE(NULL))
#define vfs_poll(file, wait)	((__poll_t)UNREACHABLE(0))
#define llist_empty(list)	(!(list)->first)
#define llist_del_all(list)	((struct llist_node *)UNREACHABLE(NULL))
#define llist_reverse_order(node) (node)
#define read_thread_flags()	((unsigned long)UNREACHABLE(0))
#define _TIF_NEED_RESCHED	1UL
#define _TIF_SIGPENDING		2UL
#define pagefault_disable()	((void)0)
#define pagefault_enable()	((void)0)
#define mutex_lock(m)		((void)UNREACHABLE(0))
#define mutex_unlock(m)		((void)UNREACHABLE(0))
#define ktime_get_mono_fast_ns() ((u64)UNREACHABLE(0))
#define KTIME_MAX		INT64_MAX

/* Memory of a queue and of its ring. */
void *bounce_alloc(size_t size);
#define __vmalloc_node_range(size, ...) bounce_alloc(size)
#define vfree(p)		free(p)
#define kfree(p)		free(p)
#define kvfree(p)		free(p)
#define vunmap(p)		((void)(p))
#define kvmalloc_array(n, size, gfp) ((void *)UNREACHABLE(NULL))
#define pin_user_pages_fast(start, n, flags, pages) ((int)UNREACHABLE(0))
#define unpin_user_pages(pages, n) ((void)(pages))
#define unpin_user_pages_dirty_lock(pages, n, dirty) ((void)(pages))
#define vmap(pages, n, flags, prot) ((void *)UNREACHABLE(NULL))
#define page_folio(page)	(page)
#define folio_test_anon(folio)	((void)(folio), true)

#define user_write_access_begin(to, size) ((void)(to), true)
#define user_write_access_end()	((void)0)
#define unsafe_put_user(x, to, fault) \
	do { if (0) goto fault; *(to) = (x); } while (0)

/* Tracepoints: in the kernel each is a no-operation until it is switched on. */
#define trace_evcore_post_enabled() false
#define trace_evcore_overflow_enabled() false
#define trace_evcore_post(q, type, id, events) ((void)(events))

#endif
