// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values without a meaning are refused, so that they can get one later: every field of an
 * entry of evchan_ctl() for each operation and type, struct evchan_params, and flags.
 */
#include <linux/futex.h>
#include <sys/inotify.h>

#include <evchan.h>

#include "channel.h"

/* --- entries --- */

static uint32_t word;

/* A valid addition of each type; *@fd is the descriptor it watches, if the type has one. */
static int good_entry(struct evchan_change *ch, int type, int *fd)
{
	int fds[2];

	*fd = -1;
	*ch = (struct evchan_change){ .op = EVCHAN_ADD, .type = type, .events = 1 };
	switch (type) {
	case EVCHAN_POLL:
		*fd = eventfd(0, EFD_NONBLOCK);
		break;
	case EVCHAN_PIPE:
		if (pipe(fds))
			return -1;
		*fd = fds[0];
		close(fds[1]);
		break;
	case EVCHAN_SOCKET:
		*fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		break;
	case EVCHAN_PROCESS:
		*fd = syscall(SYS_pidfd_open, getpid(), 0);
		break;
	case EVCHAN_INODE:
		*fd = open("/tmp", O_RDONLY | O_DIRECTORY);
		ch->events = IN_CREATE;
		break;
	case EVCHAN_TIMER:
		ch->args[0] = CLOCK_MONOTONIC;
		ch->args[1] = 3600000000000ULL;
		break;
	case EVCHAN_FUTEX:
		ch->flags = EVCHAN_ONESHOT;
		ch->args[0] = (uintptr_t)&word;
		ch->args[2] = UINT32_MAX;
		ch->args[3] = 0x02 | FUTEX_PRIVATE_FLAG;	/* FUTEX2_SIZE_U32 */
		break;
	case EVCHAN_SIGNAL:
		ch->id = SIGUSR2;
		break;
	case EVCHAN_USER:
		ch->id = 5;
		break;
	default:
		return -1;
	}
	if (*fd >= 0)
		ch->args[0] = *fd;
	return 0;
}

