// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find queues in /proc and read their fdinfo. A process or a descriptor that goes away while
 * it is read is left out.
 *
 * fdinfo of older kernels has numbers where that of newer ones has names, and no lines for the
 * ring, for what waits outside it, and for waiters. Both are read.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/evchan.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "evstat.h"
#include "names.h"

const char *const counter_names[NR_COUNTERS] = {
	"posted", "merged", "overflowed", "drained", "wakes",
};

static bool is_number(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == 0;
}

/* The value of " key:" in a source's line, as a string in @value; false if it is not there. */
static bool field(const char *line, const char *key, char *value, size_t size)
{
	char start[32];
	const char *at;
	size_t n;

	snprintf(start, sizeof(start), " %s:", key);
	at = strstr(line, start);
	if (!at)
		return false;
	at += strlen(start);
	n = strcspn(at, " \n");
	snprintf(value, size, "%.*s", (int)n, at);
	return true;
}

static uint64_t number(const char *line, const char *key, int base)
{
	char text[32];

	return field(line, key, text, sizeof(text)) ? strtoull(text, NULL, base) : 0;
}

/* Is the id of this type a descriptor, in its low half? */
static bool watches_fd(const char *type)
{
	static const char *const types[] = { "poll", "socket", "pipe", "process", "mqueue" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static void describe_timer(struct source *s, const char *line)
{
	uint64_t interval = number(line, "interval", 10);
	char every[32];

	put_duration(every, sizeof(every), interval);
	snprintf(s->what, sizeof(s->what), "timer %s, fired %" PRIu64, interval ? every : "once",
		 number(line, "fired", 10));
}

static void describe_signal(struct source *s, const char *line)
{
	int signo = (int)number(line, "signal", 10);
	const char *name = sigabbrev_np(signo);
	char text[16];

	snprintf(text, sizeof(text), name ? "SIG%s" : "%s", name ?: "");
	if (!name)
		snprintf(text, sizeof(text), "signal %d", signo);
	snprintf(s->what, sizeof(s->what), "%s%s", text,
		 strstr(line, " only") ? ", not delivered" : "");
}

static void describe(struct source *s, const char *line)
{
	char text[32], dev[32] = "0";

	if (!strcmp(s->type, "timer"))
		describe_timer(s, line);
	else if (!strcmp(s->type, "signal"))
		describe_signal(s, line);
	else if (!strcmp(s->type, "posix_timer"))
		snprintf(s->what, sizeof(s->what), "timer id %u", (uint32_t)s->id);
	else if (!strcmp(s->type, "user"))
		snprintf(s->what, sizeof(s->what), "id 0x%" PRIx64, s->id);
	else if (field(line, "address", text, sizeof(text)))
		snprintf(s->what, sizeof(s->what), "address 0x%s", text);
	else if (field(line, "ino", text, sizeof(text)) && field(line, "sdev", dev, sizeof(dev)))
		/* As in /proc/PID/maps; the kernel's numbers have 20 bits for the minor. */
		snprintf(s->what, sizeof(s->what), "inode %llu of device %llx:%llx",
			 strtoull(text, NULL, 16), strtoull(dev, NULL, 16) >> 20,
			 strtoull(dev, NULL, 16) & 0xfffff);
}

/* The modes of the old form. Other bits are the kernel's own, or kevent's form of the same. */
static void put_modes(struct source *s, uint64_t flags)
{
	char *at = s->flags;

	flags &= 0x31f;
	if (!(flags & (EVCHAN_LEVEL | EVCHAN_ONESHOT)))
		at = stpcpy(at, flags ? "edge," : "edge");
	short_flags(at, sizeof(s->flags) - (size_t)(at - s->flags), &source_flags, flags);
}

/* Parse a line that begins with "source:". */
static void add_source(const struct options *o, struct queue *q, const char *line)
{
	char type[32] = "?", events[128] = "", flags[96] = "";
	struct source *s;

	q->sources = more(q->sources, q->nr_sources, sizeof(*s));
	s = &q->sources[q->nr_sources++];
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	field(line, "type", type, sizeof(type));
	field(line, "events", events, sizeof(events));
	field(line, "flags", flags, sizeof(flags));
	s->id = number(line, "id", 16);
	if (is_number(type)) {
		unsigned int nr = (unsigned int)strtoul(type, NULL, 10);

		snprintf(s->type, sizeof(s->type), "%.15s", type_name(nr) ?: type);
		short_flags(s->events, sizeof(s->events), event_names(FACE_EVCHAN, nr),
			    strtoull(events, NULL, 16));
		put_modes(s, strtoull(flags, NULL, 16));
	} else {
		snprintf(s->type, sizeof(s->type), "%.15s", type);
		snprintf(s->events, sizeof(s->events), "%s", events);
		snprintf(s->flags, sizeof(s->flags), "%s", flags);
	}
	if (watches_fd(s->type)) {
		s->fd = (int)(uint32_t)s->id;
		if (o->sources || o->json)
			resolve_fd(o->proc, q->pid, s->fd, s->what, sizeof(s->what));
	} else {
		describe(s, line);
	}
}

static void parse_line(const struct options *o, struct queue *q, char *line)
{
	char *value = strchr(line, ':');

	if (!strncmp(line, "source:", 7)) {
		add_source(o, q, line);
		return;
	}
	if (!value)
		return;
	*value++ = 0;
	value += strspn(value, " \t");
	value[strcspn(value, "\n")] = 0;
	if (!strcmp(line, "face"))
		snprintf(q->face, sizeof(q->face), "%.15s", value);
	else if (!strcmp(line, "waiting"))
		q->waiting = atol(value);
	else if (!strcmp(line, "waiters"))
		q->waiters = atol(value);
	else if (!strcmp(line, "ring") && sscanf(value, "%ld of %ld", &q->used, &q->entries) != 2)
		q->used = q->entries = 0;
	for (int i = 0; i < NR_COUNTERS; i++)
		if (!strcmp(line, counter_names[i]))
			q->total[i] = strtoull(value, NULL, 10);
}

/*
 * In the old form, a queue without a ring counts each event as overflowed, which looks like
 * trouble. A queue with a ring posts before it overflows.
 */
static void mend_old_form(struct queue *q)
{
	if (q->entries != UNKNOWN || q->total[POSTED] || !q->total[OVERFLOWED])
		return;
	q->entries = q->used = 0;
	q->total[POSTED] = q->total[OVERFLOWED];
	q->total[OVERFLOWED] = q->total[DRAINED] = 0;
}

/* The kernel lists sources in no order that means anything. */
static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int by_type = strcmp(x->type, y->type);

	if (by_type || x->fd != y->fd)
		return by_type ?: x->fd - y->fd;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Read the fdinfo of a queue. Returns 0, or -errno. */
static int read_queue(const struct options *o, struct queue *q)
{
	char path[256], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/fdinfo/%d", o->proc, (int)q->pid, q->fd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	q->entries = q->used = q->waiting = q->waiters = UNKNOWN;
	while (getline(&line, &size, f) > 0)
		parse_line(o, q, line);
	free(line);
	fclose(f);
	mend_old_form(q);
	if (q->nr_sources)
		qsort(q->sources, q->nr_sources, sizeof(*q->sources), compare_sources);
	/* The descriptor may be another file by now. */
	return *q->face ? 0 : -ENOENT;
}

static void free_queue(struct queue *q)
{
	free(q->sources);
}

/* The command and the time when the process began. */
static void read_stat(const struct options *o, struct queue *q)
{
	char path[256], text[512], *open, *close;
	FILE *f;
	size_t n;

	strcpy(q->command, "?");
	snprintf(path, sizeof(path), "%s/%d/stat", o->proc, (int)q->pid);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return;
	*close = 0;
	snprintf(q->command, sizeof(q->command), "%.31s", open + 1);
	for (char *p = q->command; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	close++;
	for (int i = 0; i < 20 && close; i++)
		close = strchr(close + 1, ' ');
	if (close)
		q->start = strtoull(close, NULL, 10);
}

/* Kernel threads and zombies have no command line, and no descriptors. */
static bool may_have_files(const struct options *o, pid_t pid)
{
	char path[256], c;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%d/cmdline", o->proc, (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(&c, 1, 1, f);
	fclose(f);
	return n == 1;
}

static bool is_queue(const struct options *o, pid_t pid, const char *fd)
{
	char path[512], link[32];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/fd/%.32s", o->proc, (int)pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = 0;
	return !strcmp(link, "anon_inode:[evchan]") || !strcmp(link, "anon_inode:[kevent]");
}

static int compare_fds(const void *a, const void *b)
{
	return ((const struct queue *)a)->fd - ((const struct queue *)b)->fd;
}

/* Add the queues of a process. Returns 0, or -errno if the process cannot be read. */
static int scan_process(const struct options *o, struct snapshot *s, pid_t pid)
{
	unsigned int first = s->nr_queues;
	struct dirent *entry;
	char path[256];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/fd", o->proc, (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct queue q = { .pid = pid, .fd = atoi(entry->d_name) };

		if (!is_number(entry->d_name) || !is_queue(o, pid, entry->d_name))
			continue;
		ret = read_queue(o, &q);
		if (ret) {
			free_queue(&q);
			if (ret == -EACCES || ret == -EPERM)
				break;
			ret = 0;
			continue;
		}
		read_stat(o, &q);
		s->queues = more(s->queues, s->nr_queues, sizeof(q));
		s->queues[s->nr_queues++] = q;
	}
	closedir(dir);
	if (s->nr_queues > first)
		qsort(s->queues + first, s->nr_queues - first, sizeof(*s->queues), compare_fds);
	return ret;
}

static int compare_pids(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

static void scan_all(const struct options *o, struct snapshot *s)
{
	struct dirent *entry;
	pid_t *pids = NULL;
	unsigned int n = 0;
	DIR *dir = opendir(o->proc);

	if (!dir)
		die("%s: %s; mount it, or name another directory with --proc", o->proc,
		    strerror(errno));
	while ((entry = readdir(dir)))
		if (is_number(entry->d_name)) {
			pids = more(pids, n, sizeof(*pids));
			pids[n++] = atoi(entry->d_name);
		}
	closedir(dir);
	if (n)
		qsort(pids, n, sizeof(*pids), compare_pids);
	for (unsigned int i = 0; i < n; i++) {
		int ret = scan_process(o, s, pids[i]);

		if ((ret == -EACCES || ret == -EPERM) && may_have_files(o, pids[i]))
			s->unreadable++;
	}
	free(pids);
}

void take_snapshot(const struct options *o, struct snapshot *s, bool *gone)
{
	struct timespec now;

	memset(s, 0, sizeof(*s));
	forget_sockets();
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->when = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	*gone = o->nr_pids > 0;
	for (unsigned int i = 0; i < o->nr_pids; i++) {
		int ret = scan_process(o, s, o->pids[i]);

		if (ret == -EACCES || ret == -EPERM)
			die("process %d belongs to another user or is protected; run evstat as root",
			    (int)o->pids[i]);
		if (!ret)
			*gone = false;
	}
	if (!o->nr_pids)
		scan_all(o, s);
}

void free_snapshot(struct snapshot *s)
{
	for (unsigned int i = 0; i < s->nr_queues; i++)
		free_queue(&s->queues[i]);
	free(s->queues);
	memset(s, 0, sizeof(*s));
}

/* The same queue in an earlier snapshot. A counter that went back is one of a new queue. */
static const struct queue *find_before(const struct snapshot *before, const struct queue *q)
{
	for (unsigned int i = 0; i < before->nr_queues; i++) {
		const struct queue *b = &before->queues[i];
		bool same = b->pid == q->pid && b->fd == q->fd && b->start == q->start &&
			    !strcmp(b->face, q->face);

		for (int k = 0; k < NR_COUNTERS; k++)
			same = same && b->total[k] <= q->total[k];
		if (same)
			return b;
	}
	return NULL;
}

void set_rates(struct snapshot *now, const struct snapshot *before)
{
	double seconds = now->when - before->when;

	for (unsigned int i = 0; i < now->nr_queues && seconds > 0; i++) {
		struct queue *q = &now->queues[i];
		const struct queue *b = find_before(before, q);

		for (int k = 0; b && k < NR_COUNTERS; k++)
			q->rate[k] = (double)(q->total[k] - b->total[k]) / seconds;
		q->has_rate = b;
	}
}
