// SPDX-License-Identifier: GPL-2.0-only
// file: fs/eventfd.c
// series: core
//
// A write of 0 wakes without a key, for it may leave the eventfd unreadable.

@ write exists @
expression ctx, head, added;
@@
 eventfd_write(...)
 {
 ...
 ctx->count += added;
 ...
-wake_up_locked_poll(head, EPOLLIN);
+wake_up_locked_poll(head, evcore_eventfd_key(added));
 ...
 }
