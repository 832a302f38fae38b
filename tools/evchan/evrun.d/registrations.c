// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of registrations: open addressing by descriptor. Entries stay when a registration
 * is removed, because descriptors are used again.
 */
#include <stdlib.h>

#include "registrations.h"

static struct registration *place_of(const struct registrations *r, int fd)
{
	unsigned int i = (unsigned int)fd * 0x9e3779b1U;

	/* At least a quarter of the places is not in use. */
	for (;; i++) {
		struct registration *e = &r->place[i & (r->size - 1)];

		if (!e->used || e->fd == fd)
			return e;
	}
}

static bool grow(struct registrations *r)
{
	struct registrations new = { .size = r->size ? 2 * r->size : 16, .used = r->used };

	new.place = calloc(new.size, sizeof(*new.place));
	if (!new.place)
		return false;
	for (unsigned int i = 0; i < r->size; i++)
		if (r->place[i].used)
			*place_of(&new, r->place[i].fd) = r->place[i];
	free(r->place);
	*r = new;
	return true;
}

struct registration *registration_find(const struct registrations *r, uint64_t id)
{
	struct registration *e;

	if (!r->size || !id)
		return NULL;
	/* The lower half of an id is the descriptor. */
	e = place_of(r, (int)(uint32_t)id);
	return e->used && e->id == id ? e : NULL;
}

struct registration *registration_of(struct registrations *r, int fd)
{
	struct registration *e;

	if (r->used >= r->size / 4 * 3 && !grow(r))
		return NULL;
	e = place_of(r, fd);
	if (!e->used) {
		*e = (struct registration){ .fd = fd, .used = true };
		r->used++;
	}
	return e;
}

void registrations_free(struct registrations *r)
{
	free(r->place);
}
