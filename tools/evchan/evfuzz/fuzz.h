/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evfuzz: declarations that its files share. A program is a string of bytes: an operation,
 * its arguments, the next operation, and so on. Every string of bytes is a program.
 */
#ifndef EVFUZZ_H
#define EVFUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_MAX	400
#define CORPUS_MAX	512
#define CHILDREN_MAX	64
#define COVER_MAX	(1 << 16)	/* places in the kernel that can be remembered */
#define TRACE_MAX	(1 << 16)

struct program {
	uint32_t length;
	uint8_t bytes[PROGRAM_MAX];
};

/* What a child writes, and the parent reads. A later child in its place goes on counting. */
struct place {
	uint64_t calls, refused, programs;
	struct program now;		/* the running program, for a report */
};

/* Memory that all processes share. */
struct shared {
	uint64_t cover[COVER_MAX];	/* a hash table */
	uint32_t nr_cover;
	uint32_t nr_corpus;		/* a program of length 0 is not complete yet */
	struct program corpus[CORPUS_MAX];
	struct place places[CHILDREN_MAX];
};

extern struct shared *shared;
extern struct place *own;		/* that of this child */
extern bool leave_out_graphs;

uint32_t draw(uint64_t *state, uint32_t n);

/* ops.c */
void execute(const struct program *p);
void ops_begin(void);

/* graph.c */
void build_graph(uint32_t shape, uint32_t length);

/* cover.c */
bool cover_begin(void);
void cover_start(void);
uint32_t cover_new(void);
bool cover_write(const char *path);

/* mutate.c */
uint32_t corpus_size(void);
void keep_program(const struct program *p);
void make_program(struct program *p, uint64_t *state);
int corpus_read(const char *dir);
int corpus_write(const char *dir);

#endif
