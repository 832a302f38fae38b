// SPDX-License-Identifier: GPL-2.0-only
/*
 * inode: what happens to a file or in a directory, with inotify's mask, by way of
 * fsnotify. Every event has a record to itself: a hash of the name in place of the
 * name, which has no room there, its length, and the cookie that ties the two
 * halves of a rename together.
 *
 * All marks are of one group, which allows several on an inode. A mark lives on
 * until nobody walks over it any more, longer than its source; ->source, under
 * the mark's own lock, says whether there still is one, and posting happens inside
 * that lock. It is taken in process context only, inside everything but the
 * queue's raw lock.
 *
 * A record is allocated when something happens. Without memory, or while
 * INODE_MAX_HELD records of a source wait for a slot, the event is counted in an
 * overrun record. The record that ends the source, because the inode or its file
 * system is gone, was allocated when it was made.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fsnotify_backend.h>
#include <linux/inotify.h>
#include <linux/memcontrol.h>
#include <linux/namei.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "sources.h"

/* Records of one source outside the ring. */
#define INODE_MAX_HELD	4096

/* How to look, as opposed to what for. */
#define INODE_HOW	(IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)

struct inode_mark {
	struct fsnotify_mark	mark;
	spinlock_t		lock;		/* the two below */
	struct evcore_source	*source;	/* NULL: none any more */
	struct evcore_held	*last;		/* for the end */
	struct mem_cgroup	*memcg;		/* pays for the records */
#ifdef CONFIG_INOTIFY_USER
	struct ucounts		*ucounts;	/* counted as a watch of inotify */
#endif
};

struct inode_source {
	struct evcore_holder	holder;
	struct inode_mark	*im;
	struct inode		*inode;		/* to compare; im holds it while attached */
	dev_t			dev;
	unsigned long		ino;
	kuid_t			owner;		/* named it, and so may be told of it */
};

static struct fsnotify_group *inode_group __ro_after_init;

static struct inode_source *to_inode(struct evcore_source *s)
{
	return container_of(s, struct inode_source, holder.valued.source);
}

static struct inode_mark *to_mark(struct fsnotify_mark *mark)
{
	return container_of(mark, struct inode_mark, mark);
}

/* FNV-1a, 64 bits, over the bytes of the name. */
static u64 name_hash(const struct qstr *name)
{
	u64 hash = 0xcbf29ce484222325ULL;
	unsigned int i;

	for (i = 0; i < name->len; i++)
		hash = (hash ^ name->name[i]) * 0x100000001b3ULL;
	return hash;
}

/* Count the event as lost if there is no room for it; the mark's lock is held. */
static bool no_room(struct inode_mark *im)
{
	struct evcore_source *s = im->source;

	lockdep_assert_held(&im->lock);
	if (READ_ONCE(to_inode(s)->holder.nr_held) < INODE_MAX_HELD)
		return false;
	evcore_post(s, IN_Q_OVERFLOW, 1, 0);
	return true;
}

