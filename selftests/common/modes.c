// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of source types in the documentation, checked: each mode of each type, through
 * both interfaces, is accepted if the table has it and refused with EINVAL if not.
 */
#include <linux/futex.h>
#include <sys/inotify.h>

#include "face-fixture.h"

#define BIT_EDGE	(1 << EDGE)
#define BIT_LEVEL	(1 << LEVEL)
#define BIT_ONESHOT	(1 << ONESHOT)

#define ROW(name, number, modes) { #name, number, modes },

static const struct type {
	const char *name;
	uint32_t number;
	unsigned int modes;
} types[] = {
#include "sources.h"	/* made from that table */
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static const char *const mode_names[] = { "edge", "level", "oneshot" };

/* A request of each type that is valid, except perhaps for its mode. */
struct wish {
	uint64_t id;		/* for both interfaces */
	uint32_t events;
	uint64_t args[4];
	uint32_t in[2];		/* kevent: ret_data on entry */
	int fds[2];
};

static uint32_t word;

static int make_wish(uint32_t number, enum face_kind kind, struct wish *w)
{
	*w = (struct wish){ .events = 1, .fds = { -1, -1 } };
	switch (number) {
	case EVCHAN_SOCKET:
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, w->fds))
			return -1;
		break;
	case EVCHAN_PIPE:
		if (pipe(w->fds))
			return -1;
		break;
	case EVCHAN_POLL:
		w->fds[0] = eventfd(0, 0);
		break;
	case EVCHAN_INODE:
		w->fds[0] = open("/tmp", O_RDONLY | O_DIRECTORY);
		w->events = kind == EVCHAN ? IN_CREATE : KEVENT_INODE_CREATE;
		break;
	case EVCHAN_PROCESS:
		w->fds[0] = syscall(SYS_pidfd_open, getpid(), 0);
		break;
	case EVCHAN_TIMER:
		w->id = 3600;	/* kevent: seconds */
		w->args[0] = CLOCK_MONOTONIC;
		w->args[1] = 3600000000000ULL;
		break;
	case EVCHAN_SIGNAL:
		w->id = SIGUSR2;
		break;
	case EVCHAN_FUTEX:
		w->id = (uintptr_t)&word;
		w->args[0] = (uintptr_t)&word;
		w->args[2] = UINT32_MAX;
		w->args[3] = 0x02 | FUTEX_PRIVATE_FLAG;	/* FUTEX2_SIZE_U32 */
		w->in[1] = w->args[3];
		break;
	case EVCHAN_USER:
	case EVCHAN_AIO:		/* not registered by the calls of a face */
	case EVCHAN_POSIX_TIMER:
	case EVCHAN_MQUEUE:
		w->id = 1;
		break;
	default:
		return -1;
	}
	if (w->fds[0] >= 0) {
		w->id = w->fds[0];
		w->args[0] = w->fds[0];
	}
	return 0;
}

/* Add the source in @mode or, if it was added in another mode, modify it to that. */
static int try_mode(struct face *f, int add, uint32_t number, enum mode mode, const struct wish *w)
{
	struct evchan_change ch = {
		.op = add ? EVCHAN_ADD : EVCHAN_MOD, .type = number, .id = w->id,
		.events = w->events, .flags = evchan_mode(mode),
	};
	struct ukevent uk = {
		.type = number, .id.raw_u64 = w->id, .event = w->events,
		.req_flags = kevent_mode(mode), .ret_data = { w->in[0], w->in[1] },
	};

	if (f->kind == EVCHAN) {
		memcpy(ch.args, w->args, sizeof(ch.args));
		return change(&f->c, &ch);
	}
	return kevent_request(&f->q, add ? KEVENT_CTL_ADD : KEVENT_CTL_MODIFY, &uk);
}

/* kevent's default mode is level where the type has level, and edge otherwise. */
static int in_table(const struct face *f, const struct type *t, enum mode mode)
{
	if (f->kind != EVCHAN && mode == LEVEL)
		return !!(t->modes & (BIT_LEVEL | BIT_EDGE));
	return !!(t->modes & 1 << mode);
}

TEST_F(face, modes_of_each_type)
{
	for (size_t i = 0; i < TYPES; i++) {
		const struct type *t = &types[i];

		for (enum mode mode = EDGE; mode <= ONESHOT; mode++) {
			int expected = in_table(self, t, mode) ? 0 : -EINVAL;
			struct wish w;

			ASSERT_EQ(make_wish(t->number, self->kind, &w), 0) {
				TH_LOG("%s: make_wish() knows no type %u", t->name, t->number);
			}
			EXPECT_EQ(try_mode(self, 1, t->number, mode, &w), expected) {
				TH_LOG("%s, %s", t->name, mode_names[mode]);
			}
			for (enum mode to = EDGE; !expected && to <= ONESHOT; to++) {
				EXPECT_EQ(try_mode(self, 0, t->number, to, &w),
					  in_table(self, t, to) ? 0 : -EINVAL) {
					TH_LOG("%s, %s made %s", t->name, mode_names[mode],
					       mode_names[to]);
				}
			}
			close(w.fds[0]);
			close(w.fds[1]);
			/*
			 * Start with a new queue, so that nothing of this type is left for the
			 * next.
			 */
			face_close(self);
			ASSERT_EQ(face_open(self), 0);
		}
	}
}

/* A type that the table does not have does not exist: ENOSYS, as in 2006. */
TEST_F(face, modes_no_other_type)
{
	for (uint32_t number = 0; number < 64; number++) {
		struct wish w = { .events = 1 };
		size_t i = 0;

		while (i < TYPES && types[i].number != number)
			i++;
		if (i < TYPES)
			continue;
		for (enum mode mode = EDGE; mode <= ONESHOT; mode++)
			for (int add = 0; add <= 1; add++)
				EXPECT_EQ(try_mode(self, add, number, mode, &w), -ENOSYS);
	}
}

TEST_HARNESS_MAIN
