// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints of the event core, include/trace/events/evcore.h.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/evcore.h>
