// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that counts what a guest's processors need of each other: it passes
 * their accesses of memory to the model in cache.c, between marks in the guest (mark.h).
 *
 * Arguments: out=FILE    where to print; a line for each lap of an interval:
 *                        lap INTERVAL LAP FETCHED UPGRADED FIRST-MISSES OUTER LOCKED
 *            tick=HEX    address of the clock tick's interrupt entry; what the tick does
 *                        changes the caches, but is not counted
 *            where=on    also print which instruction moved which line how often
 *
 * Processors run in parallel, each in a thread of QEMU, which calls the functions here
 * before an instruction or after an access. Each has counters of its own. The processor
 * that prints reads those of the others while they wait.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qemu-plugin.h>

#include "cache.h"
#include "mark.h"
#include "where.h"

#if QEMU_PLUGIN_VERSION != 1
#error "This plugin is for the plugin interface of QEMU 7.2, version 1"
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { NR_FETCHED, NR_UPGRADED, NR_FIRST, NR_OUTER, NR_LOCKED, COUNTERS };

/* How long a processor that waits leaves the host's processor to others. */
#define PAUSE_NS	20000

struct cpu {
	_Atomic uint64_t count[COUNTERS];
	bool counted, in_tick;
} __attribute__((aligned(128)));

static struct cpu *cpus;
static unsigned int nr_cpus;
static FILE *out;
static uint64_t tick;
static bool where;

static atomic_bool running;
/* The interval and its lap; written by the processor that executes the marks. */
static unsigned int number, interval, lap;
static uint64_t before[COUNTERS];

/* Only the processor's own thread adds, so this needs no atomic operation. */
static void count(struct cpu *cpu, unsigned int what)
{
	uint64_t n = atomic_load_explicit(&cpu->count[what], memory_order_relaxed);

	atomic_store_explicit(&cpu->count[what], n + 1, memory_order_relaxed);
}

static void sum_up(uint64_t *sum)
{
	for (unsigned int what = 0; what < COUNTERS; what++) {
		sum[what] = 0;
		for (unsigned int i = 0; i < nr_cpus; i++)
			sum[what] += atomic_load_explicit(&cpus[i].count[what],
							  memory_order_relaxed);
	}
}

static void print_lap(void)
{
	uint64_t now[COUNTERS];

	sum_up(now);
	fprintf(out, "lap %u %u", interval, lap++);
	for (unsigned int what = 0; what < COUNTERS; what++)
		fprintf(out, " %llu", (unsigned long long)(now[what] - before[what]));
	fprintf(out, "\n");
	memcpy(before, now, sizeof(before));
}

static void start(void)
{
	interval = number;
	number = lap = 0;
	for (unsigned int i = 0; i < nr_cpus; i++)
		cpus[i].counted = false;
	cache_empty();
	sum_up(before);
	atomic_store(&running, true);
}

static void at_mark(unsigned int vcpu, void *mark)
{
	const struct timespec nap = { .tv_nsec = PAUSE_NS };

	switch ((enum mark)(uintptr_t)mark) {
	case MARK_BIT_0:
	case MARK_BIT_1:
		number = number * 2 + ((uintptr_t)mark == MARK_BIT_1);
		break;
	case MARK_START:
		start();
		break;
	case MARK_HERE:
		cpus[vcpu].counted = true;
		break;
	case MARK_LAP:
		print_lap();
		break;
	case MARK_STOP:
		atomic_store(&running, false);
		break;
	default:
		nanosleep(&nap, NULL);
	}
}

static void at_tick(unsigned int vcpu, void *enters)
{
	cpus[vcpu].in_tick = enters != NULL;
}

static bool is_counted(const struct cpu *cpu)
{
	return cpu->counted && !cpu->in_tick;
}

static void at_locked(unsigned int vcpu, void *unused)
{
	(void)unused;
	if (atomic_load_explicit(&running, memory_order_relaxed) && is_counted(&cpus[vcpu]))
		count(&cpus[vcpu], NR_LOCKED);
}

