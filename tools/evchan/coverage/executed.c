// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU: writes the address of each instruction of the guest's kernel that is
 * executed, once, to a file. QEMU translates code just before it executes it for the first
 * time, so this costs nothing afterwards. Unlike KCOV it sees interrupts too.
 *
 * Argument: out=DIRECTORY, which must exist. The file is named after QEMU's process.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qemu-plugin.h>

#define KERNEL_TEXT	0xffffffff81000000ULL	/* without KASLR */
#define KERNEL_SIZE	(64ULL << 20)

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char seen[KERNEL_SIZE];
static FILE *out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));

		if (at - KERNEL_TEXT >= KERNEL_SIZE || seen[at - KERNEL_TEXT])
			continue;
		seen[at - KERNEL_TEXT] = 1;
		fprintf(out, "0x%llx\n", (unsigned long long)at);
	}
	/* A guest that hangs is killed, and QEMU with it. */
	fflush(out);
	pthread_mutex_unlock(&lock);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	char path[4096];

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "executed.so: needs the argument out=DIRECTORY\n");
		return -1;
	}
	snprintf(path, sizeof(path), "%s/%d", argv[0] + 4, getpid());
	out = fopen(path, "w");
	if (!out) {
		perror(path);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
