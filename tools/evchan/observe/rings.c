// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings of traced processes. A program takes events from a ring without a system call, so
 * the rings are read when a task waits, and afterwards. An event that was taken meanwhile is
 * still in its slot, without its bits, until the slot is filled again.
 */
#include <dirent.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evtrace.h"

/* How many slots are read at once. */
#define CHUNK	64

/**
 * struct ring - a ring in the memory of a process
 * @address: where it is mapped; 0 until then
 * @next: the position, or for kevent the index, after the last event that was seen
 */
struct ring {
	struct ring *after;
	pid_t group;
	int fd;
	enum face face;
	uint64_t address;
	uint32_t entries;
	uint64_t next;
};

static struct ring *rings;

static struct ring *find(pid_t group, int fd)
{
	struct ring *r = rings;

	while (r && (r->group != group || r->fd != fd))
		r = r->after;
	return r;
}

static struct ring *add(pid_t group, int fd, enum face face)
{
	struct ring *r = find(group, fd);

	if (!r) {
		r = malloc(sizeof(*r));
		if (!r)
			die("out of memory");
		r->after = rings;
		rings = r;
	}
	*r = (struct ring){ .after = r->after, .group = group, .fd = fd, .face = face };
	return r;
}

static void remove_ring(struct ring **at)
{
	struct ring *r = *at;

	*at = r->after;
	free(r);
}

void rings_forget(pid_t group)
{
	for (struct ring **at = &rings; *at; ) {
		if ((*at)->group == group)
			remove_ring(at);
		else
			at = &(*at)->after;
	}
}

/* A child has the mappings of its parent. */
void rings_fork(pid_t parent, pid_t child)
{
	for (struct ring *r = rings; r; r = r->after)
		if (r->group == parent) {
			struct ring copy = *r, *new = add(child, r->fd, r->face);

			copy.after = new->after;
			copy.group = child;
			*new = copy;
		}
}

/* --- finding them --- */

/* "anon_inode:[evchan]" or "anon_inode:[kevent]", for the link of a descriptor or a mapping. */
static bool names_queue(const char *name, enum face *face)
{
	*face = strstr(name, "anon_inode:[kevent]") ? FACE_KEVENT : FACE_EVCHAN;
	return *face == FACE_KEVENT || strstr(name, "anon_inode:[evchan]");
}

static bool is_queue(pid_t group, const char *fd, enum face *face)
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", (int)group, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = 0;
	return names_queue(link, face);
}

/* Numbers of calls that make and end rings. */
struct numbers {
	uint32_t arch;
	uint16_t mmap, munmap, close;
};

static const struct numbers numbers[] = {
	{ AUDIT_ARCH_X86_64, 9, 11, 3 },
	{ AUDIT_ARCH_I386, 192, 91, 6 },	/* mmap2 */
	{ AUDIT_ARCH_AARCH64, 222, 215, 57 },
};

static const struct numbers *numbers_of(const struct call *c)
{
	static const struct numbers none = { 0, UINT16_MAX, UINT16_MAX, UINT16_MAX };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].arch == c->arch)
			return &numbers[i];
	return &none;
}

/* The size of a channel's ring is in its header. */
static void mapped(struct ring *r, uint64_t address)
{
	struct evchan_ring_header header;

	if (r->face == FACE_KEVENT) {
		r->address = r->entries ? address : 0;
		return;
	}
	if (!peek(r->group, address, &header, sizeof(header)) || header.entries < 2 ||
	    header.entries > 65536 || header.entries & (header.entries - 1))
		return;
	r->address = address;
	r->entries = header.entries;
}

void rings_after_call(pid_t group, const struct call *c, int64_t result)
{
	bool failed = result < 0 && result > -4096;
	enum face face;
	struct ring *r;
	char fd[16];

	if (failed)
		return;
	if (c->nr == NR_KEVENT_INIT) {
		r = add(group, (int)result, FACE_KEVENT);
		r->entries = (uint32_t)c->args[1];
		r->address = c->args[0];
	} else if (c->nr == NR_EVCHAN_CREATE) {
		add(group, (int)result, FACE_EVCHAN);
	} else if (c->nr == numbers_of(c)->mmap) {
		snprintf(fd, sizeof(fd), "%d", (int)c->args[4]);
		if ((int)c->args[4] < 0 || !is_queue(group, fd, &face))
			return;
		r = find(group, (int)c->args[4]);
		if (!r)
			r = add(group, (int)c->args[4], face);
		if (r->face == face)
			mapped(r, (uint64_t)result);
	}
}

static void show_channel(FILE *to, struct ring *r, void (*begin)(void));

/*
 * The ring of a process that was running before: if it has one channel and one mapping of a
 * channel, they belong together. Otherwise it is not known which is which.
 */
