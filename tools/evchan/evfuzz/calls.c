// SPDX-License-Identifier: GPL-2.0-only
/* Operations that make calls of the two interfaces. */
#include <linux/evchan.h>
#include <linux/kevent.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "ops.h"

static void map_queue(int fd, size_t length)
{
	uint32_t i = byte() % MAPS;

	if (maps[i])
		munmap(maps[i], lengths[i]);
	lengths[i] = length;
	maps[i] = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (maps[i] == MAP_FAILED)
		maps[i] = NULL;
}

void op_create(void)
{
	static const uint32_t sizes[] = { 48, 48, 48, 48, 48, 48, 0, 47, 56, 4096, 4097 };
	static struct { struct evchan_params p; uint8_t tail[4096]; } a;
	uint32_t how = byte();
	int fd;

	memset(&a, 0, sizeof(a));
	a.p.flags = bits(EVCHAN_NONBLOCK | EVCHAN_CLOEXEC | EVCHAN_SINGLE_CONSUMER);
	a.p.entries = how & 1 ? 1u << (how >> 1) % 5 : (uint32_t)number();
	if (a.p.entries > 4096 && how & 2)
		a.p.entries = 4;
	if (how > 240)
		a.p.busy_poll_us = (uint32_t)number();
	if (how > 252)
		a.tail[number() % 4096] = 1;
	fd = (int)CALL(565, how > 245 ? memory() : &a, sizes[byte() % 11]);
	if (fd >= 0)
		map_queue(fd, a.p.map_length);
	keep(fd);
}

void op_init(void)
{
	uint32_t how = byte(), num = how & 1 ? 2 + how % 7 : (uint32_t)number() % 100000;
	void *ring = how % 3 == 0 ? memory() : how % 3 == 1 ? arena + 4096 * (how % 8) : NULL;
	int fd = (int)CALL(560, ring, num, bits(KEVENT_INIT_NONBLOCK | KEVENT_INIT_CLOEXEC));

	if (fd >= 0 && !ring && num)
		map_queue(fd, (8 + (size_t)num * 40 + 4095) & ~4095UL);
	keep(fd);
}

static uint16_t type(void)
{
	static const uint16_t types[] = { 0, 1, 2, 3, 3, 3, 5, 6, 6, 7, 8, 9, 9, 16, 17, 18 };
	uint32_t how = byte();

	return how < 250 ? types[how % 16] : (uint16_t)number();
}

static void fill_change(struct evchan_change *c)
{
	static const uint16_t ops[] = { 1, 1, 1, 4, 4, 2, 2, 3, 3, 5, 5, 6 };
	uint32_t how = byte();

	*c = (struct evchan_change){
		.op = how < 250 ? ops[how % 12] : (uint16_t)number(),
		.type = type(), .id = number() & 7, .data = how,
		.flags = bits(EVCHAN_LEVEL | EVCHAN_ONESHOT | EVCHAN_WAKE_ALL |
			      EVCHAN_REPORT_CLOSE | EVCHAN_TIMESTAMP | EVCHAN_BY_ID |
			      EVCHAN_EXCLUSIVE),
		.events = bits(0x5 | POLLIN | POLLOUT | POLLRDHUP | IN_CREATE | IN_DELETE),
	};
	/* Half of the entries have no mode but level, so that they are valid more often. */
	if (how & 1)
		c->flags &= EVCHAN_LEVEL | EVCHAN_BY_ID;
	switch (c->type) {
	case EVCHAN_TIMER:
		c->args[0] = how & 4 ? 1 : number();
		c->args[1] = 1 + number();
		c->args[2] = how & 8 ? 1000000 : number();
		c->args[3] = how > 200;
		break;
	case EVCHAN_SIGNAL:
		c->id = 32 + number() % 34;
		c->id |= EVCHAN_SIGNAL_NOMASK;
		break;
	case EVCHAN_FUTEX:
		c->flags = EVCHAN_ONESHOT;
		c->args[0] = how & 8 ? (uintptr_t)memory() : (uintptr_t)&words[how % 16];
		c->args[1] = how > 200;
		c->args[2] = how > 100 ? ~0U : number();
		c->args[3] = how > 240 ? number() : 0x82;
		break;
	case EVCHAN_INODE:
		c->args[0] = how & 8 ? (uint64_t)directory : (uint64_t)descriptor();
		c->args[1] = how > 200 ? (uintptr_t)memory() : 0;
		break;
	default:
		c->args[0] = (uint64_t)descriptor();
		break;
	}
	if (how > 252)
		c->args[number() % 4] = number();
}

void op_ctl(void)
{
	static struct evchan_change c[8];
	uint32_t how = byte(), n = 1 + how % 4;
	int fd = descriptor();

	for (uint32_t i = 0; i < n; i++)
		fill_change(&c[i]);
	if (how > 248)
		CALL(566, fd, memory(), number(), number(), number());
	else
		CALL(566, fd, c, n, sizeof(*c), how > 200 ? EVCHAN_CTL_STOP : 0);
}

void op_kctl(void)
{
	static struct ukevent uk[8];
	uint32_t how = byte(), n = how % 5, cmd = byte();
	int fd = descriptor();

	for (uint32_t i = 0; i < n; i++) {
		uint32_t what = byte();

		uk[i] = (struct ukevent){
			.id.raw = { (uint32_t)descriptor(), what & 1 ? 0 : what % 8 }, .type = type(),
			.event = bits(0x7 | POLLIN | POLLOUT), .req_flags = bits(0xff),
			.user = { what, how },
		};
		if (uk[i].type == KEVENT_TIMER)
			uk[i].id.raw[0] = what % 2, uk[i].id.raw[1] = 1000000 * (what % 9);
		if (uk[i].type == KEVENT_UNOTIFY)
			uk[i].id.raw[0] = what % 4;
		if (uk[i].type == KEVENT_SIGNAL)
			uk[i].id.raw_u64 = KEVENT_SIGNAL_NOMASK | (34 + what % 30);
		if (uk[i].type == KEVENT_FUTEX) {
			uk[i].id.raw_u64 = what > 200 ? (uintptr_t)memory() :
							(uintptr_t)&words[what % 16];
			uk[i].req_flags |= KEVENT_REQ_ONESHOT;
			uk[i].ret_data[1] = 0x82;
		}
	}
	if (how > 248)
		CALL(561, fd, cmd, number(), memory());
	else
		CALL(561, fd, cmd % 4, n, uk);
}

void op_wait(void)
{
	uint32_t how = byte();

	CALL(567, descriptor(), how < 128 ? how % 3 : number(), how < 200 ? how & 4 : number(),
	     how > 250 ? memory() : timeout(), how % 8 ? NULL : memory(), how > 240 ? number() : 8);
}

void op_get(void)
{
	uint32_t how = byte();

	CALL(562, descriptor(), how % 2, how > 250 ? number() : 1 + how % 9, how % 3,
	     how % 4 ? arena : memory(), how > 250 ? number() : 0);
}

void op_kwait(void)
{
	uint32_t how = byte();

	CALL(563, descriptor(), how > 240 ? number() : 1 + how % 8, how % 9,
	     how > 250 ? memory() : timeout(), how > 240 ? number() : 0);
}

void op_commit(void)
{
	CALL(564, descriptor(), number(), byte() % 4);
}
