// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the two rings need of the kernel: memory that is mapped twice, sources, and system calls.
 * The functions of the core that posting calls only when a task sleeps, a ring is full, or a key
 * says too little, end the program.
 */
#include <evcore/face.h>
#include <kevent/types.h>
#include "core.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FD		64
#define NR_KEVENT_INIT	560
#define NR_KEVENT_WAIT	563
#define NR_KEVENT_COMMIT 564
#define NR_EVCHAN_CREATE 565

static struct evcore_queue *queues[MAX_FD];
static int memory_fd = -1;	/* of the ring that was allocated last */

__thread u32 bounce_cpu;

/* The rings only ask these tables about sources of other types than these loads have. */
const struct evcore_source_ops *const evcore_types[EVCORE_NR_TYPES];
const struct kevent_type kevent_types[EVCORE_NR_TYPES];

void bounce_unreachable(const char *function)
{
	fprintf(stderr, "bounce: the ring's code called %s(), which the harness does not have; "
		"give the load a smaller window, or extend core.c\n", function);
	_exit(1);
}

/* Memory of a ring: this mapping is the kernel's, and the program maps the descriptor. */
void *bounce_alloc(size_t size)
{
	void *map;

	memory_fd = memfd_create("bounce", MFD_CLOEXEC);
	if (memory_fd < 0 || ftruncate(memory_fd, (off_t)size))
		return NULL;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory_fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

int core_add_queue(struct evcore_queue *q)
{
	if (memory_fd >= MAX_FD)
		return -EMFILE;
	queues[memory_fd] = q;
	return memory_fd;
}

void core_thread(unsigned int cpu)
{
	bounce_cpu = cpu;
}

/* --- system calls: the linker puts this in the place of syscall() --- */

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	unsigned long arg[3];
	long ret = -ENOSYS;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 3; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	switch (number) {
	case NR_EVCHAN_CREATE:
		ret = create_evchan((struct evchan_params *)arg[0]);
		break;
	case NR_KEVENT_INIT:
		ret = create_kevent((u32)arg[1]);
		break;
	case NR_KEVENT_WAIT:
		ret = count_kevent(queues[(u32)arg[0]], (u32)arg[1], (u32)arg[2]);
		break;
	case NR_KEVENT_COMMIT:
		ret = commit_kevent(queues[(u32)arg[0]], (u32)arg[1], (u32)arg[2]);
		break;
	default:
		bounce_unreachable("another system call");
	}
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

/* --- sources --- */

struct producer {
	unsigned int next, nr;
	struct evcore_fd_source source[];
};

struct producer *producer_new(int queue_fd, unsigned int nr)
{
	struct evcore_queue *q = queues[queue_fd];
	struct producer *p = calloc(1, struct_size(p, source, nr));

	if (!p)
		return NULL;
	p->nr = nr;
	for (unsigned int i = 0; i < nr; i++) {
		struct evcore_fd_source *fs = &p->source[i];

		fs->source.queue = q;
		fs->source.type = EVCORE_POLL;
		fs->source.events = EPOLLIN;
		fs->source.id = i;
		fs->source.data = i;
		fs->source.recheck_node.next = &fs->source.recheck_node;
		fs->hook.wait.private = &fs->source;
		fs->hook.wait.func = q->face->wake;
	}
	return p;
}

/* The next sources become ready: what a write to an eventfd calls with its own lock held. */
void producer_post(struct producer *p, unsigned int n)
{
	while (n--) {
		wait_queue_entry_t *wait = &p->source[p->next].hook.wait;

		wait->func(wait, 0, 0, (void *)(unsigned long)EPOLLIN);
		p->next = p->next + 1 == p->nr ? 0 : p->next + 1;
	}
}

/* --- the core --- */

int evcore_charge_ring(struct evcore_queue *q, unsigned long bytes)
{
	(void)q, (void)bytes;
	return 0;
}

int evcore_map_ring(struct vm_area_struct *vma, void *ring, unsigned long length)
{
	(void)vma, (void)ring, (void)length;
	bounce_unreachable(__func__);
}

int evcore_fd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	(void)wait, (void)mode, (void)sync, (void)key;
	bounce_unreachable(__func__);
}

void evcore_post_slow(struct evcore_source *s, u32 events, u64 value, u64 extra)
{
	(void)s, (void)events, (void)value, (void)extra;
	bounce_unreachable(__func__);
}

void evcore_need_recheck(struct evcore_source *s)
{
	(void)s;
	bounce_unreachable(__func__);
}

void evcore_wake_locked(struct evcore_queue *q, bool all)
{
	(void)q, (void)all;
	bounce_unreachable(__func__);
}

void evcore_wake_pollers_slow(struct evcore_queue *q)
{
	(void)q;
	bounce_unreachable(__func__);
}

unsigned int evcore_drain(struct evcore_queue *q, unsigned int most)
{
	(void)q, (void)most;
	bounce_unreachable(__func__);
}
