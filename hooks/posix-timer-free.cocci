// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-timers.c
// series: sources
//
// A timer's registration goes with it.

@ free @
identifier tmr;
@@
 posix_timer_free(struct k_itimer *tmr)
 {
+evcore_timer_free(tmr);
 put_pid(tmr->it_pid);
 ...
 }
