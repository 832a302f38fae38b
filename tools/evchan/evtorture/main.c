// SPDX-License-Identifier: GPL-2.0-only
/*
 * evtorture sends numbered events of all kinds of sources through small queues of both
 * interfaces, while consumers are cancelled and killed and registrations are added and
 * removed. Each event must come once and in order, and none may come after the call that
 * removed its registration has returned. A fault is printed with the seed that repeats the
 * random choices of its round.
 *
 * Each round is a process. This file starts it, waits for it and, if it hangs, prints the
 * state of its threads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes.h"
#include "torture.h"

/* Long enough for a round of the debug kernel on a host that does much else. */
#define HANG_S	240

struct world *world;

struct totals {
	uint64_t events, kills, cancels, deletes, rounds;
};

static struct totals *totals;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/*
 * Print a fault with one write(), so that lines of several processes do not mix. stdio is
 * not used, because a fork may copy its locks while they are held.
 */
void complain(const struct source *s, const char *format, ...)
{
	static const char *const faces[] = { "evchan", "kevent", "kevent ring",
					     "kevent own ring" };
	static const char *const modes[] = { "edge", "level", "oneshot" };
	char text[1536];
	va_list ap;
	int n;

	if (__atomic_add_fetch(&world->failures, 1, __ATOMIC_RELAXED) > 12)
		return;
	n = snprintf(text, sizeof(text), "evtorture: wrong: --seed %llu, round %u, %s%s, %u slots: ",
		     (unsigned long long)world->seed, world->round, faces[world->face],
		     world->by_commit ? " (committed)" : "", world->slots);
	if (s && s->kind)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "source %u, %s, %s: ",
			      s->index, s->kind->name, modes[s->mode]);
	va_start(ap, format);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		_exit(1);
}

static void show_file(const char *path)
{
	char buf[2048];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	close(fd);
}

/* If a thread waits for a mutex of glibc, print the task that holds the mutex. */
static void show_holder(pid_t pid, const char *syscall_path)
{
	char path[64];
	unsigned long address = 0;
	long number = -1;
	int word[3], fd;
	FILE *f = fopen(syscall_path, "r");

	if (!f)
		return;
	if (fscanf(f, "%ld %lx", &number, &address) == 2 && number == SYS_futex) {
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && pread(fd, word, sizeof(word), (off_t)address) == sizeof(word))
			printf("evtorture: the futex is %d; if it is a mutex, task %d holds it\n",
			       word[0], word[2]);
		close(fd);
	}
	fclose(f);
}

/* Print the system call and the stack of every thread of a process. */
static void show_stacks(pid_t pid)
{
	char path[400];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		printf("evtorture: thread %s of %d\n", d->d_name, pid);
		snprintf(path, sizeof(path), "/proc/%d/task/%s/syscall", pid, d->d_name);
		show_file(path);
		show_holder(pid, path);
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, d->d_name);
		show_file(path);
	}
	if (dir)
		closedir(dir);
}

/* A round does not end: print its threads, and test whether SIGKILL ends it. */
static int hung(pid_t pid, unsigned int round, uint64_t seed)
{
	printf("evtorture: wrong: --seed %llu, round %u does not end\n",
	       (unsigned long long)seed, round);
	show_stacks(pid);
	kill(-pid, SIGKILL);
	for (int i = 0; i < 300; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 1;
		usleep(100000);
	}
	printf("evtorture: wrong: SIGKILL does not end the round\n");
	show_stacks(pid);
	return 1;
}

