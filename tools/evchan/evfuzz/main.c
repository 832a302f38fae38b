// SPDX-License-Identifier: GPL-2.0-only
/*
 * evfuzz runs random programs of calls in children that are killed at any time. If KCOV is
 * built in, a program that reaches new code is kept and varied. The kernel itself finds most
 * faults (KASAN, lockdep, KCSAN), and the guest's runner reports them. evfuzz reports a
 * child that SIGKILL does not end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define PROGRAMS	100	/* programs that a child runs */
#define CHILD_MS	1500	/* time after which a child is killed */
#define STALL_MS	100	/* it is killed earlier if no call returned for so long */
#define HANG_MS		30000	/* and then the time in which it must end */
#define STEP_MS		100	/* see judged_ms() */

struct running {
	pid_t pid;		/* 0: no child runs in this place */
	uint64_t seed, begin, limit;
	uint64_t calls, moved;	/* what it had counted, and when that last changed */
	bool killed;
};

struct shared *shared;
struct place *own;
bool leave_out_graphs;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/*
 * The clock by which children are judged. A virtual machine can stand still for half a
 * minute while its clock goes on. This process then did not run either, so two looks at
 * the clock are far apart, and the time between them counts as STEP_MS at most.
 */
static uint64_t judged_ms(void)
{
	static uint64_t last, judged;
	uint64_t now = now_ms(), step = now - last;

	judged += step < STEP_MS ? step : STEP_MS;
	last = now;
	return judged;
}

/* Thread that closes and replaces descriptors while programs use them. */
static void *closer(void *arg)
{
	uint64_t state = *(uint64_t *)arg;

	for (;;) {
		int fd = 10 + (int)draw(&state, 40);

		usleep(draw(&state, 3000));
		if (draw(&state, 2))
			close(fd);
		else
			dup2(10 + (int)draw(&state, 40), fd);
	}
	return NULL;
}

static _Noreturn void child(uint64_t seed, bool other_user)
{
	struct rlimit files = { 64, 64 }, core = { 0, 0 };
	uint64_t state = seed;
	struct program p;
	pthread_t thread;

	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	/* Programs write to any descriptor number: redirect ours, or they would write there. */
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close(null);
	setrlimit(RLIMIT_CORE, &core);
	ops_begin();
	cover_begin();
	setrlimit(RLIMIT_NOFILE, &files);
	if (other_user && (setgid(1000) || setuid(1000)))
		_exit(1);
	/* With this thread the run of a child is not repeatable, so start it in a quarter. */
	if (!draw(&state, 4))
		pthread_create(&thread, NULL, closer, &seed);
	for (int i = 0; i < PROGRAMS; i++) {
		make_program(&p, &state);
		own->now = p;
		cover_start();
		execute(&p);
		if (cover_new())
			keep_program(&p);
	}
	_exit(0);
}

static void show(pid_t pid, const char *what)
{
	char path[64], buf[2048];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	close(fd);
}

/* SIGKILL did not end a child: print the program and the state of all tasks left. */
static int hung(const struct running *r, const struct place *place)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	printf("evfuzz: wrong: --seed %llu: a child survived SIGKILL; its program is:\n",
	       (unsigned long long)r->seed);
	for (uint32_t i = 0; i < place->now.length; i++)
		printf("%02x", place->now.bytes[i]);
	puts("");
	while (dir && (d = readdir(dir))) {
		char path[300], name[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		f = fopen(path, "r");
		if (f && fgets(name, sizeof(name), f) && !strcmp(name, "evfuzz\n") &&
		    atoi(d->d_name) != getpid()) {
			printf("evfuzz: process %s\n", d->d_name);
			show(atoi(d->d_name), "status");
			show(atoi(d->d_name), "syscall");
			show(atoi(d->d_name), "stack");
		}
		if (f)
			fclose(f);
	}
	fflush(stdout);
	return 3;
}

static void start(struct running *r, struct place *place, uint64_t seed, bool other_user)
{
	uint64_t state = seed ^ 0x5a5a, now = judged_ms();

	*r = (struct running){
		.seed = seed, .begin = now, .moved = now, .calls = place->calls,
		.limit = draw(&state, 8) ? CHILD_MS : draw(&state, 200),
	};
	own = place;
	r->pid = fork();
	if (!r->pid)
		child(seed, other_user);
	if (r->pid < 0)
		r->pid = 0;
}

/* Kill a child at the end of its time. Return: 0, or 3 if it survives. */
static int look_at(struct running *r, const struct place *place)
{
	uint64_t now = judged_ms(), calls = __atomic_load_n(&place->calls, __ATOMIC_RELAXED);

	if (!r->pid)
		return 0;
	if (waitpid(r->pid, NULL, WNOHANG) == r->pid) {
		kill(-r->pid, SIGKILL);
		r->pid = 0;
		return 0;
	}
	if (r->calls != calls) {
		r->calls = calls;
		r->moved = now;
	}
	if (!r->killed && (now - r->begin > r->limit || now - r->moved > STALL_MS)) {
		kill(-r->pid, SIGKILL);
		kill(r->pid, SIGKILL);
		r->killed = true;
		r->begin = now;
	}
	return r->killed && now - r->begin > HANG_MS ? hung(r, place) : 0;
}

