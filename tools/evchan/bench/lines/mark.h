/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks: no-operation instructions by which a program in the guest talks to the plugin. A
 * mark is a nop with a memory operand, nopl disp32(%rax), whose displacement is the number
 * of the mark. Without the plugin a mark does nothing.
 */
#ifndef MARK_H
#define MARK_H

/* Opcode and operand byte of nopl disp32(%rax). */
#define MARK_OPCODE	"\x0f\x1f\x80"
#define MARK_BASE	0x4c696e60

enum mark {
	MARK_BIT_0,	/* append a bit to the number of the next interval */
	MARK_BIT_1,
	MARK_START,	/* empty the caches, and begin the interval with its lap 0 */
	MARK_HERE,	/* from now on, count what this processor does in this interval */
	MARK_LAP,	/* print what was counted in this lap, and begin the next one */
	MARK_STOP,	/* end the interval; the lap in progress is not printed */
	MARK_PAUSE,	/* this processor only waits: give the host's processor to others */
	MARKS
};

/* @m must be a constant. */
#define MARK(m) \
	asm volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : : "i" (MARK_BASE + (m)) : "memory")

static inline void mark_start(unsigned int interval)
{
	for (int bit = 15; bit >= 0; bit--)
		if (interval >> bit & 1)
			MARK(MARK_BIT_1);
		else
			MARK(MARK_BIT_0);
	MARK(MARK_START);
}

#endif
