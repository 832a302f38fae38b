/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM evcore

#if !defined(_TRACE_EVCORE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_EVCORE_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

struct evcore_queue;

DECLARE_EVENT_CLASS(evcore_event,
	TP_PROTO(struct evcore_queue *q, int type, u64 id, u32 events),
	TP_ARGS(q, type, id, events),
	TP_STRUCT__entry(
		__field(void *, queue)
		__field(int, type)
		__field(u64, id)
		__field(u32, events)
	),
	TP_fast_assign(
		__entry->queue = q;
		__entry->type = type;
		__entry->id = id;
		__entry->events = events;
	),
	TP_printk("queue=%p type=%d id=%llx events=%x", __entry->queue,
		  __entry->type, __entry->id, __entry->events)
);

/* A record was placed in the ring. */
DEFINE_EVENT(evcore_event, evcore_post,
	TP_PROTO(struct evcore_queue *q, int type, u64 id, u32 events),
	TP_ARGS(q, type, id, events)
);

/* The event waits in overflow: there was no free slot, or other events waited already. */
DEFINE_EVENT(evcore_event, evcore_overflow,
	TP_PROTO(struct evcore_queue *q, int type, u64 id, u32 events),
	TP_ARGS(q, type, id, events)
);

/* An event left overflow: it was placed in the ring, taken by the program, or dropped. */
DEFINE_EVENT(evcore_event, evcore_drain,
	TP_PROTO(struct evcore_queue *q, int type, u64 id, u32 events),
	TP_ARGS(q, type, id, events)
);

/* evcore_wait() returns. */
TRACE_EVENT(evcore_wait,
	TP_PROTO(struct evcore_queue *q, unsigned int min, int ret),
	TP_ARGS(q, min, ret),
	TP_STRUCT__entry(
		__field(void *, queue)
		__field(unsigned int, min)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->queue = q;
		__entry->min = min;
		__entry->ret = ret;
	),
	TP_printk("queue=%p min=%u ret=%d", __entry->queue, __entry->min,
		  __entry->ret)
);

/* A waiter is woken. */
TRACE_EVENT(evcore_wake,
	TP_PROTO(struct evcore_queue *q, struct task_struct *task),
	TP_ARGS(q, task),
	TP_STRUCT__entry(
		__field(void *, queue)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		__entry->queue = q;
		__entry->pid = task->pid;
	),
	TP_printk("queue=%p pid=%d", __entry->queue, __entry->pid)
);

#endif /* _TRACE_EVCORE_H */

#include <trace/define_trace.h>
