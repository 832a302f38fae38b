// SPDX-License-Identifier: GPL-2.0-only
/* The calls of both interfaces as text, with their structures. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <linux/time_types.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evtrace.h"

/* The most entries of an array that are printed. */
#define MAX_SHOWN	32

bool peek(pid_t pid, uint64_t address, void *to, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	if (!address)
		return false;
	/* Not process_vm_readv(), which not every kernel has. */
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = pread(fd, to, size, (off_t)address);
	close(fd);
	return n == (ssize_t)size;
}

static const char *const call_names[] = {
	"kevent_init", "kevent_ctl", "kevent_get_events", "kevent_wait", "kevent_commit",
	"evchan_create", "evchan_ctl", "evchan_wait",
};

bool is_ours(const struct call *c)
{
	return c->nr >= NR_KEVENT_INIT && c->nr <= NR_EVCHAN_WAIT;
}

const char *call_name(const struct call *c)
{
	return call_names[c->nr - NR_KEVENT_INIT];
}

int waited_fd(const struct call *c)
{
	switch (c->nr) {
	case NR_KEVENT_GET_EVENTS:
	case NR_KEVENT_WAIT:
	case NR_KEVENT_COMMIT:
	case NR_EVCHAN_WAIT:
		return (int)c->args[0];
	default:
		return -1;
	}
}

static void put_pointer(FILE *to, uint64_t address)
{
	if (address)
		fprintf(to, "%#" PRIx64, address);
	else
		fputs("NULL", to);
}

static void put_errno(FILE *to, int error)
{
	const char *name = strerrorname_np(error);

	if (name)
		fprintf(to, "-%s", name);
	else
		fprintf(to, "%d", -error);
}

static void put_time(FILE *to, pid_t pid, uint64_t address)
{
	struct __kernel_timespec t;

	if (peek(pid, address, &t, sizeof(t)))
		fprintf(to, "{tv_sec=%lld, tv_nsec=%lld}", (long long)t.tv_sec,
			(long long)t.tv_nsec);
	else
		put_pointer(to, address);
}

/* A signal mask, whose signals are the bits of at most 64. */
static void put_sigset(FILE *to, pid_t pid, uint64_t address, uint64_t size)
{
	const char *space = "";
	uint64_t mask = 0;

	if (!size || size > sizeof(mask) || !peek(pid, address, &mask, size)) {
		put_pointer(to, address);
		return;
	}
	fputc('[', to);
	for (int i = 1; i <= 64; i++) {
		const char *name = sigabbrev_np(i);

		if (!(mask >> (i - 1) & 1))
			continue;
		if (name)
			fprintf(to, "%s%s", space, name);
		else
			fprintf(to, "%s%d", space, i);
		space = " ";
	}
	fputc(']', to);
}

static void put_milliseconds(FILE *to, uint32_t timeout)
{
	if (timeout == UINT32_MAX)
		fputs("UINT_MAX", to);
	else
		fprintf(to, "%u", timeout);
}

/* --- kevent --- */

static void put_kevent_id(FILE *to, const struct ukevent *uk)
{
	switch (uk->type) {
	case KEVENT_TIMER:
		fprintf(to, "{%u, %u}", uk->id.raw[0], uk->id.raw[1]);
		break;
	case KEVENT_SOCKET:
	case KEVENT_POLL:
	case KEVENT_PIPE:
	case KEVENT_PROCESS:
	case KEVENT_INODE:
		fprintf(to, "{%d", (int)uk->id.raw[0]);
		if (uk->id.raw[1])
			fprintf(to, ", %u", uk->id.raw[1]);
		fputc('}', to);
		break;
	default:
		fprintf(to, "%#" PRIx64, (uint64_t)uk->id.raw_u64);
	}
}

void print_ukevent(FILE *to, const void *ukevent, bool request)
{
	const struct ukevent *uk = ukevent;

	fputs("{id=", to);
	put_kevent_id(to, uk);
	fputs(", type=", to);
	put_type(to, FACE_KEVENT, uk->type);
	fputs(", event=", to);
	put_flags(to, event_names(FACE_KEVENT, uk->type), uk->event);
	fputs(", req_flags=", to);
	put_flags(to, &kevent_req_flags, uk->req_flags);
	if (!request) {
		fputs(", ret_flags=", to);
		put_flags(to, &kevent_ret_flags, uk->ret_flags);
	}
	if (!request || uk->ret_data[0] || uk->ret_data[1]) {
		fprintf(to, ", ret_data={%u, ", uk->ret_data[0]);
		/* -1 to -4095, as a number without a sign */
		if (uk->ret_flags & KEVENT_RET_BROKEN && uk->ret_data[1] > -4096U)
			put_errno(to, -(int)uk->ret_data[1]);
		else
			fprintf(to, "%u", uk->ret_data[1]);
		fputc('}', to);
	}
	fprintf(to, ", user={%#x, %#x}}", uk->user[0], uk->user[1]);
}

