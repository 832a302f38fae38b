// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count what a running program does while a command loads it.
 *
 * usage: meter cpu|calls PID COMMAND...
 *
 * cpu prints the processor time of the process PID in nanoseconds. In a guest with --icount
 * that is the number of instructions, of the program and of the kernel for it.
 *
 * calls prints two numbers: how many of the system calls of the main thread of PID belong to an
 * event interface, and how many there are in all. The kernel traces them meanwhile, which costs
 * time, so the two are not counted together.
 *
 * Exits with the status of the command.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"

static void fail(const char *what)
{
	fprintf(stderr, "meter: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* A counter of the system calls that a thread makes: those that the filter lets pass. */
static int counter(pid_t pid, const char *filter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	unsigned long long id;
	FILE *f = fopen(TRACING "/events/raw_syscalls/sys_enter/id", "r");
	int fd;

	if (!f || fscanf(f, "%llu", &id) != 1)
		fail(TRACING "/events/raw_syscalls/sys_enter/id");
	fclose(f);
	attr.config = id;
	fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0);
	if (fd < 0)
		fail("perf_event_open");
	if (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter))
		fail("the filter of system calls");
	return fd;
}

static uint64_t value(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		fail("reading a counter");
	return n;
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		fail("the clock of the process");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	bool cpu = argc > 3 && !strcmp(argv[1], "cpu");
	uint64_t calls = 0, all = 0, ns = 0;
	int of_interface = -1, any = -1, status;
	char filter[200];
	clockid_t clock;
	pid_t pid, child;

	if (argc < 4 || (!cpu && strcmp(argv[1], "calls"))) {
		fprintf(stderr, "usage: meter cpu|calls PID COMMAND...\n");
		return 125;
	}
	pid = (pid_t)atoi(argv[2]);
	if (clock_getcpuclockid(pid, &clock))
		fail("the clock of the process");
	if (cpu) {
		ns = cpu_ns(clock);
	} else {
		if (access(TRACING "/events", F_OK))
			mount("tracefs", TRACING, "tracefs", 0, NULL);
		/* epoll's, and those of kevent and the event channel. */
		snprintf(filter, sizeof(filter),
			 "id == %d || id == %d || id == %d || (id >= 560 && id <= 567)",
			 SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl);
		of_interface = counter(pid, filter);
		any = counter(pid, NULL);
		calls = value(of_interface);
		all = value(any);
	}
	child = fork();
	if (!child) {
		execvp(argv[3], argv + 3);
		fail(argv[3]);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		fail("the command");
	if (cpu)
		printf("%llu\n", (unsigned long long)(cpu_ns(clock) - ns));
	else
		printf("%llu %llu\n", (unsigned long long)(value(of_interface) - calls),
		       (unsigned long long)(value(any) - all));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
