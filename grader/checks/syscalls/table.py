"""What an inspector prints, read: the summary table, and the lines of -l."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Mapping

from grader.strace.call import Call

_ROW = re.compile(r"\s*(\d+)\s+(\d+)\s+(\S+)\s*")
_LISTED = re.compile(
    r"(?:\[?(?:pid +)?(?P<pid>\d+)\]? +)?(?P<name>[a-z_]\w*)\((?P<args>.*)\) += "
    r"(?P<result>-?\d+|0x[0-9a-f]+|\?)(?:<[^<>]*>)?(?: (?P<errno>E[A-Z]\w*))?(?: .*)?"
)
UNSETTLED = ("rt_sigreturn", "restart_syscall")  # what they return is another call's result


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    calls: int
    errors: int


@dataclass(frozen=True)
class Table:
    """The summary, in the order in which it was printed; `total` is its last row, if there is one."""

    rows: dict[str, Row]
    total: Row | None
    text: str

    def row(self, name: str) -> Row:
        """Return the row of a call; one that is not in the table was never made."""
        return self.rows.get(name, Row(0, 0))


@dataclass(frozen=True)
class Listed:
    """One line of -l."""

    name: str
    args: str
    result: str
    errno: str
    pid: int
    text: str


def read_table(text: str) -> Table:
    """Return the table in a text; lines that are no rows are passed over."""
    rows: dict[str, Row] = {}
    total = None
    for found in filter(None, map(_ROW.fullmatch, text.splitlines())):
        row = Row(int(found[1]), int(found[2]))
        if found[3] == "total":
            total = row
        else:
            rows[found[3]] = row
    return Table(rows, total, text)


def read_list(text: str) -> list[Listed]:
    """Return the calls of a listing, line by line; what is no call is passed over."""
    matches = ((line, _LISTED.fullmatch(line)) for line in text.splitlines())
    return [
        Listed(m["name"], m["args"], m["result"], m["errno"] or "", int(m["pid"] or 0), line)
        for line, m in matches
        if m
    ]


def counts_of(calls: Iterable[Call]) -> Counter[str]:
    """Return how often each call was made."""
    return Counter(call.name for call in calls)


def errors_of(calls: Iterable[Call]) -> Counter[str]:
    """Return how often each call failed; calls that a signal interrupted and those of UNSETTLED apart."""
    return Counter(call.name for call in calls if call.failed and not _unsettled(call))


def unsettled(calls: Iterable[Call]) -> frozenset[str]:
    """Return the names whose errors are not judged."""
    return frozenset(call.name for call in calls if _unsettled(call))


def _unsettled(call: Call) -> bool:
    return call.name in UNSETTLED or call.errno.startswith("ERESTART")


def wrong_counts(table: Table, calls: Mapping[str, int], only: Iterable[str] = ()) -> list[str]:
    """Return, for each call whose number is not the one expected, a line that says so."""
    names = set(only) or {*table.rows, *calls}
    return [
        f"{name}: {table.row(name).calls} calls in the table, {calls.get(name, 0)} were made"
        for name in sorted(names)
        if table.row(name).calls != calls.get(name, 0)
    ]


def wrong_errors(
    table: Table, errors: Mapping[str, int], passed_over: Iterable[str], only: Iterable[str] = ()
) -> list[str]:
    """Return a line for each call whose errors are not as expected."""
    names = (set(only) or {*table.rows, *errors}) - set(passed_over)
    return [
        f"{name}: {table.row(name).errors} errors in the table, {errors.get(name, 0)} calls failed"
        for name in sorted(names)
        if table.row(name).errors != errors.get(name, 0)
    ]


def disorder(table: Table) -> str:
    """Return what is wrong with the order of the rows or with the total, or nothing."""
    keys = [(-row.calls, name) for name, row in table.rows.items()]
    for before, after in zip(keys, keys[1:]):
        if before > after:
            return f"{after[1]} (calls: {-after[0]}) comes after {before[1]} (calls: {-before[0]})"
    calls = sum(row.calls for row in table.rows.values())
    errors = sum(row.errors for row in table.rows.values())
    if table.total is None:
        return "there is no row `total`"
    if table.total != Row(calls, errors):
        said = f"total says {table.total.calls} and {table.total.errors}"
        return f"the rows sum to {calls} calls and {errors} errors, {said}"
    return ""
