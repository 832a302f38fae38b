// SPDX-License-Identifier: MIT
/* A small event loop: a watcher has its request as a member, and its function is found by ptr. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

struct loop;

struct watcher {
	void (*call)(struct loop *loop, struct watcher *w, struct ukevent *ev);
	struct ukevent request;
	const char *name;
	unsigned int calls;
};

struct loop {
	int queue;
	int running;
};

static int loop_start(struct loop *loop)
{
	loop->queue = kevent_init(NULL, 0, 0);
	if (loop->queue < 0)
		return -1;
	loop->running = 1;
	return 0;
}

static int watcher_add(struct loop *loop, struct watcher *w)
{
	w->request.ptr = w;
	w->request.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE;
	return kevent_ctl(loop->queue, KEVENT_CTL_ADD, 1, &w->request);
}

static int watcher_remove(struct loop *loop, struct watcher *w)
{
	return kevent_ctl(loop->queue, KEVENT_CTL_REMOVE, 1, &w->request);
}

static void on_pipe(struct loop *loop, struct watcher *w, struct ukevent *ev)
{
	char buf[16];
	int n = read(ev->id.raw[0], buf, sizeof(buf));

	printf("%s: %d bytes, event %u\n", w->name, n, ev->event);
	if (++w->calls == 3) {
		watcher_remove(loop, w);
		loop->running = 0;
	}
}

int main(void)
{
	struct loop loop;
	struct watcher w;
	struct timespec tm = { 5, 0 };
	struct ukevent ready[2];
	int p[2], i, n;

	if (loop_start(&loop)) {
		perror("queue");
		return 1;
	}
	if (pipe(p))
		return 1;
	memset(&w, 0, sizeof(w));
	w.name = "pipe";
	w.call = on_pipe;
	w.request.type = KEVENT_PIPE;
	w.request.event = KEVENT_SOCKET_RECV;
	w.request.id.raw[0] = p[0];
	printf("added: %d\n", watcher_add(&loop, &w));
	while (loop.running) {
		if (write(p[1], "abc", 3) != 3)
			return 1;
		n = kevent_get_events(loop.queue, 1, 2, tm, ready, 0);
		for (i = 0; i < n; i++) {
			struct watcher *who = ready[i].ptr;

			who->call(&loop, who, &ready[i]);
		}
	}
	close(loop.queue);
	return 0;
}
