// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes new programs from those that reached new code, and reads and writes the directory
 * of programs: each file has one line of hexadecimal digits.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

uint32_t draw(uint64_t *state, uint32_t n)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)((x ^ x >> 31) >> 16) % n;
}

static void fresh(struct program *p, uint64_t *state)
{
	p->length = 40 + draw(state, PROGRAM_MAX - 40);
	for (uint32_t i = 0; i < p->length; i++)
		p->bytes[i] = (uint8_t)draw(state, 256);
}

/* Replace some bytes of a program by bytes of another one. */
static void splice(struct program *p, const struct program *other, uint64_t *state)
{
	uint32_t from = draw(state, other->length), at = draw(state, p->length);
	uint32_t n = 1 + draw(state, 80);

	if (n > other->length - from)
		n = other->length - from;
	if (n > PROGRAM_MAX - at)
		n = PROGRAM_MAX - at;
	memcpy(p->bytes + at, other->bytes + from, n);
	if (at + n > p->length)
		p->length = at + n;
}

uint32_t corpus_size(void)
{
	uint32_t n = __atomic_load_n(&shared->nr_corpus, __ATOMIC_RELAXED);

	return n < CORPUS_MAX ? n : CORPUS_MAX;
}

/* Add a program. Other children may do so at the same time. */
void keep_program(const struct program *p)
{
	uint32_t i;

	if (corpus_size() == CORPUS_MAX)
		return;
	i = __atomic_fetch_add(&shared->nr_corpus, 1, __ATOMIC_RELAXED);
	if (i >= CORPUS_MAX)
		return;
	memcpy(shared->corpus[i].bytes, p->bytes, p->length);
	/* Pairs with the load in known_program(). */
	__atomic_store_n(&shared->corpus[i].length, p->length, __ATOMIC_RELEASE);
}

/* Return: one of the programs that are kept, or NULL if that one is not complete. */
static const struct program *known_program(uint64_t *state)
{
	uint32_t known = corpus_size();
	const struct program *p;

	if (!known)
		return NULL;
	p = &shared->corpus[draw(state, known)];
	/* Pairs with the store in keep_program(). */
	return __atomic_load_n(&p->length, __ATOMIC_ACQUIRE) ? p : NULL;
}

void make_program(struct program *p, uint64_t *state)
{
	const struct program *first = known_program(state), *other;

	if (!first || !draw(state, 4)) {
		fresh(p, state);
		return;
	}
	*p = *first;
	for (uint32_t n = 1 + draw(state, 6); n; n--) {
		switch (draw(state, 3)) {
		case 0:
			other = known_program(state);
			if (other)
				splice(p, other, state);
			break;
		case 1:
			p->bytes[draw(state, p->length)] = (uint8_t)draw(state, 256);
			break;
		default:
			p->bytes[draw(state, p->length)] ^= (uint8_t)(1u << draw(state, 8));
			break;
		}
	}
}

int corpus_read(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)) && shared->nr_corpus < CORPUS_MAX) {
		struct program *p = &shared->corpus[shared->nr_corpus];
		char path[512];
		unsigned int byte;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = fopen(path, "r");
		p->length = 0;
		while (f && p->length < PROGRAM_MAX && fscanf(f, "%2x", &byte) == 1)
			p->bytes[p->length++] = (uint8_t)byte;
		if (f)
			fclose(f);
		if (p->length)
			shared->nr_corpus++;
	}
	if (d)
		closedir(d);
	return d ? 0 : -1;
}

/*
 * Write the whole corpus, also the programs that were read. Of those that this run found,
 * the first reached the most new code.
 */
int corpus_write(const char *dir)
{
	for (uint32_t i = 0; i < corpus_size(); i++) {
		const struct program *p = &shared->corpus[i];
		char path[512];
		FILE *f;

		if (!p->length)
			continue;
		snprintf(path, sizeof(path), "%s/%03u", dir, i);
		f = fopen(path, "w");
		if (!f)
			return -1;
		for (uint32_t j = 0; j < p->length; j++)
			fprintf(f, "%02x", p->bytes[j]);
		fputc('\n', f);
		fclose(f);
	}
	return 0;
}
