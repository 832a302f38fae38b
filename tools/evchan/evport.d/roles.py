# SPDX-License-Identifier: GPL-2.0-only
"""Find what each int and each struct ukevent of a program of kevent is for.

A descriptor of a queue is an int, and a request and an event are both a struct ukevent. In
the other interface they are three types. The calls of kevent say what their arguments are;
from there it is followed through assignments, arguments, parameters and results to every
variable, member and function of the file. Their declarations get the new types here, the
rules of spatch then see these types.
"""
import re

from pieces import WORD, hide

# Arguments of the calls: the place, and what is there.
CALLS = {"kevent_ctl": {0: "queue", 3: "request"}, "kevent_request": {0: "queue", 2: "request"},
         "kevent_get_events": {0: "queue", 4: "event"}}
CALLS.update((f"kevent_{name}", {0: "queue"}) for name in (
    "watch", "unwatch", "timer", "user", "watch_signal", "post", "remove", "wait", "commit"))
MAKERS = re.compile(r'kevent_init\s*\(|kevent_ctl\s*\([^,;]*,\s*KEVENT_CTL_INIT\b|open\s*\(\s*"/dev/kevent"')
NUMBERS = {"unsigned", "__u32", "u32", "uint32_t", "long", "short", "__u64", "uint64_t"}
COMMANDS = {"KEVENT_CTL_ADD": "EVCHAN_ADD", "KEVENT_CTL_MODIFY": "EVCHAN_MOD", "KEVENT_CTL_REMOVE": "EVCHAN_DEL"}
DESCRIPTORS = {"KEVENT_SOCKET", "KEVENT_POLL", "KEVENT_PIPE"}
NAMED_BY_ID = {"KEVENT_SIGNAL", "KEVENT_UNOTIFY"}
KINDS = re.compile(r"\bKEVENT_(?:SOCKET|INODE|TIMER|POLL|N?AIO|PIPE|SIGNAL|POSIX_TIMER|UNOTIFY|MQUEUE|PROCESS|FUTEX)\b")
TYPES = {"queue": "ec_t", "request": "struct evchan_change", "event": "event_data_t"}
BASE = r"(int|struct\s+\w+|[A-Za-z_]\w*)"
DECLARATION = re.compile(r"(?<![\w.>])" + BASE + r"\b((?:\s|\*|\bconst\b)*?)(?<=[\s*])(?:\(\s*\*[\s*]*)?([A-Za-z_]\w*)\s*"
                         r"(?=[;,=)\[]|\(\s*[^*])")
NO_TYPE = {"return", "else", "if", "while", "for", "switch", "goto", "case", "sizeof", "typedef", "struct", "enum", "union", "do",
           "static", "const", "extern", "volatile", "register", "inline", "signed"}
PLACE = re.compile(r"[&*(\s]*((?:\(\s*[\w\s]+\*\s*\)\s*)?)([A-Za-z_]\w*)"
                   r"((?:\s*\[[^][]*\]|\s*(?:\.|->)\s*\w+)*)[)\s]*")


def arguments(code, start):
    """The arguments of a call whose opening bracket is before start, and where it ends."""
    depth, args, begin = 0, [], start
    for m in re.compile(r"[()\[\]{},]").finditer(code, start):
        c = m.group()
        if c == "," and not depth:
            args.append((begin, m.start()))
            begin = m.end()
        elif c in "([{":
            depth += 1
        elif c != ",":
            if not depth:
                args.append((begin, m.start()))
                return [code[a:b] for a, b in args], args, m.end()
            depth -= 1
    return [], [], len(code)


class Thing:
    """A variable, parameter, member or function: where it is declared, and what it is for."""

    def __init__(self, base, stars):
        self.base, self.stars = base, stars
        self.parent, self.roles, self.places = self, set(), []

    def root(self):
        while self.parent is not self:
            self.parent = self.parent.parent
            self = self.parent	# pylint: disable=self-cls-assignment
        return self


