# SPDX-License-Identifier: GPL-2.0-only
# Read by every make of the debug kernel (MAKEFILES in scripts/kernel): gdb's debugging
# information for this project's files. They describe all structures that gdb/evcore.py needs.
# For the whole kernel it would take a third more time to compile.
ifneq ($(filter kernel/evcore kernel/evcore/sources kernel/evchan kernel/kevent,$(obj)),)
KBUILD_CFLAGS += -g
endif
