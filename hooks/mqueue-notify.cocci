// SPDX-License-Identifier: GPL-2.0-only
// file: ipc/mqueue.c
// series: sources
//
// A message has arrived: post an event, which ends the registration.

@ notify @
identifier info;
@@
 __do_notify(struct mqueue_inode_info *info)
 {
 <...
+evcore_mqueue_notify(info);
 put_pid(info->notify_owner);
 ...>
 }
