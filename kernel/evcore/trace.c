// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints of the event core, include/trace/events/evcore.h.
 *
 * Floor 1, see Makefile: calls no other file of the core; called by state.c, wake.c, overflow.c,
 * post.c, wait.c and the faces.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/evcore.h>
