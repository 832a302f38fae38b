// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/alarmtimer.c
// series: sources
//
// The same for timers that wake the system.

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
