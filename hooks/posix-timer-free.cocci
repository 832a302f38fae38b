// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-timers.c
// series: sources
//
// The source of a timer is removed when the timer is freed.

@ free @
identifier tmr;
@@
+evcore_timer_free(tmr);
 put_pid(tmr->it_pid);
