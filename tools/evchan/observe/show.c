// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table. Columns are as wide as their contents, and on a terminal never narrower than
 * they were before, so that they do not move. The last one is cut at the terminal's edge.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "evstat.h"

#define HEADING	"\033[7m"
#define TROUBLE	"\033[31m"	/* a full ring */
#define NOTICE	"\033[33m"	/* events wait outside the ring */
#define PLAIN	"\033[0m"

enum { PID, COMMAND, FD, FACE, RING, WAITING, WAITERS, FIRST_COUNTER,
       SOURCES = FIRST_COUNTER + NR_COUNTERS, NR_COLUMNS };

/* A rate has the heading with /s. */
static const char *const headings[NR_COLUMNS] = {
	"PID", "COMMAND", "FD", "FACE", "RING", "WAITING", "WAITERS",
	"POSTED", "MERGED", "OVERFL", "DRAINED", "WAKES", "SOURCES",
};

struct row {
	char cell[NR_COLUMNS][192];
	const char *colour[NR_COLUMNS];
};

static bool is_left(int column)
{
	return column == COMMAND || column == FACE || column == SOURCES;
}

/* At most six characters. */
static void put_rate(char *text, size_t size, double rate)
{
	if (rate > 0 && rate < 9.95)
		snprintf(text, size, "%.1f", rate);
	else if (rate < 99999.5)
		snprintf(text, size, "%.0f", rate);
	else if (rate < 9999499)
		snprintf(text, size, "%.0fk", rate / 1e3);
	else
		snprintf(text, size, "%.0fM", rate / 1e6);
}

static void put_count(char *text, size_t size, long count)
{
	if (count == UNKNOWN)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%ld", count);
}

struct type_count {
	const char *type;
	unsigned int n;
};

static int compare_counts(const void *a, const void *b)
{
	const struct type_count *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->type, y->type);
}

/* As "28 poll, 3 timer". */
static void put_types(char *text, size_t size, const struct queue *q)
{
	struct type_count counts[32] = { 0 };
	size_t types = 0, at = 0;

	for (unsigned int i = 0; i < q->nr_sources; i++) {
		size_t t = 0;

		while (t < types && strcmp(counts[t].type, q->sources[i].type))
			t++;
		if (t == sizeof(counts) / sizeof(*counts))
			continue;
		counts[t].type = q->sources[i].type;
		counts[t].n++;
		if (t == types)
			types++;
	}
	qsort(counts, types, sizeof(*counts), compare_counts);
	snprintf(text, size, "none");
	for (size_t t = 0; t < types && at < size; t++)
		at += (size_t)snprintf(text + at, size - at, "%s%u %s", t ? ", " : "", counts[t].n,
				       counts[t].type);
}

static void fill_row(struct row *r, const struct queue *q, bool totals)
{
	size_t size = sizeof(r->cell[0]);

	memset(r->colour, 0, sizeof(r->colour));
	snprintf(r->cell[PID], size, "%d", (int)q->pid);
	snprintf(r->cell[COMMAND], size, "%s", q->command);
	snprintf(r->cell[FD], size, "%d", q->fd);
	snprintf(r->cell[FACE], size, "%s", q->face);
	if (q->entries > 0)
		snprintf(r->cell[RING], size, "%ld/%ld", q->used, q->entries);
	else
		snprintf(r->cell[RING], size, q->entries ? "-" : "none");
	if (q->entries > 0 && q->used >= q->entries)
		r->colour[RING] = TROUBLE;
	put_count(r->cell[WAITING], size, q->waiting);
	/* Without a ring all events wait there. */
	if (q->entries && q->waiting > 0)
		r->colour[WAITING] = NOTICE;
	put_count(r->cell[WAITERS], size, q->waiters);
	for (int k = 0; k < NR_COUNTERS; k++) {
		char *cell = r->cell[FIRST_COUNTER + k];

		if (totals)
			snprintf(cell, size, "%" PRIu64, q->total[k]);
		else if (q->has_rate)
			put_rate(cell, size, q->rate[k]);
		else
			snprintf(cell, size, "-");
	}
	if (!totals && q->has_rate && q->rate[OVERFLOWED] > 0)
		r->colour[FIRST_COUNTER + OVERFLOWED] = NOTICE;
	put_types(r->cell[SOURCES], size, q);
}

