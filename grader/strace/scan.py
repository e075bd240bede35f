"""The grammar of one strace line: strings, paths, nesting. Pure text work, nothing is evaluated.

strace(1) escapes every byte of the traced program that it prints: quotes and backslashes inside
strings, and `<` and `>` inside the paths that -y adds. So a scan from the left that knows strings
and paths can not be fooled by their contents; a search from the right, or for a fixed text, can.
"""

from __future__ import annotations

import re

# Each alternative begins with a character of its own: what does not match fails in linear time.
# (No possessive groups: Python 3.11.2 gets them wrong, bug gh-106052.)
# "…", its quotes and backslashes escaped; strace adds ... when it cut the string (see -s)
STRING = r'"(?:[^"\\\n]++|\\.)*"(?:\.\.\.)?'
# <…> after a descriptor: a path, socket:[1], anon_inode:[eventfd]; with -yy also TCP:[a->b]
_ENDPOINT = r"[A-Z][\w-]*+:\["
PATH = (
    rf"<(?!<)(?:{_ENDPOINT}[^\]\n]*+\][^<>\n]*+"
    rf"|(?!{_ENDPOINT})[^<>\n]*+(?:<[^<>\n]*+>[^<>\n]*+)?)>"
)
_PIECE = rf'[^"()<\n]++|{STRING}|<<|{PATH}'


def _nested(depth: int) -> str:
    """Return a pattern of balanced text with at most `depth` levels of parentheses."""
    pattern = f"(?:{_PIECE})*"
    for _ in range(depth):
        pattern = rf"(?:{_PIECE}|\({pattern}\))*"
    return pattern


BALANCED = _nested(4)
LOOSE = rf'(?:[^"<\n]++|{STRING}|<<|(?<=[\dD]){PATH})*'  # may stop in the middle of a structure
_WHOLE = rf"{STRING}|<<|(?<=[\dD]){PATH}| ?/\*.*?\*/"  # text in which nothing is looked for
_COMMENT = re.compile(_WHOLE, re.DOTALL)
_TOKENS = {
    separator: re.compile(rf"{_WHOLE}|[][(){{}}]|{separator}", re.DOTALL)
    for separator in (",", " ", "=>")
}
_OPEN = frozenset("([{")
_CLOSE = frozenset(")]}")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"f": b"\f",
    b"v": b"\v",
    b"a": b"\a",
    b"b": b"\b",
}


def split(text: str, separator: str = ",") -> list[str]:
    """Return the parts of `text` between separators that stand outside strings, paths and brackets.

    The separator is one of "," " " "=>"; blanks around the parts are removed, and text without
    anything gives no parts. Brackets that never close (a cut line) keep the rest together.
    """
    parts, start, depth = [], 0, 0
    for match in _TOKENS[separator].finditer(text):
        token = match.group()
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
        elif token == separator and depth == 0:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    last = text[start:].strip()
    return [*parts, last] if parts or last else []


def without_comments(text: str) -> str:
    """Return `text` without the /* remarks */ that strace adds outside of strings and paths."""
    if "/*" not in text:
        return text
    return _COMMENT.sub(
        lambda m: "" if m.group().lstrip().startswith("/*") else m.group(), text
    ).strip()


def unescape(text: str) -> bytes:
    """Return the bytes that strace escaped in a string or a path: \\n, \\", \\\\, \\377, \\xff."""
    raw = text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_byte, raw) if b"\\" in raw else raw


def _byte(match: re.Match[bytes]) -> bytes:
    sixteen, eight, letter = match.groups()
    if sixteen:
        return bytes([int(sixteen, 16)])
    if eight:
        return bytes([int(eight, 8) & 0xFF])
    return _LETTERS.get(letter, letter)
