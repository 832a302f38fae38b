// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/alarmtimer.c
// series: sources
//
// A periodic alarm timer that posts into a queue does so after its overruns were counted.

@ alarm @
identifier ptr;
@@
 alarm_handle_timer(...)
 {
 <...
 ++ptr->it_requeue_pending;
+evcore_timer_rearmed(ptr);
 ...>
 }

// or:
// Since 6.13 the function does not re-arm a timer whose signal is ignored.

@ embedded @
identifier alarm, ptr;
@@
 alarm_handle_timer(struct alarm *alarm, ...)
 {
 ...
 posix_timer_queue_signal(ptr);
+if (evcore_timer_again(ptr))
+	evcore_alarm_rearm(ptr, alarm);
 }
