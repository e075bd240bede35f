"""Which calls of a trace a signal handler has made, and which functions it must not use (signal-safety(7))."""

from __future__ import annotations

import re

from grader.run import Run
from grader.strace.call import Call, Frame
from grader.strace.stack import in_handler, is_trampoline

UNSAFE = re.compile(
    r"""(_IO_)?v?[fsda]?n?printf|_*v?syslog|puts|fputs|_IO_puts|putc|fputc|putchar|fwrite|_IO_fwrite
    |fflush|_IO_fflush|perror|psignal|fopen|fclose|(__libc_)?(malloc|calloc|realloc|free)|exit|strsignal
    |localtime|ctime|sleep_on|pthread_mutex_lock|pthread_cond_\w+|sem_wait""",
    re.VERBOSE,
)


def inside_handler(call: Call) -> str:
    """Return the unsafe function of libc through which a handler has made this call, or nothing.

    It is the handler's only if the place that handlers return to stands on its own stack: who has left
    a handler by siglongjmp is in none.
    """
    for frame in call.stack:
        if is_trampoline(frame):
            return ""
        if UNSAFE.fullmatch(frame.function) and in_handler(call):
            return frame.function.removeprefix("_IO_").removeprefix("__libc_")
    return ""


def blocking_wait(call: Call) -> bool:
    """Return whether a handler waits for a child that has not ended."""
    options = {"wait4": 2, "waitid": 3}.get(call.name)
    return options is not None and "WNOHANG" not in call.arg(options).flags and in_handler(call)


def watched_call(run: Run, words: list[str]) -> Call:
    """Return a line of handlerwatch's report as a call with its place in the student's program."""
    name = words[1] if words[0] == "call" else f"handler of SIG{words[1]}"
    frame = Frame(str(run.program()), "", 0, _number(words[2]))
    tail = "inside a signal handler" if words[0] == "call" else "errno is changed"
    return Call(0, 0, 0.0, 0, 0.0, name, "", tail, f"{name}()", stack=(frame,))


def _number(word: str) -> int:
    try:
        return int(word, 16) & 0xFFFFFFFF
    except ValueError:
        return 0