/* Print the sums of all children; "end" is how the line ends. */
static uint64_t report(uint64_t ms, const char *end)
{
	uint64_t calls = 0, refused = 0, programs = 0;

	for (int i = 0; i < CHILDREN_MAX; i++) {
		calls += shared->places[i].calls;
		refused += shared->places[i].refused;
		programs += shared->places[i].programs;
	}
	if (end)
		printf("evfuzz: %llu s, %llu calls (%llu refused), %llu programs, %u kept, %u places%s\n",
		       (unsigned long long)(ms / 1000), (unsigned long long)calls,
		       (unsigned long long)refused, (unsigned long long)programs, corpus_size(),
		       shared->nr_cover, end);
	return calls;
}

static void usage(void)
{
	puts("usage: evfuzz [options]\n"
	     "  --seed N         seed; it repeats the programs, except with KCOV\n"
	     "  --calls N        end after N calls (100000)\n"
	     "  --children N     N children at a time (4 for each processor)\n"
	     "  --seconds N      end after N seconds\n"
	     "  --user           run all children as uid 1000, not only every second one\n"
	     "  --corpus DIR     start with the programs in DIR\n"
	     "  --save DIR       write the programs that were read and found to DIR\n"
	     "  --coverage FILE  write the addresses of the code that was reached to FILE\n"
	     "  --without graphs do not make queues and epoll sets that watch each other\n"
	     "Exit status: 0; 2 for a wrong option; 3 if a child survived SIGKILL.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "calls", 1, NULL, 'n' }, { "seconds", 1, NULL, 't' },
		{ "children", 1, NULL, 'j' },
		{ "user", 0, NULL, 'u' }, { "corpus", 1, NULL, 'c' }, { "save", 1, NULL, 'o' },
		{ "coverage", 1, NULL, 'v' }, { "without", 1, NULL, 'w' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	uint64_t seed = now_ms(), calls = 100000, begin = now_ms(), said = begin;
	uint64_t limit = UINT64_MAX, started = 0;
	long children = 4 * sysconf(_SC_NPROCESSORS_ONLN);
	static struct running running[CHILDREN_MAX];
	const char *corpus = NULL, *save = NULL, *coverage = NULL;
	int c, ret = 0;
	bool user = false;

	if (syscall(565, NULL, 0) < 0 && errno == ENOSYS) {
		fprintf(stderr, "evfuzz: this kernel has no event channels; boot one with CONFIG_EVCHAN "
			"(make patch), or use tools/evchan/vm -- COMMAND\n");
		return 2;
	}
	/* Close inherited descriptors, so that programs cannot write to them. */
	close_range(3, ~0U, 0);
	/* Place it far from other mappings, which programs write to and unmap. */
	shared = mmap((void *)0x200000000000, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (shared == MAP_FAILED) {
		perror("evfuzz");
		return 2;
	}
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'n': calls = strtoull(optarg, NULL, 0); break;
		case 't': limit = strtoull(optarg, NULL, 0) * 1000; break;
		case 'j': children = strtol(optarg, NULL, 0); break;
		case 'u': user = true; break;
		case 'c': corpus = optarg; break;
		case 'o': save = optarg; break;
		case 'v': coverage = optarg; break;
		case 'w':
			leave_out_graphs = !strcmp(optarg, "graphs");
			if (leave_out_graphs)
				break;
			fprintf(stderr, "evfuzz: --without takes 'graphs', not '%s'\n", optarg);
			return 2;
		case 'h': usage(); return 0;
		default: return 2;
		}
	}
	if (children < 1 || children > CHILDREN_MAX) {
		fprintf(stderr, "evfuzz: --children takes a number from 1 to %d\n", CHILDREN_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (corpus && corpus_read(corpus))
		fprintf(stderr, "evfuzz: --corpus %s: %s\n", corpus, strerror(errno));
	printf("evfuzz: --seed %llu, %u programs to begin with, %s\n", (unsigned long long)seed,
	       shared->nr_corpus, access("/sys/kernel/debug/kcov", F_OK) ? "unguided" : "guided by KCOV");
	for (bool more = true, busy = true; busy && !ret;) {
		busy = false;
		for (int i = 0; i < children && !ret; i++) {
			struct running *r = &running[i];

			if (!r->pid && more) {
				start(r, &shared->places[i], seed + started * 0x1000003,
				      user || started & 1);
				started++;
			}
			ret = look_at(r, &shared->places[i]);
			busy |= r->pid || more;
		}
		more = report(0, NULL) < calls && now_ms() - begin < limit;
		if (now_ms() >= said + 5000) {
			said = now_ms();
			report(said - begin, "");
		}
		usleep(1000);
	}
	report(now_ms() - begin, ret ? ": wrong" : ": nothing hung");
	if (save && corpus_write(save))
		fprintf(stderr, "evfuzz: --save %s: %s\n", save, strerror(errno));
	if (coverage && !cover_write(coverage))
		fprintf(stderr, "evfuzz: --coverage %s: %s\n", coverage, strerror(errno));
	return ret;
}
