// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lower bound for the cost of an event in any interface: a wait queue callback that does
 * nothing. For benchmarks only.
 *
 * Writing an int, the descriptor of an eventfd, to the debugfs file evcore_floor hooks such a
 * callback into the wait queue of the eventfd. Closing the debugfs file removes the hooks that
 * were made through it.
 *
 * A hook holds a reference to the eventfd's file, so the wait queue head, which is part of the
 * eventfd, stays valid until the hook is removed. Other kinds of files are refused, because
 * not every wait queue head lives as long as its file.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

struct floor_hook {
	struct list_head	link;	/* in floor->hooks */
	struct file		*file;
	wait_queue_head_t	*head;	/* NULL until ->poll() has passed it */
	wait_queue_entry_t	wait;
	poll_table		pt;
};

/**
 * struct floor - an open file evcore_floor
 * @mutex: protects @hooks, because several threads may write at the same time
 * @hooks: the hooks that were made through this file
 */
struct floor {
	struct mutex		mutex;	/* protects hooks */
	struct list_head	hooks;
};

static int do_nothing(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	return 0;
}

/* An eventfd has one wait queue head. */
static void floor_queue_proc(struct file *file, wait_queue_head_t *head, poll_table *pt)
{
	struct floor_hook *hook = container_of(pt, struct floor_hook, pt);

	if (WARN_ON_ONCE(hook->head))
		return;
	hook->head = head;
	add_wait_queue(head, &hook->wait);
}

static void floor_unhook(struct floor_hook *hook)
{
	if (hook->head)
		remove_wait_queue(hook->head, &hook->wait);
	fput(hook->file);
	kfree(hook);
}

static int floor_open(struct inode *inode, struct file *file)
{
	struct floor *floor = kzalloc(sizeof(*floor), GFP_KERNEL_ACCOUNT);

	if (!floor)
		return -ENOMEM;
	mutex_init(&floor->mutex);
	INIT_LIST_HEAD(&floor->hooks);
	file->private_data = floor;
	return 0;
}

static ssize_t floor_write(struct file *file, const char __user *buf, size_t count,
			   loff_t *pos)
{
	struct floor *floor = file->private_data;
	struct eventfd_ctx *ctx;
	struct floor_hook *hook;
	int fd;

	if (count != sizeof(fd))
		return -EINVAL;
	if (copy_from_user(&fd, buf, sizeof(fd)))
		return -EFAULT;
	hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
	if (!hook)
		return -ENOMEM;
	hook->file = fget(fd);
	if (!hook->file) {
		kfree(hook);
		return -EBADF;
	}
	ctx = eventfd_ctx_fileget(hook->file);
	if (IS_ERR(ctx)) {
		floor_unhook(hook);
		return PTR_ERR(ctx);
	}
	eventfd_ctx_put(ctx);
	init_waitqueue_func_entry(&hook->wait, do_nothing);
	init_poll_funcptr(&hook->pt, floor_queue_proc);
	vfs_poll(hook->file, &hook->pt);
	mutex_lock(&floor->mutex);
	list_add(&hook->link, &floor->hooks);
	mutex_unlock(&floor->mutex);
	return count;
}

/* Called when the last reference is dropped, so floor->mutex is not needed. */
static int floor_release(struct inode *inode, struct file *file)
{
	struct floor *floor = file->private_data;
	struct floor_hook *hook, *next;

	list_for_each_entry_safe(hook, next, &floor->hooks, link)
		floor_unhook(hook);
	kfree(floor);
	return 0;
}

static const struct file_operations floor_fops = {
	.owner		= THIS_MODULE,
	.open		= floor_open,
	.write		= floor_write,
	.release	= floor_release,
	.llseek		= noop_llseek,
};

static int __init floor_init(void)
{
	debugfs_create_file("evcore_floor", 0200, NULL, NULL, &floor_fops);
	return 0;
}
late_initcall(floor_init);
