#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""libevchan-ffi through ctypes, as another language than C uses it. Prints TAP.

usage: ffi.py LIBRARY [--memory]

--memory: no kernel is needed; the ring is in memory of this process.
"""
import ctypes
import errno
import os
import signal
import sys

EVCHAN_POLL, EVCHAN_USER, EVCHAN_SIGNAL = 3, 9, 7
EVCHAN_EDGE, EVCHAN_SIGNAL_NOMASK = 0, 1 << 63
CLOCK_MONOTONIC = 1


class Event(ctypes.Structure):
    """struct evchan_event"""
    _fields_ = [("events", ctypes.c_uint32), ("lap", ctypes.c_uint32), ("type", ctypes.c_uint16),
                ("flags", ctypes.c_uint16), ("cpu", ctypes.c_uint32), ("data", ctypes.c_uint64),
                ("id", ctypes.c_uint64), ("value", ctypes.c_uint64),
                ("timestamp", ctypes.c_uint64), ("extra", ctypes.c_uint64 * 2)]


class Cursor(ctypes.Structure):
    """struct ec_cursor"""
    _fields_ = [("pos", ctypes.c_uint64), ("slot", ctypes.c_void_p), ("consumed", ctypes.c_uint64)]


class Channel(ctypes.Structure):
    """struct evchan, for a ring in memory only: programs use what ec_create() returns"""
    _fields_ = [("header", ctypes.c_void_p), ("events", ctypes.c_void_p), ("end", ctypes.c_void_p),
                ("mask", ctypes.c_uint64), ("order", ctypes.c_uint), ("fd", ctypes.c_int),
                ("length", ctypes.c_size_t), ("first", ctypes.c_uint64)]


class Timespec(ctypes.Structure):
    """struct timespec"""
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


def load(path):
    """The library, with the types of the functions that are used here."""
    lib = ctypes.CDLL(path, use_errno=True)
    channel, event, cursor = ctypes.c_void_p, ctypes.POINTER(Event), ctypes.POINTER(Cursor)
    u64, u32 = ctypes.c_uint64, ctypes.c_uint32
    for name, result, arguments in [
            ("ec_create", channel, [ctypes.c_uint]),
            ("ec_destroy", ctypes.c_int, [channel]),
            ("ec_fd", ctypes.c_int, [channel]),
            ("ec_take", ctypes.c_int, [channel, event]),
            ("ec_poll_event", ctypes.c_int, [channel, event]),
            ("ec_timedwait_event", ctypes.c_int, [channel, event, ctypes.POINTER(Timespec)]),
            ("ec_must_call", ctypes.c_int, [channel]),
            ("ec_begin", Cursor, [channel]),
            ("ec_next", ctypes.c_int, [channel, cursor, event]),
            ("ec_end", None, [channel, cursor]),
            ("ec_user", ctypes.c_int, [channel, u64, u64]),
            ("ec_post", ctypes.c_int, [channel, u64, u64]),
            ("ec_timer", ctypes.c_int, [channel, u64, ctypes.c_int, u64, u64, u64]),
            ("ec_watch", ctypes.c_int, [channel, ctypes.c_uint, ctypes.c_int, u32,
                                        ctypes.c_uint, u64]),
            ("ec_unwatch", ctypes.c_int, [channel, ctypes.c_uint, ctypes.c_int]),
            ("ec_watch_signal", ctypes.c_int, [channel, u64, ctypes.c_uint, u64]),
            ("ec_signal_pid", ctypes.c_int, [event]),
            ("ec_name_hash", u64, [ctypes.c_char_p])]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def memory(lib):
    """Take events from a ring that this function fills as the kernel does."""
    header = (ctypes.c_uint64 * 16)()
    slots = (Event * 8)()
    channel = Channel(ctypes.addressof(header), ctypes.addressof(slots),
                      ctypes.addressof(slots) + ctypes.sizeof(slots), 7, 3, -1, 0, 1 << 32)
    ec, event, tail = ctypes.addressof(channel), Event(), 0
    for lap in range(1, 20):
        for n in range(5):
            slot = slots[tail % 8]
            assert (slot.lap, slot.events) == (tail // 8, 0)
            slot.value, slot.data = lap * 10 + n, n
            slot.lap, slot.events = tail // 8 + 1, 1
            tail += 1
        for n in range(2):
            assert lib.ec_take(ec, event) == 1
            assert (event.value, event.data, event.events) == (lap * 10 + n, n, 1)
        at = lib.ec_begin(ec)
        taken = []
        while lib.ec_next(ec, at, event):
            taken.append(event.value)
        lib.ec_end(ec, at)
        assert taken == [lap * 10 + n for n in (2, 3, 4)]
        assert header[0] == tail and lib.ec_take(ec, event) == 0
    assert lib.ec_must_call(ec) == 0
    header[8] = 1
    assert lib.ec_must_call(ec) == 1
    # The hash of "a" by FNV-1a, as it is published.
    assert lib.ec_name_hash(b"a") == 0xaf63dc4c8601ec8c


def kernel(lib):
    """The same functions with a channel of the kernel, and other sources."""
    ec, event = lib.ec_create(0), Event()
    assert ec and os.readlink(f"/proc/self/fd/{lib.ec_fd(ec)}") == "anon_inode:[evchan]"
    assert lib.ec_poll_event(ec, event) == -1 and ctypes.get_errno() == errno.EAGAIN
    for name in range(1, 5):
        assert lib.ec_user(ec, name, name << 40) == 0
        assert lib.ec_post(ec, name, name) == 0
    assert lib.ec_take(ec, event) == 1
    assert (event.type, event.value, event.data) == (EVCHAN_USER, 1, 1 << 40)
    at, taken = lib.ec_begin(ec), []
    while lib.ec_next(ec, at, event):
        taken.append(event.value)
    lib.ec_end(ec, at)
    assert taken == [2, 3, 4] and lib.ec_must_call(ec) == 0

    ours, theirs = os.pipe()
    assert lib.ec_watch(ec, EVCHAN_POLL, ours, 1, EVCHAN_EDGE, 99) == 0
    os.write(theirs, b"x")
    assert lib.ec_timedwait_event(ec, event, Timespec(30, 0)) == 0
    assert (event.type, event.events, event.data) == (EVCHAN_POLL, 1, 99)
    assert lib.ec_timedwait_event(ec, event, Timespec(0, 1000000)) == -1
    assert ctypes.get_errno() == errno.ETIMEDOUT
    assert lib.ec_unwatch(ec, EVCHAN_POLL, ours) >= 0
    assert lib.ec_unwatch(ec, EVCHAN_POLL, ours) == -1 and ctypes.get_errno() == errno.ENOENT

    assert lib.ec_timer(ec, 1, CLOCK_MONOTONIC, 1000000, 0, 5) == 0
    assert lib.ec_timedwait_event(ec, event, None) == 0 and event.data == 5
    assert lib.ec_watch_signal(ec, signal.SIGUSR1 | EVCHAN_SIGNAL_NOMASK, 0, 6) == 0
    os.kill(os.getpid(), signal.SIGUSR1)
    assert lib.ec_timedwait_event(ec, event, Timespec(30, 0)) == 0
    assert (event.type, event.data) == (EVCHAN_SIGNAL, 6)
    assert lib.ec_signal_pid(event) == os.getpid()
    assert lib.ec_destroy(ec) == 0


def main():
    """Run one of the two, and print the result."""
    test = memory if sys.argv[2:] == ["--memory"] else kernel
    print("1..1", flush=True)
    try:
        test(load(sys.argv[1]))
    except AssertionError:
        print(f"not ok 1 ffi.{test.__name__}", flush=True)
        raise
    print(f"ok 1 ffi.{test.__name__}")


main()