class Roles:
    """The things of a file, and which of them are the same."""

    def __init__(self, pieces):
        self.pieces, self.things, self.parameters, self.both = pieces, {}, {}, []
        self.tags = {}		# typedef name -> struct tag
        for p in pieces:
            if p.kind in ("declaration", "function"):
                self.tags.update((b, a) for a, b in re.findall(r"\btypedef\s+(struct\s+\w+)\s+(\w+)\s*;", p.code))
                self.declare(p)
        self.members = {}
        for (scope, *name), t in self.things.items():
            if len(name) == 1 and scope not in ("", "()") and scope not in self.parameters:
                self.members.setdefault(name[0], []).append(t)
        for p in pieces:
            if p.kind == "function":
                self.follow(p)

    # --- declarations ---

    def declare(self, piece):
        code = piece.code
        body = code.find("{") if piece.kind == "function" else len(code)
        piece.name = None
        if piece.kind == "function":
            m = re.search(r"([A-Za-z_]\w*)\s*\(", code[:body])
            piece.name = m.group(1) if m else None
        for m in DECLARATION.finditer(code):
            base = " ".join(m.group(1).split())
            if base == "int" and code[:m.start(1)].rstrip().endswith("signed") or base in NUMBERS:
                base = "number"
            if base in NO_TYPE or m.group(3) in NO_TYPE:
                continue
            scope = self.scope_of(piece, m.start(1), body)
            if code[m.end():m.end() + 1] == "(" and m.start() < body:
                self.parameters.setdefault(m.group(3), [])
                scope = "()"
            self.add(piece, scope, base, m, m.group(3), m.start(3), m.end())
            self.others(piece, scope, base, m)
        if piece.name:
            head = code[:body]
            args, _, _ = arguments(head, head.find("(") + 1)
            self.parameters[piece.name] = [(WORD.findall(re.sub(r"\[.*", "", a)) or [""])[-1] for a in args]

    def scope_of(self, piece, place, body):
        """The scope of a declaration: a structure, a function, or the file."""
        if piece.kind == "function":
            return piece.name
        before = piece.code[:place]
        depth = before.count("{") - before.count("}")
        if not depth:
            # A parameter of a declared function is nobody's variable, but has its type.
            return "" if before.count("(") == before.count(")") else None
        tag = re.search(r"\b(?:struct|union)\s*(\w*)\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*$", before)
        alias = re.search(r"\}\s*\**(\w+)\s*[;\[=]", piece.code[place:])
        if tag and tag.group(1):
            if alias:
                self.tags[alias.group(1)] = "struct " + tag.group(1)
            return "struct " + tag.group(1)
        if not alias:
            return "struct ?"
        # A variable whose structure has no name, or a typedef.
        self.things.setdefault(("", alias.group(1)), Thing(alias.group(1), 0))
        return alias.group(1)

    def add(self, piece, scope, base, m, name, start, end):
        if scope is None:
            # int f(int q); the parameter has its place in the list of the function.
            head = piece.code[:start]
            call = re.search(r"([A-Za-z_]\w*)\s*\([^()]*$", head)
            if not call:
                return
            scope = ("of", call.group(1), head[call.end(1):].count(","))
        key = (scope, name) if not isinstance(scope, tuple) else scope
        thing = self.things.setdefault(key, Thing(base, piece.code[m.end(1):start].count("*")))
        thing.places.append((piece, m.start(1), m.end(1), start, end))

    def others(self, piece, scope, base, m):
        """The further names of the same declaration: int a, b, *c;"""
        code, at, depth = piece.code, m.end(), 0
        if scope in (None, "()") or code[:m.start()].rstrip()[-1:] in ("(", ","):
            return
        for t in re.compile(r"[()\[\]{}]|[;,]").finditer(code, at):
            c = t.group()
            if c in "([{":
                depth += 1
            elif c in ")]}":
                depth -= 1
                if depth < 0:
                    return
            elif c == ";" and not depth:
                return
            elif c == "," and not depth:
                n = re.compile(r"[\s*]*([A-Za-z_]\w*)").match(code, t.end())
                if n:
                    self.add(piece, scope, base, m, n.group(1), n.start(1), n.end())

    # --- uses ---

    def find(self, piece, expression):
        """The thing that an expression of a function names, or None."""
        m = PLACE.fullmatch(expression)
        if not m:
            return None
        thing = self.things.get((piece.name, m.group(2))) or self.things.get(("", m.group(2)))
        cast = re.search(r"\(\s*((?:struct\s+)?\w+)\s*\*\s*\)", m.group(1))
        base = " ".join(cast.group(1).split()) if cast else thing.base if thing else None
        for member in re.findall(r"(?:\.|->)\s*(\w+)", m.group(3)):
            thing = self.things.get((self.tags.get(base, base), member))
            if not thing:
                return None
            base = thing.base
        return thing

    def member(self, name):
        """The member of that name, if there is only one."""
        found = self.members.get(name, ())
        return found[0] if len(found) == 1 else None

    def is_(self, thing, role):
        bases = {"queue": ("int",), "flags": ("int", "number"), "command": ("int", "number")}
        if thing and thing.base in bases.get(role, ("struct ukevent",)):
            thing.root().roles.add(role)

    def same(self, a, b):
        numbers = ("int", "number")
        if a and b and (a.base == b.base == "struct ukevent" or (a.base in numbers and b.base in numbers)):
            a, b = a.root(), b.root()
            if a is not b:
                b.parent = a
                a.roles |= b.roles

    def parameter(self, function, n):
        names = self.parameters.get(function, [])
        own = self.things.get((function, names[n])) if n < len(names) else None
        declared = self.things.get(("of", function, n))
        self.same(own, declared)
        return own or declared

    def follow(self, piece):
        code = piece.code
        start = code.find("{")
        result = self.things.get(("()", piece.name))
        for m in re.compile(r"\b([A-Za-z_]\w*)\s*\(").finditer(code, start):
            name = m.group(1)
            if name in CALLS:
                args, _, _ = arguments(code, m.end())
                for n, role in CALLS[name].items():
                    if n < len(args):
                        self.is_(self.find(piece, args[n]), role)
                if name in ("kevent_ctl", "kevent_request") and len(args) > 2:
                    self.is_(self.find(piece, args[1]), "command")
            elif name in self.parameters:
                args, _, _ = arguments(code, m.end())
                for n, arg in enumerate(args):
                    self.same(self.find(piece, arg), self.parameter(name, n))
        for m in re.compile(r"[{,]\s*\.(\w+)\s*=\s*([^;=,?{}]+)").finditer(code, start):
            self.same(self.member(m.group(1)), self.find(piece, m.group(2)))
        for m in re.compile(r"(?:\breturn\b|([\w.>\[\]*-]*[\w\]])\s*=(?!=))\s*([^;=,?]*)").finditer(code, start):
            target = self.find(piece, m.group(1)) if m.group(1) else result
            if re.search(r"(?:\.|->)req_flags$", m.group(1) or ""):
                self.is_(self.find(piece, m.group(2)), "flags")
            if MAKERS.match(piece.new, m.start(2)):
                self.is_(target, "queue")
            called = re.match(r"(\w+)\s*\(", m.group(2))
            self.same(target, self.things.get(("()", called.group(1))) if called else
                      self.find(piece, m.group(2).rstrip(") \t\n")))

    # --- the new types ---

    def declare_anew(self):
        """Give each declaration the type of its role: sets .new of the pieces."""
        edits = {}
        for thing in self.things.values():
            roles = thing.root().roles
            if {"request", "event"} <= roles:
                self.both.extend((p.line + p.code.count("\n", 0, start), p.code[start:end].strip())
                                 for p, _, _, start, end in thing.places)
            elif roles and roles <= set(TYPES) and thing.base != "number" and \
                    not (thing.base == "int" and thing.stars > 1):
                role = next(iter(roles))
                for piece, a, b, start, end in thing.places:
                    edits.setdefault((id(piece), a), (piece, a, b, []))[3].append((start, end, role))
        queues = [key[1] for key, t in self.things.items() if t.root().roles == {"queue"} and
                  len(key) == 2 and self.member(key[1]) is t]
        of_piece = {}
        for e in edits.values():
            of_piece.setdefault(id(e[0]), []).append(e)
        for piece in self.pieces:
            mine = sorted(of_piece.get(id(piece), ()), key=lambda e: -e[1])
            text = piece.new
            for _, a, b, names in mine:
                text = self.retype(piece, text, a, b, names)
            for name in queues:
                text = re.sub(rf"([{{,]\s*\.{name}\s*=\s*)-1\b", r"\1NULL", text)
            piece.new = text

    @staticmethod
    def retype(piece, text, a, b, names):
        """Change the type at a to b of those names of a declaration that have a role."""
        code = piece.code
        end, depth, commas = a, 0, []
        parameter = code[:a].count("(") > code[:a].count(")")
        for t in re.compile(r"[()\[\]{}]|[;,]").finditer(code, b):
            c = t.group()
            end = t.start()
            depth += (c in "([{") - (c in ")]}")
            if depth < 0 or (c == ";" and not depth) or (c == "," and parameter and not depth) or \
               (c == "{" and depth == 1 and code[:t.start()].rstrip().endswith(")")):
                break
            if c == "," and not depth:
                commas.append(t.start())
        spans = [b] + [c + 1 for c in commas]
        parts = [(s, e) for s, e in zip(spans, commas + [end])]
        groups = {}
        for s, e in parts:
            role = next((r for n, _, r in names if s <= n < e), None)
            part = text[s:e].strip()
            if role == "queue":
                part = re.sub(r"=\s*(?:-1|0)$", "= NULL", part)
            groups.setdefault(role, []).append(part)
        if len(groups) == 1:
            role = next(iter(groups))
            if role == "queue" and len(parts) == 1 and not parameter:
                return text[:a] + TYPES[role] + re.sub(r"=(\s*)-1(\s*)$", r"=\1NULL\2", text[b:end]) + text[end:]
            return text[:a] + TYPES[role] + text[b:]
        # A declaration for each type.
        line = code.rfind("\n", 0, a) + 1
        before = text[line:a]
        rows = [before + (TYPES[r] if r else text[a:b]) + (" " if part[0] else "") + ", ".join(part)
                for r, part in sorted(groups.items(), key=lambda g: (g[0] is None, g[0] or ""))]
        return text[:line] + ";\n".join(rows) + text[end:]


