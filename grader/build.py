"""Compile a submission: our recipe, our flags, inside a sandbox that sees nothing but the sources."""

from __future__ import annotations

import re
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

from grader.limits import Limits
from grader.lock import locked
from grader.outcome import MEMORY_LIMIT, NO_COMPILE, OUTPUT_LIMIT, TIME_LIMIT
from grader.process import NotStarted, TimeLimit
from grader.sandbox import Room, Sandbox

COMPILER = "/usr/bin/gcc"
COMMON = (
    *("-std=gnu17", "-g", "-Wall", "-Wextra", "-fmax-errors=20"),
    *("-fno-omit-frame-pointer", "-pthread"),
)
VARIANTS = {
    "plain": ("-O1",),
    "asan": ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "tsan": ("-O1", "-fsanitize=thread"),
}
LIMITS = Limits(time=20.0, memory=1024, file_size=64)
LOG_BYTES = 16384
DISK_BYTES = 16 << 20  # with less free space than that, a full disk is the machine's fault

# The first line that tells an error; gcc quotes source lines as `   12 | int main(void)`.
_ERROR = re.compile(
    r"(?m)^(?!\s*\d* \|).*(?:\b[Ee]rror:|undefined reference|out of memory|memory exhausted).*"
)
_REASONS = {
    "out of memory": MEMORY_LIMIT,
    "memory exhausted": MEMORY_LIMIT,
    "File size limit exceeded": OUTPUT_LIMIT,
    "error: the compiler ran for more than": TIME_LIMIT,
}


class BuildFailed(Exception):
    """The compiler refused the sources; `log` is what it printed, with the student's paths."""

    def __init__(self, log: str, compiler: str = "gcc -std=gnu17"):
        super().__init__(first_error(log))
        self.log = log
        self.compiler = compiler
        self.reason = next((why for text, why in _REASONS.items() if text in log), NO_COMPILE)


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
    with locked(folder / f"{recipe.program}.lock"):
        if not log.exists():
            room = Room(readable=(recipe.source, *recipe.given), writable=(folder,))
            with open_sandbox(room) as box:
                _keep(log, _compile(box, recipe, variant, program))
    if not program.exists():
        raise BuildFailed(log.read_text("utf-8"))
    return program


def _keep(log: Path, text: str) -> None:
    """Write the log, which says that the program has been built. Raises NotStarted."""
    try:
        log.write_text(text, "utf-8")
    except OSError as error:
        log.unlink(missing_ok=True)
        raise NotStarted(f"{log.parent}: {error.strerror}") from error


def _compile(box: Sandbox, recipe: Recipe, variant: str, program: Path) -> str:
    """Run gcc and return what it printed."""
    argv = [COMPILER, *COMMON, *VARIANTS[variant], f"-ffile-prefix-map={recipe.source}=."]
    argv += ["-I.", "-o", str(program), *recipe.files, *map(str, recipe.given), *recipe.flags]
    log = run_tool(box, argv, str(recipe.source), program)
    return localise(log, recipe.files, recipe.display)


def run_tool(box: Sandbox, argv: list[str], cwd: str, product: Path) -> str:
    """Run the compiler, or a tool of its kind; return what it printed, at most LOG_BYTES.

    Where it failed there is no product. A time limit is told in its words. Raises NotStarted.
    """
    process = box.start(argv, limits=LIMITS, cwd=cwd)
    try:
        failed = process.wait(LIMITS.time).code != 0
        log = process.stderr_text()
    except TimeLimit:
        process.kill()
        failed, limit = True, f"{LIMITS.time:g} s"
        log = f"error: the compiler ran for more than {limit}\n{process.stderr_text()}"
    if failed:
        product.unlink(missing_ok=True)
        _excuse(log, product.parent)
    return _telling(log.replace(f"{cwd}/", ""))


def _excuse(log: str, folder: Path) -> None:
    """Raise NotStarted where the machine leaves no room for a file, which is nobody's mistake."""
    if "No space left on device" in log and shutil.disk_usage(folder).free < DISK_BYTES:
        raise NotStarted(f"{folder}: no space left on the disk")
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    if "File size limit exceeded" in log and 0 <= largest < LIMITS.file_size << 20:
        raise NotStarted(f"no file may be larger than {largest >> 10} KiB here (ulimit -f)")


def _telling(log: str) -> str:
    """Return at most LOG_BYTES of the log; if the first error is not among them, from there on."""
    error = _ERROR.search(log)
    start = error.start() if error and error.end() > LOG_BYTES else 0
    return log[start : start + LOG_BYTES]


def localise(log: str, files: Iterable[str], display: str) -> str:
    """Put the student's folder in front of file names that gcc printed."""
    names = "|".join(re.escape(name) for name in files)
    pattern = rf"(?m)(?<![\w/.-])(?:\./)*((?:{names}|[\w-]+\.h)):(?=\d)"
    return re.sub(pattern, lambda found: f"{display}/{found[1]}:", log)


def first_error(log: str) -> str:
    """Return the line of gcc's output that tells the first error."""
    found = _ERROR.search(log)
    if found:
        return found[0].strip()
    return "the compiler gave no program" + ("" if log.strip() else " and no message")
