/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modes: disturbances of the whole machine during the rounds.
 */
#ifndef EVTORTURE_MODES_H
#define EVTORTURE_MODES_H

#include <stdint.h>
#include <sys/types.h>

/*
 * @mode: NULL, "memcg", "hotplug" or "suspend". Return: the process that disturbs the
 * machine; 0 if none is needed; -1, after a message, if the machine does not support it.
 */
pid_t mode_begin(const char *mode, uint64_t seed);
void mode_end(const char *mode, pid_t helper);

#endif