class Values:
    """
    Commands and flags that reach a request through a parameter or a variable: there they
    get the channel's values. What is no constant is left for a person.
    """

    def __init__(self, roles):
        self.roles, self.unknown = roles, []
        self.bodies = {p.name: p.code for p in roles.pieces if p.kind == "function"}

    def role(self, thing):
        roles = thing.root().roles if thing else ()
        return "flags" if "flags" in roles else "command" if "command" in roles else None

    def of_flags(self, words, around):
        """The channel's flags for those of kevent; the type of the source is said around."""
        if not words <= {"0", "KEVENT_REQ_ONESHOT", "KEVENT_REQ_ET", "KEVENT_REQ_ALWAYS_QUEUE",
                         "KEVENT_REQ_WAKEUP_ALL"}:
            return None
        kinds = set(KINDS.findall(around))
        mode = "EVCHAN_ONESHOT" if "KEVENT_REQ_ONESHOT" in words else \
            "EVCHAN_EDGE" if "KEVENT_REQ_ET" in words else \
            "0" if kinds and not kinds & DESCRIPTORS else "EVCHAN_LEVEL"
        return mode + (" | EVCHAN_WAKE_ALL" if "KEVENT_REQ_WAKEUP_ALL" in words else "")

    def edit(self, piece, thing, span, around):
        """The edit for one value given to a thing, or none."""
        text = piece.code[span[0]:span[1]]
        role, words = self.role(thing), set(WORD.findall(text)) | set(re.findall(r"\b\d\w*", text))
        if not role or self.role(self.roles.find(piece, text)) == role:
            return []
        new = self.of_flags(words, around) if role == "flags" else \
            COMMANDS.get(text.strip()) if len(words) == 1 else None
        if new is None:
            self.unknown.append((piece.line + piece.code.count("\n", 0, span[0] + len(text) - len(text.lstrip())),
                                 "req_flags" if role == "flags" else "kevent_ctl"))
            return []
        blank = len(text) - len(text.lstrip())
        return [(span[0] + blank, span[0] + blank + len(text.strip()), new)]

    def convert(self, piece):
        code, edits = piece.code, []
        start = code.find("{")
        for m in re.compile(r"\b([A-Za-z_]\w*)\s*\(").finditer(code, start):
            if m.group(1) in self.roles.parameters and m.group(1) not in CALLS:
                args, spans, _ = arguments(code, m.end())
                body = self.bodies.get(m.group(1), "")
                for n, span in enumerate(spans):
                    edits += self.edit(piece, self.roles.parameter(m.group(1), n), span,
                                       " ".join(args) if KINDS.search(" ".join(args)) else body)
        for m in re.compile(r"([\w.>\[\]*-]*[\w\]])\s*=(?!=)\s*([^;=,?]*)").finditer(code, start):
            edits += self.edit(piece, self.roles.find(piece, m.group(1)), m.span(2), code)
        for a, b, new in sorted(set(edits), reverse=True):
            piece.new = piece.new[:a] + new + piece.new[b:]


