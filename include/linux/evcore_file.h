/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one call that the file layer makes into the event core. It has a header
 * of its own so that fs/file_table.c does not see the rest of the core.
 */
#ifndef _LINUX_EVCORE_FILE_H
#define _LINUX_EVCORE_FILE_H

#include <linux/fs.h>

#ifdef CONFIG_EVCORE
void evcore_release_file(struct file *file);

/**
 * evcore_release - drop the event sources that watch a file
 * @file: a file whose last reference has gone
 *
 * The unlocked look is enough: a source is linked only by somebody who holds a
 * reference to the file, and nobody does any more.
 *
 * Context: process context, may sleep.
 */
static inline void evcore_release(struct file *file)
{
	if (unlikely(!hlist_empty(&file->f_evcore)))
		evcore_release_file(file);
}
#else
static inline void evcore_release(struct file *file) {}
#endif

#endif /* _LINUX_EVCORE_FILE_H */
