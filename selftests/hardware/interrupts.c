// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/interrupts by name: the label of a line ("LOC"), or a device named at the end of a
 * line, with or without its queue ("virtio0-input.0").
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hardware.h"

/* Is @name one of the words of @text, or the first part of one ("virtio0" of "virtio0-input.0")? */
static int names(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at++) {
		char after = at[len];

		if ((at == text || strchr(" ,", at[-1])) && !isalnum((unsigned char)after))
			return 1;
	}
	return 0;
}

uint64_t interrupts(const char *name, int cpu)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[4096], label[64];
	int cpus = 0, found = 0;
	uint64_t sum = 0;

	if (!f)
		err(1, "/proc/interrupts");
	/* The first line has a column heading for each processor. */
	if (!fgets(line, sizeof(line), f))
		errx(1, "/proc/interrupts is empty");
	for (char *w = strtok(line, " \n"); w; w = strtok(NULL, " \n"))
		cpus++;
	while (fgets(line, sizeof(line), f)) {
		int used = 0, n = 0;
		uint64_t counts[64] = { 0 };
		char *at = line;

		if (sscanf(at, " %63[^:]:%n", label, &used) != 1 || !used)
			continue;
		for (at += used; n < cpus && n < 64; n++) {
			char *end;

			counts[n] = strtoull(at, &end, 10);
			if (end == at)
				break;
			at = end;
		}
		at[strcspn(at, "\n")] = 0;
		if (strcmp(label, name) && !names(at, name))
			continue;
		found = 1;
		/* The interrupts of a shared line cannot be attributed. */
		expect(!strchr(at, ','), "interrupts of '%s' are shared: %s", name, at);
		for (int c = 0; c < n; c++)
			if (cpu < 0 || cpu == c)
				sum += counts[c];
	}
	fclose(f);
	expect(found, "no interrupts of '%s' in /proc/interrupts", name);
	return sum;
}

const char *interrupt_name(const char *link)
{
	static char to[4096];
	ssize_t n = readlink(link, to, sizeof(to) - 1);
	char *name;

	if (n < 0)
		err(1, "%s", link);
	to[n] = 0;
	name = strrchr(to, '/');
	return name ? name + 1 : to;
}