def split_uses(piece, name):
    """
    A local variable that is a request first and then an event, and so on, becomes two. It is
    a request where it is filled in and given to a call that changes, an event from where a
    call has fetched into it.
    """
    code, edits, state = piece.code, [], "request"
    declared = re.search(rf"\bstruct\s+ukevent\b[^;]*?(?<![\w.]){name}\b", code)
    calls = [(m.start(), arguments(code, m.end())[2], "event" if m.group(1) == "kevent_get_events" else "request")
             for m in re.finditer(r"\b(kevent_get_events|kevent_ctl|kevent_request|memset)\s*\(", code)]
    for m in re.compile(rf"(?<![\w.])(?<!->){name}\b").finditer(code, declared.end()):
        inside = [kind for a, b, kind in calls if a < m.start() < b]
        if inside:
            state = inside[0]
        elif re.compile(r"(?:\[[^\]]*\])?\.(?:\w+|\[\w+\]|\.)+\s*=[^=]").match(code, m.end()):
            state = "request"
        if state == "event":
            edits.append((m.end(), m.end(), "_event"))
    depth, end = 0, declared.end()
    for t in re.compile(r"[()\[\]{},;]").finditer(code, declared.end()):
        depth += (t.group() in "([{") - (t.group() in ")]}")
        if not depth and t.group() in ",;":
            end = t.start()
            break
    size = re.match(r"(?:\s*\[[^\]]*\])*", code[declared.end():]).group()
    edits.append((end, end, f", {name}_event{size}"))
    for a, b, new in sorted(edits, reverse=True):
        piece.new = piece.new[:a] + new + piece.new[b:]
    piece.code = hide(piece.new)


