// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/fork.c
// series: sources
//
// Futex waiters go with their address space, right after the operations of AIO.

@ release @
identifier mm;
@@
 exit_aio(mm);
+evcore_exit_mm(mm);
