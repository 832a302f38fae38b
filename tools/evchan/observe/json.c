// SPDX-License-Identifier: GPL-2.0-only
/* A snapshot as one line of JSON. */
#include <inttypes.h>
#include <string.h>

#include "evstat.h"

/* How many bytes the UTF-8 character at @s has, or 0 if there is none. */
static int utf8_length(const unsigned char *s)
{
	int n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 :
		*s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer forms than needed, surrogates, and numbers that are too large. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return n;
}

static void put_string(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putchar('"');
	while (*s) {
		int n = utf8_length(s);

		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			printf("\\u%04x", *s);
		else if (!n)
			printf("\\ufffd");
		else
			printf("%.*s", n, (const char *)s);
		s += n ?: 1;
	}
	putchar('"');
}

/* Names that are separated by commas, as an array. */
static void put_list(const char *names)
{
	char text[128], *save, *next = "";

	snprintf(text, sizeof(text), "%s", names);
	putchar('[');
	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		printf("%s", next);
		put_string(word);
		next = ",";
	}
	putchar(']');
}

static void put_count(const char *name, long value)
{
	if (value == UNKNOWN)
		printf(",\"%s\":null", name);
	else
		printf(",\"%s\":%ld", name, value);
}

static void put_source(const struct source *s)
{
	printf("{\"type\":");
	put_string(s->type);
	/* A string: many programs read numbers of JSON with 53 bits. */
	printf(",\"id\":\"0x%" PRIx64 "\"", s->id);
	put_count("fd", s->fd);
	printf(",\"events\":");
	put_list(s->events);
	printf(",\"flags\":");
	put_list(s->flags);
	printf(",\"what\":");
	put_string(s->what);
	putchar('}');
}

static void put_queue(const struct queue *q)
{
	printf("{\"pid\":%d,\"command\":", (int)q->pid);
	put_string(q->command);
	printf(",\"fd\":%d,\"face\":", q->fd);
	put_string(q->face);
	if (q->entries == UNKNOWN)
		printf(",\"ring\":null");
	else
		printf(",\"ring\":{\"used\":%ld,\"entries\":%ld}", q->used, q->entries);
	put_count("waiting", q->waiting);
	put_count("waiters", q->waiters);
	for (int k = 0; k < NR_COUNTERS; k++)
		printf(",\"%s\":%" PRIu64, counter_names[k], q->total[k]);
	printf(",\"per_second\":");
	for (int k = 0; k < NR_COUNTERS && q->has_rate; k++)
		printf("%c\"%s\":%.1f", k ? ',' : '{', counter_names[k], q->rate[k]);
	printf("%s,\"sources\":[", q->has_rate ? "}" : "null");
	for (unsigned int i = 0; i < q->nr_sources; i++) {
		if (i)
			putchar(',');
		put_source(&q->sources[i]);
	}
	printf("]}");
}

void show_json(const struct snapshot *s)
{
	printf("{\"queues\":[");
	for (unsigned int i = 0; i < s->nr_queues; i++) {
		if (i)
			putchar(',');
		put_queue(&s->queues[i]);
	}
	printf("],\"unreadable\":%u}\n", s->unreadable);
	fflush(stdout);
}
