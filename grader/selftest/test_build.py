"""Building a submission: errors as the student knows them, bounded whatever the sources say."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from grader import build as building
from grader import paths
from grader.build import LOG_BYTES, BuildFailed, Recipe, build, first_error, localise
from grader.judge import compile_failure
from grader.selftest.rooms import Unprivileged, opened
from grader.selftest.trees import HELLO

Compile = Callable[..., Any]
MAIN = "int main(void) { return 0; }\n"


@pytest.fixture(name="compiled")
def _compiled(unprivileged: Unprivileged, place: Path) -> Iterator[Compile]:
    """compiled(text, …): the program's path, or (first error, log, reason) where there is none."""

    def compiled(text: str, variant: str = "plain", **others: str) -> Any:
        def body() -> Any:
            source = place / "source"
            source.mkdir(exist_ok=True)
            for name, content in {"hello.c": text, **others}.items():
                (source / name).write_text(content, "utf-8", "surrogateescape")
            names = tuple(name for name in ("hello.c", *others) if name.endswith(".c"))
            recipe = Recipe(source, place / "out", "hello", names, "labs/demo")
            try:
                return build(recipe, variant, opened)
            except BuildFailed as failure:
                return str(failure), failure.log, failure.reason

        return unprivileged(body)

    yield compiled


# -- what students read ------------------------------------------------------------------------


def test_a_program(compiled: Compile, place: Path) -> None:
    program = compiled(HELLO)
    assert program == place / "out/plain/hello"
    assert os.access(program, os.X_OK)


@pytest.mark.parametrize("variant", ["asan", "tsan"])
def test_variants(compiled: Compile, variant: str) -> None:
    symbols = subprocess.run(["nm", compiled(HELLO, variant)], capture_output=True, check=True)
    assert f"__{variant}_init".encode() in symbols.stdout


def test_an_error_names_the_students_path(compiled: Compile) -> None:
    error, log, reason = compiled("int main(void)\n{\n    return x;\n}\n")
    assert error.startswith("labs/demo/hello.c:3:12: error: ‘x’ undeclared")
    assert "labs/demo/hello.c: In function ‘main’" in log or "In function ‘main’" in log
    assert reason == "does not compile"


def test_an_error_in_a_header(compiled: Compile) -> None:
    header = {"hello_a.h": "\nint f(;\n"}
    error, _, _ = compiled('#include "hello_a.h"\n' + MAIN, **header)
    assert error.startswith("labs/demo/hello_a.h:2:7: error: ")


def test_an_undefined_reference(compiled: Compile, place: Path) -> None:
    error, log, _ = compiled("void f(void);\nint main(void)\n{\n    f();\n}\n")
    assert error.endswith("labs/demo/hello.c:4: undefined reference to `f'")
    assert str(place) not in log


def test_no_main(compiled: Compile) -> None:
    assert "undefined reference to `main'" in compiled("int x;\n")[0]


def test_an_empty_file(compiled: Compile) -> None:
    assert "undefined reference to `main'" in compiled("")[0]


def test_warnings_do_not_stop(compiled: Compile) -> None:
    assert isinstance(compiled("int main(void) { int error; return 0; }\n"), Path)


def test_what_only_looks_like_an_error_is_not_the_first_one() -> None:
    log = """\
hello.c:1: warning: unused variable ‘error’ [-Wunused-variable]
    3 |     puts("error: nothing");
hello.c:5:9: error: expected ‘;’
"""
    assert first_error(log) == "hello.c:5:9: error: expected ‘;’"
    assert first_error("") == "the compiler gave no program and no message"
    assert first_error("?") == "the compiler gave no program"


def test_localise_takes_names_as_they_are() -> None:
    log = "hello_(x).c:1: error\n./hello_(x).c:2: error\nsub/hello.c:3: no\nhello.c: In\n"
    files = ("hello.c", "hello_(x).c")
    assert localise(log, files, r"a\1b") == (
        "a\\1b/hello_(x).c:1: error\na\\1b/hello_(x).c:2: error\nsub/hello.c:3: no\nhello.c: In\n"
    )


