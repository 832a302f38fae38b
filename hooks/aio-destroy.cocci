// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// When a request is freed, completed or not, its reference to the queue is dropped.

@ destroy @
identifier iocb;
@@
 if (iocb->ki_eventfd)
 	eventfd_ctx_put(iocb->ki_eventfd);
+evcore_aio_drop(&iocb->ki_evcore);
