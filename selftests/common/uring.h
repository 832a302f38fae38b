/* SPDX-License-Identifier: GPL-2.0-only */
/* An io_uring instance of four entries, without liburing, which 32-bit programs do not have. */
#ifndef SELFTESTS_URING_H
#define SELFTESTS_URING_H

#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *rings;	/* submission and completion queue, in one mapping */
	struct io_uring_sqe *sqes;
};

/* Return: the descriptor, or -1. */
static inline int uring_open(struct uring *u)
{
	struct io_uring_params *p = &u->params;
	int prot = PROT_READ | PROT_WRITE;

	*p = (struct io_uring_params){};
	u->fd = syscall(SYS_io_uring_setup, 4, p);
	if (u->fd < 0)
		return -1;
	u->rings = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe) +
			p->sq_entries * sizeof(uint32_t), prot, MAP_SHARED, u->fd,
			IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, p->sq_entries * sizeof(*u->sqes), prot, MAP_SHARED, u->fd,
		       IORING_OFF_SQES);
	return u->rings == MAP_FAILED || u->sqes == MAP_FAILED ? -1 : u->fd;
}

static inline uint32_t *uring_word(struct uring *u, uint32_t offset)
{
	return (uint32_t *)(u->rings + offset);
}

/* Submit up to 4 requests. Return: 0, or -1 if the kernel did not take them. */
static inline int uring_submit_many(struct uring *u, const struct io_uring_sqe *sqes,
				    unsigned int n)
{
	uint32_t *tail = uring_word(u, u->params.sq_off.tail);

	for (unsigned int i = 0; i < n; i++) {
		u->sqes[i] = sqes[i];
		uring_word(u, u->params.sq_off.array)[(*tail + i) % u->params.sq_entries] = i;
	}
	__atomic_store_n(tail, *tail + n, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, u->fd, n, 0, 0, NULL, 0) == (int)n ? 0 : -1;
}

/* The same for one request. */
static inline int uring_submit(struct uring *u, const struct io_uring_sqe *sqe)
{
	return uring_submit_many(u, sqe, 1);
}

/* Drop the completions that have come. */
static inline void uring_drop_completions(struct uring *u)
{
	uint32_t tail = __atomic_load_n(uring_word(u, u->params.cq_off.tail), __ATOMIC_ACQUIRE);

	__atomic_store_n(uring_word(u, u->params.cq_off.head), tail, __ATOMIC_RELEASE);
}

#endif
