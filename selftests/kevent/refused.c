// SPDX-License-Identifier: GPL-2.0-only
/*
 * kevent: values in a request that have no meaning are refused, so that they can get one
 * later. Fields that programs of 2006 left uninitialised are not checked.
 */
#include "queue.h"

/* The result of a request, whatever the command. */
static int answer(struct queue *q, unsigned int cmd, struct ukevent uk)
{
	int ret = ctl(q, cmd, &uk, 1);

	/* A queued addition does not write its result into the entry. */
	if (ret < 0 || (cmd == KEVENT_CTL_ADD && !ret))
		return ret;
	return uk.ret_flags & KEVENT_RET_BROKEN ? (int)uk.ret_data[1] : 0;
}

TEST_F(queue, refused_requests)
{
	static const unsigned int cmds[] = {
		KEVENT_CTL_ADD, KEVENT_CTL_MODIFY, KEVENT_CTL_READY, KEVENT_CTL_REMOVE,
	};
	const struct ukevent good = request(KEVENT_POLL, self->fd, POLLIN,
					    KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE, 1);
	struct ukevent uk;

	for (int i = 0; i < 4; i++) {
		uk = good;
		uk.event |= 0x80000000;
		EXPECT_EQ(answer(&self->q, cmds[i], uk), -EINVAL);
		for (int bit = 8; bit < 32; bit++) {
			uk = good;
			uk.req_flags |= 1u << bit;
			EXPECT_EQ(answer(&self->q, cmds[i], uk), -EINVAL);
		}
		uk = good;
		uk.id.raw[1] = 1;
		EXPECT_EQ(answer(&self->q, cmds[i], uk), -EINVAL);
		uk = good;
		uk.req_flags |= KEVENT_REQ_KEEP;
		if (i < 2)
			EXPECT_EQ(answer(&self->q, cmds[i], uk), -EINVAL);
		uk = request(KEVENT_UNOTIFY, 5, 1, KEVENT_REQ_LAST_CHECK, 0);
		if (!i)
			EXPECT_EQ(answer(&self->q, cmds[i], uk), -EINVAL);
		EXPECT_EQ(counter(self->q.fd, "sources"), i ? 1 : 0);
		/* The result fields, which programs of 2006 left uninitialised. */
		uk = good;
		uk.ret_flags = ~0u;
		uk.ret_data[0] = ~0u;
		uk.ret_data[1] = ~0u;
		EXPECT_EQ(answer(&self->q, cmds[i], uk), 0);
	}
	EXPECT_EQ(counter(self->q.fd, "sources"), 0);
}

/* A request may ask for all events of a type, and for events that are reported in any case. */
TEST_F(queue, accepted_events)
{
	static const struct { uint32_t type, event, id; } rows[] = {
		{ KEVENT_TIMER, KEVENT_MASK_ALL, 3600 },
		{ KEVENT_SIGNAL, KEVENT_MASK_ALL, SIGUSR2 },
		{ KEVENT_SIGNAL, KEVENT_SIGNAL_DELIVERY | KEVENT_SIGNAL_OVERRUN, SIGUSR2 },
		{ KEVENT_UNOTIFY, KEVENT_MASK_ALL, 5 },
	};
	struct ukevent uk;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uk = request(rows[i].type, rows[i].id, rows[i].event, KEVENT_REQ_ET, 0);
		EXPECT_EQ(answer(&self->q, KEVENT_CTL_ADD, uk), 0);
		EXPECT_EQ(answer(&self->q, KEVENT_CTL_REMOVE, uk), 0);
		if (rows[i].event == KEVENT_MASK_ALL && rows[i].type != KEVENT_UNOTIFY) {
			uk.event = 4;
			EXPECT_EQ(answer(&self->q, KEVENT_CTL_ADD, uk), -EINVAL);
		}
	}
	uk = request(KEVENT_POLL, self->fd, KEVENT_MASK_ALL, KEVENT_REQ_ET |
		     KEVENT_REQ_ALWAYS_QUEUE, 0);
	EXPECT_EQ(answer(&self->q, KEVENT_CTL_ADD, uk), 0);
}

TEST_HARNESS_MAIN
