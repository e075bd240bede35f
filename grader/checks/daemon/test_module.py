"""Modules that decide which events are logged, good ones and bad ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.checks.daemon.house import TREE, House, house
from grader.checks.daemon.service import note, wait_caller
from grader.outcome import Failed, check
from grader.run import Run

MODULES = Path(__file__).parent / "modules"
SHARED = ("-shared", "-fPIC")
BAD = {
    "no_event": "a module without filter_event",
    "no_version": "a module without filter_version",
    "other_version": "a module of version 2",
    "init_fails": "a module whose filter_init says no",
    "init_crashes": "a module that crashes in filter_init",
    "missing": "a module that is not there",
}


@check("module.loaded")
def test_module(run: Run) -> None:
    """Load a module that wants everything, one that wants some events, and six that are no good."""
    names = ("everything", "only_txt", *BAD)
    with ThreadPoolExecutor() as pool:
        paths = dict(zip(names, pool.map(lambda name: _built(run, name), names)))
    with house(run) as home:
        _wanted(home, paths["everything"], ("a.txt", "b.c"), ())
        _wanted(home, paths["only_txt"], ("c.txt", "d e.txt"), ("e.c", "mark-x"))
        for name, what in BAD.items():
            _refused(home, paths[name], what)


def _built(run: Run, name: str) -> str:
    source = MODULES / f"{name}.c"
    return str(run.helper(source, *SHARED)) if source.exists() else f"/tmp/{name}.so"


def _wanted(home: House, module: str, wanted: tuple[str, ...], others: tuple[str, ...]) -> None:
    home.begin("-d", TREE, "-m", module)
    for name in (*others, *wanted):
        home.touch(name)
    last = f"{TREE}/{wanted[-1]}".encode()
    home.until(lambda: any(line.path == last for line in home.lines()))
    seen = {line.path for line in home.lines()}
    for name in wanted:
        if f"{TREE}/{name}".encode() not in seen:
            observed = f"{name} is wanted by the module and not logged"
            raise Failed(observed, expected="filter_event returned 1: a line")
    for name in others:
        if f"{TREE}/{name}".encode() in seen:
            observed = f"{name} is not wanted by the module and logged"
            raise Failed(observed, expected="filter_event returned 0: no line")
    home.end_all()


def _refused(home: House, module: str, what: str) -> None:
    caller = home.start("-d", TREE, "-m", module)
    end, said = wait_caller(home, caller), caller.stderr_text().strip()
    gone = home.empty()
    if end.code in (0, None) or not said or not gone:
        raise Failed(
            f"{what}: {end}, message {said!r}",
            expected="the service does not start: status 1 and a message",
            evidence=note("" if gone else "a process stays behind"),
        )
