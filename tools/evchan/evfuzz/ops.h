/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evfuzz: declarations for the operations of a program. An operation takes its arguments
 * from the program's bytes. It can leave descriptors and mappings for later operations.
 */
#ifndef EVFUZZ_OPS_H
#define EVFUZZ_OPS_H

#include <linux/time_types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

#define FDS	24
#define MAPS	6
#define MAP_SIZE (16 * 4096)

extern const struct program *program;
extern uint32_t at;		/* index of its next byte */
extern int fds[FDS];
extern uint8_t *maps[MAPS];
extern size_t lengths[MAPS];
extern uint8_t *arena;		/* memory whose protection and pages change */
extern uint32_t words[16];
extern int directory;

/* args.c */
uint32_t byte(void);
uint64_t number(void);
uint32_t bits(uint32_t usual);
int descriptor(void);
void *memory(void);
void keep(int fd);
long counted(long ret);
struct __kernel_timespec *timeout(void);

#define CALL(...) counted(syscall(__VA_ARGS__))

/* calls.c */
void op_create(void);
void op_init(void);
void op_ctl(void);
void op_kctl(void);
void op_wait(void);
void op_get(void);
void op_kwait(void);
void op_commit(void);

/* world.c */
void op_fd(void);
void op_close(void);
void op_dup(void);
void op_epoll(void);
void op_poll(void);
void op_io(void);
void op_memory(void);
void op_scribble(void);
void op_fork(void);
void op_signal(void);
void op_timer(void);
void op_mq(void);
void op_aio(void);
void op_futex(void);
void op_fdinfo(void);
void op_limits(void);
void op_graph(void);
void op_file(void);
void op_time(void);

#endif
