// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: one multishot poll for each source. The kernel ends a poll if the completion
 * ring has no space for its event; it is then armed again.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define DEFAULT_ENTRIES	4096
#define PEEK_BATCH	1024

struct ring {
	struct io_uring ring;
	const int *fds;		/* by cookie, to arm again */
	unsigned int nr_fds;
	bool rearm;
};

static void *ring_open(const struct setup *s)
{
	struct ring *r = calloc(1, sizeof(*r));
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE,
		.cq_entries = s->entries ?: 2 * DEFAULT_ENTRIES,
	};
	int ret;

	if (is(s->variant, "defer_taskrun"))
		p.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			   IORING_SETUP_TASKRUN_FLAG;
	else if (is(s->variant, "coop_taskrun"))
		p.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN |
			   IORING_SETUP_TASKRUN_FLAG;
	else if (is(s->variant, "single_issuer"))
		p.flags |= IORING_SETUP_SINGLE_ISSUER;
	r->rearm = !s->no_rearm;
	ret = io_uring_queue_init_params(s->entries && s->entries < DEFAULT_ENTRIES ?
					 s->entries : DEFAULT_ENTRIES, &r->ring, &p);
	if (ret) {
		errno = -ret;
		free(r);
		return NULL;
	}
	/* Saves this thread the lookup of the descriptor in each call. */
	if (!s->threads)
		io_uring_register_ring_fd(&r->ring);
	return r;
}

static struct io_uring_sqe *get_sqe(struct ring *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	if (sqe)
		return sqe;
	io_uring_submit(&r->ring);
	return io_uring_get_sqe(&r->ring);
}

static int ring_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	struct ring *r = q;

	for (unsigned int i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = get_sqe(r);

		io_uring_prep_poll_multishot(sqe, fds[i], POLLIN);
		sqe->user_data = first + i;
	}
	if (!first) {
		r->fds = fds;
		r->nr_fds = n;
	}
	return io_uring_submit(&r->ring) < 0 ? -1 : 0;
}

static int ring_modify(void *q, const int *fds, unsigned int n, uint32_t events)
{
	struct ring *r = q;
	struct io_uring_cqe *cqe;

	(void)fds;
	for (unsigned int i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = get_sqe(r);

		io_uring_prep_poll_update(sqe, i, 0, events,
					  IORING_POLL_UPDATE_EVENTS | IORING_POLL_ADD_MULTI);
		sqe->user_data = UINT32_MAX;
	}
	if (io_uring_submit(&r->ring) < 0)
		return -1;
	io_uring_get_events(&r->ring);
	while (!io_uring_peek_cqe(&r->ring, &cqe)) {
		if (cqe->res < 0) {
			errno = -cqe->res;
			return -1;
		}
		io_uring_cqe_seen(&r->ring, cqe);
	}
	return 0;
}

static unsigned int reap(struct ring *r, uint32_t *cookies, unsigned int max)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0, again = 0;

	io_uring_for_each_cqe(&r->ring, head, cqe) {
		if (n == max)
			break;
		cookies[n++] = cqe->user_data;
		if (__builtin_expect(cqe->flags & IORING_CQE_F_MORE, 1))
			continue;
		if (cqe->res < 0)
			fail("io_uring: %s", strerror(-cqe->res));
		if (r->rearm && cqe->user_data < r->nr_fds) {
			int fd = r->fds[cqe->user_data];
			struct io_uring_sqe *sqe = get_sqe(r);
			uint64_t value;

			/* A poll of a ready eventfd reports at once: empty it first. */
			if (read(fd, &value, sizeof(value)) < 0 && errno != EAGAIN)
				fail("io_uring: %s", strerror(errno));
			io_uring_prep_poll_multishot(sqe, fd, POLLIN);
			sqe->user_data = cqe->user_data;
			again++;
		}
	}
	io_uring_cq_advance(&r->ring, n);
	if (again)
		io_uring_submit(&r->ring);
	return n;
}

/* Does the kernel hold completions that only a system call delivers? */
static bool must_call(struct ring *r)
{
	return IO_URING_READ_ONCE(*r->ring.sq.kflags) &
	       (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN);
}

static unsigned int ring_collect(void *q, uint32_t *cookies, unsigned int max)
{
	struct ring *r = q;
	unsigned int n = reap(r, cookies, max);

	if (n || !must_call(r))
		return n;
	io_uring_get_events(&r->ring);
	return reap(r, cookies, max);
}

static unsigned int ring_wait(void *q, uint32_t *cookies, unsigned int max)
{
	struct ring *r = q;
	unsigned int n = reap(r, cookies, max);

	if (n)
		return n;
	io_uring_submit_and_wait(&r->ring, 1);
	return reap(r, cookies, max);
}

static void ring_close(void *q)
{
	struct ring *r = q;

	io_uring_queue_exit(&r->ring);
	free(r);
}

static const char *const variants[] = {
	"", "single_issuer", "coop_taskrun", "defer_taskrun", NULL
};

const struct api api_io_uring = {
	.name = "io_uring", .variants = variants, .one_thread = true, .open = ring_open, .add = ring_add,
	.modify = ring_modify, .collect = ring_collect, .wait = ring_wait, .close = ring_close,
};
