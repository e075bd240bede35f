"""What procmon tells of its children while all goes well, and of wrong use."""

from __future__ import annotations

import re
import shutil

from grader import Failed, Run, check
from grader.checks.processes.monitor import BETWEEN, Monitor, Stage, actor, commands, stage
from grader.recording import Recording, record
from grader.result import Evidence

USAGE = ((), ("-x",), (BETWEEN, "true"), ("true", BETWEEN), ("true", BETWEEN, BETWEEN, "true"))
FAILED = 125
LOG_SHARE = 0.4  # of the points, for a log that names children: then the other checks can tell more
SAYING = re.compile(r"pid=(\d+) ppid=(\d+) pgrp=(\d+) ?(.*)")


@check("pids.true")
def test_pids(run: Run) -> None:
    """Let commands say their own pid, parent and arguments; compare with the log, on stderr and with -o."""
    number = run.random.randrange(10**6)
    with stage(run) as place:
        renamed = place.folder / f"command-{number}"
        shutil.copy(actor(run), renamed)
        plans = [f"say a{number}", "say"]
        words = [*commands(run, *plans), BETWEEN, renamed, "say", "x"]
        recording = record(run, run.program(), {"write"}, strings=4096)
        monitor = place.start(words, wrap=recording.strace.argv())
        try:
            monitor.finished(None)
            _compare(monitor, ["actor", "actor", renamed.name], [*plans, "say x"])
            _expect_whole_lines(monitor, recording)
            _to_file(place, words)
            _separators(place, number)
        except Failed as failure:
            failure.share = LOG_SHARE if monitor.log().children else 0.0
            raise


def _expect_whole_lines(monitor: Monitor, recording: Recording) -> None:
    """In a pipe that others write to as well, only what is one write stays in one piece."""
    trace = recording.trace()
    for call in trace.by_all_threads("write"):
        text = call.arg(1).string or b""
        if call.fd == 2 and not text.endswith(b"\n"):
            shown = recording.exhibit([call])
            raise monitor.failed("a line is written in pieces", "one event, one write", shown)


def _separators(place: Stage, number: int) -> None:
    """Words that only look like `---`, and options of the command, are the command's."""
    plans = [f"say {number} ----", "say ---x -o -- -x"]
    monitor = place.start(commands(place.run, *plans))
    monitor.ended()
    said = [match[4] for match in map(SAYING.match, monitor.said()) if match]
    _compare_words(monitor, ["actor", "actor"], plans, said)


def _compare(monitor: Monitor, names: list[str], plans: list[str]) -> None:
    log = monitor.log()
    said = {int(m[1]): m for m in map(SAYING.match, monitor.said()) if m}
    born = {child.pid: child for child in log.children}
    told = Evidence("note", "the commands say:\n" + "\n".join(monitor.said()))
    expected = "the pids that the commands have; `parent` is their parent"
    if sorted(born) != sorted(said) or len(log.children) != len(plans):
        observed = f"the log names the children {sorted(born)}, but they are {sorted(said)}"
        raise monitor.failed(observed, expected, [told])
    for pid, match in said.items():
        child = born[pid]
        if not child.parent == int(match[2]) == log.parent:
            observed = (
                f"child {pid} has the parent {match[2]}; the log says ppid={child.parent}, "
                f"and parent pid={log.parent}"
            )
            raise monitor.failed(observed, expected, [told])
    _compare_words(monitor, names, plans, [match[4] for match in said.values()])


def _compare_words(monitor: Monitor, names: list[str], plans: list[str], said: list[str]) -> None:
    commands_told = sorted(child.command.rpartition("/")[2] for child in monitor.log().children)
    if commands_told != sorted(names):
        observed = f"command= names {', '.join(commands_told) or 'nothing'}"
        raise monitor.failed(observed, f"the commands as typed: {', '.join(sorted(names))}")
    wanted = sorted(plan.removeprefix("say").strip() for plan in plans)
    if sorted(text.strip() for text in said) != wanted:
        observed = "the commands got other arguments: " + "; ".join(sorted(said))
        raise monitor.failed(observed, f"{BETWEEN} separates only as a whole argument")


def _to_file(place: Stage, words: list[object]) -> None:
    """The same with -o: the log is in the file, and on stderr there is nothing."""
    file = place.folder / "log"
    file.write_text("what was there before\n" * 50)
    monitor = place.start(["-o", file, *words])
    ending = monitor.ended()
    text = file.read_text("utf-8", "replace")
    if (
        monitor.log().text
        or not text.startswith("parent pid=")
        or "\ndone children=3\n" not in text
    ):
        shown = [Evidence("output", f"{file.name}:\n{text[:1000]}")]
        observed = f"with -o, the log is not in the file, or not all of it ({ending})"
        raise monitor.failed(observed, "the whole log in FILE, nothing on stderr", shown)


@check("usage")
def test_usage(run: Run) -> None:
    """Call it wrongly, in five ways, and with a log that cannot be opened."""
    with stage(run) as place:
        unopened = ("-o", place.folder / "no" / "log", "true")
        for words in (*USAGE, unopened):
            monitor = place.start(list(words))
            ending = monitor.ended()
            if ending.code != FAILED or not monitor.log().text.strip():
                observed = f"it ended with {ending}, and said {monitor.log().text[:80]!r}"
                raise monitor.failed(observed, f"a message on stderr, exit status {FAILED}")
            if monitor.log().children:
                raise Failed(f"{monitor.command}\na command was started all the same")
