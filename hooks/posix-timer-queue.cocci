// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-timers.c
// series: sources
//
// A CPU or alarm timer that posts into a queue is told that no signal was sent, so it
// re-arms itself. So does any timer whose signal was posted into queues only.

@ queue @
identifier timr, si_private, ret;
@@
 posix_timer_queue_signal(struct k_itimer *timr)
 {
 ...
 timr->sigq->info.si_sys_private = si_private;
+if (evcore_timer(timr))
+	return evcore_timer_expired(timr);
 ...
 ret = send_sigqueue(...);
+if (ret == EVCORE_SIGQUEUE_TAKEN)
+	evcore_timer_taken(timr);
 ...
 }

// or:
// 6.1 has another name for it.

@ event @
identifier timr, si_private, ret;
@@
 posix_timer_event(struct k_itimer *timr, int si_private)
 {
 ...
 timr->sigq->info.si_sys_private = si_private;
+if (evcore_timer(timr))
+	return evcore_timer_expired(timr);
 ...
 ret = send_sigqueue(...);
+if (ret == EVCORE_SIGQUEUE_TAKEN)
+	evcore_timer_taken(timr);
 ...
 }

// or:
// Since 6.13 a timer is re-armed when its signal is dequeued, even if it is ignored. One that
// posts into queues only has no such signal. It has evcore_timer_again().

@ embedded @
identifier timr;
@@
 posix_timer_queue_signal(struct k_itimer *timr)
 {
 ...
+if (evcore_timer(timr)) {
+	evcore_timer_expired(timr);
+	return;
+}
 posixtimer_send_sigqueue(timr);
 }
