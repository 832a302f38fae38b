// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks the log after the events have stopped: each event must have come once and in
 * order, and none may have come after its registration was gone.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "torture.h"

static int by_position(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->pos != y->pos)
		return x->pos < y->pos ? -1 : 1;
	/* An event that a killed consumer may have taken sorts behind one that was taken. */
	return x->killed - y->killed;
}

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static unsigned long long ull(uint64_t n)
{
	return n;
}

static bool same_name(uint64_t n, uint64_t hash)
{
	char name[32];
	uint64_t h;

	snprintf(name, sizeof(name), "%llu", ull(n));
	h = ec_name_hash(name);
	return hash == (world->ec ? h : (h ^ h >> 32) & UINT32_MAX);
}

/* Get the numbers that an event stands for. False if the event is inconsistent. */
static bool numbers(struct source *s, const struct entry *e, uint64_t last,
		    uint64_t *first, uint64_t *count)
{
	*count = 1;
	switch (s->kind->type) {
	case EVCHAN_USER:
		*count = e->extra;
		if (!*count || *count > s->sent)
			return false;
		*first = (e->value - *count * (*count - 1) / 2) / *count;
		return *first * *count + *count * (*count - 1) / 2 == e->value;
	case EVCHAN_SIGNAL:
		*first = e->value;
		if (e->events & EVCHAN_SIGNAL_OVERRUN) {
			*first = last + 1;
			*count = e->value;
		}
		return true;
	default:
		*first = last + 1;
		if (e->events & IN_Q_OVERFLOW) {
			*count = e->value;
			return true;
		}
		while (*first <= s->sent && !same_name(*first, e->value))
			++*first;
		return *first <= s->sent;
	}
}

static void judge_stream(struct source *s, const struct entry *log, unsigned int n)
{
	uint64_t last = 0, first, count, least;
	uint32_t gen = 0;

	for (unsigned int i = 0; i < n && world->failures < 10; i++) {
		const struct entry *e = &log[i];

		if (!numbers(s, e, last, &first, &count)) {
			complain(s, "after number %llu, in generation %u: value %llx, extra %llx"
				 " does not belong to any later number", ull(last), e->gen,
				 ull(e->value), ull(e->extra));
			continue;
		}
		if (e->gen < gen)
			complain(s, "number %llu of generation %u came after generation %u",
				 ull(first), e->gen, gen);
		if (e->gen == gen && first != last + 1)
			complain(s, "expected number %llu, got %llu (generation %u)",
				 ull(last + 1), ull(first), gen);
		if (e->gen > gen && (first <= last || first > s->sent_at[e->gen] + 2))
			complain(s, "generation %u began with number %llu, after %llu; when it was"
				 " registered, %llu had been sent", e->gen, ull(first), ull(last),
				 ull(s->sent_at[e->gen]));
		gen = e->gen;
		last = first + count - 1;
	}
	least = s->sent_at[s->gen] + 1;
	if (s->there && s->sent > least && last < s->sent && world->failures < 10)
		complain(s, "the last number is %llu, %llu were sent, %llu of them before the last"
			 " registration", ull(last), ull(s->sent), ull(least - 1));
}

/* For events without numbers: check only how many came. */
static void judge_counts(struct source *s, const struct entry *log, unsigned int n)
{
	uint64_t all = 0, of_last = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t count = s->kind->type == EVCHAN_USER ? log[i].extra :
				 log[i].events & IN_Q_OVERFLOW ? log[i].value : 1;

		all += count;
		if (log[i].gen == s->gen)
			of_last += count;
	}
	if (all > s->sent)
		complain(s, "%llu events were sent and %llu came", ull(s->sent), ull(all));
	if (s->there && of_last + s->sent_at[s->gen] + 1 < s->sent)
		complain(s, "of %llu events sent after the last registration, %llu came",
			 ull(s->sent - s->sent_at[s->gen]), ull(of_last));
}

static uint64_t periods(const struct source *s, const struct entry *e)
{
	return e->value + (s->kind->type == EVCHAN_POSIX_TIMER);
}

/*
 * Too many periods are wrong in every generation. Too few are an error only in the current
 * one if it is registered, and only those that had passed at @since are counted.
 */
static bool judge_clock(struct source *s, const struct entry *log, unsigned int n,
			uint64_t since, bool say)
{
	uint64_t sum = 0, end, most, least;
	uint32_t gen = 0;

	for (unsigned int i = 0; i <= n; i++) {
		if (i < n && log[i].gen == gen) {
			sum += periods(s, &log[i]);
			continue;
		}
		end = gen && s->end[gen] ? s->end[gen] : now_ns();
		most = gen ? (end - s->begin[gen]) / s->period + 1 : 0;
		if (say && sum > most)
			complain(s, "generation %u: %llu periods passed, %llu came", gen, ull(most),
				 ull(sum));
		if (i == n)
			break;
		gen = log[i].gen;
		sum = periods(s, &log[i]);
	}
	if (gen != s->gen)
		sum = 0;
	least = since > s->began[s->gen] ? (since - s->began[s->gen]) / s->period : 0;
	if (!s->there || sum + 1 >= least)
		return true;
	if (say)
		complain(s, "generation %u: %llu periods passed and only %llu came", s->gen,
			 ull(least), ull(sum));
	return false;
}

