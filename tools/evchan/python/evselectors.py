# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
"""Selectors over the event channel and over kevent.

    import asyncio
    from evselectors import EvchanSelector
    loop = asyncio.SelectorEventLoop(EvchanSelector())

They take the place of selectors.EpollSelector: level-triggered, over any file that
can be polled. libevchan.so.0 and libkevent.so.0 must be where the dynamic linker
finds them (make install, or LD_LIBRARY_PATH), and the kernel must have the calls.
"""
import ctypes
import errno
import math
import os
import select
import selectors
import time

__all__ = ["EvchanSelector", "KeventSelector"]

_READ = select.POLLIN
_WRITE = select.POLLOUT
_UINT_MAX = 0xFFFFFFFF


class _Params(ctypes.Structure):
    """struct evchan_params"""
    _fields_ = [("flags", ctypes.c_uint32), ("entries", ctypes.c_uint32),
                ("features", ctypes.c_uint64), ("map_offset", ctypes.c_uint64),
                ("map_length", ctypes.c_uint64), ("events_offset", ctypes.c_uint64),
                ("event_size", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


class _Change(ctypes.Structure):
    """struct evchan_change"""
    _fields_ = [("op", ctypes.c_uint16), ("type", ctypes.c_uint16), ("flags", ctypes.c_uint32),
                ("id", ctypes.c_uint64), ("events", ctypes.c_uint32), ("result", ctypes.c_int32),
                ("data", ctypes.c_uint64), ("args", ctypes.c_uint64 * 4)]


class _Event(ctypes.Structure):
    """struct evchan_event"""
    _fields_ = [("state", ctypes.c_uint64), ("type", ctypes.c_uint16), ("flags", ctypes.c_uint16),
                ("cpu", ctypes.c_uint32), ("data", ctypes.c_uint64), ("id", ctypes.c_uint64),
                ("value", ctypes.c_uint64), ("timestamp", ctypes.c_uint64),
                ("extra", ctypes.c_uint64 * 2)]


class _Ukevent(ctypes.Structure):
    """struct ukevent"""
    _fields_ = [("id", ctypes.c_uint32 * 2), ("type", ctypes.c_uint32), ("event", ctypes.c_uint32),
                ("req_flags", ctypes.c_uint32), ("ret_flags", ctypes.c_uint32),
                ("ret_data", ctypes.c_uint32 * 2), ("user", ctypes.c_uint32 * 2)]


class _Timespec(ctypes.Structure):
    """struct __kernel_timespec"""
    _fields_ = [("tv_sec", ctypes.c_int64), ("tv_nsec", ctypes.c_int64)]


def _load(name):
    try:
        return ctypes.CDLL(name, use_errno=True)
    except OSError as e:
        raise OSError(errno.ENOENT, f"{name} is not installed; run make install, or set "
                      "LD_LIBRARY_PATH", name) from e


def _error(what=None):
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        return OSError(number, "this kernel has neither event channels nor kevent; boot one "
                       "with CONFIG_EVCORE (make patch), or use tools/evchan/vm -- COMMAND")
    return OSError(number, os.strerror(number), what)


class _Selector(selectors._BaseSelectorImpl):  # pylint: disable=protected-access
    """What both have in common; a class below says how to watch and to fetch."""

    def register(self, fileobj, events, data=None):
        key = super().register(fileobj, events, data)
        try:
            self._watch(key.fd, self._bits(events), False)
        except BaseException:
            super().unregister(fileobj)
            raise
        return key

    def unregister(self, fileobj):
        key = super().unregister(fileobj)
        self._unwatch(key.fd)
        return key

    def modify(self, fileobj, events, data=None):
        try:
            key = self._fd_to_key[self._fileobj_lookup(fileobj)]
        except KeyError:
            raise KeyError(f"{fileobj!r} is not registered") from None
        if events != key.events:
            try:
                self._watch(key.fd, self._bits(events), True)
            except BaseException:
                super().unregister(fileobj)
                raise
        if (events, data) != (key.events, key.data):
            key = key._replace(events=events, data=data)
            self._fd_to_key[key.fd] = key
        return key

    def select(self, timeout=None):
        until = None if timeout is None else time.monotonic() + max(timeout, 0)
        left = timeout
        while True:
            try:
                ready = self._fetch(left, max(len(self._fd_to_key), 1))
            except InterruptedError:
                ready = []      # handlers have run; on for the rest of the time
            if until is not None:
                left = until - time.monotonic()
            if ready or (left is not None and left <= 0):
                break
        found = []
        for fd, bits in ready:
            key = self._fd_to_key.get(fd)
            # As EpollSelector has it: an error or a hang-up is both.
            events = (selectors.EVENT_READ if bits & ~_WRITE else 0) | \
                (selectors.EVENT_WRITE if bits & ~_READ else 0)
            if key and events & key.events:
                found.append((key, events & key.events))
        return found

    @staticmethod
    def _bits(events):
        return (_READ if events & selectors.EVENT_READ else 0) | \
            (_WRITE if events & selectors.EVENT_WRITE else 0)

    def _watch(self, fd, bits, there):
        """Watch a descriptor, or change that."""
        raise NotImplementedError

    def _unwatch(self, fd):
        """No more; a closed descriptor is no error."""
        raise NotImplementedError

    def _fetch(self, timeout, most):
        """Wait and return [(descriptor, poll bits)], possibly none."""
        raise NotImplementedError


class EvchanSelector(_Selector):
    """Selector over an event channel."""

    def __init__(self):
        super().__init__()
        self._lib = lib = _load("libevchan.so.0")
        lib.ec_attach.restype = ctypes.c_void_p
        lib.ec_destroy.argtypes = [ctypes.c_void_p]
        lib.ec_change.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Change)]
        lib.ec_wait_events.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Event), ctypes.c_uint,
                                       ctypes.c_uint, ctypes.c_void_p]
        lib.evchan_create.argtypes = [ctypes.POINTER(_Params), ctypes.c_size_t]
        lib.evchan_wait.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
                                    ctypes.POINTER(_Timespec), ctypes.c_void_p, ctypes.c_size_t]
        self._ec = None
        self._ids = {}
        self._events = (_Event * 1)()
        params = _Params(flags=os.O_CLOEXEC)
        self._fd = lib.evchan_create(params, ctypes.sizeof(params))
        if self._fd < 0:
            raise _error()
        self._slots = params.entries
        self._ec = lib.ec_attach(self._fd)
        if not self._ec:
            os.close(self._fd)
            raise _error()

    def fileno(self):
        """The channel's descriptor."""
        return self._fd

    def close(self):
        """Close the channel."""
        if self._ec:
            self._lib.ec_destroy(self._ec)
            self._ec = None
        super().close()

    def _change(self, op, fd, bits=0):
        # EVCHAN_POLL 3, EVCHAN_LEVEL 1
        change = _Change(op=op, type=3, flags=1 if bits else 0, events=bits,
                         data=fd if bits else 0)
        change.args[0] = fd
        if self._lib.ec_change(self._ec, change) < 0:
            raise _error()
        return change.id

    def _watch(self, fd, bits, there):
        # EVCHAN_SET 4, EVCHAN_ADD 1. An addition says its id, a change keeps it.
        self._ids[fd] = self._change(4 if there else 1, fd, bits) or self._ids.get(fd)

    def _unwatch(self, fd):
        self._ids.pop(fd, None)
        try:
            self._change(3, fd)     # EVCHAN_DEL
        except OSError:
            pass    # closed before it was unregistered

    def _fetch(self, timeout, most):
        ts = None
        if timeout is not None:
            # Rounded up: not to wake before the time.
            whole = math.ceil(max(timeout, 0) * 1e9)
            ts = _Timespec(whole // 10**9, whole % 10**9)
        wait = timeout is None or timeout > 0
        # This also looks again at the conditions whose events were taken.
        n = self._lib.evchan_wait(self._fd, 1 if wait else 0, 0, ts, None, 0)
        if n < 0:
            raise _error()
        if not n:
            return []
        if len(self._events) < most:
            self._events = (_Event * (2 * most))()
        # What an event says may be over when its turn comes.
        now = select.poll()
        # A full ring is taken and filled again, until each source had its turn.
        for _ in range(0, most, self._slots):
            n = self._lib.ec_wait_events(self._ec, self._events, 0, most, None)
            if n < 0:
                raise _error()
            for event in self._events[:n]:
                if self._ids.get(event.data) == event.id:
                    now.register(event.data, event.state & 0xFFFF)
            if n < self._slots or self._lib.evchan_wait(self._fd, 0, 0, None, None, 0) <= 0:
                break
        return [(fd, bits) for fd, bits in now.poll(0) if not bits & select.POLLNVAL]


class KeventSelector(_Selector):
    """Selector over a kevent queue."""

    def __init__(self):
        super().__init__()
        self._lib = _load("libkevent.so.0")
        self._lib.kevent_request.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Ukevent)]
        self._lib.kevent_get_events.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
                                                ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint]
        self._numbers = {}
        self._last = 0
        self._events = (_Ukevent * 1)()
        self._fd = self._lib.kevent_init(None, 0, os.O_CLOEXEC)
        if self._fd < 0:
            raise _error()

    def fileno(self):
        """The queue's descriptor."""
        return self._fd

    def close(self):
        """Close the queue."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        super().close()

    def _request(self, cmd, fd, bits=0):
        # KEVENT_POLL 3; LAST_CHECK 8: an event whose condition is over is dropped;
        # ALWAYS_QUEUE 0x10
        uk = _Ukevent(type=3, event=bits, req_flags=0x18)
        uk.id[0] = uk.user[0] = fd
        uk.user[1] = self._numbers.get(fd, 0)
        if self._lib.kevent_request(self._fd, cmd, uk):
            raise _error()

    def _watch(self, fd, bits, there):
        if there:
            self._request(2, fd, bits)      # KEVENT_CTL_MODIFY
        else:
            # A late event of a descriptor closed meanwhile has another number.
            self._last = (self._last + 1) & _UINT_MAX
            self._numbers[fd] = self._last
            self._request(0, fd, bits)      # KEVENT_CTL_ADD

    def _unwatch(self, fd):
        self._numbers.pop(fd, None)
        try:
            self._request(1, fd)            # KEVENT_CTL_REMOVE
        except OSError:
            pass    # closed before it was unregistered

    def _fetch(self, timeout, most):
        ms = _UINT_MAX
        if timeout is not None:
            ms = min(math.ceil(max(timeout, 0) * 1e3), 0x7FFFFFFF)
        if len(self._events) < most:
            self._events = (_Ukevent * (2 * most))()
        n = self._lib.kevent_get_events(self._fd, 1, most, ms, self._events, 0)
        if n < 0:
            raise _error()
        return [(uk.user[0], uk.event) for uk in self._events[:n]
                if self._numbers.get(uk.user[0]) == uk.user[1]]