static int inode_event(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
		       struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct inode_mark *im = to_mark(mark);
	struct mem_cgroup *memcg;
	struct evcore_held *h;
	bool skip;

	spin_lock(&im->lock);
	skip = !im->source || no_room(im);
	spin_unlock(&im->lock);
	if (skip)
		return 0;
	/* Whoever watches pays, and is not worth an OOM kill. */
	memcg = set_active_memcg(im->memcg);
	h = evcore_hold(GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	set_active_memcg(memcg);
	if (h) {
		h->record.events = mask & (IN_ALL_EVENTS | IN_UNMOUNT | IN_ISDIR);
		/* As inotify has it. */
		if (mask & (IN_MOVE_SELF | IN_DELETE_SELF))
			h->record.events &= ~IN_ISDIR;
		h->record.value = name ? name_hash(name) : 0;
		h->record.extra[0] = cookie;
		h->record.extra[1] = name ? name->len : 0;
	}
	spin_lock(&im->lock);
	if (im->source && h) {
		evcore_post_held(im->source, h);
		h = NULL;
	} else if (im->source) {
		evcore_post(im->source, IN_Q_OVERFLOW, 1, 0);
	}
	spin_unlock(&im->lock);
	if (h)
		evcore_drop(h);
	return 0;
}

/* It is no watch any more, although its memory stays for a while. */
static void uncharge(struct inode_mark *im)
{
#ifdef CONFIG_INOTIFY_USER
	if (im->ucounts)
		dec_ucount(im->ucounts, UCOUNT_INOTIFY_WATCHES);
	im->ucounts = NULL;
#endif
}

/*
 * The inode, or the file system, is going; or the source itself is, see unmark().
 * Called once for a mark that was on an inode.
 */
static void inode_gone(struct fsnotify_mark *mark, struct fsnotify_group *group)
{
	struct inode_mark *im = to_mark(mark);

	spin_lock(&im->lock);
	if (im->source) {
		im->last->record.events = IN_IGNORED;
		evcore_post_last(im->source, im->last);
		im->last = NULL;
		im->source = NULL;
	}
	spin_unlock(&im->lock);
	uncharge(im);
}

static void inode_free_mark(struct fsnotify_mark *mark)
{
	struct inode_mark *im = to_mark(mark);

	if (im->last)
		evcore_drop(im->last);
	mem_cgroup_put(im->memcg);
	uncharge(im);
	kfree(im);
}

static const struct fsnotify_ops inode_fsnotify_ops = {
	.handle_inode_event	= inode_event,
	.freeing_mark		= inode_gone,
	.free_mark		= inode_free_mark,
};

static u32 mark_mask(const struct inode *inode, u32 events)
{
	u32 mask = (events & IN_ALL_EVENTS) | FS_UNMOUNT;

	return S_ISDIR(inode->i_mode) ? mask | FS_EVENT_ON_CHILD : mask;
}

static unsigned int mark_flags(u32 events)
{
	return events & IN_EXCL_UNLINK ? FSNOTIFY_MARK_FLAG_EXCL_UNLINK : 0;
}

/* A mark that is on no inode yet; a reference to it is the caller's. */
static struct inode_mark *new_mark(struct evcore_source *s)
{
	struct inode_mark *im = kzalloc(sizeof(*im), GFP_KERNEL_ACCOUNT);

	if (!im)
		return ERR_PTR(-ENOMEM);
	im->last = evcore_hold(GFP_KERNEL);
	if (!im->last) {
		kfree(im);
		return ERR_PTR(-ENOMEM);
	}
#ifdef CONFIG_INOTIFY_USER
	im->ucounts = inc_ucount(current_user_ns(), current_euid(),
				 UCOUNT_INOTIFY_WATCHES);
	if (!im->ucounts) {
		evcore_drop(im->last);
		kfree(im);
		return ERR_PTR(-ENOSPC);
	}
#endif
	fsnotify_init_mark(&im->mark, inode_group);
	spin_lock_init(&im->lock);
	im->memcg = get_mem_cgroup_from_mm(current->mm);
	im->source = s;
	return im;
}

/* From here on nothing is posted through the mark. */
static void unmark(struct inode_mark *im)
{
	spin_lock(&im->lock);
	im->source = NULL;
	spin_unlock(&im->lock);
	fsnotify_destroy_mark(&im->mark, inode_group);
	fsnotify_put_mark(&im->mark);
}

/*
 * Watch what the request names: a descriptor, or a path that begins at one.
 * Permissions are those that inotify asks for.
 */
static int find_path(const struct evcore_request *req, struct path *path)
{
	unsigned int lookup = req->events & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW;
	struct fd f;
	int ret;

	if (!(req->events & IN_ALL_EVENTS))
		return -EINVAL;
	if (req->args[1]) {
		if (req->args[1] != (unsigned long)req->args[1])
			return -EFAULT;
		ret = user_path_at(req->fd, u64_to_user_ptr(req->args[1]), lookup, path);
		if (ret)
			return ret;
	} else {
		/* Not one of O_PATH, which gives no right to what is there. */
		f = fdget(req->fd);
		if (!fd_file(f))
			return -EBADF;
		*path = fd_file(f)->f_path;
		path_get(path);
		fdput(f);
	}
	ret = -ENOTDIR;
	if (req->events & IN_ONLYDIR && !d_is_dir(path->dentry))
		goto out_put;
	ret = path_permission(path, MAY_READ);
	if (ret)
		goto out_put;
	ret = security_path_notify(path, req->events & IN_ALL_EVENTS,
				   FSNOTIFY_OBJ_TYPE_INODE);
	if (!ret)
		return 0;
out_put:
	path_put(path);
	return ret;
}

static int watch_inode(struct inode_source *is, struct inode *inode, u32 events)
{
	struct inode_mark *im = new_mark(&is->holder.valued.source);
	int ret;

	if (IS_ERR(im))
		return PTR_ERR(im);
	im->mark.mask = mark_mask(inode, events);
	im->mark.flags = mark_flags(events);
	ret = fsnotify_add_inode_mark(&im->mark, inode, 0);
	if (ret) {
		fsnotify_put_mark(&im->mark);
		return ret;
	}
	is->im = im;
	is->inode = inode;
	is->dev = inode->i_sb->s_dev;
	is->ino = inode->i_ino;
	is->owner = current_fsuid();
	return 0;
}

static int inode_attach(struct evcore_source *s, struct evcore_request *req,
			u32 *ready)
{
	struct path path;
	int ret = find_path(req, &path);

	if (ret)
		return ret;
	ret = watch_inode(to_inode(s), d_inode(path.dentry), req->events);
	path_put(&path);
	return ret;
}

static void inode_detach(struct evcore_source *s)
{
	unmark(to_inode(s)->im);
}

/* Other bits on the inode it is on; false if the mark is gone. */
static bool change_mask(struct inode_mark *im, struct inode *inode, u32 events)
{
	bool attached;

	fsnotify_group_lock(inode_group);
	spin_lock(&im->mark.lock);
	attached = im->mark.flags & FSNOTIFY_MARK_FLAG_ATTACHED;
	if (attached) {
		im->mark.mask = mark_mask(inode, events);
		im->mark.flags &= ~FSNOTIFY_MARK_FLAG_EXCL_UNLINK;
		im->mark.flags |= mark_flags(events);
	}
	spin_unlock(&im->mark.lock);
	if (attached)
		fsnotify_recalc_mask(im->mark.connector);
	fsnotify_group_unlock(inode_group);
	return attached;
}

static int inode_modify(struct evcore_source *s, struct evcore_request *req)
{
	struct inode_source *is = to_inode(s);
	struct inode_mark *old = is->im;
	struct inode *inode;
	struct path path;
	int ret = find_path(req, &path);

	if (ret)
		return ret;
	inode = d_inode(path.dentry);
	ret = -ENOENT;
	if (!READ_ONCE(old->source))
		goto out_put;	/* its end has been posted */
	ret = 0;
	if (inode != is->inode || !change_mask(old, inode, req->events)) {
		ret = watch_inode(is, inode, req->events);
		if (!ret)
			unmark(old);
	}
out_put:
	path_put(&path);
	return ret;
}

/*
 * Is whoever opened fdinfo the user who named the inode, or allowed to look into any
 * process? A queue may have been passed on to somebody who could not even reach the file.
 */
static bool may_see_inode(const struct inode_source *is, const struct seq_file *m)
{
	return uid_eq(m->file->f_cred->fsuid, is->owner) ||
	       file_ns_capable(m->file, &init_user_ns, CAP_SYS_PTRACE);
}

static void inode_describe(struct evcore_source *s, struct seq_file *m)
{
	const struct inode_source *is = to_inode(s);

	if (may_see_inode(is, m))
		seq_printf(m, " ino:%lx sdev:%x", is->ino, is->dev);
	seq_printf(m, " waiting:%u", READ_ONCE(is->holder.nr_held));
}

static int __init inode_source_init(void)
{
	inode_group = fsnotify_alloc_group(&inode_fsnotify_ops, FSNOTIFY_GROUP_DUPS);
	if (IS_ERR(inode_group))
		panic("evcore: no fsnotify group\n");
	return 0;
}
fs_initcall(inode_source_init);

const struct evcore_source_ops evcore_inode_ops = {
	.name		= "evcore_inode",
	.type		= EVCORE_INODE,
	.size		= sizeof(struct inode_source),
	.fixed		= EVCORE_COUNTS,
	.all_events	= IN_ALL_EVENTS | INODE_HOW,
	.nr_args	= 2,
	.holds		= true,
	.attach		= inode_attach,
	.detach		= inode_detach,
	.modify		= inode_modify,
	.describe	= inode_describe,
};
