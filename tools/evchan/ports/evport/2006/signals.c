// SPDX-License-Identifier: MIT
/* Signals through a queue that is local, and passed on to functions under other names. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ukevent.h>

static volatile sig_atomic_t handled;

static void handler(int signo)
{
	(void)signo;
	handled++;
}

static int watch_signal(int fd, int signo, int hide)
{
	struct ukevent uk;

	memset(&uk, 0, sizeof(uk));
	uk.type = KEVENT_SIGNAL;
	uk.event = KEVENT_SIGNAL_DELIVERY;
	uk.id.raw_u64 = signo;
	if (hide)
		uk.id.raw_u64 |= KEVENT_SIGNAL_NOMASK;
	uk.user[0] = signo * 10;
	return kevent_ctl(fd, KEVENT_CTL_ADD, 1, &uk);
}

static unsigned int take(int from)
{
	struct timespec tm;
	struct ukevent ev;

	tm.tv_sec = 2;
	tm.tv_nsec = 0;
	if (kevent_get_events(from, 1, 1, tm, &ev, 0) != 1)
		return 0;
	return ev.user[0];
}

int main(void)
{
	int kq = kevent_init(NULL, 0, 0);

	if (kq < 0) {
		perror("kevent_init");
		return 1;
	}
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	printf("added %d %d\n", watch_signal(kq, SIGUSR1, 0), watch_signal(kq, SIGUSR2, 1));
	kill(getpid(), SIGUSR1);
	printf("mark %s, handled %d\n", take(kq) == SIGUSR1 * 10 ? "right" : "wrong", (int)handled);
	kill(getpid(), SIGUSR2);
	printf("mark %s, handled %d\n", take(kq) == SIGUSR2 * 10 ? "right" : "wrong", (int)handled);
	return close(kq);
}
