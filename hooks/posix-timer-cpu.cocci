// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-cpu-timers.c
// series: sources
//
// A periodic timer that posts does so once it has counted what passed.

@ cpu @
identifier timer;
@@
 cpu_timer_fire(struct k_itimer *timer)
 {
 <...
 ++timer->it_requeue_pending;
+evcore_timer_rearmed(timer);
 ...>
 }
