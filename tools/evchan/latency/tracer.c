// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's tracer of the longest section. Its files are opened by root before a case
 * gives up its privileges; from then on the tracer is turned on and off by one write.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "latency.h"

#define MAX_CALLERS 5
#define TRACING	"/sys/kernel/tracing/"

static int on_fd, longest_fd;

static int open_file(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "%s", name);
	return (int)must(open(path, flags | O_CLOEXEC), path);
}

static void set(const char *name, const char *value)
{
	int fd = open_file(name, O_WRONLY);

	must(write(fd, value, strlen(value)), name);
	close(fd);
}

void tracer_begin(void)
{
	on_fd = open_file("tracing_on", O_WRONLY);
	longest_fd = open_file("tracing_max_latency", O_RDWR);
	tracer_off();
	/* To trace every function would lengthen every section. */
	set("options/function-trace", "0");
	set("tracing_thresh", "0");
}

/* @name: irqsoff or preemptoff; the longest section begins anew. */
void tracer_choose(const char *name)
{
	set("current_tracer", name);
	MUST(pwrite(longest_fd, "0", 1, 0));
}

void tracer_on(void)
{
	MUST(pwrite(on_fd, "1", 1, 0));
}

void tracer_off(void)
{
	MUST(pwrite(on_fd, "0", 1, 0));
}

/* Take the next word of @line where it begins with @key. */
static void take_word(const char *line, const char *key, char *word, size_t size)
{
	const char *at = strstr(line, key);

	if (at)
		snprintf(word, size, "%.*s", (int)strcspn(at + strlen(key), " \n"),
			 at + strlen(key));
}

static void add_caller(struct section *where, const char *line)
{
	size_t length = strlen(where->stack);
	char name[64] = "";

	take_word(line, " => ", name, sizeof(name));
	snprintf(where->stack + length, sizeof(where->stack) - length, "%s%s",
		 length ? " < " : "", name);
}

/*
 * The longest section since tracer_choose() in microseconds, and where it was.
 * @save: keep the whole trace in that file; NULL: do not.
 */
unsigned long tracer_longest(struct section *where, const char *save)
{
	int fd = open_file("trace", O_RDONLY);
	FILE *copy = save ? fopen(save, "w") : NULL;
	FILE *trace = fdopen(fd, "r");
	char line[512], number[32] = "";
	unsigned int callers = 0;
	bool in_stack = false;

	memset(where, 0, sizeof(*where));
	if (!trace)
		fail("the trace cannot be read");
	while (fgets(line, sizeof(line), trace)) {
		if (copy)
			fputs(line, copy);
		take_word(line, "=> started at: ", where->from, sizeof(where->from));
		take_word(line, "=> ended at:   ", where->to, sizeof(where->to));
		if (strstr(line, "<stack trace>"))
			in_stack = true;
		else if (in_stack && callers++ < MAX_CALLERS)
			add_caller(where, line);
	}
	fclose(trace);
	if (copy)
		fclose(copy);
	MUST(pread(longest_fd, number, sizeof(number) - 1, 0));
	return strtoul(number, NULL, 10);
}
