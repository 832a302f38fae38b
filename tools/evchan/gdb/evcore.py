# SPDX-License-Identifier: GPL-2.0-only
"""Show the queues of a kernel with event channels and kevent, in gdb or with drgn.

Commands in gdb, for a guest that stands still:

    evqueues                 a line for each queue of each process
    evqueues PROCESS [FD]    the queues of a process in full, or one; PROCESS is a number or name
    evqueue EXPRESSION       the queue that a pointer to a queue or to a source leads to

With drgn, for the kernel that runs: drgn -s VMLINUX evcore.py [PROCESS [FD]], which does what
evqueues does.

A queue is shown with the records of its ring that are not consumed, what waits in overflow, its
sources with their files and states, and the tasks that wait. Memory is only read, without a lock.
So a stop of gdb in the middle of a change can show a queue that is half changed, and drgn can find
a list that changes while it is followed.

tools/evchan/vm --gdb prints the command that loads this file into gdb, and
Documentation/observing.rst has examples.
"""
import sys

try:
    import gdb
except ImportError:
    gdb = None
    import drgn

MOST = 16  # records of a ring, and entries of overflow, that are printed of one queue
MOST_SOURCES = 256  # and sources
LIMIT = 1 << 16  # of any list: more are a sign of a list that is broken

LEVEL, ONESHOT = 1, 2  # EVCORE_LEVEL and EVCORE_ONESHOT in evcore_source.flags

# The rest of this file uses only these names of gdb and drgn, and of a value what Value has.
if gdb:
    Unreadable = gdb.MemoryError

    def address_of(name):
        """The address of a variable, whose type may be unknown."""
        return int(gdb.parse_and_eval(f"&{name}"))

    def variable(name, file=None):
        """A variable of this project's files; a static one is looked for in a file."""
        return gdb.parse_and_eval(f"'{file}'::{name}" if file else name)

    def at(address, type_name):
        """The structure at an address."""
        return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer()).dereference()

    def offset_of(type_name, path):
        """The offset in bytes of a member, which may have dots."""
        offset, inside = 0, gdb.lookup_type(type_name)
        for part in path.split("."):
            member, inside = find_field(inside, part)
            offset += member
        return offset

    def string(value):
        return value.string("ascii", "backslashreplace")

    def elements(array):
        """The number of elements of an array."""
        return array.type.range()[1] + 1
else:
    Unreadable = drgn.FaultError

    class Value:
        """A drgn.Object with the methods of a gdb.Value."""
        def __init__(self, value):
            self.value = value

        def __getitem__(self, key):
            return Value(self.value.member_(key) if isinstance(key, str) else self.value[key])

        def __int__(self):
            return int(self.value.value_())

        def __bool__(self):
            return bool(self.value)

        def dereference(self):
            return Value(self.value[0])

        @property
        def address(self):
            return Value(self.value.address_of_())

    def address_of(name):
        return prog.symbol(name).address

    def variable(name, file=None):
        return Value(prog.variable(name, file))  # drgn defines prog

    def at(address, type_name):
        return Value(drgn.Object(prog, type_name, address=address))

    def offset_of(type_name, path):
        return drgn.offsetof(prog.type(type_name), path)

    def string(value):
        return value.value.string_().decode("ascii", "backslashreplace")

    def elements(array):
        return array.value.type_.length


def find_field(inside, name):
    """Offset in bytes and type of a member for gdb, which may be in an anonymous structure."""
    for field in inside.strip_typedefs().fields():
        if field.name == name:
            return field.bitpos // 8, field.type
        if not field.name:
            try:
                offset, found = find_field(field.type, name)
            except KeyError:
                continue
            return field.bitpos // 8 + offset, found
    raise KeyError(name)


def container(node, type_name, field):
    """The structure of which @node is the member @field, which may have dots."""
    return at(int(node.address) - offset_of(type_name, field), type_name)


def each_in_list(head, type_name, field):
    """The structures in a list_head, in order."""
    at, end = head["next"], int(head.address)
    for _ in range(LIMIT):
        if int(at) == end:
            return
        yield container(at.dereference(), type_name, field)
        at = at["next"]
    print("    (the list does not end)")


