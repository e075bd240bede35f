"""The parser of strace's output against made-up lines, whole, cut and scrambled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.strace.args import Arg
from grader.strace.events import Call, Garbage
from grader.strace.parse import parse

BOUNDED = settings(
    max_examples=100, deadline=1000, database=None, suppress_health_check=list(HealthCheck)
)
LINES = [
    line
    for path in sorted((Path(__file__).parent / "traces").glob("*.txt"))
    for line in path.read_text().split("\n")
    if line
]
NASTY = '"\\<>()[]{}=,. ~@|&*/?!-+ \n\t\r\x00\x7f\xff019axfdDSIGunfinishedresumed'
PIECES = [
    "<unfinished ...>",
    "<... read resumed>",
    ") = 0",
    ") = ?",
    "1 1.5 read(3, ",
    " > /p(f+0x1) [0x2]",
    "+++ exited with 0 +++",
    "--- SIGTERM {si_signo=SIGTERM} ---",
    "strace: ",
    '"...',
    "/* 1 in strace's PID NS */",
    "3</x>",
    "<<",
    "<TCP:[1->2]>",
    "\n",
]
RAW = st.one_of(
    st.text(NASTY, max_size=60),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(NASTY, max_size=5)), max_size=25).map(
        "".join
    ),
)


# -- strace's side: how values are printed ---------------------------------------------------------


def quoted(data: bytes, also: bytes = b"") -> str:
    """Escape as strace's string_quote does: octal as short as what follows allows."""
    letters = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    out = []
    for place, byte in enumerate(data):
        follows = data[place + 1 : place + 2]
        if byte in letters:
            out.append(letters[byte])
        elif 32 <= byte < 127 and byte not in also:
            out.append(chr(byte))
        elif follows.isdigit():
            out.append(f"\\{byte:03o}")
        else:
            out.append(f"\\{byte:o}")
    return "".join(out)


@dataclass(frozen=True)
class Printed:
    """A value, and how strace shows it."""

    text: str
    ask: str
    value: Any


names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=2, max_size=8).map("A".__add__)
paths = st.binary(max_size=20).map(b"/".__add__)
strings = st.binary(max_size=30).map(lambda b: Printed(f'"{quoted(b)}"', "string", b))
numbers = st.one_of(
    st.integers(-(2**31), 2**64).map(lambda n: Printed(str(n), "value", n)),
    st.integers(0, 2**64).map(lambda n: Printed(f"{n:#x}", "value", n)),
    st.integers(1, 0o7777).map(lambda n: Printed(f"0{n:o}", "value", n)),
)
descriptors = st.tuples(st.integers(0, 9999), paths).map(
    lambda pair: Printed(f"{pair[0]}<{quoted(pair[1], b'<>')}>", "fd path", pair)
)
flags = st.frozensets(names, min_size=1, max_size=5).map(
    lambda s: Printed("|".join(sorted(s)), "flags", s)
)
simple = st.one_of(strings, numbers, descriptors, flags)
structs = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=5).map("s".__add__), simple, min_size=1, max_size=4
).map(lambda d: Printed("{" + ", ".join(f"{k}={v.text}" for k, v in d.items()) + "}", "struct", d))
lists = st.lists(st.one_of(strings, structs), min_size=1, max_size=4).map(
    lambda items: Printed("[" + ", ".join(v.text for v in items) + "]", "items", items)
)
arguments = st.lists(st.one_of(simple, structs, lists), max_size=6)
results = st.one_of(
    st.integers(-1, 2**31).map(lambda n: (str(n), n, "", "")),
    st.just(("-1 EAGAIN (Resource temporarily unavailable)", -1, "EAGAIN", "")),
    st.just(("-1 EINTR (Interrupted system call) (INJECTED)", -1, "EINTR", "")),
    st.just(("? ERESTARTSYS (To be restarted if SA_RESTART is set)", None, "ERESTARTSYS", "")),
    st.just(("?", None, "", "")),
    st.tuples(st.integers(0, 99), paths).map(
        lambda pair: (
            f"{pair[0]}<{quoted(pair[1], b'<>')}>",
            pair[0],
            "",
            pair[1].decode("utf-8", "surrogateescape"),
        )
    ),
)


def same(arg: Arg, printed: Printed) -> None:
    """Assert that the parsed argument answers what was printed."""
    if printed.ask == "fd path":
        number, path = printed.value
        assert (arg.fd, arg.value, arg.path) == (
            number,
            number,
            path.decode("utf-8", "surrogateescape"),
        )
    elif printed.ask == "struct":
        assert set(arg.struct) == set(printed.value)
        for name, value in printed.value.items():
            same(arg.struct[name], value)
    elif printed.ask == "items":
        assert len(arg.items) == len(printed.value)
        for item, value in zip(arg.items, printed.value):
            same(item, value)
    else:
        assert getattr(arg, printed.ask) == printed.value


