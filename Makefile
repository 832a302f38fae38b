# SPDX-License-Identifier: GPL-2.0-only
# What there is to do; the work is in scripts/. `make help` lists it.

API    ?= all
KERNEL ?= release

# Where everything built goes: make OUT=DIR.
ifdef OUT
export OUT
endif
ifdef KSRC
export KSRC
endif

.PHONY: help demo check check-all kernel patch boot selftests ports lint bench mutants torture fuzz latency tools install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: ## build everything, boot it, run one program through both interfaces
	@scripts/kernel release
	@$(MAKE) -s tools
	@tools/evchan/demo/run

check: ## the tests; the last line counts them
	@scripts/check

check-all: ## every test, however long
	@scripts/check --all

kernel: ## build the guest's kernel (KERNEL=release, debug, kcov, kcsan, trace, rt)
	@scripts/kernel $(KERNEL)

patch: ## write the patch series for KSRC=TREE-OR-TARBALL
	@scripts/patch

boot: ## a shell in the guest
	@scripts/boot $(KERNEL)

selftests: ## the tests of the system calls (API=kevent, evchan, common; TEST="NAME...")
	@selftests/run --build --kernel $(KERNEL) --api $(API) $(TEST:%=--test %)

bench: ## measure the interfaces side by side (BENCH="NAME...", ACCEL=kvm)
	@scripts/kernel release
	@tools/evchan/bench/run $(if $(ACCEL),--accel $(ACCEL)) $(BENCH)

ports: ## programs nobody here wrote, on both interfaces, and a table
	@scripts/kernel release
	@tools/evchan/ports/run --all

lint: ## check the form of our files
	@scripts/lint

mutants: ## break the kernel in many ways, each must be noticed
	@selftests/mutants/run

torture: ## numbered events of every source, none may be lost (KERNEL=debug, kcsan...)
	@tools/evchan/evtorture/run $(if $(filter-out release,$(KERNEL)),--kernel $(KERNEL))

fuzz: ## calls that nobody would write (KERNEL=debug, kcov...)
	@tools/evchan/evfuzz/run $(if $(filter-out release,$(KERNEL)),--kernel $(KERNEL))

latency: ## the longest sections with interrupts or preemption off, and those of epoll
	@tools/evchan/latency/run $(CASES)

tools: ## the libraries and the demo's programs
	@$(MAKE) -s -C tools/evchan all

install: ## install the libraries, headers and manual pages (DESTDIR=, PREFIX=)
	@$(MAKE) -s -C tools/evchan install

clean: ## remove everything built
	rm -rf out