static void put_ukevents(FILE *to, pid_t pid, uint64_t address, uint64_t n, bool request)
{
	uint64_t shown = n < MAX_SHOWN ? n : MAX_SHOWN;
	struct ukevent uk[MAX_SHOWN];

	if (n && !peek(pid, address, uk, shown * sizeof(*uk))) {
		put_pointer(to, address);
		return;
	}
	fputc('[', to);
	for (uint64_t i = 0; i < shown; i++) {
		if (i)
			fputs(", ", to);
		print_ukevent(to, &uk[i], request);
	}
	fputs(n > shown ? ", ...]" : "]", to);
}

static void begin_kevent(FILE *to, pid_t pid, const struct call *c)
{
	const uint64_t *a = c->args;

	switch (c->nr) {
	case NR_KEVENT_INIT:
		put_pointer(to, a[0]);
		fprintf(to, ", %u, ", (uint32_t)a[1]);
		put_flags(to, &kevent_init_flags, (uint32_t)a[2]);
		break;
	case NR_KEVENT_CTL:
		fprintf(to, "%d, ", (int)a[0]);
		put_number(to, &kevent_cmds, (uint32_t)a[1]);
		fprintf(to, ", %u, ", (uint32_t)a[2]);
		put_ukevents(to, pid, a[3], (uint32_t)a[2], true);
		break;
	case NR_KEVENT_GET_EVENTS:
		fprintf(to, "%d, %u, %u, ", (int)a[0], (uint32_t)a[1], (uint32_t)a[2]);
		put_milliseconds(to, (uint32_t)a[3]);
		fputs(", ", to);
		break;
	case NR_KEVENT_WAIT:
		fprintf(to, "%d, %u, %u, ", (int)a[0], (uint32_t)a[1], (uint32_t)a[2]);
		put_time(to, pid, a[3]);
		fputs(", ", to);
		put_flags(to, &kevent_wait_flags, (uint32_t)a[4]);
		break;
	case NR_KEVENT_COMMIT:
		fprintf(to, "%d, %u, %u", (int)a[0], (uint32_t)a[1], (uint32_t)a[2]);
		break;
	}
}

/* --- event channel --- */

static void put_channel_flags(FILE *to, const struct evchan_change *ch)
{
	put_flags(to, &evchan_flags, ch->flags);
}

static void put_timer_args(FILE *to, const struct evchan_change *ch)
{
	fputs(", args=[", to);
	put_number(to, &clock_names, ch->args[0]);
	fprintf(to, ", %" PRIu64 ", %" PRIu64 ", ", (uint64_t)ch->args[1],
		(uint64_t)ch->args[2]);
	put_flags(to, &evchan_timer_flags, ch->args[3]);
	fputc(']', to);
}

/* Arguments up to the last one that is not 0. */
static void put_args(FILE *to, const struct evchan_change *ch)
{
	int n = 4;

	if (ch->type == EVCHAN_TIMER && (ch->op == EVCHAN_ADD || ch->op == EVCHAN_MOD ||
					 ch->op == EVCHAN_SET)) {
		put_timer_args(to, ch);
		return;
	}
	while (n && !ch->args[n - 1])
		n--;
	if (!n)
		return;
	fputs(", args=[", to);
	for (int i = 0; i < n; i++)
		fprintf(to, ch->args[i] > 0xffffffff ? "%s%#" PRIx64 : "%s%" PRIu64,
			i ? ", " : "", (uint64_t)ch->args[i]);
	fputc(']', to);
}

static void put_id(FILE *to, unsigned int type, uint64_t id)
{
	if (type == EVCHAN_SIGNAL) {
		const char *name = sigabbrev_np((int)(id & 0xffff));

		if (name)
			fprintf(to, "SIG%s", name);
		else
			fprintf(to, "%u", (unsigned int)(id & 0xffff));
		if (id & EVCHAN_SIGNAL_NOMASK)
			fputs("|EVCHAN_SIGNAL_NOMASK", to);
		return;
	}
	fprintf(to, id > 0xffffffff ? "%#" PRIx64 : "%" PRIu64, id);
}

