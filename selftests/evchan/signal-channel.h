/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals into a channel: what the tests of them share. */
#ifndef SELFTESTS_SIGNAL_CHANNEL_H
#define SELFTESTS_SIGNAL_CHANNEL_H

#include "channel.h"
#include "signals.h"

#define ONLY	EVCHAN_SIGNAL_NOMASK

static inline int signal_change(struct channel *c, int op, uint64_t id, uint32_t flags)
{
	struct evchan_change ch = {
		.op = op, .type = EVCHAN_SIGNAL, .flags = flags, .id = id, .data = id,
	};

	if (op == EVCHAN_DEL)
		ch = removal(&ch);
	return change(c, &ch);
}

static inline int watch_signal(struct channel *c, uint64_t id)
{
	return signal_change(c, EVCHAN_ADD, id, 0);
}

/* Take all events; returns how many of them are of signal @sig. */
static inline int take_signals(struct channel *c, int sig)
{
	struct evchan_event e;
	int n = 0;

	while (wait_events(c, 0, 0) > 0)
		while (take(c, &e))
			n += e.type == EVCHAN_SIGNAL && (int)e.id == sig &&
			     e.events & EVCHAN_SIGNALED;
	return n;
}

#endif
