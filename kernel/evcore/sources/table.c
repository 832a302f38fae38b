// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of source types, and a slab cache for each of them.
 */
#include <linux/init.h>
#include <linux/slab.h>

#include "sources.h"

#define EVCORE_ROW(type, ops) [type] = &(ops),
const struct evcore_source_ops *const evcore_types[EVCORE_NR_TYPES] = {
	EVCORE_SOURCES(EVCORE_ROW)
};

static struct kmem_cache *caches[EVCORE_NR_TYPES] __ro_after_init;

/**
 * evcore_cache - where sources of a type are allocated
 * @ops: the type
 */
struct kmem_cache *evcore_cache(const struct evcore_source_ops *ops)
{
	return caches[ops->type];
}

static int __init evcore_table_init(void)
{
	const struct evcore_source_ops *ops;
	int type;

	for (type = 0; type < EVCORE_NR_TYPES; type++) {
		ops = evcore_types[type];
		if (ops)
			caches[type] = kmem_cache_create(ops->name, ops->size, 0,
							 SLAB_PANIC | SLAB_ACCOUNT,
							 NULL);
	}
	return 0;
}
fs_initcall(evcore_table_init);
