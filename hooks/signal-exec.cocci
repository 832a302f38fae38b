// SPDX-License-Identifier: GPL-2.0-only
// file: fs/exec.c
// series: sources
//
// What a program has registered for its signals goes when another takes its
// place, where its POSIX timers go.

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
