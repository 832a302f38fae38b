// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/exit.c
// series: sources
//
// The exit of the last thread removes the signals that the process has registered, after
// ITIMER_REAL was cancelled.

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
