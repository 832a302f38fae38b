// SPDX-License-Identifier: GPL-2.0-only
/*
 * evtrace: run a program, or follow a running one, and print its calls of both interfaces and
 * the events that come into its rings. evtrace(1) describes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#include "evtrace.h"

/**
 * struct task - a traced task
 * @group: its process
 * @in_call: inside @call; a call that was under way when it was attached is not printed
 */
struct task {
	struct task *after;
	pid_t tid, group;
	bool in_call;
	struct call call;
};

static struct task *tasks;
static unsigned int nr_tasks;
static FILE *out;
static const char *out_name;
static bool follow;
/* The task whose call is on the unfinished line at the end of the output. */
static struct task *open_line;
/* The process that evtrace started, and how it ended. */
static pid_t started;
static int started_status;
/* The task for which rings_show() prints. */
static struct task *shown;
static volatile sig_atomic_t ended;

void die(const char *format, ...)
{
	va_list ap;

	fputs("evtrace: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void usage(FILE *to)
{
	fputs("usage: evtrace [-f] [-o FILE] PROGRAM [ARGUMENT...]\n"
	      "       evtrace [-f] [-o FILE] -p PID\n"
	      "  -f, --follow       follow child processes as well\n"
	      "  -o, --output FILE  write to FILE, not to standard error\n"
	      "  -p, --pid PID      follow a process that is running (may be given several times)\n",
	      to);
}

/* --- lines --- */

static void begin_line(const struct task *t)
{
	if (open_line)
		fputs(" <unfinished ...>\n", out);
	open_line = NULL;
	if (nr_tasks > 1 || follow)
		fprintf(out, out_name ? "%d " : "[pid %d] ", (int)t->tid);
}

static void begin_shown(void)
{
	begin_line(shown);
}

static void show_rings(struct task *t, int fd)
{
	shown = t;
	rings_show(out, t->group, fd, begin_shown);
}

/* --- tasks --- */

static struct task *find_task(pid_t tid)
{
	struct task *t = tasks;

	while (t && t->tid != tid)
		t = t->after;
	return t;
}

static pid_t group_of(pid_t tid)
{
	char path[64], line[128];
	int group = tid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &group) == 1)
			break;
	if (f)
		fclose(f);
	return group;
}

static struct task *add_task(pid_t tid)
{
	struct task *t = find_task(tid);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		die("out of memory");
	t->tid = tid;
	t->group = group_of(tid);
	t->after = tasks;
	tasks = t;
	nr_tasks++;
	return t;
}

static void remove_task(struct task *t)
{
	struct task **at = &tasks;
	pid_t group = t->group;
	bool last = true;

	if (open_line == t) {
		fputs(" <unfinished ...>\n", out);
		open_line = NULL;
	}
	while (*at != t)
		at = &(*at)->after;
	*at = t->after;
	nr_tasks--;
	free(t);
	for (t = tasks; t; t = t->after)
		last = last && t->group != group;
	if (last)
		rings_forget(group);
}

static int options(void)
{
	return PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
	       PTRACE_O_TRACEEXIT | (follow ? PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK : 0);
}

static void attach_error(pid_t pid)
{
	if (errno == ESRCH)
		die("process %d does not exist", (int)pid);
	if (errno == EPERM)
		die("process %d belongs to another user or is traced already; run evtrace as root, or end the other tracer",
		    (int)pid);
	die("process %d: %s", (int)pid, strerror(errno));
}

/* Attach to the threads of a process. Threads that begin meanwhile are found by a second look. */
static void attach(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	bool found = true;
	DIR *dir;

	if (ptrace(PTRACE_SEIZE, pid, 0, options()))
		attach_error(pid);
	add_task(pid);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	while (found) {
		found = false;
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			pid_t tid = atoi(entry->d_name);

			if (tid > 0 && !find_task(tid) &&
			    !ptrace(PTRACE_SEIZE, tid, 0, options())) {
				add_task(tid);
				found = true;
			}
		}
		if (dir)
			closedir(dir);
	}
	rings_of_running(pid);
	for (struct task *t = tasks; t; t = t->after)
		if (t->group == pid)
			ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
}

