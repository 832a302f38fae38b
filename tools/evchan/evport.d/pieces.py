# SPDX-License-Identifier: GPL-2.0-only
"""Divide a C file into the items of its top level, so that each is looked at alone.

A run of spatch costs more than its share if the file is long. So evport gives it only the
functions that use the interface, a few at a time, together with the declarations that they
need. Everything else keeps its text.
"""
import bisect
import re

# Comments and strings, which are not rewritten. Newlines are kept.
HIDDEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
WORD = re.compile(r"[A-Za-z_]\w*")


def hide(text):
    """The text with comments and strings blanked, at the same places."""
    return HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


class Lines:
    """The number of the line of each place of a text, counted from 1."""

    def __init__(self, text):
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def at(self, place):
        return bisect.bisect_right(self.starts, place)


class Piece:
    """One item of the top level: its text, its first line, and what it is."""

    def __init__(self, text, line):
        self.text, self.line = text, line
        self.code = hide(text)
        head = self.code.lstrip()
        if head.startswith("#"):
            self.kind = "define" if re.match(r"#\s*define\b", head) else "directive"
        elif re.search(r"\)[^;={}]*\{", re.split(r"\{", self.code)[0] + "{") and \
                not re.match(r"\s*typedef\b", self.code):
            self.kind = "function"
        else:
            self.kind = "declaration"

    def names(self):
        """What a declaration or a #define defines: the tags, types, variables, functions."""
        if self.kind == "define":
            return set(re.findall(r"#\s*define\s+(\w+)", self.code))
        outside = re.sub(r"\{[^{}]*\}", " ", self.code)
        while "{" in outside and outside != (outside := re.sub(r"\{[^{}]*\}", " ", outside)):
            pass
        tags = set(re.findall(r"\b(?:struct|union|enum)\s+(\w+)", outside))
        # The enumerators too.
        for body in re.findall(r"\benum\b[^;{}]*\{([^{}]*)\}", self.code):
            tags |= set(re.findall(r"(?:^|,)\s*(\w+)", body))
        return tags | set(re.findall(r"\b(\w+)\s*(?=[;,=\[(])", outside))


def line_ends(code):
    """
    For each line of the code the depth of brackets at its end, and what it ends: an "item",
    a "directive" of the preprocessor, or "" for nothing. Of the branches of a condition only
    the first is counted, because each of them may open the same bracket.
    """
    depth, branches, joined = 0, [], False
    for line in code.split("\n"):
        m = re.match(r"\s*#\s*(if|el|endif)?\w*\s*(\w*)", line)
        if m or joined:
            if m and m.group(1) == "if":
                branches.append([m.group(2) == "0", m.group(2) != "0"])
            elif m and m.group(1) == "el" and branches:
                branches[-1] = [branches[-1][1], True]
            elif m and m.group(1) and branches:
                branches.pop()
            joined = line.endswith("\\")
            yield depth, "" if joined else "directive"
            continue
        if not any(skip for skip, _ in branches):
            depth += sum(map(line.count, "{([")) - sum(map(line.count, "})]"))
        yield depth, "item" if line.rstrip()[-1:] in (";", "}") else ""


def divide(text):
    """The pieces of the text; together they are the text."""
    code, lines, pieces, start = hide(text), text.splitlines(True), [], 0
    rows = code.split("\n")
    for n, (depth, ends) in enumerate(line_ends(code)):
        if n >= len(lines) or depth > 0 or not ends:
            continue
        first = n
        while ends == "directive" and first > start and rows[first - 1].endswith("\\"):
            first -= 1
        # Code before a directive that has not ended is a piece of its own.
        if ends == "directive" and any(row.strip() for row in rows[start:first]):
            pieces.append(Piece("".join(lines[start:first]), start + 1))
            start = first
        pieces.append(Piece("".join(lines[start:n + 1]), start + 1))
        start = n + 1
        # A body after the declarations of parameters in the old style.
        while len(pieces) > 1 and pieces[-1].code.lstrip().startswith("{"):
            body = pieces.pop()
            pieces[-1] = Piece(pieces[-1].text + body.text, pieces[-1].line)
    if start < len(lines):
        pieces.append(Piece("".join(lines[start:]), start + 1))
    return pieces