static void use_line(unsigned int vcpu, uint64_t line, bool write, uint64_t code)
{
	unsigned int needed = cache_access(vcpu, line, write);
	struct cpu *cpu = &cpus[vcpu];

	if (!needed || !is_counted(cpu))
		return;
	if (needed & FETCHED)
		count(cpu, NR_FETCHED);
	if (needed & UPGRADED)
		count(cpu, NR_UPGRADED);
	if (needed & FIRST_MISSED)
		count(cpu, NR_FIRST);
	if (needed & OUTER)
		count(cpu, NR_OUTER);
	if (where && lap)
		where_add(interval, code, line, needed);
}

/* Return: is @address in memory, and not in a device? Then @physical is where. */
static bool translate(qemu_plugin_meminfo_t info, uint64_t address, uint64_t *physical)
{
	struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, address);

	if (!hw || qemu_plugin_hwaddr_is_io(hw))
		return false;
	*physical = qemu_plugin_hwaddr_phys_addr(hw);
	return true;
}

static void at_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *code)
{
	uint64_t last = address + (1 << qemu_plugin_mem_size_shift(info)) - 1, physical;
	bool write = qemu_plugin_mem_is_store(info);

	if (!atomic_load_explicit(&running, memory_order_relaxed))
		return;
	if (translate(info, address, &physical))
		use_line(vcpu, physical >> LINE_SHIFT, write, (uintptr_t)code);
	if (address >> LINE_SHIFT != last >> LINE_SHIFT && translate(info, last, &physical))
		use_line(vcpu, physical >> LINE_SHIFT, write, (uintptr_t)code);
}

/* Is the instruction a locked one: with the prefix lock, or xchg with memory? */
static bool is_locked(const uint8_t *code, size_t size)
{
	size_t i = 0;

	for (; i < size && memchr("\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65\x66\x67", code[i], 11); i++)
		if (code[i] == 0xf0)
			return true;
	if (i < size && (code[i] & 0xf0) == 0x40)	/* REX */
		i++;
	return i + 1 < size && (code[i] & 0xfe) == 0x86 && code[i + 1] >> 6 != 3;
}

/* Does the instruction leave an interrupt, or enter or leave a system call? */
static bool ends_tick(const uint8_t *code, size_t size)
{
	return (size == 2 && (!memcmp(code, "\x48\xcf", 2) || !memcmp(code, "\x0f\x05", 2))) ||
	       (size == 3 && !memcmp(code, "\x48\x0f\x07", 3));
}

static void at_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint32_t mark;

		if (size == 7 && !memcmp(code, MARK_OPCODE, 3)) {
			memcpy(&mark, code + 3, sizeof(mark));
			if (mark - MARK_BASE < MARKS)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark,
					QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)(mark - MARK_BASE));
			continue;
		}
		if (tick && (address == tick || ends_tick(code, size)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_tick,
				QEMU_PLUGIN_CB_NO_REGS, address == tick ? &tick : NULL);
		if (is_locked(code, size))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_locked,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_mem_cb(insn, at_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, (void *)(uintptr_t)address);
	}
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	(void)id;
	(void)unused;
	where_print(out);
	fclose(out);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "tick=", 5))
			tick = strtoull(argv[i] + 5, NULL, 16);
		else if (!strcmp(argv[i], "where=on"))
			where = true;
		else
			out = NULL;
	}
	if (!out || !info->system_emulation) {
		fprintf(stderr, "lines: wrong arguments, or a file that cannot be written; "
			"give out=FILE[,tick=HEX][,where=on] in system emulation\n");
		return 1;
	}
	nr_cpus = info->system.max_vcpus;
	cpus = aligned_alloc(sizeof(*cpus), nr_cpus * sizeof(*cpus));
	memset(cpus, 0, nr_cpus * sizeof(*cpus));
	cache_init(nr_cpus);
	if (where)
		where_init();
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
