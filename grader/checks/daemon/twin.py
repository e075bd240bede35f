"""A mapped file in C and in Go; a Go module inside of a C program; a Go server that wants port 80."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from grader.golang import build_go
from grader.outcome import Inconclusive
from grader.pipe import Pipe
from grader.run import Run
from grader.twin import GO, Stage, build_twin, twin_recipe

NAMES = {"c": "host.c", "go": "mmap.go"}
SIDES = ("c", "go", "host", "server", "served")
HOST = Path(__file__).parent / "host.c"
PORT = 8080
START = 10.0  # seconds until a server listens


def program(run: Run, side: str) -> Path:
    """`host` is the C program with the Go module, `server` and `served` are serve.go."""
    if side in ("server", "served"):
        return build_twin(run, "./serve", "serve")
    if side == "host":
        module(run)
    return build_twin(run) if side == GO else run.helper(HOST)


def work(stage: Stage) -> dict[str, int]:
    """Add one to a number in a mapped file that is locked in memory and protected."""
    jobs = {"host": _load, "server": _refused, "served": _serve}
    jobs.get(stage.side, _map)(stage)
    return {"page": 1, "module": 1}


def _map(stage: Stage) -> None:
    file = stage.folder / "counter"
    words = (file,) if stage.side == GO else ("map", file)
    _expect(stage, b"1\n", *words)


def _load(stage: Stage) -> None:
    _expect(stage, b"1 0\n", "load", stage.path.parent.parent / "go" / "module.so")


def _expect(stage: Stage, wanted: bytes, *words: object) -> None:
    """Raise Inconclusive unless the program, called with these words, prints what it must."""
    with Pipe() as pipe:
        process = stage.start(*words, stdout=pipe.write_end)
        output = pipe.read(stage.run.limit(20.0), 1000)
    ending = stage.end(process)
    if output.data != wanted:
        said = process.stderr_text().strip()
        raise Inconclusive(f"{stage.path.name}: {ending}, printed {output.data!r}. {said}")


def _refused(stage: Stage) -> None:
    """Without a right to it, port 80 is refused."""
    if stage.end(stage.start("-listen", "127.0.0.1:80")).code == 0:
        raise Inconclusive("serve ended as if it could listen on port 80")


def _serve(stage: Stage) -> None:
    """Listen on another port, and stop as `systemctl stop` asks for it."""
    server = stage.start("-listen", f"127.0.0.1:{PORT}")
    if not server.ready(PORT, stage.run.limit(START)):
        raise Inconclusive(f"serve does not listen: {server.stderr_text()}")
    stage.rest(server)
    server.signal(signal.SIGTERM)
    ending = stage.end(server)
    if ending.code != 0:
        said = server.stderr_text().strip()
        raise Inconclusive(f"serve did not stop well, but ended with {ending}. {said}")


def module(run: Run) -> Path:
    """Return the Go module for `sysdaemon -m`, built."""
    recipe = replace(
        twin_recipe(run, "./module", "module.so"), cgo=True, flags=("-buildmode=c-shared",)
    )
    return build_go(recipe, Path(run.job.scratch), run.sandbox)
