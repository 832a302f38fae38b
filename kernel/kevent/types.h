/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kevent interface does differently for some source types; the table is in types.c.
 */
#ifndef _KEVENT_TYPES_H
#define _KEVENT_TYPES_H

#include <uapi/linux/kevent.h>

#include "../evcore/evcore.h"

/**
 * struct kevent_type - what is special about a source type in this interface
 * @events: the bits that a request may ask for, if they are not the core's @all_events;
 *          @translate then sets evcore_request.events
 * @unasked_events: bits that are reported whether asked for or not; a request may name them
 * @default_events: the bits of a request that names none
 * @returns_events: ret_data has the bits of an event, in place of its value
 * @translate: set what the type takes from a request in addition to id, events, flags and
 *             cookie. Returns 0, or -EINVAL. Called with queue->mutex held.
 * @make_ready: set the value and extra of an event that the program makes, and that has only
 *              bits otherwise. Called with queue->mutex held.
 * @encode: set ret_data, and ukevent.event if it differs from the record's bits. Called in any
 *          context, with queue->lock or queue->mutex held.
 *
 * Each field is 0 or NULL if nothing is special. Adding, modifying and delivering requests of
 * KEVENT_POLL, KEVENT_SOCKET and KEVENT_PIPE, which have to be fast, makes no indirect call.
 */
struct kevent_type {
	u32	events;
	u32	unasked_events;
	u32	default_events;
	bool	returns_events;
	int (*translate)(const struct ukevent *uk, struct evcore_request *req);
	void (*make_ready)(struct evcore_record *r);
	void (*encode)(const struct evcore_record *r, struct ukevent *uk);
};

extern const struct kevent_type kevent_types[EVCORE_NR_TYPES];

/*
 * The row of a type. The number is taken from the core's table, whose index is bounded for
 * speculation too, and not from the request.
 */
static __always_inline const struct kevent_type *
kevent_type_of(const struct evcore_source_ops *ops)
{
	return &kevent_types[ops->type];
}

/* The common encoding of ret_data: a value of 64 bits, low half first. */
static __always_inline void kevent_set_ret_data(struct ukevent *uk, const struct kevent_type *t,
						u32 events, u64 value)
{
	if (t->returns_events)
		value = events;
	uk->ret_data[0] = lower_32_bits(value);
	uk->ret_data[1] = upper_32_bits(value);
}

#endif /* _KEVENT_TYPES_H */
