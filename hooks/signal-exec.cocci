// SPDX-License-Identifier: GPL-2.0-only
// file: fs/exec.c
// series: sources
//
// exec removes the signals that the process has registered, right after its POSIX timers.

@ exec @
identifier me;
@@
 begin_new_exec(...)
 {
 <...
 posixtimer_exec(me);
+evcore_signal_exec(me);
 ...>
 }
