// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arguments of operations, which come from the program's bytes, and the descriptors and
 * mappings that operations leave for later ones.
 */
#include <fcntl.h>
#include <string.h>

#include "ops.h"

const struct program *program;
uint32_t at;
int fds[FDS];
uint8_t *maps[MAPS];
size_t lengths[MAPS];
uint8_t *arena;
uint32_t words[16];
int directory = -1;

uint32_t byte(void)
{
	return at < program->length ? program->bytes[at++] : 0;
}

/* A number: small, at an edge of some range, or any. */
uint64_t number(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 7, 8, 64, 4096, 65535, 65536, 65537, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000ULL, 1000000, 1000000000, 999999999,
		0x7fffffffffffffffULL, 0x8000000000000000ULL, ~0ULL, ~0ULL - 1,
	};
	uint32_t how = byte();

	if (how < 128)
		return how % 16;
	if (how < 200)
		return edges[how % (sizeof(edges) / sizeof(*edges))];
	return (uint64_t)byte() << (how % 57);
}

uint32_t bits(uint32_t usual)
{
	uint32_t how = byte();

	return how < 200 ? usual & (how | how << 8) : (uint32_t)number();
}

int descriptor(void)
{
	uint32_t how = byte();

	if (how >= 250)
		return (int)number();
	/* The next open one. */
	for (uint32_t i = 0; i < FDS; i++)
		if (fds[(how + i) % FDS] >= 0)
			return fds[(how + i) % FDS];
	return -1;
}

/* An address: good, near the end of a mapping, NULL, in the kernel, or in a ring. */
void *memory(void)
{
	uint32_t how = byte();

	switch (how % 8) {
	case 0: return NULL;
	case 1: return arena + MAP_SIZE - how % 80;
	case 2: return (void *)(0xffff888000000000ULL + number() % 4096);
	case 3: return maps[how / 8 % MAPS] ? maps[how / 8 % MAPS] + how : arena;
	default: return arena + how * 64 % (MAP_SIZE / 2);
	}
}

void keep(int fd)
{
	uint32_t i = byte() % FDS;

	if (fd < 0) {
		own->refused++;
		return;
	}
	if (fds[i] > 2)
		close(fds[i]);
	fds[i] = fd;
}

long counted(long ret)
{
	own->calls++;
	if (ret < 0)
		own->refused++;
	return ret;
}

struct __kernel_timespec *timeout(void)
{
	static struct __kernel_timespec ts;
	uint32_t how = byte();

	ts = (struct __kernel_timespec){ 0, how % 4 * 100000 };
	if (how > 250)
		ts = (struct __kernel_timespec){ -(long long)number(), (long long)number() };
	return &ts;
}
