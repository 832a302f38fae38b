/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the event core that native AIO calls. An operation with
 * IOCB_FLAG_EVCORE completes into the queue whose descriptor is in aio_resfd.
 */
#ifndef _LINUX_EVCORE_AIO_H
#define _LINUX_EVCORE_AIO_H

#include <linux/types.h>

struct io_event;
struct iocb;

#ifdef CONFIG_EVCORE

struct evcore_aio;
struct evcore_record_node;

/**
 * struct evcore_aio_op - the part of an operation that its completion needs
 * @to: where it completes; NULL: into the AIO ring
 * @record: memory for the event, NULL once it is posted
 */
struct evcore_aio_op {
	struct evcore_aio *to;
	struct evcore_record_node *record;
};

static inline void evcore_aio_init(struct evcore_aio_op *op)
{
	op->to = NULL;
	op->record = NULL;
}

int evcore_aio_prepare(struct evcore_aio_op *op, const struct iocb *iocb);
void evcore_aio_post(struct evcore_aio_op *op, const struct io_event *res);
void evcore_aio_release(struct evcore_aio_op *op);

/**
 * evcore_aio_complete - post the completion of an operation, if it goes to a queue
 * @op: the operation
 * @res: its result
 *
 * Context: any but NMI.
 *
 * Return: false if the operation is to complete into the AIO ring.
 */
static inline bool evcore_aio_complete(struct evcore_aio_op *op,
				       const struct io_event *res)
{
	if (!op->to)
		return false;
	evcore_aio_post(op, res);
	return true;
}

/**
 * evcore_aio_drop - release what an operation that is being freed holds
 * @op: the operation, whether it has completed or not
 *
 * Context: any but NMI.
 */
static inline void evcore_aio_drop(struct evcore_aio_op *op)
{
	if (op->to)
		evcore_aio_release(op);
}

#else

struct evcore_aio_op {
};

static inline void evcore_aio_init(struct evcore_aio_op *op) {}

static inline int evcore_aio_prepare(struct evcore_aio_op *op,
				     const struct iocb *iocb)
{
	return 0;
}

static inline bool evcore_aio_complete(struct evcore_aio_op *op,
				       const struct io_event *res)
{
	return false;
}

static inline void evcore_aio_drop(struct evcore_aio_op *op) {}

#endif

#endif /* _LINUX_EVCORE_AIO_H */