static int one_round(uint64_t seed, unsigned int round, const char *only, double seconds,
		     bool leave_out)
{
	uint64_t until = now_ns() + (uint64_t)(seconds * 1e9) + HANG_S * 1000000000ULL;
	pid_t pid = fork();
	int status;

	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		status = run_round(seed, round, only, seconds, leave_out);
		totals->events += world->nr_log;
		totals->kills += world->kills;
		totals->cancels += world->cancels;
		totals->deletes += world->deletes;
		totals->rounds++;
		fflush(stdout);
		_exit(status);
	}
	setpgid(pid, pid);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ns() > until)
			return hung(pid, round, seed);
		usleep(5000);
	}
	kill(-pid, SIGKILL);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("evtorture: wrong: --seed %llu, round %u died of signal %d\n",
	       (unsigned long long)seed, round, WTERMSIG(status));
	return 1;
}

static void usage(void)
{
	puts("usage: evtorture [options]\n"
	     "  --seed N       seed of the random choices (default: the time)\n"
	     "  --seconds N    end after N seconds (10)\n"
	     "  --events N     end after N events\n"
	     "  --round N      run only round N\n"
	     "  --length S     length of a round in seconds (1)\n"
	     "  --only KIND    use only sources of this kind\n"
	     "  --without deleted   do not check for events of removed registrations\n"
	     "  --mode memcg|hotplug|suspend   meanwhile, keep memory short, take a processor\n"
	     "                 offline and online, or suspend the machine repeatedly\n"
	     "Exit status: 0; 1 if a fault was found; 2 for a wrong option; 4 if the machine\n"
	     "does not support the mode.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' },
		{ "events", 1, NULL, 'e' }, { "round", 1, NULL, 'r' },
		{ "length", 1, NULL, 'l' }, { "only", 1, NULL, 'o' },
		{ "without", 1, NULL, 'w' }, { "mode", 1, NULL, 'm' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	uint64_t seed = now_ns(), events = UINT64_MAX, begin = now_ns(), said = begin;
	double seconds = 10, length = 1;
	const char *only = NULL, *mode = NULL;
	long round = -1;
	bool leave_out = false;
	int c, failed = 0;
	pid_t helper;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 't': seconds = strtod(optarg, NULL); break;
		case 'e': events = strtoull(optarg, NULL, 0); break;
		case 'r': round = strtol(optarg, NULL, 0); break;
		case 'l': length = strtod(optarg, NULL); break;
		case 'o': only = optarg; break;
		case 'm': mode = optarg; break;
		case 'w':
			if (strcmp(optarg, "deleted")) {
				fprintf(stderr, "evtorture: --without takes 'deleted', not '%s'\n",
					optarg);
				return 2;
			}
			leave_out = true;
			break;
		case 'h': usage(); return 0;
		default: return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (evchan_create(NULL, 0) < 0 && errno == ENOSYS) {
		ec_perror("evtorture");
		return 2;
	}
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	kinds_begin();
	helper = mode_begin(mode, seed);
	if (helper < 0)
		return 4;
	printf("evtorture: --seed %llu\n", (unsigned long long)seed);
	for (unsigned int i = round < 0 ? 0 : (unsigned int)round; ; i++) {
		failed += one_round(seed, i, only, length, leave_out) != 0;
		if (round >= 0 || now_ns() > begin + (uint64_t)(seconds * 1e9) ||
		    totals->events >= events || failed >= 5)
			break;
		if (now_ns() < said + 5000000000ULL)
			continue;
		said = now_ns();
		printf("evtorture: %llu s, %llu rounds, %llu events, %d wrong\n",
		       (unsigned long long)((said - begin) / 1000000000),
		       (unsigned long long)totals->rounds, (unsigned long long)totals->events,
		       failed);
	}
	mode_end(mode, helper);
	printf("evtorture: %llu s, %llu rounds, %llu events, %llu deletions, %llu consumers killed and %llu cancelled: %d rounds wrong\n",
	       (unsigned long long)((now_ns() - begin) / 1000000000),
	       (unsigned long long)totals->rounds, (unsigned long long)totals->events,
	       (unsigned long long)totals->deletes, (unsigned long long)totals->kills,
	       (unsigned long long)totals->cancels, failed);
	return failed != 0;
}
