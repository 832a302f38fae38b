// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/sched/wait.c
// series: wake
//
// Every wake-up calls the function of a single waiter directly.

@ wake @
expression list args;
@@
-__wake_up_common
+wake_single_or_walk
 (
+__wake_up_common,
 args)