def split_roles(pieces):
    """Split the local variables that are both request and event, and nobody else's."""
    roles = Roles(pieces)
    size = {}
    for thing in roles.things.values():
        size[id(thing.root())] = size.get(id(thing.root()), 0) + 1
    functions = {p.name: p for p in pieces if p.kind == "function"}
    for (scope, *name), thing in roles.things.items():
        piece = functions.get(scope)
        if piece and name and {"request", "event"} <= thing.root().roles and size[id(thing.root())] == 1 and \
           not thing.stars and name[0] not in roles.parameters[scope]:
            split_uses(piece, name[0])


def in_milliseconds(text):
    """Whether the program is of a generation whose timers are in milliseconds."""
    take = re.search(r"#\s*define\s+KEVENT_TAKE\s+(\d+)", text)
    if take:
        return int(take.group(1)) < 16
    return bool(re.search(r"#\s*define\s+KEVENT_GENERATION\s+[12]\b|\bKEVENT_CTL_INIT\b|\"/dev/kevent\"", text))


FIELD = r"(?m)^([ \t]*)([\w.>\[\]-]*?[\w\]])(\.|->)"


NO_LEVEL = re.compile(r"(\.req_flags|\breq_flags)\s*=\s*(?:0|KEVENT_REQ_ALWAYS_QUEUE)\s*$")
TYPED = re.compile(r"[{,]\s*\.type\s*=\s*(KEVENT_\w+)\s*(?=[,}])")
ID = re.compile(r"\s*\.id(?:\.(raw|raw_u64)|\.raw\[([01])\])?\s*=\s*(.*?)\s*", re.S)


