// SPDX-License-Identifier: GPL-2.0-only
/* The tables of names. tests/observe checks that no macro of the uapi headers is missing. */
#include <ctype.h>
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include "names.h"

#define N(macro)	{ (uint64_t)(macro), #macro }
#define NAMES(var, skip, ...)						\
	const struct names var = {					\
		.prefix = skip,						\
		.list = (const struct name[]){ __VA_ARGS__, { 0, NULL } } \
	}

/* ROW(name, number, modes) for each type */
#define ROW(name, number, modes)	{ number, #name },
static const struct name types[] = {
#include "sources.h"
	{ 0, NULL }
};

NAMES(evchan_ops, "EVCHAN_", N(EVCHAN_ADD), N(EVCHAN_MOD), N(EVCHAN_DEL), N(EVCHAN_SET),
      N(EVCHAN_POST), N(EVCHAN_CHECK));
NAMES(evchan_flags, "EVCHAN_", N(EVCHAN_LEVEL), N(EVCHAN_ONESHOT), N(EVCHAN_WAKE_ALL),
      N(EVCHAN_REPORT_CLOSE), N(EVCHAN_TIMESTAMP), N(EVCHAN_BY_ID), N(EVCHAN_EXCLUSIVE));
NAMES(evchan_ctl_flags, "EVCHAN_CTL_", N(EVCHAN_CTL_STOP));
NAMES(evchan_wait_flags, "EVCHAN_", N(EVCHAN_WAIT_ABSTIME), N(EVCHAN_WAIT_REALTIME),
      N(EVCHAN_WAKE_OTHER));
NAMES(evchan_create_flags, "EVCHAN_", N(EVCHAN_NONBLOCK), N(EVCHAN_CLOEXEC),
      N(EVCHAN_SINGLE_CONSUMER));
NAMES(evchan_features, "EVCHAN_FEAT_", N(EVCHAN_FEAT_OVERFLOW), N(EVCHAN_FEAT_LEVEL),
      N(EVCHAN_FEAT_TIMESTAMP), N(EVCHAN_FEAT_BUSY_POLL), N(EVCHAN_FEAT_AIO),
      N(EVCHAN_FEAT_SINGLE_CONSUMER));
NAMES(evchan_event_flags, "EVCHAN_EVENT_", N(EVCHAN_EVENT_OVERFLOWED));
NAMES(evchan_timer_flags, "EVCHAN_TIMER_", N(EVCHAN_TIMER_ABSTIME));
NAMES(kevent_cmds, "KEVENT_CTL_", N(KEVENT_CTL_ADD), N(KEVENT_CTL_REMOVE),
      N(KEVENT_CTL_MODIFY), N(KEVENT_CTL_READY));
NAMES(kevent_req_flags, "KEVENT_REQ_", N(KEVENT_REQ_ONESHOT), N(KEVENT_REQ_WAKEUP_ALL),
      N(KEVENT_REQ_ET), N(KEVENT_REQ_LAST_CHECK), N(KEVENT_REQ_ALWAYS_QUEUE),
      N(KEVENT_REQ_READY), N(KEVENT_REQ_KEEP), N(KEVENT_REQ_EXCLUSIVE));
NAMES(kevent_ret_flags, "KEVENT_RET_", N(KEVENT_RET_BROKEN), N(KEVENT_RET_DONE),
      N(KEVENT_RET_COPY_FAILED));
NAMES(kevent_wait_flags, "KEVENT_FLAGS_", N(KEVENT_FLAGS_ABSTIME));
NAMES(kevent_init_flags, "KEVENT_INIT_", N(KEVENT_INIT_NONBLOCK), N(KEVENT_INIT_CLOEXEC));
NAMES(clock_names, "CLOCK_", N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_BOOTTIME),
      N(CLOCK_TAI));

/* The kernel's flags of a source, of which the lowest are those of evchan_change. */
NAMES(source_flags, "EVCHAN_", N(EVCHAN_LEVEL), N(EVCHAN_ONESHOT), N(EVCHAN_WAKE_ALL),
      N(EVCHAN_REPORT_CLOSE), N(EVCHAN_TIMESTAMP), { 0x100, "EVCHAN_LAST_CHECK" },
      N(EVCHAN_EXCLUSIVE));

