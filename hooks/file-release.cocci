// SPDX-License-Identifier: GPL-2.0-only
// file: fs/file_table.c
// series: core
//
// The sources that watch a file go with its last reference, right after those
// of epoll.

@ include @
@@
#include <linux/eventpoll.h>
+ #include <linux/evcore_file.h>

@ release @
identifier file;
@@
 eventpoll_release(file);
+evcore_release(file);