static int widths[NR_COLUMNS];

static void widen(const struct row *r)
{
	for (int i = 0; i < NR_COLUMNS; i++)
		if ((int)strlen(r->cell[i]) > widths[i])
			widths[i] = (int)strlen(r->cell[i]);
}

/* A line of at most @limit characters; @limit 0: any number. */
static void put_row(const struct row *r, bool colours, int limit, const char *end)
{
	int used = 0;

	for (int i = 0; i < NR_COLUMNS; i++) {
		const char *colour = colours ? r->colour[i] : NULL;
		char text[256];
		int n = snprintf(text, sizeof(text), is_left(i) ? "%s%-*s" : "%s%*s", i ? " " : "",
				 i == SOURCES ? 0 : widths[i], r->cell[i]);

		if (limit && used + n > limit)
			n = limit > used ? limit - used : 0;
		printf("%s%.*s%s", colour ?: "", n, text, colour ? PLAIN : "");
		used += n;
	}
	puts(end);
}

/* Of all sources of a queue, a line each; returns how many lines. */
static int put_sources(const struct queue *q, int limit, int lines)
{
	int type = 4, what = 4, events = 6, n = 0;
	char text[512];

	for (unsigned int i = 0; i < q->nr_sources; i++) {
		const struct source *s = &q->sources[i];

		type = (int)strlen(s->type) > type ? (int)strlen(s->type) : type;
		what = (int)strlen(s->what) > what ? (int)strlen(s->what) : what;
		events = (int)strlen(s->events) > events ? (int)strlen(s->events) : events;
	}
	for (unsigned int i = 0; i < q->nr_sources && (!lines || n < lines); i++, n++) {
		const struct source *s = &q->sources[i];
		char fd[16] = "";

		if (s->fd >= 0)
			snprintf(fd, sizeof(fd), "%d", s->fd);
		snprintf(text, sizeof(text), "    %-*s %5s  %-*s  %-*s  %s", type, s->type, fd,
			 what, s->what, events, s->events, s->flags);
		printf("%.*s\n", limit ? limit : (int)sizeof(text), text);
	}
	return n;
}

static void put_heading(const struct options *o, const struct snapshot *s, bool terminal,
			bool colours, int columns)
{
	struct row r = { 0 };
	unsigned int processes = 0;

	for (unsigned int i = 0; i < s->nr_queues; i++)
		processes += !i || s->queues[i].pid != s->queues[i - 1].pid;
	if (!o->once)
		printf("evstat: %u queue%s of %u process%s, every %g s%s\n", s->nr_queues,
		       s->nr_queues == 1 ? "" : "s", processes, processes == 1 ? "" : "es",
		       o->interval, terminal ? "; q ends it" : "");
	for (int i = 0; i < NR_COLUMNS; i++) {
		bool rate = i >= FIRST_COUNTER && i < SOURCES && !o->once;

		snprintf(r.cell[i], sizeof(r.cell[i]), "%s%s", headings[i], rate ? "/s" : "");
	}
	widen(&r);
	if (colours)
		printf(HEADING);
	put_row(&r, false, columns, colours ? PLAIN : "");
}

void show_table(const struct options *o, const struct snapshot *s, bool terminal)
{
	bool colours = terminal && !getenv("NO_COLOR");
	int columns = 0, lines = 0, left;
	struct winsize size;
	struct row r;

	if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col) {
		columns = size.ws_col;
		lines = o->once ? 0 : size.ws_row;
	}
	if (!terminal)
		memset(widths, 0, sizeof(widths));
	for (unsigned int i = 0; i < s->nr_queues; i++) {
		fill_row(&r, &s->queues[i], o->once);
		widen(&r);
	}
	put_heading(o, s, terminal, colours, columns);
	left = lines - 4;
	for (unsigned int i = 0; i < s->nr_queues && (!lines || left > 0); i++) {
		fill_row(&r, &s->queues[i], o->once);
		put_row(&r, colours, columns, "");
		left--;
		if (o->sources && (!lines || left > 0))
			left -= put_sources(&s->queues[i], columns, lines ? left : 0);
	}
	if (s->unreadable)
		printf("%u process%s of other users cannot be read; run evstat as root to see their queues\n",
		       s->unreadable, s->unreadable == 1 ? "" : "es");
	fflush(stdout);
}
