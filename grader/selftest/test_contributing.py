"""The documents: commands that they print work as printed, files that they name exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader import cli, paths
from grader.selftest.trees import PYTHON, Tree, environment, plant

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
MAKEFILE = (paths.ROOT / "Makefile").read_text("utf-8")


def targets() -> set[str]:
    """The verbs of the Makefile: what .PHONY names, with its lists of verbs spelled out."""
    (words,) = re.findall(r"(?m)^\.PHONY: (.*)$", MAKEFILE)
    lists = dict(re.findall(r"(?m)^([A-Z]+) *:= *(.*)$", MAKEFILE))
    return set(re.sub(r"\$\((\w+)\)", lambda found: lists[found[1]], words).split()) - {"help"}


def text(name: str) -> str:
    return (paths.ROOT / name).read_text("utf-8")


def steps(heading: str, count: int) -> list[str]:
    """The shell blocks of a section of CONTRIBUTING.md, one for each of its numbered steps."""
    (section,) = re.findall(rf"(?ms)^## {heading}$(.*?)(?=^## |\Z)", text("CONTRIBUTING.md"))
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", section)
    assert len(re.findall(r"(?m)^\*\*\d\. ", section)) == len(blocks) == count
    return blocks


def proved(tmp_path: Path, blocks: list[str]) -> list[str]:
    """Run the blocks one after the other and return what the last one, a selftest, printed in front."""
    tmp_path.chmod(0o755)
    tree = Tree(plant(tmp_path).root)
    shutil.copy(paths.ROOT / "Makefile", tree.root)
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", "\n".join(blocks)],
        cwd=tree.root,
        env={**environment(), "INSTALL": "no"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"(?m)^(ok|WRONG) ", done.stdout)


def test_a_lab_in_seven_steps(tmp_path: Path) -> None:
    found = proved(tmp_path, steps("Add a lab in seven steps", 7))
    assert found == ["ok"] * 5  # model code, skeleton, alternative, two mutants


def test_a_drill_in_five_steps(tmp_path: Path) -> None:
    """The drill is added to the lab of the seven steps, which need not be proved again."""
    lab = steps("Add a lab in seven steps", 7)[:-1]
    found = proved(tmp_path, [*lab, *steps("Add a drill in five steps", 5)])
    assert found == ["ok"] * 8  # and of the drill: an alternative and two mutants


@pytest.mark.parametrize("name", DOCUMENTS)
def test_verbs_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"(?m)(?:`|^)make ([a-z]+)\b", text(name)))
    assert named - targets() == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"`((?:labs|grader|solutions|handouts|\.ci)/[\w./-]+)`", text(name)))
    missing = {each for each in named if not (paths.ROOT / each).exists()}
    assert {each for each in missing if "greet" not in each and "demo" not in each} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lines_can_be_read_in_an_editor(name: str) -> None:
    assert [line for line in text(name).splitlines() if len(line) > 160 and line[0] != "|"] == []


def test_every_verb_is_in_the_readme() -> None:
    words = text("README.md")
    assert [verb for verb in targets() if f"make {verb}" not in words] == []


def test_the_makefile_knows_every_verb_of_the_command_line() -> None:
    actions = cli.parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert set(actions or ()) - targets() == set()


def test_make_prints_its_verbs() -> None:
    done = subprocess.run(
        ["make", "-s", "-C", paths.ROOT], capture_output=True, text=True, check=True
    )
    assert [verb for verb in targets() if not re.search(rf"\b{verb}\b", done.stdout)] == []
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert PYTHON in MAKEFILE