static void put_change(FILE *to, const struct evchan_change *ch)
{
	fputs("{op=", to);
	put_number(to, &evchan_ops, ch->op);
	fputs(", type=", to);
	put_type(to, FACE_EVCHAN, ch->type);
	fputs(", flags=", to);
	put_channel_flags(to, ch);
	fputs(", id=", to);
	put_id(to, ch->type, ch->id);
	fputs(", events=", to);
	put_flags(to, event_names(FACE_EVCHAN, ch->type), ch->events);
	fprintf(to, ", data=%#" PRIx64, (uint64_t)ch->data);
	put_args(to, ch);
	fputc('}', to);
}

/* Entry @i of an array whose entries have @size bytes, as much of it as is known here. */
static bool peek_change(pid_t pid, const struct call *c, uint64_t i, struct evchan_change *ch)
{
	uint64_t size = c->args[3];

	memset(ch, 0, sizeof(*ch));
	return peek(pid, c->args[1] + i * size, ch, size < sizeof(*ch) ? size : sizeof(*ch));
}

static void put_changes(FILE *to, pid_t pid, const struct call *c)
{
	uint64_t n = (uint32_t)c->args[2], shown = n < MAX_SHOWN ? n : MAX_SHOWN;
	struct evchan_change ch;

	if (n && !peek_change(pid, c, 0, &ch)) {
		put_pointer(to, c->args[1]);
		return;
	}
	fputc('[', to);
	for (uint64_t i = 0; i < shown; i++) {
		if (i)
			fputs(", ", to);
		if (peek_change(pid, c, i, &ch))
			put_change(to, &ch);
		else
			fputs("?", to);
	}
	fputs(n > shown ? ", ...]" : "]", to);
}

static void put_params(FILE *to, const struct evchan_params *p)
{
	fputs("{flags=", to);
	put_flags(to, &evchan_create_flags, p->flags);
	fprintf(to, ", entries=%u", p->entries);
	if (p->features) {
		fputs(", features=", to);
		put_flags(to, &evchan_features, p->features);
	}
	if (p->map_length)
		fprintf(to, ", map_offset=%" PRIu64 ", map_length=%" PRIu64 ", events_offset=%"
			PRIu64 ", event_size=%u", (uint64_t)p->map_offset,
			(uint64_t)p->map_length, (uint64_t)p->events_offset, p->event_size);
	if (p->busy_poll_us)
		fprintf(to, ", busy_poll_us=%u", p->busy_poll_us);
	fputc('}', to);
}

static bool peek_params(pid_t pid, const struct call *c, struct evchan_params *p)
{
	uint64_t size = c->args[1];

	memset(p, 0, sizeof(*p));
	return peek(pid, c->args[0], p, size < sizeof(*p) ? size : sizeof(*p));
}

static void begin_evchan(FILE *to, pid_t pid, const struct call *c)
{
	const uint64_t *a = c->args;
	struct evchan_params params;

	switch (c->nr) {
	case NR_EVCHAN_CREATE:
		if (peek_params(pid, c, &params))
			put_params(to, &params);
		else
			put_pointer(to, a[0]);
		break;
	case NR_EVCHAN_CTL:
		fprintf(to, "%d, ", (int)a[0]);
		put_changes(to, pid, c);
		fprintf(to, ", %u, %" PRIu64 ", ", (uint32_t)a[2], a[3]);
		put_flags(to, &evchan_ctl_flags, (uint32_t)a[4]);
		break;
	case NR_EVCHAN_WAIT:
		fprintf(to, "%d, %u, ", (int)a[0], (uint32_t)a[1]);
		put_flags(to, &evchan_wait_flags, (uint32_t)a[2]);
		fputs(", ", to);
		put_time(to, pid, a[3]);
		fputs(", ", to);
		put_sigset(to, pid, a[4], a[5]);
		fprintf(to, ", %" PRIu64, a[5]);
		break;
	}
}

void print_event(FILE *to, const void *event)
{
	const struct evchan_event *e = event;

	fputs("{type=", to);
	put_type(to, FACE_EVCHAN, e->type);
	/* Taking an event clears its bits. */
	if (e->events) {
		fputs(", events=", to);
		put_flags(to, event_names(FACE_EVCHAN, e->type), e->events);
	}
	if (e->flags) {
		fputs(", flags=", to);
		put_flags(to, &evchan_event_flags, e->flags);
	}
	fprintf(to, ", cpu=%u, data=%#" PRIx64 ", id=", e->cpu, (uint64_t)e->data);
	put_id(to, e->type, e->id);
	fprintf(to, e->value > 0xffffffff ? ", value=%#" PRIx64 : ", value=%" PRIu64,
		(uint64_t)e->value);
	if (e->timestamp)
		fprintf(to, ", timestamp=%" PRIu64, (uint64_t)e->timestamp);
	if (e->extra[0] || e->extra[1])
		fprintf(to, ", extra=[%#" PRIx64 ", %#" PRIx64 "]", (uint64_t)e->extra[0],
			(uint64_t)e->extra[1]);
	fputc('}', to);
}

