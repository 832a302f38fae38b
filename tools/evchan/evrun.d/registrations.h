/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this process has registered in a set, by descriptor. It tells whether an event can be
 * delivered as it is, without asking the kernel. A registration that is not here, because
 * there was no memory or another process made it, is asked about.
 */
#ifndef EVRUN_REGISTRATIONS_H
#define EVRUN_REGISTRATIONS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct registration - a descriptor in a set
 * @id: id of the registration in the channel, 0: it is removed
 * @fd: the descriptor
 * @generation: fd_generation() of the descriptor when it was added
 * @events: what the program asked for
 * @complete: an event that is posted has every bit that holds, as one of epoll has
 * @nested: the descriptor is a set itself. Polling it at each event lets it tell of the next one
 * @used: this place of the table is in use
 */
struct registration {
	uint64_t id;
	int fd;
	uint32_t generation;
	uint32_t events;
	bool complete;
	bool nested;
	bool used;
};

/* A hash table; all zero is an empty one. The mutex of its set protects it. */
struct registrations {
	struct registration *place;
	unsigned int size;	/* a power of two, or 0 */
	unsigned int used;
};

/* The registration with this id, or NULL. */
struct registration *registration_find(const struct registrations *r, uint64_t id);
/* The entry of a descriptor, which may be new; NULL without memory. */
struct registration *registration_of(struct registrations *r, int fd);
void registrations_free(struct registrations *r);

#endif /* EVRUN_REGISTRATIONS_H */