def each_in_tree(node, type_name, field):
    """The structures in a red-black tree, in order."""
    if not int(node):
        return
    yield from each_in_tree(node["rb_left"], type_name, field)
    yield container(node.dereference(), type_name, field)
    yield from each_in_tree(node["rb_right"], type_name, field)


def text(value):
    """A string of the kernel's."""
    try:
        return string(value)
    except Unreadable:
        return "?"


def names_until_null(table):
    """The strings of an array that ends with a null pointer."""
    names = []
    while int(table[len(names)]):
        names.append(text(table[len(names)]))
    return names


def bits(mask, names):
    """Names of the bits of a mask, from a function of the number of a bit, or a number."""
    said, rest = [], mask
    for nr in range(32):
        name = names(nr) if mask >> nr & 1 else None
        if name:
            said.append(name)
            rest &= ~(1 << nr)
    if rest or not said:
        said.append(f"{rest:#x}")
    return ",".join(said)


class Ops:
    """A source type."""
    known = {}

    def __init__(self, nr):
        self.nr = nr
        table = variable("evcore_types")
        self.ops = table[nr] if nr < elements(table) else None
        self.there = self.ops is not None and int(self.ops) != 0
        self.name = text(self.ops["name"])[len("evcore_"):] if self.there else f"type {nr}"
        self.by_fd = bool(self.there and self.ops["by_fd"])
        self.bit_names = []
        if self.there and int(self.ops["event_names"]):
            self.bit_names = names_until_null(self.ops["event_names"])

    @classmethod
    def of(cls, nr):
        if nr not in cls.known:
            cls.known[nr] = cls(nr)
        return cls.known[nr]

    def events(self, mask):
        closed = {30: "closed"}
        return bits(mask, lambda nr: self.bit_names[nr] if nr < len(self.bit_names)
                    else closed.get(nr))


def tasks():
    """Processes, without those of the kernel."""
    first = at(address_of("init_task"), "struct task_struct")
    for task in each_in_list(first["tasks"], "struct task_struct", "tasks"):
        if int(task["mm"]):
            yield task


def queue_of_file(file, fops):
    """The queue that a file stands for, or None."""
    if int(file["f_op"]) != fops:
        return None
    return at(int(file["private_data"]), "struct evcore_queue")


def descriptors(task):
    """Number and file of each open descriptor."""
    if not int(task["files"]):
        return
    table = task["files"]["fdt"]
    words = (int(table["max_fds"]) + 63) // 64
    for word in range(words):
        open_fds = int(table["open_fds"][word])
        for nr in range(64):
            if open_fds >> nr & 1:
                file = table["fd"][word * 64 + nr]
                if int(file):
                    yield word * 64 + nr, file.dereference()


def queues(task):
    """Number and queue of each descriptor of a process that stands for one."""
    fops = address_of("evcore_queue_fops")
    for fd, file in descriptors(task):
        queue = queue_of_file(file, fops)
        if queue is not None:
            yield fd, queue


def file_name(file):
    """What /proc/PID/fd shows of a file, as far as that is simple."""
    inode = file["f_inode"]
    kind = int(inode["i_mode"]) >> 12
    if kind in (0o14, 0o1):
        return f"{'socket' if kind == 0o14 else 'pipe'}:[{int(inode['i_ino'])}]"
    names, dentry = [], file["f_path"]["dentry"]
    for _ in range(64):
        names.append(text(dentry["d_name"]["name"]))
        if int(dentry["d_parent"]) == int(dentry):
            break
        dentry = dentry["d_parent"]
    if len(names) > 1:
        return "/" + "/".join(reversed(names[:-1]))
    if names[0] != "/":
        return names[0]  # anonymous, for example [eventfd]
    kind = text(dentry["d_sb"]["s_type"]["name"])
    return f"{kind}:[{int(inode['i_ino'])}]" if kind.endswith("fs") and int(dentry["d_op"]) else "/"


