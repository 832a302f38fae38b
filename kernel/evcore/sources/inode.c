// SPDX-License-Identifier: GPL-2.0-only
/*
 * inode: events of a file or a directory, with the mask of inotify, by way of fsnotify.
 * Every event has its own record. It has no room for a name, so it contains a hash of the
 * name, the length of the name, and the cookie that connects the two halves of a rename.
 *
 * The marks of a queue belong to one fsnotify group, which allows several marks on an inode.
 * A mark can outlive its source, because it stays until no task walks over it any more.
 * ->source, protected by the mark's own lock, is NULL once there is no source, and posting
 * runs with this lock held. It is taken in process context only, and is inside all other
 * locks except queue->lock.
 *
 * OUTSIDE QUEUE->MUTEX
 *
 * Before the mutex is taken, inode_prepare() looks up the path, which can wait for a file
 * system or the daemon that implements it, and allocates the mark and a record. After the
 * mutex is released, inode_finish() puts the path, which can be the last reference to a
 * mount, a file or an address space. The last reference to a mark can be the last one to its
 * inode. So a mark whose source is removed goes to queue->removed_marks, and the call puts it
 * once it has released the mutex, with evcore_put_removed_marks().
 *
 * With the mutex held, marks are added to inodes and removed from them. fsnotify takes the
 * mutex of the group for that. A task that removes a watched inode takes it too. No file system
 * is entered with it held, because fsnotify_group_lock() keeps memory reclaim from doing that.
 *
 * LIMITS
 *
 * A task that opens, reads or removes an inode spends time on each mark of the inode. So all
 * queues of a user together can have INODE_MAX_MARKS on an inode, which is the default limit
 * of inotify instances. All marks count as inotify watches, which are limited too.
 *
 * A record is allocated when an event happens. If there is no memory, or the user is over
 * the limit of records, or INODE_MAX_WAITING records of the source or INODE_MAX_QUEUED records
 * of the queue wait for a slot, the event is counted and reported with IN_Q_OVERFLOW. The
 * record for the end of the source, when the inode or its file system is gone, is allocated
 * at registration.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fsnotify_backend.h>
#include <linux/inotify.h>
#include <linux/llist.h>
#include <linux/memcontrol.h>
#include <linux/namei.h>
#include <linux/sched/user.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "sources.h"

/* Records that may wait for a slot: of one source, and of all sources of one queue. */
#define INODE_MAX_WAITING	4096
#define INODE_MAX_QUEUED	16384
/* Marks of one user's queues on one inode, including those that are being removed. */
#define INODE_MAX_MARKS		128

/* Reclaim must keep out of file systems. Without a flag for that it does, for every group. */
#ifdef FSNOTIFY_GROUP_NOFS
#define INODE_GROUP_FLAGS	(FSNOTIFY_GROUP_USER | FSNOTIFY_GROUP_DUPS | FSNOTIFY_GROUP_NOFS)
#else
#define INODE_GROUP_FLAGS	(FSNOTIFY_GROUP_USER | FSNOTIFY_GROUP_DUPS)
#endif

/* Bits that say how to watch; the other bits are events. */
#define INODE_WATCH_FLAGS	(IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)

struct inode_mark {
	struct evcore_mark	base;
	struct user_struct	*user;		/* of the queue, referenced; charged for records */
	spinlock_t		lock;		/* protects the next three fields */
	struct evcore_source	*source;	/* NULL: not set yet, or removed */
	struct evcore_record_node	*last;		/* record for the end of the source */
	bool			detached;	/* the mark is no longer on an inode */
	struct mem_cgroup	*memcg;		/* charged for the records */
#ifdef CONFIG_INOTIFY_USER
	struct ucounts		*ucounts;	/* counted as a watch of inotify */
#endif
};

/* Prepared outside queue->mutex, for a registration or a modify. */
struct inode_prepared {
	struct path		path;
	struct inode_mark	*im;		/* to be put; NULL once a source has it */
};

struct inode_source {
	struct evcore_record_source	rs;
	struct inode_mark	*im;
	struct inode		*inode;		/* only compared; @im keeps it while attached */
	dev_t			dev;
	unsigned long		ino;
	kuid_t			owner;		/* registered it, so may see which inode it is */
};

