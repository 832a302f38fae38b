// SPDX-License-Identifier: MIT
/* A table of descriptors that is added, and removed, by one call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEVENT_GENERATION 2
#include <linux/ukevent.h>

#define NUM 16

static struct ukevent *table;
static int pipes[NUM][2];

static struct {
	int kq;
	unsigned int got[NUM];
} state;

static int fill(struct ukevent *uk, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++) {
		if (pipe(pipes[i]))
			return -1;
		memset(&uk[i], 0, sizeof(struct ukevent));
		uk[i].type = KEVENT_PIPE;
		uk[i].event = KEVENT_SOCKET_RECV;
		uk[i].req_flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ET;
		uk[i].id.raw[0] = pipes[i][0];
		uk[i].user[0] = i;
		uk[i].user[1] = i + 1;
	}
	return 0;
}

int main(void)
{
	struct ukevent ev[5];
	int i, n, left = NUM, failed = 0;

	state.kq = kevent_ctl(0, KEVENT_CTL_INIT, 1, NULL);
	if (state.kq < 0) {
		perror("queue");
		return 1;
	}
	table = malloc(NUM * sizeof(struct ukevent));
	if (!table || fill(table, NUM))
		return 1;
	n = kevent_ctl(state.kq, KEVENT_CTL_ADD, NUM, table);
	printf("done at once: %d\n", n);
	for (i = NUM - 1; i >= 0; i--)
		if (write(pipes[i][1], "z", 1) != 1)
			return 1;
	while (left > 0) {
		n = kevent_get_events(state.kq, 1, 5, 5000, ev, 0);
		if (n <= 0)
			return 1;
		for (i = 0; i < n; i++) {
			if (ev[i].user[1] == ev[i].user[0] + 1)
				state.got[ev[i].user[0]]++;
			left--;
		}
	}
	for (i = 0; i < NUM; i++)
		printf("%u", state.got[i]);
	printf("\n");
	table[3].id.raw[0] = 9999;
	n = kevent_ctl(state.kq, KEVENT_CTL_REMOVE, NUM, table);
	for (i = 0; i < NUM; i++)
		if (table[i].ret_flags & KEVENT_RET_BROKEN)
			failed++;
	printf("removed: %d, not there: %d\n", n, failed);
	free(table);
	close(state.kq);
	return 0;
}
