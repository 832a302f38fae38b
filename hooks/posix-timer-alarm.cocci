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