static NAMES(no_events, "", { 0, NULL });

static NAMES(evchan_socket, "EVCHAN_", N(EVCHAN_RECV), N(EVCHAN_ACCEPT), N(EVCHAN_SEND),
	     N(EVCHAN_CLOSED));
static NAMES(evchan_inode, "IN_", N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE),
	     N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM), N(IN_MOVED_TO), N(IN_CREATE),
	     N(IN_DELETE), N(IN_DELETE_SELF), N(IN_MOVE_SELF), N(IN_UNMOUNT), N(IN_Q_OVERFLOW),
	     N(IN_IGNORED), N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK), N(IN_ISDIR));
static NAMES(evchan_timer, "EVCHAN_", N(EVCHAN_FIRED));
static NAMES(evchan_poll, "POLL", N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLERR), N(POLLHUP),
	     N(POLLNVAL), N(POLLRDNORM), N(POLLRDBAND), N(POLLWRNORM), N(POLLWRBAND),
	     N(POLLMSG), N(POLLREMOVE), N(POLLRDHUP), N(EVCHAN_CLOSED));
static NAMES(evchan_aio, "EVCHAN_", N(EVCHAN_DONE));
static NAMES(evchan_signal, "EVCHAN_", N(EVCHAN_SIGNALED), N(EVCHAN_SIGNAL_OVERRUN));
static NAMES(evchan_mqueue, "EVCHAN_", N(EVCHAN_MESSAGE));
static NAMES(evchan_process, "EVCHAN_", N(EVCHAN_EXITED), N(EVCHAN_EXIT_HIDDEN),
	     N(EVCHAN_CLOSED));
static NAMES(evchan_futex, "EVCHAN_", N(EVCHAN_WOKEN), N(EVCHAN_CHANGED));

static NAMES(kevent_socket, "KEVENT_SOCKET_", N(KEVENT_SOCKET_RECV), N(KEVENT_SOCKET_ACCEPT),
	     N(KEVENT_SOCKET_SEND));
static NAMES(kevent_inode, "KEVENT_INODE_", N(KEVENT_INODE_CREATE), N(KEVENT_INODE_REMOVE),
	     N(KEVENT_INODE_UNMOUNT), N(KEVENT_INODE_OVERRUN), N(KEVENT_INODE_GONE));
static NAMES(kevent_timer, "KEVENT_TIMER_", N(KEVENT_TIMER_FIRED));
static NAMES(kevent_poll, "KEVENT_POLL_POLL", N(KEVENT_POLL_POLLIN), N(KEVENT_POLL_POLLPRI),
	     N(KEVENT_POLL_POLLOUT), N(KEVENT_POLL_POLLERR), N(KEVENT_POLL_POLLHUP),
	     N(KEVENT_POLL_POLLNVAL), N(KEVENT_POLL_POLLRDNORM), N(KEVENT_POLL_POLLRDBAND),
	     N(KEVENT_POLL_POLLWRNORM), N(KEVENT_POLL_POLLWRBAND), N(KEVENT_POLL_POLLMSG),
	     N(KEVENT_POLL_POLLREMOVE), N(KEVENT_POLL_POLLRDHUP));
static NAMES(kevent_aio, "KEVENT_AIO_", N(KEVENT_AIO_BIO));
static NAMES(kevent_signal, "KEVENT_SIGNAL_", N(KEVENT_SIGNAL_DELIVERY),
	     N(KEVENT_SIGNAL_OVERRUN));
static NAMES(kevent_posix_timer, "KEVENT_POSIX_TIMER_", N(KEVENT_POSIX_TIMER_FIRED));
static NAMES(kevent_mqueue, "KEVENT_MQUEUE_", N(KEVENT_MQUEUE_MESSAGE));
static NAMES(kevent_process, "KEVENT_PROCESS_", N(KEVENT_PROCESS_EXITED),
	     N(KEVENT_PROCESS_HIDDEN));
static NAMES(kevent_futex, "KEVENT_FUTEX_", N(KEVENT_FUTEX_WOKEN), N(KEVENT_FUTEX_CHANGED));

