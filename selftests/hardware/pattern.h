/* SPDX-License-Identifier: GPL-2.0-only */
/* The pattern written to the disk: each word depends on its block's number and its place. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t pattern_word(uint64_t block, size_t word)
{
	return (block + 1) * 0x9e3779b97f4a7c15ull + word;
}

static inline void pattern_fill(uint64_t *at, uint64_t block, size_t words)
{
	for (size_t w = 0; w < words; w++)
		at[w] = pattern_word(block, w);
}

static inline int pattern_holds(const uint64_t *at, uint64_t block, size_t words)
{
	for (size_t w = 0; w < words; w++)
		if (at[w] != pattern_word(block, w))
			return 0;
	return 1;
}

#endif
