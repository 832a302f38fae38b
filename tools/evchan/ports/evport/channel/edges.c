// SPDX-License-Identifier: MIT
/*
 * What a trigger mode means, without flags and with them: each event reads one byte of
 * three, so an edge is followed by nothing, and a level comes again.
 */
#include <evchan.h>
#include <stdio.h>
#include <unistd.h>

enum { PLAIN, FILLED, HELPED, LEVEL, ONCE, ALL };

static const char *const names[] = { "plain", "filled", "helped", "level", "once" };

static int add_plain(ec_t ec, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_PIPE, .events = EVCHAN_RECV,
		.data = PLAIN, .args = { (uint64_t)fd },
	};

	return ec_change(ec, &c);
}

static int add_filled(ec_t ec, int fd)
{
	struct evchan_change c = { 0 };

	c.op = EVCHAN_ADD;
	c.type = EVCHAN_PIPE;
	c.events = EVCHAN_RECV;
	c.data = FILLED;
	c.args[0] = (uint64_t)fd;
	return ec_change(ec, &c);
}

static int add_level(ec_t ec, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_ADD, .type = EVCHAN_PIPE, .flags = EVCHAN_LEVEL,
		.events = EVCHAN_RECV, .data = LEVEL, .args = { (uint64_t)fd },
	};

	return ec_change(ec, &c);
}

static int drop(ec_t ec, int fd)
{
	struct evchan_change c = {
		.op = EVCHAN_DEL, .type = EVCHAN_PIPE, .args = { (uint64_t)fd },
	};

	return ec_change(ec, &c) < 0 ? -1 : 0;
}

static int add(ec_t ec, int which, int fd)
{
	switch (which) {
	case PLAIN:
		return add_plain(ec, fd);
	case FILLED:
		return add_filled(ec, fd);
	case LEVEL:
		return add_level(ec, fd);
	case ONCE:
		return ec_watch(ec, EVCHAN_PIPE, fd, EVCHAN_RECV, EVCHAN_ONESHOT, ONCE);
	default:
		return ec_watch(ec, EVCHAN_PIPE, fd, EVCHAN_RECV, 0, HELPED);
	}
}

int main(void)
{
	ec_t ec = ec_create(0);

	if (!ec) {
		ec_perror("edges");
		return 1;
	}
	for (int which = 0; which < ALL; which++) {
		struct timespec soon = { 0, 100000000 };
		event_data_t ev;
		int fds[2], events = 0;
		char c;

		if (pipe(fds) || add(ec, which, fds[0]) < 0 || write(fds[1], "abc", 3) != 3) {
			perror(names[which]);
			return 1;
		}
		while (ec_wait_events(ec, &ev, 1, 1, &soon) == 1) {
			if (ev.data != (uint64_t)which || read(fds[0], &c, 1) != 1)
				printf("wrong: ");
			events++;
		}
		printf("%s: %d\n", names[which], events);
		if (which != ONCE)
			printf("removed: %d\n", drop(ec, fds[0]));
		close(fds[0]);
		close(fds[1]);
	}
	ec_destroy(ec);
	return 0;
}
