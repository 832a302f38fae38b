// SPDX-License-Identifier: MIT
#include <evchan.h>
#include <stdio.h>

int main(void)
{
	ec_t ec = ec_create(EVCHAN_CLOEXEC);
	event_data_t ev;

	if (!ec || ec_timer(ec, 1, CLOCK_MONOTONIC, 100000000, 100000000, 2) < 0)
		return ec_perror("event channel"), 1;
	for (int ticks = 0; ticks < 3 && !ec_wait_event(ec, &ev); )
		if (ev.data == 2)
			printf("tick %d\n", ticks += ev.value);
	return ec_destroy(ec);
}
