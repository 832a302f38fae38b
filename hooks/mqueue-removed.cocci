// SPDX-License-Identifier: GPL-2.0-only
// file: ipc/mqueue.c
// series: sources
//
// The registration is removed, by the program or with the message queue.

@ removed @
identifier info;
@@
 remove_notification(struct mqueue_inode_info *info)
 {
 ...
+evcore_mqueue_removed(info);
 put_pid(info->notify_owner);
 ...
 }
