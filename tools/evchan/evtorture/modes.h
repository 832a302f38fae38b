/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to the whole machine during the rounds.
 */
#ifndef EVTORTURE_MODES_H
#define EVTORTURE_MODES_H

#include <stdint.h>
#include <sys/types.h>

/*
 * @mode: NULL, "memcg", "hotplug", "suspend". Return: a process that does it, 0 if
 * none is needed, -1 if it cannot be done, which was said.
 */
pid_t mode_begin(const char *mode, uint64_t seed);
void mode_end(const char *mode, pid_t helper);

#endif
