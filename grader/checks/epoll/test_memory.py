"""The server under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import re
import signal
from contextlib import suppress

from grader.outcome import check
from grader.checks.epoll.server import STEP, Server, serving
from grader.load import PeerError, churn, echo_streams, stream
from grader.process import TimeLimit
from grader.result import Evidence
from grader.run import Run

OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:color=never:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
}
SHORT = 300  # connections that come and go
RESETS = 200  # connections that are reset
LINES = 16  # of a report
LEAKS = 50  # lost blocks that show a leak per connection; fewer may be what lives until the end


@check("clean.memory")
def test_memory(run: Run) -> None:
    """Run it with AddressSanitizer and UBSan under load, with short connections, and with resets."""
    for flags in ((), ("-e",)):
        for trouble in (_load, _reset):
            with serving(run, *flags, variant="asan", env=OPTIONS) as server:
                with suppress(
                    PeerError
                ):  # wrong bytes and early ends are the business of other checks
                    trouble(server)
                server.process.signal(signal.SIGTERM)
                with suppress(TimeLimit):  # signal.term judges that
                    server.process.wait(run.limit(STEP))
                _expect_no_report(server)


def _load(server: Server) -> None:
    """Streams, slow clients and many short connections."""
    run, limit = server.run, server.run.limit(2 * STEP)
    streams = [stream(run.job.seed, number, 20_000) for number in range(20)]
    echo_streams(server.dialer, server.port, streams, limit, quiet=run.limit(1.0))
    with server.narrow_peer() as peer:
        data = stream(run.job.seed, 99, 100_000)
        peer.expect(data[: peer.offer(data, quiet=0.01)], limit)
    churn(server.dialer, server.port, SHORT, limit=limit, quiet=run.limit(1.0))


def _reset(server: Server) -> None:
    """Resets at once after sending, while the server still works on what came."""
    data = stream(server.run.job.seed, 98, 8192)
    for number in range(RESETS):
        peer = server.narrow_peer(number) if number % 16 == 15 else server.peer(number)
        peer.offer(data * 16 if number % 16 == 15 else data, quiet=0.0)
        peer.reset()


def _expect_no_report(server: Server) -> None:
    said = server.process.stderr_text()
    report = re.search(r"(?ms)^(==\d+==ERROR: |[^\n]*runtime error: ).*", said)
    if report is None or _few_leaks(report.group()):
        return
    text = report.group()
    headline = re.sub(r"==\d+==ERROR: | on address.*", "", text.splitlines()[0])
    failure = server.failed(headline, "no report of a sanitizer")
    failure.evidence = (_exhibit(server, text), failure.evidence[0])
    raise failure


def _few_leaks(report: str) -> bool:
    """Whether this is a report of leaks that do not grow with the number of connections."""
    blocks = re.search(r"SUMMARY: AddressSanitizer: \d+ byte\(s\) leaked in (\d+) alloc", report)
    return "LeakSanitizer" in report and blocks is not None and int(blocks.group(1)) < LEAKS


def _exhibit(server: Server, report: str) -> Evidence:
    """The head of the report, with the first line of it that lies in the student's sources."""
    report = report.replace(f"{server.run.source}/", "")
    lines = report.splitlines()
    text = "\n".join(lines[:LINES])
    for line in lines:
        place = re.search(r"(?:^|[ /])(\w[\w.-]*\.[ch]):(\d+)", line)
        if place and (server.run.source / place[1]).exists():
            return Evidence("output", text, f"{server.run.job.display}/{place[1]}", int(place[2]))
    return Evidence("output", text)