static const struct {
	int type;
	int args;	/* number of arguments, a descriptor included */
	bool fd;	/* the first argument is a descriptor */
	uint32_t bad_flags;
	uint32_t bad_events;
} rows[] = {
	{ EVCHAN_POLL, 1, true, 0, 1 << 20 },
	{ EVCHAN_PIPE, 1, true, EVCHAN_EXCLUSIVE, EVCHAN_ACCEPT },
	{ EVCHAN_SOCKET, 1, true, EVCHAN_EXCLUSIVE, 8 },
	{ EVCHAN_PROCESS, 1, true, EVCHAN_LEVEL | EVCHAN_EXCLUSIVE, 4 },
	{ EVCHAN_INODE, 2, true, EVCHAN_LEVEL | EVCHAN_REPORT_CLOSE | EVCHAN_EXCLUSIVE, 1 << 29 },
	{ EVCHAN_TIMER, 4, false, EVCHAN_LEVEL | EVCHAN_REPORT_CLOSE | EVCHAN_EXCLUSIVE, 2 },
	{ EVCHAN_FUTEX, 4, false, EVCHAN_LEVEL | EVCHAN_REPORT_CLOSE | EVCHAN_EXCLUSIVE, 4 },
	{ EVCHAN_SIGNAL, 0, false, EVCHAN_LEVEL | EVCHAN_REPORT_CLOSE | EVCHAN_EXCLUSIVE, 4 },
	{ EVCHAN_USER, 0, false, EVCHAN_LEVEL | EVCHAN_REPORT_CLOSE | EVCHAN_EXCLUSIVE, 1 << 30 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

#define KNOWN_FLAGS (EVCHAN_LEVEL | EVCHAN_ONESHOT | EVCHAN_WAKE_ALL | EVCHAN_REPORT_CLOSE | \
		     EVCHAN_TIMESTAMP | EVCHAN_BY_ID | EVCHAN_EXCLUSIVE)

/* Additions and modifications with one invalid value at a time are refused. */
static void refuse_each(struct __test_metadata *_metadata, struct channel *c,
			const struct evchan_change *good, size_t row)
{
	uint32_t bad = ~KNOWN_FLAGS | rows[row].bad_flags |
		       (good->op == EVCHAN_MOD ? 0 : EVCHAN_BY_ID);
	struct evchan_change ch;

	for (int bit = 0; bit < 32; bit++) {
		ch = *good;
		ch.flags |= bad & 1u << bit;
		if (ch.flags == good->flags)
			continue;
		EXPECT_EQ(change(c, &ch), -EINVAL) {
			TH_LOG("type %d op %d flags %x", ch.type, ch.op, ch.flags);
		}
	}
	for (int i = rows[row].args; i < 4; i++) {
		ch = *good;
		ch.args[i] = 1ULL << 40;
		EXPECT_EQ(change(c, &ch), -EINVAL) {
			TH_LOG("type %d op %d args[%d]", ch.type, ch.op, i);
		}
	}
	if (rows[row].fd) {
		ch = *good;
		ch.args[0] |= 1ULL << 32;
		EXPECT_EQ(change(c, &ch), -EINVAL) {
			TH_LOG("type %d op %d: not an int", ch.type, ch.op);
		}
	}
	ch = *good;
	ch.events = rows[row].bad_events;
	EXPECT_EQ(change(c, &ch), -EINVAL) {
		TH_LOG("type %d op %d events %x", ch.type, ch.op, ch.events);
	}
}

TEST_F(channel, refused_additions)
{
	for (size_t i = 0; i < ROWS; i++) {
		static const int ops[] = { EVCHAN_ADD, EVCHAN_MOD, EVCHAN_SET };
		struct evchan_change good, ch;
		int fd;

		ASSERT_EQ(good_entry(&good, rows[i].type, &fd), 0);
		for (int k = 0; k < 3; k++) {
			good.op = ops[k];
			refuse_each(_metadata, &self->c, &good, i);
			/*
			 * Nothing was added; in the rounds after the first the source exists
			 * already.
			 */
			EXPECT_EQ(counter(self->c.fd, "sources"), k > 0);
			ch = good;
			EXPECT_EQ(change(&self->c, &ch), 0) {
				TH_LOG("type %d op %d", ch.type, ch.op);
			}
			EXPECT_EQ(counter(self->c.fd, "sources"), 1);
		}
		ch = removal(&good);
		EXPECT_GE(change(&self->c, &ch), 0);
		close(fd);
	}
}

/* DEL and CHECK take the name of the source and nothing else. */
TEST_F(channel, refused_removals)
{
	static const int ops[] = { EVCHAN_CHECK, EVCHAN_DEL };

	for (size_t i = 0; i < ROWS; i++) {
		struct evchan_change good, name, ch;
		int fd;

		ASSERT_EQ(good_entry(&good, rows[i].type, &fd), 0);
		ASSERT_EQ(change(&self->c, &good), 0);
		for (int k = 0; k < 2; k++) {
			name = removal(&good);
			name.op = ops[k];
			for (int f = 0; f < 4; f++) {
				ch = name;
				/* Leftover arguments of these types are ignored. */
				if (f > 1 && (ch.type == EVCHAN_TIMER || ch.type == EVCHAN_FUTEX ||
					      ch.type == EVCHAN_INODE))
					break;
				switch (f) {
				case 0: ch.flags = 1u << 31; break;
				case 1: ch.events = 1u << 31; break;
				case 2: ch.args[1] = 1; break;
				default: ch.args[3] = 1; break;
				}
				EXPECT_EQ(change(&self->c, &ch), -EINVAL) {
					TH_LOG("type %d op %d, %d", ch.type, ch.op, f);
				}
			}
			if (name.type == EVCHAN_TIMER || name.type == EVCHAN_FUTEX)
				continue;
			ch = name;
			ch.args[0] |= 1ULL << 33;
			EXPECT_EQ(change(&self->c, &ch), -EINVAL);
		}
		EXPECT_EQ(counter(self->c.fd, "sources"), 1);
		/* The entry of the addition is accepted for the removal, too. */
		good.op = EVCHAN_DEL;
		EXPECT_GE(change(&self->c, &good), 0);
		close(fd);
	}
}

TEST_F(channel, refused_posts)
{
	struct evchan_change add = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 5 };
	const struct evchan_change post = { .op = EVCHAN_POST, .type = EVCHAN_USER, .id = 5,
					    .args = { 7 } };
	struct evchan_change ch;
	struct evchan_event e;

	ASSERT_EQ(change(&self->c, &add), 0);
	ch = post;
	ch.flags = EVCHAN_WAKE_ALL;
	EXPECT_EQ(change(&self->c, &ch), -EINVAL);
	/* The event has the registration's cookie; the one in the entry is ignored. */
	ch = post;
	ch.data = 9;
	EXPECT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.data, 0);
	for (int i = 2; i < 4; i++) {
		ch = post;
		ch.args[i] = 1;
		EXPECT_EQ(change(&self->c, &ch), -EINVAL);
	}
	EXPECT_EQ(take(&self->c, &e), 0);
	/* args[1] of 0 means one occurrence, as if it were 1. */
	ch = post;
	EXPECT_EQ(change(&self->c, &ch), 0);
	ch.args[1] = 4;
	EXPECT_EQ(change(&self->c, &ch), 0);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.value, 7);
	EXPECT_EQ(e.extra[0], 1);
	ASSERT_EQ(take(&self->c, &e), 1);
	EXPECT_EQ(e.extra[0], 4);

	ASSERT_EQ(watch(&self->c, EVCHAN_ADD, EVCHAN_POLL, self->fd, POLLIN, 0, 1), 0);
	EXPECT_EQ(watch(&self->c, EVCHAN_POST, EVCHAN_POLL, self->fd, POLLIN, EVCHAN_ONESHOT, 0),
		  -EINVAL);
	EXPECT_EQ(watch(&self->c, EVCHAN_POST, EVCHAN_POLL, self->fd, POLLIN, 0, 0), 0);
}

