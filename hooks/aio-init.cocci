// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// A new request goes to the AIO ring until evcore_aio_prepare() says otherwise.

@ init @
expression req;
@@
 req->ki_eventfd = NULL;
+evcore_aio_init(&req->ki_evcore);
