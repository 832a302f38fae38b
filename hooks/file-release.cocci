// SPDX-License-Identifier: GPL-2.0-only
// file: fs/file_table.c
// series: core
//
// The sources that watch a file are removed when its last reference is dropped, right
// after those of epoll.

@ release @
identifier file;
@@
 eventpoll_release(file);
+evcore_release(file);
