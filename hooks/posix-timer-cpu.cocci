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

// or:
// Since 6.13 the function does not re-arm a timer whose signal is ignored.

@ embedded @
identifier timer;
@@
 cpu_timer_fire(struct k_itimer *timer)
 {
 <...
 posix_timer_queue_signal(timer);
+if (evcore_timer_again(timer)) {
+	posix_cpu_timer_rearm(timer);
+	evcore_timer_rearmed(timer);
+}
 ...>
 }
