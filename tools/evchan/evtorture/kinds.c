// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of all kinds of sources; and standard signals, of which one event stands for
 * all earlier ones that were not taken.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "torture.h"

static int signal_open(struct source *s)
{
	static const int numbers[] = { SIGUSR1, SIGUSR2, SIGWINCH, SIGURG };

	s->fd = numbers[s->index % 4];
	signal(s->fd, SIG_IGN);
	return 0;
}

static void signal_close(struct source *s)
{
	(void)s;
}

static int signal_produce(struct source *s)
{
	__atomic_store_n(&s->last_send, now_ns(), __ATOMIC_SEQ_CST);
	return kill(getpid(), s->fd);
}

static const struct kind merged_kinds[] = {
	{ .name = "signal", .class = MERGED, .type = EVCHAN_SIGNAL, .events = 1,
	  .modes = 1 << EDGE, .open = signal_open, .close = signal_close,
	  .produce = signal_produce },
};

#define ALL(of, n) for (unsigned int i = 0; i < (n); i++) kind_table[count++] = &(of)[i]

static const struct kind *kind_table[64];
const struct kind *const *kinds = kind_table;
unsigned int nr_kinds;

void kinds_begin(void)
{
	unsigned int count = 0;

	ALL(content_kinds, nr_content);
	ALL(stream_kinds, nr_stream);
	ALL(once_kinds, nr_once);
	ALL(clock_kinds, nr_clock);
	ALL(merged_kinds, 1);
	nr_kinds = count;
}
