// SPDX-License-Identifier: GPL-2.0-only
// file: kernel/time/posix-timers.c
// series: sources
//
// An hrtimer-based timer that posts into a queue does so here, and re-arms itself.

@ fn @
identifier timer, timr, ret, flags;
@@
 posix_timer_fn(struct hrtimer *timer)
 {
 ...
 spin_lock_irqsave(&timr->it_lock, flags);
+if (evcore_timer(timr)) {
+	ret = evcore_timer_fired(timr, timer);
+	unlock_timer(timr, flags);
+	return ret;
+}
 ...
 return ret;
 }

// or:
// Since 7.3 a timer also expires outside this function: when it is set, or re-armed, to a time
// that has passed.

@ at_once @
identifier timer, timr;
@@
 posix_timer_fn(struct hrtimer *timer)
 {
 ...
 guard(spinlock_irqsave)(&timr->it_lock);
+if (evcore_timer(timr))
+	return evcore_timer_fired(timr, timer);
 posix_timer_queue_signal(timr);
-return HRTIMER_NORESTART;
+return evcore_timer_restart(timr, timer);
 }

@ set @
identifier timr;
@@
 common_timer_set(struct k_itimer *timr, ...)
 {
 <...
-posix_timer_queue_signal(timr);
+evcore_timer_expired_at_once(timr);
 ...>
 }

@ deliver @
identifier info, timr;
@@
 __posixtimer_deliver_signal(struct kernel_siginfo *info, struct k_itimer *timr)
 {
 <...
-posix_timer_queue_signal(timr);
+evcore_timer_expired_at_once(timr);
 ...>
 }

// or:
// Since 6.13 the function does not re-arm a timer whose signal is ignored.

@ embedded @
identifier timer, timr;
@@
 posix_timer_fn(struct hrtimer *timer)
 {
 ...
 guard(spinlock_irqsave)(&timr->it_lock);
+if (evcore_timer(timr))
+	return evcore_timer_fired(timr, timer);
 posix_timer_queue_signal(timr);
-return HRTIMER_NORESTART;
+return evcore_timer_restart(timr, timer);
 }
