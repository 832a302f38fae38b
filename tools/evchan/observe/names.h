/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of the numbers of both interfaces, for evstat and evtrace.
 *
 * Every name is a macro of the uapi headers, or of the headers of the C library where the
 * interfaces use its numbers. The names of types come from Documentation/sources.rst.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>
#include <stdio.h>

struct name {
	uint64_t value;		/* one bit, or a number */
	const char *text;
};

/**
 * struct names - names of bits or numbers that belong together
 * @prefix: what the short names leave out, as EVCHAN_
 * @list: the names; ends with a NULL
 */
struct names {
	const char *prefix;
	const struct name *list;
};

enum face { FACE_EVCHAN, FACE_KEVENT };

extern const struct names evchan_ops, evchan_flags, evchan_ctl_flags, evchan_wait_flags;
extern const struct names evchan_create_flags, evchan_features, evchan_event_flags;
extern const struct names evchan_timer_flags, kevent_cmds, kevent_req_flags, kevent_ret_flags;
extern const struct names kevent_wait_flags, kevent_init_flags, clock_names;

/* The flags of a source in the old form of fdinfo, and what both forms call them. */
extern const struct names source_flags;

/* The short name of a type, as poll, or NULL. */
const char *type_name(unsigned int type);

/* Its number, or -1. */
int type_number(const char *name);

/* Print EVCHAN_POLL, KEVENT_POLL or a number. */
void put_type(FILE *to, enum face face, unsigned int type);

/* The names of the events of a type; empty if it has none. */
const struct names *event_names(enum face face, unsigned int type);

/* Print A|B|0x80, or 0. */
void put_flags(FILE *to, const struct names *names, uint64_t value);

/* Print the name of a number, or the number. */
void put_number(FILE *to, const struct names *names, uint64_t value);

/*
 * Write the short names of the bits in lower case, separated by commas, to @text, which has
 * @size bytes. Bits without a name are one hexadecimal number at the end.
 */
void short_flags(char *text, size_t size, const struct names *names, uint64_t value);

#endif /* NAMES_H */
