"""A test of a drill as a replay shows it: under the student's own gdb or strace, and without a verdict."""

from __future__ import annotations

from pathlib import Path

from grader import paths
from grader.process import TimeLimit
from grader.sandbox import Room
from grader.under import GDB
from grader.unit_run import SANITIZERS, TEST_SECONDS, UnitTest, command

# It is read before the program is.
_GDB = """\
set breakpoint pending on
break {function}
"""


def show(test: UnitTest) -> None:
    """Run the test as a replay asks for it: in gdb, or under a strace that writes for the student."""
    run = test.run
    home = test.program.parent  # where gdb looks for .gdbinit
    (home / ".gdbinit").write_text(_GDB.format(function=f"{test.suite}_{test.name}_impl"), "utf-8")
    argv = [str(test.program), test.name]
    if run.job.under != GDB:
        argv = command(test, Path("/tmp/report.json"), test.name)
    with run.sandbox(Room(readable=(home, run.source, paths.CHECKS))) as box:
        process = box.start(
            argv,
            limits=run.limits,
            env={**SANITIZERS, "SYSLABS_SEED": str(run.job.seed), "HOME": str(home)},
            sanitized=test.variant != "plain",
        )
        try:
            process.wait(run.limit(TEST_SECONDS))
        except TimeLimit:
            process.kill()
