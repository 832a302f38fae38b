// SPDX-License-Identifier: GPL-2.0-only
// file: fs/eventfd.c
// series: core
//
// A write of 0 wakes without a key, because it may leave the eventfd unreadable.

@ write exists @
identifier ctx, ucnt;
@@
 eventfd_write(...)
 {
 ...
 ctx->count += ucnt;
 ...
-wake_up_locked_poll(&ctx->wqh, EPOLLIN);
+wake_up_locked_poll(&ctx->wqh, evcore_write_key(ucnt));
 ...
 }
