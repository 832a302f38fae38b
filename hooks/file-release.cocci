// SPDX-License-Identifier: GPL-2.0-only
// file: fs/file_table.c
// series: core
//
// The sources that watch a file go with its last reference, right after those
// of epoll.

@ release @
identifier file;
@@
 eventpoll_release(file);
+evcore_release(file);
