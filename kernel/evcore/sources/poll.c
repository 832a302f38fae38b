// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll: any file that can be polled, with the bits of poll(2). Errors and hang-ups
 * are always reported, and a source that asks for no bits reports nothing else. The fast
 * path for changing the bits asked for is evcore_modify_fast() in face.h.
 */
#include "sources.h"

/* The bits of poll(2). */
static const char *const poll_names[] = {
	"in", "pri", "out", "err", "hup", "nval", "rdnorm", "rdband", "wrnorm", "wrband", "msg",
	"", "remove", "rdhup", NULL
};

const struct evcore_source_ops evcore_poll_ops = {
	.name		= "evcore_poll",
	.type		= EVCORE_POLL,
	.size		= sizeof(struct evcore_fd_source),
	.modes		= EVCORE_LEVEL | EVCORE_REPORT_CLOSE | EVCORE_EXCLUSIVE,
	.all_events	= EVCORE_POLLFREE - 1,
	.default_events	= EVCORE_ALWAYS,
	.event_names	= poll_names,
	.by_fd		= true,
	.attach		= evcore_fd_attach,
	.detach		= evcore_fd_detach,
	.check		= evcore_fd_check,
};

/**
 * evcore_modify_shared - evcore_modify_fast() for a shared table of descriptors
 * @s: the source
 * @fd: the descriptor that it is to watch
 * @events: the new events
 * @data: the new cookie
 *
 * Context: process context, queue->mutex held.
 *
 * Return: as evcore_modify_fast().
 */
bool evcore_modify_shared(struct evcore_source *s, u32 fd, u32 events, u64 data)
{
	struct file *file = fget(fd);
	bool done = evcore_modify_own(s, file, events, data);

	if (file)
		fput(file);
	return done;
}
