"""How many messages a second, against a pipe on the same machine."""

from __future__ import annotations

import time
from pathlib import Path

from grader.checks.ipc.member import Member
from grader.checks.ipc.talk import STEP, Talk
from grader.outcome import Failed, Inconclusive, check
from grader.pipe import Pipe
from grader.run import Run

YARDSTICK = Path(__file__).with_name("yardstick.c")
LINES, ROUNDS = 60_000, 4
BANDS = ((1.2, 1.0), (0.8, 0.75), (0.4, 0.5), (0.1, 0.25))  # least ratio, share of the points


@check("speed")
def test_speed(run: Run) -> None:
    """Say 60,000 lines to one other member, in turn with a program that sends each of them through a pipe; compare
    the messages a second."""
    yardstick = run.helper(YARDSTICK)
    lines = run.scratch("lines")
    lines.write_bytes(b"".join(b"message %d\n" % number for number in range(LINES)))
    with Talk(run) as talk:
        rounds = [(_chat(talk, lines), _pipe(talk, yardstick, lines)) for _ in range(ROUNDS)]
    ours, theirs = max(r[0] for r in rounds), max(r[1] for r in rounds)
    ratio = ours / theirs
    share = next((share for least, share in BANDS if ratio >= least), 0.0)
    if share < 1.0:
        observed = (
            f"{ours:,.0f} messages a second, {theirs:,.0f} through a pipe: a ratio of {ratio:.2f}"
        )
        raise Failed(observed, expected=f"a ratio of at least {BANDS[0][0]:g}", share=share)


def _chat(talk: Talk, lines: Path) -> float:
    """Messages a second, from the news that the sender joined to the news that it left."""
    talk.dismiss()
    hearer = talk.start("hearer")
    talk.leave(talk.join("usher", [hearer]))
    with lines.open("rb") as source:
        with Pipe() as sink:
            talk.box.start(
                [talk.run.program(), *talk.arguments("sender")],
                limits=talk.run.limits,
                stdin=source.fileno(),
                stdout=sink.write_end,
            )
            return _rate(talk, hearer)


def _rate(talk: Talk, hearer: Member) -> float:
    if not talk.until(lambda: b"sender" in hearer.joined):
        raise talk.failed("hearer was not told that sender joined", "`* NAME joined`", (hearer,))
    started = time.perf_counter()
    if not talk.until(lambda: b"sender" in hearer.left, 3 * STEP):
        raise talk.failed("sender does not come to its end", "it is faster", (hearer,))
    seconds = time.perf_counter() - started
    got = sum(line.startswith(b"sender: ") for line in hearer.lines)
    if got != LINES:
        raise talk.failed(f"{got:,} of {LINES:,} lines came", "all of them", (hearer,))
    return LINES / seconds


def _pipe(talk: Talk, yardstick: Path, lines: Path) -> float:
    """Messages a second of the yardstick, from its first to its last byte."""
    with lines.open("rb") as source, Pipe() as sink:
        talk.box.start([yardstick, "sender"], stdin=source.fileno(), stdout=sink.write_end)
        first = sink.read(talk.run.limit(3 * STEP), 1)
        started = time.perf_counter()
        rest = sink.read(talk.run.limit(3 * STEP), 1 << 26)
        seconds = time.perf_counter() - started
    if not first.data or not rest.whole:
        raise Inconclusive("the yardstick did not come to its end")
    return LINES / seconds