static struct inode_source *to_inode(struct evcore_source *s)
{
	return container_of(s, struct inode_source, rs.valued.source);
}

static struct inode_mark *to_mark(struct fsnotify_mark *mark)
{
	return container_of(mark, struct inode_mark, base.mark);
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

/* If there is no room for an event, count it as lost. The mark's lock must be held. */
static bool no_room(struct inode_mark *im)
{
	struct evcore_source *s = im->source;

	lockdep_assert_held(&im->lock);
	if (READ_ONCE(to_inode(s)->rs.nr_records) < INODE_MAX_WAITING &&
	    READ_ONCE(s->queue->nr_records) < INODE_MAX_QUEUED)
		return false;
	evcore_post(s, IN_Q_OVERFLOW, 1, 0);
	return true;
}

static int inode_event(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
		       struct inode *dir, const struct qstr *name, u32 cookie)
{
	struct inode_mark *im = to_mark(mark);
	struct mem_cgroup *memcg;
	struct evcore_record_node *node;
	bool skip;

	spin_lock(&im->lock);
	skip = !im->source || no_room(im);
	spin_unlock(&im->lock);
	if (skip)
		return 0;
	/* Charge the cgroup that watches. An event is lost rather than a task OOM-killed. */
	memcg = set_active_memcg(im->memcg);
	node = evcore_record_alloc(im->user, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	set_active_memcg(memcg);
	if (!IS_ERR(node)) {
		node->record.events = mask & (IN_ALL_EVENTS | IN_UNMOUNT | IN_ISDIR);
		/* As inotify does. */
		if (mask & (IN_MOVE_SELF | IN_DELETE_SELF))
			node->record.events &= ~IN_ISDIR;
		node->record.value = name ? name_hash(name) : 0;
		node->record.extra[0] = cookie;
		node->record.extra[1] = name ? name->len : 0;
	}
	spin_lock(&im->lock);
	if (im->source && !IS_ERR(node)) {
		evcore_post_record(im->source, node);
		node = NULL;
	} else if (im->source) {
		evcore_post(im->source, IN_Q_OVERFLOW, 1, 0);
	}
	spin_unlock(&im->lock);
	if (!IS_ERR_OR_NULL(node))
		evcore_record_free(node);
	return 0;
}

/* The mark no longer counts as a watch, although its memory is freed later. */
static void uncharge(struct inode_mark *im)
{
#ifdef CONFIG_INOTIFY_USER
	if (im->ucounts)
		dec_ucount(im->ucounts, UCOUNT_INOTIFY_WATCHES);
	im->ucounts = NULL;
#endif
}

/* Post the end of the source, whose inode is gone. The mark's lock must be held. */
static void post_end(struct inode_mark *im)
{
	lockdep_assert_held(&im->lock);
	im->last->record.events = IN_IGNORED;
	evcore_post_last(im->source, im->last);
	im->last = NULL;
	im->source = NULL;
}

/*
 * Called once for each mark that was on an inode: when the inode or its file system goes
 * away, or when the source is removed, see unmark().
 */
static void inode_freeing_mark(struct fsnotify_mark *mark, struct fsnotify_group *group)
{
	struct inode_mark *im = to_mark(mark);

	spin_lock(&im->lock);
	im->detached = true;
	if (im->source)
		post_end(im);
	spin_unlock(&im->lock);
	uncharge(im);
}

static void inode_free_mark(struct fsnotify_mark *mark)
{
	struct inode_mark *im = to_mark(mark);

	if (im->last)
		evcore_record_free(im->last);
	mem_cgroup_put(im->memcg);
	uncharge(im);
	free_uid(im->user);
	kfree(im);
}

static const struct fsnotify_ops inode_fsnotify_ops = {
	.handle_inode_event	= inode_event,
	.freeing_mark		= inode_freeing_mark,
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

/* The group of a queue's marks, which is created when it is needed first. */
static struct fsnotify_group *queue_group(struct evcore_queue *q)
{
	struct fsnotify_group *group = READ_ONCE(q->inode_group), *old;

	if (group)
		return group;
	group = fsnotify_alloc_group(&inode_fsnotify_ops, INODE_GROUP_FLAGS);
	if (IS_ERR(group))
		return group;
	old = cmpxchg(&q->inode_group, NULL, group);
	if (!old)
		return group;
	fsnotify_put_group(group);
	return old;
}

/**
 * evcore_inode_queue_free - release the group of a queue's marks
 * @q: the queue, which has no mark on an inode any more
 *
 * Context: process context.
 */
void evcore_inode_queue_free(struct evcore_queue *q)
{
	/* The release of the queue's file has put what was removed before. */
	WARN_ON_ONCE(!llist_empty(&q->removed_marks));
	if (q->inode_group)
		fsnotify_put_group(q->inode_group);
}

/* Allocate a mark that has no inode and no source yet. The caller gets the reference. */
static struct inode_mark *new_mark(struct evcore_queue *q)
{
	struct fsnotify_group *group = queue_group(q);
	struct inode_mark *im;

	if (IS_ERR(group))
		return ERR_CAST(group);
	im = kzalloc(sizeof(*im), GFP_KERNEL_ACCOUNT);
	if (!im)
		return ERR_PTR(-ENOMEM);
	im->last = evcore_record_alloc(q->user, GFP_KERNEL);
	if (IS_ERR(im->last)) {
		int ret = PTR_ERR(im->last);

		kfree(im);
		return ERR_PTR(ret == -EAGAIN ? -ENOSPC : ret);
	}
	fsnotify_init_mark(&im->base.mark, group);
	spin_lock_init(&im->lock);
	im->memcg = get_mem_cgroup_from_mm(current->mm);
	im->user = get_uid(q->user);
	return im;
}

/* Count the mark as an inotify watch of the caller's user. */
static int charge(struct inode_mark *im)
{
#ifdef CONFIG_INOTIFY_USER
	im->ucounts = inc_ucount(current_user_ns(), current_euid(),
				 UCOUNT_INOTIFY_WATCHES);
	if (!im->ucounts)
		return -ENOSPC;
#endif
	return 0;
}

/* Remove the mark from its inode. Afterwards it posts nothing. */
static void unmark(struct inode_mark *im)
{
	spin_lock(&im->lock);
	im->source = NULL;
	spin_unlock(&im->lock);
	fsnotify_destroy_mark(&im->base.mark, im->base.mark.group);
}

/*
 * Find what the request names: a descriptor, or a path that starts at one. The
 * permissions needed are those that inotify requires.
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
		/* fdget() finds no O_PATH descriptor, which would give no right to the file. */
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

/*
 * Does the queue's user have more marks on the inode than allowed, including this one?
 * Removed marks that are still on the list count, because uses of the inode walk over them.
 */
static bool too_many_marks(struct inode_mark *im)
{
	/* It stays valid because this mark is on its list. */
	struct fsnotify_mark_connector *conn = im->base.mark.connector;
	struct fsnotify_mark *mark;
	unsigned int n = 0;

	spin_lock(&conn->lock);
	hlist_for_each_entry(mark, &conn->list, obj_list)
		n += mark->group->ops == &inode_fsnotify_ops &&
		     to_mark(mark)->user == im->user;
	spin_unlock(&conn->lock);
	return n > INODE_MAX_MARKS;
}

static int inode_prepare(struct evcore_queue *q, struct evcore_request *req)
{
	struct inode_prepared *p = kmalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!p)
		return -ENOMEM;
	ret = find_path(req, &p->path);
	if (ret)
		goto out_free;
	p->im = new_mark(q);
	if (IS_ERR(p->im)) {
		ret = PTR_ERR(p->im);
		goto out_path;
	}
	req->prepared = p;
	return 0;

out_path:
	path_put(&p->path);
out_free:
	kfree(p);
	return ret;
}

static void inode_finish(struct evcore_request *req)
{
	struct inode_prepared *p = req->prepared;

	if (p->im)
		evcore_mark_put(&p->im->base);
	path_put(&p->path);
	kfree(p);
}

/* Add the prepared mark to the inode, and let it post for the source. */
static int watch_inode(struct inode_source *is, struct inode_prepared *p, u32 events)
{
	struct inode *inode = d_inode(p->path.dentry);
	struct inode_mark *im = p->im;
	int ret = charge(im);

	if (ret)
		return ret;
	im->base.mark.mask = mark_mask(inode, events);
	im->base.mark.flags = mark_flags(events);
	ret = fsnotify_add_inode_mark(&im->base.mark, inode, 0);
	if (ret)
		return ret;
	if (too_many_marks(im)) {
		unmark(im);
		return -ENOSPC;
	}
	p->im = NULL;
	is->im = im;
	is->inode = inode;
	is->dev = inode->i_sb->s_dev;
	is->ino = inode->i_ino;
	spin_lock(&im->lock);
	im->source = &is->rs.valued.source;
	if (im->detached)	/* inode_freeing_mark() found no source to post the end for */
		post_end(im);
	spin_unlock(&im->lock);
	is->owner = current_fsuid();
	return 0;
}

static int inode_attach(struct evcore_source *s, struct evcore_request *req,
			u32 *ready)
{
	if (WARN_ON_ONCE(!req->prepared))
		return -EINVAL;
	return watch_inode(to_inode(s), req->prepared, req->events);
}

static void inode_detach(struct evcore_source *s)
{
	struct inode_mark *im = to_inode(s)->im;

	unmark(im);
	llist_add(&im->base.removed, &s->queue->removed_marks);
}

/* Change the mask of a mark; false if it is no longer on its inode. */
static bool change_mask(struct inode_mark *im, struct inode *inode, u32 events)
{
	struct fsnotify_group *group = im->base.mark.group;
	bool attached;

	fsnotify_group_lock(group);
	spin_lock(&im->base.mark.lock);
	attached = im->base.mark.flags & FSNOTIFY_MARK_FLAG_ATTACHED;
	if (attached) {
		im->base.mark.mask = mark_mask(inode, events);
		im->base.mark.flags &= ~FSNOTIFY_MARK_FLAG_EXCL_UNLINK;
		im->base.mark.flags |= mark_flags(events);
	}
	spin_unlock(&im->base.mark.lock);
	if (attached)
		fsnotify_recalc_mask(im->base.mark.connector);
	fsnotify_group_unlock(group);
	return attached;
}

static int inode_modify(struct evcore_source *s, struct evcore_request *req)
{
	struct inode_prepared *p = req->prepared;
	struct inode_source *is = to_inode(s);
	struct inode_mark *old = is->im;
	struct inode *inode;
	int ret;

	if (WARN_ON_ONCE(!p))
		return -EINVAL;
	if (!READ_ONCE(old->source))
		return -ENOENT;	/* its end has been posted */
	inode = d_inode(p->path.dentry);
	if (inode == is->inode && change_mask(old, inode, req->events))
		return 0;
	ret = watch_inode(is, p, req->events);
	if (ret)
		return ret;
	unmark(old);
	p->im = old;	/* inode_finish() puts it */
	return 0;
}

/*
 * Was fdinfo opened by the user who registered the inode, or by a task that may inspect any
 * process? The queue may have been passed to a process that cannot reach the file.
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
	seq_printf(m, " waiting:%u", READ_ONCE(is->rs.nr_records));
}

/* Those of inotify(7). */
static const char *const inode_names[] = {
	"access", "modify", "attrib", "close_write", "close_nowrite", "open", "moved_from",
	"moved_to", "create", "delete", "delete_self", "move_self", "", "unmount", "q_overflow",
	"ignored", NULL
};

const struct evcore_source_ops evcore_inode_ops = {
	.name		= "evcore_inode",
	.type		= EVCORE_INODE,
	.size		= sizeof(struct inode_source),
	.fixed		= EVCORE_COUNTS,
	.all_events	= IN_ALL_EVENTS | INODE_WATCH_FLAGS,
	.event_names	= inode_names,
	.nr_args	= 2,
	.has_records	= true,
	.prepare	= inode_prepare,
	.finish		= inode_finish,
	.attach		= inode_attach,
	.detach		= inode_detach,
	.modify		= inode_modify,
	.describe	= inode_describe,
};
