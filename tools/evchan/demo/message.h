/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The message that the demo's producers send. It contains its sender, its number and a
 * checksum, so that the receiver can tell lost, reordered and damaged messages.
 */
#ifndef DEMO_MESSAGE_H
#define DEMO_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct message {
	uint32_t sender;
	uint32_t seq;		/* from 0 */
	uint32_t total;		/* in the last message: the number of messages before it */
	uint32_t check;
};

/* The receiver's view of one sender. */
struct stream {
	uint32_t next;		/* the next expected seq */
	uint32_t received;
	uint32_t total;		/* the sender's count, once known */
	int done;
	uint32_t disordered;
	uint32_t corrupt;
	struct message part;	/* bytes of the next message that were read */
	size_t have;
};

struct message message_make(uint32_t sender, uint32_t seq, uint32_t total);

/* Account for a message of @sender's stream. */
void stream_take(struct stream *s, uint32_t sender, const struct message *m);

/*
 * A message in one word, for events that carry no more: the sender is at most 15, the seq
 * wraps at 4096, and there is no total.
 */
uint32_t message_word(uint32_t sender, uint32_t seq);
void stream_take_word(struct stream *s, uint32_t sender, uint32_t word);

/* Write a whole message; exit with a message on stderr if that fails. */
void message_write(int fd, const struct message *m);

#endif
