// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/exit.c
// series: sources
//
// ... and when its last thread exits, once ITIMER_REAL is cancelled.

@ exit @
identifier tsk;
@@
 do_exit(...)
 {
 <...
+evcore_signal_exit(tsk);
 if (tsk->mm)
 	setmax_mm_hiwater_rss(&tsk->signal->maxrss, tsk->mm);
 ...>
 }
