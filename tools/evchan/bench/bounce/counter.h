/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor's own count of its cycles, in the thread that opens it. */
#ifndef BOUNCE_COUNTER_H
#define BOUNCE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* Says on standard error if there is none. */
void counter_open(void);
bool counter_works(void);
uint64_t counter_read(void);

#endif
