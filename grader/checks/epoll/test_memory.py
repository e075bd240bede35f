"""The server under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import re
import signal

from grader.outcome import check
from grader.checks.epoll.server import STEP, Server, serving
from grader.load import churn, echo_streams, stream
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run

OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:color=never:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
}
SHORT = 300  # connections that come and go
LEAKS = 50  # lost blocks that show a leak per connection; fewer may be what lives until the end


@check("clean.memory")
def test_memory(run: Run) -> None:
    """Run it with AddressSanitizer and UBSan under load, with resets and short connections."""
    for flags in ((), ("-e",)):
        with serving(run, *flags, variant="asan", env=OPTIONS) as server:
            _load(server)
            server.process.signal(signal.SIGTERM)
            try:
                server.process.wait(run.limit(STEP))
            except TimeLimit:
                pass  # signal.term judges that
            _expect_no_report(server)


def _load(server: Server) -> None:
    """All that touches memory: streams, narrow clients, resets, many short connections."""
    run = server.run
    limit = run.limit(2 * STEP)
    streams = [stream(run.job.seed, number, 20_000) for number in range(20)]
    for number in range(8):
        peer = server.narrow_peer(number) if number % 2 else server.peer(number)
        peer.offer(streams[0] * 8, quiet=0.01)
        peer.reset()
    _tolerate(server, echo_streams(server.dialer, server.port, streams, limit).good)
    _tolerate(server, churn(server.dialer, server.port, SHORT, limit=limit).good)


def _tolerate(server: Server, good: bool) -> None:
    """Wrong bytes are the business of other checks; a report of a sanitizer is told at once."""
    if not good:
        server.process.ended(0.2)
        _expect_no_report(server)


def _expect_no_report(server: Server) -> None:
    said = server.process.stderr_text()
    report = re.search(r"(?ms)^(==\d+==ERROR: |[^\n]*runtime error: ).*", said)
    if report is None or _few_leaks(report.group()):
        return
    text = report.group()
    headline = re.sub(r"==\d+==ERROR: | on address.*", "", text.splitlines()[0])
    failure = server.failed(headline, "no report of a sanitizer")
    failure.evidence = (_exhibit(text), failure.evidence[0])
    raise failure


def _few_leaks(report: str) -> bool:
    """Whether this is a report of leaks that do not grow with the number of connections."""
    blocks = re.search(r"SUMMARY: AddressSanitizer: \d+ byte\(s\) leaked in (\d+) alloc", report)
    return "LeakSanitizer" in report and blocks is not None and int(blocks.group(1)) < LEAKS


def _exhibit(report: str) -> Evidence:
    """The head of the report, with the first line of it that lies in the student's sources."""
    place = re.search(r"(?m)(?: |^)(?:\./)?(\w[\w.-]*\.[ch]):(\d+)", report)
    text = "\n".join(report.splitlines()[:16])
    if place is None:
        return Evidence("output", text)
    return Evidence("output", text, place.group(1), int(place.group(2)))
