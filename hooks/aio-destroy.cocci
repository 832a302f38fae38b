// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// Completed or not, a request that is freed needs its queue no more.

@ destroy @
identifier iocb;
@@
 if (iocb->ki_eventfd)
 	eventfd_ctx_put(iocb->ki_eventfd);
+evcore_aio_drop(&iocb->ki_evcore);
