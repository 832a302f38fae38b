// SPDX-License-Identifier: MIT
/* A request that is removed by its event, and added again each time. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

typedef struct reader {
	int kq, fd;
	int rounds;
	struct ukevent uk;
} reader_t;

static int arm(reader_t *r)
{
	memset(&r->uk, 0, sizeof(r->uk));
	r->uk.type = KEVENT_PIPE;
	r->uk.event = KEVENT_SOCKET_RECV;
	r->uk.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE;
	r->uk.id.raw[0] = r->fd;
	r->uk.ptr = r;
	return kevent_ctl(r->kq, KEVENT_CTL_ADD, 1, &r->uk);
}

static void ready(const struct ukevent *ev)
{
	reader_t *r = ev->ptr;
	char c;

	if (read(r->fd, &c, 1) == 1)
		r->rounds++;
	if (arm(r))
		perror("arm");
}

int main(void)
{
	reader_t r;
	struct ukevent ev;
	int p[2], i;

	r.kq = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL);
	if (r.kq == -1) {
		perror("kevent");
		return 1;
	}
	if (pipe(p))
		return 1;
	r.fd = p[0];
	r.rounds = 0;
	printf("armed: %d\n", arm(&r));
	for (i = 0; i < 10; i++) {
		if (write(p[1], "..", 1) != 1)
			return 1;
		if (kevent_get_events(r.kq, 1, 1, 3000, &ev, 0) != 1)
			return 1;
		ready(&ev);
	}
	/* Without another event it does not come again. */
	printf("rounds %d, then %d\n", r.rounds, kevent_get_events(r.kq, 0, 1, 0, &ev, 0));
	if (r.kq >= 0)
		close(r.kq);
	r.kq = -1;
	return 0;
}
