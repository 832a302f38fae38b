// SPDX-License-Identifier: GPL-2.0-only
/*
 * evstat: a table of the queues of both interfaces, from /proc/PID/fdinfo alone. evstat(1)
 * describes it.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "evstat.h"

static struct termios old_terminal;
static bool terminal_changed;
static volatile sig_atomic_t ended;

void die(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("evstat: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* Make room for element @n of an array whose sizes are powers of two. */
void *more(void *old, size_t n, size_t size)
{
	if (n & (n - 1) || n == 1)
		return old;
	old = realloc(old, (n ? 2 * n : 2) * size);
	if (!old)
		die("out of memory");
	return old;
}

static void usage(FILE *to)
{
	fputs("usage: evstat [options]\n"
	      "  -p, --pid PID      only this process (may be given several times)\n"
	      "  -s, --sources      list the sources of each queue\n"
	      "  -1, --once         print totals once and end\n"
	      "  -i, --interval S   seconds between two looks (1)\n"
	      "  -j, --json         print JSON, one line for each look\n"
	      "      --proc DIR     read DIR instead of /proc\n", to);
}

static void add_pid(struct options *o, const char *text)
{
	o->pids = more(o->pids, o->nr_pids, sizeof(*o->pids));
	o->pids[o->nr_pids++] = parse_pid(text);
}

static void parse_interval(struct options *o, const char *text)
{
	char *end;

	o->interval = strtod(text, &end);
	if (!*text || *end || !(o->interval >= 0.01 && o->interval <= 86400))
		die("'%s' is no interval; give seconds from 0.01 to 86400", text);
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "sources", no_argument, NULL, 's' },
		{ "once", no_argument, NULL, '1' },
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "proc", required_argument, NULL, 'P' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:s1i:jh", longs, NULL)) >= 0) {
		switch (c) {
		case 'p': add_pid(o, optarg); break;
		case 's': o->sources = true; break;
		case '1': o->once = true; break;
		case 'i': parse_interval(o, optarg); break;
		case 'j': o->json = true; break;
		case 'P': o->proc = optarg; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind < argc)
		die("'%s' is no option; a process is named with -p", argv[optind]);
}

static void on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

static void restore_terminal(void)
{
	if (terminal_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &old_terminal);
	terminal_changed = false;
}

/* Have keys arrive at once, and not be shown. */
static void prepare_terminal(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct termios t;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* A background job that changed the terminal would be stopped. */
	if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &old_terminal))
		return;
	t = old_terminal;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	terminal_changed = !tcsetattr(STDIN_FILENO, TCSANOW, &t);
	atexit(restore_terminal);
}

/* Wait for an interval; true if q was pressed, or a signal came. */
static bool pause_or_quit(double seconds)
{
	struct pollfd key = { .fd = terminal_changed ? STDIN_FILENO : -1, .events = POLLIN };
	struct timespec t = { (time_t)seconds, (long)(fmod(seconds, 1) * 1e9) };
	char c;

	if (ppoll(&key, 1, &t, NULL) > 0)
		return read(STDIN_FILENO, &c, 1) <= 0 || c == 'q' || c == 'Q';
	return ended;
}

static void check_first(const struct options *o, const struct snapshot *s, bool gone)
{
	if (gone)
		die("process %d does not exist", (int)o->pids[0]);
	if (!s->nr_queues && !strcmp(o->proc, "/proc") && access("/proc/sys/fs/evcore", F_OK))
		die("this kernel has neither kevent nor event channels; boot one with CONFIG_EVCORE "
		    "(make patch), or use tools/evchan/vm -- COMMAND");
}

int main(int argc, char **argv)
{
	struct options o = { .proc = "/proc", .interval = 1 };
	struct snapshot now, before = { 0 };
	bool terminal, gone, live;

	parse(&o, argc, argv);
	terminal = isatty(STDOUT_FILENO);
	live = terminal && !o.once && !o.json;
	/* A screen is written at once. */
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	take_snapshot(&o, &now, &gone);
	check_first(&o, &now, gone);
	if (live)
		prepare_terminal();
	for (;;) {
		/* Home; the rest of the screen is cleared below. */
		if (live)
			printf("\033[H\033[2J");
		if (o.json)
			show_json(&now);
		else
			show_table(&o, &now, terminal);
		if (ferror(stdout))
			return 1;
		if (o.once || pause_or_quit(o.interval))
			break;
		free_snapshot(&before);
		before = now;
		take_snapshot(&o, &now, &gone);
		if (gone) {
			restore_terminal();
			fprintf(stderr, "evstat: process %d has ended\n", (int)o.pids[0]);
			break;
		}
		set_rates(&now, &before);
		if (!o.json && !live)
			putchar('\n');
	}
	free_snapshot(&now);
	free_snapshot(&before);
	free(o.pids);
	return 0;
}
