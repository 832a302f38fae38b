// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe: data to read or room to write in a pipe or FIFO. When the other end is closed,
 * a reader gets EVCORE_RECV and a writer EVCORE_SEND.
 */
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>

#include "sources.h"

static u32 pipe_from_poll(struct evcore_source *s, __poll_t poll)
{
	u32 bits = 0;

	if (poll & (EPOLLIN | EPOLLRDNORM | EPOLLHUP))
		bits |= EVCORE_RECV;
	if (poll & (EPOLLOUT | EPOLLWRNORM | EPOLLERR))
		bits |= EVCORE_SEND;
	return bits;
}

static int pipe_attach(struct evcore_source *s, struct evcore_request *req,
		       u32 *ready)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);

	if (!get_pipe_info(fs->file, false))
		return -EINVAL;
	return evcore_fd_attach(s, req, ready);
}

const struct evcore_source_ops evcore_pipe_ops = {
	.name		= "evcore_pipe",
	.type		= EVCORE_PIPE,
	.size		= sizeof(struct evcore_fd_source),
	.modes		= EVCORE_LEVEL | EVCORE_REPORT_CLOSE,
	.all_events	= EVCORE_RECV | EVCORE_SEND,
	.event_names	= EVCORE_NAMES("recv", "", "send"),
	.by_fd		= true,
	.attach		= pipe_attach,
	.detach		= evcore_fd_detach,
	.from_poll	= pipe_from_poll,
	.check		= evcore_fd_check,
};