static bool judge_merged(struct source *s, const struct entry *log, unsigned int n, bool say)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < n; i++)
		if (log[i].gen == s->gen && log[i].time > last)
			last = log[i].time;
	if (!s->there || s->last_send < s->began[s->gen] || last >= s->last_send)
		return true;
	if (say)
		complain(s, "the last of %llu signals had no event", ull(s->sent));
	return false;
}

static void judge_once(struct source *s, const struct entry *log, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct entry *e = &log[i];
		uint64_t value = e->value, number = e->gen;
		bool right = true;

		switch (s->kind->type) {
		case EVCHAN_PROCESS:
			right = e->events == EVCHAN_EXITED && value == (number & 0x7f) << 8;
			break;
		case EVCHAN_FUTEX:
			right = e->events == (number % 3 ? EVCHAN_WOKEN : EVCHAN_CHANGED);
			break;
		case EVCHAN_AIO:
			right = value == (number & 1 ? 8 : POLLIN);
			break;
		case EVCHAN_POLL:
			right = e->events == EVCHAN_CLOSED;
			break;
		}
		if (!right && world->failures < 10)
			complain(s, "number %llu has wrong events %x or value %llx", ull(number),
				 e->events, ull(value));
	}
	for (uint64_t i = 1; i <= s->sent && world->failures < 10; i++)
		if (s->state[i] < SEEN)
			complain(s, "event %llu of %llu did not come", ull(i), ull(s->sent));
}

static void judge_deleted(struct source *s, const struct entry *log, unsigned int n)
{
	for (unsigned int i = 0; i < n && world->failures < 10; i++) {
		const struct entry *e = &log[i];

		if (e->gen > s->gen)
			complain(s, "an event of generation %u, which never existed", e->gen);
		else if (!e->killed && s->dead[e->gen] && e->seen >= s->dead[e->gen])
			complain(s, "an event of generation %u (events %x, value %llx) came after"
				 " the call that ended it returned; now %u is valid", e->gen,
				 e->events, ull(e->value), s->gen);
	}
}

/* The log of one source, sorted, with each position once. The caller frees it. */
static struct entry *log_of(struct source *s, unsigned int *n)
{
	uint64_t all = world->nr_log < MAX_LOG ? world->nr_log : MAX_LOG;
	struct entry *log = malloc((all + 1) * sizeof(*log));
	unsigned int kept = 0;

	*n = 0;
	for (uint64_t i = 0; i < all; i++)
		if (world->log[i].valid && world->log[i].source == s->index)
			log[(*n)++] = world->log[i];
	if (!world->in_order && s->kind->type == EVCHAN_SIGNAL) {
		qsort(log, *n, sizeof(*log), by_value);
		return log;
	}
	qsort(log, *n, sizeof(*log), by_position);
	for (unsigned int i = 0; i < *n; i++) {
		if (kept && log[kept - 1].pos == log[i].pos && log[i].killed)
			continue;
		log[kept++] = log[i];
	}
	*n = kept;
	return log;
}

/* Have all events come that are expected by now? */
bool quiet(uint64_t since)
{
	for (unsigned int i = 0; i < world->nr_sources; i++) {
		struct source *s = &world->sources[i];
		struct entry *log;
		unsigned int n;
		bool come = true;

		if (s->kind->class == CONTENT)
			come = s->unsure || s->received == s->sent;
		if (s->kind->class == ONCE)
			for (uint64_t j = 1; come && j <= s->sent; j++)
				come = s->state[j] >= SEEN;
		if (s->kind->class == CLOCK || s->kind->class == MERGED) {
			log = log_of(s, &n);
			come = s->kind->class == CLOCK ? judge_clock(s, log, n, since, false) :
							 judge_merged(s, log, n, false);
			free(log);
		}
		if (!come)
			return false;
	}
	return true;
}

void judge(uint64_t since)
{
	for (unsigned int i = 0; i < world->nr_sources; i++) {
		struct source *s = &world->sources[i];
		unsigned int n;
		struct entry *log = log_of(s, &n);

		switch (s->kind->class) {
		case CONTENT:
			if (!s->unsure && s->received != s->sent)
				complain(s, "%llu numbers were sent, and events came only for %llu",
					 ull(s->sent), ull(s->received));
			break;
		case STREAM:
			if (world->ec || s->kind->type == EVCHAN_SIGNAL ||
			    (world->in_order && s->kind->type != EVCHAN_USER))
				judge_stream(s, log, n);
			else
				judge_counts(s, log, n);
			break;
		case CLOCK:
			judge_clock(s, log, n, since, true);
			break;
		case MERGED:
			judge_merged(s, log, n, true);
			break;
		case ONCE:
			judge_once(s, log, n);
			break;
		}
		if (s->kind->class != ONCE && !world->leave_out_deleted)
			judge_deleted(s, log, n);
		free(log);
	}
}
