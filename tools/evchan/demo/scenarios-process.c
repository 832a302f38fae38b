// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's scenarios with other processes: the signals that they send, and their exit.
 */
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define SENDERS		3
#define SIGNALS		500	/* of each sender */
#define CHILDREN	40

/*
 * In a child: write messages into a pipe and send a signal after each. Send the second
 * half after @go is closed, which is when the parent has received an event of the first
 * half.
 */
static void send_signals(uint32_t me, int fd, int ready, int go)
{
	struct message m;
	char c;

	for (uint32_t seq = 0; seq < SIGNALS; seq++) {
		if (seq == SIGNALS / 2) {
			tell(ready, &me, sizeof(me));
			if (read(go, &c, 1))
				_exit(1);
		}
		m = message_make(me, seq, 0);
		message_write(fd, &m);
		if (kill(getppid(), SIGUSR1))
			_exit(1);
	}
	m = message_make(me, SIGNALS, SIGNALS);
	message_write(fd, &m);
	_exit(kill(getppid(), SIGUSR1) != 0);
}

/*
 * A standard signal whose event was not taken stands for those that follow it. The pipes
 * are read only after an event, so if all messages are received, an event came after the
 * last signal of each sender.
 */
void signals(struct tally *t)
{
	struct stream streams[SENDERS] = { 0 };
	int fds[SENDERS], ready[2], go[2], left = SENDERS;
	pid_t child[SENDERS];
	struct happened h;
	uint32_t who;

	/* Ignore the signal, so that the event is its only effect. */
	signal(SIGUSR1, SIG_IGN);
	face->watch(SRC_SIGNAL, SIGUSR1, 1);
	make_pipe(ready);
	make_pipe(go);
	for (uint32_t i = 0; i < SENDERS; i++) {
		int p[2];

		make_pipe(p);
		child[i] = start_child();
		if (!child[i]) {
			close(go[1]);
			send_signals(i, p[1], ready[1], go[0]);
		}
		close(p[1]);
		nonblocking(p[0]);
		fds[i] = p[0];
	}
	/* Now more signals were sent than the ring has slots; they must have been merged. */
	for (int i = 0; i < SENDERS; i++)
		hear(ready[0], &who, sizeof(who));
	while (left && next_event(&h)) {
		left = 0;
		for (uint32_t i = 0; i < SENDERS; i++) {
			read_messages(fds[i], &streams[i], i, 1 << 20);
			left += !streams[i].done;
		}
		if (go[1] >= 0)
			close(go[1]);
		go[1] = -1;
	}
	for (int i = 0; i < SENDERS; i++) {
		t->corrupt += end_child(child[i], streams[i].done) != 0;
		tally_stream(t, &streams[i]);
		close(fds[i]);
	}
	if (go[1] >= 0)
		close(go[1]);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
	must_show(t, "a signal merges", counter("merged"));
	signal(SIGUSR1, SIG_DFL);
}

/* In a child: send signals with a payload, then report their number. */
static void queue_signals(uint32_t me, int report)
{
	uint32_t sent = 0;

	for (uint32_t seq = 0; seq < SIGNALS; seq++) {
		union sigval v = { .sival_ptr = (void *)(uintptr_t)message_word(me, seq) };

		/* EAGAIN: the limit of pending signals is reached and it was not sent. */
		while (sigqueue(getppid(), SIGRTMIN + 1, v)) {
			if (errno != EAGAIN)
				_exit(1);
			sched_yield();
		}
		sent++;
	}
	tell(report, &sent, sizeof(sent));
	_exit(0);
}

/* Realtime signals, posted only: each has an event, in order and with its payload. */
void queued_signals(struct tally *t)
{
	struct stream streams[SENDERS] = { 0 };
	int report[SENDERS][2], arrived = 0;
	pid_t child[SENDERS];
	struct happened h;

	face->watch(SRC_SIGNAL_ONLY, (uint64_t)(SIGRTMIN + 1), 1);
	for (uint32_t i = 0; i < SENDERS; i++) {
		make_pipe(report[i]);
		child[i] = start_child();
		if (!child[i])
			queue_signals(i, report[i][1]);
		close(report[i][1]);
	}
	while (arrived < SENDERS * SIGNALS && next_event(&h)) {
		uint32_t word = (uint32_t)h.value, sender = word >> 28;

		arrived++;
		if (sender >= SENDERS || (face->wide && h.sender != child[sender]))
			t->corrupt++;
		else
			stream_take_word(&streams[sender], sender, word);
	}
	for (int i = 0; i < SENDERS; i++) {
		hear(report[i][0], &streams[i].total, sizeof(streams[i].total));
		streams[i].done = 1;
		t->corrupt += end_child(child[i], 1) != 0;
		tally_stream(t, &streams[i]);
		close(report[i][0]);
	}
	/* There must be no further event. */
	t->corrupt += (unsigned int)next_there(&h);
}

/* In a child: when the other end of the pipe is closed, exit in one of several ways. */
static void end_somehow(int i, int fd)
{
	static const int fatal[] = { SIGKILL, SIGTERM, SIGUSR2, SIGALRM };
	char c;

	if (read(fd, &c, 1) != 0)
		_exit(255);
	if (i % 4 == 0)
		raise(fatal[i / 4 % 4]);
	_exit(i);
}

/*
 * Children exit all at once, with different statuses or by a signal. The event of each
 * must have the status that wait() returns. Every third child has exited before it is
 * watched.
 */
void exits(struct tally *t)
{
	int pidfd[CHILDREN], seen[CHILDREN] = { 0 }, go[2], early[2], status;
	int64_t told[CHILDREN];
	pid_t child[CHILDREN];
	struct happened h;

	make_pipe(go);
	make_pipe(early);
	for (int i = 0; i < CHILDREN; i++) {
		child[i] = start_child();
		if (!child[i]) {
			close(go[1]);
			close(early[1]);
			end_somehow(i, i % 3 ? go[0] : early[0]);
		}
		pidfd[i] = (int)syscall(SYS_pidfd_open, child[i], 0);
		if (pidfd[i] < 0)
			err(1, "pidfd_open");
	}
	close(early[1]);
	for (int i = 0; i < CHILDREN; i += 3) {
		siginfo_t info;

		if (waitid(P_PID, (id_t)child[i], &info, WEXITED | WNOWAIT))
			err(1, "waitid");
	}
	for (int i = 0; i < CHILDREN; i++)
		face->watch(SRC_PROCESS, (uint64_t)pidfd[i], (uint64_t)i);
	close(go[1]);
	for (int n = 0; n < CHILDREN && next_event(&h); n++) {
		if (h.data >= CHILDREN || seen[h.data]++) {
			t->corrupt++;
			continue;
		}
		told[h.data] = h.value;
	}
	for (int i = 0; i < CHILDREN; i++) {
		status = end_child(child[i], 1);
		t->expected++;
		t->delivered += (unsigned int)seen[i];
		t->corrupt += seen[i] && told[i] != status;
		close(pidfd[i]);
	}
	close(go[0]);
	close(early[0]);
}
