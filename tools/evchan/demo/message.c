// SPDX-License-Identifier: GPL-2.0-only
/*
 * The demo's messages: create, check and write them.
 */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "message.h"

static uint32_t check_of(const struct message *m)
{
	uint32_t h = 2166136261u;
	const uint32_t words[] = { m->sender, m->seq, m->total };

	for (unsigned int i = 0; i < 3; i++)
		h = (h ^ words[i]) * 16777619u;
	return h;
}

struct message message_make(uint32_t sender, uint32_t seq, uint32_t total)
{
	struct message m = { sender, seq, total, 0 };

	m.check = check_of(&m);
	return m;
}

void stream_take(struct stream *s, uint32_t sender, const struct message *m)
{
	if (m->check != check_of(m) || m->sender != sender) {
		s->corrupt++;
		return;
	}
	if (m->total) {
		s->total = m->total;
		s->done = 1;
		return;
	}
	if (m->seq != s->next)
		s->disordered++;
	s->next = m->seq + 1;
	s->received++;
}

#define WORD_SEQ(seq)	((seq) & 0xfff)

uint32_t message_word(uint32_t sender, uint32_t seq)
{
	struct message m = message_make(sender, WORD_SEQ(seq), 0);

	return m.sender << 28 | m.seq << 16 | (m.check & 0xffff);
}

void stream_take_word(struct stream *s, uint32_t sender, uint32_t word)
{
	uint32_t seq = WORD_SEQ(word >> 16);

	if (word != message_word(sender, seq)) {
		s->corrupt++;
		return;
	}
	if (seq != WORD_SEQ(s->next))
		s->disordered++;
	s->next = seq + 1;
	s->received++;
}

void message_write(int fd, const struct message *m)
{
	const char *p = (const char *)m;
	size_t left = sizeof(*m);

	while (left) {
		ssize_t n = write(fd, p, left);

		if (n < 0)
			err(1, "writing a message");
		p += n;
		left -= (size_t)n;
	}
}
