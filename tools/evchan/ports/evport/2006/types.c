// SPDX-License-Identifier: MIT
/* One queue for four types of source; what an event is for is found by a switch on its type. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

struct counts {
	unsigned int pipe, timer, signal, user;
};

static int queue;

static int add(unsigned int type, unsigned long long id, unsigned int event, unsigned int flags)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = type;
	uk.id.raw_u64 = id;
	uk.event = event;
	uk.req_flags = flags;
	return kevent_ctl(queue, KEVENT_CTL_ADD, 1, &uk);
}

static const char *name(unsigned int type)
{
	switch (type) {
	case KEVENT_PIPE:
		return "pipe";
	case KEVENT_TIMER:
		return "timer";
	case KEVENT_SIGNAL:
		return "signal";
	case KEVENT_UNOTIFY:
		return "user";
	}
	return "?";
}

static void count(struct counts *c, const struct ukevent *ev)
{
	switch (ev->type) {
	case KEVENT_PIPE:
		if (ev->event & KEVENT_SOCKET_RECV)
			c->pipe++;
		break;
	case KEVENT_TIMER:
		c->timer++;
		break;
	case KEVENT_SIGNAL:
		c->signal += ev->id.raw[0] == SIGUSR1;
		break;
	case KEVENT_UNOTIFY:
		c->user++;
		break;
	default:
		printf("type %u\n", ev->type);
	}
}

int main(void)
{
	struct timespec tm = { 5, 0 };
	struct counts c = { 0, 0, 0, 0 };
	struct ukevent ev[4], post;
	int p[2], n, i;

	queue = kevent_init(NULL, 0, 0);
	if (queue < 0 || pipe(p)) {
		perror("queue");
		return 1;
	}
	n = add(KEVENT_PIPE, p[0], KEVENT_SOCKET_RECV, KEVENT_REQ_ET);
	n += add(KEVENT_TIMER, 20000000ULL << 32, KEVENT_TIMER_FIRED, KEVENT_REQ_ONESHOT);
	n += add(KEVENT_SIGNAL, SIGUSR1 | KEVENT_SIGNAL_NOMASK, KEVENT_SIGNAL_DELIVERY, 0);
	n += add(KEVENT_UNOTIFY, 1, 1, KEVENT_REQ_ET);
	printf("%s, %s, %s, %s: %d\n", name(KEVENT_PIPE), name(KEVENT_TIMER), name(KEVENT_SIGNAL),
	       name(KEVENT_UNOTIFY), n);
	if (write(p[1], "x", 1) != 1)
		return 1;
	raise(SIGUSR1);
	memset(&post, 0, sizeof(post));
	post.type = KEVENT_UNOTIFY;
	post.id.raw_u64 = 1;
	kevent_ctl(queue, KEVENT_CTL_READY, 1, &post);
	while (c.pipe + c.timer + c.signal + c.user < 4) {
		n = kevent_get_events(queue, 1, 4, tm, ev, 0);
		if (n <= 0)
			return 1;
		for (i = 0; i < n; i++)
			count(&c, &ev[i]);
	}
	printf("pipe %u, timer %u, signal %u, user %u\n", c.pipe, c.timer, c.signal, c.user);
	close(queue);
	return 0;
}