def fields_of(code, place):
    """The fields of the initial value that place is in: [(start, end)], and where it begins."""
    depth, begin = 0, place
    while begin >= 0:
        depth += (code[begin] in ")}]") - (code[begin] in "({[")
        if depth < 0:
            break
        begin -= 1
    _, spans, _ = arguments(code, begin + 1)
    return spans, begin


def words_of(text, member, index):
    """The two words of an id with that value, {0: ..., 1: ...}, or its whole as {"": ...}."""
    if index is not None:
        return {int(index): text}
    if member == "raw_u64":
        return {"": text}
    inner = re.fullmatch(r"\{\s*(?:\.(raw_u64)\s*=)?\s*(.*?)[,\s]*\}", text, re.S)
    if not inner:
        return None
    if inner.group(1):
        return {"": inner.group(2)}
    nested = re.fullmatch(r"(?:\.raw\s*=\s*)?(\{.*\})", inner.group(2), re.S)
    if nested:
        return words_of(nested.group(1), "raw", None)
    if member != "raw":
        return None
    values, _, _ = arguments(inner.group(2) + ")", 0)
    values = [re.sub(r"^\s*\[[01]\]\s*=", "", v).strip() for v in values]
    return dict(enumerate(values)) if len(values) <= 2 else None


def whole_id(words):
    """The 64 bits of an id with these words."""
    if "" in words:
        return words[""]
    high = words.get(1, "0")
    low = words.get(0, "0")
    return low if high == "0" else \
        (f"{bracket(low)} | " if low != "0" else "") + f"(uint64_t){bracket(high)} << 32"


def bracket(text):
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def period_of(words, unit):
    """The nanoseconds of a timer whose id has these words; the first one is in the unit."""
    if "" in words:
        return f"(uint32_t)({words['']}) * {unit} + ((uint64_t)({words['']}) >> 32)"
    low, high = words.get(0, "0"), words.get(1, "0")
    if low == "0":
        return high
    return f"{bracket(low)} * {unit}" + (f" + {bracket(high)}" if high != "0" else "")


def without(code, a, b):
    """The edit that drops the field at a to b of an initial value."""
    end = len(code[:b].rstrip())
    return (a - 1, end, "") if code[a - 1] == "," else (a, b + (code[b] == ","), "")


def initial_sources(piece, unit, packed):
    """
    What names the source in an initial value with a constant type. A timer's id is its
    period, or the same words as in kevent if the program may look at them. Only descriptors
    have a level.
    """
    edits = []
    for typed in TYPED.finditer(piece.code):
        kind = typed.group(1)
        if kind not in NAMED_BY_ID | {"KEVENT_TIMER", "KEVENT_PROCESS"}:
            continue
        spans, _ = fields_of(piece.code, typed.start(1))
        words, places = {}, []
        for a, b in spans:
            m = ID.fullmatch(piece.code[a:b])
            found = None if kind == "KEVENT_PROCESS" else words_of(piece.new[a:b][m.start(3):m.end(3)], m.group(1), m.group(2)) if m else None
            if found:
                words.update(found)
                places.append((a, b))
            elif NO_LEVEL.search(piece.code[a:b]):
                edits.append(without(piece.code, a, b))
        if not places:
            continue
        blank = re.match(r"\s*", piece.code[places[0][0]:]).group()
        period = period_of(words, unit)
        new = f".id = {whole_id(words)}" if packed or kind != "KEVENT_TIMER" else f".id = {period}"
        if kind == "KEVENT_TIMER":
            new += f",{blank or ' '}.args = {{ CLOCK_MONOTONIC, {period}, {period} }}"
        first, end = places[0]
        edits.append((first, len(piece.code[:end].rstrip()), blank + new))
        edits += [without(piece.code, a, b) for a, b in places[1:]]
    for a, b, new in sorted(edits, reverse=True):
        piece.new = piece.new[:a] + new + piece.new[b:]
    piece.code = hide(piece.new)