/* An entry that is longer than the kernel's structure, on the fast path and on the slow path. */
TEST_F(channel, refused_tails)
{
	struct { struct evchan_change ch; uint64_t more; } big[3] = {};

	for (int i = 0; i < 3; i++) {
		big[i].ch = (struct evchan_change){
			.op = EVCHAN_SET, .type = EVCHAN_POLL, .events = POLLIN,
			.args = { self->fd },
		};
	}
	big[1].more = 1;
	EXPECT_EQ(syscall(NR_EVCHAN_CTL, self->c.fd, big, 3, sizeof(big[0]), 0), 2);
	EXPECT_EQ(big[0].ch.result, 0);
	EXPECT_EQ(big[1].ch.result, -E2BIG);
	EXPECT_EQ(big[2].ch.result, 0);
}

/* --- evchan_create() and evchan_wait() --- */

static int create_errno(struct evchan_params p)
{
	int fd = syscall(NR_EVCHAN_CREATE, &p, sizeof(p));

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST(refused_params)
{
	EXPECT_EQ(create_errno((struct evchan_params){}), 0);
	for (int bit = 0; bit < 32; bit++) {
		uint32_t flag = 1u << bit;
		int good = flag == EVCHAN_NONBLOCK || flag == EVCHAN_CLOEXEC ||
			   flag == EVCHAN_SINGLE_CONSUMER;

		EXPECT_EQ(create_errno((struct evchan_params){ .flags = flag }),
			  good ? 0 : EINVAL) {
			TH_LOG("flag %x", flag);
		}
	}
	EXPECT_EQ(create_errno((struct evchan_params){ .features = 1 }), EINVAL);
	EXPECT_EQ(create_errno((struct evchan_params){ .map_offset = 4096 }), EINVAL);
	EXPECT_EQ(create_errno((struct evchan_params){ .map_length = 8192 }), EINVAL);
	EXPECT_EQ(create_errno((struct evchan_params){ .events_offset = 4096 }), EINVAL);
	EXPECT_EQ(create_errno((struct evchan_params){ .event_size = 64 }), EINVAL);
}

/* A caller with a longer structure: what this kernel does not know stays as it was. */
TEST(params_of_another_size)
{
	struct { struct evchan_params p; uint64_t more, guard; } big = { .guard = 77 };
	int fd = syscall(NR_EVCHAN_CREATE, &big.p, sizeof(big.p) + 8);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(big.more, 0);
	EXPECT_EQ(big.guard, 77);
	EXPECT_EQ(big.p.event_size, sizeof(struct evchan_event));
	close(fd);
}

TEST_F(channel, refused_hand_over)
{
	struct __kernel_timespec ts = {};
	sigset_t mask;
	int fd = self->c.fd;

	sigemptyset(&mask);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, fd, 0, EVCHAN_WAKE_OTHER, NULL, NULL, 0), 0);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, fd, 0, EVCHAN_WAKE_OTHER, &ts, NULL, 0), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, fd, 0, EVCHAN_WAKE_OTHER, NULL, &mask, 8), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(syscall(NR_EVCHAN_WAIT, fd, 0, EVCHAN_WAKE_OTHER | EVCHAN_WAIT_ABSTIME, NULL,
			  NULL, 0), -1);
	EXPECT_EQ(errno, EINVAL);
}

/* The library refuses the signals that sigaction() refuses: the C library uses them itself. */
TEST(library_signals)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	ec_t ec = ec_create(0);

	ASSERT_NE(ec, NULL);
	for (uint64_t sig = 32; sig < (uint64_t)SIGRTMIN; sig++) {
		EXPECT_NE(sigaction(sig, &sa, NULL), 0);
		EXPECT_EQ(ec_watch_signal(ec, sig, 0, 0), -1);
		EXPECT_EQ(errno, EINVAL);
		EXPECT_EQ(ec_watch_signal(ec, sig | EVCHAN_SIGNAL_NOMASK, 0, 0), -1);
		EXPECT_EQ(errno, EINVAL);
	}
	EXPECT_EQ(ec_watch_signal(ec, SIGRTMIN | EVCHAN_SIGNAL_NOMASK, 0, 0), 0);
	EXPECT_EQ(ec_watch_signal(ec, 31, 0, 0), 0);
	ec_destroy(ec);
}

/* ec_attach() maps no other file: touching the mapping of an empty file would be fatal. */
TEST(library_attach)
{
	int fds[2], empty = memfd_create("empty", 0), queue = syscall(NR_KEVENT_INIT, NULL, 2, 0);
	ec_t ec;

	ASSERT_EQ(pipe(fds), 0);
	ASSERT_GE(empty, 0);
	ASSERT_GE(queue, 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ec_attach(i == 0 ? fds[0] : i == 1 ? empty : queue), NULL);
		EXPECT_EQ(errno, EINVAL);
	}
	close(fds[0]);
	EXPECT_EQ(ec_attach(fds[0]), NULL);
	EXPECT_EQ(errno, EBADF);
	ec = ec_create(0);
	ASSERT_NE(ec, NULL);
	ec_destroy(ec_attach(dup(ec_fd(ec))));
	ec_destroy(ec);
}

TEST_HARNESS_MAIN
