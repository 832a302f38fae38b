// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll: any file that can be polled, with the bits of poll(2). Errors and
 * hang-ups are always reported.
 */
#include "sources.h"

const struct evcore_source_ops evcore_poll_ops = {
	.name		= "evcore_poll",
	.type		= EVCORE_POLL,
	.size		= sizeof(struct evcore_fd_source),
	.modes		= EVCORE_LEVEL | EVCORE_REPORT_CLOSE | EVCORE_EXCLUSIVE,
	.all_events	= EVCORE_POLLFREE - 1,
	.by_fd		= true,
	.attach		= evcore_fd_attach,
	.detach		= evcore_fd_detach,
	.check		= evcore_fd_check,
};
