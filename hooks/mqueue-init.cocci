// SPDX-License-Identifier: GPL-2.0-only
// file: ipc/mqueue.c
// series: sources
//
// A new message queue has no registration.

@ init @
identifier info;
@@
 mqueue_get_inode(...)
 {
 <...
 info->qsize = 0;
+evcore_mqueue_init(info);
 ...>
 }
