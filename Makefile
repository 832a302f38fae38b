# SPDX-License-Identifier: GPL-2.0-only
# What there is to do; the work is in scripts/. `make help` lists it.

API    ?= all
KERNEL ?= release

# Where everything built goes: make OUT=DIR. Scripts and other makefiles work in other directories.
ifdef OUT
ifneq ($(words $(OUT)),1)
$(error OUT=$(OUT) has spaces in its name, with which the kernel does not build; choose another)
endif
override OUT := $(abspath $(OUT))
export OUT
endif
# A directory below this one is meant here too.
ifneq ($(DESTDIR)$(filter /%,$(firstword $(DESTDIR))),$(DESTDIR)$(firstword $(DESTDIR)))
override DESTDIR := $(CURDIR)/$(DESTDIR)
endif
ifdef KSRC
export KSRC
endif
# Another kernel than the default one: 6.1, 6.12, 6.18 or 7.3.
ifdef SERIES
export SERIES
endif
# Another machine for the guest than x86-64.
ifdef ARCH
export ARCH
endif
ifdef SIGNOFF
export SIGNOFF
endif

# Variables of the command line reach another makefile as they were typed; these take their place.
TO := $(if $(OUT),OUT='$(OUT)') $(if $(DESTDIR),DESTDIR='$(DESTDIR)')

.PHONY: help demo check check-all kernel patch boot selftests ports lint bench bounce mutants torture fuzz coverage latency tools install clean

#: OUT=DIR               build in DIR and not in out/
#: KERNEL=NAME           the kernel of boot, kernel, selftests, torture and fuzz: release, debug,
#:                       kcov, kcsan, trace, rt or mitigations (Documentation/testing.rst)
#: KSRC=PATH             the kernel source, a tree or a tarball; patch needs one
#: SERIES=N              for kernel and patch: Linux 6.1, 6.12 (the default), 6.18 or 7.3
#: SIGNOFF="NAME <MAIL>" for patch: this person is the author of the patches and signs them off
#: API=NAME              for selftests: kevent, evchan, common or all
#: TEST="NAME..."        for selftests: only these, by the names that are printed
#: BENCH="NAME..."       for bench: only these rows
#: ACCEL=kvm             for bench: also measure time, on real processors
#: CASES="NAME..."       for latency: only these cases
#: DESTDIR=DIR           for install: put DIR before each path
#: PREFIX=DIR            for install: in place of /usr/local

help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo 'Variables:'
	@sed -n 's/^#: /  /p' Makefile
	@echo 'Programs in tools/evchan; each explains itself with --help:'
	@echo '  vm -- COMMAND    run a command in the guest'
	@echo '  evstat, evtrace  show the queues of processes, and the calls of a program'
	@echo '  evrun, evport    run a program of epoll on an interface, and rewrite its source'

demo: ## build everything, boot it, run one program through both interfaces
	@scripts/kernel release
	@$(MAKE) -s tools $(TO)
	@tools/evchan/demo/run

check: ## the tests; the last line counts them
	@scripts/check

check-all: ## every test, however long
	@scripts/check --all

kernel: ## build the guest's kernel (KERNEL=..., SERIES=..., ARCH=arm64)
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

bounce: ## nanoseconds of an event between two processors, without a guest
	@tools/evchan/bench/bounce/run

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

coverage: ## which lines of the kernel's files the tests execute
	@scripts/kernel debug
	@tools/evchan/coverage/run

latency: ## the longest sections with interrupts or preemption off, and those of epoll
	@tools/evchan/latency/run $(CASES)

tools: ## the libraries and the demo's programs
	@$(MAKE) -s -C tools/evchan all $(TO)

install: ## install the libraries, headers and manual pages (DESTDIR=, PREFIX=)
	@$(MAKE) -s -C tools/evchan install $(TO)

clean: ## remove everything built
	rm -rf out
