// SPDX-License-Identifier: MIT
/*
 * Several requests in one call: added, some of them in vain, modified and removed. The
 * array is a local variable, a member of a structure, and a parameter.
 */
#include <kevent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIPES 6

struct set {
	int queue;
	unsigned int count;
	struct ukevent wanted[PIPES + 1];
};

static int add_all(struct set *s)
{
	return kevent_ctl(s->queue, KEVENT_CTL_ADD, s->count, s->wanted);
}

static int remove_all(int queue, struct ukevent *uk, unsigned int n)
{
	return kevent_ctl(queue, KEVENT_CTL_REMOVE, n, uk);
}

static void take(struct set *s, int expected)
{
	struct ukevent ready[PIPES];
	int i, n, sum = 0, came = 0;

	while (came < expected) {
		n = kevent_get_events(s->queue, 1, PIPES, UINT_MAX, ready, 0);
		for (i = 0; i < n; i++) {
			char c;

			if (read((int)ready[i].id.raw[0], &c, 1) == 1) {
				sum += (int)ready[i].user[0];
				came++;
			}
		}
	}
	printf("came %d, sum %d\n", came, sum);
}

int main(void)
{
	struct set s = { .count = PIPES + 1 };
	struct ukevent uk[PIPES];
	int p[PIPES][2], i, n;

	s.queue = kevent_init(NULL, 0, 0);
	if (s.queue < 0) {
		perror("queue");
		return 1;
	}
	memset(s.wanted, 0, sizeof(s.wanted));
	memset(uk, 0, sizeof(uk));
	for (i = 0; i < PIPES + 1; i++) {
		struct ukevent *w = &s.wanted[i];

		w->type = KEVENT_PIPE;
		w->event = KEVENT_SOCKET_RECV;
		w->req_flags = KEVENT_REQ_ALWAYS_QUEUE;
		w->user[0] = (unsigned int)i;
		w->id.raw[0] = 5000;
		if (i == 3)
			continue;
		if (pipe(p[i > 3 ? i - 1 : i]))
			return 1;
		w->id.raw[0] = (unsigned int)p[i > 3 ? i - 1 : i][0];
	}
	n = add_all(&s);
	printf("not added: %d, number %u, %s\n", n, s.wanted[0].user[0],
	       s.wanted[0].ret_flags & KEVENT_RET_BROKEN ? strerror(-(int)s.wanted[0].ret_data[1]) : "?");
	for (i = 0; i < PIPES; i++)
		if (write(p[i][1], "x", 1) != 1)
			return 1;
	take(&s, PIPES);
	for (i = 0; i < PIPES; i++) {
		uk[i].type = KEVENT_PIPE;
		uk[i].event = KEVENT_SOCKET_RECV;
		uk[i].req_flags = KEVENT_REQ_ET;
		uk[i].user[0] = 100;
		uk[i].id.raw[0] = (unsigned int)p[i][0];
	}
	if (kevent_ctl(s.queue, KEVENT_CTL_MODIFY, PIPES, uk) < 0)
		perror("modify");
	for (i = 0; i < PIPES; i++)
		if (write(p[i][1], "x", 1) != 1)
			return 1;
	take(&s, PIPES);
	printf("removed: %d\n", remove_all(s.queue, uk, PIPES));
	close(s.queue);
	return 0;
}
