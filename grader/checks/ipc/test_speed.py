"""How many messages a second, against a pipe on the same machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

from grader.checks.ipc.member import AT_ONCE
from grader.checks.ipc.talk import STEP, Talk
from grader.outcome import Failed, Inconclusive, check
from grader.pipe import Pipe
from grader.poll import ready_to_read
from grader.run import Run

YARDSTICK = Path(__file__).with_name("yardstick.c")
LINES, ROUNDS, MOST = 100_000, 3, 9
BANDS = ((1.2, 1.0), (0.8, 0.75), (0.4, 0.5), (0.1, 0.25))  # least ratio, share of the points


@check("speed")
def test_speed(run: Run) -> None:
    """Say 100,000 lines to one other member, in turn with a program that sends each of them through a pipe; compare
    the messages a second."""
    yardstick = run.helper(YARDSTICK)
    lines = run.scratch("lines")
    lines.write_bytes(b"".join(b"message %d\n" % number for number in range(LINES)))
    with Talk(run) as talk:
        ours, theirs, ratio = 1.0, 1.0, 0.0
        for number in range(MOST):
            pair = _chat(talk, lines), _pipe(talk, yardstick, lines)
            if pair[0] / pair[1] > ratio:  # others may have had the processor in the other rounds
                ours, theirs, ratio = *pair, pair[0] / pair[1]
            if number + 1 >= ROUNDS and ratio >= BANDS[0][0]:
                break
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
    with lines.open("rb") as source, Pipe() as sink:
        talk.box.start(
            [talk.run.program(), *talk.arguments("sender")],
            limits=talk.run.limits,
            stdin=source.fileno(),
            stdout=sink.write_end,
        )
        seconds, data = _drain(hearer.source, b"* sender left\n", talk.run.limit(3 * STEP))
    if not data.endswith(b"* sender left\n"):
        raise talk.failed("sender does not come to its end", "all of it, and then it left")
    if data.count(b"sender: ") != LINES:
        observed = f"{data.count(b'sender: '):,} of {LINES:,} lines came"
        raise talk.failed(observed, "all of them", (hearer,))
    return LINES / seconds


def _pipe(talk: Talk, yardstick: Path, lines: Path) -> float:
    """Messages a second of the yardstick."""
    source_end, sink_end = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(source_end, False)
    with lines.open("rb") as source:
        talk.box.start([yardstick, "sender"], stdin=source.fileno(), stdout=sink_end)
        os.close(sink_end)
        seconds, data = _drain(source_end, b"", talk.run.limit(3 * STEP))
        os.close(source_end)
    if data.count(b"sender: ") != LINES:
        raise Inconclusive("the yardstick did not come to its end")
    return LINES / seconds


def _drain(source: int, last: bytes, limit: float) -> tuple[float, bytes]:
    """Read to the end, or to these last bytes; return the seconds since the first bytes, and all bytes."""
    chunks: list[bytes] = []
    started = end = time.perf_counter()
    while end - started < limit and ready_to_read(source, limit):
        chunk = os.read(source, AT_ONCE)
        end = time.perf_counter()
        started = started if chunks else end
        chunks.append(chunk)
        if not chunk or (last and chunk.endswith(last)):
            break
    return max(end - started, 1e-6), b"".join(chunks)