/* --- all --- */

void print_begin(FILE *to, pid_t pid, const struct call *c)
{
	fprintf(to, "%s(", call_name(c));
	if (c->nr <= NR_KEVENT_COMMIT)
		begin_kevent(to, pid, c);
	else
		begin_evchan(to, pid, c);
}

/* The results of entries, if there are errors or new ids. */
static void put_results(FILE *to, pid_t pid, const struct call *c)
{
	uint64_t n = (uint32_t)c->args[2];
	struct evchan_change ch;
	const char *sep = " (";

	for (uint64_t i = 0; i < n && i < MAX_SHOWN && peek_change(pid, c, i, &ch); i++) {
		bool added = ch.op == EVCHAN_ADD || ch.op == EVCHAN_SET;

		if (ch.result < 0) {
			fprintf(to, "%s[%" PRIu64 "]: ", sep, i);
			put_errno(to, -ch.result);
		} else if (ch.result) {
			fprintf(to, "%s[%" PRIu64 "]: %d", sep, i, ch.result);
		} else if (added && ch.id >> 32 && ch.type != EVCHAN_SIGNAL) {
			fprintf(to, "%s[%" PRIu64 "]: id=%#" PRIx64, sep, i, (uint64_t)ch.id);
		} else if (ch.op == EVCHAN_CHECK) {
			fprintf(to, "%s[%" PRIu64 "]: events=", sep, i);
			put_flags(to, event_names(FACE_EVCHAN, ch.type), ch.events);
		} else {
			continue;
		}
		sep = ", ";
	}
	if (*sep == ',')
		fputc(')', to);
}

/*
 * ADD copies the requests that finished at once or failed to the front, and returns how many.
 * The other commands mark the requests that failed.
 */
static void put_answers(FILE *to, pid_t pid, const struct call *c, int64_t result)
{
	uint64_t n = (uint32_t)c->args[2];
	const char *sep = " (";
	struct ukevent uk;

	if (c->args[1] == KEVENT_CTL_ADD) {
		if (result > 0) {
			fputc(' ', to);
			put_ukevents(to, pid, c->args[3], (uint64_t)result, false);
		}
		return;
	}
	for (uint64_t i = 0; i < n && i < MAX_SHOWN; i++) {
		if (!peek(pid, c->args[3] + i * sizeof(uk), &uk, sizeof(uk)))
			break;
		if (!(uk.ret_flags & KEVENT_RET_BROKEN))
			continue;
		fprintf(to, "%s[%" PRIu64 "]: ", sep, i);
		put_errno(to, -(int)uk.ret_data[1]);
		sep = ", ";
	}
	if (*sep == ',')
		fputc(')', to);
}

static void put_result(FILE *to, int64_t result)
{
	if (result > -4096 && result < 0) {
		const char *name = strerrorname_np((int)-result);

		/* An interrupted call that the kernel will begin again. */
		if (result == -512 || result == -514 || result == -516)
			fputs("? (to be restarted)", to);
		else if (name)
			fprintf(to, "-1 %s (%s)", name, result != -ENOSYS ? strerror((int)-result) :
				"this kernel does not have the call; boot one with CONFIG_EVCORE "
				"(make patch), or use tools/evchan/vm -- COMMAND");
		else
			fprintf(to, "-1 (error %d)", (int)-result);
		return;
	}
	fprintf(to, "%" PRId64, result);
}

void print_end(FILE *to, pid_t pid, const struct call *c, int64_t result)
{
	struct evchan_params params;

	if (c->nr == NR_KEVENT_GET_EVENTS) {
		if (result >= 0)
			put_ukevents(to, pid, c->args[4], (uint64_t)result, false);
		else
			put_pointer(to, c->args[4]);
		fprintf(to, ", %u", (uint32_t)c->args[5]);
	}
	if (c->nr == NR_EVCHAN_CREATE) {
		if (result >= 0 && peek_params(pid, c, &params)) {
			fputs(" => ", to);
			put_params(to, &params);
		}
		fprintf(to, ", %" PRIu64, c->args[1]);
	}
	fputs(") = ", to);
	put_result(to, result);
	if (c->nr == NR_EVCHAN_CTL && result >= 0)
		put_results(to, pid, c);
	if (c->nr == NR_KEVENT_CTL && result >= 0)
		put_answers(to, pid, c, result);
	fputc('\n', to);
}
