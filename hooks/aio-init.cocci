// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// A new request completes into the AIO ring unless evcore_aio_prepare() is called for it.

@ init @
expression req;
@@
 req->ki_eventfd = NULL;
+evcore_aio_init(&req->ki_evcore);
