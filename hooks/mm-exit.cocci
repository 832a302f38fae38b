// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/fork.c
// series: sources
//
// Futex waiters are removed with their address space, right after the AIO operations.

@ release @
identifier mm;
@@
 exit_aio(mm);
+evcore_exit_mm(mm);
