/* SPDX-License-Identifier: GPL-2.0-only */
/* A table of the instructions that fetch lines; see where.c. */
#ifndef WHERE_H
#define WHERE_H

#include <stdint.h>
#include <stdio.h>

void where_init(void);
void where_add(unsigned int interval, uint64_t code, uint64_t line, unsigned int needed);
void where_print(FILE *to);

#endif
