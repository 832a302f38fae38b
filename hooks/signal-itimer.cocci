// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/itimer.c
// series: sources
//
// ITIMER_REAL is re-armed when its signal is dequeued. That does not happen if the signal
// was posted into queues only, or was posted and ignored.

@ itimer @
identifier sig, pid;
@@
 it_real_fn(struct hrtimer *timer)
 {
 ...
 struct signal_struct *sig = ...;
 ...
 kill_pid_info(SIGALRM, SEND_SIG_PRIV, pid);
+evcore_itimer_expired(sig);
 ...
 }
