"""From the frames of `strace -k` to the student's own file and line.

strace prints for each frame the offset in the file of an address (`[0x114e]`), which is where the
call *returns* to: the line that made it belongs to the byte before. addr2line wants addresses as
the program headers lay them out (elf(5)), so that fixed-address and position-independent programs
work alike.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Collection, Iterable, NamedTuple

from grader.strace.call import Call, Frame
from grader.strace.elf import code_segments

LIMIT = 5.0  # seconds for addr2line, which reads what a student's compiler run wrote
_MEMORY = 1 << 30
# the code that a signal handler returns to: rt_sigreturn(2), which stands on its stack
_TRAMPOLINE = {
    "x86_64": bytes.fromhex("48c7c00f0000000f05"),  # mov $15, %rax; syscall
    "aarch64": bytes.fromhex("681180d2010000d4"),  # mov x8, #139; svc #0
}.get(platform.machine(), b"")


class Place(NamedTuple):
    """A line of the student's sources, and the function that it is in."""

    file: str
    line: int
    function: str


def blame(call: Call, binary: Path, sources: Collection[str]) -> Place | None:
    """Return the line of `sources` that made the call, or None where its stack does not lead there.

    binary: the program as strace saw it (same path); sources: names such as "echo_server.c".
    """
    return blame_all([call], binary, sources).get(call.index)


def blame_all(calls: Iterable[Call], binary: Path, sources: Collection[str]) -> dict[int, Place]:
    """Return the place of each call that has one, by its index. One addr2line for all."""
    stacks = {call.index: _addresses(call.stack, binary) for call in calls}
    lines = _resolve(binary, {address for stack in stacks.values() for address in stack})
    found: dict[int, Place] = {}
    for index, stack in stacks.items():
        for place in (place for address in stack for place in lines.get(address, ())):
            name = _own(place.file, sources)
            if name:
                found[index] = place._replace(file=name)
                break
    return found


def in_handler(call: Call) -> bool:
    """Return whether a signal handler made the call: the signal trampoline stands on its stack."""
    return any(is_trampoline(frame) for frame in call.stack)


def is_trampoline(frame: Frame) -> bool:
    """Return whether a frame is the place that signal handlers return to (sigreturn(2))."""
    if "restore_rt" in frame.function or "kernel_rt_sigreturn" in frame.function:
        return True
    if not _TRAMPOLINE or not frame.image.startswith("/"):
        return False
    try:
        with open(frame.image, "rb") as image:
            return os.pread(image.fileno(), len(_TRAMPOLINE), frame.address) == _TRAMPOLINE
    except OSError:
        return False


def _addresses(stack: tuple[Frame, ...], binary: Path) -> list[int]:
    """The addresses of the binary's frames, innermost first, as addr2line wants them."""
    segments = code_segments(binary) if stack else []
    found, interrupted = [], False
    for frame in stack:
        if frame.image == str(binary):
            offset = frame.address if interrupted else frame.address - 1
            found += [
                offset - start + address
                for start, size, address in segments
                if start <= offset < start + size
            ]
        interrupted = is_trampoline(frame)  # the frame below did not make a call: a signal came
    return found


def _resolve(binary: Path, addresses: set[int]) -> dict[int, list[Place]]:
    """Ask addr2line(1) once; each address gives its inlined functions, innermost first."""
    if not addresses:
        return {}
    argv = ["prlimit", f"--as={_MEMORY}", "addr2line", "-f", "-i", "-a", "-e", str(binary)]
    try:
        run = subprocess.run(
            argv,
            input="".join(f"{address:#x}\n" for address in sorted(addresses)),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return _read(run.stdout)


def _read(output: str) -> dict[int, list[Place]]:
    """Read `0xADDRESS`, then pairs of lines: function and file:line."""
    found: dict[int, list[Place]] = {}
    places: list[Place] = []
    lines = iter(output.split("\n"))
    for line in lines:
        if line.startswith("0x"):
            places = found.setdefault(int(line, 16), [])
            continue
        file, _, number = next(lines, "").partition(" ")[0].rpartition(":")
        if number.isdigit():
            places.append(Place(file, int(number), line))
    return found


def _own(file: str, sources: Collection[str]) -> str:
    """The student's name of a file that addr2line named, or ""."""
    path = os.path.normpath(file)
    return next((name for name in sources if path == name or path.endswith(f"/{name}")), "")
