// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of source types.
 */
#include "sources.h"

/* Requests for a type that this kernel does not have fail with ENOSYS. */
#define EVCORE_ROW(type, ops, config) [type] = (config) ? &(ops) : NULL,
const struct evcore_source_ops *const evcore_types[EVCORE_NR_TYPES] = {
	EVCORE_SOURCES(EVCORE_ROW)
};