#define NR_TYPES	(EVCHAN_FUTEX + 1)

static const struct names *const events[][NR_TYPES] = {
	[FACE_EVCHAN] = {
		[EVCHAN_SOCKET]		= &evchan_socket,
		[EVCHAN_INODE]		= &evchan_inode,
		[EVCHAN_TIMER]		= &evchan_timer,
		[EVCHAN_POLL]		= &evchan_poll,
		[EVCHAN_AIO]		= &evchan_aio,
		[EVCHAN_PIPE]		= &evchan_socket,
		[EVCHAN_SIGNAL]		= &evchan_signal,
		[EVCHAN_POSIX_TIMER]	= &evchan_timer,
		[EVCHAN_MQUEUE]		= &evchan_mqueue,
		[EVCHAN_PROCESS]	= &evchan_process,
		[EVCHAN_FUTEX]		= &evchan_futex,
	},
	[FACE_KEVENT] = {
		[KEVENT_SOCKET]		= &kevent_socket,
		[KEVENT_INODE]		= &kevent_inode,
		[KEVENT_TIMER]		= &kevent_timer,
		[KEVENT_POLL]		= &kevent_poll,
		[KEVENT_AIO]		= &kevent_aio,
		[KEVENT_PIPE]		= &kevent_socket,
		[KEVENT_SIGNAL]		= &kevent_signal,
		[KEVENT_POSIX_TIMER]	= &kevent_posix_timer,
		[KEVENT_MQUEUE]		= &kevent_mqueue,
		[KEVENT_PROCESS]	= &kevent_process,
		[KEVENT_FUTEX]		= &kevent_futex,
	},
};

const struct names *event_names(enum face face, unsigned int type)
{
	const struct names *names = type < NR_TYPES ? events[face][type] : NULL;

	return names ?: &no_events;
}

const char *type_name(unsigned int type)
{
	for (const struct name *t = types; t->text; t++)
		if (t->value == type)
			return t->text;
	return NULL;
}

int type_number(const char *name)
{
	for (const struct name *t = types; t->text; t++)
		if (!strcmp(t->text, name))
			return (int)t->value;
	return -1;
}

void put_type(FILE *to, enum face face, unsigned int type)
{
	const char *name = type_name(type);

	if (!name) {
		fprintf(to, "%u", type);
		return;
	}
	if (face == FACE_KEVENT && type == KEVENT_UNOTIFY)
		name = "unotify";	/* kevent calls user events private notifications */
	fputs(face == FACE_KEVENT ? "KEVENT_" : "EVCHAN_", to);
	for (; *name; name++)
		fputc(toupper((unsigned char)*name), to);
}

void put_flags(FILE *to, const struct names *names, uint64_t value)
{
	const char *bar = "";

	for (const struct name *n = names->list; n->text; n++)
		if (value & n->value) {
			fprintf(to, "%s%s", bar, n->text);
			value &= ~n->value;
			bar = "|";
		}
	if (value)
		fprintf(to, "%s%#llx", bar, (unsigned long long)value);
	else if (!*bar)
		fputc('0', to);
}

void put_number(FILE *to, const struct names *names, uint64_t value)
{
	for (const struct name *n = names->list; n->text; n++)
		if (n->value == value) {
			fputs(n->text, to);
			return;
		}
	fprintf(to, "%llu", (unsigned long long)value);
}

void short_flags(char *text, size_t size, const struct names *names, uint64_t value)
{
	size_t at = 0, skip = strlen(names->prefix);

	*text = 0;
	for (const struct name *n = names->list; n->text; n++) {
		const char *name = n->text;

		if (!(value & n->value))
			continue;
		value &= ~n->value;
		if (!strncmp(name, names->prefix, skip))
			name += skip;
		else if (!strncmp(name, "EVCHAN_", 7))
			name += 7;
		if (at + strlen(name) + 2 > size)
			return;
		if (at)
			text[at++] = ',';
		for (; *name; name++)
			text[at++] = (char)tolower((unsigned char)*name);
		text[at] = 0;
	}
	if (value && at + 12 < size)
		snprintf(text + at, size - at, "%s%#llx", at ? "," : "",
			 (unsigned long long)value);
}
