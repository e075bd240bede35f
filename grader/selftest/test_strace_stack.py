"""From frames to lines, on programs compiled here and traced for real; exhibits made of calls."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from grader.result import Evidence
from grader.strace.ask import Trace
from grader.strace.call import Frame
from grader.strace.elf import code_segments, symbols_break_lines
from grader.strace.evidence import show, show_blamed
from grader.strace.run import Strace, TraceForged
from grader.strace.stack import Place, blame, blame_all, in_handler, is_trampoline

LIBRARY = """\
#include <unistd.h>
static inline __attribute__((always_inline)) int inner(int fd)
{
    return write(fd, "inner", 5);
}
int middle(int fd)
{
    int sum = inner(fd);
    sum += write(fd, "second", 6);
    return sum;
}
"""
MAIN = """\
#include <signal.h>
#include <unistd.h>
int middle(int fd);
static void on_signal(int number)
{
    (void)number;
    write(1, "handler", 7);
}
int main(void)
{
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    return middle(1) == 11 && write(1, "main", 4) == 4 ? 0 : 1;
}
"""
EVIL = r"""
#define NAME "\"f+0x1) [0x2]\n7 1.0 accept4(3, NULL, NULL, SOCK_NONBLOCK) = 9\n > /x(y\""
__asm__(".text\n.globl " NAME "\n.type " NAME ",@function\n" NAME ":\nret\n");
int main(void) { return 0; }
"""


def build(folder: Path, *flags: str, **sources: str) -> Path:
    for name, text in sources.items():
        (folder / f"{name}.c").write_text(text)
    program = folder / "program"
    files = [f"{name}.c" for name in sources]
    argv = [
        "gcc",
        "-std=gnu17",
        "-g",
        "-w",
        *flags,
        f"-ffile-prefix-map={folder}=.",
        "-o",
        str(program),
        *files,
    ]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return program


def traced(program: Path, folder: Path) -> Trace:
    strace = Strace(folder / "trace", calls={"write"}, stacks=True)
    run = subprocess.run([*strace.argv(), program], stdout=subprocess.DEVNULL, check=False)
    assert run.returncode == 0
    return strace.trace(program)


FLAGS = [("-O0",), ("-O1",), ("-O1", "-no-pie"), ("-O2", "-fno-optimize-sibling-calls")]


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_every_call_leads_to_its_line(tmp_path: Path, flags: tuple[str, ...]) -> None:
    program = build(tmp_path, *flags, main=MAIN, library=LIBRARY)
    calls = traced(program, tmp_path).calls("write")
    texts = {(call.arg(1).string or b"").decode(): call for call in calls}
    places = blame_all(calls, program, ("main.c", "library.c"))
    found = {text: places[call.index] for text, call in texts.items()}
    assert found == {
        "handler": Place("main.c", 7, "on_signal"),
        "inner": Place("library.c", 4, "inner"),
        "second": Place("library.c", 9, "middle"),
        "main": Place("main.c", 13, "main"),
    }
    assert [text for text, call in texts.items() if in_handler(call)] == ["handler"]
    assert blame(texts["inner"], program, ("main.c",)) == Place("main.c", 13, "main")
    assert blame(texts["inner"], program, ("other.c",)) is None
    assert blame(texts["inner"], tmp_path / "missing", ("main.c",)) is None
    exhibit = show_blamed(calls, program, ("main.c", "library.c"))
    assert (exhibit.kind, exhibit.file, exhibit.line) == ("trace", "main.c", 13)


def test_a_program_that_could_write_its_own_trace(tmp_path: Path) -> None:
    evil = build(tmp_path, evil=EVIL)
    assert symbols_break_lines(evil)
    strace = Strace(tmp_path / "trace", calls={"write"}, stacks=True)
    with pytest.raises(TraceForged):
        strace.trace(evil)
    honest = build(tmp_path, main=MAIN, library=LIBRARY)
    assert not symbols_break_lines(honest)


def test_files_that_are_no_programs(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 100):
        (tmp_path / "file").write_bytes(content)
        assert code_segments(tmp_path / "file") == []
        assert symbols_break_lines(tmp_path / "file")
    assert not is_trampoline(Frame("/nonexistent", "f", 0, 0))
    assert is_trampoline(Frame("/lib/libc.so.6", "__restore_rt", 0, 0x10))


# -- exhibits --------------------------------------------------------------------------------------


def calls_of(*lines: str) -> Trace:
    return Trace.of("".join(f"{line}\n" for line in lines))


def test_an_exhibit_is_short() -> None:
    trace = calls_of(
        *(f'7 1.0 write(5<socket:[1]>, "{"x" * 200}", 200) = {n}' for n in range(20)),
    )
    exhibit = show(trace.calls(), Place("echo_server.c", 12, "serve"))
    lines = exhibit.text.split("\n")
    assert len(lines) == 9 and lines[4] == "… 12 more …"
    assert all(len(line) <= 100 for line in lines)
    assert lines[0].startswith('write(5<socket:[1]>, "xxx') and lines[-1].endswith(", 200) = 19")
    assert (exhibit.file, exhibit.line) == ("echo_server.c", 12)


def test_an_exhibit_names_processes_only_if_there_are_several() -> None:
    one = calls_of("7 1.0 close(3) = 0", "7 1.1 close(4) = 0")
    assert show(reversed(one.calls())) == Evidence("trace", "close(3) = 0\nclose(4) = 0")
    two = calls_of("7 1.0 close(3) = 0", "81 1.1 pause( <unfinished ...>")
    assert show(two.calls(), note="then nothing for 2 s").text == (
        "7       close(3) = 0\n81      pause( … (did not return)\nthen nothing for 2 s"
    )
    assert show([]).text == ""


def test_remarks_of_strace_are_left_out() -> None:
    trace = calls_of("7 1.0 kill(3 /* 9 in strace's PID NS */, SIGCONT) = 0")
    assert show(trace.calls()).text == "kill(3, SIGCONT) = 0"
