// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/sched/wait.c
// series: wake
//
// Every wake-up looks first whether there is only one to wake.

@ wake @
expression list args;
@@
-__wake_up_common
+evcore_wake_up
 (
+__wake_up_common,
 args)