def initial_types(piece):
    """
    The constant types of the variables of a piece that have an initial value, and whether
    that has an id: name -> (type, bool).
    """
    found = {}
    for typed in TYPED.finditer(piece.code):
        spans, begin = fields_of(piece.code, typed.start(1))
        name = re.search(r"\bstruct\s+ukevent\s+(\w+)\s*=\s*$", piece.code[:begin])
        if name:
            found[name.group(1)] = typed.group(1), any(ID.fullmatch(piece.code[a:b]) for a, b in spans)
    return found


def looks_at_words(pieces):
    """Whether the program reads the words of an id that may be a timer's."""
    code = "".join(p.code for p in pieces)
    kinds = set(KINDS.findall(code))
    return bool(re.search(r"\bid\.raw\[1\](?!\s*=[^=])", code) or
                (kinds == {"KEVENT_TIMER"} and re.search(r"\bid\.raw(?:_u64|\[[01]\])(?!\s*[|]?=[^=])", code)))


def name_sources(pieces, roles, unit):
    """
    What names the source of a request that is filled in by assignments, and its trigger
    mode if none is given. Their place in struct evchan_change depends on the type. Returns
    the lines where half of an id is changed.
    """
    everywhere, halves = {}, []
    for p in pieces:
        if p.kind == "declaration":
            everywhere.update(initial_types(p))
    for p in pieces:
        if p.kind == "function":
            initial = {**everywhere, **initial_types(p)}
            for base in sorted({m.group(2) for m in re.finditer(FIELD + r"type\s*=[^=]", p.code)} |
                               {name for name in initial if re.search(rf"(?<![\w.>]){name}\.(?:id|req_flags)\b", p.code)}):
                thing = roles.find(p, base)
                if thing and thing.root().roles == {"request"}:
                    halves += name_source(p, base, unit, *initial.get(base, (None, False)))
    return halves


def time_of(name, unit, two_words):
    """The nanoseconds of a timer whose id has the given words."""
    return f"(uint32_t){name} * {unit} + ({name} >> 32)" if two_words else f"{name} * {unit}"


def add_or_modify(text, once):
    """
    A oneshot request of kevent is removed by its event and may be added again. The channel
    keeps it, disarmed, so it is added or modified. Variables of the file that are oneshot are
    in the set once.
    """
    for name in re.findall(r"\bstruct evchan_change (\w+) = \{[^;]*\.flags = EVCHAN_ONESHOT\b", text) + sorted(once):
        text = re.sub(rf"(?<![\w.>])({name}\.op =) EVCHAN_ADD\b", r"\1 EVCHAN_SET", text)
    for base, flags in re.findall(r"([\w.>\[\]-]*\w\]?(?:\.|->))flags = (EVCHAN_ONESHOT\b|[a-z_]\w*;)", text):
        new = "EVCHAN_SET" if flags == "EVCHAN_ONESHOT" else \
            f"{base}flags & EVCHAN_ONESHOT ? EVCHAN_SET : EVCHAN_ADD"
        text = re.sub(rf"(?<![\w.>])({re.escape(base)}op =) EVCHAN_ADD\b", rf"\1 {new}", text)
    return text


