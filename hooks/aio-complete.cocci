// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// A completion that goes to a queue bypasses the AIO ring, so its slot there is released
// here and not by io_getevents().

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
