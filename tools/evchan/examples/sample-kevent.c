// SPDX-License-Identifier: MIT
#include <kevent.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int fd = kevent_init(NULL, 0, 0), ticks = 0;
	struct ukevent ev = { .type = KEVENT_TIMER, .event = KEVENT_TIMER_FIRED,
			      .id.raw = { 0, 100000000 } };	/* 0 s, 100 ms */

	if (fd < 0 || kevent_ctl(fd, KEVENT_CTL_ADD, 1, &ev))
		return kevent_perror("kevent"), 1;
	while (ticks < 3 && kevent_get_events(fd, 1, 1, 1000, &ev, 0) == 1)
		printf("tick %d\n", ticks += ev.ret_data[1]);
	return close(fd);
}
