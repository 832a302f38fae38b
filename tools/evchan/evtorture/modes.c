// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modes, which disturb the whole machine during the rounds: a memory cgroup that is at its
 * limit most of the time, a processor that goes offline and online, and suspends up to the
 * point that pm_test selects.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes.h"
#include "torture.h"

#define GROUP "/sys/fs/cgroup/evtorture"

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

static int cannot(const char *what)
{
	fprintf(stderr, "evtorture: %s: %s\n", what, strerror(errno));
	return -1;
}

/*
 * All rounds are in a cgroup with little memory. A process in it allocates and frees memory
 * in a loop, so that the cgroup reaches its limit and reclaims.
 */
static int memcg_begin(void)
{
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return cannot(GROUP);
	if (write_text(GROUP "/memory.max", "100663296"))
		return cannot(GROUP "/memory.max");
	/* Move this process, and so its children, into the cgroup. */
	if (write_text(GROUP "/cgroup.procs", "0"))
		return cannot(GROUP "/cgroup.procs");
	return 0;
}

static void memcg_turn(uint64_t *seed)
{
	size_t length = (8 + pick(seed, 24)) << 20;
	char *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	for (size_t i = 0; i < length; i += 4096)
		p[i] = 1;
	munmap(p, length);
	usleep(pick(seed, 20000));
}

static void hotplug_turn(uint64_t *seed)
{
	static const char online[] = "/sys/devices/system/cpu/cpu1/online";

	write_text(online, "0");
	usleep(pick(seed, 100000));
	write_text(online, "1");
	usleep(pick(seed, 200000));
}

static void suspend_turn(uint64_t *seed)
{
	write_text("/sys/power/state", "freeze");
	usleep(500000 + pick(seed, 500000));
}

pid_t mode_begin(const char *mode, uint64_t seed)
{
	void (*turn)(uint64_t *seed);
	pid_t pid;

	if (!mode)
		return 0;
	if (!strcmp(mode, "memcg")) {
		if (memcg_begin())
			return -1;
		turn = memcg_turn;
	} else if (!strcmp(mode, "hotplug")) {
		if (access("/sys/devices/system/cpu/cpu1/online", W_OK))
			return cannot("the second processor cannot be taken offline");
		turn = hotplug_turn;
	} else if (!strcmp(mode, "suspend")) {
		if (write_text("/sys/power/pm_test", "devices"))
			return cannot("the machine cannot be suspended with pm_test");
		turn = suspend_turn;
	} else {
		fprintf(stderr, "evtorture: no mode '%s'; use memcg, hotplug or suspend\n", mode);
		return -1;
	}
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Make the OOM killer choose this process first. */
	write_text("/proc/self/oom_score_adj", "1000");
	for (;;) {
		pid_t child = fork();
		int status;

		if (!child) {
			for (;;)
				turn(&seed);
		}
		waitpid(child, &status, 0);
		seed = mix(seed, 1);
	}
}

void mode_end(const char *mode, pid_t helper)
{
	if (!helper)
		return;
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
	if (!strcmp(mode, "hotplug"))
		write_text("/sys/devices/system/cpu/cpu1/online", "1");
	if (!strcmp(mode, "suspend"))
		write_text("/sys/power/pm_test", "none");
}
