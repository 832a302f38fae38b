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
MAKERS = re.compile(r"kevent_init\s*\(")
TYPES = {"queue": "ec_t", "request": "struct evchan_change", "event": "event_data_t"}
BASE = r"(int|struct\s+\w+|[A-Za-z_]\w*)"
DECLARATION = re.compile(r"(?<![\w.>])" + BASE + r"\b((?:\s|\*|\bconst\b)*?)(?<=[\s*])\(?[\s*]*([A-Za-z_]\w*)\s*"
                         r"(?=[;,=)\[]|\(\s*[^*])")
NO_TYPE = {"return", "else", "goto", "case", "sizeof", "typedef", "struct", "enum", "union", "do",
           "static", "const", "extern", "volatile", "register", "inline", "unsigned", "signed"}
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
        for p in pieces:
            if p.kind in ("declaration", "function"):
                self.declare(p)
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
        return ("struct " + tag.group(1)) if tag and tag.group(1) else \
            (alias.group(1) if alias else "struct ?")

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
            thing = self.things.get((base, member))
            if not thing:
                return None
            base = thing.base
        return thing

    def member(self, name):
        """The member of that name, if there is only one."""
        found = [t for (scope, *rest), t in self.things.items() if rest == [name] and
                 scope not in ("", "()") and scope not in self.parameters]
        return found[0] if len(found) == 1 else None

    def is_(self, thing, role):
        if thing and (thing.base == "int") == (role == "queue") and \
           (role == "queue" or thing.base in ("struct ukevent", "void")):
            thing.root().roles.add(role)

    def same(self, a, b):
        if a and b and a.base == b.base and a.base in ("int", "struct ukevent"):
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
            elif name in self.parameters:
                args, _, _ = arguments(code, m.end())
                for n, arg in enumerate(args):
                    self.same(self.find(piece, arg), self.parameter(name, n))
        for m in re.compile(r"[{,]\s*\.(\w+)\s*=\s*([^;=,?{}]+)").finditer(code, start):
            self.same(self.member(m.group(1)), self.find(piece, m.group(2)))
        for m in re.compile(r"(?:\breturn\b|([\w.>\[\]*-]*[\w\]])\s*=(?!=))\s*([^;=,?]*)").finditer(code, start):
            target = self.find(piece, m.group(1)) if m.group(1) else result
            if MAKERS.match(m.group(2)):
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
            if len(roles) > 1:
                self.both.extend((p.line + p.code.count("\n", 0, start), p.code[start:end].strip())
                                 for p, _, _, start, end in thing.places)
            elif roles and not (thing.base == "int" and thing.stars > 1):
                role = next(iter(roles))
                for piece, a, b, start, end in thing.places:
                    edits.setdefault((id(piece), a), (piece, a, b, []))[3].append((start, end, role))
        queues = [key[1] for key, t in self.things.items() if t.root().roles == {"queue"} and
                  len(key) == 2 and self.member(key[1]) is t]
        for piece in self.pieces:
            mine = sorted((e for e in edits.values() if e[0] is piece), key=lambda e: -e[1])
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


def retype(pieces):
    """
    Declare the queues, requests and events of a program of kevent with the channel's types.
    Returns what is both request and event: [(line, name)].
    """
    roles = Roles(pieces)
    roles.declare_anew()
    for p in pieces:
        p.code = hide(p.new)
    return sorted(set(roles.both))
