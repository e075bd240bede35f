"""Compile a submission: our recipe, our flags, inside a sandbox that sees nothing but the sources."""

from __future__ import annotations

import fcntl
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

from grader.limits import Limits
from grader.process import TimeLimit
from grader.sandbox import Room, Sandbox

COMPILER = "/usr/bin/gcc"
COMMON = ("-std=gnu17", "-g", "-Wall", "-Wextra", "-fno-omit-frame-pointer", "-pthread")
VARIANTS = {
    "plain": ("-O1",),
    "asan": ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "tsan": ("-O1", "-fsanitize=thread"),
}
LIMITS = Limits(time=60.0, memory=4096, file_size=256)
LOG_BYTES = 16384


class BuildFailed(Exception):
    """gcc refused the sources; `log` is what it printed, with the student's paths."""

    def __init__(self, log: str, reason: str = "does not compile"):
        super().__init__(first_error(log))
        self.log = log
        self.reason = reason


@dataclass(frozen=True)
class Recipe:
    """What to build: C sources by name inside `source`, into `program` inside `output`."""

    source: Path
    output: Path
    program: str
    files: tuple[str, ...]
    display: str  # how the student names the source folder
    flags: tuple[str, ...] = ()  # further options of gcc, libraries for instance
    given: tuple[Path, ...] = ()  # sources of ours, absolute


def build(recipe: Recipe, variant: str, open_sandbox: Callable[[Room], Sandbox]) -> Path:
    """Return the path of the program, compiled unless another process already has.

    Raises BuildFailed, NotStarted.
    """
    folder = recipe.output / variant
    folder.mkdir(parents=True, exist_ok=True)
    program, log = folder / recipe.program, folder / f"{recipe.program}.log"
    with (folder / f"{recipe.program}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            room = Room(readable=(recipe.source, *recipe.given), writable=(folder,))
            with open_sandbox(room) as box:
                log.write_text(_compile(box, recipe, variant, program), "utf-8")
    if not program.exists():
        raise BuildFailed(log.read_text("utf-8"))
    return program


def _compile(box: Sandbox, recipe: Recipe, variant: str, program: Path) -> str:
    """Run gcc and return what it printed; a time limit is told in its words."""
    argv = [COMPILER, *COMMON, *VARIANTS[variant], f"-ffile-prefix-map={recipe.source}/=./"]
    argv += ["-I.", "-o", str(program), *recipe.files, *map(str, recipe.given), *recipe.flags]
    process = box.start(argv, limits=LIMITS, cwd=str(recipe.source))
    try:
        process.wait(LIMITS.time)
        log = process.stderr_text()
    except TimeLimit:
        process.kill()
        program.unlink(missing_ok=True)
        log = f"{process.stderr_text()}\nerror: the compiler ran for more than {LIMITS.time:.0f} s"
    return localise(log[:LOG_BYTES], recipe.files, recipe.display)


def localise(log: str, files: Iterable[str], display: str) -> str:
    """Put the student's folder in front of file names that gcc printed."""
    names = "|".join(re.escape(name) for name in files)
    pattern = rf"(?m)(?<![\w/.-])(?:\./)?((?:{names}|[\w-]+\.h)):(?=\d)"
    return re.sub(pattern, rf"{display}/\1:", log)


def first_error(log: str) -> str:
    """Return the line of gcc's output that tells the first error."""
    lines = [line for line in log.splitlines() if "error" in line or "undefined" in line]
    return lines[0].strip() if lines else "the compiler gave no program and no message"
