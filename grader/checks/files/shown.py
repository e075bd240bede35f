"""Calls as evidence: with the names that matter, without the folder in which all of it lies."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable

from grader.recording import Recording
from grader.result import Evidence
from grader.strace.call import Call

FOLDER = re.compile(r"/[^<>\"]*/checks/[^/<>\"]+/trees(?:/|(?=>))")  # where a check's trees lie
STAT = re.compile(r"\{(st(?:x)?_mode=[^,}]*)[^{}]*\}|\{stx_mask=[^{}]*(stx_mode=[^,}]*)[^{}]*\}")


def exhibit(recording: Recording, calls: Iterable[Call], note: str = "") -> list[Evidence]:
    """Return calls as evidence, see Recording.exhibit; long paths and structures are shortened."""
    return recording.exhibit((shortened(call) for call in calls), note=note)


def shortened(call: Call) -> Call:
    """Return the call as it is shown: a name in a tree begins with the tree."""
    return replace(call, body=_short(call.body), tail=_short(call.tail))


def _short(text: str) -> str:
    text = FOLDER.sub("", text)
    return STAT.sub(lambda found: "{" + (found[1] or found[2]) + ", …}", text)
