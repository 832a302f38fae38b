/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The function of the event core that is called at the end of an address space. It has a
 * separate header so that kernel/fork.c does not see the rest of the core.
 */
#ifndef _LINUX_EVCORE_MM_H
#define _LINUX_EVCORE_MM_H

struct mm_struct;

#ifdef CONFIG_EVCORE
void evcore_exit_mm(struct mm_struct *mm);
#else
static inline void evcore_exit_mm(struct mm_struct *mm) {}
#endif

#endif /* _LINUX_EVCORE_MM_H */