class Evchan:
    """The ring of an event channel; the head of kernel/evchan/ring.c says what its words mean."""
    def __init__(self, queue):
        self.ring = container(queue, "struct evchan_queue", "queue")
        self.slots = int(self.ring["mask"]) + 1
        self.order = int(self.ring["order"])
        self.tail = int(self.ring["tail"]["counter"]) & ~(1 << 63) & (1 << 64) - 1
        self.posted = self.tail - self.slots
        head = int(self.ring["claimed"].dereference()) + self.slots
        seen = int(self.ring["seen"])
        # The program writes the head, and may write anything.
        self.first = max(head if head <= self.tail else 0, seen, self.tail - self.slots)
        while self.first < self.tail and self.state(self.first) == "consumed":
            self.first += 1
        self.used = self.tail - self.first

    def slot(self, pos):
        return self.ring["slots"][pos & self.slots - 1]

    def state(self, pos):
        word, lap = int(self.slot(pos)["state"]), pos >> self.order & 0xffffffff
        if word >> 32 == lap:
            return "published" if word & 0xffffffff else "consumed"
        return "reserved" if word == (lap - 1 & 0xffffffff) << 32 else f"state {word:#x}"

    def records(self):
        for pos in range(self.first, self.tail):
            slot, state = self.slot(pos), self.state(pos)
            said = f"[{pos & self.slots - 1}] {state}"
            if state == "published":
                said += record(int(slot["type"]), int(slot["id"]), int(slot["events"]))
                said += f" value {int(slot['value']):#x} data {int(slot['data']):#x}"
            yield said


class Kevent:
    """The ring of a kevent queue, if it has one."""
    def __init__(self, queue):
        self.ring = container(queue, "struct kevent_queue", "queue")
        self.slots = int(self.ring["num"]) if int(self.ring["ring"]) else 0
        self.posted = int(self.ring["tail"]) if self.slots else int(queue["overflowed"])
        self.used = int(self.ring["tail"]) - int(self.ring["committed"])

    def records(self):
        first = int(self.ring["uidx"])
        for nr in range(min(self.used, self.slots)):
            index = (first + nr) % self.slots
            entry = self.ring["ring"]["event"][index]
            said = f"[{index}]" + record(int(entry["type"]), int(entry["id"]["raw_u64"]),
                                         int(entry["event"]))
            data = [int(entry["ret_data"][i]) for i in (0, 1)]
            yield said + f" ret_data {data[0]:#x},{data[1]:#x} ptr {int(entry['ptr']):#x}"


def record(nr, ident, events):
    """Type, id and events; what a program can write is printed as it is."""
    ops = Ops.of(nr)
    return f" {ops.name} {name_of(ops, ident)} {ops.events(events)}"


def name_of(ops, ident):
    return f"fd {ident & 0xffffffff}" if ops.by_fd else f"id {ident:#x}"


def describe(source, ops):
    """What the structure of the source's own type says."""
    if ops.by_fd:
        outer = container(source, "struct evcore_fd_source", "source")
        said = file_name(outer["file"].dereference()) if int(outer["file"]) else "file released"
        if ops.name == "process":
            outer = container(outer, "struct process_source", "fs")
            said += f"  process {int(outer['pid']['numbers'][0]['nr'])}"
        return said
    if ops.name == "timer":
        timer = container(source, "struct timer_source", "valued.source")
        armed = int(timer["timer"]["state"]) & 1
        said = f"interval {int(timer['interval'])} ns, fired {int(timer['counted'])}"
        expires = int(timer["timer"]["_softexpires"])
        return said + (f", expires at {expires} ns" if armed else ", not running")
    if ops.name == "signal":
        signal = container(source, "struct signal_source", "rs.valued.source")
        return f"signal {int(signal['sig'])}" + (", not delivered" if signal["nomask"] else "")
    if ops.name == "inode":
        inode = container(source, "struct inode_source", "rs.valued.source")
        return f"inode {int(inode['ino'])} of device {int(inode['dev']):#x}"
    if ops.name == "futex":
        waiter = container(source, "struct futex_source", "valued.source")["waiter"]
        return f"address {int(waiter['addr']):#x} value {int(waiter['value']):#x}" \
            if int(waiter) else "no waiter"
    return ""