ODD = (
    "hello_ä.c",
    "hello_ .c",
    "hello_\n.c",
    "hello_\x1b[2J.c",
    "hello_'\"`$(x).c",
    "hello_\udcff.c",
)


def test_odd_file_names(compiled: Compile) -> None:
    others = {name: f"int x{number};\n" for number, name in enumerate(ODD)}
    assert isinstance(compiled(HELLO, **others), Path)


def test_a_second_build_uses_the_first(compiled: Compile) -> None:
    first = compiled(HELLO).stat()
    second = compiled("nonsense").stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)


# -- what is out of reach ----------------------------------------------------------------------


HIDDEN = (
    "/etc/shadow",
    "/etc/hostname",
    "../solutions/demo/hello.c",
    f"{paths.SOLUTIONS}/epoll/echo_server.c",
)


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("way", ['#include "{}"', '__asm__(".incbin \\"{}\\"");'])
def test_files_of_others_cannot_be_read(compiled: Compile, name: str, way: str) -> None:
    error, _, _ = compiled(f"{way.format(name)}\n{MAIN}")
    assert error.endswith((f"{name}: No such file or directory", f"file not found: {name}"))


def test_the_environment_has_no_say(compiled: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CPATH", "GCC_EXEC_PREFIX", "COMPILER_PATH", "LIBRARY_PATH", "LD_PRELOAD"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("DEPENDENCIES_OUTPUT", "/tmp/dependencies")
    assert isinstance(compiled(HELLO), Path)


# -- what is bounded ---------------------------------------------------------------------------

ENDLESS = {
    "zero": ('#include "/dev/zero"\n', "memory limit", "out of memory"),
    "recursion": ('#include "hello.c"\n#include "hello.c"\n', "does not compile", "nested depth"),
    "array": ("char x[1L << 33] = {1};\n" + MAIN, "output limit", ""),
    "macros": ('#define A "aaaaaaaaaaaaaaaa"\n#define B A A A A A A A A A A A A A A A A\n'
               "#define C B B B B B B B B B B B B B B B B\n#define D C C C C C C C C C C C C C C C C\n"
               "#define E D D D D D D D D D D D D D D D D\n#define F E E E E E E E E E E E E E E E E\n"
               "const char *s = F F F F F F F F F F F F F F F F;\n" + MAIN, "", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_sources(compiled: Compile, kind: str, place: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(building, "LIMITS", replace(building.LIMITS, memory=256, file_size=8))
    text, expected, said = ENDLESS[kind]
    error, log, reason = compiled(text)
    assert reason == expected or not expected
    assert said in error and len(log) <= LOG_BYTES
    assert not (place / "out/plain/hello").exists()


def test_a_compiler_that_takes_too_long(compiled: Compile, place: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(building, "LIMITS", replace(building.LIMITS, time=0.01))
    text = ENDLESS["macros"][0]
    error, _, reason = compiled(text)
    assert (error, reason) == ("error: the compiler ran for more than 0.01 s", "time limit")
    assert not (place / "out/plain/hello").exists()


FLOOD = """\
#define A _Pragma("message(\\"such noise\\")")
#define B A A A A A A A A A A
#define C B B B B B B B B B B
C
"""


def test_a_flood_of_messages(compiled: Compile, place: Path) -> None:
    assert isinstance(compiled(FLOOD + MAIN), Path)
    assert (place / "out/plain/hello.log").stat().st_size <= 2 * LOG_BYTES


def test_the_first_error_is_found_below_a_flood(compiled: Compile) -> None:
    error, log, _ = compiled(FLOOD.replace("\nC\n", "\nB B\n") + "int main(void) { return x; }\n")
    assert "error: ‘x’ undeclared" in error
    assert "error: ‘x’ undeclared" in log and len(log) <= LOG_BYTES


def test_what_the_report_is_told(compiled: Compile) -> None:
    error, log, reason = compiled("nonsense\n")
    details = compile_failure(BuildFailed(log))
    assert (details["observed"], details["reason"]) == (error, reason)
    assert details["evidence"][0].kind == "compiler" and details["evidence"][0].text == log
