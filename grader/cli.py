"""The command line: one verb per module of grader/verbs, each a function `run(args) -> exit status`."""

from __future__ import annotations

import importlib
import os
import signal
import sys

from grader.arguments import parser

FULL_MARKS, MARKS_MISSING, WRONG_USE, NOT_GRADABLE = 0, 1, 2, 3

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: list[str]) -> int:
    """Run one verb and return its exit status (0, 1, 2 or 3, see design: Commands)."""
    _open_descriptors()
    _be_interruptible()
    try:
        args = parser().parse_args(argv)
    except SystemExit as leaving:
        return _written(int(leaving.code or 0))
    try:
        status = int(importlib.import_module(f"grader.verbs.{args.verb}").run(args))
    except KeyboardInterrupt:
        print("syslabs: interrupted", file=sys.stderr)
        status = NOT_GRADABLE
    except ModuleNotFoundError as error:
        print(f"syslabs: {_missing(error)}", file=sys.stderr)
        status = NOT_GRADABLE
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # then nobody reads on
            print(f"syslabs: {error}", file=sys.stderr)
        status = NOT_GRADABLE
    return _written(status)


def _missing(error: ModuleNotFoundError) -> str:
    """Return how to get a module of Debian's that is missing; one of ours is a bug."""
    from grader.toolchain import NEEDS, OPTIONAL, lacking

    name = (error.name or "").partition(".")[0]
    if name not in [need.name for need in (*NEEDS, *OPTIONAL)]:
        raise error
    return lacking([name])


def _written(status: int) -> int:
    """Return the status once all output is written, 3 if it cannot be."""
    try:
        sys.stdout.flush()
        return status
    except OSError as error:
        # Else the interpreter tries once more at its end, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if status != NOT_GRADABLE and not isinstance(error, BrokenPipeError):
            print(f"syslabs: {error}", file=sys.stderr)
        return NOT_GRADABLE


def _open_descriptors() -> None:
    """Open what the caller has closed of 0, 1 and 2: else a pipe of ours gets such a number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # pylint: disable=consider-using-with
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # pylint: disable=consider-using-with


def _be_interruptible() -> None:
    """Let the usual signals end a verb in good order, and a second one not disturb that."""

    def stop(number: int, frame: object) -> None:
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in ENDINGS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # nohup(1) means it
            signal.signal(each, stop)
