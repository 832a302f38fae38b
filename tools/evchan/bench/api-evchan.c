// SPDX-License-Identifier: GPL-2.0-only
/* The event channel: events are in the ring and are taken without a system call. */
#include <errno.h>
#include <evchan.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define ADD_BATCH	512

struct channel {
	ec_t ec;
	unsigned int flags;	/* of each source */
};

/* Variant "busy-poll": how long a wait that finds no event polls the network. */
#define BUSY_POLL_US	50

static void *channel_open(const struct setup *s)
{
	struct evchan_params params = {
		.entries = s->entries,
		.flags = is(s->variant, "single_consumer") ? EVCHAN_SINGLE_CONSUMER : 0,
		.busy_poll_us = is(s->variant, "busy-poll") ? BUSY_POLL_US : 0,
	};
	struct channel *c = calloc(1, sizeof(*c));
	int fd = evchan_create(&params, sizeof(params));

	c->ec = fd < 0 ? NULL : ec_attach(fd);
	c->flags = (s->level ? EVCHAN_LEVEL : EVCHAN_EDGE) |
		   (is(s->variant, "timestamps") ? EVCHAN_TIMESTAMP : 0);
	if (!c->ec) {
		free(c);
		return NULL;
	}
	return c;
}

static int change_all(struct channel *c, int op, const int *fds, unsigned int n,
		      unsigned int first, uint32_t events)
{
	struct evchan_change batch[ADD_BATCH];

	/* The kernel changes only the results, so set the common fields once for all batches. */
	for (unsigned int i = 0; i < ADD_BATCH && i < n; i++)
		batch[i] = (struct evchan_change){
			.op = op, .type = EVCHAN_POLL, .flags = c->flags, .events = events,
		};
	for (unsigned int done = 0; done < n; ) {
		unsigned int part = n - done < ADD_BATCH ? n - done : ADD_BATCH;

		for (unsigned int i = 0; i < part; i++) {
			batch[i].data = first + done + i;
			batch[i].args[0] = fds[done + i];
		}
		if (evchan_ctl(ec_fd(c->ec), batch, part, sizeof(batch[0]), 0) != (int)part) {
			for (unsigned int i = 0; i < part; i++)
				if (batch[i].result)
					errno = -batch[i].result;
			return -1;
		}
		done += part;
	}
	return 0;
}

static int channel_add(void *q, const int *fds, unsigned int n, unsigned int first)
{
	return change_all(q, EVCHAN_ADD, fds, n, first, POLLIN);
}

static int channel_modify(void *q, const int *fds, unsigned int n, uint32_t events)
{
	return change_all(q, EVCHAN_MOD, fds, n, 0, events);
}

/* Take up to @max events from the ring. */
static inline unsigned int take(struct channel *c, uint32_t *cookies, unsigned int max)
{
	ec_t ec = c->ec;
	struct ec_cursor at = ec_begin(ec);
	unsigned int n = 0;
	event_data_t e;

	while (n < max && ec_next(ec, &at, &e))
		cookies[n++] = e.data;
	ec_end(ec, &at);
	return n;
}

/* Let the kernel move events that wait outside the ring into it. */
static __attribute__((noinline)) unsigned int collect_slow(struct channel *c, uint32_t *cookies,
							   unsigned int max)
{
	event_data_t e;

	if (ec_poll_slow(c->ec, &e))
		return 0;
	cookies[0] = e.data;
	return 1 + take(c, cookies + 1, max - 1);
}

static unsigned int channel_collect(void *q, uint32_t *cookies, unsigned int max)
{
	struct channel *c = q;
	unsigned int n;
	event_data_t e;

	if (max == 1) {
		n = ec_take(c->ec, &e);
		if (n)
			cookies[0] = e.data;
	} else {
		n = take(c, cookies, max);
	}
	return n ?: collect_slow(c, cookies, max);
}

/* Wait for an event, then also take the others in the ring. */
static unsigned int channel_wait(void *q, uint32_t *cookies, unsigned int max)
{
	struct channel *c = q;
	event_data_t e;

	if (!max || ec_wait_event(c->ec, &e))
		return 0;
	cookies[0] = e.data;
	return max > 1 ? 1 + take(c, cookies + 1, max - 1) : 1;
}

static void channel_close(void *q)
{
	struct channel *c = q;

	ec_destroy(c->ec);
	free(c);
}

static const char *const variants[] = { "", NULL };
static const char *const extras[] = { "single_consumer", "timestamps", "busy-poll", NULL };

const struct api api_evchan = {
	.name = "evchan", .variants = variants, .extras = extras, .open = channel_open,
	.add = channel_add, .modify = channel_modify, .collect = channel_collect,
	.wait = channel_wait, .close = channel_close,
};
