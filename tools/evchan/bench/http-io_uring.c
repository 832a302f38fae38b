// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same HTTP server in the fastest use of io_uring: the ring receives and sends as well,
 * with one multishot receive for each connection, into buffers that the kernel selects, and
 * one system call for many receives and sends.
 */
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define BUFFERS		2048	/* a power of two, more than there are connections */
#define BUFFER_SIZE	256
#define GROUP		1

struct server {
	struct io_uring ring;
	struct io_uring_buf_ring *buffers;
	char *memory;		/* memory of the buffers */
	char *responses;	/* one for each connection, in use until sent */
	const int *fds;
	unsigned int n;
};

static struct io_uring_sqe *get_sqe(struct server *s)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);

	if (sqe)
		return sqe;
	io_uring_submit(&s->ring);
	return io_uring_get_sqe(&s->ring);
}

static void receive(struct server *s, unsigned int i)
{
	struct io_uring_sqe *sqe = get_sqe(s);

	io_uring_prep_recv_multishot(sqe, s->fds[i], NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	sqe->user_data = i;
}

/* A completed send is not reported. The next request shows that it succeeded. */
static void send_response(struct server *s, unsigned int i, const char *response, int length)
{
	struct io_uring_sqe *sqe = get_sqe(s);

	io_uring_prep_send(sqe, s->fds[i], response, length, MSG_WAITALL);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = s->n + i;
}

static void give_buffer(struct server *s, unsigned int id, int offset)
{
	io_uring_buf_ring_add(s->buffers, s->memory + id * BUFFER_SIZE, BUFFER_SIZE - 1, id,
			      io_uring_buf_ring_mask(BUFFERS), offset);
}

static void start(struct server *s)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = 8192,
	};
	struct io_uring_buf_reg reg = { .ring_entries = BUFFERS, .bgid = GROUP };
	int ret = io_uring_queue_init_params(4096, &s->ring, &p);

	if (ret)
		fail("io_uring: cannot create a ring: %s", strerror(-ret));
	io_uring_register_ring_fd(&s->ring);
	s->memory = calloc(BUFFERS, BUFFER_SIZE);
	s->responses = calloc(s->n, HTTP_RESPONSE_MAX);
	s->buffers = aligned_alloc(4096, BUFFERS * sizeof(struct io_uring_buf));
	reg.ring_addr = (uintptr_t)s->buffers;
	ret = io_uring_register_buf_ring(&s->ring, &reg, 0);
	if (ret)
		fail("io_uring: cannot register buffers: %s", strerror(-ret));
	io_uring_buf_ring_init(s->buffers);
	for (unsigned int i = 0; i < BUFFERS; i++)
		give_buffer(s, i, i);
	io_uring_buf_ring_advance(s->buffers, BUFFERS);
	for (unsigned int i = 0; i < s->n; i++)
		receive(s, i);
	io_uring_submit(&s->ring);
}

/* Handle all completions in the ring. Return: the number of requests. */
static unsigned int serve_ready(struct server *s)
{
	unsigned int head, seen = 0, served = 0, given = 0;
	struct io_uring_cqe *cqe;

	io_uring_for_each_cqe(&s->ring, head, cqe) {
		unsigned int i = cqe->user_data, id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
		char *response, *request = s->memory + id * BUFFER_SIZE;

		seen++;
		if (i >= s->n || cqe->res <= 0 || !(cqe->flags & IORING_CQE_F_BUFFER))
			fail("io_uring: %s: %s", i >= s->n ? "sending" : "receiving",
			     strerror(-cqe->res));
		response = s->responses + i * HTTP_RESPONSE_MAX;
		send_response(s, i, response, http_answer(request, cqe->res, response));
		give_buffer(s, id, given++);
		if (!(cqe->flags & IORING_CQE_F_MORE))
			receive(s, i);
		served++;
	}
	io_uring_buf_ring_advance(s->buffers, given);
	io_uring_cq_advance(&s->ring, seen);
	return served;
}

void http_serve_by_completions(const int *fds, unsigned int n, unsigned int total)
{
	struct server s = { .fds = fds, .n = n };

	start(&s);
	for (unsigned int served = 0; served < total; ) {
		io_uring_submit_and_wait(&s.ring, 1);
		served += serve_ready(&s);
		if (served > total)
			fail("io_uring: one request more than expected came");
	}
	io_uring_submit(&s.ring);
	io_uring_queue_exit(&s.ring);
	free(s.buffers);
	free(s.memory);
	free(s.responses);
}
