// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// A completion that goes to a queue skips the AIO ring, and gives back at once the
// slot there that io_getevents() would.

@ complete @
identifier iocb;
@@
 if (refcount_dec_and_test(&iocb->ki_refcnt)) {
-	aio_complete(iocb);
+	if (evcore_aio_complete(&iocb->ki_evcore, &iocb->ki_res))
+		put_reqs_available(iocb->ki_ctx, 1);
+	else
+		aio_complete(iocb);
 	iocb_destroy(iocb);
 }
