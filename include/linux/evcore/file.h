/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the file layer and the event core. It is a separate header so
 * that files under fs/ do not see the rest of the core.
 */
#ifndef _LINUX_EVCORE_FILE_H
#define _LINUX_EVCORE_FILE_H

#include <linux/fs.h>
#include <uapi/linux/eventpoll.h>

#ifdef CONFIG_EVCORE
/* Defined in fs/eventpoll.c and fs/eventfd.c, to recognise epoll sets and eventfds. */
extern const struct file_operations *const evcore_epoll_fops;
extern const struct file_operations *const evcore_eventfd_fops;

/**
 * evcore_is_epoll - is a file an epoll set?
 * @file: any file
 */
static inline bool evcore_is_epoll(const struct file *file)
{
	return IS_ENABLED(CONFIG_EPOLL) && file->f_op == evcore_epoll_fops;
}

/**
 * evcore_is_eventfd - is a file an eventfd?
 * @file: any file
 */
static inline bool evcore_is_eventfd(const struct file *file)
{
	return IS_ENABLED(CONFIG_EVENTFD) && file->f_op == evcore_eventfd_fops;
}

/*
 * The wake-up key of a write to an eventfd. After a write of 0 the eventfd need not be
 * readable, so such a write has no key, and what it wakes has to poll the eventfd.
 */
static inline __poll_t evcore_write_key(u64 added)
{
	return added ? EPOLLIN : 0;
}

/**
 * evcore_init_file - no source watches a new file
 * @file: the file, which need not be zeroed
 */
static inline void evcore_init_file(struct file *file)
{
	INIT_HLIST_HEAD(&file->f_evcore);
}

void evcore_release_file(struct file *file);

/**
 * evcore_release - remove the event sources that watch a file
 * @file: a file whose last reference has been dropped
 *
 * The check needs no lock: only a task that holds a reference to the file can link a
 * source, and there is no reference any more.
 *
 * Context: process context, may sleep.
 */
static inline void evcore_release(struct file *file)
{
	if (unlikely(!hlist_empty(&file->f_evcore)))
		evcore_release_file(file);
}
#else
static inline __poll_t evcore_write_key(u64 added)
{
	return EPOLLIN;
}

static inline void evcore_init_file(struct file *file) {}
static inline void evcore_release(struct file *file) {}
#endif

#endif /* _LINUX_EVCORE_FILE_H */
