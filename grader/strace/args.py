"""One argument of a system call: the text that strace printed, and what it means when asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from grader.strace.scan import PATH, STRING, split, unescape, without_comments

AT_FDCWD = -100  # openat(2): relative to the working directory

_NAMED = re.compile(r"([a-z_]\w*)=(?!=)")
_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)")
_CALLED = re.compile(r"[a-z]\w*\((.*)\)", re.DOTALL)  # htons(80), inet_addr("127.0.0.1")
_FD = re.compile(rf"(-?(?:0|[1-9]\d*)|AT_FDCWD)({PATH})?(\(deleted\))?")
_STRING = re.compile(rf"@?({STRING})")
TRANSLATED = re.compile(r"/\* (\d+) in strace's PID NS \*/")  # --pidns-translation
_FLAG = re.compile(r"[A-Za-z_]\w*")


def number(text: str) -> int | None:
    """Return the value of a C number (decimal, 0x…, octal 0…), or None when it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    digits = text.lstrip("-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX"
    try:
        value = int(digits, 8 if octal else 0)
    except ValueError:
        return None
    return -value if text[0] == "-" else value


@dataclass(frozen=True)
class Arg:
    """An argument, a field of a structure or an element of a list, as strace printed it.

    `name` is set where strace names the argument, as in `flags=CLONE_VM`. Every question is
    answered from the text alone; one that does not apply gives None, an empty set or an empty
    list.
    """

    text: str
    name: str = ""

    @classmethod
    def of(cls, text: str) -> Arg:
        """Return the argument printed as `text`, its `name=` taken apart."""
        named = _NAMED.match(text)
        return cls(text[named.end() :], named.group(1)) if named else cls(text)

    @cached_property
    def value(self) -> int | None:
        """The number: also of NULL, AT_FDCWD, `3</x>`, `[5]`, `[16 => 4]` (4), `htons(80)`."""
        text = without_comments(self.text)
        if self.fd is not None:
            return self.fd
        if text == "NULL":
            return 0
        if text[:1] == "[" and text[-1:] == "]":
            return Arg(split(text[1:-1], "=>")[-1]).value if text[1:-1].strip() else None
        called = _CALLED.fullmatch(text)
        factors = [number(part) for part in (called.group(1) if called else text).split("*")]
        product = 1
        for factor in factors:
            if factor is None:
                return None
            product *= factor
        return product

    @property
    def pid(self) -> int | None:
        """A process as the tracer numbers it, where strace says so, else the plain number."""
        translated = TRANSLATED.search(self.text)
        return int(translated.group(1)) if translated else self.value

    @cached_property
    def flags(self) -> frozenset[str]:
        """The names in `A|B|0x8`, in `1<<CAP_CHOWN`, in a set of signals such as `[INT TERM]`."""
        text = without_comments(self.text)
        if text[:1] in ("", '"', "@", "{"):
            return frozenset()
        words = split(text.strip("~[]"), " ") if text[0] in "~[" else text.split("|")
        names = (word.strip().removeprefix("1<<") for word in words)
        return frozenset(name for name in names if _FLAG.fullmatch(name))

    @cached_property
    def string(self) -> bytes | None:
        """The bytes of a string, escapes decoded; an abstract socket `@"…"` begins with NUL."""
        match = _STRING.fullmatch(self.text)
        if match is None:
            return None
        body = unescape(match.group(1).removesuffix("...")[1:-1])
        return b"\0" + body if self.text[0] == "@" else body

    @property
    def truncated(self) -> bool:
        """Whether strace cut this string, list or structure (`...`; strings: option -s)."""
        if self.string is not None:
            return self.text.endswith("...")
        return bool(self.items and self.items[-1].text.endswith("...")) or "..." in self.struct

    @cached_property
    def _fd(self) -> re.Match[str] | None:
        return _FD.fullmatch(without_comments(self.text))

    @property
    def fd(self) -> int | None:
        """The descriptor in `3`, `3</x>` or AT_FDCWD (-100); any plain number answers too."""
        if self._fd is None:
            return None
        return AT_FDCWD if self._fd.group(1) == "AT_FDCWD" else int(self._fd.group(1))

    @property
    def path(self) -> str:
        """What -y says that it is: `/tmp/x`, `socket:[123]`, `anon_inode:[eventpoll]`, or ""."""
        if self._fd is None or self._fd.group(2) is None:
            return ""
        return unescape(self._fd.group(2)[1:-1]).decode("utf-8", "surrogateescape")

    @property
    def deleted(self) -> bool:
        """Whether the descriptor's file has lost its name."""
        return self._fd is not None and self._fd.group(3) is not None

    @cached_property
    def struct(self) -> dict[str, Arg]:
        """The fields of `{events=EPOLLIN, data={u32=5, u64=5}}`, each an Arg again.

        A field without a name gets the text before its parenthesis (`inet_pton`) or itself
        (`...`). Of `{before} => {after}` both are answered, and the later one counts.
        """
        fields: dict[str, Arg] = {}
        for text in split(without_comments(self.text), "=>"):
            if text[:1] == "{" and text[-1:] == "}":
                for field in map(Arg.of, split(text[1:-1])):
                    fields[field.name or field.text.partition("(")[0]] = field
        return fields

    @cached_property
    def items(self) -> tuple[Arg, ...]:
        """The elements of `[{fd=3}, {fd=4}]`, `["ls", "-l"]`, `[3<pipe:[1]> 5]` or `[INT TERM]`."""
        text = without_comments(self.text).removeprefix("~")
        if not (text[:1] == "[" and text[-1:] == "]"):
            return ()
        parts = split(split(text[1:-1], "=>")[-1] if "=>" in text else text[1:-1])
        if len(parts) == 1 and parts[0][:1] not in '{"[':
            parts = split(parts[0], " ")
        return tuple(Arg.of(part) for part in parts)

    @property
    def milliseconds(self) -> float | None:
        """A struct timespec or timeval, in milliseconds."""
        seconds, nano, micro = (self.struct.get(f) for f in ("tv_sec", "tv_nsec", "tv_usec"))
        if seconds is None or seconds.value is None:
            return None
        fraction = (nano.value or 0) / 1e6 if nano else (micro.value or 0) / 1e3 if micro else 0.0
        return seconds.value * 1000 + fraction
