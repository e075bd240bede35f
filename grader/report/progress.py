"""What the screen shows while checks run: a line per check as it ends, and what runs meanwhile.

On a terminal a status line below moves; in a pipe there are only the lines, each one flushed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any

from grader.manifest import Check, Lab
from grader.report.lines import check_line, headline, id_width
from grader.report.look import Look, look_at
from grader.result import CheckResult, check_from_json

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

REFRESH = 4  # status lines a second; more would disturb checks that measure
NEXT = {"prepare": "compiling", "build": "starting"}  # what begins when a phase of the worker ends


class Progress:
    """Tells how a grading goes on; use it in a `with` statement around the grading."""

    def __init__(
        self,
        lab: Lab,
        submission: str,
        *,
        checks: Collection[str] = (),
        seed: int | None = None,
        look: Look | None = None,
        lively: bool = True,
    ):
        """checks: the ids that will run, () for all; look: stdout's if none is given;
        lively: whether lines may move (not while a debugger shares the terminal)."""
        self._look = look or look_at(sys.stdout)
        ids = checks or [check.id for check in lab.checks]
        seed_text = "" if seed is None else str(seed)
        self._facts = {"title": lab.title, "submission": submission, "seed": seed_text}
        self._lab, self._lively = lab.id, lively and self._look.lively
        self._count, self._width = len(ids), id_width(ids)
        self._running: dict[str, None] = {}  # in the order of their start
        self._ended = 0
        self._phase = "preparing"
        self._since = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        headline(self._look, self._lab, **self._facts)
        self._look.console.file.flush()
        if self._lively:
            self._live = _live(self._look, self)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def event(self, event: dict[str, Any]) -> None:
        """Take an event of the worker."""
        if event["event"] == "phase":
            self.phase(NEXT.get(event["name"], ""))
        elif event["event"] == "started":
            self.started(event["id"])
        elif event["event"] == "result":
            self.finished(check_from_json(event["check"]))

    def phase(self, name: str) -> None:
        """Say what goes on while no check runs."""
        self._phase = name

    def started(self, check: Check | str) -> None:
        """A check, or the check of that id, runs now."""
        self._running[check if isinstance(check, str) else check.id] = None

    def finished(self, result: CheckResult) -> None:
        """A check has ended: print its line."""
        self._running.pop(result.id, None)
        if self._ended == 0:
            self._look.line()
        self._ended += 1
        self._look.put(check_line(self._look, result, self._width))
        self._look.console.file.flush()

    def __rich__(self) -> Text:
        """The status line: how many are done, for how long, and what runs."""
        seconds = time.monotonic() - self._since
        sign = "⠋⠙⠸⠴⠦⠇"[int(seconds * REFRESH) % 6] if self._look.unicode else "*"
        head = f"  {sign} {self._ended}/{self._count}  {seconds:.0f} s  "
        what = ", ".join(self._running) or self._phase
        room = self._look.width - len(head) - 1
        return self._look.text((head, "cyan"), (self._look.one_line(what, room), "bright_black"))


def _live(look: Look, shown: Progress) -> Live:
    """The streams of the process are left alone: what else it prints is not ours to catch."""
    from rich.live import Live

    return Live(
        console=look.console,
        get_renderable=shown.__rich__,
        refresh_per_second=REFRESH,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
