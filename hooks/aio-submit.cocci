// SPDX-License-Identifier: GPL-2.0-only
// file: fs/aio.c
// series: sources
//
// Where a request completes is found, and the event's memory allocated, while it
// is submitted.

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