@BOUNDED
@given(st.lists(st.tuples(st.integers(1, 3), arguments, results, st.integers(0, 7)), max_size=8))
def test_what_strace_prints_is_read_back(plan: list[Any]) -> None:
    """Calls of up to three processes, some cut in two by others, give the same calls again."""
    lines: list[str] = []
    waiting: dict[int, str] = {}
    for step, (pid, args, result, cut) in enumerate(plan):
        if pid in waiting:
            lines.append(waiting.pop(pid))
        head = f"{pid:<5d} {step}.000001 "
        texts = [arg.text for arg in args]
        first, last = ", ".join(texts[:cut]), ", ".join(texts[cut:])
        if cut > len(texts):
            lines.append(f"{head}call{step}({', '.join(texts)}) = {result[0]}")
            continue
        comma = ", " if first and last else ""
        lines.append(f"{head}call{step}({first}{comma} <unfinished ...>")
        waiting[pid] = f"{head}<... call{step} resumed>{last}) = {result[0]}"
    lines.extend(waiting.values())
    calls = parse("".join(line + "\n" for line in lines))
    assert len(calls) == len(plan)
    for step, (call, (pid, args, result, _)) in enumerate(zip(calls, plan)):
        assert isinstance(call, Call)
        assert (call.name, call.pid, call.unfinished) == (f"call{step}", pid, False)
        assert (call.result, call.errno, call.result_path) == result[1:]
        assert call.injected == ("INJECTED" in result[0] and result[3] == "")
        assert len(call.args) == len(args)
        for arg, printed in zip(call.args, args):
            same(arg, printed)


# -- anything else ---------------------------------------------------------------------------------


def ask_everything(text: str) -> None:
    events = parse(text)
    shown = [line for event in events for line in event.text.split("\n")]
    lines = text.split("\n")
    assert len(shown) <= len(lines)
    assert all(line in lines for line in shown)
    for event in events:
        if isinstance(event, Call):
            assert f"{event.name}(" in event.text
            for part in (
                event.result,
                event.errno,
                event.result_text,
                event.injected,
                event.duration,
            ):
                assert part is part
            for arg in (*event.args, event.arg("flags"), event.arg(77)):
                answers = (
                    arg.value,
                    arg.flags,
                    arg.string,
                    arg.truncated,
                    arg.fd,
                    arg.path,
                    arg.struct,
                )
                assert len(answers) == 7 and arg.items is not None


@BOUNDED
@given(RAW)
def test_no_text_is_too_strange(text: str) -> None:
    ask_everything(text)


@BOUNDED
@given(st.sampled_from(LINES), st.integers(0, 400), st.integers(0, 400), RAW)
def test_no_damage_is_too_strange(line: str, start: int, length: int, patch: str) -> None:
    ask_everything(line[:start] + patch + line[start + length :] + "\n" + line + "\n")


@BOUNDED
@given(RAW)
def test_student_text_never_becomes_a_call(text: str) -> None:
    """Whatever a program writes, its trace shows one write and nothing else."""
    data = text.encode("utf-8", "surrogateescape")
    name = quoted(data.replace(b"\0", b""), b"<>")
    line = f'5 1.0 write(1</tmp/{name}>, "{quoted(data)}", {len(data)}) = {len(data)}\n'
    (event,) = parse(line)
    assert isinstance(event, Call) and event.name == "write"
    assert event.arg(1).string == data and event.result == len(data)


@BOUNDED
@given(st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=40))
def test_lines_of_no_known_shape_are_garbage(text: str) -> None:
    (event,) = parse(f"%{text}\n")
    assert isinstance(event, Garbage) and event.text == f"%{text}"


def test_a_hopeless_line_does_not_take_long() -> None:
    for piece in (
        "<<a>>",
        "<TCP:[1->2]>",
        '"a',
        "(",
        "((a)",
        "3<x",
        "[",
        '"\\"',
        "1<<A|",
        "<a<b>>",
    ):
        ask_everything(f"1 1.0 read({piece * 2000}\n")
        ask_everything(f"1 1.0 read({piece * 2000}) = x\n")
        ask_everything(
            f"1 1.0 read({piece * 2000} <unfinished ...>\n1 1.1 <... read resumed>{piece * 2000}\n"
        )
