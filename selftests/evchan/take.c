// SPDX-License-Identifier: GPL-2.0-only
/*
 * A consumer is stopped or killed at every instruction of taking an event: the others still
 * receive events, nothing is lost and nothing arrives twice. If a single consumer is killed,
 * another one takes its place.
 */
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "channel.h"
#include "evchan.h"	/* libevchan's */

#define STEPS_LIMIT	4000

FIXTURE(taking)
{
	struct channel c;
	struct evchan library;
	struct {
		int took;
		uint64_t value;
	} *child;		/* what it took, in shared memory */
};

FIXTURE_VARIANT(taking)
{
	bool library;
	bool behind;	/* the ring's head points to a consumed slot */
	bool single;	/* EVCHAN_SINGLE_CONSUMER */
};

FIXTURE_VARIANT_ADD(taking, by_hand) { .library = false };
FIXTURE_VARIANT_ADD(taking, by_library) { .library = true };
FIXTURE_VARIANT_ADD(taking, by_library_behind) { .library = true, .behind = true };
FIXTURE_VARIANT_ADD(taking, by_library_single) { .library = true, .single = true };

FIXTURE_SETUP(taking)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER };

	ASSERT_EQ(channel_open(&self->c, 8, variant->single ? EVCHAN_SINGLE_CONSUMER : 0), 0);
	ASSERT_EQ(change(&self->c, &ch), 0);
	self->library = (struct evchan){
		.header = self->c.header, .events = self->c.events,
		.end = self->c.events + self->c.params.entries, .fd = self->c.fd,
		.mask = self->c.params.entries - 1, .order = 3,
		.first = 1ULL << 32 | (variant->single ? EC_SINGLE : 0),
	};
	self->child = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(self->child, MAP_FAILED);
}

FIXTURE_TEARDOWN(taking)
{
	munmap(self->child, 4096);
	channel_close(&self->c);
}

static int post(struct channel *c, uint64_t value)
{
	struct evchan_change ch = { .op = EVCHAN_POST, .type = EVCHAN_USER, .args = { value } };

	return change(c, &ch);
}

/* Post two events, with values 0 and 1. */
static int post_two(FIXTURE_DATA(taking) *self, const FIXTURE_VARIANT(taking) *variant)
{
	struct evchan_event e;

	if (variant->behind) {
		if (post(&self->c, 0) || !take(&self->c, &e))
			return -1;
		self->c.header->head--;
	}
	return post(&self->c, 0) ?: post(&self->c, 1);
}

/* A child that stops, takes one event, and stops again. */
static pid_t start_consumer(FIXTURE_DATA(taking) *self, const FIXTURE_VARIANT(taking) *variant)
{
	struct evchan_event e = { 0 };
	pid_t pid;
	int status;

	self->child->took = -1;
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		self->child->took = variant->library ? ec_take(&self->library, &e) :
						       take(&self->c, &e);
		self->child->value = e.value;
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	return pid;
}

/*
 * Is the child's next instruction an atomic one? On x86 it has the lock prefix. On arm64 it is
 * one of the instructions of Armv8.1, which the processor must have: a pair of exclusive
 * load and store never succeeds if it is single-stepped.
 */
static bool at_locked(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec all = { &regs, sizeof(regs) };
	uint32_t code;
	void *at;

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all);
#if defined(__x86_64__)
	at = (void *)regs.rip;
#elif defined(__i386__)
	at = (void *)regs.eip;
#else
	at = (void *)regs.pc;
#endif
	code = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
#ifdef __aarch64__
	/* CAS, or LDADD, SWP and the like */
	return (code & 0x3fa07c00) == 0x08a07c00 || (code & 0x3f200c00) == 0x38200000;
#else
	return (code & 0xff) == 0xf0;
#endif
}

/*
 * Single-step the child; false if it reached its end. *@locked: was the last instruction a
 * locked one?
 */
static bool step(FIXTURE_DATA(taking) *self, pid_t pid, int steps, bool *locked)
{
	int status;

	*locked = false;
	while (steps--) {
		if (self->child->took >= 0)
			return false;
		*locked = at_locked(pid);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
	}
	return true;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		;
}

/*
 * Take all events: a bit for each of the values 0 to 2 that came, and a further bit if one
 * came twice.
 */
static unsigned int take_rest(struct channel *c)
{
	struct evchan_event e;
	unsigned int there = 0;

	while (take(c, &e))
		there |= there & 1u << e.value ? 8 : 1u << e.value;
	return there;
}

TEST_F_TIMEOUT(taking, killed_anywhere, 150)
{
	bool taken = false, more = true, locked;
	int steps;

	for (steps = 0; more && steps < STEPS_LIMIT; steps++) {
		bool before = taken;
		unsigned int rest;
		pid_t pid;

		ASSERT_EQ(post_two(self, variant), 0);
		pid = start_consumer(self, variant);
		ASSERT_GT(pid, 0);
		more = step(self, pid, steps, &locked);
		end(pid);
		ASSERT_EQ(post(&self->c, 2), 0);
		rest = take_rest(&self->c);
		taken = !(rest & 1);
		ASSERT_EQ(rest | 1, 7) {
			TH_LOG("killed after %d instructions: %x is there", steps, rest);
		}
		/*
		 * One instruction takes the event, and later ones do not bring it back. It is a
		 * locked one, but a single consumer stores its head.
		 */
		if (taken != before) {
			ASSERT_TRUE(taken && (locked || variant->single));
		}
	}
	EXPECT_TRUE(taken);
	EXPECT_FALSE(more);
	EXPECT_GT(steps, 20);
}

TEST_F_TIMEOUT(taking, stopped_anywhere, 150)
{
	bool more = true, locked;
	int steps;

	for (steps = 0; more && steps < STEPS_LIMIT; steps++) {
		struct evchan_event e;
		unsigned int all;
		int status;
		pid_t pid;

		ASSERT_EQ(post_two(self, variant), 0);
		pid = start_consumer(self, variant);
		ASSERT_GT(pid, 0);
		more = step(self, pid, steps, &locked);
		/* While that consumer is stopped another can take an event, if there may be one. */
		if (variant->single) {
			all = 2;
		} else {
			ASSERT_EQ(take(&self->c, &e), 1);
			all = 1u << e.value;
		}
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_EQ(self->child->took, 1);
		EXPECT_EQ(all & 1u << self->child->value, 0);
		all |= 1u << self->child->value;
		end(pid);
		ASSERT_EQ(all, 3) {
			TH_LOG("stopped after %d instructions: %x came", steps, all);
		}
		EXPECT_EQ(take_rest(&self->c), variant->single ? 2 : 0);
	}
	EXPECT_FALSE(more);
}

TEST_HARNESS_MAIN
