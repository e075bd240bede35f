"""The handouts: links lead somewhere, sessions print what is shown, pages can be made of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from grader import paths, toolchain
from grader.handout import Handout, faults, read_handout
from grader.handout_page import page
from grader.handout_session import script
from grader.manifest import all_labs, load_lab
from grader.selftest.test_contributing import targets
from grader.verbs.handouts import FOLDER, played

FILES = sorted(FOLDER.glob("*.md"))
PLAYED = [lab.id for lab in all_labs(paths.ROOT) if (FOLDER / f"{lab.id}.md").exists()]
each = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


@each
def test_links_and_fences(file: Path) -> None:
    assert faults(read_handout(file), FOLDER) == []


@each
def test_verbs_that_are_named_exist(file: Path) -> None:
    named = set(re.findall(r"(?m)(?:`|^ *)make ([a-z]+)\b", file.read_text("utf-8")))
    assert named - targets() - {"unit"} == set()


@pytest.mark.parametrize("id", [pytest.param(id, marks=pytest.mark.lab(id)) for id in PLAYED])
def test_sessions_print_what_is_shown(id: str) -> None:
    handout = read_handout(FOLDER / f"{id}.md")
    if not handout.sessions:
        pytest.skip("no session")
    if missing := [tool for tool in ("lsof", "top", "gcc") if shutil.which(tool) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    assert "\n".join(handout.differences(played(handout, load_lab(paths.ROOT, id)))) == ""


@each
def test_a_page_can_be_made(file: Path) -> None:
    if not (toolchain.has("markdown") and toolchain.has("dot") and toolchain.has("jinja2")):
        pytest.skip("python3-markdown, graphviz or python3-jinja2 is not installed")
    text = page(read_handout(file), FOLDER)
    assert "<h1" in text and "<!-- setup" not in text and "```" not in text
    assert text.count("```picture") == 0
    assert ("<svg" in text) == ("```picture" in file.read_text("utf-8"))


# -- the markup --------------------------------------------------------------------------------

TEXT = """\
# Title

<!-- setup
make things
-->
<!-- masks
\\d{3,}
-->
```session
$ one
1234 lines at 0xdeadbeef
$ two \\
> three
```

## A part, and more

See [that](#a-part-and-more), [this](gone.md), [here](#nowhere), [web](https://example.org).

```picture none.dot
```
"""


def test_a_session_is_read_and_written() -> None:
    handout = Handout("x", TEXT)
    (session,) = handout.sessions
    assert [step.command for step in session.steps] == ["one", "two \\\nthree"]
    assert session.text() in TEXT and handout.setup == "make things\n"
    assert handout.with_outputs([[s.output for s in session.steps]]) == handout
    assert (
        "$ one\nnew\n$ two \\\n> three\nlast\n```"
        in handout.with_outputs([["new\n", "last\n"]]).text
    )


def test_what_varies_is_no_difference() -> None:
    handout = Handout("x", TEXT)
    assert handout.differences([["99999  lines at 0xcafecafe\n", ""]]) == []
    (told,) = handout.differences([["12 lines\n", ""]])
    assert told.startswith("$ one\n") and "12 lines" in told


def test_faults_are_found() -> None:
    assert faults(Handout("x", TEXT), Path("/")) == [
        "no picture none.dot",
        "a link leads nowhere: gone.md",
        "no heading for the link #nowhere",
    ]
    assert faults(Handout("x", "```sh\n"), Path("/")) == ["a code fence is not closed"]


def test_a_person_types_slowly() -> None:
    lines = script(["true && false", "server & S=$!", "client >&3"]).split("\n")
    assert lines[-7:-1] == [
        "printf '\036'",
        "server & S=$!",
        "settle",
        "printf '\036'",
        "client >&3",
        "settle",
    ]