void rings_of_running(pid_t group)
{
	char path[64], line[512];
	uint64_t address = 0;
	struct dirent *entry;
	int maps = 0, fds = 0, fd = -1;
	enum face face;
	FILE *f;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)group);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (names_queue(line, &face) && face == FACE_EVCHAN) {
			address = strtoull(line, NULL, 16);
			maps++;
		}
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)group);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (is_queue(group, entry->d_name, &face) && face == FACE_EVCHAN) {
			fd = atoi(entry->d_name);
			fds++;
		}
	if (dir)
		closedir(dir);
	if (maps != 1 || fds != 1)
		return;
	mapped(add(group, fd, FACE_EVCHAN), address);
	/* What is in the ring by now was not seen coming. */
	show_channel(NULL, find(group, fd), NULL);
}

/* --- reading them --- */

static void show_slot(FILE *to, const struct ring *r, const struct evchan_event *e,
		      void (*begin)(void))
{
	begin();
	fprintf(to, "  <%d>[%" PRIu64 "] %s", r->fd, r->next & (r->entries - 1),
		e->events ? "" : "taken: ");
	print_event(to, e);
	fputc('\n', to);
}

/*
 * The events of a channel from r->next on. A lap that is higher than that of the position
 * says that the slot was filled again; the oldest event that can still be there is a ring
 * behind. @to NULL: print nothing.
 */
static void show_channel(FILE *to, struct ring *r, void (*begin)(void))
{
	/* The slots are on the page after that of the header. */
	uint64_t slots = r->address + (uint64_t)sysconf(_SC_PAGESIZE), missed = 0, first = 0;
	unsigned int order = (unsigned int)__builtin_ctz(r->entries), have = 0;
	struct evchan_event buf[CHUNK], *e;

	/* Twice the ring: events may come while it is read. */
	for (uint64_t n = 0; n < 2ULL * r->entries; n++) {
		uint64_t slot = r->next & (r->entries - 1);
		int32_t ahead;

		if (slot < first || slot >= first + have || !have) {
			first = slot;
			have = r->entries - (uint32_t)slot < CHUNK ?
			       r->entries - (uint32_t)slot : CHUNK;
			if (!peek(r->group, slots + first * sizeof(*e), buf, have * sizeof(*e))) {
				r->address = 0;
				return;
			}
		}
		e = &buf[slot - first];
		ahead = (int32_t)(e->lap - ((uint32_t)(r->next >> order) + 1));
		if (ahead < 0)
			break;
		if (ahead > 0) {
			uint64_t step = (uint64_t)(ahead - 1) * r->entries + 1;

			missed += step;
			r->next += step;
			continue;
		}
		if (to && missed) {
			begin();
			fprintf(to, "  <%d> %" PRIu64 " events came and went unseen\n", r->fd,
				missed);
		}
		missed = 0;
		if (to)
			show_slot(to, r, e, begin);
		r->next++;
	}
}

static void show_queue(FILE *to, struct ring *r, void (*begin)(void))
{
	struct kevent_ring header;
	struct ukevent uk;

	if (!peek(r->group, r->address, &header, sizeof(header)) ||
	    header.ring_kidx >= r->entries) {
		r->address = 0;
		return;
	}
	for (; r->next != header.ring_kidx; r->next = (r->next + 1) % r->entries) {
		if (!to || !peek(r->group, r->address + sizeof(header) + r->next * sizeof(uk),
				 &uk, sizeof(uk)))
			continue;
		begin();
		fprintf(to, "  <%d>[%" PRIu64 "] ", r->fd, r->next);
		print_ukevent(to, &uk, false);
		fputc('\n', to);
	}
}

void rings_show(FILE *to, pid_t group, int fd, void (*begin)(void))
{
	for (struct ring *r = rings; r; r = r->after) {
		if (r->group != group || (fd >= 0 && r->fd != fd) || !r->address)
			continue;
		if (r->face == FACE_KEVENT)
			show_queue(to, r, begin);
		else
			show_channel(to, r, begin);
	}
}

void rings_skip(pid_t group, int fd)
{
	struct ring *r = find(group, fd);

	if (r && r->address && r->face == FACE_KEVENT)
		show_queue(NULL, r, NULL);
}

void rings_before_call(FILE *to, pid_t group, const struct call *c, void (*begin)(void))
{
	const struct numbers *n = numbers_of(c);

	if (c->nr != n->close && c->nr != n->munmap)
		return;
	for (struct ring **at = &rings; *at; ) {
		struct ring *r = *at;

		if (r->group != group || (c->nr == n->close ? r->fd != (int)c->args[0] :
					  !r->address || r->address != c->args[0])) {
			at = &r->after;
			continue;
		}
		rings_show(to, group, r->fd, begin);
		remove_ring(at);
	}
}
