// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// Submission looks up the queue into which the request completes, and allocates memory
// for the event.

@ submit @
identifier req, iocb, eventfd;
@@
 if (iocb->aio_flags & IOCB_FLAG_RESFD) {
 	...
 	req->ki_eventfd = eventfd;
 }
+if (iocb->aio_flags & IOCB_FLAG_EVCORE) {
+	int err = evcore_aio_prepare(&req->ki_evcore, iocb);
+
+	if (err)
+		return err;
+}
