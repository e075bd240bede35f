"""A handout: its sessions, its picture, its links. How they are written is told in CONTRIBUTING.md.

    ```session
    $ ./echo_server 7000 &
    $ echo hello | nc -N 127.0.0.1 7000
    hello
    ```

A line that begins with `$ ` is a command, one with `> ` goes on with it; what follows is the output. Comments
`<!-- setup … -->` and `<!-- masks … -->` hold the commands that go before, and a regular expression a line for
what differs from run to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

SESSION, PICTURE = "session", "picture"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^<!-- (?P<kind>setup|masks)\n(?P<body>.*?)^-->$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MASKS = (  # what differs in every handout
    r"0x[0-9a-f]{6,}",  # addresses
    r"(?<=:\[)\d+(?=\])",  # sockets and pipes, as strace -y and lsof name them
)


@dataclass(frozen=True)
class Step:
    """A command and what it printed."""

    command: str
    output: str


@dataclass(frozen=True)
class Session:
    """One block of commands, which share a shell."""

    steps: tuple[Step, ...]
    span: tuple[int, int]  # of its body in the text

    def text(self) -> str:
        """Return the block's body."""
        lines = []
        for step in self.steps:
            lines.append("$ " + step.command.replace("\n", "\n> ") + "\n" + step.output)
        return "".join(lines)


@dataclass(frozen=True)
class Handout:
    """The text of a handout, and what is found in it."""

    name: str
    text: str

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions in order."""
        found = (m for m in _FENCE.finditer(self.text) if m["info"].split()[:1] == [SESSION])
        return tuple(Session(_steps(m["body"]), m.span("body")) for m in found)

    @property
    def setup(self) -> str:
        """Return the commands that go before the first session."""
        return "".join(m["body"] for m in _COMMENT.finditer(self.text) if m["kind"] == "setup")

    def masked(self, output: str) -> str:
        """Return output with everything that differs from run to run replaced."""
        own = [m["body"] for m in _COMMENT.finditer(self.text) if m["kind"] == "masks"]
        for mask in (*MASKS, *"".join(own).split("\n")):
            if mask.strip():
                output = re.sub(mask, "…", output, flags=re.MULTILINE)
        return re.sub(r"[ \t]+", " ", output)

    def with_outputs(self, outputs: list[list[str]]) -> Handout:
        """Return the handout with the outputs of its sessions replaced."""
        text = self.text
        for session, new in reversed(list(zip(self.sessions, outputs))):
            steps = tuple(replace(step, output=each) for step, each in zip(session.steps, new))
            begin, end = session.span
            text = text[:begin] + replace(session, steps=steps).text() + text[end:]
        return replace(self, text=text)

    def differences(self, outputs: list[list[str]]) -> list[str]:
        """Return, for each command that prints something else than is shown, a text that says so."""
        found = []
        for session, new in zip(self.sessions, outputs, strict=True):
            for step, output in zip(session.steps, new, strict=True):
                if self.masked(step.output).strip() != self.masked(output).strip():
                    found.append(f"$ {step.command}\nshown:\n{step.output}\nnow:\n{output}")
        return found


def read_handout(path: Path) -> Handout:
    """Return the handout in a file. Raises OSError."""
    return Handout(path.stem, path.read_text("utf-8"))


def _steps(body: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:], ""))
        elif line.startswith("> ") and steps and not steps[-1].output:
            steps[-1] = replace(steps[-1], command=f"{steps[-1].command}\n{line[2:]}")
        elif steps:
            steps[-1] = replace(steps[-1], output=f"{steps[-1].output}{line}\n")
    return tuple(steps)


def faults(handout: Handout, folder: Path) -> list[str]:
    """Return what is wrong with fences and links: those that are not closed, those that lead nowhere."""
    found = []
    if len(re.findall(r"^```", handout.text, re.MULTILINE)) % 2:
        found.append("a code fence is not closed")
    for fence in _FENCE.finditer(handout.text):
        kind, *words = fence["info"].split() or ["text"]
        if kind == SESSION and not _steps(fence["body"]):
            found.append("a session without a command: lines with `$ ` are commands")
        if kind == PICTURE and not (words and (folder / words[0]).exists()):
            found.append(f"no picture {' '.join(words)}")
    prose = _FENCE.sub("", handout.text)
    for target in _LINK.findall(prose):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        if file and not (folder / file).exists():
            found.append(f"a link leads nowhere: {target}")
        elif anchor and anchor not in anchors(handout if not file else read_handout(folder / file)):
            found.append(f"no heading for the link {target}")
    return found


def anchors(handout: Handout) -> set[str]:
    """Return the names by which headings can be linked to."""
    return {slug(heading) for heading in _HEADING.findall(_FENCE.sub("", handout.text))}


def slug(heading: str) -> str:
    """Return the name of a heading in links: `A session: strace` is a-session-strace."""
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
