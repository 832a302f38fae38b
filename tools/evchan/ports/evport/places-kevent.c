// SPDX-License-Identifier: MIT
/* Uses of kevent that evport must leave to a human; each such line is marked. */
#include <kevent.h>
#include <limits.h>
#include <stdio.h>

static int any_command(int q, unsigned int cmd, struct ukevent *uk, unsigned int n)
{
	return kevent_ctl(q, cmd, n, uk);
}

static int last_check(int q, int fd)
{
	struct ukevent uk = {
		.type = KEVENT_POLL,
		.id.raw[0] = (unsigned int)fd,
		.event = KEVENT_POLL_POLLIN,
		.req_flags = KEVENT_REQ_LAST_CHECK,	/* ? */
	};

	return kevent_ctl(q, KEVENT_CTL_ADD, 1, &uk);
}

static int half_of_id(int q, unsigned int seconds)
{
	struct ukevent uk = { .type = KEVENT_TIMER, .id.raw = { 1, 500000000 } };

	uk.id.raw[0] = seconds;	/* ? */
	return kevent_ctl(q, KEVENT_CTL_ADD, 1, &uk);
}

static int any_flags(int q, unsigned int flags)
{
	struct ukevent uk = { .type = KEVENT_PIPE, .event = KEVENT_SOCKET_RECV };

	uk.req_flags = flags;
	return kevent_ctl(q, KEVENT_CTL_ADD, 1, &uk);
}

static int computed_flags(int q, int fd, unsigned int flags)
{
	return kevent_watch(q, KEVENT_PIPE, fd, KEVENT_SOCKET_RECV, flags, NULL);	/* ? */
}

static unsigned int ring_by_hand(int q, struct kevent_ring *ring, unsigned int uidx,	/* ? */
				 unsigned int num)
{
	while (uidx != ring->ring_kidx) {	/* ? */
		puts("an event");
		uidx = (uidx + 1) % num;
	}
	kevent_commit(q, uidx, ring->ring_over);
	return uidx;
}

static int used_as_number(int q)
{
	printf("queue %d\n", q);	/* ? */
	return q + 1;	/* ? */
}

static int not_parsed(int q)
{
	char c[8] __attribute__((aligned(__alignof__(struct ukevent))));	/* ? */

	c[0] = (char)kevent_watch(q, KEVENT_PIPE, 0, 1, 0, c);	/* ? */
	return c[0];
}

int main(void)
{
	int q = kevent_init(NULL, 0, 0);
	struct ukevent ev;

	any_command(q, KEVENT_CTL_ADD, NULL, 0);
	any_command(q, (unsigned int)used_as_number(q), NULL, 0);	/* ? */
	any_flags(q, KEVENT_REQ_ET);
	any_flags(q, KEVENT_REQ_LAST_CHECK);	/* ? */
	last_check(q, 0);
	half_of_id(q, 2);
	computed_flags(q, 0, 0);
	used_as_number(q);
	not_parsed(q);
	ring_by_hand(q, NULL, 0, 1);
	while (kevent_get_events(q, 1, 1, UINT_MAX, &ev, 0) == 1) {
		if (ev.ret_flags & KEVENT_RET_BROKEN)	/* ? */
			printf("at %u ms\n", ev.ret_data[0]);	/* ? */
	}
	return 0;
}
