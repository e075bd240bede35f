"""The endless loops that keep a machine busy meanwhile: begun and ended without a word."""

from __future__ import annotations

import signal
from types import FrameType

import pytest

from grader.verbs import soak


def test_busy_loops_may_be_ended_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    def raises(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, raises) for number in soak.ENDING}
    try:
        for _ in range(40):
            with soak.busy(2):
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert capfd.readouterr() == ("", "")
