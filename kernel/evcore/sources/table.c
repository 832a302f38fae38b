// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of source types.
 */
#include "sources.h"

#define EVCORE_ROW(type, ops) [type] = &(ops),
const struct evcore_source_ops *const evcore_types[EVCORE_NR_TYPES] = {
	EVCORE_SOURCES(EVCORE_ROW)
};