/* Start a program; it begins when it is attached. */
static void start(char **argv)
{
	int go[2];
	pid_t pid;
	char c;

	if (pipe2(go, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		execvp(argv[0], argv);
		dprintf(STDERR_FILENO, "evtrace: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, options())) {
		int error = errno;

		kill(pid, SIGKILL);
		errno = error;
		attach_error(pid);
	}
	add_task(pid);
	started = pid;
	/* From the first stop on, the task stops at each call. */
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	close(go[0]);
	if (write(go[1], "", 1) != 1)
		die("%s: %s", argv[0], strerror(errno));
	close(go[1]);
}

/* --- stops --- */

static void call_begins(struct task *t)
{
	t->in_call = true;
	if (!is_ours(&t->call)) {
		shown = t;
		rings_before_call(out, t->group, &t->call, begin_shown);
		return;
	}
	/* What came and was taken since the last wait. */
	if (waited_fd(&t->call) >= 0)
		show_rings(t, waited_fd(&t->call));
	begin_line(t);
	print_begin(out, t->tid, &t->call);
	open_line = t;
}

static void call_ends(struct task *t, int64_t result)
{
	if (!t->in_call)
		return;
	t->in_call = false;
	rings_after_call(t->group, &t->call, result);
	if (!is_ours(&t->call))
		return;
	if (open_line != t) {
		begin_line(t);
		fprintf(out, "<... %s resumed>", call_name(&t->call));
	}
	open_line = NULL;
	print_end(out, t->tid, &t->call, result);
	if (t->call.nr == NR_KEVENT_GET_EVENTS)
		rings_skip(t->group, waited_fd(&t->call));
	else if (waited_fd(&t->call) >= 0)
		show_rings(t, waited_fd(&t->call));
}

static void syscall_stop(struct task *t)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		t->call.nr = info.entry.nr;
		t->call.arch = info.arch;
		memcpy(t->call.args, info.entry.args, sizeof(t->call.args));
		call_begins(t);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		call_ends(t, info.exit.rval);
	}
}

static void new_task(struct task *parent, bool process)
{
	unsigned long tid;
	struct task *t;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &tid))
		return;
	t = add_task((pid_t)tid);
	/* clone() can make a process as well. */
	if (process || t->group != parent->group)
		rings_fork(parent->group, t->group);
}

/* The task that calls exec gets the number of its process, and the others end. */
static void exec_stop(struct task *t)
{
	unsigned long old;

	if (!ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &old) && (pid_t)old != t->tid) {
		struct task *other = find_task((pid_t)old);

		if (other)
			remove_task(other);
	}
	/* The call that is under way is exec now, whatever this task did before. */
	if (open_line == t) {
		fputs(" <unfinished ...>\n", out);
		open_line = NULL;
	}
	t->in_call = false;
	rings_forget(t->group);
}

static void exit_stop(struct task *t)
{
	unsigned int others = 0;

	for (struct task *o = tasks; o; o = o->after)
		others += o != t && o->group == t->group;
	/* Its memory is still there. */
	if (!others)
		show_rings(t, -1);
}

static void signal_stop(struct task *t, int signo)
{
	const char *name = sigabbrev_np(signo);
	siginfo_t info = { 0 };

	ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info);
	begin_line(t);
	fprintf(out, name ? "--- SIG%s" : "--- %s", name ?: "");
	if (!name)
		fprintf(out, "%d", signo);
	fprintf(out, info.si_code <= 0 ? " from process %d ---\n" : " ---\n",
		(int)info.si_pid);
}

