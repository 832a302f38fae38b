// SPDX-License-Identifier: GPL-2.0-only
/*
 * On the host: check that standard input, the file extracted from the image, has the blocks
 * that the guest had to write.
 *
 * usage: check-image BLOCKS
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "hardware.h"
#include "pattern.h"

int main(int argc, char **argv)
{
	static uint64_t block[BLOCK / 8];
	unsigned long n = 0, count;

	if (argc != 2)
		errx(2, "usage: check-image BLOCKS");
	count = strtoul(argv[1], NULL, 10);
	for (; fread(block, BLOCK, 1, stdin) == 1; n++)
		if (!pattern_holds(block, n, BLOCK / 8))
			errx(1, "check-image: block %lu is not what was written", n);
	if (n != count)
		errx(1, "check-image: %lu blocks, not %lu", n, count);
	return 0;
}
