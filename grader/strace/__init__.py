"""Run a program under strace, ask its trace questions, make its calls fail."""

from grader.strace.ask import Trace
from grader.strace.evidence import show, show_blamed
from grader.strace.faults import Fault, adds_connection, baseline, on_connection
from grader.strace.run import SERVER, Strace, StraceUnavailable
from grader.strace.stack import blame
from grader.strace.sweep import Matrix, Pair, plan_sweep

__all__ = [
    "SERVER",
    "Fault",
    "Matrix",
    "Pair",
    "Strace",
    "StraceUnavailable",
    "Trace",
    "adds_connection",
    "baseline",
    "blame",
    "on_connection",
    "plan_sweep",
    "show",
    "show_blamed",
]
