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
