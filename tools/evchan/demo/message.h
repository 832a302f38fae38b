/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the demo's producers send: a message that says who sent it, which it is,
 * and whether it arrived whole.
 */
#ifndef DEMO_MESSAGE_H
#define DEMO_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct message {
	uint32_t sender;
	uint32_t seq;		/* from 0 */
	uint32_t total;		/* in the last one: how many there were, itself not counted */
	uint32_t check;
};

/* The receiver's view of one sender. */
struct stream {
	uint32_t next;		/* seq expected next */
	uint32_t received;
	uint32_t total;		/* the sender's count, once known */
	int done;
	uint32_t disordered;
	uint32_t corrupt;
	struct message part;	/* read so far, of the next message */
	size_t have;
};

struct message message_make(uint32_t sender, uint32_t seq, uint32_t total);

/* Account for a message of @sender's stream. */
void stream_take(struct stream *s, uint32_t sender, const struct message *m);

/*
 * The same in one word, for what carries no more: senders to 15, and a seq that
 * wraps at 4096. Without the total.
 */
uint32_t message_word(uint32_t sender, uint32_t seq);
void stream_take_word(struct stream *s, uint32_t sender, uint32_t word);

/* Write a whole message; exits with a line on stderr if that fails. */
void message_write(int fd, const struct message *m);

#endif
