/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a work item of the kernel has run, from the trace of work items. */
#ifndef SELFTESTS_WORK_TRACE_H
#define SELFTESTS_WORK_TRACE_H

#include "events.h"

#define WORK_TRACE	"/sys/kernel/tracing/trace"
#define WORK_STARTS	"/sys/kernel/tracing/events/workqueue/workqueue_execute_start/enable"

/*
 * The tracepoint may be enabled from boot, and then it stays so: to change it, the kernel patches
 * code that another processor runs, which some versions of QEMU do not emulate correctly (with 7.2
 * a breakpoint of the patching is run after it was removed, and the kernel panics).
 */
static bool work_traced_before;

/* Begin to trace work items, with an empty trace. Return: 0, or -1 if that is not possible. */
static inline int trace_work(void)
{
	FILE *f = fopen(WORK_STARTS, "r");

	if (!f)
		return -1;
	work_traced_before = fgetc(f) == '1';
	fclose(f);
	return write_file(WORK_TRACE, "") ||
	       (!work_traced_before && write_file(WORK_STARTS, "1")) ? -1 : 0;
}

static inline void trace_work_end(void)
{
	if (!work_traced_before)
		write_file(WORK_STARTS, "0");
	write_file(WORK_TRACE, "");
}

/* Has a work item with this function run since the last call? */
static inline bool work_has_run(const char *function)
{
	FILE *f = fopen(WORK_TRACE, "r");
	char line[512], text[80];
	bool found = false;

	snprintf(text, sizeof(text), "function %s\n", function);
	while (f && fgets(line, sizeof(line), f))
		found |= line[0] != '#' && strstr(line, text);
	if (f)
		fclose(f);
	write_file(WORK_TRACE, "");
	return found;
}

#endif