/* Returns the signal to deliver; *@request is how to go on. */
static int stopped(struct task *t, int status, int *request)
{
	int event = status >> 16, signo = WSTOPSIG(status);

	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		new_task(t, true);
		return 0;
	case PTRACE_EVENT_CLONE:
		new_task(t, false);
		return 0;
	case PTRACE_EVENT_EXEC:
		exec_stop(t);
		return 0;
	case PTRACE_EVENT_EXIT:
		exit_stop(t);
		return 0;
	case PTRACE_EVENT_STOP:
		/* A group stop lasts until SIGCONT; other stops are those of attaching. */
		if (signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU)
			*request = PTRACE_LISTEN;
		return 0;
	}
	if (signo == (SIGTRAP | 0x80)) {
		syscall_stop(t);
		return 0;
	}
	signal_stop(t, signo);
	return signo;
}

static void task_ended(struct task *t, int status)
{
	if (t->tid == started)
		started_status = status;
	/* A thread that ends needs no line. */
	if (t->tid == t->group) {
		const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

		begin_line(t);
		if (WIFEXITED(status))
			fprintf(out, "+++ exited with %d +++\n", WEXITSTATUS(status));
		else
			fprintf(out, "+++ killed by SIG%s +++\n", name ?: "?");
	}
	remove_task(t);
}

/* Handle what waitpid() returned. A child may stop before its parent's stop names it. */
static void handle(pid_t tid, int status)
{
	struct task *t = find_task(tid);
	int request = PTRACE_SYSCALL, signo;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (t)
			task_ended(t, status);
		return;
	}
	if (!WIFSTOPPED(status))
		return;
	if (!t)
		t = add_task(tid);
	signo = stopped(t, status, &request);
	fflush(out);
	/* It fails if the task was killed meanwhile; waitpid() says so next. */
	ptrace(request, tid, 0, signo);
}

static void on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

/*
 * Signals of the terminal are for the program that evtrace has started, which gets them as
 * well. Otherwise they end evtrace, and the kernel lets the tasks go.
 */
static void set_signals(void)
{
	struct sigaction sa = { .sa_handler = started ? SIG_IGN : on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	sa.sa_handler = on_signal;
	sigaction(SIGTERM, &sa, NULL);
}

/* End as the program did. */
static int end(void)
{
	struct rlimit none = { 0, 0 };

	if (!started)
		return 0;
	if (WIFEXITED(started_status))
		return WEXITSTATUS(started_status);
	if (WIFSIGNALED(started_status)) {
		setrlimit(RLIMIT_CORE, &none);
		signal(WTERMSIG(started_status), SIG_DFL);
		raise(WTERMSIG(started_status));
		return 128 + WTERMSIG(started_status);
	}
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "pid", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	pid_t pids[64], tid;
	unsigned int nr_pids = 0;
	int c, status;

	/* + ends the options at the program's name. */
	while ((c = getopt_long(argc, argv, "+fo:p:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'f': follow = true; break;
		case 'o': out_name = optarg; break;
		case 'p':
			if (nr_pids == sizeof(pids) / sizeof(*pids))
				die("at most %u processes can be named", nr_pids);
			pids[nr_pids++] = parse_pid(optarg);
			break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (!nr_pids == (optind == argc)) {
		usage(stderr);
		return 2;
	}
	out = out_name ? fopen(out_name, "we") : stderr;
	if (!out)
		die("%s: %s", out_name, strerror(errno));
	/* A line of a call is written in pieces. */
	setvbuf(out, NULL, _IOFBF, 1 << 16);
	if (nr_pids)
		for (unsigned int i = 0; i < nr_pids; i++)
			attach(pids[i]);
	else
		start(argv + optind);
	set_signals();
	while (nr_tasks && !ended) {
		tid = waitpid(-1, &status, __WALL);
		if (tid > 0)
			handle(tid, status);
		else if (errno != EINTR)
			break;
	}
	if (open_line)
		fputs(" <unfinished ...>\n", out);
	if (fflush(out) || ferror(out))
		die("%s: cannot be written", out_name ?: "standard error");
	return ended ? 0 : end();
}