def name_source(piece, base, unit, initial, has_id):
    """
    The same for one request of a function, which may have a type and an id in its initial
    value.
    """
    same = re.escape(base) + r"(\.|->)"
    kinds = re.findall(rf"{same}type\s*=\s*([^;]*);", piece.code)
    words = {word.strip() for _, word in kinds} | ({initial} if initial else set())
    dot = kinds[0][0] if kinds else "."
    # Sources that are named in different ways are told apart when the program runs.
    timers, by_id = words == {"KEVENT_TIMER"}, words <= NAMED_BY_ID
    known = timers or by_id or words <= DESCRIPTORS or words == {"KEVENT_PROCESS"}
    mode = not re.search(rf"{same}req_flags\b", piece.code)
    edits = []

    def statement(field):
        return list(re.finditer(rf"(?m)^([ \t]*){same}{field}\s*=\s*([^;]*);[^\n]*\n", piece.code))
    types, low, high, whole = (statement(f) for f in ("type", r"id\.raw\[0\]", r"id\.raw\[1\]", r"id\.raw_u64"))
    if not types and not initial:
        return []
    if has_id and timers and bool(low) != bool(high):
        return [(piece.line + piece.code.count("\n", 0, (low or high)[0].start(2)), "id.raw")]
    if known and not words & DESCRIPTORS:
        for m in statement("req_flags"):
            if m.group(3).strip() in ("0", "KEVENT_REQ_ALWAYS_QUEUE"):
                edits.append((m.start(), m.end(), f"{m.group(1)}{base}{dot}flags = 0;\n"))
    ids = sorted(low + high + whole, key=lambda m: m.start())
    if (not known or timers or by_id) and ids:
        # The id keeps the words of kevent's, which the program may look at.
        for m in low:
            edits.append((m.start(), m.end(), f"{m.group(1)}{base}{dot}id = {m.group(3)};\n"))
        for m in high:
            edits.append((m.start(), m.end(), f"{m.group(1)}{base}{dot}id |= (uint64_t)({m.group(3)}) << 32;\n"))
        done = [(a, b) for a, b, _ in edits]
        for m in re.finditer(rf"{same}id\.raw\[([01])\]", piece.code):
            if not any(a <= m.start() < b for a, b in done):
                edits.append((m.start(), m.end(), f"(uint32_t){base}{dot}id" if m.group(2) == "0" else
                              f"(uint32_t)({base}{dot}id >> 32)"))
        others = [] if known else types + statement("req_flags")
        for n, m in enumerate(() if by_id else ids):
            following = ids[n + 1] if n + 1 < len(ids) else None
            if following in high:
                continue
            # The type and the flags may come after what names the source.
            until = following.start() if following else len(piece.code)
            call = re.compile(r"\bkevent_(?:ctl|request)\s*\(").search(piece.code, m.end())
            until = min(until, call.start() if call else until)
            end = max([m.end()] + [o.end() for o in others if m.end() <= o.start() < until])
            tab = m.group(1)
            after = f"{tab}evport_name({'&' if dot == '.' else ''}{base});\n" if not known else \
                f"{tab}{base}{dot}args[0] = CLOCK_MONOTONIC;\n" \
                f"{tab}{base}{dot}args[1] = " + time_of(base + dot + "id", unit, m not in low) + ";\n" \
                f"{tab}{base}{dot}args[2] = {base}{dot}args[1];\n"
            edits.append((end, end, (f"{tab}{base}{dot}flags = EVCHAN_LEVEL;\n" if mode and not known else "") + after))
    elif mode and words & DESCRIPTORS:
        for m in types:
            if m.group(3).strip() in DESCRIPTORS:
                edits.append((m.end(), m.end(), f"{m.group(1)}{base}{dot}flags = EVCHAN_LEVEL;\n"))
    for a, b, new in sorted(edits, reverse=True):
        piece.new = piece.new[:a] + new + piece.new[b:]
    piece.code = hide(piece.new)
    return []


def retype(pieces, unit):
    """
    Declare the queues, requests and events of a program of kevent with the channel's types.
    A timer's first word is in the given unit.
    Returns what is both request and event, and which commands and flags are not known:
    [(line, name)].
    """
    packed = looks_at_words(pieces)
    split_roles(pieces)
    roles = Roles(pieces)
    values = Values(roles)
    for p in pieces:
        if p.kind == "function":
            values.convert(p)
    for p in pieces:
        p.code = hide(p.new)
    roles = Roles(pieces)
    halves = name_sources(pieces, roles, unit)
    for p in pieces:
        p.code = hide(p.new)
        if p.kind in ("function", "declaration"):
            initial_sources(p, unit, packed)
    roles = Roles(pieces)
    roles.declare_anew()
    for p in pieces:
        p.code = hide(p.new)
    return sorted(set(roles.both)), sorted(set(values.unknown + halves))