def state_of(source, ring):
    """Where the source is, and what it waits for."""
    where = ("idle", "in overflow", "to be rechecked", "to be removed")
    nr = int(source["where"])
    said = [where[nr] if nr < len(where) else f"where={nr}"]
    if int(source["flags"]) & ONESHOT:
        said.append("armed" if source["armed"] else "disarmed")
    last = int(source["last_record"])
    if isinstance(ring, Evchan) and ring.first <= last < ring.tail and \
       ring.state(last) == "published":
        said.append(f"event in slot {last & ring.slots - 1}")
    if isinstance(ring, Kevent) and ring.slots and last > int(ring.ring["committed"]):
        said.append("event in the ring")
    said += [word for word in ("recheck", "muted") if source[word]]
    if not source["attached"]:
        said.append("not attached")
    return ", ".join(said)


def each_source(queue):
    """All sources that lookups find: by descriptor, then by type and id."""
    for i in range(int(queue["nr_fds"])):
        array = queue["fds"][i]
        for nr in range(64 if int(array) else 0):
            source = array[nr]
            while int(source):
                yield source.dereference()
                source = source["same_fd"]
    yield from sorted(each_hashed(queue["table"]["tbl"]),
                      key=lambda source: (int(source["type"]), int(source["id"])))


def each_hashed(table):
    """The first sources of a hash table, in no order."""
    found = 0
    while int(table):
        if int(table["nest"]):
            print("    (a nested table, made when memory was short, is not shown)")
        for i in range(0 if int(table["nest"]) else int(table["size"])):
            if found > MOST_SOURCES:
                return
            # Bit 0 of a bucket is its lock. The end of a chain has bit 0 set.
            node = int(table["buckets"][i]) & ~1
            while node and not node & 1:
                node = at(node, "struct rhash_head")
                yield container(node, "struct evcore_source", "node")
                found += 1
                node = int(node["next"])
        table = table["future_tbl"]


def each_waiter(queue):
    """Tasks in a wait, those for one event first."""
    yield from each_in_list(queue["waiters"], "struct evcore_waiter", "link")
    root = queue["min_waiters"]["rb_root"]["rb_node"]
    yield from each_in_tree(root, "struct evcore_waiter", "node")


def print_some(lines, number, most=MOST):
    """Print the first lines, and how many are left out."""
    for nr, line in enumerate(lines):
        if nr == most:
            print(f"    ... and {number - most} more")
            return
        print(f"    {line}")


def overflow(queue):
    for node in each_in_list(queue["overflow"], "struct evcore_node", "link"):
        if int(node["where"]) == 4:
            held = container(node, "struct evcore_record_node", "at")
            source, events = held["source"].dereference(), int(held["record"]["events"])
            own = ", a record of its own"
        else:
            source = container(node, "struct evcore_source", "at")
            events, own = int(source["pending"]), ""
        yield record(int(source["type"]), int(source["id"]), events)[1:] + own


def ring_of(queue):
    return (Evchan if text(queue["face"]["name"]) == "evchan" else Kevent)(queue)


def modes_of(flags):
    names = names_until_null(variable("mode_names", "fdinfo.c"))
    said = [name for nr, name in enumerate(names) if name and flags >> nr & 1]
    return ",".join(said if flags & (LEVEL | ONESHOT) else ["edge"] + said)


def source_lines(queue, ring):
    for source in each_source(queue):
        ops = Ops.of(int(source["type"]))
        parts = (ops.name, name_of(ops, int(source["id"])), ops.events(int(source["events"])),
                 modes_of(int(source["flags"])), describe(source, ops))
        yield f"{'  '.join(p for p in parts if p)}  ({state_of(source, ring)})"


