"""Go programs, built inside a sandbox without network: the twins, and a student's own on track `go`.

The compiler keeps what it has built of Go's library in a cache. One is filled once for this tree; each
grading works on a copy of it, so that nothing that a submission builds is ever used by another.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Callable

from grader import paths
from grader.build import BuildFailed
from grader.limits import Limits
from grader.lock import locked
from grader.outcome import Inconclusive
from grader.process import TimeLimit
from grader.sandbox import Room, Sandbox
from grader.toolchain import has, lacking

COMPILER = "/usr/bin/go"
LIBRARY = ("net/http", "os/exec", "os/signal")  # what the twins import, and all that it imports
MODULE = "module"  # a package that becomes a library for C
ADDRESS_SPACE = 1 << 20  # MiB: Go reserves far more than it uses, RLIMIT_AS cannot tell
PROCESSES = 2000  # and threads
LIMITS = Limits(time=90.0, memory=ADDRESS_SPACE, file_size=128)
TMPFS = 512 << 20  # bytes for the linker
SETTINGS = {
    "GOPROXY": "off",
    "GOFLAGS": "-mod=mod",
    "GO111MODULE": "on",
    "GOTOOLCHAIN": "local",
    "GOTELEMETRY": "off",
}


@dataclass(frozen=True)
class GoRecipe:
    """What to build: a package of Go in `source`, into `program` inside `output`."""

    source: Path
    output: Path
    program: str
    display: str  # how the student names the source folder
    packages: tuple[str, ...] = (".",)  # or its files, which need no go.mod
    cgo: bool = False
    flags: tuple[str, ...] = ()


def roomy(limits: Limits) -> Limits:
    """Return limits under which a Go program can start."""
    return replace(limits, memory=ADDRESS_SPACE, processes=PROCESSES)


def require() -> None:
    """Raise Inconclusive where Go is missing."""
    if not has("go"):
        raise Inconclusive(lacking(["go"]))


@cache
def version() -> tuple[int, int]:
    """Return (1, 19) for `go version go1.19.8 linux/amd64`."""
    argv = [COMPILER, "env", "GOVERSION"]
    env = {**SETTINGS, "HOME": "/nonexistent", "GOCACHE": "off", "PATH": "/usr/bin:/bin"}
    text = subprocess.run(argv, capture_output=True, text=True, check=False, env=env).stdout
    numbers = text.strip().removeprefix("go").split(".")
    return int(numbers[0] or 0), int(numbers[1]) if len(numbers) > 1 else 0


def stock(scratch: Path, lab: str) -> None:
    """Put caches with Go's library into the scratch folder of a grading; without Go, nothing."""
    if has("go"):
        module = paths.LABS / lab / "go" / MODULE
        _stock(scratch, False, "/", *LIBRARY)
        if module.exists():  # the library once more, as shared libraries need it
            _stock(scratch, True, str(module), "-buildmode=c-shared", "-o", os.devnull)


def _stock(scratch: Path, cgo: bool, folder: str, *words: str) -> None:
    """Copy a cache, filled once for each version of Go; what cannot be built is built when needed."""
    full = paths.ROOT / "build" / cache_name(cgo)
    full.mkdir(parents=True, exist_ok=True)
    stamp = full / f"library-{'.'.join(map(str, version()))}"
    with locked(full):
        if not stamp.exists():
            env = {**_environment(full, cgo), "PATH": os.defpath}
            argv = [COMPILER, "build", "-trimpath", *words]
            subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=False)
            stamp.touch()
        shutil.copytree(full, scratch / full.name, dirs_exist_ok=True)


def cache_name(cgo: bool = False) -> str:
    """Return the name of a cache, below build/ of the tree and below a scratch folder."""
    return "go-cache-cgo" if cgo else "go-cache"


def build_go(recipe: GoRecipe, scratch: Path, open_sandbox: Callable[[Room], Sandbox]) -> Path:
    """Return the path of the program, compiled unless another process already has.

    Raises BuildFailed, NotStarted, Inconclusive where Go is missing.
    """
    require()
    folder = recipe.output / "go"
    folder.mkdir(parents=True, exist_ok=True)
    program, log = folder / recipe.program, folder / f"{recipe.program}.log"
    with locked(folder / f"{recipe.program}.lock"):
        if not log.exists():
            cached = scratch / cache_name(recipe.cgo)
            cached.mkdir(exist_ok=True)
            room = Room(readable=(recipe.source,), writable=(folder, cached), tmpfs_bytes=TMPFS)
            with open_sandbox(room) as box:
                log.write_text(_compile(box, recipe, program, cached), "utf-8")
    if not program.exists():
        raise BuildFailed(log.read_text("utf-8"), "go build")
    return program


def _compile(box: Sandbox, recipe: GoRecipe, program: Path, cached: Path) -> str:
    """Run go build and return what it printed."""
    argv = [COMPILER, "build", "-trimpath", *recipe.flags, "-o", str(program), *recipe.packages]
    env = _environment(cached, recipe.cgo)
    process = box.start(argv, limits=LIMITS, env=env, cwd=str(recipe.source))
    try:
        process.wait(LIMITS.time)
        log = process.stderr_text()
    except TimeLimit:
        process.kill()
        program.unlink(missing_ok=True)
        log = f"error: the compiler ran for more than {LIMITS.time:g} s\n{process.stderr_text()}"
    return log.replace("./", f"{recipe.display}/")[:16384]


def _environment(cached: Path, cgo: bool) -> dict[str, str]:
    cgo_flag = "1" if cgo else "0"
    return {**SETTINGS, "HOME": "/tmp", "GOCACHE": str(cached), "CGO_ENABLED": cgo_flag}
