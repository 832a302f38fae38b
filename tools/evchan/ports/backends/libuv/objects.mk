# SPDX-License-Identifier: GPL-2.0-only
# Compile libuv, whose source is in source/, with each backend; `build` uses it.
CFLAGS := -std=gnu11 -O2 -g -w -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Isource/include -Isource/src -pthread
UNIX := async core dl fs getaddrinfo getnameinfo loop-watcher loop pipe poll process \
	procfs-exepath proctitle random-devurandom random-getrandom random-sysctl-linux signal \
	stream tcp thread tty udp linux-core linux-inotify linux-syscalls libevchan libkevent
COMMON := $(patsubst source/%.c,%.o,$(wildcard source/src/*.c)) $(UNIX:%=src/unix/%.o)
# Some of the tests include sources of the library, so these are there twice.
TESTS := $(patsubst source/%.c,%.o,$(filter-out %runner-win.c,$(wildcard source/test/test-*.c source/test/echo-server.c \
	source/test/blackhole-server.c source/test/runner*.c source/test/run-tests.c)))
BACKENDS := epoll evchan kevent
all: $(BACKENDS:%=server.%) $(BACKENDS:%=tests.%)
src/unix/%.o: CFLAGS += -isystem source/src/unix
src/unix/evchan.o src/unix/kevent.o: source/src/unix/uv_evchan.c
	gcc $(CFLAGS) -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare $(if $(findstring kevent,$@),-DUV_KEVENT) -c -o $@ $<
src/%.o: source/src/%.c source/src/uv-common.h
	@mkdir -p $(@D)
	gcc $(CFLAGS) -c -o $@ $<
test/%.o: source/test/%.c
	@mkdir -p $(@D)
	gcc $(CFLAGS) -O0 -c -o $@ $<
server.o: server.c
	gcc $(CFLAGS) -Wall -Wextra -Werror -c -o $@ $<
$(BACKENDS:%=server.%): server.%: server.o src/unix/%.o $(COMMON)
	gcc -pthread -o $@ $^ -ldl
$(BACKENDS:%=tests.%): tests.%: src/unix/%.o $(COMMON) $(TESTS)
	gcc -pthread -Wl,-z,muldefs -o $@ $^ -ldl -lutil