def show_queue(queue, title):
    ring, waiting = ring_of(queue), int(queue["nr_overflow"])
    print(f"{title}, {text(queue['face']['name'])}, struct evcore_queue at "
          f"{int(queue.address):#x}")
    print(f"  ring: {f'{ring.used} of {ring.slots}' if ring.slots else 'none'}, "
          f"posted {ring.posted}, merged {int(queue['merged']['counter'])}")
    print_some(ring.records(), ring.used)
    print(f"  overflow: {waiting}, overflowed {int(queue['overflowed'])}, "
          f"drained {int(queue['drained'])}")
    print_some(overflow(queue), waiting)
    number = int(queue["nr_sources"])
    print(f"  sources: {number}")
    print_some(source_lines(queue, ring), number, MOST_SOURCES)
    waiters = list(each_waiter(queue))
    polled = ", and its file is polled" if int(queue["sleepers"]) >> 30 else ""
    print(f"  waiters: {len(waiters)}, woken so far {int(queue['wakes'])}{polled}")
    for waiter in waiters:
        task = waiter["task"]
        print(f"    {text(task['comm'])} ({int(task['pid'])}) for {int(waiter['min'])} or more, "
              f"on processor {int(waiter['cpu'])}{', woken' if waiter['woken'] else ''}")


def show_queues(words):
    """What evqueues does with its arguments."""
    found = 0
    if not words:
        print(f"{'PID':>7} {'COMMAND':15} {'FD':>4} {'FACE':6} {'RING':>13} "
              f"{'OVERFLOW':>8} {'SOURCES':>7} {'WAITERS':>7}")
    for task in tasks():
        pid, name = int(task["pid"]), text(task["comm"])
        if words and words[0] not in (str(pid), name):
            continue
        for fd, queue in queues(task):
            if words[1:] and int(words[1]) != fd:
                continue
            found += 1
            if words:
                show_queue(queue, f"descriptor {fd} of {name} ({pid})")
                continue
            ring = ring_of(queue)
            used = f"{ring.used}/{ring.slots}" if ring.slots else "none"
            print(f"{pid:7} {name:15} {fd:4} {text(queue['face']['name']):6} {used:>13} "
                  f"{int(queue['nr_overflow']):8} {int(queue['nr_sources']):7} "
                  f"{len(list(each_waiter(queue))):7}")
    if not found:
        print("no such queue" if words else "no process has a queue")


def not_arguments(words):
    """Are these no arguments of evqueues?"""
    return len(words) > 2 or len(words) == 2 and not words[1].isdigit()


def queue_of_expression(argument):
    """The queue that an expression of gdb leads to."""
    value = gdb.parse_and_eval(argument)
    for _ in range(3):
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            value = value.dereference()
        kind = value.type.strip_typedefs()
        if kind.tag == "evcore_queue":
            return value
        try:
            if kind.code == gdb.TYPE_CODE_STRUCT:
                find_field(kind, "queue")
                value = value["queue"]
        except KeyError:
            break
    raise gdb.GdbError(f"{argument} is no pointer to a queue or a source")


if gdb:
    class Queues(gdb.Command):
        """Show the queues of processes: evqueues [PROCESS [FD]].

Without arguments, one line for each queue. PROCESS is a number or a name; its queues, or only
that of the descriptor FD, are shown with ring, overflow, sources and waiters."""

        def __init__(self):
            super().__init__("evqueues", gdb.COMMAND_DATA)

        def invoke(self, argument, from_tty):
            words = gdb.string_to_argv(argument)
            if not_arguments(words):
                raise gdb.GdbError("usage: evqueues [PROCESS [FD]]")
            show_queues(words)

    class Queue(gdb.Command):
        """Show one queue: evqueue EXPRESSION.

The expression is a pointer to struct evcore_queue, evchan_queue, kevent_queue, or to a structure
with a member "queue" that leads to one, such as struct evcore_source."""

        def __init__(self):
            super().__init__("evqueue", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

        def invoke(self, argument, from_tty):
            if not argument:
                raise gdb.GdbError("usage: evqueue EXPRESSION")
            show_queue(queue_of_expression(argument), "queue")

    Queues()
    Queue()
elif not_arguments(sys.argv[1:]):
    sys.exit("usage: drgn -s VMLINUX evcore.py [PROCESS [FD]]")
else:
    try:
        show_queues(sys.argv[1:])
    except Unreadable as error:
        sys.exit(f"evcore.py: {error}; something changed while it was read, so run this again")
