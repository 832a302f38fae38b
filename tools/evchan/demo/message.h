/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the demo's producers send: a message that says who sent it, which it is,
 * and whether it arrived whole.
 */
#ifndef DEMO_MESSAGE_H
#define DEMO_MESSAGE_H

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
};

struct message message_make(uint32_t sender, uint32_t seq, uint32_t total);

/* Account for a message of @sender's stream. */
void stream_take(struct stream *s, uint32_t sender, const struct message *m);

/* Write a whole message; exits with a line on stderr if that fails. */
void message_write(int fd, const struct message *m);

#endif
