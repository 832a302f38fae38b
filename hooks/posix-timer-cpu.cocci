// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-cpu-timers.c
// series: sources
//
// A periodic CPU timer that posts into a queue does so after its overruns were counted.

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
