// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pseudo-random numbers that depend only on a seed. Each thread has its own 64-bit state.
 */
#include "torture.h"

uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a + b * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

uint32_t pick(uint64_t *seed, uint32_t n)
{
	*seed = mix(*seed, 1);
	return (uint32_t)((*seed >> 32) % n);
}

bool one_in(uint64_t *seed, uint32_t n)
{
	return !pick(seed, n);
}
